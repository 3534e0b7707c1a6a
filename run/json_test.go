package run

import (
	"encoding/json"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
)

func sampleEvents() []Event {
	at := time.Date(2026, 11, 23, 12, 4, 5, 123456789, time.UTC)
	endpoint := Subject{
		Key: "10.0.0.5:1688", Parent: "kms01.corp.example:1688", Kind: Endpoint, Domain: "corp.example",
		Host: "kms01.corp.example", Port: 1688, Addr: netip.MustParseAddrPort("10.0.0.5:1688"), Note: "A record",
	}
	return []Event{
		{Time: at, Plan: &Plan{
			Schema: Schema, Version: "1.0", Title: "corp.example", Machine: "pc-0417", Address: "10.0.4.17",
			Target:  Target{Args: []string{"corp.example"}, Resolvers: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.2:53")}},
			Product: "Windows 11 Enterprise", Sends: []string{"DNS questions to 10.0.0.2"},
			Checks:  []Planned{{ID: "dns.srv", Title: "the domain names its KMS hosts", Group: "DISCOVER", Scope: Domain}},
			Started: at,
		}},
		{Time: at, Found: &Found{Subject: Subject{Key: "site", Kind: Site}, Checks: []string{"dns.config"}}},
		{Time: at, Found: &Found{Subject: endpoint}},
		{Time: at, Started: &Started{Check: "tcp.connect", Subject: endpoint.Key}},
		{Time: at, Progress: &Progress{Check: "tcp.connect", Subject: endpoint.Key, Text: "attempt 2 of 3"}},
		{Time: at, Finished: &Result{
			Check: "tcp.connect", Subject: endpoint, Status: Warn, Summary: "open",
			Notes:    []Note{{ID: "slow", Status: Warn, Text: "900 ms"}},
			Evidence: evidence.Set{Dials: []evidence.Dial{{Address: endpoint.Addr, Port: 1688, Outcome: evidence.Open}}},
			Started:  at, Took: 14 * time.Millisecond, Ignored: true,
		}},
		{Time: at, Summary: &Summary{
			Worst: Warn, Counts: map[Status]int{Pass: 3, Warn: 1}, Conclusion: "It works.", Took: time.Second,
			Causes: []diagnose.Cause{{ID: "srv-ttl-zero", Verdict: diagnose.Found}}, Sent: []string{"1 DNS question"}, Stopped: true,
		}},
	}
}

func TestEventRoundTrip(t *testing.T) {
	kinds := []string{KindPlan, KindSubject, KindSubject, KindStarted, KindProgress, KindFinished, KindSummary}
	for i, e := range sampleEvents() {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"kind":"` + kinds[i] + `",`; !strings.HasPrefix(string(line), want) {
			t.Errorf("line %s, want it to begin with %s", line, want)
		}
		var back Event
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if !reflect.DeepEqual(back, e) {
			t.Errorf("round trip of %s:\n got %+v\nwant %+v", line, back, e)
		}
	}
}

func TestPlanLineBeginsWithSchema(t *testing.T) {
	line, err := json.Marshal(sampleEvents()[0])
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"kind":"plan","schema":"kmsdiag/1",`; !strings.HasPrefix(string(line), want) {
		t.Errorf("%s, want it to begin with %s", line, want)
	}
	if n := strings.Count(string(line), `"schema"`); n != 1 {
		t.Errorf("%d schemas in %s", n, line)
	}
}

func TestEventNeedsOneContent(t *testing.T) {
	for _, e := range []Event{{}, {Started: &Started{}, Progress: &Progress{}}} {
		if line, err := json.Marshal(e); err == nil {
			t.Errorf("%+v became %s", e, line)
		}
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	for line, want := range map[string]string{
		`{"kind":"plan","schema":"kmsdiag/9"}`: `schema "kmsdiag/9", want "kmsdiag/1"`,
		`{"kind":"exchange"}`:                  `unknown kind "exchange"`,
		`{}`:                                   `unknown kind ""`,
		`[]`:                                   "cannot unmarshal array",
		`{"kind":"finished","subject":7}`:      "finished event",
		`{"kind":"plan","target":{"resolvers":["x"]}}`: "plan event",
	} {
		var e Event
		err := json.Unmarshal([]byte(line), &e)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", line, err, want)
		}
	}
	var unknown *UnknownKindError
	if err := json.Unmarshal([]byte(`{"kind":"dns"}`), new(Event)); !errors.As(err, &unknown) || unknown.Kind != "dns" {
		t.Errorf("error %v, want an UnknownKindError", err)
	}
}

func FuzzEventJSON(f *testing.F) {
	for _, e := range sampleEvents() {
		line, err := json.Marshal(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
		f.Add(line[:len(line)/2])
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var e Event
		if json.Unmarshal(line, &e) != nil {
			return
		}
		once, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		var again Event
		if err := json.Unmarshal(once, &again); err != nil {
			t.Fatalf("written but not read: %v\n%s", err, once)
		}
		twice, err := json.Marshal(again)
		if err != nil || string(twice) != string(once) {
			t.Errorf("not stable: %v\n%s\n%s", err, once, twice)
		}
	})
}
