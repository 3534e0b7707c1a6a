package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

var noon = time.Date(2026, 11, 23, 12, 4, 5, 0, time.UTC)

func check(id, subject string) evidence.Origin { return evidence.Origin{Check: id, Subject: subject} }

func paste(line int) evidence.Origin {
	return evidence.Origin{Paste: "ticket.txt", Line: line}
}

func at(ip string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(ip), 1688) }

// site builds the evidence of a live run by what each check would see.
type site struct{ evidence.Set }

func newSite() *site {
	s := &site{}
	s.Machines = []evidence.Machine{{
		Origin: check("dns.config", ""), Name: "PC-0417", OS: "windows",
		Addresses: []netip.Addr{netip.MustParseAddr("10.0.4.17")},
	}}
	s.Configs = []evidence.ResolverConfig{{
		Origin:    check("dns.config", ""),
		Resolvers: []evidence.Resolver{{Address: netip.MustParseAddrPort("10.0.0.2:53"), Source: "adapter Ethernet"}},
		Suffixes:  []evidence.Suffix{{Name: "corp.example", Source: "primary suffix", Primary: true}},
	}}
	return s
}

func (s *site) srv(domain, resolver string, outcome evidence.DNSOutcome, targets ...string) *site {
	a := evidence.SRVAnswer{
		Origin: check("dns.srv", domain), Purpose: evidence.SRVKMS, Domain: domain, Name: "_vlmcs._tcp." + domain,
		Resolver: netip.MustParseAddrPort(resolver + ":53"), Outcome: outcome,
	}
	for _, t := range targets {
		a.Records = append(a.Records, evidence.SRVRecord{Target: t, Port: 1688, TTL: 3600})
	}
	s.SRV = append(s.SRV, a)
	return s
}

func (s *site) other(purpose evidence.SRVPurpose, domain, name string, outcome evidence.DNSOutcome, targets ...string) *site {
	s.srv(domain, "10.0.0.2", outcome, targets...)
	last := &s.SRV[len(s.SRV)-1]
	last.Purpose, last.Name = purpose, name
	return s
}

func (s *site) address(host string, outcome evidence.DNSOutcome, ips ...string) *site {
	a := evidence.AddressAnswer{
		Origin: check("dns.address", host), Host: host, Family: 4,
		Resolver: netip.MustParseAddrPort("10.0.0.2:53"), Outcome: outcome,
	}
	for _, ip := range ips {
		a.Addresses = append(a.Addresses, netip.MustParseAddr(ip))
	}
	s.Addresses = append(s.Addresses, a)
	return s
}

func (s *site) dial(host, ip string, outcome evidence.DialOutcome) *site {
	d := evidence.Dial{
		Origin: check("tcp.connect", host), Purpose: evidence.DialKMS, Host: host, Domain: "corp.example",
		Address: at(ip), Port: 1688, Outcome: outcome,
	}
	tries := 1
	if outcome == evidence.Silent {
		tries = 3
	}
	for i := range tries {
		d.Tries = append(d.Tries, evidence.Try{Started: noon.Add(time.Duration(i) * time.Second), Outcome: outcome})
	}
	if outcome == evidence.Open {
		d.Local = netip.MustParseAddrPort("10.0.4.17:51022")
	}
	s.Dials = append(s.Dials, d)
	return s
}

func (s *site) alive(host, ip string, port uint16, outcome evidence.DialOutcome) *site {
	s.Dials = append(s.Dials, evidence.Dial{
		Origin: check("tcp.alive", host), Purpose: evidence.DialAlive, Host: host,
		Address: netip.AddrPortFrom(netip.MustParseAddr(ip), port), Port: port, Outcome: outcome,
	})
	return s
}

func (s *site) bind(host, ip string, outcome evidence.BindOutcome, change ...func(*evidence.Bind)) *site {
	b := evidence.Bind{Origin: check("rpc.bind", host), Host: host, Address: at(ip), Outcome: outcome, Syntax: "NDR64"}
	for _, f := range change {
		f(&b)
	}
	s.Binds = append(s.Binds, b)
	return s
}

// request adds an exchange about a release of the catalogue.
func (s *site) request(host, ip, release string, change ...func(*evidence.Exchange)) *site {
	r, ok := catalog.ReleaseByID(release)
	if !ok {
		panic("no release " + release)
	}
	p := r.Default().Product
	x := evidence.Exchange{
		Origin: check("kms.request", host), Host: host, Address: at(ip), Client: netip.MustParseAddrPort("10.0.4.17:51023"),
		Outcome: evidence.Served, Probe: true, Product: r.Default().Name(), Version: "6.0", Wanted: "6.0",
		Application: p.Group.AppID, ActivationID: p.ActivationID, CountedID: p.Group.CountedID, CMID: kms.ProbeCMID.String(),
		Workstation: "PC-0417", NPolicy: uint32(p.Group.N), SentAt: noon, Count: 50,
		EPID: "03612-00206-557-318840-03-1033-17763.0000-0842021", HwID: "364f463a8863d35f",
	}
	for _, f := range change {
		f(&x)
	}
	s.Exchanges = append(s.Exchanges, x)
	return s
}

func refusedWith(code uint32) func(*evidence.Exchange) {
	return func(x *evidence.Exchange) {
		x.Outcome, x.HRESULT, x.Count, x.EPID, x.HwID = evidence.HostRefused, code, 0, "", ""
	}
}

func count(n uint32) func(*evidence.Exchange) {
	return func(x *evidence.Exchange) { x.Count = n }
}

func ended(o evidence.ExchangeOutcome) func(*evidence.Exchange) {
	return func(x *evidence.Exchange) { x.Outcome, x.Count, x.EPID, x.HwID = o, 0, "", "" }
}

const kms01, kms02 = "kms01.corp.example", "kms02.corp.example"

// reach adds a host that resolves, with a connection attempt.
func (s *site) reach(host, ip string, outcome evidence.DialOutcome) *site {
	return s.address(host, evidence.DNSAnswered, ip).dial(host, ip, outcome)
}

// works adds a host on which every step succeeds.
func (s *site) works(host, ip string) *site {
	return s.reach(host, ip, evidence.Open).bind(host, ip, evidence.BindAccepted).request(host, ip, "windows-11")
}

func published(hosts ...string) *site {
	return newSite().srv("corp.example", "10.0.0.2", evidence.DNSAnswered, hosts...)
}

func find(causes []Cause, id string) (Cause, bool) {
	i := slices.IndexFunc(causes, func(c Cause) bool { return c.ID == id })
	if i < 0 {
		return Cause{}, false
	}
	return causes[i], true
}

func verdictOf(t *testing.T, causes []Cause, id string) Verdict {
	t.Helper()
	c, ok := find(causes, id)
	if !ok {
		t.Fatalf("no verdict on %s", id)
	}
	return c.Verdict
}

// likely are the ids of found and possible causes, best first.
func likely(causes []Cause) []string {
	var ids []string
	for _, c := range causes {
		if (c.Verdict == Found || c.Verdict == Possible) && !slices.Contains(ids, c.ID) {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

func show(causes []Cause) string {
	out := ""
	for _, c := range causes {
		if c.Verdict == Found || c.Verdict == Possible {
			out += fmt.Sprintf("%s %s %v %d\n", c.Verdict, c.ID, c.Subjects, c.score)
			for _, f := range c.Because {
				out += "    " + f.Text + "\n"
			}
		}
	}
	return out
}
