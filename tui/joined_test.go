package tui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/kmsdiag/kmsdiag/diagnose"
)

// A healthy run says on its first screen what a paste speaks for.
func TestVerdictNamesWhatWasPasted(t *testing.T) {
	m := modelOf(t, recordedRun(t, "healthy"))
	m.svc = everyService()
	m.sources, m.joined = []source{{name: fromPaste}}, true
	m.plain = []diagnose.Cause{{ID: "known", Title: "known before", Verdict: diagnose.Possible}}
	m.causes = append(m.plain, diagnose.Cause{ID: "client-wrong-kms-pinned", Title: "The client is set to another host", Verdict: diagnose.Possible})
	frame := ansi.Strip(whole(t, m))
	if !strings.Contains(frame, "With pasted text possible: The client is set to another host (d).") || strings.Contains(frame, "known before") {
		t.Errorf("the verdict is silent of the paste:\n%s", frame)
	}
	press(m, "n")
	if !strings.Contains(m.note, "pasted text speaks for") {
		t.Errorf("n says %q", m.note)
	}
}
