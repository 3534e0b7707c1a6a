package diagnose

import (
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// gvlkLicense is a volume licence of Windows in a state.
func gvlkLicense(line, status int) evidence.License {
	return evidence.License{
		Origin: paste(line), Tool: "CIM", Name: "Windows(R), Enterprise edition", Channel: "GVLK", PartialKey: "2YT43", Status: &status,
		ApplicationID: "55c92734-d682-4d71-983e-d6ec3f16059f",
	}
}

func causeOf(t *testing.T, set *evidence.Set, id string) Cause {
	t.Helper()
	for _, c := range Diagnose(set) {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("no cause %s", id)
	return Cause{}
}

// Beside a licence that is activated, one in its grace period is not.
func TestGraceIsNotActivated(t *testing.T) {
	grace := 2
	windows := gvlkLicense(1, 1)
	windows.DNSHost = "kms01.corp.example:1688"
	office := evidence.License{
		Origin: paste(2), Tool: "CIM", Name: "Office 21", Channel: "GVLK", PartialKey: "6F7TH", Status: &grace, Reason: 0x4004F00C,
		ApplicationID: "0ff1ce15-a989-479d-af46-f275c6370663", RegisteredHost: "kms-office.corp.example:1689", HostSetBy: "product override",
	}
	set := evidence.Set{Licenses: []evidence.License{windows, office}}
	if c := causeOf(t, &set, "no-fault-control"); c.Verdict != RuledOut || len(c.Against) != 1 || c.Against[0].Text != "Office 21 is not activated: initial grace (OOB)" {
		t.Errorf("%s against %v", c.Verdict, c.Against)
	}
	if c := causeOf(t, &set, "client-wrong-kms-pinned"); c.Verdict != Possible || len(c.Subjects) != 1 || c.Subjects[0] != "kms-office.corp.example" || !strings.Contains(strings.Join(c.Remedies[0].Commands, "\n"), "/remhst") {
		t.Errorf("%s about %v", c.Verdict, c.Subjects)
	}
	set.Licenses[0].DNSHost = "kms-office.corp.example:1689" // which serves Windows
	if c := causeOf(t, &set, "client-wrong-kms-pinned"); c.Verdict == Possible || c.Verdict == Found {
		t.Errorf("a host that serves: %s", c.Verdict)
	}
	if ids := likely(Diagnose(&evidence.Set{Licenses: []evidence.License{gvlkLicense(1, 1)}})); len(ids) != 1 || ids[0] != "no-fault-control" {
		t.Errorf("a licensed client: %q", ids)
	}
}

// A licence of another channel that is activated is no fault, and shows no code.
func TestLicensedByTheVendor(t *testing.T) {
	for channel, id := range map[string]string{"OEM": "client-retail-or-oem-channel", "RETAIL": "client-retail-or-oem-channel", "MAK": "client-mak-channel"} {
		l := gvlkLicense(1, 1)
		l.Channel, l.PartialKey = channel, "T83GX"
		causes := Diagnose(&evidence.Set{Licenses: []evidence.License{l}})
		if ids := likely(causes); len(ids) != 2 || ids[0] != "no-fault-control" || ids[1] != id {
			t.Errorf("%s: %q", channel, ids)
		}
		if causes[0].Verdict != Found || causes[1].Verdict != Possible || causes[1].Code != 0 {
			t.Errorf("%s: %s, %s with code 0x%08X", channel, causes[0].Verdict, causes[1].Verdict, causes[1].Code)
		}
	}
	l := gvlkLicense(1, 5)
	l.Channel, l.PartialKey = "OEM", "T83GX"
	if c := Diagnose(&evidence.Set{Licenses: []evidence.License{l}})[0]; c.ID != "client-retail-or-oem-channel" || c.Verdict != Found || c.Code != 0x803F7001 {
		t.Errorf("not activated: %s %s 0x%08X", c.ID, c.Verdict, c.Code)
	}
}

// The code of an attempt against a host set by hand says nothing of suffixes and
// SRV records: the client asked for neither.
func TestCodeOfAPinnedHost(t *testing.T) {
	l := gvlkLicense(1, 5)
	l.RegisteredHost, l.HostSetBy = "kms-old.corp.example:1688", "registry"
	event := evidence.ClientRequestEvent{Origin: paste(2), Host: "kms-old.corp.example", Port: 1688, HRESULT: 0x80072AF9}
	set := evidence.Set{Licenses: []evidence.License{l}, ClientRequests: []evidence.ClientRequestEvent{event}}
	discovery := func(set *evidence.Set) []string {
		var out []string
		for _, id := range likely(Diagnose(set)) {
			if id == "dns-suffix-missing" || strings.HasPrefix(id, "srv-") {
				out = append(out, id)
			}
		}
		return out
	}
	if ids := discovery(&set); len(ids) > 0 {
		t.Errorf("%q for a pinned host", ids)
	}
	if c := causeOf(t, &set, "client-wrong-kms-pinned"); c.Verdict != Possible || !strings.Contains(strings.Join(c.Remedies[0].Commands, "\n"), "/ckms") {
		t.Errorf("%s: %v", c.Verdict, c.Remedies)
	}
	set.Licenses[0].RegisteredHost = ""
	if ids := discovery(&set); len(ids) == 0 {
		t.Error("without a pin the code speaks for nothing")
	}
	set.Licenses[0].RegisteredHost = "kms-old.corp.example:1688"
	set.Codes = []evidence.Code{{Origin: paste(3), Code: 0x80072AF9, Context: "stated"}}
	if ids := discovery(&set); len(ids) == 0 {
		t.Error("the same code from elsewhere speaks for nothing")
	}
}

// Where nobody looked nothing is said to have been found sound.
func TestNothingWasLookedAt(t *testing.T) {
	for _, set := range []evidence.Set{
		{},
		{Machines: []evidence.Machine{{Origin: evidence.Origin{Check: "client.license"}}}},
		{Statements: []evidence.Statement{{Origin: paste(1), ID: evidence.RecordEmpty}}},
	} {
		if got := Conclude(&set, Diagnose(&set)).Text; !strings.HasPrefix(got, "Nothing was looked at that could explain a failure.") {
			t.Errorf("%q", got)
		}
	}
}
