package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

func ptr[T any](v T) *T { return &v }

func stated(codes ...uint32) evidence.Set {
	var s evidence.Set
	for i, c := range codes {
		s.Codes = append(s.Codes, evidence.Code{Origin: paste(i + 1), Code: c, Context: "stated"})
	}
	return s
}

func TestBareCodes(t *testing.T) {
	for _, test := range []struct {
		code  uint32
		first []string // the best ones, in order
	}{
		{0xC004F074, []string{"firewall-block-1688", "srv-record-missing", "kms-host-service-stopped"}},
		{0x800706BA, []string{"firewall-block-1688"}},
		{0xC004F038, []string{"count-below-threshold", "duplicate-cmid"}},
		{0xC004F042, []string{"host-key-too-old-for-client"}},
		{0x8007232B, []string{"srv-record-missing"}},
		{0x8007007B, []string{"dns-suffix-missing"}},
		{0xC004F06C, []string{"client-clock-skew"}},
		{0x80070005, []string{"not-elevated"}},
		{0x4004F040, []string{"not-a-fault-cosmetic-log"}},
	} {
		set := stated(test.code)
		causes := Diagnose(&set)
		if got := likely(causes); len(got) < len(test.first) || !slices.Equal(got[:len(test.first)], test.first) {
			t.Errorf("0x%08X: %q, want first %q", test.code, got, test.first)
		}
		for _, c := range causes {
			if c.Verdict == Found {
				t.Errorf("0x%08X alone finds %s", test.code, c.ID)
			}
			if (c.ID == "emulator-server-fault" || c.ID == "kms-host-is-client-itself") && c.Verdict == Possible && isGeneral(test.code) {
				t.Errorf("0x%08X alone blames %s", test.code, c.ID)
			}
		}
	}
}

func TestEveryCodeLeadsSomewhere(t *testing.T) {
	for code := range candidates() {
		set := stated(code)
		if len(likely(Diagnose(&set))) == 0 {
			t.Errorf("0x%08X leads nowhere", code)
		}
	}
	set := stated(0x12345678)
	if ids := likely(Diagnose(&set)); len(ids) > 0 {
		t.Errorf("an unknown code leads to %q", ids)
	}
}

func TestTellingCodeOutranksGeneralOne(t *testing.T) {
	set := stated(0xC004F074, 0xC004F038)
	if got := likely(Diagnose(&set)); got[0] != "count-below-threshold" {
		t.Errorf("first is %s", got[0])
	}
	set.ClientRequests = []evidence.ClientRequestEvent{{Origin: paste(9), HRESULT: 0xC004F06C, Host: "kms01.corp.example", Port: 1688, NPolicy: 25}}
	causes := Diagnose(&set)
	if causes[0].ID != "client-clock-skew" || causes[0].Verdict != Found || causes[0].Code != 0xC004F074 || causes[0].Inner != 0xC004F06C {
		t.Errorf("the inner code of 12288 is the real one:\n%s", show(causes))
	}
	if c, _ := find(causes, "firewall-block-1688"); c.Verdict == Possible {
		t.Error("the outer code still speaks although an inner one is known")
	}
}

func TestAnAnswerRulesOutTheWay(t *testing.T) {
	set := stated(0xC004F038)
	causes := Diagnose(&set)
	for _, id := range []string{"firewall-block-1688", "srv-record-missing", "middlebox-l7-inspection"} {
		if c, _ := find(causes, id); c.Verdict != RuledOut || len(c.Against) != 1 {
			t.Errorf("%s: %s %v", id, c.Verdict, c.Against)
		}
	}
	set.ClientAnswers = []evidence.ClientAnswerEvent{{Origin: paste(2), Count: 4}}
	set.ClientRequests = []evidence.ClientRequestEvent{{Origin: paste(3), NPolicy: 5}}
	if c := Diagnose(&set)[0]; c.ID != "count-below-threshold" || c.Verdict != Found {
		t.Errorf("12289 with hr 0 and not activated: %s %s", c.ID, c.Verdict)
	}
}

func TestPastedEvidence(t *testing.T) {
	gvlk := func(change func(*evidence.License)) evidence.License {
		l := evidence.License{Origin: paste(1), Tool: "slmgr", Name: "Windows(R), Enterprise edition", Channel: "GVLK", RawChannel: "VOLUME_KMSCLIENT", Status: ptr(1)}
		if change != nil {
			change(&l)
		}
		return l
	}
	channel := func(c string) evidence.License {
		return gvlk(func(l *evidence.License) { l.Channel, l.RawChannel, l.Status = c, c, ptr(5) })
	}
	srv := published(kms01).Set
	for _, test := range []struct {
		name  string
		set   evidence.Set
		first string
		want  Verdict
	}{
		{"retail", evidence.Set{Licenses: []evidence.License{channel("RETAIL")}, Codes: stated(0x8007007B).Codes}, "client-retail-or-oem-channel", Found},
		{"vendor", evidence.Set{Licenses: []evidence.License{channel("OEM")}}, "client-retail-or-oem-channel", Found},
		{"MAK", evidence.Set{Licenses: []evidence.License{channel("MAK")}}, "client-mak-channel", Found},
		{"AVMA", evidence.Set{Licenses: []evidence.License{channel("AVMA")}, Codes: stated(0xC004FD01).Codes}, "client-avma-key", Found},
		{"evaluation", evidence.Set{Licenses: []evidence.License{channel("EVAL")}, Codes: stated(0xC004F069).Codes}, "evaluation-edition", Found},
		{"evaluation by edition", evidence.Set{Systems: []evidence.System{{Origin: paste(1), Edition: "ServerStandardEval"}}, Codes: stated(0xC004F069).Codes}, "evaluation-edition", Found},
		{"host key", evidence.Set{Licenses: []evidence.License{channel("CSVLK")}, Codes: stated(0xC004C008).Codes, Systems: []evidence.System{{Origin: paste(1), Product: "Windows 11 Enterprise"}}}, "csvlk-on-clients", Possible},
		{"pinned elsewhere", evidence.Set{SRV: srv.SRV, Licenses: []evidence.License{gvlk(func(l *evidence.License) { l.RegisteredHost, l.Status = "old.corp.example:1688", ptr(5) })}}, "client-wrong-kms-pinned", Found},
		{"asked elsewhere", evidence.Set{SRV: srv.SRV, ClientRequests: []evidence.ClientRequestEvent{{Origin: paste(1), HRESULT: 0xC0020017, Host: "old.corp.example"}}}, "client-wrong-kms-pinned", Found},
		{"pinned to itself", evidence.Set{Licenses: []evidence.License{gvlk(func(l *evidence.License) { l.RegisteredHost, l.Status = "127.0.0.2:1688", ptr(5) })}}, "client-pinned-loopback-or-public", Found},
		{"pinned to the internet", evidence.Set{Licenses: []evidence.License{gvlk(func(l *evidence.License) { l.RegisteredHost, l.Status = "203.0.113.5", ptr(5) })}}, "client-pinned-loopback-or-public", Found},
		{"asks itself", evidence.Set{Codes: stated(0x8007000D).Codes, ClientRequests: []evidence.ClientRequestEvent{{Origin: paste(2), HRESULT: 0x8007000D, Host: "pc1.corp.example", Machine: "PC1"}}}, "kms-host-is-client-itself", Found},
		{"reading fails", evidence.Set{Actions: []evidence.Action{{Origin: paste(1), Command: "/dlv", Code: 0x80070005}}}, "client-sppsvc-permissions", Found},
		{"service disabled", evidence.Set{Services: []evidence.Service{{Origin: paste(1), Name: "sppsvc", State: "stopped", Start: "disabled", Where: "client"}}}, "client-licensing-service-stopped", Found},
		{"service of the host", evidence.Set{Services: []evidence.Service{{Origin: paste(1), Name: "sppsvc", State: "stopped", Where: "host"}}, Codes: stated(0xC004F074).Codes}, "kms-host-service-stopped", Found},
		{"host not activated", evidence.Set{Hosts: []evidence.HostStatus{{Origin: paste(1), Enabled: true, Licensed: ptr(false)}}}, "kms-host-not-activated", Found},
		{"publishing disabled", evidence.Set{Hosts: []evidence.HostStatus{{Origin: paste(1), Enabled: true, Licensed: ptr(true), Publishing: "disabled"}}, Codes: stated(0x8007232B).Codes}, "srv-record-missing", Possible},
		{"event 12293", evidence.Set{LogEvents: []evidence.LogEvent{{Origin: paste(1), ID: 12293, Code: 0x80072338, Fields: map[string]string{"domain": "corp.example"}}}}, "srv-ddns-update-denied", Found},
		{"event 12290 with F015", evidence.Set{HostRequests: []evidence.HostRequestEvent{{Origin: paste(1), HRESULT: 0xC004F015, Machine: "pc1"}}, Codes: stated(0xC004F042).Codes}, "host-key-too-old-for-client", Possible},
		{"event 8208", evidence.Set{LogEvents: []evidence.LogEvent{{Origin: paste(1), ID: 8208, Code: 0x80072EE7}}}, "not-a-fault-online-validation-noise", Found},
		{"renewal while licensed", evidence.Set{Licenses: []evidence.License{gvlk(nil)}, LogEvents: []evidence.LogEvent{{Origin: paste(2), ID: 8198, Code: 0x8007007B, Trigger: "TimerEvent"}}}, "not-a-fault-renewal-noise", Found},
		{"information only", evidence.Set{Licenses: []evidence.License{{Origin: paste(1), Tool: "ospp", Name: "Office 16", Channel: "GVLK", Status: ptr(1), Reason: 0x4004F040, Informational: true}}}, "not-a-fault-cosmetic-log", Found},
		{"licensed and well", evidence.Set{Licenses: []evidence.License{gvlk(func(l *evidence.License) { l.MinutesLeft = ptr[int64](259000) })}}, "no-fault-control", Found},
		{"activated by an answer", evidence.Set{ClientAnswers: []evidence.ClientAnswerEvent{{Origin: paste(1), Activated: true, Count: 12}}}, "no-fault-control", Found},
		{"activation type AD", evidence.Set{Licenses: []evidence.License{gvlk(func(l *evidence.License) { l.TypeSetting, l.Status = "AD", ptr(5) })}}, "client-activation-type-restricted", Found},
		{"Entra ID only", evidence.Set{Systems: []evidence.System{{Origin: paste(1), AzureADJoined: ptr(true), DomainJoined: ptr(false)}}, Codes: stated(0x8007007B).Codes}, "subscription-activation-expected", Possible},
		{"multi-session elsewhere", evidence.Set{Systems: []evidence.System{{Origin: paste(1), Edition: "ServerRdsh", Cloud: "aws"}}}, "edition-not-served-here", Found},
		{"no DNS server", evidence.Set{Adapters: []evidence.Adapter{{Origin: paste(1), Addresses: []string{"10.0.4.17"}, NoServers: true, Suffix: "corp.example"}}, Codes: stated(0x8007267C).Codes}, "client-no-dns-server", Found},
		{"stale route", evidence.Set{Routes: []evidence.Route{{Origin: paste(1), Destination: "169.254.169.250", Gateway: "10.4.1.1"}}, Adapters: []evidence.Adapter{{Origin: paste(2), Addresses: []string{"10.40.2.9"}}}}, "cloud-kms-stale-link-local-route", Found},
		{"port test failed, ping answered", evidence.Set{Codes: stated(0xC004F074).Codes, Pings: []evidence.Ping{{Origin: paste(2), Host: kms01, Answered: true}}, Dials: []evidence.Dial{{Origin: paste(3), Host: kms01, Port: 1688, Outcome: evidence.Silent}}}, "kms-host-service-stopped", Possible},
		{"said: same id", evidence.Set{Codes: stated(0xC004F038).Codes, Statements: []evidence.Statement{{Origin: paste(2), ID: "same-cmid"}}}, "duplicate-cmid", Possible},
		{"said: clock", evidence.Set{Codes: stated(0xC004F074).Codes, Statements: []evidence.Statement{{Origin: paste(2), ID: "clock-wrong"}}}, "client-clock-skew", Possible},
		{"Office alone has no host", evidence.Set{Licenses: []evidence.License{gvlk(nil), {Origin: paste(9), Tool: "ospp", Name: "Office 21", Channel: "GVLK", Status: ptr(2), Reason: 0xC004F074, DiscoveryFailed: true}}}, "office-host-not-set", Possible},
		{"Office retail", evidence.Set{Licenses: []evidence.License{{Origin: paste(9), Tool: "ospp", Name: "Office 21", Channel: "RETAIL", Status: ptr(2)}}}, "office-retail-not-volume", Found},
		{"an entry too many", evidence.Set{Licenses: []evidence.License{{Origin: paste(1), Tool: "ospp", Name: "Office 16", Channel: "GVLK", Status: ptr(1)}, {Origin: paste(9), Tool: "ospp", Name: "Office 16 Free", Channel: "FREE", RawChannel: "RETAIL(Free)", Status: ptr(0)}}}, "not-a-fault-extra-license", Found},
		{"ESU entry", evidence.Set{Licenses: []evidence.License{gvlk(nil), gvlk(func(l *evidence.License) { l.Name, l.Status = "Windows(R), Client-ESU-Year1 add-on", ptr(0) })}}, "not-a-fault-esu-noise", Found},
		{"ospp finds no key", evidence.Set{Actions: []evidence.Action{{Origin: paste(1), Command: "/act", Code: 0xC004F014}}}, "office-no-volume-license", Possible},
		{"ospp refuses a key", evidence.Set{Actions: []evidence.Action{{Origin: paste(1), Command: "/inpkey", Code: 0xC004F069}}}, "office-retail-not-volume", Possible},
		{"Office of one version", evidence.Set{Codes: []evidence.Code{{Origin: paste(1), Code: 0xC004F042, Context: "ospp /act", Product: "Office 24"}}}, "host-office-key-missing", Possible},
		{"no rearm", evidence.Set{Licenses: []evidence.License{gvlk(func(l *evidence.License) { l.Status, l.Rearms = ptr(5), ptr(0) })}, Codes: stated(0xC004D307).Codes}, "rearm-exhausted", Possible},
		{"activation object", evidence.Set{Licenses: []evidence.License{gvlk(func(l *evidence.License) { l.Status, l.Reason = ptr(5), 0xC004F081 })}}, "adba-object-missing-or-too-old", Found},
	} {
		t.Run(test.name, func(t *testing.T) {
			causes := Diagnose(&test.set)
			if causes[0].ID != test.first || causes[0].Verdict != test.want {
				t.Errorf("first is %s %s, want %s %s:\n%s", causes[0].Verdict, causes[0].ID, test.want, test.first, show(causes))
			}
		})
	}
}

func TestCloudPinsAreRight(t *testing.T) {
	set := published(kms01).Set
	for _, host := range []string{"azkms.core.windows.net:1688", "169.254.169.250", "kms.windows.googlecloud.com"} {
		set.Licenses = []evidence.License{{Origin: paste(1), Tool: "slmgr", Channel: "GVLK", Status: ptr(5), RegisteredHost: host}}
		if ids := likely(Diagnose(&set)); slices.Contains(ids, "client-wrong-kms-pinned") || slices.Contains(ids, "client-pinned-loopback-or-public") {
			t.Errorf("%s: %q", host, ids)
		}
	}
}

func TestGenericKeyOfTheEdition(t *testing.T) {
	set := evidence.Set{
		Systems: []evidence.System{{Origin: paste(1), Product: "Microsoft Windows Server 2019 Standard"}},
		Codes:   stated(0xC004F014).Codes,
	}
	c, _ := find(Diagnose(&set), "client-no-or-wrong-gvlk")
	if all := strings.Join(c.Remedies[0].Commands, "\n"); !strings.Contains(all, "/ipk N69G4-B89J2-4G8F4-WWYCC-J464C") {
		t.Errorf("the published key of Windows Server 2019 Standard is not in\n%s", all)
	}
	set.Systems[0].Product = "Microsoft Windows Server 2019"
	c, _ = find(Diagnose(&set), "client-no-or-wrong-gvlk")
	if all := strings.Join(c.Remedies[0].Commands, "\n"); !strings.Contains(all, "/ipk GVLK") {
		t.Errorf("without an edition there is no key to name:\n%s", all)
	}
}

func TestClientServiceMayStop(t *testing.T) {
	set := evidence.Set{Services: []evidence.Service{{Origin: paste(1), Name: "sppsvc", State: "stopped", Start: "auto", Where: "client"}}}
	if ids := likely(Diagnose(&set)); len(ids) > 0 {
		t.Errorf("a stopped sppsvc on a client: %q", ids)
	}
}

func TestStatementsNeverFind(t *testing.T) {
	for _, id := range StatementIDs() {
		set := evidence.Set{Statements: []evidence.Statement{{Origin: paste(1), ID: id}}}
		for _, c := range Diagnose(&set) {
			if c.Verdict == Found {
				t.Errorf("%s alone finds %s", id, c.ID)
			}
		}
	}
}
