package diagnose

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

func utter(ids ...string) []evidence.Statement {
	var out []evidence.Statement
	for i, id := range ids {
		out = append(out, evidence.Statement{Origin: paste(20 + i), ID: id})
	}
	return out
}

// volume is a KMS client's licence, as slmgr prints it.
func volume(status int, change func(*evidence.License)) evidence.License {
	l := evidence.License{Origin: paste(1), Tool: "slmgr", Name: "Windows(R), Enterprise edition", Channel: "GVLK", RawChannel: "VOLUME_KMSCLIENT", Status: ptr(status)}
	if change != nil {
		change(&l)
	}
	return l
}

func TestPastedEvidenceTogether(t *testing.T) {
	const one, other = "11aa22bb-0000-4000-8000-123412341234", "11aa22bb-0000-4000-8000-123412341235"
	withCMID := func(id string) evidence.License {
		return volume(2, func(l *evidence.License) { l.CMID = id })
	}
	failed := evidence.Dial{Origin: paste(3), Host: kms01, Port: 1688, Address: at("192.0.2.20"), Outcome: evidence.DialFailed}
	office := evidence.License{Origin: paste(5), Tool: "ospp", Name: "Office 21", Channel: "GVLK", Status: ptr(1)}
	azure := func(ip string, outcome evidence.DialOutcome) evidence.Dial {
		return evidence.Dial{Origin: paste(4), Host: ip, Address: at(ip), Port: 1688, Outcome: outcome}
	}
	for _, test := range []struct {
		name  string
		set   evidence.Set
		first string
		want  Verdict
	}{
		{"two outputs, one id", evidence.Set{Licenses: []evidence.License{withCMID(one), withCMID(one)}, Codes: stated(0xC004F038).Codes}, "duplicate-cmid", Possible},
		{"two outputs, two ids", evidence.Set{Licenses: []evidence.License{withCMID(one), withCMID(other)}, Codes: stated(0xC004F038).Codes}, "count-below-threshold", Possible},
		{"totals of a long log", evidence.Set{HostLogs: []evidence.HostLog{{Origin: paste(1), Requests: 900, CMIDs: 300, Shared: 40}}}, "duplicate-cmid", Found},
		{"a port test that only failed", evidence.Set{Codes: stated(0xC004F074).Codes, Dials: []evidence.Dial{failed}}, "firewall-block-1688", Possible},
		{"key of another edition", evidence.Set{
			Licenses: []evidence.License{volume(5, func(l *evidence.License) { l.PartialKey, l.Reason = "J464C", 0xC004F074 })},
			Systems:  []evidence.System{{Origin: paste(2), Product: "Microsoft Windows Server 2019 Datacenter"}},
		}, "client-no-or-wrong-gvlk", Found},
		{"renewals have stopped", evidence.Set{Licenses: []evidence.License{volume(1, func(l *evidence.License) { l.MinutesLeft = ptr[int64](60 * 1440) })}}, "client-renewal-not-running", Possible},
		{"licensed, and still a watermark", evidence.Set{Licenses: []evidence.License{volume(1, nil)}, Statements: utter(evidence.Watermark)}, "cloud-imds-attestation-blocked", Possible},
		{"a retail entry beside a good one", evidence.Set{Licenses: []evidence.License{office, {Origin: paste(9), Tool: "ospp", Name: "Office 16 Free", Channel: "FREE", Status: ptr(0), Reason: 0xC004F014}}}, "not-a-fault-extra-license", Found},
		{"old address let through, new one not", evidence.Set{Dials: []evidence.Dial{azure("23.102.135.246", evidence.Open), azure("20.118.99.224", evidence.Silent)}}, "cloud-kms-ip-changed", Possible},
		{"pinned to a retired address", evidence.Set{Codes: stated(0xC004F074).Codes, Licenses: []evidence.License{volume(5, func(l *evidence.License) { l.RegisteredHost = "23.102.135.246" })}}, "cloud-kms-ip-changed", Possible},
		{"route by a gateway that is not the default", evidence.Set{Routes: []evidence.Route{
			{Origin: paste(1), Destination: "0.0.0.0", Gateway: "10.8.3.1"}, {Origin: paste(2), Destination: "169.254.169.250", Gateway: "10.4.0.1"},
		}}, "cloud-kms-stale-link-local-route", Found},
		{"look-ups of two zones", evidence.Set{SRV: []evidence.SRVAnswer{
			{Origin: paste(1), Purpose: evidence.SRVKMS, Domain: "branch.corp.example", Outcome: evidence.DNSNoName},
			{Origin: paste(2), Purpose: evidence.SRVKMS, Domain: "corp.example", Outcome: evidence.DNSAnswered, Records: []evidence.SRVRecord{{Target: kms01, Port: 1688}}},
		}}, "srv-wrong-zone", Found},
		{"two addresses of one host", evidence.Set{
			Addresses: []evidence.AddressAnswer{{Origin: paste(1), Host: kms01, Family: 4, Outcome: evidence.DNSAnswered, Addresses: []netip.Addr{at("192.0.2.20").Addr(), at("198.51.100.20").Addr()}}},
			Dials: []evidence.Dial{
				{Origin: paste(2), Host: "192.0.2.20", Address: at("192.0.2.20"), Port: 1688, Outcome: evidence.Open},
				{Origin: paste(3), Host: "198.51.100.20", Address: at("198.51.100.20"), Port: 1688, Outcome: evidence.DialFailed},
			},
		}, "dns-address-wrong-nic", Found},
		{"event 12308 with a code beside it", evidence.Set{LogEvents: []evidence.LogEvent{{Origin: paste(1), ID: 12308}}, Codes: stated(0xC004F081).Codes}, "adba-object-missing-or-too-old", Found},
		{"service of an unnamed machine", evidence.Set{Services: []evidence.Service{{Origin: paste(1), Name: "sppsvc", State: "stopped"}}, Codes: stated(0xC004F074).Codes}, "kms-host-service-stopped", Possible},
		{"evaluation without a desktop", evidence.Set{Systems: []evidence.System{{Origin: paste(1), Edition: "ServerStandardEvalCor"}}}, "evaluation-edition", Found},
		{"host key in a client, used up", evidence.Set{
			Licenses: []evidence.License{volume(5, func(l *evidence.License) { l.Channel, l.Reason = "CSVLK", keyUsedUp })},
			Hosts:    []evidence.HostStatus{{Origin: paste(2), Enabled: true, Licensed: ptr(false)}},
			Systems:  []evidence.System{{Origin: paste(3), Product: "Microsoft Windows 10 Enterprise"}},
		}, "csvlk-on-clients", Possible},
	} {
		t.Run(test.name, func(t *testing.T) {
			causes := Diagnose(&test.set)
			if causes[0].ID != test.first || causes[0].Verdict != test.want {
				t.Errorf("first is %s %s, want %s %s:\n%s", causes[0].Verdict, causes[0].ID, test.want, test.first, show(causes))
			}
		})
	}
}

func TestWordsAndCodes(t *testing.T) {
	for _, test := range []struct {
		name  string
		code  uint32
		said  []string
		first string
	}{
		{"vague words do not beat a telling code", 0x80070216, []string{evidence.OtherClientsWork}, "emulator-server-fault"},
		{"words choose among what a code allows", 0xC004F050, []string{evidence.HostLacksUpdate}, "host-update-missing"},
		{"plain words lead a general code", 0xC004F074, []string{evidence.ServerLogEmpty, evidence.PinnedOldHost}, "client-wrong-kms-pinned"},
		{"an answer contradicts a blocked port", 0xC004F038, []string{evidence.PortBlocked}, "count-below-threshold"},
		{"an answer contradicts a host without a key", 0xC004F042, []string{evidence.HostNotActivated}, "host-key-too-old-for-client"},
		{"words for and against", 0xC004F038, []string{evidence.HostRebuilt, evidence.FewClients}, "count-reset-after-host-move"},
		{"reading fails as well", 0x8007000D, []string{evidence.ReadingFails}, "client-sppsvc-permissions"},
		{"an open port does not explain a count", 0xC004F038, []string{evidence.PortOpen, evidence.SRVAnswers}, "count-below-threshold"},
		{"only Office is short of clients", 0xC004F038, []string{evidence.OfficeOnly}, "duplicate-cmid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			set := stated(test.code)
			set.Statements = utter(test.said...)
			if causes := Diagnose(&set); causes[0].ID != test.first {
				t.Errorf("first is %s, want %s:\n%s", causes[0].ID, test.first, show(causes))
			}
		})
	}
}

func TestUrgency(t *testing.T) {
	fault := func(l evidence.License) evidence.Set {
		return evidence.Set{Licenses: []evidence.License{l}, Codes: stated(0xC004F074).Codes}
	}
	left := func(status int, minutes int64) evidence.Set {
		return fault(volume(status, func(l *evidence.License) { l.MinutesLeft = ptr(minutes) }))
	}
	for _, test := range []struct {
		name, want string
		set        evidence.Set
	}{
		{"licensed for long", "stays licensed for 90 more days; not urgent.", left(1, 90*1440+5)},
		{"licensed, not for long", "stays licensed for 12 more days.", left(1, 12*1440)},
		{"one day", "is in a grace period for 1 more day.", left(2, 1500)},
		{"hours", "is in a grace period for less than a day.", left(2, 200)},
		{"lapsed", "The licence has lapsed", fault(volume(5, nil))},
		{"first of a host's log", "pc7 stays licensed for 3 more days.", evidence.Set{HostRequests: []evidence.HostRequestEvent{
			{Origin: paste(1), HRESULT: 0xC004F042, Machine: "pc3", LicenseStatus: 1, MinutesLeft: 40 * 1440},
			{Origin: paste(2), HRESULT: 0xC004F042, Machine: "pc7", LicenseStatus: 1, MinutesLeft: 3 * 1440},
			{Origin: paste(3), Machine: "pc9", LicenseStatus: 1, MinutesLeft: 1440}, // served: it has a new term
		}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if text := Conclude(&test.set, Diagnose(&test.set)).Text; !strings.Contains(text, test.want) {
				t.Errorf("want %q in\n%s", test.want, text)
			}
		})
	}
	healthy := evidence.Set{Licenses: []evidence.License{volume(1, func(l *evidence.License) { l.MinutesLeft = ptr[int64](255000) })}}
	if text := Conclude(&healthy, Diagnose(&healthy)).Text; strings.Contains(text, "more days") {
		t.Errorf("nothing is wrong, and yet it says how long there is:\n%s", text)
	}
}

func TestGeneralCodeIsNotEnough(t *testing.T) {
	set := stated(0xC004F074)
	text := Conclude(&set, Diagnose(&set)).Text
	for _, want := range []string{"not why", "Look at the network next", "12288"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
}

func TestPastedHostFillsCommands(t *testing.T) {
	set := evidence.Set{ClientRequests: []evidence.ClientRequestEvent{{Origin: paste(1), HRESULT: 0xC0020017, Host: kms02, Port: 1688}}}
	c, _ := find(Diagnose(&set), "firewall-block-1688")
	if all := c.Next.Text + strings.Join(c.Next.Commands, "\n"); !strings.Contains(all, kms02) {
		t.Errorf("the host of event 12288 is not in\n%s", all)
	}
	if len(c.Because) == 0 || !strings.Contains(c.Because[0].Text, "no event 12289") {
		t.Errorf("because %v", c.Because)
	}
}

func TestConcludesOfNetworkAndPaste(t *testing.T) {
	s := published(kms01).reach(kms01, "10.0.0.5", evidence.Open).bind(kms01, "10.0.0.5", evidence.BindAccepted).request(kms01, "10.0.0.5", "windows-11")
	s.Licenses = []evidence.License{volume(5, func(l *evidence.License) { l.RegisteredHost = "old.corp.example:1688" })}
	text := Conclude(&s.Set, Diagnose(&s.Set)).Text
	for _, want := range []string{"would be served by kms01", "Found: The client is set to a KMS host that is not the right one."} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
}
