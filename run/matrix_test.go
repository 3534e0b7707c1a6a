package run

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// Each line begins with its kind and has one of it; plan and matrix name the schema.
func TestMatrixEventJSON(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 4, 5, 0, time.UTC)
	n := 0
	for kind, e := range map[string]MatrixEvent{
		KindMatrixPlan:     {Plan: &MatrixPlan{Schema: Schema, Kind: KindMatrixPlan, Target: "kms01", Rows: []MatrixRow{}}},
		KindMatrixProgress: {Progress: &MatrixProgress{Row: -1, Text: "connecting"}},
		KindMatrixRow:      {Row: &MatrixRow{Name: "Windows 7", Count: &n, Status: MatrixServed}},
		KindMatrix:         {Matrix: &Matrix{Schema: Schema, Kind: KindMatrix, Endpoint: netip.MustParseAddrPort("10.0.0.5:1688")}},
	} {
		e.Time = at
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		text := string(line)
		if want := `{"kind":"` + kind + `","time":"2026-11-23T12:04:05Z",`; !strings.HasPrefix(text, want) || strings.Count(text, `"kind":`) != 1 {
			t.Errorf("%s, want it to begin with %s", text, want)
		}
		if e.Kind() != kind {
			t.Errorf("kind %q, want %q", e.Kind(), kind)
		}
		if named := strings.Contains(text, `"schema":"kmsdiag/1"`); named != (e.Plan != nil || e.Matrix != nil) {
			t.Errorf("schema: %s", text)
		}
		if e.Row != nil && !strings.Contains(text, `"count":0`) {
			t.Errorf("a count of zero is lost: %s", text)
		}
	}
	if line, err := json.Marshal(MatrixEvent{}); err == nil {
		t.Errorf("an event without content became %s", line)
	}
}

// sampleMatrixEvents are an event of each kind.
func sampleMatrixEvents() []MatrixEvent {
	at := time.Date(2026, 11, 23, 12, 4, 5, 0, time.UTC)
	n := 7
	return []MatrixEvent{
		{Time: at, Plan: &MatrixPlan{Schema: Schema, Kind: KindMatrixPlan, Target: "kms01", Rows: []MatrixRow{{Name: "Windows 7"}}, Sends: []string{"7 KMS requests"}}},
		{Time: at, Progress: &MatrixProgress{Row: -1, Text: "connecting"}},
		{Time: at, Row: &MatrixRow{Index: 3, Name: "Windows 7", Count: &n, Status: MatrixServed, Started: at, Took: time.Millisecond}},
		{Time: at, Matrix: &Matrix{Schema: Schema, Kind: KindMatrix, Endpoint: netip.MustParseAddrPort("10.0.0.5:1688"), Counts: map[MatrixStatus]int{MatrixServed: 1}}},
	}
}

func TestMatrixEventReadsWhatItWrote(t *testing.T) {
	for _, e := range sampleMatrixEvents() {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var again MatrixEvent
		if err := json.Unmarshal(line, &again); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if e.Plan != nil {
			again.Plan.Kind = KindMatrixPlan
		}
		if e.Matrix != nil {
			again.Matrix.Kind = KindMatrix
		}
		if !reflect.DeepEqual(again, e) {
			t.Errorf("read %+v of\n%s", again, line)
		}
	}
	for line, want := range map[string]string{
		`{"kind":"matrix","schema":"kmsdiag/9"}`:   `schema "kmsdiag/9"`,
		`{"kind":"matrix-plan"}`:                   `schema ""`,
		`{"kind":"matrix-row","index":"x"}`:        "matrix-row event",
		`{"kind":"matrix-row","time":"yesterday"}`: "matrix event",
		`[]`: "matrix event",
		`{"kind":"finished","check":"tcp.connect"}`: `unknown kind "finished"`,
	} {
		if err := json.Unmarshal([]byte(line), new(MatrixEvent)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", line, err, want)
		}
	}
}

// FuzzMatrixEventJSON feeds any bytes: what could be read is written the same again.
func FuzzMatrixEventJSON(f *testing.F) {
	for _, e := range sampleMatrixEvents() {
		line, err := json.Marshal(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line)
		f.Add(line[:len(line)/2])
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var e MatrixEvent
		if json.Unmarshal(line, &e) != nil {
			return
		}
		once, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		var again MatrixEvent
		if err := json.Unmarshal(once, &again); err != nil {
			t.Fatalf("written but not read: %v\n%s", err, once)
		}
		twice, err := json.Marshal(again)
		if err != nil || string(twice) != string(once) {
			t.Errorf("not stable: %v\n%s\n%s", err, once, twice)
		}
	})
}

func TestMatrixComplete(t *testing.T) {
	for name, c := range map[string]struct {
		m    Matrix
		want bool
	}{
		"served and refused": {Matrix{Counts: map[MatrixStatus]int{MatrixServed: 1, MatrixRefused: 9, MatrixNotAsked: 3}}, true},
		"nothing served":     {Matrix{Counts: map[MatrixStatus]int{MatrixRefused: 9}}, false},
		"one unanswered":     {Matrix{Counts: map[MatrixStatus]int{MatrixServed: 8, MatrixNoAnswer: 1}}, false},
		"one invalid":        {Matrix{Counts: map[MatrixStatus]int{MatrixServed: 8, MatrixInvalid: 1}}, false},
		"one waiting":        {Matrix{Counts: map[MatrixStatus]int{MatrixServed: 8, MatrixWaiting: 1}}, false},
		"stopped":            {Matrix{Counts: map[MatrixStatus]int{MatrixServed: 8}, Stopped: true}, false},
		"no host":            {Matrix{Counts: map[MatrixStatus]int{MatrixServed: 8}, Problem: "silent"}, false},
	} {
		if got := c.m.Complete(); got != c.want {
			t.Errorf("%s: complete %v", name, got)
		}
	}
	for s, want := range map[MatrixStatus]bool{MatrixServed: true, MatrixRefused: true, MatrixInvalid: true, MatrixNoAnswer: false, MatrixNotAsked: false, MatrixWaiting: false} {
		if s.Answered() != want {
			t.Errorf("%s: answered %v", s, s.Answered())
		}
	}
}
