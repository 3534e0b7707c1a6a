package tui

import (
	"context"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/kmsdiag/kmsdiag/report"
)

// A saved run is looked at like a live one; what would need the network says why
// it does nothing, and the footer does not offer it.
func TestSavedRun(t *testing.T) {
	events := recordedRun(t, "one-of-two-ill")
	m := New(context.Background(), Services{}, Options{Style: report.Style{Glyphs: report.WGL4}, Saved: events})
	m.Init()
	frame := ansi.Strip(whole(t, m))
	for _, want := range []string{"1 FAILED", "> × tcp.connect", "WHY", "kms02 is silent"} {
		if !strings.Contains(frame, want) {
			t.Errorf("%q is missing:\n%s", want, frame)
		}
	}
	if strings.Contains(frame, "r rerun") {
		t.Error("the footer offers to run a saved run again")
	}
	press(m, "R")
	if !strings.Contains(m.note, "saved run") || m.busy() {
		t.Errorf("R says %q", m.note)
	}
	press(m, "d")
	if !strings.Contains(ansi.Strip(whole(t, m)), "Causes of the whole run") {
		t.Error("no causes")
	}
	if got := m.Events(); len(got) == 0 || got[len(got)-1].Summary == nil {
		t.Error("leaving would print nothing")
	}
}
