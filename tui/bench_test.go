package tui

import (
	"fmt"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/run"
)

// manyRows is a run of two hundred rows.
func manyRows() []run.Event {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	plan := &run.Plan{Schema: run.Schema, Title: "corp.example", Started: at, Checks: []run.Planned{{ID: "tcp.connect", Title: "the KMS port accepts connections", Group: "REACH", Scope: run.Endpoint}}}
	events := []run.Event{{Time: at, Plan: plan}}
	for i := range 200 {
		sub := run.Subject{Key: fmt.Sprintf("kms%03d.corp.example:1688", i), Kind: run.Endpoint, Host: fmt.Sprintf("kms%03d.corp.example", i), Domain: "corp.example"}
		events = append(events, run.Event{Time: at, Found: &run.Found{Subject: sub, Checks: []string{"tcp.connect"}}})
		res := &run.Result{Check: "tcp.connect", Subject: sub, Status: run.Pass, Summary: "open", Started: at, Took: 14 * time.Millisecond}
		if i%10 == 3 {
			res.Status, res.Summary = run.Fail, "silent, 3 tries"
		}
		events = append(events, run.Event{Time: at, Finished: res})
	}
	return append(events, run.Event{Time: at, Summary: &run.Summary{Worst: run.Fail, Conclusion: "kms003 is silent."}})
}

// BenchmarkUpdateAndFrame is a key press and the frame after it, at 160x50 with
// two hundred rows.
func BenchmarkUpdateAndFrame(b *testing.B) {
	m := modelOf(b, manyRows())
	m.Update(tea.WindowSizeMsg{Width: 160, Height: 50})
	b.ReportAllocs()
	for b.Loop() {
		m.Update(keyPress("down"))
		_ = m.View().Content
	}
}

// BenchmarkFirstFrame is from nothing to the first frame.
func BenchmarkFirstFrame(b *testing.B) {
	for b.Loop() {
		m := modelOf(b, nil)
		m.Update(tea.WindowSizeMsg{Width: 160, Height: 50})
		_ = m.View().Content
	}
}
