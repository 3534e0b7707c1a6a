package checks

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

const adbaSiteID = "adba.site"

// ADBASite asks whether the domain is an Active Directory domain. There clients
// may activate through the directory, and no KMS record is needed.
var ADBASite = &Check{
	ID: adbaSiteID, Title: "it is known whether the domain is an Active Directory domain",
	Group: Discover, Scope: run.Domain, Needs: []*Check{DNSConfig}, Timeout: dnsLimit,
	Slow: "a DNS server has not answered yet",
	Run:  runADBASite,
}

// dcOwner is the name under which the domain controllers of an Active Directory
// domain register (MS-ADTS 6.3.2.3).
func dcOwner(domain string) string { return "_ldap._tcp.dc._msdcs." + domain }

func runADBASite(ctx context.Context, ask Ask) Answer {
	domain := ask.Subject.Domain
	list := servers(ctx, ask)
	answers := make([]evidence.SRVAnswer, len(list))
	more := make([]bool, len(list)) // records than are kept
	var wg sync.WaitGroup
	for i, server := range list {
		wg.Go(func() {
			q := question{name: dcOwner(domain), qtype: dns.TypeSRV, tries: 1}
			r := askDNS(ctx, ask, q, server)
			answers[i], more[i] = srvEvidence(ask, adbaSiteID, evidence.SRVDC, q, server, r), len(r.records) > maxRecords
		})
	}
	wg.Wait()
	a := Answer{Result: run.Result{Evidence: evidence.Set{SRV: answers}}}
	controllers, known := 0, false
	for _, one := range answers {
		known = known || one.Outcome.Answered()
		controllers = max(controllers, len(one.Records))
	}
	switch {
	case controllers > 0:
		a.Status = run.Pass
		count := plural(controllers, "domain controller")
		if slices.Contains(more, true) {
			count = "more than " + count
		}
		a.Summary = domain + " is an Active Directory domain with " + count + " in DNS"
	case known:
		a.Status, a.Summary = run.Pass, "no Active Directory domain: no domain controllers in DNS for "+domain
	default:
		a.Status, a.Summary = run.Skip, "not known: no DNS server answered"
	}
	return a
}

// activeDirectory tells whether adba.site found domain controllers.
func activeDirectory(ask Ask) bool {
	r, _ := ask.Prior.Of(ADBASite, ask.Subject)
	for _, one := range r.Evidence.SRV {
		if one.Purpose == evidence.SRVDC && one.Outcome == evidence.DNSAnswered {
			return true
		}
	}
	return false
}

// srvEvidence writes down what a server said to an SRV question.
func srvEvidence(ask Ask, check string, purpose evidence.SRVPurpose, q question, server netip.AddrPort, r dnsReply) evidence.SRVAnswer {
	a := evidence.SRVAnswer{
		Origin: ask.origin(check), Purpose: purpose, Domain: ask.Subject.Domain, Name: trimDot(q.name), Resolver: server,
		Outcome: r.outcome, Detail: r.detail, CNAMEs: r.cnames, TCP: r.tcp, EDNS: q.edns,
		Authority: r.msg != nil && r.msg.Authoritative, Started: r.started, Took: r.took,
	}
	for _, rr := range r.records[:min(len(r.records), maxRecords)] {
		if srv, ok := rr.(*dns.SRV); ok {
			a.Records = append(a.Records, evidence.SRVRecord{
				Target: trimDot(srv.Target), Port: srv.Port, Priority: srv.Priority, Weight: srv.Weight, TTL: srv.Hdr.Ttl,
			})
		}
	}
	return a
}

// maxRecords bounds what is kept of one answer.
const maxRecords = 256
