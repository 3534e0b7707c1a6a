package tui

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// observed is what a row stands on: connections with their tries, answers of DNS
// with their records, binds and requests, and the rest in a line each.
func observed(d *textBlock, set evidence.Set) {
	o := &observations{d: d}
	for _, a := range set.SRV {
		o.srv(a)
	}
	for _, a := range set.Addresses {
		o.address(a)
	}
	for _, x := range set.Dials {
		o.dial(x)
	}
	for _, x := range set.Binds {
		o.bind(x)
	}
	for _, x := range set.Exchanges {
		o.exchange(x)
	}
	set.SRV, set.Addresses, set.Dials, set.Binds, set.Exchanges = nil, nil, nil, nil, nil
	for _, f := range set.Facts() {
		o.line("", f.Text)
	}
}

// observations puts lines under one heading.
type observations struct {
	d       *textBlock
	begun   bool
	records []evidence.SRVRecord
}

// evidenceCells is the width of the second label column.
const evidenceCells = 9

func (o *observations) line(label, text string) {
	if !o.begun {
		o.d.blank()
		o.d.heading("EVIDENCE")
		o.begun = true
	}
	o.d.hang("  "+typeset.Pad(label, evidenceCells)+" ", text)
}

// clock is a time of day in UTC with milliseconds.
func clock(t time.Time) string { return t.UTC().Format("15:04:05.000") }

func (o *observations) srv(a evidence.SRVAnswer) {
	text := fmt.Sprintf("SRV %s: %s", a.Name, said(a.Outcome, a.Detail, a.Resolver, a.Took))
	if a.TCP {
		text += ", over TCP"
	}
	if a.EDNS {
		text += ", with EDNS"
	}
	if len(a.CNAMEs) > 0 {
		text += ", by way of " + strings.Join(a.CNAMEs, ", ")
	}
	if len(a.Records) > 0 && slices.Equal(a.Records, o.records) {
		o.line("asked", text+", the same records")
		return
	}
	o.line("asked", text)
	o.records = a.Records
	for _, r := range a.Records {
		o.line("record", fmt.Sprintf("%s:%d  priority %d  weight %d  TTL %d s", r.Target, r.Port, r.Priority, r.Weight, r.TTL))
	}
}

func (o *observations) address(a evidence.AddressAnswer) {
	kind := "A"
	if a.Family == 6 {
		kind = "AAAA"
	}
	var list []string
	for _, ip := range a.Addresses {
		list = append(list, ip.String())
	}
	text := fmt.Sprintf("%s %s: %s", kind, a.Host, said(a.Outcome, a.Detail, a.Resolver, a.Took))
	if a.HostsFile {
		text = fmt.Sprintf("%s: from the hosts file of this machine, not from DNS", a.Host)
	}
	if len(list) > 0 {
		text += ": " + strings.Join(list, ", ")
	}
	o.line("asked", text)
}

// said is how a DNS question ended, by whom and how soon.
func said(outcome evidence.DNSOutcome, detail string, resolver netip.AddrPort, took time.Duration) string {
	text := outcome.Words()
	if detail != "" {
		text += " (" + detail + ")"
	}
	if by := outcome.By(resolver); by != "" {
		text += ", " + by
	}
	if t := typeset.Took(took); t != "" {
		text += " in " + t
	}
	return text
}

func (o *observations) dial(x evidence.Dial) {
	text := fmt.Sprintf("%s:%d", x.Host, x.Port)
	if x.Address.IsValid() {
		text = x.Address.String()
	}
	if x.Local.IsValid() {
		text += " from " + x.Local.String()
	}
	if x.Purpose == evidence.DialAlive {
		o.line("dialled", fmt.Sprintf("%s: %s, to see whether the host is up", text, x.Outcome))
		return
	}
	if len(x.Tries) == 0 {
		o.line("dialled", text+": "+string(x.Outcome))
		return
	}
	o.line("dialled", text)
	for i, t := range x.Tries {
		o.line(fmt.Sprintf("try %d", i+1), fmt.Sprintf("%s UTC  %s", clock(t.Started), tryWords(t)))
	}
}

// tryWords says how one try ended. One that reached its limit is called so.
func tryWords(t evidence.Try) string {
	took := typeset.Took(t.Took)
	text := string(t.Outcome)
	switch t.Outcome {
	case evidence.Silent:
		text = "nothing came back within " + took
	case evidence.Open:
		text = "open after " + took
	case evidence.Refused:
		text = "a reset came back after " + took
	default:
		if took != "" {
			text += " after " + took
		}
	}
	if t.ICMP != "" {
		text += ", ICMP " + t.ICMP
	}
	if t.Detail != "" {
		text += ", " + t.Detail
	}
	return text
}

func (o *observations) bind(x evidence.Bind) {
	text := string(x.Outcome)
	if x.Syntax != "" {
		text += ", " + x.Syntax
	}
	if x.MaxRecv > 0 {
		text += fmt.Sprintf(", fragments of %d sent and %d received", x.MaxXmit, x.MaxRecv)
	}
	if t := typeset.Took(x.Took); t != "" {
		text += ", in " + t
	}
	o.line("bind", text)
	if x.LooksLike != "" || len(x.First) > 0 {
		o.line("answer", strings.TrimSpace(x.LooksLike+fmt.Sprintf(" %x", x.First)))
	}
	if x.Detail != "" {
		o.line("", x.Detail)
	}
}

func (o *observations) exchange(x evidence.Exchange) {
	asked := "V" + x.Version
	if x.Product != "" {
		asked += " for " + x.Product
	}
	asked += fmt.Sprintf(", needs %d", x.NPolicy)
	if x.Probe {
		asked += ", as the one client id of every kmsdiag"
	}
	o.line("asked", asked)
	answer := string(x.Outcome)
	if x.HRESULT != 0 {
		answer += fmt.Sprintf(", 0x%08X", x.HRESULT)
	}
	if x.Status != 0 {
		answer += fmt.Sprintf(", fault 0x%08X", x.Status)
	}
	if x.Outcome == evidence.Served || x.Outcome == evidence.Unverified {
		answer += fmt.Sprintf(", count %d, try again after %d min, renew after %d min", x.Count, x.ActivationInterval, x.RenewalInterval)
	}
	if t := typeset.Took(x.Took); t != "" {
		answer += ", in " + t
	}
	o.line("answer", answer)
	if x.EPID != "" {
		o.line("ePID", x.EPID)
	}
	if n := len(x.Verified); n > 0 || len(x.Failed) > 0 {
		o.line("checked", fmt.Sprintf("%s of the answer held, %d did not", count(n, "test", "tests"), len(x.Failed)))
	}
	for _, f := range x.Failed {
		o.line("failed", f)
	}
	if x.Detail != "" {
		o.line("", x.Detail)
	}
}
