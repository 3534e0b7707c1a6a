package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// KindADBA is the kind of an [ADBA].
const KindADBA = "adba"

// ADBA is the answer of kmsdiag adba: what a forest's activation objects are, and
// what they cover.
type ADBA struct {
	Schema     string                   `json:"schema"` // "kmsdiag/1"
	Kind       string                   `json:"kind"`   // "adba"
	Domain     string                   `json:"domain"`
	Started    time.Time                `json:"started"`
	Sends      []string                 `json:"sends"`   // announced before
	Results    []run.Result             `json:"results"` // of the checks that led here
	Reads      []evidence.DirectoryRead `json:"reads"`   // conversations with domain controllers
	Objects    []ActivationObject       `json:"objects"`
	Conclusion string                   `json:"conclusion"`      // a sentence a line
	Paste      string                   `json:"paste,omitempty"` // PowerShell that shows the same on a joined machine, where the directory was not read
	Sent       []string                 `json:"sent"`
}

// ActivationObject is an activation object with what it activates.
type ActivationObject struct {
	Object   evidence.ActivationObject `json:"object"`
	Coverage diagnose.Coverage         `json:"coverage"`
}

// PasteADBA is one line for Windows PowerShell 5.1 on a machine of the domain. It
// needs no module, and prints JSON that kmsdiag explain reads.
const PasteADBA = `$r=[adsi]'LDAP://RootDSE';$s=[adsisearcher]'(objectClass=msSPP-ActivationObject)';` +
	`$s.SearchRoot=[adsi]('LDAP://CN=Microsoft SPP,CN=Services,'+$r.configurationNamingContext);` +
	`@($s.FindAll()|%{$p=$_.Properties;[pscustomobject]@{ActivationObject=''+$p.distinguishedname;Name=''+$p.name;DisplayName=''+$p.displayname;` +
	`KeyActivationId=''+[guid]$p['msspp-csvlkskuid'][0];CountedIds=($p['msspp-kmsids']|%{''+[guid]$_})-join' ';` +
	`Pid=''+$p['msspp-csvlkpid'];PartialKey=''+$p['msspp-csvlkpartialproductkey'];Created=([datetime]$p.whencreated[0]).ToString('s')}})|ConvertTo-Json`

// NewADBA makes the answer out of what a run of the checks saw about a domain.
func NewADBA(domain string, plan run.Plan, results []run.Result, summary run.Summary) *ADBA {
	var set evidence.Set
	for _, r := range results {
		set.Add(r.Evidence)
	}
	x := &ADBA{
		Schema: run.Schema, Kind: KindADBA, Domain: domain, Started: plan.Started, Sends: append([]string{}, plan.Sends...),
		Results: append([]run.Result{}, results...), Reads: append([]evidence.DirectoryRead{}, set.DirectoryReads...), Objects: []ActivationObject{},
		Conclusion: diagnose.ConcludeActivation(&set, domain), Sent: append([]string{}, summary.Sent...),
	}
	for _, o := range set.ActivationObjects {
		x.Objects = append(x.Objects, ActivationObject{o, diagnose.ActivationCoverage(o)})
	}
	if !x.Known() {
		x.Paste = PasteADBA
	}
	return x
}

// Known tells whether it is known which activation objects there are.
func (x *ADBA) Known() bool {
	for _, r := range x.Reads {
		if r.Read() && !r.Partial {
			return true
		}
	}
	return false
}

// Told tells whether any activation object was read that tells what it activates.
func (x *ADBA) Told() bool {
	return slices.ContainsFunc(x.Objects, func(o ActivationObject) bool { return diagnose.Readable(o.Object) })
}

// RedactedADBA returns a copy with pseudonyms, as [Redact] gives them.
func RedactedADBA(x *ADBA) *ADBA {
	return newPseudonyms().replace(x).(*ADBA)
}

// JSON writes the answer as one object.
func (x *ADBA) JSON(w io.Writer) error { return writeJSON(w, x, "  ") }

// Text writes the answer for a person.
func (x *ADBA) Text(w io.Writer, s Style) error {
	s = s.normal()
	var b strings.Builder
	for _, line := range wrap("AD-based activation of "+evidence.Clean(x.Domain), s.Width) {
		b.WriteString(s.paint(sgrBold, line) + "\n")
	}
	for _, r := range x.Results {
		if r.Check == "dns.config" && r.Status == run.Pass {
			continue
		}
		hang(&b, s.mark(r.Status)+" ", r.Summary, s.Width)
		for _, n := range r.Notes {
			hang(&b, strings.Repeat(" ", s.Glyphs.Width()+1), n.Text, s.Width)
		}
	}
	for i, o := range x.Objects {
		if i == 0 {
			b.WriteString("\n")
			heading(&b, s, "Activation objects")
		}
		o.text(&b, s)
	}
	b.WriteString("\n")
	for line := range strings.SplitSeq(x.Conclusion, "\n") {
		hang(&b, "", line, s.Width)
	}
	if x.Paste != "" {
		b.WriteString("\n")
		hang(&b, "", "On a machine of the domain this line for Windows PowerShell shows the same, without a name or a password to give; kmsdiag explain - reads what it prints:", s.Width)
		b.WriteString("\n" + x.Paste + "\n")
	}
	if len(x.Sent) > 0 {
		b.WriteString("\n")
		hang(&b, "sent: ", strings.Join(x.Sent, "; "), s.Width)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// labelColumn is the width of the labels of an object.
const labelColumn = 13

func (o ActivationObject) text(b *strings.Builder, s Style) {
	name := evidence.Clean(o.Object.Title())
	if name == "" {
		name = "(without a name)"
	}
	for _, part := range wrap(name, s.Width-2) {
		b.WriteString("  " + s.paint(sgrBold, part) + "\n") // wrapped first: that takes control characters out
	}
	line := func(label, text string) {
		if text != "" {
			hang(b, "    "+pad(label, labelColumn), text, s.Width)
		}
	}
	key := o.Coverage.HostKey
	switch {
	case key != "":
		key += ", by its " + o.Coverage.By
	case o.Object.ActivationID != "":
		key = "not in the tables: " + evidence.Clean(o.Object.ActivationID)
	}
	line("host key", key)
	line("key ends in", evidence.Clean(o.Object.PartialKey))
	if len(o.Coverage.Releases) > 0 {
		line("covers", strings.Join(o.Coverage.Releases, ", ")+" (by "+o.Coverage.Source+")")
	}
	groups := strings.Join(o.Coverage.Groups, ", ")
	if o.Coverage.Unknown > 0 {
		groups = strings.TrimPrefix(fmt.Sprintf("%s, and %d that no table has", groups, o.Coverage.Unknown), ", and ")
	}
	line("its own ids", groups)
	line("ePID", evidence.Clean(o.Object.EPID))
	if e, err := kms.ParseEPID(o.Object.EPID); err == nil {
		if at, ok := e.Activated(); ok {
			line("", fmt.Sprintf("key activated on %s, build %d", at.Format("2006-01-02"), e.Build))
		}
	}
	line("created", day(o.Object.Created))
	line("holds", strings.ReplaceAll(strings.Join(o.Object.Holds, ", "), "-", " "))
	line("until", "no end of its own; a client renews within 180 days")
	line("unread", evidence.Clean(o.Object.Problem))
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02")
}

var adbaHeader = []string{
	"domain", "controller", "name", "display_name", "dn", "host_key", "host_key_by", "activation_id", "epid", "partial_key",
	"releases", "counted_ids", "groups", "created", "changed", "holds", "problem",
}

// CSV writes a row for each activation object.
func (x *ADBA) CSV(w io.Writer) error {
	var b bytes.Buffer
	c := csv.NewWriter(&b)
	rows := [][]string{adbaHeader}
	for _, o := range x.Objects {
		v, g := o.Object, o.Coverage
		rows = append(rows, []string{
			x.Domain, v.Host, v.Name, v.DisplayName, v.DN, g.HostKey, g.By, v.ActivationID, v.EPID, v.PartialKey,
			strings.Join(g.Releases, "; "), strings.Join(v.CountedIDs, " "), strings.Join(g.Groups, "; "), stamp(v.Created), stamp(v.Changed),
			strings.Join(v.Holds, " "), v.Problem,
		})
	}
	for _, r := range rows {
		for i := range r {
			r[i] = harmless(r[i])
		}
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
