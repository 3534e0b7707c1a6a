package checks

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/directory"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

const adbaObjectsID = "adba.objects"

// Directory says how activation objects are read.
type Directory struct {
	Access  directory.Access
	Servers []run.HostPort // to ask; empty: the domain controllers that DNS names
}

// ADBAObjects reads the domain's activation objects from a domain controller. It
// is asked only in a run whose [Env] has a Directory.
var ADBAObjects = &Check{
	ID: adbaObjectsID, Title: "the forest has activation objects",
	Group: Discover, Scope: run.Domain, After: []*Check{DNSConfig, ADBASite}, Timeout: directoryLimit,
	Slow: "a domain controller has not answered yet",
	When: func(ask Ask) bool {
		return ask.Directory != nil && (len(ask.Directory.Servers) > 0 || activeDirectory(ask))
	},
	Run: runADBAObjects,
}

const (
	directoryLimit         = 40 * time.Second // three silent domain controllers, and one that answers slowly
	maxControllers         = 3                // to ask, until one answers
	maxControllerAddresses = 2                // of each
)

// Planned returns the checks of a run in an environment: [All], and those that
// need more than a network.
func Planned(env *Env) []*Check {
	plan := All()
	if env.Directory != nil {
		plan = slices.Insert(plan, slices.Index(plan, ADBASite)+1, ADBAObjects)
	}
	return plan
}

func runADBAObjects(ctx context.Context, ask Ask) Answer {
	var a Answer
	var last evidence.DirectoryRead
	for _, s := range directoryServers(ctx, ask) {
		if last.Host != "" && (last.Read() || settled(last)) {
			break
		}
		ask.progress("asking " + s.Host())
		r := directory.Reading{DirectoryRead: evidence.DirectoryRead{
			Host: s.Host(), Step: evidence.DirectoryConnect, Outcome: evidence.DirectoryNoAddress, Started: ask.now().UTC(),
		}}
		if s.Address.IsValid() {
			r = directory.Read(ctx, ask.Dialer, s, ask.Directory.Access)
		}
		last = r.DirectoryRead
		last.Origin, last.Domain = ask.origin(adbaObjectsID), ask.Subject.Domain
		a.Evidence.DirectoryReads = append(a.Evidence.DirectoryReads, last)
		for _, o := range r.Found {
			o.Origin, o.Domain = last.Origin, last.Domain
			a.Evidence.ActivationObjects = append(a.Evidence.ActivationObjects, o)
		}
		if last.Objects > 0 {
			break // others hold the same
		}
	}
	note := func(id string, status run.Status, format string, args ...any) {
		a.Notes = append(a.Notes, run.Note{ID: id, Status: status, Text: fmt.Sprintf(format, args...)})
	}
	reads := a.Evidence.DirectoryReads
	for _, r := range reads[:max(0, len(reads)-1)] {
		note("controller-failed", run.Pass, "%s %s", evidence.Clean(r.Host), r.Text())
	}
	if last.Unverified {
		got := "who answered, and got the password, is not known"
		if ask.Directory.Access.Self {
			got = "who answered is not known"
		}
		note("certificate-unchecked", run.Warn, "the certificate of %s was not checked, as was wished: %s", evidence.Clean(last.Host), got)
	}
	if len(last.Referrals) > 0 {
		note("referrals", run.Pass, "%s refers to %s, which were not asked", evidence.Clean(last.Host), evidence.Clean(fmt.Sprint(last.Referrals)))
	}
	a.Status, a.Summary = judgeDirectory(last)
	return a
}

func judgeDirectory(last evidence.DirectoryRead) (run.Status, string) {
	host := evidence.Clean(last.Host)
	switch {
	case host == "":
		return run.Warn, "activation objects not read: no domain controller is named"
	case last.Outcome == evidence.DirectoryDone && last.Objects > 0:
		text := plural(last.Objects, "activation object")
		if last.Partial {
			text = "at least " + text
		}
		return run.Pass, text + ", read from " + host
	case last.Read():
		return run.Warn, host + " shows this user no activation objects"
	case last.Outcome == evidence.DirectoryDone:
		return run.Warn, "no activation objects are shown without a name, by " + host
	case last.Objects > 0:
		return run.Warn, plural(last.Objects, "activation object") + " before " + host + " " + last.Text()
	}
	return run.Warn, "activation objects not read: " + host + " " + last.Text()
}

// settled tells whether another domain controller would say the same. A failed
// logon counts towards the lockout of the account, so that it is not repeated.
func settled(r evidence.DirectoryRead) bool {
	switch r.Outcome {
	case evidence.DirectoryBadLogon, evidence.DirectoryDenied, evidence.DirectoryNoContainer, evidence.DirectoryDone, evidence.DirectoryCancelled:
		return true
	}
	return false
}

// directoryServers lists whom to ask: those that the user named, or else the
// domain controllers in the order of their SRV records. One without an address
// has a zero one.
func directoryServers(ctx context.Context, ask Ask) []directory.Server {
	port := ask.Directory.Access.DefaultPort()
	hosts := ask.Directory.Servers
	if len(hosts) == 0 {
		var records []evidence.SRVRecord
		r, _ := ask.Prior.Of(ADBASite, ask.Subject)
		for _, answer := range r.Evidence.SRV {
			records = append(records, answer.Records...)
		}
		for _, record := range clientOrder(records) {
			h := run.HostPort{Host: record.Target}
			if record.Port != directory.Port {
				h.Port = record.Port
			}
			hosts = append(hosts, h)
		}
	}
	var list []directory.Server
	for _, h := range hosts[:min(len(hosts), maxControllers)] {
		to := port
		if h.Port != 0 {
			to = h.Port
		}
		if literal, err := netip.ParseAddr(h.Host); err == nil {
			list = append(list, directory.Server{Address: netip.AddrPortFrom(literal, to)})
			continue
		}
		addresses := controllerAddresses(ctx, ask, h.Host)
		if len(addresses) == 0 {
			list = append(list, directory.Server{Name: h.Host})
		}
		for _, one := range addresses[:min(len(addresses), maxControllerAddresses)] {
			list = append(list, directory.Server{Name: h.Host, Address: netip.AddrPortFrom(one, to)})
		}
	}
	return list
}

// controllerAddresses resolves the name of a domain controller: by the hosts file, or by
// the first DNS server that has an address.
func controllerAddresses(ctx context.Context, ask Ask, host string) []netip.Addr {
	if named := ask.Local.HostsFile(ctx, host); len(named) > 0 {
		return named
	}
	p := prober{ask: ask, servers: servers(ctx, ask)}
	if len(p.servers) == 0 {
		return nil
	}
	var list []netip.Addr
	for _, qtype := range addressTypes(ask.Target.Family) {
		for _, rr := range p.first(ctx, question{name: host, qtype: qtype}).records {
			var ip netip.Addr
			switch rr := rr.(type) {
			case *dns.A:
				ip, _ = netip.AddrFromSlice(rr.A.To4())
			case *dns.AAAA:
				ip, _ = netip.AddrFromSlice(rr.AAAA.To16())
			}
			if ip.IsValid() && !slices.Contains(list, ip) {
				list = append(list, ip)
			}
		}
	}
	return list
}

// directoryLine announces what is sent to a domain controller.
func directoryLine(d *Directory) string {
	access := d.Access
	line := "LDAP questions to a domain controller, without a name"
	switch {
	case access.Self:
		line = "the logon of this Windows session's user by a Kerberos ticket, over TLS alone, and LDAP questions to a domain controller"
	case access.User != "":
		line = "a name and a password, over TLS alone, and LDAP questions to a domain controller"
	}
	if access.LogsOn() && access.Insecure {
		line += ", whose certificate is not checked"
	}
	return line
}
