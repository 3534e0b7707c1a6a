package machine

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/evidence/windows"
)

var update = flag.Bool("update", false, "write the golden files anew")

// records returns the recorded machines of testdata by name.
func records(t testing.TB) map[string]Record {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no records: %v", err)
	}
	all := map[string]Record{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ParseRecord(text)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(f), ".json")] = r
	}
	return all
}

var live = evidence.Origin{Check: "client.license", Subject: "site"}

// TestEvidence holds what each recorded machine amounts to.
func TestEvidence(t *testing.T) {
	for name, r := range records(t) {
		t.Run(name, func(t *testing.T) {
			set, err := Read(t.Context(), Recorded(r)).Evidence(live)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(set, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			file := filepath.Join("testdata", "golden", name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("differs from %s:\n%s", file, got)
			}
		})
	}
}

// TestSameAsPaste: what a machine says of itself, and what its record says when
// somebody pastes it, is the same evidence and the same diagnosis, in whichever
// dress the text comes.
func TestSameAsPaste(t *testing.T) {
	for name, r := range records(t) {
		own, err := Read(t.Context(), Recorded(r)).Evidence(live)
		if err != nil {
			t.Fatal(err)
		}
		for dress, text := range dresses(t, r) {
			t.Run(name+" "+dress, func(t *testing.T) {
				paste, err := windows.ReadString(t.Context(), text, "machine.json")
				if err != nil {
					t.Fatal(err)
				}
				if !paste.Has(windows.KindMachine) || len(paste.Unread) > 0 {
					t.Errorf("kinds %v, unread %v", paste.Kinds, paste.Unread)
				}
				got, want := withoutOrigins(t, paste.Set), withoutOrigins(t, own)
				if !reflect.DeepEqual(got, want) {
					t.Errorf("pasted:\n%v\nown:\n%v", got, want)
				}
				if got, want := verdicts(&paste.Set), verdicts(&own); !reflect.DeepEqual(got, want) {
					t.Errorf("causes of the paste %v, of the machine %v", got, want)
				}
			})
		}
	}
}

// verdicts returns the causes that are found or possible, best first. That all is
// well is said of a paste alone.
func verdicts(set *evidence.Set) []string {
	var out []string
	for _, c := range diagnose.Diagnose(set) {
		if !c.NoFault && c.Verdict == diagnose.Found || c.Verdict == diagnose.Possible {
			out = append(out, c.ID+" "+string(c.Verdict))
		}
	}
	return out
}

// withoutOrigins returns a set as JSON values, without the place of anything.
func withoutOrigins(t *testing.T, set evidence.Set) any {
	t.Helper()
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	var strip func(any)
	strip = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				strip(e)
			}
		case map[string]any:
			delete(v, "origin")
			for _, e := range v {
				strip(e)
			}
		}
	}
	strip(v)
	return v
}

// dresses returns a record as Windows PowerShell 5.1 and its successor print it,
// and as files hold that.
func dresses(t *testing.T, r Record) map[string]string {
	t.Helper()
	modern, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	old := powershell51(t, r)
	return map[string]string{
		"PowerShell 7":       string(modern),
		"5.1":                old,
		"5.1 in UTF-16":      utf16le(old),
		"5.1 with BOM":       "\ufeff" + old,
		"5.1 after a prompt": "PS C:\\> " + "powershell -File ask.ps1" + "\r\n" + old + "\r\nPS C:\\> \r\n",
	}
}

// powershell51 writes a record with the habits of Windows PowerShell 5.1: two
// blanks behind a colon, deep indentation, quotation marks and angle brackets as
// \u escapes, times as /Date(milliseconds)/, some arrays as objects with value
// and Count, one element without its array, services' states as numbers.
func powershell51(t *testing.T, r Record) string {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	for _, e := range anyList(v["events"]) {
		event := e.(map[string]any)
		at, err := time.Parse(time.RFC3339, event["TimeCreated"].(string))
		if err != nil {
			t.Fatal(err)
		}
		event["TimeCreated"] = map[string]any{"value": json.RawMessage(`"\/Date(` + jsonNumber(at.UnixMilli()) + `)\/"`), "DisplayHint": 2, "DateTime": "a text in the words of the locale"}
		if data := anyList(event["Data"]); len(data) == 1 {
			event["Data"] = data[0]
		}
	}
	for _, s := range anyList(v["services"]) {
		service := s.(map[string]any)
		service["Status"] = map[string]int{"Stopped": 1, "Running": 4}[service["Status"].(string)]
		service["StartType"] = map[string]int{"Automatic": 2, "Manual": 3, "Disabled": 4}[service["StartType"].(string)]
	}
	if list := anyList(v["registry"]); len(list) > 0 {
		v["registry"] = map[string]any{"value": list, "Count": len(list)}
	}
	if list := anyList(v["products"]); len(list) == 1 {
		v["products"] = list[0]
	}
	out, err := json.MarshalIndent(v, "", "                ")
	if err != nil {
		t.Fatal(err)
	}
	printed := strings.ReplaceAll(string(out), `": `, `":  `)
	return strings.ReplaceAll(strings.ReplaceAll(printed, "'", `\u0027`), "\n", "\r\n")
}

func anyList(v any) []any {
	list, _ := v.([]any)
	return list
}

func jsonNumber(n int64) string {
	text, _ := json.Marshal(n)
	return string(text)
}

// utf16le is a text as > of Windows PowerShell writes it into a file.
func utf16le(s string) string {
	out := []byte{0xFF, 0xFE}
	for _, r := range s { // the samples hold nothing beyond the first plane
		out = append(out, byte(r), byte(r>>8))
	}
	return string(out)
}

func TestRecordRoundTrip(t *testing.T) {
	for name, r := range records(t) {
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseRecord(text)
		if err != nil || !reflect.DeepEqual(back, r) {
			t.Errorf("%s: %v: %+v, want %+v", name, err, back, r)
		}
	}
	for text, want := range map[string]string{
		`[]`:                   "cannot unmarshal",
		`{"kmsdiag":"other"}`:  `"kmsdiag" is "other"`,
		`{"service":{"x":1}}`:  `"kmsdiag" is ""`,
		`{"kmsdiag":"machine"`: "unexpected end",
	} {
		if _, err := ParseRecord([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", text, err, want)
		}
	}
}

func FuzzRecord(f *testing.F) {
	for _, r := range records(f) {
		text, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add(text[:len(text)/2])
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := windows.ReadMachine(text, live)
		if err != nil {
			return
		}
		for _, l := range set.Licenses {
			if l.Origin.Check != live.Check {
				t.Fatalf("origin %+v", l.Origin)
			}
		}
		if _, err := json.Marshal(set); err != nil {
			t.Errorf("no JSON: %v", err)
		}
	})
}

// What a KMS host's record says of the way to it: the same as the check's row.
func TestPathToAHost(t *testing.T) {
	said := func(r Record) map[string][]string {
		set, err := Read(t.Context(), Recorded(r)).Evidence(live)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		for _, s := range set.Statements {
			got[s.ID] = append(got[s.ID], s.Value)
		}
		return got
	}
	host := func(change func(*Record)) Record {
		r := records(t)["host"]
		service := *r.Service
		r.Service = &service
		change(&r)
		return r
	}
	on := []string{strings.Replace(host(func(*Record) {}).Firewall[0], "Active=FALSE", "Active=TRUE", 1)}
	other := uint32(1689)
	for name, c := range map[string]struct {
		record Record
		want   map[string][]string
	}{
		"rule off": {host(func(*Record) {}), map[string][]string{
			evidence.KMSRuleOff: {FirewallRule}, evidence.PortListening: {"0.0.0.0", "::"},
		}},
		"rule on": {host(func(r *Record) { r.Firewall = on }), map[string][]string{}},
		"nobody":  {host(func(r *Record) { r.Firewall, r.Listeners = on, nil }), map[string][]string{evidence.PortNotListening: {"port 1688"}}},
		"not read": {host(func(r *Record) {
			r.Firewall, r.Listeners, r.Problems = on, nil, []Problem{{partListeners + " 1688", "refused"}}
		}), map[string][]string{}},
		"another port": {host(func(r *Record) { r.Service.KeyManagementServiceListeningPort = &other }), map[string][]string{evidence.KMSRuleOff: {FirewallRule}, evidence.PortNotListening: {"port 1689"}}},
		"listens there": {host(func(r *Record) {
			r.Service.KeyManagementServiceListeningPort, r.Listeners = &other, []Listener{{"0.0.0.0", 1689, "Listen", 4}, {"::", 1689, "Listen", 4}}
		}), map[string][]string{evidence.KMSRuleOff: {FirewallRule}, evidence.PortListening: {"0.0.0.0:1689", "[::]:1689"}}},
		"a client": {records(t)["pinned"], map[string][]string{}},
	} {
		if got := said(c.record); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// The rule that is off is a reason, and so is a port on which nobody listens.
func TestPathToAHostIsJudged(t *testing.T) {
	reasons := func(r Record, id string) string {
		set, err := Read(t.Context(), Recorded(r)).Evidence(live)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, c := range diagnose.Diagnose(&set) {
			if c.ID == id && c.Verdict == diagnose.Possible {
				for _, f := range c.Because {
					out = append(out, f.Text)
				}
			}
		}
		return strings.Join(out, "; ")
	}
	r := records(t)["host"]
	if got := reasons(r, "firewall-block-1688"); !strings.Contains(got, "the firewall's own rule for KMS is off on the KMS host (SPPSVC-In-TCP)") {
		t.Errorf("because %q", got)
	}
	r.Listeners = nil
	if got := reasons(r, "kms-host-port-unavailable"); !strings.Contains(got, "nothing listens on the KMS port of the KMS host (port 1688)") {
		t.Errorf("because %q", got)
	}
}

// Each id of an event has its own newest entries: many of one hide no other.
func TestEventsOfEachID(t *testing.T) {
	r := records(t)["pinned"]
	at := time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)
	r.Events = nil
	for i := range 50 {
		r.Events = append(r.Events, Event{ID: 8198, TimeCreated: at.Add(time.Duration(-i) * time.Minute), Data: []string{"0x8007232B"}})
	}
	r.Events = append(r.Events, Event{ID: 12289, TimeCreated: at.Add(-time.Hour), Data: []string{"0x0, 0"}})
	count := map[int]int{}
	for _, e := range Read(t.Context(), Recorded(r)).Events {
		count[e.ID]++
	}
	if count[8198] != maxEvents || count[12289] != 1 {
		t.Errorf("events %v, want %d of 8198 and one of 12289", count, maxEvents)
	}
}

// Office 2010 has a service of its own with a host of its own.
func TestOfficeServiceOfItsOwn(t *testing.T) {
	text := func(s string) *string { return &s }
	r := records(t)["office"]
	port, grace := uint32(1690), uint32(2)
	r.OfficeService = &Service{Version: text("14.0.370.400"), ClientMachineID: text("0f0f0f0f-64d2-4f3e-9f53-1f2b7a6c9e10"), KeyManagementServiceMachine: text("kms-2010.corp.example"), KeyManagementServicePort: &port}
	r.Products = append(r.Products, Product{
		Name: text("Office 14, OfficeProPlus-KMS_Client edition"), Description: text("Office 14, VOLUME_KMSCLIENT channel"), ID: text("6f327760-8c5c-417c-9b61-836a98287e0c"),
		ApplicationID: text("59a52881-a989-479d-af46-f275c6370663"), LicenseStatus: &grace, PartialProductKey: text("H3GVB"),
	})
	set, err := Read(t.Context(), Recorded(r)).Evidence(live)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, l := range set.Licenses {
		if own := l.PartialKey == "H3GVB"; own != (l.RegisteredHost == "kms-2010.corp.example:1690") || own && l.CMID != *r.OfficeService.ClientMachineID {
			t.Errorf("%s: host %q, client id %s", l.Name, l.RegisteredHost, l.CMID)
		} else if own {
			found = true
		}
	}
	if !found {
		t.Errorf("no licence of Office 2010 in %+v", set.Licenses)
	}
}
