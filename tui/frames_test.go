package tui

import (
	"testing"

	"github.com/kmsdiag/kmsdiag/run"
)

func TestFrames(t *testing.T) {
	for name, make := range map[string]func(testing.TB) *Model{
		"failed":  func(t testing.TB) *Model { return modelOf(t, recordedRun(t, "one-of-two-ill")) },
		"healthy": func(t testing.TB) *Model { return modelOf(t, recordedRun(t, "healthy")) },
		"running": func(t testing.TB) *Model { return modelOf(t, half(recordedRun(t, "one-of-two-ill"))) },
		"zoomed": func(t testing.TB) *Model {
			m := modelOf(t, recordedRun(t, "one-of-two-ill"))
			press(m, "enter")
			return m
		},
		"help": func(t testing.TB) *Model {
			m := modelOf(t, recordedRun(t, "one-of-two-ill"))
			press(m, "?")
			return m
		},
	} {
		t.Run(name, func(t *testing.T) { frames(t, func() *Model { return make(t) }) })
	}
}

// half is a run up to the first progress of a slow check.
func half(events []run.Event) []run.Event {
	for i, e := range events {
		if e.Progress != nil {
			return events[:i+1]
		}
	}
	return events[:len(events)/2]
}
