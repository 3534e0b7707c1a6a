package checks

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

const dnsAddressID = "dns.address"

// DNSAddress asks for the addresses of a host: each DNS server, and the hosts
// file, which goes before DNS on this machine.
var DNSAddress = &Check{
	ID: dnsAddressID, Title: "the KMS host's name leads to an address",
	Group: Discover, Scope: run.Host, Needs: []*Check{DNSSRV}, After: []*Check{DNSConfig}, Timeout: dnsLimit,
	Slow: "a DNS server has not answered yet",
	Run:  runDNSAddress,
}

func runDNSAddress(ctx context.Context, ask Ask) Answer {
	host := ask.Subject.Host
	list := speakingServers(ctx, ask)
	answers := askAddresses(ctx, ask, host, list)
	file := hostsFileAnswers(ctx, ask, host)
	var a Answer
	a.Evidence.Addresses = append(file, answers...)

	machine := ask.Local.Machine(ctx)
	fromFile, fromDNS := addressesOf(file), addressesOf(answers)
	all := slices.Clone(fromFile)
	for _, addr := range fromDNS {
		if !slices.Contains(all, addr) {
			all = append(all, addr)
		}
	}
	a.Notes = append(a.Notes, answerNotes(ask.Subject, answers)...)
	a.Notes = append(a.Notes, hostsFileNotes(host, fromFile, fromDNS)...)
	a.Notes = append(a.Notes, addressNotes(all, machine)...)
	use, untested := testable(all, machine)
	for i, addr := range use {
		if i == maxAddresses {
			break
		}
		s := endpointSubject(netip.AddrPortFrom(addr, ask.Subject.Port), "address of "+host)
		s.Host, s.Domain = host, ask.Subject.Domain
		a.Found = append(a.Found, s)
	}
	switch {
	case len(use) > 0:
		a.Status, a.Summary = run.Pass, joinAddresses(use)
		if len(untested) > 0 {
			a.Notes = append(a.Notes, run.Note{
				ID: "ipv6-not-tested", Status: run.Pass,
				Text: joinAddresses(untested) + " not tested: this machine has no IPv6 address of its own",
			})
		}
	case len(untested) > 0:
		a.Status = run.Skip
		a.Summary = "not tested: only " + joinAddresses(untested) + ", and this machine has no IPv6 address of its own"
	case len(all) > 0:
		a.Status, a.Summary = run.Fail, "no address of a host: "+joinAddresses(all)
	default:
		a.Status, a.Summary = run.Fail, "no address: "+describeAddressFailure(answers)
	}
	return a
}

// maxAddresses bounds how many addresses of one host are looked at.
const maxAddresses = 16

// speakingServers leaves out the DNS servers that dns.srv found to be silent or
// out of reach, as long as another one answered there.
func speakingServers(ctx context.Context, ask Ask) []netip.AddrPort {
	list := servers(ctx, ask)
	dead, alive := map[netip.AddrPort]bool{}, map[netip.AddrPort]bool{}
	for _, r := range ask.Prior.All(DNSSRV) {
		for _, one := range r.Evidence.SRV {
			switch one.Outcome {
			case evidence.DNSSilent, evidence.DNSUnreachable:
				dead[one.Resolver] = true
			default:
				alive[one.Resolver] = true
			}
		}
	}
	if len(alive) == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(a netip.AddrPort) bool { return dead[a] && !alive[a] })
}

// askAddresses asks every server for the addresses of each wanted family.
func askAddresses(ctx context.Context, ask Ask, host string, list []netip.AddrPort) []evidence.AddressAnswer {
	types := addressTypes(ask.Target.Family)
	answers := make([]evidence.AddressAnswer, len(list)*len(types))
	var wg sync.WaitGroup
	for i, server := range list {
		for j, qtype := range types {
			wg.Go(func() {
				r := askDNS(ctx, ask, question{name: host, qtype: qtype}, server)
				answers[i*len(types)+j] = addressEvidence(ask, host, qtype, server, r)
			})
		}
	}
	wg.Wait()
	return answers
}

func addressEvidence(ask Ask, host string, qtype uint16, server netip.AddrPort, r dnsReply) evidence.AddressAnswer {
	a := evidence.AddressAnswer{
		Origin: ask.origin(dnsAddressID), Host: host, Family: 4, Resolver: server,
		Outcome: r.outcome, Detail: r.detail, CNAMEs: r.cnames, Started: r.started, Took: r.took,
	}
	if qtype == dns.TypeAAAA {
		a.Family = 6
	}
	for i, rr := range r.records[:min(len(r.records), maxRecords)] {
		var addr netip.Addr
		switch rr := rr.(type) {
		case *dns.A:
			addr, _ = netip.AddrFromSlice(rr.A)
			addr = addr.Unmap()
		case *dns.AAAA:
			addr, _ = netip.AddrFromSlice(rr.AAAA)
		}
		if len(a.Addresses) < maxAddresses+1 && addr.IsValid() && !slices.Contains(a.Addresses, addr) {
			a.Addresses = append(a.Addresses, addr)
		}
		if ttl := rr.Header().Ttl; i == 0 || ttl < a.TTL {
			a.TTL = ttl
		}
	}
	return a
}

// hostsFileAnswers is what the hosts file says, an answer for each family.
func hostsFileAnswers(ctx context.Context, ask Ask, host string) []evidence.AddressAnswer {
	var answers []evidence.AddressAnswer
	found := ask.Local.HostsFile(ctx, host)
	for _, family := range []int{4, 6} {
		if ask.Target.Family != 0 && ask.Target.Family != family {
			continue
		}
		one := evidence.AddressAnswer{
			Origin: ask.origin(dnsAddressID), Host: host, Family: family, HostsFile: true,
			Outcome: evidence.DNSAnswered, Started: ask.now().UTC(),
		}
		for _, addr := range found {
			if addr = addr.Unmap(); addr.Is4() == (family == 4) && !slices.Contains(one.Addresses, addr) {
				one.Addresses = append(one.Addresses, addr)
			}
		}
		if len(one.Addresses) > 0 {
			answers = append(answers, one)
		}
	}
	return answers
}

// addressesOf joins the addresses of answers, each once, IPv4 first.
func addressesOf(answers []evidence.AddressAnswer) []netip.Addr {
	var all []netip.Addr
	for _, family := range []int{4, 6} {
		for _, one := range answers {
			for _, addr := range one.Addresses {
				if one.Family == family && !slices.Contains(all, addr) {
					all = append(all, addr)
				}
			}
		}
	}
	return all
}

// testable splits addresses into those to connect to and those of a family that
// this machine does not have.
func testable(all []netip.Addr, m evidence.Machine) (use, untested []netip.Addr) {
	for _, a := range all {
		if a.IsUnspecified() || a.IsMulticast() {
			continue
		}
		if a.Is6() && !m.HasIPv6 && !a.IsLoopback() {
			untested = append(untested, a)
		} else {
			use = append(use, a)
		}
	}
	return use, untested
}

func joinAddresses(list []netip.Addr) string {
	var texts []string
	for i, a := range list {
		if i == 4 {
			texts = append(texts, plural(len(list)-i, "more address"))
			break
		}
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", ")
}

// describeAddressFailure says how the servers answered when none gave an address.
func describeAddressFailure(answers []evidence.AddressAnswer) string {
	var parts []string
	for _, one := range answers {
		text := resolverName(one.Resolver) + " " + describeOutcome(one.Outcome, one.Detail)
		if one.Outcome == evidence.DNSNoName {
			return "the name does not exist"
		}
		if !slices.Contains(parts, text) {
			parts = append(parts, text)
		}
	}
	if len(parts) == 0 {
		return "no DNS server to ask, and none in the hosts file"
	}
	return strings.Join(parts, ", ")
}
