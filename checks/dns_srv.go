package checks

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

const dnsSRVID = "dns.srv"

// DNSSRV asks each DNS server for the domain's KMS hosts: plain first, as
// Windows clients ask, and with EDNS0 as a comparison.
var DNSSRV = &Check{
	ID: dnsSRVID, Title: "the domain names its KMS hosts in DNS",
	Group: Discover, Scope: run.Domain, Needs: []*Check{DNSConfig}, After: []*Check{ADBASite}, Timeout: dnsLimit,
	Slow: "a DNS server has not answered yet; a working one takes less than 100 ms",
	Run:  runDNSSRV,
}

// kmsOwner is the name of a domain's KMS records.
func kmsOwner(domain string) string { return "_vlmcs._tcp." + domain }

// serverView is what one server said about the domain.
type serverView struct {
	server netip.AddrPort
	plain  evidence.SRVAnswer
	edns   *evidence.SRVAnswer // nil when not asked: the plain question had no answer
	cutOff bool                // the answer was cut and could not be had whole
	more   bool                // it named more records than are kept
	alias  map[string]string   // lower-case names that the additional section shows to be aliases, and of what
}

func runDNSSRV(ctx context.Context, ask Ask) Answer {
	domain := ask.Subject.Domain
	views := askServers(ctx, ask, kmsOwner(domain))
	var a Answer
	for _, v := range views {
		a.Evidence.SRV = append(a.Evidence.SRV, v.plain)
	}
	for _, v := range views {
		if v.edns != nil {
			a.Evidence.SRV = append(a.Evidence.SRV, *v.edns)
		}
	}
	records := recordsOf(views)
	hosts := clientOrder(records)
	for i, r := range hosts {
		if i == maxHosts {
			a.Notes = append(a.Notes, run.Note{
				ID: "too-many-records", Status: run.Warn,
				Text: fmt.Sprintf("%d hosts are named; the first %d are looked at", len(hosts), maxHosts),
			})
			break
		}
		port := r.Port
		if ask.Target.Port != 0 {
			port = ask.Target.Port
		}
		a.Found = append(a.Found, hostSubject(domain, r.Target, port, "SRV target"))
	}
	more := slices.ContainsFunc(views, func(v serverView) bool { return v.more })
	if more && len(hosts) <= maxHosts {
		a.Notes = append(a.Notes, run.Note{
			ID: "too-many-records", Status: run.Warn,
			Text: fmt.Sprintf("there are more than %d records; the first %d are looked at", maxRecords, maxRecords),
		})
	}
	a.Notes = append(a.Notes, viewNotes(views)...)
	if len(hosts) > 0 {
		a.Status = run.Pass
		a.Summary = plural(len(records), "record") + " at " + kmsOwner(domain)
		if more {
			a.Summary = "more than " + a.Summary
		}
		a.Notes = append(a.Notes, recordNotes(views, records, hosts)...)
		return a
	}
	judgeNoHosts(ctx, ask, &a, views, len(records) > 0)
	return a
}

// maxHosts bounds how many hosts of one domain are looked at: what a run keeps of
// them stays below 1 MiB.
const maxHosts = 224

// askServers asks every server side by side.
func askServers(ctx context.Context, ask Ask, name string) []serverView {
	list := servers(ctx, ask)
	views := make([]serverView, len(list))
	var wg sync.WaitGroup
	for i, server := range list {
		wg.Go(func() {
			v := serverView{server: server}
			q := question{name: name, qtype: dns.TypeSRV}
			r := askDNS(ctx, ask, q, server)
			v.plain, v.cutOff = srvEvidence(ask, dnsSRVID, evidence.SRVKMS, q, server, r), r.cutOff
			v.more = len(r.records) > maxRecords
			if r.msg != nil {
				v.alias = aliasesIn(r.msg.Extra)
				q.edns, q.tries = true, 1
				with := srvEvidence(ask, dnsSRVID, evidence.SRVKMS, q, server, askDNS(ctx, ask, q, server))
				if sameRecords(with.Records, v.plain.Records) {
					with.Records = v.plain.Records // a large answer is kept once
				}
				v.edns = &with
			}
			views[i] = v
		})
	}
	wg.Wait()
	return views
}

// aliasesIn returns the CNAME records of an additional section.
func aliasesIn(extra []dns.RR) map[string]string {
	alias := map[string]string{}
	for _, rr := range extra {
		if c, ok := rr.(*dns.CNAME); ok {
			alias[strings.ToLower(trimDot(c.Hdr.Name))] = trimDot(c.Target)
		}
	}
	return alias
}

// recordsOf joins the records that the servers gave to the plain question, each
// once.
func recordsOf(views []serverView) []evidence.SRVRecord {
	var all []evidence.SRVRecord
	for _, v := range views {
		for _, r := range v.plain.Records {
			if !slices.ContainsFunc(all, func(o evidence.SRVRecord) bool { return sameRecord(o, r) }) {
				all = append(all, r)
			}
		}
	}
	return all
}

// sameRecord tells whether two records say the same; their remaining lifetime
// does not matter.
func sameRecord(a, b evidence.SRVRecord) bool {
	return sameHost(a, b) && a.Priority == b.Priority && a.Weight == b.Weight
}

func sameHost(a, b evidence.SRVRecord) bool {
	return strings.EqualFold(a.Target, b.Target) && a.Port == b.Port
}

// absentTarget tells whether a record declares that there is no such service
// (RFC 2782: a target of ".").
func absentTarget(r evidence.SRVRecord) bool { return r.Target == "." || r.Target == "" }

// clientOrder returns the hosts of the records, each once, in one order in which
// a client may try them (RFC 2782): by priority, and within one by a draw in
// which the heavier record is the likelier; here the heavier comes first.
func clientOrder(records []evidence.SRVRecord) []evidence.SRVRecord {
	sorted := slices.Clone(records)
	slices.SortStableFunc(sorted, func(a, b evidence.SRVRecord) int {
		return cmp.Or(
			cmp.Compare(a.Priority, b.Priority),
			cmp.Compare(b.Weight, a.Weight),
			strings.Compare(strings.ToLower(a.Target), strings.ToLower(b.Target)),
			cmp.Compare(a.Port, b.Port),
		)
	})
	var hosts []evidence.SRVRecord
	for _, r := range sorted {
		known := slices.ContainsFunc(hosts, func(o evidence.SRVRecord) bool { return sameHost(o, r) })
		if !known && !absentTarget(r) {
			hosts = append(hosts, r)
		}
	}
	return hosts
}

// judgeNoHosts judges a domain without a usable record.
func judgeNoHosts(ctx context.Context, ask Ask, a *Answer, views []serverView, declaredAbsent bool) {
	owner := kmsOwner(ask.Subject.Domain)
	a.Status = run.Fail
	var speaking []netip.AddrPort
	for _, v := range views {
		if v.plain.Outcome.Answered() {
			speaking = append(speaking, v.server)
		}
	}
	switch {
	case declaredAbsent:
		a.Summary = "the record at " + owner + " declares that there is no KMS host"
		a.Notes = append(a.Notes, run.Note{ID: "target-dot", Status: run.Fail, Text: "the record's target is \".\", which declares the service absent"})
		return
	case len(speaking) == 0:
		a.Summary = "no answer about " + owner + ": " + describeViews(views)
		spared(ask, a)
		return
	}
	a.Summary = "no record at " + owner + " (" + describeViews(views) + ")"
	if spared(ask, a) {
		return
	}
	if activeDirectory(ask) || ask.Directory.named() {
		a.Status = run.Warn
		a.Summary += ": normal if AD-based activation is used"
	}
	if ask.Directory.named() {
		return // the run is about the directory
	}
	lookAside(ctx, ask, a, speaking)
}

// spared softens the judgement of a suffix of this machine without a record where
// another one has it: a client finds its host all the same.
func spared(ask Ask, a *Answer) bool {
	switch other, before := otherSuffix(ask); {
	case other == "":
		return false
	case before:
		a.Status = run.Skip
		a.Summary += ": not needed, since a client finds the record of " + other + " first"
	default:
		a.Status = run.Warn
		a.Summary += ": a client goes on to " + other + ", which has one"
	}
	return true
}

// lookAside asks where a missing record may be instead: under a frequent
// misspelling, and under the bare name, which no client asks for.
func lookAside(ctx context.Context, ask Ask, a *Answer, speaking []netip.AddrPort) {
	asides := []struct {
		purpose evidence.SRVPurpose
		name    string
		note    string
		text    string
	}{
		{evidence.SRVMisspelt, "_vmlcs._tcp." + ask.Subject.Domain, "misspelt-record", "there is a record at %s, which is misspelt: clients ask for _vlmcs"},
		{evidence.SRVBareName, "_vlmcs._tcp", "bare-name-only", "there is a record at the bare name %s without a domain: no client asks for that"},
	}
	answers := make([]evidence.SRVAnswer, len(asides)*len(speaking))
	var wg sync.WaitGroup
	for i, aside := range asides {
		for j, server := range speaking {
			wg.Go(func() {
				q := question{name: aside.name, qtype: dns.TypeSRV, tries: 1}
				one := srvEvidence(ask, dnsSRVID, aside.purpose, q, server, askDNS(ctx, ask, q, server))
				if aside.purpose == evidence.SRVBareName {
					one.Domain = ""
				}
				answers[i*len(speaking)+j] = one
			})
		}
	}
	wg.Wait()
	a.Evidence.SRV = append(a.Evidence.SRV, answers...)
	for i, aside := range asides {
		for j := range speaking {
			if answers[i*len(speaking)+j].Outcome == evidence.DNSAnswered {
				a.Notes = append(a.Notes, run.Note{ID: aside.note, Status: run.Fail, Text: fmt.Sprintf(aside.text, aside.name)})
				break
			}
		}
	}
}

// describeViews says how each server answered: "10.0.0.2 nxdomain, 10.0.0.3 silent",
// or the outcome alone where they agree.
func describeViews(views []serverView) string {
	var parts []string
	same := true
	for _, v := range views {
		text := describeOutcome(v.plain.Outcome, v.plain.Detail)
		parts = append(parts, resolverName(v.server)+" "+text)
		same = same && v.plain.Outcome == views[0].plain.Outcome
	}
	switch {
	case len(parts) == 0:
		return "no DNS server to ask"
	case same && views[0].plain.Outcome.Answered():
		return describeOutcome(views[0].plain.Outcome, "")
	}
	return strings.Join(parts, ", ")
}

func describeOutcome(o evidence.DNSOutcome, detail string) string {
	switch o {
	case evidence.DNSNoName:
		return "the name does not exist"
	case evidence.DNSNoData:
		return "the name has no such record"
	case evidence.DNSServFail:
		return "failed (SERVFAIL)"
	case evidence.DNSRefused:
		return "refused to answer (REFUSED)"
	case evidence.DNSSilent:
		return joinWords("is silent", detail)
	case evidence.DNSUnreachable:
		return joinWords("is unreachable", detail)
	case evidence.DNSMalformed:
		return joinWords("sent no proper answer", detail)
	case evidence.DNSOther:
		return joinWords("gave no answer", detail)
	}
	return "answered"
}
