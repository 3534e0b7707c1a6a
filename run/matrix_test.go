package run

import (
	"encoding/json"
	"net/netip"
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
