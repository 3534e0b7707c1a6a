package diagnose

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// verdicts a table test wants, by cause id.
type verdicts map[string]Verdict

func TestLiveRules(t *testing.T) {
	nx, noData, ok := evidence.DNSNoName, evidence.DNSNoData, evidence.DNSAnswered
	status := func(n uint32) func(*evidence.Exchange) {
		return func(x *evidence.Exchange) { ended(evidence.ExchangeFault)(x); x.Status = n }
	}
	identity := func(epid, hwid string) func(*evidence.Exchange) {
		return func(x *evidence.Exchange) { x.EPID, x.HwID = epid, hwid }
	}
	bound := func() *site {
		return published(kms01).reach(kms01, "10.0.0.5", evidence.Open).bind(kms01, "10.0.0.5", evidence.BindAccepted)
	}
	one := func(o evidence.DialOutcome) *site { return published(kms01).reach(kms01, "10.0.0.5", o) }
	bindEnds := func(o evidence.BindOutcome, change ...func(*evidence.Bind)) *site {
		return one(evidence.Open).bind(kms01, "10.0.0.5", o, change...)
	}
	for _, test := range []struct {
		name  string
		site  *site
		want  verdicts
		first string // best cause
		code  uint32 // of the first
	}{
		{
			"no record", newSite().srv("corp.example", "10.0.0.2", nx),
			verdicts{"srv-record-missing": Found, "dns-server-unreachable": RuledOut, "client-no-dns-server": RuledOut, "firewall-block-1688": Untested, "duplicate-cmid": Untested},
			"srv-record-missing", 0x8007232B,
		},
		{"name without records", newSite().srv("corp.example", "10.0.0.2", noData), verdicts{"srv-record-missing": Found}, "srv-record-missing", 0x8007251D},
		{"service declared absent", published("."), verdicts{"srv-record-missing": Found}, "srv-record-missing", 0x8007232B},
		{
			"record misspelt", newSite().srv("corp.example", "10.0.0.2", nx).other(evidence.SRVMisspelt, "corp.example", "_vmlcs._tcp.corp.example", ok, kms01),
			verdicts{"srv-record-missing": Found},
			"srv-record-missing", 0x8007232B,
		},
		{
			"no record in Active Directory", newSite().srv("corp.example", "10.0.0.2", nx).other(evidence.SRVDC, "corp.example", "_ldap._tcp.dc._msdcs.corp.example", ok, "dc01.corp.example"),
			verdicts{"adba-site": Possible, "srv-record-missing": Possible},
			"adba-site", 0,
		},
		{
			"only the bare name answers", newSite().srv("corp.example", "10.0.0.2", nx).other(evidence.SRVBareName, "", "_vlmcs._tcp", ok, kms01),
			verdicts{"dns-suffix-missing": Possible, "srv-record-missing": Found},
			"srv-record-missing", 0x8007232B,
		},
		{
			"resolvers disagree", published(kms01).srv("corp.example", "10.0.0.3", nx).works(kms01, "10.0.0.5"),
			verdicts{"srv-wrong-zone": Found, "srv-record-missing": RuledOut},
			"srv-wrong-zone", 0x8007232B,
		},
		{
			"another domain has it", published(kms01).works(kms01, "10.0.0.5").srv("branch.example", "10.0.0.2", nx),
			verdicts{"srv-record-missing": Found, "srv-wrong-zone": Possible},
			"srv-record-missing", 0x8007232B,
		},
		{
			"all resolvers dead", newSite().srv("corp.example", "10.0.0.2", evidence.DNSSilent).srv("corp.example", "10.0.0.3", evidence.DNSServFail),
			verdicts{"dns-server-unreachable": Found, "srv-record-missing": Untested},
			"dns-server-unreachable", 0x8007232A,
		},
		{
			"one resolver dead", published(kms01).srv("corp.example", "10.0.0.3", evidence.DNSSilent).works(kms01, "10.0.0.5"),
			verdicts{"dns-server-unreachable": Possible, "srv-wrong-zone": RuledOut},
			"dns-server-unreachable", 0,
		},
		{"target without address", published(kms01).address(kms01, nx), verdicts{"kms-hostname-unresolvable": Found, "srv-stale-host": Possible}, "kms-hostname-unresolvable", 0xC004F074},
		{"address only in IPv4", published(kms01).works(kms01, "10.0.0.5").address(kms01, noData), verdicts{"kms-hostname-unresolvable": RuledOut, "srv-stale-host": RuledOut}, "", 0},
		{"lone host silent", one(evidence.Silent), verdicts{"firewall-block-1688": Possible, "kms-host-service-stopped": Possible, "srv-stale-host": Possible, "off-network-no-vpn": Possible, "srv-record-missing": RuledOut}, "firewall-block-1688", 0xC004F074},
		{
			"silent, another port answers", one(evidence.Silent).alive(kms01, "10.0.0.5", 445, evidence.Open),
			verdicts{"kms-host-service-stopped": Possible, "firewall-block-1688": Possible, "kms-host-profile-public": Possible, "off-network-no-vpn": Untested},
			"kms-host-service-stopped", 0xC004F074,
		},
		{
			"silent, nothing else answers, another host serves", published(kms01, kms02).works(kms01, "10.0.0.5").reach(kms02, "10.9.0.6", evidence.Silent).alive(kms02, "10.9.0.6", 445, evidence.Silent),
			verdicts{"srv-stale-host": Possible, "kms-host-service-stopped": Possible},
			"srv-stale-host", 0xC004F074,
		},
		{
			"refused", one(evidence.Refused),
			verdicts{"kms-host-service-stopped": Possible, "kms-host-port-unavailable": Possible, "kms-host-key-missing": Possible, "middlebox-l7-inspection": Untested, "firewall-block-1688": Possible},
			"kms-host-service-stopped", 0xC004F074,
		},
		{"a filter says so", one(evidence.Prohibited), verdicts{"firewall-block-1688": Found, "kms-host-service-stopped": Untested}, "firewall-block-1688", 0xC004F074},
		{"own policy", one(evidence.LocalRefusal), verdicts{"firewall-block-1688": Found}, "firewall-block-1688", 0xC004F074},
		{"no route", one(evidence.NoRoute), verdicts{"off-network-no-vpn": Possible}, "off-network-no-vpn", 0xC004F074},
		{"unreachable", one(evidence.Unreachable), verdicts{"srv-stale-host": Possible, "off-network-no-vpn": Possible, "firewall-block-1688": Possible}, "srv-stale-host", 0xC004F074},
		{"no family of its own", one(evidence.NoFamily), verdicts{"firewall-block-1688": Untested, "kms-host-service-stopped": Untested}, "", 0},
		{"half open", one(evidence.HalfOpen), verdicts{"asymmetric-return-path": Found}, "asymmetric-return-path", 0xC004F074},
		{
			"one of two addresses", published(kms01).works(kms01, "10.0.0.5").dial(kms01, "192.168.50.5", evidence.Silent),
			verdicts{"dns-address-wrong-nic": Found, "firewall-block-1688": Untested, "kms-host-service-stopped": Untested},
			"dns-address-wrong-nic", 0,
		},
		{"TLS at the port", bindEnds(evidence.BindNotRPC, func(b *evidence.Bind) { b.LooksLike = "TLS" }), verdicts{"middlebox-l7-inspection": Possible, "kms-host-port-unavailable": Possible, "firewall-block-1688": RuledOut}, "middlebox-l7-inspection", 0xC004F074},
		{"bind silent", bindEnds(evidence.BindSilent), verdicts{"middlebox-l7-inspection": Possible, "emulator-server-fault": Possible}, "middlebox-l7-inspection", 0xC004F074},
		{"another RPC service", bindEnds(evidence.BindNoInterface), verdicts{"kms-host-key-missing": Possible, "kms-host-port-unavailable": Possible}, "kms-host-key-missing", 0xC004F074},
		{"made-up address", published(kms01).reach(kms01, "100.64.3.7", evidence.Open).bind(kms01, "100.64.3.7", evidence.BindReset), verdicts{"ztna-synthetic-address": Possible}, "ztna-synthetic-address", 0xC004F074},
		{"fault 5", bound().request(kms01, "10.0.0.5", "windows-11", status(5)), verdicts{"rpc-anonymous-blocked": Possible, "emulator-server-fault": Untested}, "rpc-anonymous-blocked", 0xC004F074},
		{"another fault", bound().request(kms01, "10.0.0.5", "windows-11", status(0x1C01000B)), verdicts{"emulator-server-fault": Possible, "rpc-anonymous-blocked": Untested}, "emulator-server-fault", 0xC004F074},
		{"request unanswered", bound().request(kms01, "10.0.0.5", "windows-11", ended(evidence.ExchangeSilent)), verdicts{"emulator-server-fault": Possible, "middlebox-l7-inspection": Possible}, "emulator-server-fault", 0xC004F074},
		{"answer fails its checks", bound().request(kms01, "10.0.0.5", "windows-11", ended(evidence.Unverified)), verdicts{"emulator-server-fault": Possible}, "emulator-server-fault", 0xC004F074},
		{"host not activated", bound().request(kms01, "10.0.0.5", "windows-11", refusedWith(0xC004F041)), verdicts{"kms-host-not-activated": Found, "kms-host-cannot-reach-microsoft": Possible}, "kms-host-not-activated", 0xC004F041},
		{"no KMS enabled", bound().request(kms01, "10.0.0.5", "windows-11", refusedWith(0xC004F039)), verdicts{"kms-host-key-missing": Found}, "kms-host-key-missing", 0xC004F039},
		{
			"newer refused, older served", bound().request(kms01, "10.0.0.5", "server-2025", refusedWith(0xC004F042)).request(kms01, "10.0.0.5", "server-2016"),
			verdicts{"host-key-too-old-for-client": Found, "host-windows-key-missing": RuledOut, "host-update-missing": Possible},
			"host-key-too-old-for-client", 0xC004F042,
		},
		{
			"Windows refused, Office served", bound().request(kms01, "10.0.0.5", "windows-11", refusedWith(0xC004F042)).request(kms01, "10.0.0.5", "office-2021"),
			verdicts{"host-windows-key-missing": Found, "host-key-too-old-for-client": Untested},
			"host-windows-key-missing", 0xC004F042,
		},
		{
			"Windows refused, nothing else asked", bound().request(kms01, "10.0.0.5", "windows-11", refusedWith(0xC004F042)),
			verdicts{"host-key-too-old-for-client": Possible, "host-windows-key-missing": Possible},
			"host-key-too-old-for-client", 0xC004F042,
		},
		{
			"Office refused", bound().request(kms01, "10.0.0.5", "office-2021", refusedWith(0xC004F042)).request(kms01, "10.0.0.5", "windows-11"),
			verdicts{"host-office-key-missing": Found},
			"host-office-key-missing", 0xC004F042,
		},
		{"clock", bound().request(kms01, "10.0.0.5", "windows-11", refusedWith(0xC004F06C)), verdicts{"client-clock-skew": Found}, "client-clock-skew", 0xC004F074},
		{"count too low", bound().request(kms01, "10.0.0.5", "windows-11", count(12)), verdicts{"count-below-threshold": Found, "duplicate-cmid": Possible}, "count-below-threshold", 0xC004F038},
		{
			"count too low on a new host", bound().request(kms01, "10.0.0.5", "windows-11", count(3), identity("03612-00206-557-318840-03-1033-17763.0000-3102026", "364f463a8863d35f")),
			verdicts{"count-below-threshold": Found, "count-reset-after-host-move": Possible},
			"count-below-threshold", 0xC004F038,
		},
		{"count just enough", bound().request(kms01, "10.0.0.5", "windows-11", count(25)), verdicts{"count-below-threshold": RuledOut}, "", 0},
		{
			"two hosts behind one address", bound().request(kms01, "10.0.0.5", "windows-11", count(30)).
				request(kms01, "10.0.0.5", "windows-11", count(28), identity("03612-00206-557-318841-03-1033-17763.0000-0852021", "1111111111111111")),
			verdicts{"lb-splits-count": Found},
			"lb-splits-count", 0,
		},
		{
			"Windows and Office have their own identity", bound().request(kms01, "10.0.0.5", "windows-11").request(kms01, "10.0.0.5", "office-2021", identity("03612-00206-571-000001-03-1033-17763.0000-0852021", "364f463a8863d35f")),
			verdicts{"lb-splits-count": Untested},
			"", 0,
		},
		{
			"low counts on several hosts", published(kms01, kms02).works(kms01, "10.0.0.5").works(kms02, "10.0.0.6").
				request(kms01, "10.0.0.5", "windows-11", count(9)).request(kms02, "10.0.0.6", "windows-11", count(17)),
			verdicts{"count-below-threshold": Found, "srv-rogue-kms-hosts": Possible},
			"count-below-threshold", 0xC004F038,
		},
		{
			"a published host disagrees", published(kms01, "desktop-7k2m9q1.corp.example").works(kms01, "10.0.0.5").
				reach("desktop-7k2m9q1.corp.example", "10.0.3.9", evidence.Open).bind("desktop-7k2m9q1.corp.example", "10.0.3.9", evidence.BindAccepted).
				request("desktop-7k2m9q1.corp.example", "10.0.3.9", "windows-11", refusedWith(0xC004F042)),
			verdicts{"srv-rogue-kms-hosts": Possible, "host-key-too-old-for-client": Possible},
			"host-key-too-old-for-client", 0xC004F042,
		},
		{"link-local KMS of EC2", newSite().reach("169.254.169.250", "169.254.169.250", evidence.Silent), verdicts{"cloud-kms-stale-link-local-route": Possible, "kms-host-service-stopped": Untested}, "cloud-kms-stale-link-local-route", 0xC004F074},
		{"Azure's KMS silent", newSite().reach("azkms.core.windows.net", "20.118.99.224", evidence.Silent), verdicts{"cloud-kms-no-egress": Possible, "cloud-kms-forced-tunnel": Possible, "firewall-block-1688": Possible, "kms-host-service-stopped": Untested}, "cloud-kms-no-egress", 0xC004F074},
		{"Azure's KMS cuts the connection", newSite().reach("azkms.core.windows.net", "20.118.99.224", evidence.Open).bind("azkms.core.windows.net", "20.118.99.224", evidence.BindReset), verdicts{"cloud-kms-forced-tunnel": Possible}, "cloud-kms-forced-tunnel", 0xC004F074},
		{"Azure's old address", newSite().reach("kms.core.windows.net", "23.102.135.246", evidence.Silent), verdicts{"cloud-kms-ip-changed": Possible}, "cloud-kms-ip-changed", 0xC004F074},
		{"another port", newSite().srv("corp.example", "10.0.0.2", ok, kms01).address(kms01, ok, "10.0.0.5").onPort(kms01, "10.0.0.5:1689", evidence.Refused), verdicts{"kms-host-port-unavailable": Possible, "kms-host-service-stopped": Possible}, "kms-host-service-stopped", 0xC004F074},
	} {
		t.Run(test.name, func(t *testing.T) {
			causes := Diagnose(&test.site.Set)
			for id, want := range test.want {
				if got := verdictOf(t, causes, id); got != want {
					t.Errorf("%s is %s, want %s", id, got, want)
				}
			}
			got := ""
			if ids := likely(causes); len(ids) > 0 {
				got = ids[0]
			}
			if got != test.first {
				t.Errorf("first is %q, want %q:\n%s", got, test.first, show(causes))
			}
			if got != "" && causes[0].Code != test.code {
				t.Errorf("code is 0x%08X, want 0x%08X", causes[0].Code, test.code)
			}
		})
	}
}

// onPort adds a connection attempt to another port.
func (s *site) onPort(host, addr string, outcome evidence.DialOutcome) *site {
	a := netip.MustParseAddrPort(addr)
	s.Dials = append(s.Dials, evidence.Dial{
		Origin: check("tcp.connect", host), Purpose: evidence.DialKMS, Host: host, Address: a, Port: a.Port(),
		Outcome: outcome, Tries: []evidence.Try{{Started: noon, Outcome: outcome}},
	})
	return s
}

func TestHealthySiteHasNoCause(t *testing.T) {
	for name, s := range map[string]*site{
		"one host":    published(kms01).works(kms01, "10.0.0.5"),
		"two hosts":   published(kms01, kms02).works(kms01, "10.0.0.5").works(kms02, "10.0.0.6"),
		"Office too":  published(kms01).works(kms01, "10.0.0.5").request(kms01, "10.0.0.5", "office-2021", count(10)),
		"bind only":   published(kms01).reach(kms01, "10.0.0.5", evidence.Open).bind(kms01, "10.0.0.5", evidence.BindAccepted),
		"another day": published(kms01).reach(kms01, "10.0.0.5", evidence.Silent).works(kms01, "10.0.0.5"),
	} {
		if ids := likely(Diagnose(&s.Set)); len(ids) > 0 {
			t.Errorf("%s: found or possible: %q", name, ids)
		}
	}
}

func TestSubjectsAreSplitWhereRemediesDiffer(t *testing.T) {
	s := published(kms01, kms02, "kms03.corp.example").works(kms01, "10.0.0.5").
		reach(kms02, "10.0.0.6", evidence.Silent).alive(kms02, "10.0.0.6", 445, evidence.Open).
		reach("kms03.corp.example", "10.9.0.7", evidence.Silent)
	var groups [][]string
	for _, c := range Diagnose(&s.Set) {
		if c.ID == "kms-host-service-stopped" {
			groups = append(groups, c.Subjects)
		}
	}
	want := [][]string{{kms02}, {"kms03.corp.example"}}
	if !slices.EqualFunc(groups, want, slices.Equal) {
		t.Errorf("groups %v, want %v", groups, want)
	}
}

func TestHostItselfIsNoFault(t *testing.T) {
	s := published(kms01).works(kms01, "10.0.4.17")
	causes := Diagnose(&s.Set)
	c, _ := find(causes, "kms-host-is-client-itself")
	if c.Verdict != Untested || len(c.Because) == 0 {
		t.Errorf("a run on the host: %s %v, want untested with what was seen", c.Verdict, c.Because)
	}
	if ids := likely(causes); len(ids) > 0 {
		t.Errorf("found or possible: %q", ids)
	}
}

func TestMeasuredClocks(t *testing.T) {
	s := published(kms01).works(kms01, "10.0.0.5")
	s.Clocks = []evidence.ClockSample{{Origin: check("kms.clock", kms01), Of: kms01, Than: "this machine", Method: "SNTP", Offset: -5 * time.Hour, Error: time.Second, KMS: true}}
	c, _ := find(Diagnose(&s.Set), "client-clock-skew")
	if c.Verdict != Found || c.Inner != 0xC004F06C || c.Because[0].Text != "the clock of kms01.corp.example is 5 h 0 min behind this machine (SNTP)" {
		t.Errorf("%s %+v inner 0x%08X", c.Verdict, c.Because, c.Inner)
	}
	s.Clocks[0].Offset = time.Minute
	c, _ = find(Diagnose(&s.Set), "client-clock-skew")
	if c.Verdict != Untested || len(c.Against) != 1 {
		t.Errorf("a clock that is right: %s %+v; a client's own clock is never tested from here", c.Verdict, c.Against)
	}
}

func TestBlockedSourceInCapture(t *testing.T) {
	dial := func(client string, at time.Time, o evidence.DialOutcome) evidence.Dial {
		return evidence.Dial{
			Origin: evidence.Origin{File: "lan.pcap", Packets: []int64{1}}, Purpose: evidence.DialKMS, Host: "10.0.0.5", Address: netip.MustParseAddrPort("10.0.0.5:1688"),
			Local: netip.MustParseAddrPort(client + ":50000"), Outcome: o, Tries: []evidence.Try{{Started: at, Outcome: o}},
		}
	}
	set := evidence.Set{Dials: []evidence.Dial{dial("10.0.1.1", noon, evidence.Open), dial("10.0.2.1", noon.Add(time.Second), evidence.Silent)}}
	causes := Diagnose(&set)
	if causes[0].ID != "firewall-block-1688" || causes[0].Verdict != Possible {
		t.Errorf("one source is served, another not:\n%s", show(causes))
	}
	set.Dials[1].Tries[0].Started = noon.Add(-time.Hour)
	if ids := likely(Diagnose(&set)); len(ids) > 0 {
		t.Errorf("silent before anybody was served: %q", ids)
	}
}

func TestDuplicateClientIDs(t *testing.T) {
	const id, other = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	for _, test := range []struct {
		name  string
		cmids []string // "CMID machine"
		want  Verdict
	}{
		{"three names", []string{id + " pc1", id + " pc2", id + " pc3"}, Found},
		{"the first comes back", []string{id + " pc1", id + " pc2", id + " pc1"}, Found},
		{"renamed once", []string{id + " pc1", id + " pc2", id + " pc2"}, Possible},
		{"short and full name", []string{id + " PC1", id + " pc1.corp.example"}, RuledOut},
		{"one each", []string{id + " pc1", other + " pc2"}, RuledOut},
		{"the probe", []string{kms.ProbeCMID.String() + " pc1", kms.ProbeCMID.String() + " pc2", kms.ProbeCMID.String() + " pc3"}, RuledOut},
	} {
		var set evidence.Set
		for i, line := range test.cmids {
			set.HostRequests = append(set.HostRequests, evidence.HostRequestEvent{Origin: paste(i + 1), CMID: line[:36], Machine: line[37:], NPolicy: 25})
		}
		if got := verdictOf(t, Diagnose(&set), "duplicate-cmid"); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	var set evidence.Set
	for i, from := range []string{"10.0.1.1", "10.0.1.1", "10.0.1.1"} {
		set.Exchanges = append(set.Exchanges, evidence.Exchange{
			Origin: evidence.Origin{File: "lan.pcap"}, Host: "10.0.0.5", Address: at("10.0.0.5"), Outcome: evidence.Served, Count: 50, NPolicy: 25,
			CMID: id, Workstation: []string{"old", "new", "newer"}[i], Client: netip.AddrPortFrom(netip.MustParseAddr(from), 50000),
		})
	}
	if got := verdictOf(t, Diagnose(&set), "duplicate-cmid"); got == Found || got == Possible {
		t.Errorf("one address under three names: %s", got)
	}
	set.Exchanges[1].Client = netip.MustParseAddrPort("10.0.1.2:50000")
	set.Exchanges[2].Client = netip.MustParseAddrPort("10.0.1.3:50000")
	if got := verdictOf(t, Diagnose(&set), "duplicate-cmid"); got != Found {
		t.Errorf("three machines with one id: %s", got)
	}
}
