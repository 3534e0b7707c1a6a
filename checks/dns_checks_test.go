package checks

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// fakeLocal is a machine of corp.example with two DNS servers.
type fakeLocal struct {
	machine evidence.Machine
	config  evidence.ResolverConfig
	hosts   map[string][]netip.Addr
}

func (l fakeLocal) Machine(context.Context) evidence.Machine              { return l.machine }
func (l fakeLocal) Resolvers(context.Context) evidence.ResolverConfig     { return l.config }
func (l fakeLocal) HostsFile(_ context.Context, host string) []netip.Addr { return l.hosts[host] }

var dns1, dns2 = netip.MustParseAddrPort("192.0.2.53:53"), netip.MustParseAddrPort("192.0.2.54:53")

func corpLocal() fakeLocal {
	return fakeLocal{
		machine: evidence.Machine{Name: "pc-0417", OS: "linux", Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.17")}},
		config: evidence.ResolverConfig{
			Resolvers: []evidence.Resolver{{Address: dns1, Source: "test"}, {Address: dns2, Source: "test"}},
			Suffixes:  []evidence.Suffix{{Name: "corp.example", Source: "primary suffix", Primary: true}},
		},
	}
}

// discovery are the checks of this file, without those that connect.
func discovery() []*Check { return []*Check{DNSConfig, ADBASite, DNSSRV, DNSAddress} }

func corpZone() map[string][]string {
	return map[string][]string{
		"_vlmcs._tcp.corp.example SRV": {
			"_vlmcs._tcp.corp.example. 3600 IN SRV 0 0 1688 kms01.corp.example.",
			"_vlmcs._tcp.corp.example. 3600 IN SRV 10 5 1688 KMS02.corp.example.",
		},
		"kms01.corp.example A":    {"kms01.corp.example. 3600 IN A 192.0.2.5"},
		"kms01.corp.example AAAA": {"kms01.corp.example. 3600 IN AAAA 2001:db8::5"},
		"kms02.corp.example A":    {"kms02.corp.example. 3600 IN A 192.0.2.6"},
	}
}

func discover(t *testing.T, target run.Target, local fakeLocal, f *fakeDNS) recorded {
	t.Helper()
	r := record(t.Context(), &Env{Target: target, Local: local, DNS: f}, discovery(), Options{})
	r.order(t)
	return r
}

func (r recorded) subjects(kind run.Kind) []string {
	var keys []string
	for _, e := range r.events {
		if e.Found != nil && e.Found.Subject.Kind == kind {
			keys = append(keys, e.Found.Subject.Key)
		}
	}
	slices.Sort(keys)
	return keys
}

func TestDiscoveryOfAHealthySite(t *testing.T) {
	verifyNoLeak(t)
	f := &fakeDNS{zone: corpZone()}
	r := discover(t, run.Target{}, corpLocal(), f)
	if got := r.subjects(run.Domain); !slices.Equal(got, []string{"corp.example"}) {
		t.Errorf("domains %q", got)
	}
	if got := r.subjects(run.Host); !slices.Equal(got, []string{"kms01.corp.example:1688", "kms02.corp.example:1688"}) {
		t.Errorf("hosts %q", got)
	}
	if got := r.subjects(run.Endpoint); !slices.Equal(got, []string{"192.0.2.5:1688", "192.0.2.6:1688"}) {
		t.Errorf("endpoints %q: IPv6 is not tested where the machine has none", got)
	}
	if got := r.result(t, "dns.config", ""); got.Status != run.Pass || got.Summary != "corp.example, resolvers 192.0.2.53, 192.0.2.54" {
		t.Errorf("dns.config %s %q", got.Status, got.Summary)
	}
	srv := r.result(t, "dns.srv", "")
	if srv.Status != run.Pass || srv.Summary != "2 records at _vlmcs._tcp.corp.example" {
		t.Errorf("dns.srv %s %q %+v", srv.Status, srv.Summary, srv.Notes)
	}
	if !hasNote(srv, "client-order", run.Pass) || hasNote(srv, "several-equal-hosts", run.Pass) {
		t.Errorf("notes %+v", srv.Notes)
	}
	if n := len(srv.Evidence.SRV); n != 4 || srv.Evidence.SRV[0].EDNS || !srv.Evidence.SRV[2].EDNS {
		t.Errorf("%d SRV answers, want plain and EDNS of two servers", n)
	}
	if rec := srv.Evidence.SRV[0].Records[1]; rec != (evidence.SRVRecord{Target: "KMS02.corp.example", Port: 1688, Priority: 10, Weight: 5, TTL: 3600}) {
		t.Errorf("record %+v", rec)
	}
	address := r.result(t, "dns.address", "kms01.corp.example:1688")
	if address.Status != run.Pass || !hasNote(address, "ipv6-not-tested", run.Pass) {
		t.Errorf("dns.address %s %+v", address.Status, address.Notes)
	}
	if want := []string{"14 DNS questions (7 to 192.0.2.53, 7 to 192.0.2.54)"}; !slices.Equal(r.summary.Sent, want) {
		t.Errorf("sent %q, want %q", r.summary.Sent, want)
	}
	if f.count("_vlmcs._tcp.corp.example SRV") != 2 || f.count("_vlmcs._tcp.corp.example SRV edns") != 2 || f.count("_vmlcs._tcp.corp.example SRV") != 0 {
		t.Errorf("asked %q", f.asked)
	}
}

// manyRecords are SRV records of as many hosts.
func manyRecords(n int) []string {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("_vlmcs._tcp.corp.example. 300 IN SRV 0 0 1688 kms%03d.corp.example.", i))
	}
	return lines
}

// TestManyAddresses says how many addresses of a host are looked at.
func TestManyAddresses(t *testing.T) {
	var lines []string
	for i := range 200 {
		lines = append(lines, fmt.Sprintf("kms01.corp.example. 60 IN A 192.0.2.%d", i+1))
	}
	f := &fakeDNS{zone: map[string][]string{"kms01.corp.example A": lines}}
	r := discover(t, run.Target{Hosts: []run.HostPort{{Host: "kms01.corp.example"}}}, corpLocal(), f)
	got := r.result(t, "dns.address", "kms01.corp.example:1688")
	if !hasNote(got, "too-many-addresses", run.Warn) || hasNote(got, "several-addresses", run.Pass) || len(r.subjects(run.Endpoint)) != maxAddresses {
		t.Errorf("%d endpoints, %+v", len(r.subjects(run.Endpoint)), got.Notes)
	}
	for _, one := range got.Evidence.Addresses {
		if len(one.Addresses) > maxAddresses+1 {
			t.Errorf("%d addresses kept", len(one.Addresses))
		}
	}
}

func TestSRVOutcomes(t *testing.T) {
	owner, dc := "_vlmcs._tcp.corp.example SRV", "_ldap._tcp.dc._msdcs.corp.example SRV"
	one := func(lines ...string) *fakeDNS { return &fakeDNS{zone: map[string][]string{owner: lines}} }
	record := "_vlmcs._tcp.corp.example. 300 IN SRV 0 0 1688 kms01.corp.example."
	for _, c := range []struct {
		name    string
		dns     *fakeDNS
		status  run.Status
		summary string
		note    string
		level   run.Status
	}{
		{"nxdomain", &fakeDNS{}, run.Fail, "no record at _vlmcs._tcp.corp.example (the name does not exist)", "", ""},
		{"nodata", one(), run.Fail, "the name has no such record", "", ""},
		{"servfail", &fakeDNS{rcode: map[string]int{owner: dns.RcodeServerFailure}}, run.Fail, "no answer about", "", ""},
		{"refused", &fakeDNS{rcode: map[string]int{owner: dns.RcodeRefused}}, run.Fail, "192.0.2.54 refused to answer (REFUSED)", "", ""},
		{"notimp", &fakeDNS{rcode: map[string]int{owner: dns.RcodeNotImplemented}}, run.Fail, "gave no answer (NOTIMP)", "", ""},
		{"unreachable", &fakeDNS{refused: true}, run.Fail, "192.0.2.53 is unreachable (connection refused)", "", ""},
		{
			"ad domain", &fakeDNS{zone: map[string][]string{dc: {"_ldap._tcp.dc._msdcs.corp.example. 60 IN SRV 0 100 389 dc01.corp.example."}}},
			run.Warn, "normal if AD-based activation is used", "", "",
		},
		{
			"misspelt", &fakeDNS{zone: map[string][]string{"_vmlcs._tcp.corp.example SRV": {"_vmlcs._tcp.corp.example. 60 IN SRV 0 0 1688 kms01.corp.example."}}},
			run.Fail, "no record", "misspelt-record", run.Fail,
		},
		{
			"bare name", &fakeDNS{zone: map[string][]string{"_vlmcs._tcp SRV": {"_vlmcs._tcp. 60 IN SRV 0 0 1688 kms01.corp.example."}}},
			run.Fail, "no record", "bare-name-only", run.Fail,
		},
		{"dot", one("_vlmcs._tcp.corp.example. 300 IN SRV 0 0 0 ."), run.Fail, "declares that there is no KMS host", "target-dot", run.Fail},
		{"dot among others", one("_vlmcs._tcp.corp.example. 300 IN SRV 0 0 0 .", record), run.Warn, "2 records", "target-dot", run.Warn},
		{"port", one("_vlmcs._tcp.corp.example. 300 IN SRV 0 0 1689 kms01.corp.example."), run.Pass, "1 record", "port-not-1688", run.Pass},
		{"ttl zero", one("_vlmcs._tcp.corp.example. 0 IN SRV 0 0 1688 kms01.corp.example."), run.Warn, "1 record", "ttl-zero", run.Warn},
		{"twice", one(record, "_vlmcs._tcp.corp.example. 300 IN SRV 5 0 1688 kms01.corp.example."), run.Warn, "2 records", "duplicate-record", run.Warn},
		{"twice in other letters", one(record, "_vlmcs._tcp.corp.example. 300 IN SRV 0 0 1688 KMS01.corp.example."), run.Warn, "1 record", "duplicate-record", run.Warn},
		{"aliases in a circle", one("_vlmcs._tcp.corp.example. 300 IN CNAME a.example.", "a.example. 300 IN CNAME b.example.", "b.example. 300 IN CNAME A.example."), run.Fail, "sent no proper answer (its aliases lead in a circle)", "", ""},
		{"an alias of itself", one("_vlmcs._tcp.corp.example. 300 IN CNAME _vlmcs._tcp.corp.example."), run.Fail, "its aliases lead in a circle", "", ""},
		{"cut to nothing over TCP too", &fakeDNS{zone: corpZone(), change: func(_, m *dns.Msg, _ string) { m.Truncated, m.Answer = true, nil }}, run.Fail, "cut to nothing, over TCP too", "", ""},
		{"more records than are kept", one(manyRecords(300)...), run.Warn, "more than 256 records", "too-many-records", run.Warn},
		{"equal", one(record, "_vlmcs._tcp.corp.example. 300 IN SRV 0 0 1688 kms02.corp.example."), run.Pass, "2 records", "several-equal-hosts", run.Pass},
		{"address as target", one("_vlmcs._tcp.corp.example. 300 IN SRV 0 0 1688 192.0.2.5."), run.Warn, "1 record", "target-address", run.Warn},
		{
			"alias of the record", one("_vlmcs._tcp.corp.example. 300 IN CNAME _vlmcs._tcp.example.", "_vlmcs._tcp.example. 300 IN SRV 0 0 1688 kms01.corp.example."),
			run.Pass, "1 record", "srv-alias", run.Pass,
		},
		{"records of another name", one("_vlmcs._tcp.evil.example. 300 IN SRV 0 0 1688 kms01.corp.example."), run.Fail, "the name has no such record", "", ""},
		{"servers disagree", &fakeDNS{zone: corpZone(), servers: map[netip.AddrPort]*fakeDNS{dns2: {}}}, run.Warn, "2 records", "resolvers-disagree", run.Warn},
		{"one server fails", &fakeDNS{zone: corpZone(), servers: map[netip.AddrPort]*fakeDNS{dns2: {refused: true}}}, run.Warn, "2 records", "resolver-failed", run.Warn},
		{"edns refused", &fakeDNS{zone: corpZone(), change: func(q, m *dns.Msg, _ string) {
			if q.IsEdns0() != nil {
				m.Rcode, m.Answer = dns.RcodeFormatError, nil
			}
		}}, run.Pass, "2 records", "edns-differs", run.Pass},
		{"cut", &fakeDNS{zone: corpZone(), change: func(_, m *dns.Msg, network string) {
			if network == "udp" && len(m.Answer) > 1 {
				m.Truncated, m.Answer = true, m.Answer[:1]
			}
		}}, run.Pass, "2 records", "answer-cut", run.Pass},
		{"cut, no TCP", &fakeDNS{zone: corpZone(), change: func(_, m *dns.Msg, network string) {
			if network == "udp" && len(m.Answer) > 1 {
				m.Truncated, m.Answer = true, m.Answer[:1]
			}
		}, noTCP: true}, run.Warn, "1 record", "answer-cut", run.Warn},
		{"cut to nothing, no TCP", &fakeDNS{zone: corpZone(), change: func(_, m *dns.Msg, network string) {
			m.Truncated, m.Answer = network == "udp", nil
		}, noTCP: true}, run.Fail, "192.0.2.53 is unreachable (the answer was cut", "answer-cut", run.Warn},
		{"referral", &fakeDNS{change: func(_, m *dns.Msg, _ string) {
			rr, _ := dns.NewRR("corp.example. 300 IN NS ns.corp.example.")
			m.Rcode, m.Ns = dns.RcodeSuccess, []dns.RR{rr}
		}}, run.Fail, "gave no answer (only a referral to the name servers of corp.example)", "", ""},
		{"no data from a server of the zone", &fakeDNS{change: func(_, m *dns.Msg, _ string) {
			rr, _ := dns.NewRR("corp.example. 300 IN NS ns.corp.example.")
			m.Rcode, m.Ns, m.Authoritative = dns.RcodeSuccess, []dns.RR{rr}, true
		}}, run.Fail, "the name has no such record", "", ""},
		{"alias in the additional section", &fakeDNS{zone: map[string][]string{owner: {record}}, change: func(_, m *dns.Msg, _ string) {
			rr, _ := dns.NewRR("kms01.corp.example. 60 IN CNAME old.corp.example.")
			m.Extra = append(m.Extra, rr)
		}}, run.Warn, "1 record", "cname-target", run.Warn},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := discover(t, run.Target{Domains: []string{"corp.example"}}, corpLocal(), c.dns)
			got := r.result(t, "dns.srv", "corp.example")
			if got.Status != c.status || !strings.Contains(got.Summary, c.summary) {
				t.Errorf("%s %q, want %s and %q in it\n%+v", got.Status, got.Summary, c.status, c.summary, got.Notes)
			}
			if c.note != "" && !hasNote(got, c.note, c.level) {
				t.Errorf("notes %+v, want %s %s", got.Notes, c.note, c.level)
			}
		})
	}
}

func TestTruncatedAnswerOverTCPIsEvidence(t *testing.T) {
	f := &fakeDNS{zone: corpZone(), change: func(_, m *dns.Msg, network string) {
		if network == "udp" {
			m.Truncated, m.Answer = true, nil
		}
	}}
	r := discover(t, run.Target{Domains: []string{"corp.example"}, Resolvers: []netip.AddrPort{dns1}}, corpLocal(), f)
	first := r.result(t, "dns.srv", "").Evidence.SRV[0]
	if !first.TCP || len(first.Records) != 2 || f.count("_vlmcs._tcp.corp.example SRV tcp") != 1 {
		t.Errorf("%+v; asked %q", first, f.asked)
	}
}

func TestSilentServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		f := &fakeDNS{silent: true}
		r := discover(t, run.Target{Domains: []string{"corp.example"}}, corpLocal(), f)
		got := r.result(t, "dns.srv", "")
		if got.Status != run.Fail || got.Summary != "no answer about _vlmcs._tcp.corp.example: 192.0.2.53 is silent, 192.0.2.54 is silent" {
			t.Errorf("%s %q", got.Status, got.Summary)
		}
		if n := f.count("_vlmcs._tcp.corp.example SRV"); n != 4 {
			t.Errorf("asked %d times, want twice each", n)
		}
		if adba := r.result(t, "adba.site", ""); adba.Status != run.Skip {
			t.Errorf("adba.site %s %q", adba.Status, adba.Summary)
		}
		if took := time.Since(begin); took > 7*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestOneSilentServerDoesNotDelayEachHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeDNS{zone: corpZone(), servers: map[netip.AddrPort]*fakeDNS{dns2: {silent: true}}}
		r := discover(t, run.Target{Domains: []string{"corp.example"}}, corpLocal(), f)
		if got := r.result(t, "dns.srv", ""); got.Status != run.Warn || !hasNote(got, "resolver-failed", run.Warn) {
			t.Errorf("%+v", got)
		}
		if got := r.result(t, "dns.address", "kms01.corp.example:1688"); got.Took > time.Second {
			t.Errorf("dns.address took %s: it waited for a server known to be silent", got.Took)
		}
	})
}

func TestShortLimitNamesTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env := &Env{Target: run.Target{Domains: []string{"corp.example"}}, Local: corpLocal(), DNS: &fakeDNS{silent: true}, Timeout: time.Second}
		r := record(t.Context(), env, discovery(), Options{})
		if got := r.result(t, "dns.srv", ""); got.Status != run.Fail || got.Took > time.Second {
			t.Errorf("%+v", got)
		}
	})
}

func TestOwnDomain(t *testing.T) {
	suffixes := func(names ...string) fakeLocal {
		l := corpLocal()
		l.config.Suffixes = nil
		for i, n := range names {
			l.config.Suffixes = append(l.config.Suffixes, evidence.Suffix{Name: n, Source: fmt.Sprintf("list %d", i)})
		}
		return l
	}
	primaryLast := suffixes("lan.example", "corp.example")
	primaryLast.config.Suffixes[1].Primary = true
	for _, c := range []struct {
		name  string
		local fakeLocal
		want  []string
		srv   []run.Status
	}{
		{"one suffix", suffixes("corp.example"), []string{"corp.example"}, []run.Status{run.Pass}},
		{"the second has the record", suffixes("lan.example", "corp.example", "other.example"), []string{"corp.example", "lan.example", "other.example"}, []run.Status{run.Pass, run.Warn, run.Skip}},
		{"none has a record", suffixes("lan.example", "other.example"), []string{"lan.example", "other.example"}, []run.Status{run.Fail, run.Fail}},
		{"the primary suffix goes first", primaryLast, []string{"corp.example", "lan.example"}, []run.Status{run.Pass, run.Skip}},
		{"no suffix", suffixes(), nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := discover(t, run.Target{}, c.local, &fakeDNS{zone: corpZone()})
			got := r.subjects(run.Domain)
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("domains %q, want %q", got, c.want)
			}
			if status := r.result(t, "dns.config", "").Status; (status == run.Fail) != (c.want == nil) {
				t.Errorf("dns.config %s", status)
			}
			for i, domain := range c.want {
				if got := r.result(t, "dns.srv", domain); got.Status != c.srv[i] {
					t.Errorf("%s: %s %q, want %s", domain, got.Status, got.Summary, c.srv[i])
				}
			}
		})
	}
}

// TestSilentSuffixDoesNotEndTheSearch asks a server that knows one suffix and
// leaves questions about the other unanswered.
func TestSilentSuffixDoesNotEndTheSearch(t *testing.T) {
	local := corpLocal()
	local.config.Suffixes = []evidence.Suffix{{Name: "lan.example", Source: "list"}, {Name: "corp.example", Source: "list"}}
	f := &fakeDNS{zone: corpZone(), rcode: map[string]int{"_vlmcs._tcp.lan.example SRV": dns.RcodeServerFailure}}
	r := discover(t, run.Target{}, local, f)
	if got := r.result(t, "dns.srv", "lan.example"); got.Status != run.Warn || !strings.Contains(got.Summary, "goes on to corp.example") {
		t.Errorf("%s %q", got.Status, got.Summary)
	}
	if got := r.result(t, "dns.srv", "corp.example"); got.Status != run.Pass {
		t.Errorf("%s %q", got.Status, got.Summary)
	}
	for _, c := range r.summary.Causes {
		if c.Verdict == diagnose.Found {
			t.Errorf("%s is found on a site whose clients find a host", c.ID)
		}
	}
}

func TestNamesThatDNSDecides(t *testing.T) {
	local := corpLocal()
	local.hosts = map[string][]netip.Addr{"inhosts": {netip.MustParseAddr("192.0.2.9")}}
	for _, c := range []struct {
		arg          string
		domain, host []string
	}{
		{"corp.example", []string{"corp.example"}, []string{"kms01.corp.example:1688", "kms02.corp.example:1688"}},
		{"kms01.corp.example", nil, []string{"kms01.corp.example:1688"}},
		{"kms01.corp.example:1700", nil, []string{"kms01.corp.example:1700"}},
		{"nothing.example", []string{"nothing.example"}, nil},
		{"inhosts", nil, []string{"inhosts:1688"}},
	} {
		t.Run(c.arg, func(t *testing.T) {
			target, err := ParseTarget([]string{c.arg}, TargetFlags{})
			if err != nil {
				t.Fatal(err)
			}
			r := discover(t, target, local, &fakeDNS{zone: corpZone()})
			if got := r.subjects(run.Domain); !slices.Equal(got, c.domain) {
				t.Errorf("domains %q, want %q", got, c.domain)
			}
			if got := r.subjects(run.Host); !slices.Equal(got, c.host) {
				t.Errorf("hosts %q, want %q", got, c.host)
			}
			taken := c.domain == nil && !strings.Contains(c.arg, ":")
			if got := r.result(t, "dns.config", ""); hasNote(got, "taken-as-host", run.Pass) != taken {
				t.Errorf("notes %+v", got.Notes)
			}
		})
	}
}

func TestNoServers(t *testing.T) {
	local := corpLocal()
	local.config = evidence.ResolverConfig{Problem: "cannot read /etc/resolv.conf: permission denied"}
	for _, c := range []struct {
		args   []string
		status run.Status
	}{
		{nil, run.Fail},
		{[]string{"corp.example"}, run.Fail},
		{[]string{"192.0.2.5"}, run.Skip},
		{[]string{"kms01:1688"}, run.Skip},
	} {
		target, err := ParseTarget(c.args, TargetFlags{})
		if err != nil {
			t.Fatal(err)
		}
		f := &fakeDNS{}
		r := discover(t, target, local, f)
		got := r.result(t, "dns.config", "")
		if got.Status != c.status || !strings.Contains(got.Summary, "permission denied") {
			t.Errorf("%q: %s %q", c.args, got.Status, got.Summary)
		}
		if len(f.asked) != 0 {
			t.Errorf("%q: asked %q", c.args, f.asked)
		}
	}
	target := run.Target{Domains: []string{"corp.example"}, Resolvers: []netip.AddrPort{dns1}}
	r := discover(t, target, local, &fakeDNS{zone: corpZone()})
	if got := r.result(t, "dns.config", ""); got.Status != run.Pass {
		t.Errorf("with --dns: %s %q", got.Status, got.Summary)
	}
	if c := r.result(t, "dns.config", "").Evidence.Configs[0]; c.Resolvers[0].Source != "--dns" || c.Suffixes[0].Source != "--domain" {
		t.Errorf("%+v", c)
	}
}

func TestAddressesOfAHost(t *testing.T) {
	host := "kms01.corp.example"
	a := func(addr string) string { return host + ". 60 IN A " + addr }
	local := corpLocal()
	local.machine.HasIPv6 = true
	withHosts := func(addr string) fakeLocal {
		l := local
		l.hosts = map[string][]netip.Addr{host: {netip.MustParseAddr(addr)}}
		return l
	}
	for _, c := range []struct {
		name      string
		local     fakeLocal
		zone      map[string][]string
		family    int
		status    run.Status
		summary   string
		note      string
		level     run.Status
		endpoints []string
	}{
		{"one", local, map[string][]string{host + " A": {a("192.0.2.5")}}, 0, run.Pass, "192.0.2.5", "", "", []string{"192.0.2.5:1688"}},
		{"none", local, nil, 0, run.Fail, "no address: the name does not exist", "", "", nil},
		{"no data", local, map[string][]string{host + " TXT": {}}, 0, run.Fail, "the name has no such record", "", "", nil},
		{"loopback", local, map[string][]string{host + " A": {a("127.0.0.1")}}, 0, run.Warn, "127.0.0.1", "loopback-address", run.Warn, []string{"127.0.0.1:1688"}},
		{"link-local", local, map[string][]string{host + " A": {a("169.254.3.4")}}, 0, run.Warn, "169.254.3.4", "link-local-address", run.Warn, []string{"169.254.3.4:1688"}},
		{"own", local, map[string][]string{host + " A": {a("192.0.2.17")}}, 0, run.Pass, "192.0.2.17", "own-address", run.Pass, []string{"192.0.2.17:1688"}},
		{"shared space", local, map[string][]string{host + " A": {a("100.64.1.1")}}, 0, run.Pass, "100.64.1.1", "shared-address-space", run.Pass, []string{"100.64.1.1:1688"}},
		{"several", local, map[string][]string{host + " A": {a("192.0.2.5"), a("192.0.2.6")}}, 0, run.Pass, "192.0.2.5, 192.0.2.6", "several-addresses", run.Pass, []string{"192.0.2.5:1688", "192.0.2.6:1688"}},
		{"unspecified", local, map[string][]string{host + " A": {a("0.0.0.0")}}, 0, run.Fail, "no address of a host: 0.0.0.0", "unspecified-address", run.Warn, nil},
		{
			"alias", local,
			map[string][]string{host + " A": {host + ". 60 IN CNAME real.corp.example.", "real.corp.example. 60 IN A 192.0.2.5"}},
			0, run.Warn, "192.0.2.5", "cname-target", run.Warn,
			[]string{"192.0.2.5:1688"},
		},
		{"IPv6", local, map[string][]string{host + " AAAA": {host + ". 60 IN AAAA 2001:db8::5"}}, 0, run.Pass, "2001:db8::5", "", "", []string{"[2001:db8::5]:1688"}},
		{"IPv6 without own", corpLocal(), map[string][]string{host + " AAAA": {host + ". 60 IN AAAA 2001:db8::5"}}, 0, run.Skip, "not tested", "", "", nil},
		{"-4", local, map[string][]string{host + " A": {a("192.0.2.5")}, host + " AAAA": {host + ". 60 IN AAAA 2001:db8::5"}}, 4, run.Pass, "192.0.2.5", "", "", []string{"192.0.2.5:1688"}},
		{"-6", local, map[string][]string{host + " A": {a("192.0.2.5")}, host + " AAAA": {host + ". 60 IN AAAA 2001:db8::5"}}, 6, run.Pass, "2001:db8::5", "", "", []string{"[2001:db8::5]:1688"}},
		{"hosts file only", withHosts("192.0.2.9"), nil, 0, run.Warn, "192.0.2.9", "hosts-file-only", run.Warn, []string{"192.0.2.9:1688"}},
		{"hosts file differs", withHosts("192.0.2.9"), map[string][]string{host + " A": {a("192.0.2.5")}}, 0, run.Warn, "192.0.2.9, 192.0.2.5", "hosts-file-overrides", run.Warn, []string{"192.0.2.5:1688", "192.0.2.9:1688"}},
		{"hosts file agrees", withHosts("192.0.2.5"), map[string][]string{host + " A": {a("192.0.2.5")}}, 0, run.Pass, "192.0.2.5", "hosts-file-agrees", run.Pass, []string{"192.0.2.5:1688"}},
		{"aliases in a ring", local, map[string][]string{host + " A": {host + ". 60 IN CNAME b.example.", "b.example. 60 IN CNAME " + host + "."}}, 0, run.Fail, "no such record", "", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			zone := map[string][]string{"_vlmcs._tcp.corp.example SRV": {"_vlmcs._tcp.corp.example. 60 IN SRV 0 0 1688 " + host + "."}}
			for k, v := range c.zone {
				zone[k] = v
			}
			r := discover(t, run.Target{Domains: []string{"corp.example"}, Family: c.family}, c.local, &fakeDNS{zone: zone})
			got := r.result(t, "dns.address", "")
			if got.Status != c.status || !strings.Contains(got.Summary, c.summary) {
				t.Errorf("%s %q, want %s and %q", got.Status, got.Summary, c.status, c.summary)
			}
			if c.note != "" && !hasNote(got, c.note, c.level) {
				t.Errorf("notes %+v, want %s %s", got.Notes, c.note, c.level)
			}
			if found := r.subjects(run.Endpoint); !slices.Equal(found, c.endpoints) {
				t.Errorf("endpoints %q, want %q", found, c.endpoints)
			}
		})
	}
}

func TestAddressesOfServersThatDisagree(t *testing.T) {
	other := corpZone()
	other["kms02.corp.example A"] = []string{"kms02.corp.example. 60 IN A 192.0.2.66"}
	f := &fakeDNS{zone: corpZone(), servers: map[netip.AddrPort]*fakeDNS{dns2: {zone: other}}}
	r := discover(t, run.Target{Domains: []string{"corp.example"}}, corpLocal(), f)
	got := r.result(t, "dns.address", "kms02.corp.example:1688")
	if got.Status != run.Warn || !hasNote(got, "resolvers-disagree", run.Warn) {
		t.Errorf("%s %+v", got.Status, got.Notes)
	}
}

func TestManyRecordsAreBounded(t *testing.T) {
	zone := map[string][]string{}
	for i := range 400 {
		zone["_vlmcs._tcp.corp.example SRV"] = append(zone["_vlmcs._tcp.corp.example SRV"],
			fmt.Sprintf("_vlmcs._tcp.corp.example. 60 IN SRV 0 0 1688 h%d.corp.example.", i))
	}
	r := discover(t, run.Target{Domains: []string{"corp.example"}}, corpLocal(), &fakeDNS{zone: zone})
	if n := len(r.subjects(run.Host)); n != maxHosts {
		t.Errorf("%d hosts, want %d", n, maxHosts)
	}
}

func TestLiteralTargetsAreEndpoints(t *testing.T) {
	target, err := ParseTarget([]string{"192.0.2.5", "[2001:db8::5]:1700"}, TargetFlags{})
	if err != nil {
		t.Fatal(err)
	}
	r := discover(t, target, corpLocal(), &fakeDNS{})
	if got := r.subjects(run.Endpoint); !slices.Equal(got, []string{"192.0.2.5:1688", "[2001:db8::5]:1700"}) {
		t.Errorf("endpoints %q", got)
	}
	if got := r.result(t, "dns.config", ""); got.Status != run.Pass {
		t.Errorf("%s %q", got.Status, got.Summary)
	}
}
