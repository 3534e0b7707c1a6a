package diagnose

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// captured makes an exchange one of a capture, a minute after noon for each place.
func captured(place int) func(*evidence.Exchange) {
	return func(x *evidence.Exchange) {
		x.Origin = evidence.Origin{File: "lan.pcap", Packets: []int64{int64(place)}}
		x.Probe, x.SentAt = false, noon.Add(time.Duration(place)*time.Minute)
	}
}

func TestOneDirectionBlamesNobody(t *testing.T) {
	for _, test := range []struct {
		name    string
		outcome []evidence.ExchangeOutcome
		blamed  bool
	}{
		{"requests alone", []evidence.ExchangeOutcome{evidence.ExchangeUnseen, evidence.ExchangeUnseen}, false},
		{"an id's earlier request", []evidence.ExchangeOutcome{evidence.ExchangeOther}, false},
		{"an answer, then a request alone", []evidence.ExchangeOutcome{evidence.Served, evidence.ExchangeUnseen}, false},
		{"no answer, then a request alone", []evidence.ExchangeOutcome{evidence.ExchangeNoReply, evidence.ExchangeUnseen}, true},
	} {
		s := &site{}
		for i, o := range test.outcome {
			change := ended(o)
			if o == evidence.Served {
				change = count(50)
			}
			s.request("10.0.0.5", "10.0.0.5", "windows-11", change, captured(i))
		}
		causes := Diagnose(&s.Set)
		if got := len(likely(causes)) > 0; got != test.blamed {
			t.Errorf("%s: causes\n%s", test.name, show(causes))
		}
		text := Conclude(&s.Set, causes).Text
		if got := strings.Contains(text, "no KMS answer"); got != test.blamed {
			t.Errorf("%s: %s", test.name, text)
		}
		if strings.Contains(show(causes), "bind was accepted") {
			t.Errorf("%s: a bind that the capture does not hold:\n%s", test.name, show(causes))
		}
	}
}

func TestNewestCountDecides(t *testing.T) {
	const grown = "The count of 10.0.0.5 was below 25 until 2026-11-23 12:05:05.0 UTC; it suffices since."
	for _, test := range []struct {
		name    string
		counts  []uint32
		product string // of the last exchange
		low     bool
		says    string
	}{
		{"grew", []uint32{3, 24, 25}, "windows-11", false, grown},
		{"fell", []uint32{30, 24}, "windows-11", true, "counts 24; a client is activated from 25 on"},
		{"Office tells nothing of Windows", []uint32{3, 24, 30}, "office-2021", true, "counts 24; a client is activated from 25 on"},
		{"a server's count is the same", []uint32{3, 24, 30}, "server-2019", false, grown},
	} {
		s := &site{}
		for i, n := range test.counts {
			product := "windows-11"
			if i == len(test.counts)-1 {
				product = test.product
			}
			client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 4, byte(i)}), 50000)
			s.request("10.0.0.5", "10.0.0.5", product, count(n), captured(i), func(x *evidence.Exchange) { x.Client = client })
		}
		causes := Diagnose(&s.Set)
		if got := verdictOf(t, causes, "count-below-threshold") == Found; got != test.low {
			t.Errorf("%s:\n%s", test.name, show(causes))
		}
		text := Conclude(&s.Set, causes).Text
		if !strings.Contains(text, test.says) || strings.Count(text, "below 25") > 1 || !test.low && strings.Contains(text, "activated from") {
			t.Errorf("%s: %s", test.name, text)
		}
	}
}

func TestIdentitiesOfVerifiedAnswersOfOneKey(t *testing.T) {
	other := func(x *evidence.Exchange) {
		x.EPID, x.HwID = "03612-00206-557-999999-03-1033-17763.0000-0842021", "0000000000000001"
	}
	unverified := func(x *evidence.Exchange) { x.Outcome = evidence.Unverified }
	for _, test := range []struct {
		name   string
		second string
		change []func(*evidence.Exchange)
		split  bool
	}{
		{"two hosts", "windows-11", nil, true},
		{"a wrong answer", "windows-11", []func(*evidence.Exchange){unverified}, false},
		{"another generation of Office", "office-2021", nil, false},
		{"an unknown product", "windows-11", []func(*evidence.Exchange){func(x *evidence.Exchange) { x.ActivationID, x.CountedID, x.Application = "", "", "" }}, false},
	} {
		first := "windows-11"
		if strings.HasPrefix(test.second, "office") {
			first = "office-2016"
		}
		s := newSite().request("10.0.0.5", "10.0.0.5", first).request("10.0.0.5", "10.0.0.5", test.second, append(test.change, other)...)
		if got := verdictOf(t, Diagnose(&s.Set), "lb-splits-count") == Found; got != test.split {
			t.Errorf("%s: split %t", test.name, got)
		}
	}
}

func TestClosedPortOfAnOpenAddress(t *testing.T) {
	s := newSite().onPort("10.0.0.5", "10.0.0.5:1688", evidence.Silent).onPort("10.0.0.5", "10.0.0.5:1689", evidence.Open)
	causes := Diagnose(&s.Set)
	if got := verdictOf(t, causes, "dns-address-wrong-nic"); got == Found || got == Possible {
		t.Errorf("one address is the wrong one: %s", got)
	}
	ids := likely(causes)
	for _, want := range []string{"firewall-block-1688", "kms-host-service-stopped"} {
		if !slices.Contains(ids, want) {
			t.Errorf("no %s:\n%s", want, show(causes))
		}
	}
	const says = "10.0.0.5 accepts connections on port 1689; port 1688: no answer at all"
	if text := Conclude(&s.Set, causes).Text; !strings.Contains(text, says) {
		t.Errorf("%s", text)
	}
}

func TestTicketTimesAreThoseOfItsTries(t *testing.T) {
	s := newSite().dial("10.0.0.5", "10.0.0.5", evidence.Silent).dial("10.0.0.5", "10.0.0.5", evidence.Silent)
	for i := range s.Dials {
		s.Dials[i].Origin = evidence.Origin{File: "lan.pcap", Packets: []int64{int64(i)}}
		s.Dials[i].Local = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 4, byte(i)}), 50000)
	}
	c := gather(&s.Set)
	v := c.ends[0].values(c)
	if n := strings.Count(v["times"], "UTC"); v["outcome"] != "no answer at all to 3 tries" || n != 3 {
		t.Errorf("%s, and %d times", v["outcome"], n)
	}
}

func TestServedWindowsShowsAWindowsKey(t *testing.T) {
	s := newSite().request("10.0.0.5", "10.0.0.5", "windows-11").
		request("10.0.0.5", "10.0.0.5", "windows-11", refusedWith(idMismatch)).
		request("10.0.0.5", "10.0.0.5", "office-2016")
	causes := Diagnose(&s.Set)
	if got := verdictOf(t, causes, "host-windows-key-missing"); got != RuledOut {
		t.Errorf("host-windows-key-missing is %s", got)
	}
	if got := verdictOf(t, causes, "host-key-too-old-for-client"); got != Possible {
		t.Errorf("host-key-too-old-for-client is %s", got)
	}
	s.Exchanges[0].EPID, s.Exchanges[2].EPID = "", "03612-00206-557-318840-03-1033-17763.0000-0842021"
	if text := show(Diagnose(&s.Set)); strings.Contains(text, "ePID names") {
		t.Errorf("an Office answer names the Windows key:\n%s", text)
	}
}

func TestInvalidDataOnceHasACause(t *testing.T) {
	s := newSite().request("10.0.0.5", "10.0.0.5", "windows-11", refusedWith(invalidData)).request("10.0.0.5", "10.0.0.5", "windows-11")
	if causes := Diagnose(&s.Set); !slices.Contains(likely(causes), "emulator-server-fault") {
		t.Errorf("no cause:\n%s", show(causes))
	}
}

func TestNeverAcceptedIsNoMiddlebox(t *testing.T) {
	s := newSite().onPort("10.0.0.5", "10.0.0.5:1688", evidence.Refused)
	if causes := Diagnose(&s.Set); slices.Contains(likely(causes), "middlebox-l7-inspection") {
		t.Errorf("a device accepts what nobody accepted:\n%s", show(causes))
	}
}

func TestNoNeighbourIsNotOffNetwork(t *testing.T) {
	const own = "this machine's own message: no neighbour answered for the address"
	for _, test := range []struct {
		name  string
		site  *site
		host  string
		first string
		says  string
	}{
		{"an address", newSite().dial("10.0.4.99", "10.0.4.99", evidence.Unreachable), "10.0.4.99", "kms-host-service-stopped", own},
		{"a system that does not tell, on this network", newSite().dial("10.0.4.98", "10.0.4.98", evidence.Unreachable), "10.0.4.98", "kms-host-service-stopped", "by ICMP or for want of a neighbour: macOS does not tell which"},
		{"an SRV target", published(kms01).reach(kms01, "10.0.4.99", evidence.Unreachable), "kms01", "srv-stale-host", own},
	} {
		for i := range test.site.Dials {
			test.site.Dials[i].Tries[0].Detail = test.says
		}
		causes := Diagnose(&test.site.Set)
		ids := likely(causes)
		if len(ids) == 0 || ids[0] != test.first || slices.Contains(ids, "off-network-no-vpn") || slices.Contains(ids, "firewall-block-1688") {
			t.Errorf("%s:\n%s", test.name, show(causes))
		}
		if got := verdictOf(t, causes, "off-network-no-vpn"); got != RuledOut {
			t.Errorf("%s: off-network-no-vpn is %s", test.name, got)
		}
		want := test.host + " is not on this network: no neighbour answered for its address."
		if text := Conclude(&test.site.Set, causes).Text; !strings.Contains(text, want) {
			t.Errorf("%s: %s", test.name, text)
		}
	}
}

func TestServerThatAnswersOtherQuestions(t *testing.T) {
	s := newSite().srv("corp.example", "10.0.0.2", evidence.DNSOther)
	s.SRV[0].Detail = "only a referral to the name servers of corp.example"
	for range 2 {
		causes := Diagnose(&s.Set)
		cause, _ := find(causes, "dns-server-unreachable")
		if cause.Verdict != Possible || !strings.Contains(show(causes), "only a referral") {
			t.Errorf("%s:\n%s", cause.Verdict, show(causes))
		}
		for _, step := range cause.Remedies {
			if text := strings.Join(step.Commands, "\n"); strings.Contains(text, "CLIENT") || step.Shell == "ticket" && !strings.Contains(text, "from 10.0.4.17 to 10.0.0.2") {
				t.Errorf("ticket: %s", text)
			}
		}
		s.address(kms01, evidence.DNSAnswered, "10.0.0.5") // the server answers something else
	}
	cause, _ := find(Diagnose(&published(kms01).Set), "dns-server-unreachable")
	if len(cause.Against) != 1 || cause.Against[0].Text != "the DNS server that was asked answered" {
		t.Errorf("against: %v", cause.Against)
	}
}

func TestSourceIsTheAddressBesideThePeer(t *testing.T) {
	s := newSite()
	for _, a := range []string{"172.17.0.1", "10.0.0.31", "10.0.0.30", "127.0.0.1"} {
		s.Machines[0].Addresses = append(s.Machines[0].Addresses, netip.MustParseAddr(a))
	}
	for range 8 { // whatever order a map has
		c := gather(&s.Set)
		for peer, want := range map[string]string{"10.0.0.2": "10.0.0.30", "127.0.0.9": "127.0.0.1", "10.0.4.5": "10.0.4.17"} {
			if got := c.source(netip.MustParseAddr(peer)); got.String() != want {
				t.Errorf("to %s from %s, want %s", peer, got, want)
			}
		}
		if got := c.source(netip.MustParseAddr("192.0.2.1")); got.IsValid() {
			t.Errorf("to a far peer from %s, of several", got)
		}
	}
}
