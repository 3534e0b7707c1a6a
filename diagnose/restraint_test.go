package diagnose

import (
	"math"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// answeredBy says which server gave an answer, and of which family.
func answeredBy(a evidence.AddressAnswer, family int, resolver string) evidence.AddressAnswer {
	a.Family, a.Resolver = family, netip.MustParseAddrPort(resolver+":53")
	return a
}

func TestNamedHostNeedsNoSuffix(t *testing.T) {
	s := newSite().onPort("10.0.0.5", "10.0.0.5:20000", evidence.Open)
	s.Configs[0].Suffixes = nil
	if ids := likely(Diagnose(&s.Set)); len(ids) > 0 {
		t.Errorf("a host that was named answers, and still: %q", ids)
	}
	s = newSite()
	s.Configs[0].Suffixes = nil
	if ids := likely(Diagnose(&s.Set)); !slices.Contains(ids, "dns-suffix-missing") {
		t.Errorf("nothing to ask for: %q", ids)
	}
}

func TestRemediesKeepThePort(t *testing.T) {
	for _, test := range []struct{ host, addr, want string }{
		{"127.0.0.1", "127.0.0.1:20000", "kmsdiag check 127.0.0.1:20000"},
		{"::1", "[::1]:20000", "kmsdiag check [::1]:20000"},
		{kms01, "10.0.0.5:1688", "kmsdiag check " + kms01},
	} {
		s := newSite().onPort(test.host, test.addr, evidence.Refused)
		for _, c := range Diagnose(&s.Set) {
			if c.Verdict != Possible && c.Verdict != Found {
				continue
			}
			for _, step := range append(c.Remedies, *c.Next) {
				for _, line := range append(step.Commands, step.Verify) {
					i := strings.Index(line, "kmsdiag check ")
					if i >= 0 && !strings.Contains(line, test.want) && !strings.Contains(line, "DOMAIN") {
						t.Errorf("%s of %s: %q, want %q", step.Who, c.ID, line, test.want)
					}
				}
			}
		}
	}
}

func TestResolversDisagreeAboutAName(t *testing.T) {
	const other, same = "10.0.0.3", "10.0.0.2"
	for _, test := range []struct {
		name     string
		resolver string
		family   int
		file     bool
		want     Verdict
	}{
		{"the same server denies AAAA", same, 6, false, RuledOut},
		{"another server denies the name", other, 4, false, Possible},
		{"only the hosts file knows it", other, 4, true, RuledOut},
	} {
		s := published(kms01).works(kms01, "10.0.0.5")
		s.Addresses[0].HostsFile = test.file
		s.Addresses = append(s.Addresses, answeredBy(evidence.AddressAnswer{Origin: check("dns.address", kms01), Host: kms01, Outcome: evidence.DNSNoName}, test.family, test.resolver))
		if got := verdictOf(t, Diagnose(&s.Set), "kms-hostname-unresolvable"); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestDeadNameIsSaidOnce(t *testing.T) {
	s := published(kms01).address(kms01, evidence.DNSNoName).address(kms01, evidence.DNSNoName)
	s.Addresses[1].Family = 6
	c, _ := find(Diagnose(&s.Set), "kms-hostname-unresolvable")
	if len(c.Because) != 1 {
		t.Errorf("because %+v, want one line", c.Because)
	}
}

func TestNoCountProvesNothing(t *testing.T) {
	s := published(kms01).reach(kms01, "10.0.0.5", evidence.Open).request(kms01, "10.0.0.5", "windows-11", count(math.MaxUint32))
	causes := Diagnose(&s.Set)
	if got := verdictOf(t, causes, "count-below-threshold"); got != Untested {
		t.Errorf("count-below-threshold is %s", got)
	}
	c := Conclude(&s.Set, causes)
	if len(c.Proved) > 0 || !strings.Contains(c.Text, "kms01 answers for Windows 11 Enterprise and states no count") {
		t.Errorf("proved %q, text %q", c.Proved, c.Text)
	}
}

func TestConcludeNamesWhoFindsNothing(t *testing.T) {
	s := published(kms01).srv("corp.example", "10.0.0.3", evidence.DNSNoName).works(kms01, "10.0.0.5")
	if got := Conclude(&s.Set, nil).Text; !strings.Contains(got, "\nClients that ask 10.0.0.3 find no KMS host for corp.example.\n") {
		t.Errorf("got %q", got)
	}
}

func TestOwnClockIsNoClients(t *testing.T) {
	s := published(kms01).works(kms01, "10.0.0.5")
	s.Clocks = []evidence.ClockSample{{Origin: check("kms.clock", kms01), Of: "ntp.corp.example", Than: "this machine"}}
	if got := Conclude(&s.Set, nil).NotTested; !slices.Contains(got, "any PC's clock") {
		t.Errorf("not tested: %q", got)
	}
	s.Clocks[0].Origin = paste(1)
	if got := Conclude(&s.Set, nil).NotTested; slices.Contains(got, "any PC's clock") {
		t.Errorf("a pasted clock is a client's: %q", got)
	}
}

func TestOnlyWhoSpokeSays(t *testing.T) {
	s := newSite().srv("corp.example", "10.0.0.2", evidence.DNSSilent).srv("corp.example", "10.0.0.3", evidence.DNSServFail)
	c, _ := find(Diagnose(&s.Set), "dns-server-unreachable")
	if len(c.Because) != 2 || !strings.HasSuffix(c.Because[0].Text, ", asked 10.0.0.2") || !strings.HasSuffix(c.Because[1].Text, ", says 10.0.0.3") {
		t.Errorf("because %+v", c.Because)
	}
}

// walked is a published host that answers on its KMS port and takes the bind.
func walked() *site {
	return published(kms01).reach(kms01, "10.0.0.5", evidence.Open).bind(kms01, "10.0.0.5", evidence.BindAccepted)
}

func faulted(status uint32) func(*evidence.Exchange) {
	return func(x *evidence.Exchange) { ended(evidence.ExchangeFault)(x); x.Status = status }
}

// TestEveryFailureHasACause is a law: whatever way a question, a connection, a
// bind or a request ends without success, something explains it.
func TestEveryFailureHasACause(t *testing.T) {
	sites := map[string]*site{}
	for _, o := range []evidence.DNSOutcome{
		evidence.DNSNoName, evidence.DNSNoData, evidence.DNSServFail, evidence.DNSRefused,
		evidence.DNSSilent, evidence.DNSUnreachable, evidence.DNSMalformed, evidence.DNSOther,
	} {
		sites["SRV "+string(o)] = newSite().srv("corp.example", "10.0.0.2", o)
		sites["address "+string(o)] = published(kms01).address(kms01, o)
	}
	for _, o := range []evidence.DialOutcome{
		evidence.Refused, evidence.Silent, evidence.Unreachable, evidence.PortUnreachable, evidence.Prohibited, evidence.RejectedByICMP,
		evidence.HalfOpen, evidence.NoRoute, evidence.LocalRefusal, evidence.DialFailed, evidence.DialOther,
	} {
		sites["dial "+string(o)] = published(kms01).reach(kms01, "10.0.0.5", o)
	}
	for _, o := range []evidence.BindOutcome{
		evidence.BindNoInterface, evidence.BindNoSyntax, evidence.BindRejected, evidence.BindNak, evidence.BindFault, evidence.BindSilent,
		evidence.BindClosed, evidence.BindReset, evidence.BindNotRPC, evidence.BindGarbled, evidence.BindOther,
	} {
		sites["bind "+string(o)] = published(kms01).reach(kms01, "10.0.0.5", evidence.Open).bind(kms01, "10.0.0.5", o)
	}
	for _, o := range []evidence.ExchangeOutcome{
		evidence.Unverified, evidence.ExchangeFault, evidence.ExchangeSilent, evidence.ExchangeClosed, evidence.ExchangeReset,
		evidence.ExchangeGarbled, evidence.ExchangeNoReply, evidence.ExchangeOther,
	} {
		sites["request "+string(o)] = walked().request(kms01, "10.0.0.5", "windows-11", ended(o))
	}
	for _, code := range []uint32{0x80070005, 0x8007000D, 0x80004005, 0xC004F015, 0xC004F038, 0xC004F041, 0xC004F050, 0x12345678} {
		sites["refused with "+hexCode(code)] = walked().request(kms01, "10.0.0.5", "windows-11", refusedWith(code))
	}
	noServers := newSite()
	noServers.Configs[0].Resolvers, noServers.Configs[0].Problem = nil, "/etc/resolv.conf: permission denied"
	sites["unreadable configuration"] = noServers
	for name, s := range sites {
		if len(likely(Diagnose(&s.Set))) == 0 {
			t.Errorf("%s: no cause", name)
		}
	}
}

func hexCode(code uint32) string { return sighting{code: code}.finding().Text }

func TestOlderProtocolOnly(t *testing.T) {
	in := func(version string) func(*evidence.Exchange) {
		return func(x *evidence.Exchange) { x.Version = version }
	}
	s := walked().request(kms01, "10.0.0.5", "windows-11", refusedWith(0x8007000D)).request(kms01, "10.0.0.5", "windows-11", in("5.0"))
	causes := Diagnose(&s.Set)
	if got := likely(causes); len(got) < 3 || got[0] != "host-key-too-old-for-client" || !slices.Contains(got, "host-update-missing") || !slices.Contains(got, "emulator-server-fault") {
		t.Errorf("a host that knows only V5: %s", show(causes))
	}
	if causes[0].Code != 0x8007000D || !strings.Contains(causes[0].Because[0].Text, "answers protocol 5.0 and refuses 6.0") {
		t.Errorf("code 0x%08X because %+v", causes[0].Code, causes[0].Because)
	}
}

func TestSecondRefusalSpeaksOfAMissingKey(t *testing.T) {
	s := walked().request(kms01, "10.0.0.5", "server-2025", refusedWith(0xC004F042)).
		request(kms01, "10.0.0.5", "windows-10", refusedWith(0xC004F042), func(x *evidence.Exchange) { x.Second = true })
	causes := Diagnose(&s.Set)
	if causes[0].ID != "host-windows-key-missing" || causes[0].Verdict != Possible || len(causes[0].Because) != 2 {
		t.Errorf("two generations refused:\n%s", show(causes))
	}
	if c, _ := find(causes, "host-key-too-old-for-client"); c.Verdict != Possible || len(c.Against) != 1 {
		t.Errorf("host-key-too-old-for-client: %s, against %+v", c.Verdict, c.Against)
	}
}

func TestTicketSaysHowFarItGot(t *testing.T) {
	for _, test := range []struct {
		name string
		site *site
		want string
	}{
		{"bind", published(kms01).reach(kms01, "10.0.0.5", evidence.Open).bind(kms01, "10.0.0.5", evidence.BindReset), "the connection was reset after the RPC bind"},
		{"request", walked().request(kms01, "10.0.0.5", "windows-11", ended(evidence.ExchangeSilent)), "the bind was accepted, the KMS request got no answer; tries: 2026-11-23 12:04:05.0 UTC"},
	} {
		c, _ := find(Diagnose(&test.site.Set), "middlebox-l7-inspection")
		i := slices.IndexFunc(c.Remedies, func(s Step) bool { return s.Shell == "ticket" })
		if i < 0 || !strings.Contains(strings.Join(c.Remedies[i].Commands, "\n"), test.want) {
			t.Errorf("%s: %+v, want %q", test.name, c.Remedies, test.want)
		}
	}
}

func TestFaultsAndNaksOfRPC(t *testing.T) {
	nak := func(reason uint16) *site {
		return published(kms01).reach(kms01, "10.0.0.5", evidence.Open).
			bind(kms01, "10.0.0.5", evidence.BindNak, func(b *evidence.Bind) { b.Reason = reason })
	}
	for _, test := range []struct {
		name  string
		site  *site
		first string
		not   string
	}{
		{"access denied", walked().request(kms01, "10.0.0.5", "windows-11", faulted(5)), "rpc-anonymous-blocked", "emulator-server-fault"},
		{"unknown interface", walked().request(kms01, "10.0.0.5", "windows-11", faulted(0x1C010003)), "kms-host-key-missing", "emulator-server-fault"},
		{"temporary congestion", nak(1), "kms-host-just-booted", "emulator-server-fault"},
		{"local limit exceeded", nak(2), "kms-host-just-booted", "emulator-server-fault"},
		{"protocol version", nak(4), "emulator-server-fault", "kms-host-just-booted"},
	} {
		causes := Diagnose(&test.site.Set)
		got := likely(causes)
		if got[0] != test.first || slices.Contains(got, test.not) {
			t.Errorf("%s:\n%s", test.name, show(causes))
		}
		if causes[0].Verdict != Possible {
			t.Errorf("%s: %s is %s", test.name, test.first, causes[0].Verdict)
		}
	}
}

func TestRemediesFitTheCase(t *testing.T) {
	all := func(c Cause) string {
		text := ""
		for _, s := range c.Remedies {
			text += s.Who + ": " + s.Text + strings.Join(s.Commands, "\n") + "\n"
		}
		return text
	}
	s := published(kms01).srv("corp.example", "10.0.0.3", evidence.DNSNoName).works(kms01, "10.0.0.5")
	c, _ := find(Diagnose(&s.Set), "srv-wrong-zone")
	if text := all(c); c.Verdict != Found || strings.Contains(text, "DnsDomainPublishList") || strings.Contains(text, "/skms-domain") || !strings.Contains(text, "10.0.0.3") {
		t.Errorf("servers that disagree: %s", text)
	}
	s = published(kms01).works(kms01, "10.0.0.5").srv("branch.example", "10.0.0.2", evidence.DNSNoName)
	c, _ = find(Diagnose(&s.Set), "srv-wrong-zone")
	if text := all(c); !strings.Contains(text, "DnsDomainPublishList") || !strings.Contains(text, "/skms-domain corp.example") {
		t.Errorf("another domain has it: %s", text)
	}
	s = published(kms01, kms02).reach(kms01, "10.0.0.5", evidence.LocalRefusal).reach(kms02, "10.0.0.6", evidence.Prohibited)
	causes := Diagnose(&s.Set)
	i := slices.IndexFunc(causes, func(c Cause) bool { return c.ID == "firewall-block-1688" && slices.Contains(c.Subjects, kms01) })
	if i < 0 || len(causes[i].Subjects) != 1 || strings.Contains(all(causes[i]), "SPPSVC-In-TCP") || !strings.Contains(all(causes[i]), "client: ") || causes[i].Next != nil {
		t.Errorf("this machine forbids it:\n%s", show(causes))
	}
}

func TestOwnNetworkIsNoServersFault(t *testing.T) {
	s := newSite().srv("corp.example", "10.0.0.2", evidence.DNSUnreachable)
	s.SRV[0].Detail = "network is unreachable"
	causes := Diagnose(&s.Set)
	if causes[0].ID != "off-network-no-vpn" || verdictOf(t, causes, "dns-server-unreachable") != Possible {
		t.Errorf("no way to the server:\n%s", show(causes))
	}
	s.SRV[0].Detail = "connection refused"
	if causes = Diagnose(&s.Set); causes[0].ID != "dns-server-unreachable" || causes[0].Verdict != Found {
		t.Errorf("the server's port is closed:\n%s", show(causes))
	}
}

func TestUndoRestoresTheRecord(t *testing.T) {
	s := published(kms01).reach(kms01, "10.0.0.5", evidence.Unreachable)
	s.SRV[0].Records[0].Priority, s.SRV[0].Records[0].Weight, s.SRV[0].Records[0].Port = 10, 70, 1688
	c, _ := find(Diagnose(&s.Set), "srv-stale-host")
	i := slices.IndexFunc(c.Remedies, func(s Step) bool { return s.Who == "DNS" })
	if i < 0 || !strings.Contains(c.Remedies[i].Undo, "-Priority 10 -Weight 70 -Port 1688") {
		t.Errorf("remedies %+v", c.Remedies)
	}
}

func TestScriptLeavesOutTheProbe(t *testing.T) {
	page, _ := Lookup("duplicate-cmid")
	if text := strings.Join(page.Next.Commands, "\n"); !strings.Contains(text, "-ne '"+kms.ProbeCMID.String()+"'") {
		t.Errorf("two people who probe would look like clones: %q", text)
	}
}
