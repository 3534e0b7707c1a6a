package tui

import (
	"context"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/run"
)

func TestCauseFrames(t *testing.T) {
	for name, make := range map[string]func(testing.TB) *Model{
		"possible": func(t testing.TB) *Model {
			m := modelOf(t, recordedRun(t, "one-of-two-ill"))
			press(m, "d", "]")
			return m
		},
		"text": func(t testing.TB) *Model {
			m := modelOf(t, recordedRun(t, "one-of-two-ill"))
			press(m, "d", "tab", "pgdown")
			return m
		},
		"found": func(t testing.TB) *Model {
			m := modelOf(t, recordedRun(t, "count-too-low"))
			press(m, "d")
			return m
		},
		"ruled out": func(t testing.TB) *Model {
			m := modelOf(t, recordedRun(t, "healthy"))
			press(m, "d")
			return m
		},
		"none": func(t testing.TB) *Model {
			m := modelOf(t, nil)
			press(m, "d")
			return m
		},
	} {
		t.Run(name, func(t *testing.T) { frames(t, func() *Model { return make(t) }) })
	}
}

func TestCausesView(t *testing.T) {
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	press(m, "d", "]", "]", "[")
	v := m.top().(*causesView)
	c, ok := v.current(m)
	if !ok || c.ID != m.causes[1].ID {
		t.Fatalf("at %q", c.ID)
	}
	if got, want := v.copyText(m, false), commandsOf(c.Remedies...); got != want || strings.Contains(got, "undo") {
		t.Errorf("y copies %q", got)
	}
	if got := v.copyText(m, true); !strings.Contains(got, "because kms02 192.0.2.6:1688: no answer at all to 3 tries [tcp.connect 192.0.2.6:1688]") {
		t.Errorf("Y copies %q", got)
	}
	// The cursor stays with its cause when others come before it.
	m.causes = append([]diagnose.Cause{{ID: "new", Verdict: diagnose.Found}}, m.causes...)
	if again, _ := v.current(m); again.ID != c.ID {
		t.Errorf("the cursor is on %s now", again.ID)
	}
	press(m, "p")
	if frame := whole(t, m); strings.Contains(frame, "kms02") {
		t.Errorf("a hidden name is on the screen:\n%s", frame)
	}
}

func TestCausesBeginAtTheRow(t *testing.T) {
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	m.causes = append([]diagnose.Cause{{ID: "elsewhere", Verdict: diagnose.Found, Subjects: []string{"kms01.corp.example"}}}, m.causes...)
	press(m, "d")
	if c, _ := m.top().(*causesView).current(m); c.ID != m.causes[1].ID {
		t.Errorf("opened at %s, not at the cause of the row under the cursor", c.ID)
	}
}

// step is a cause whose next test is one command.
func testedBy(text string, commands ...string) diagnose.Cause {
	return diagnose.Cause{ID: "c", Verdict: diagnose.Possible, Next: &diagnose.Step{Who: "client", Shell: "cmd", Text: text, Commands: commands}}
}

func TestOwnTests(t *testing.T) {
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	for _, c := range []struct {
		cause diagnose.Cause
		words string // of what is ours
		who   string // of what is not
	}{
		{testedBy("Ask again.", "kmsdiag check kms02.corp.example"), "asks kms02.corp.example again", ""},
		{testedBy("Ask for another.", "kmsdiag check kms01.corp.example --product server-2016"), "asks kms01.corp.example for server-2016, with one KMS request each", ""},
		{testedBy("Ask it.", "kmsdiag check kms09.corp.example"), "asks kms09.corp.example again, as a run of its own", ""},
		{testedBy("Compare.", "w32tm /stripchart /computer:kms01.corp.example /samples:3"), "asks kms01.corp.example again and compares the clocks by SNTP, from this machine", ""},
		{testedBy("Test the network from the same subnet.", "kmsdiag check corp.example"), "", "not from here: Test the network from the same subnet; v takes what it prints"},
		{testedBy("Look.", "Get-Service sppsvc"), "", "not for kmsdiag to do: on the client, in cmd; v takes what it prints"},
		{testedBy("Trick.", "kmsdiag check --debug /etc/passwd kms01"), "", "not for kmsdiag to do: on the client, in cmd; v takes what it prints"},
		{diagnose.Cause{}, "", "this cause has no test of its own"},
	} {
		got := m.testOf(c.cause)
		if got.words != c.words || got.who != c.who {
			t.Errorf("%+v: %q, %q", c.cause.Next, got.words, got.who)
		}
	}
}

func TestRunningATest(t *testing.T) {
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	var asked []Request
	m.svc.Run = func(_ context.Context, ask Request, _ func(run.Event)) error {
		asked = append(asked, ask)
		return nil
	}
	m.causes[0] = testedBy("Ask for another.", "kmsdiag check kms02.corp.example --product server-2016")
	m.Update(tea.WindowSizeMsg{Width: 100, Height: 30})
	press(m, "d", "home")
	answer(m, m.press(keyPress("T")))
	if len(asked) != 1 || asked[0].Target.Product != "server-2016" || !strings.Contains(m.note, "asks kms02.corp.example for server-2016") {
		t.Fatalf("%+v, note %q", asked, m.note)
	}
	for key, want := range map[string]bool{"192.0.2.6:1688": true, "kms02.corp.example:1688": true, "192.0.2.5:1688": false, "corp.example": true} {
		if sub := m.run.subjects[key]; asked[0].Wanted(sub) != want {
			t.Errorf("%s is asked: %v", key, !want)
		}
	}
	if m.ask.Target.Product != "" {
		t.Error("the next rerun would ask for the other product too")
	}
	m.run.running = false
	m.causes[0] = testedBy("Look.", "Get-Service sppsvc")
	answer(m, m.press(keyPress("T")))
	if len(asked) != 1 || !strings.Contains(m.note, "not for kmsdiag to do") {
		t.Errorf("%d runs, note %q", len(asked), m.note)
	}
	m.causes[0] = testedBy("Ask it.", "kmsdiag check 198.51.100.7:1689")
	answer(m, m.press(keyPress("T")))
	if len(asked) != 2 || len(asked[1].Target.Hosts) != 1 || asked[1].Target.Hosts[0].Port != 1689 || len(m.ask.Target.Hosts) != 1 {
		t.Errorf("%+v", asked)
	}
}
