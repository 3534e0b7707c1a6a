package checks

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/machine"
	"github.com/kmsdiag/kmsdiag/run"
)

const clientLicenseID = "client.license"

// ClientLicense asks what Windows on this machine says of its own licences, and
// on a KMS host of its service. It reads only, and sends nothing. A run about
// another company's domain leaves it out: this machine is none of its clients.
var ClientLicense = &Check{
	ID: clientLicenseID, Title: "this machine's own licence is activated",
	Group: Judge, Scope: run.Site, Timeout: 40 * time.Second,
	Slow:    "Windows' licensing service has not answered yet",
	Offered: licenseOffered,
	Run:     runClientLicense,
}

// licenseOffered: on Windows, where the run is about this machine's own site:
// about no domain in particular, or one that it has among its suffixes. Hosts by
// name or address are taken for the site's own: where this machine's host is
// another one, that is worth knowing.
func licenseOffered(ctx context.Context, env *Env) bool {
	if !machine.Here(env.Machine) {
		return false
	}
	named := slices.Concat(env.Target.Domains, env.Target.Names)
	if len(named) == 0 {
		return true
	}
	suffixes := env.Local.Resolvers(ctx).Suffixes
	return slices.ContainsFunc(named, func(name string) bool {
		return !strings.Contains(name, ".") || slices.ContainsFunc(suffixes, func(s evidence.Suffix) bool {
			return name == s.Name || strings.HasSuffix(name, "."+s.Name) || strings.HasSuffix(s.Name, "."+name)
		})
	})
}

func runClientLicense(ctx context.Context, ask Ask) Answer {
	if !machine.Here(ask.Machine) {
		return Answer{Result: run.Result{
			Status: run.Skip, Command: machine.PowerShell,
			Summary: "this machine is not Windows; run the line below on one in PowerShell, and give its output to --with or to explain --file",
		}}
	}
	record := machine.Read(ctx, ask.Machine)
	a := Answer{Result: run.Result{Status: run.Pass}}
	set, err := record.Evidence(ask.origin(clientLicenseID))
	if err != nil {
		a.Status, a.Summary = run.Warn, "what Windows says of its licences cannot be read: "+err.Error()
		return a
	}
	a.Evidence = set
	judgeLicenses(&a, set, failed(record, "products"))
	notesOfMachine(&a, record, set)
	return a
}

// judgeLicenses makes the row: the licences of Windows and Office in words, and
// the worst of their states. Incomplete means that not all of them were read.
func judgeLicenses(a *Answer, set evidence.Set, incomplete bool) {
	var words []string
	for i := range set.Licenses {
		l := &set.Licenses[i]
		if l.Status == nil || sideLicense(l) {
			continue
		}
		words = append(words, licenseWords(l))
		a.Status = run.Worse(a.Status, licenseVerdict(*l.Status))
	}
	for i := range set.Hosts {
		h := &set.Hosts[i]
		text := "KMS host"
		if h.Count != nil {
			text += fmt.Sprintf(" with a count of %d", *h.Count)
		}
		if !slices.Contains(words, text) {
			words = append(words, text)
		}
	}
	if len(words) == 0 {
		a.Status, a.Summary = run.Warn, "Windows names no product with a key"
		if incomplete {
			a.Summary = "no product with a key could be read"
		}
		return
	}
	a.Summary = strings.Join(words, "; ")
}

// licenseVerdict judges a LicenseStatus: licensed is good, a grace period ends,
// and notification or unlicensed is where it ended.
func licenseVerdict(status int) run.Status {
	switch status {
	case 1:
		return run.Pass
	case 0, 5:
		return run.Fail
	}
	return run.Warn
}

// sideLicense tells whether a licence is one whose state says nothing of the
// machine: an extended security update, or Office's own entry for its trial.
func sideLicense(l *evidence.License) bool {
	text := strings.ToUpper(l.Name + " " + l.Description)
	return strings.Contains(text, "ESU") || strings.Contains(text, "EXTENDED SECURITY") || l.Channel == "GRACE" || l.Channel == "FREE"
}

// licenseWords is "Windows(R), Enterprise edition (GVLK) is licensed, 150 days
// left, host kms01:1688 by registry".
func licenseWords(l *evidence.License) string {
	name := l.Name
	if p, ok := catalog.ProductByActivationID(l.ActivationID); ok {
		name = p.Name
	}
	text := name
	if l.Channel != "" {
		text += " (" + l.Channel + ")"
	}
	text += ": " + evidence.LicenseStatusName(*l.Status)
	if l.Reason != 0 && *l.Status != 1 {
		text += fmt.Sprintf(", 0x%08X", l.Reason)
	}
	if left := daysLeft(l); left != "" {
		text += ", " + left
	}
	if l.Channel == "GVLK" {
		text += hostWords(l)
	}
	return text
}

// daysLeft is the time that Windows itself names; a permanent licence has none.
func daysLeft(l *evidence.License) string {
	if l.MinutesLeft == nil || *l.MinutesLeft <= 0 {
		return ""
	}
	if days := *l.MinutesLeft / (24 * 60); days > 0 {
		return plural(int(days), "day") + " left"
	}
	return "less than a day left"
}

func hostWords(l *evidence.License) string {
	switch {
	case l.ActivatedBy == "AD":
		return ", activated by Active Directory"
	case l.RegisteredHost != "":
		return ", host " + l.RegisteredHost + " by " + l.HostSetBy
	case l.DNSHost != "":
		return ", host " + l.DNSHost + " from DNS"
	}
	return ", no KMS host yet"
}

// notesOfMachine says what stands beside the licences: attempts that failed, the
// state of the services, on a host its port and its firewall rule, and what
// could not be read.
func notesOfMachine(a *Answer, record machine.Record, set evidence.Set) {
	note := func(id string, status run.Status, format string, args ...any) {
		a.Notes = append(a.Notes, run.Note{ID: id, Status: status, Text: fmt.Sprintf(format, args...)})
	}
	if r := lastFailure(set); r != nil {
		note("last-attempt", run.Warn, "the last attempt to activate, against %s, failed with 0x%08X", hostOr(r.Host, r.Port), r.HRESULT)
	}
	for _, s := range set.Services {
		switch {
		case s.Start == "disabled":
			note("service-disabled", run.Fail, "the service %s is disabled", s.Name)
		case s.Name == "sppsvc" && s.State == "stopped" && len(set.Hosts) > 0:
			note("service-stopped", run.Fail, "the service %s is stopped: no client is served", s.Name)
		case s.State == "stopped":
			note("service-idle", run.Pass, "the service %s is stopped, which is normal on a client: it starts when it is needed", s.Name)
		}
	}
	for _, v := range record.Registry {
		if strings.EqualFold(v.Name, "NoGenTicket") && v.Value == "1" {
			note("no-online-validation", run.Pass, "policy keeps this machine from validating its licence online")
		}
	}
	if record.KMSHost() {
		notesOfHost(note, record)
	}
	for _, p := range record.Problems {
		note("not-read", run.Warn, "%s: %s", p.Part, p.Text)
	}
}

func notesOfHost(note func(string, run.Status, string, ...any), record machine.Record) {
	if len(record.Listeners) == 0 && !failed(record, "listeners") {
		note("not-listening", run.Fail, "nothing on this KMS host listens on its KMS port")
	}
	active := false
	for _, text := range record.Firewall {
		rule, err := machine.ParseRule(text)
		if err != nil {
			note("firewall-rule", run.Pass, "%s: %v", machine.FirewallRule, err)
			continue
		}
		active = active || rule.Active
		note("firewall-rule", run.Pass, "the rule %s is %s", machine.FirewallRule, rule)
	}
	if !active && len(record.Firewall) > 0 {
		note("firewall-rule-off", run.Warn, "the rule %s is off: unless another rule lets the KMS port in, clients are not heard", machine.FirewallRule)
	}
}

// failed tells whether a part of the record is missing.
func failed(r machine.Record, part string) bool {
	return slices.ContainsFunc(r.Problems, func(p machine.Problem) bool { return strings.HasPrefix(p.Part, part) })
}

// lastFailure returns the newest attempt of which the machine's log says that it
// failed, unless a later one got an answer.
func lastFailure(set evidence.Set) *evidence.ClientRequestEvent {
	if len(set.ClientRequests) == 0 {
		return nil
	}
	last := &set.ClientRequests[len(set.ClientRequests)-1]
	if last.HRESULT == 0 {
		return nil
	}
	return last
}

func hostOr(host string, port int) string {
	switch {
	case host == "":
		return "no host"
	case port == 0:
		return host
	}
	return net.JoinHostPort(host, fmt.Sprint(port))
}
