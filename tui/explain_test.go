package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

func TestExplainFrames(t *testing.T) {
	for name, make := range map[string]func(testing.TB) *Model{
		"this run": func(t testing.TB) *Model {
			m := modelOf(t, recordedRun(t, "one-of-two-ill"))
			press(m, "e", "]")
			return m
		},
		"without a run": func(t testing.TB) *Model { return explainedIn(t, modelOf(t, nil), "0x8007232b") },
		"asking": func(t testing.TB) *Model {
			m := modelOf(t, recordedRun(t, "healthy"))
			press(m, "e", "f", "0", "7", "4")
			return m
		},
		"words":    func(t testing.TB) *Model { return explainedIn(t, modelOf(t, nil), "clock skew") },
		"nothing":  func(t testing.TB) *Model { return explainedIn(t, modelOf(t, nil), "zzzz") },
		"unlisted": func(t testing.TB) *Model { return explainedIn(t, modelOf(t, nil), "0xC004FFFE") },
		"selected": func(t testing.TB) *Model {
			m := modelOf(t, recordedRun(t, "one-of-two-ill"))
			press(m, "e", "tab", "tab")
			return m
		},
	} {
		t.Run(name, func(t *testing.T) { frames(t, func() *Model { return make(t) }) })
	}
}

// explainedIn asks a program about something.
func explainedIn(t testing.TB, m *Model, question string) *Model {
	t.Helper()
	press(m, "e")
	if !m.isTyping() {
		t.Fatal("e does not ask for a code")
	}
	m.Update(tea.PasteMsg{Content: question})
	answer(m, m.press(keyPress("enter")))
	return m
}

func TestExplainTakesEveryNotation(t *testing.T) {
	for question, want := range map[string]string{
		"0xC004F074": "0xC004F074", "c004f074": "0xC004F074", "-1073418124": "0xC004F074", "3221549172": "0xC004F074",
		"slui.exe 0x2a 0xC004F038": "0xC004F038", "f074": "0xC004F074", "SL_E_VL_BINDING_SERVICE_UNAVAILABLE": "0xC004F074",
		"firewall-block-1688": "firewall-block-1688", "1722": "0x800706BA",
	} {
		m := explainedIn(t, modelOf(t, nil), question)
		v := m.top().(*explainView)
		if v.asking || v.page == nil || v.page.code.Code != want {
			t.Errorf("%s: page %+v", question, v.page)
		}
	}
}

func TestExplainAgainstTheRun(t *testing.T) {
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	press(m, "e")
	v := m.top().(*explainView)
	page := strings.Join(v.lines(m, 76), "\n")
	for _, want := range []string{"WHAT THIS RUN SAYS", "<- kms02: possible", "ruled out", "not tested (a PC's output: v)", "HOW TO FIX 1", "SEE ALSO", "0x8007232B"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	id := v.page.causes[0]
	if got := m.says(id, 60); got != "<- kms02: possible" {
		t.Errorf("%s: %q", id, got)
	}
	if got := m.says("srv-record-missing", 60); !strings.HasPrefix(strings.TrimSpace(got), "ruled out: _vlmcs._tcp.corp.example has 2 SRV records") {
		t.Errorf("%q", got)
	}
	if cause, _ := v.chosen(m); v.copyText(m, false) != commandsOf(cause.Remedies...) || !strings.Contains(v.copyText(m, false), "SPPSVC-In-TCP") {
		t.Errorf("y copies %q", v.copyText(m, false))
	}
	outside := modelOf(t, nil)
	o := explainedIn(t, outside, "0xC004F074").top().(*explainView)
	if page := strings.Join(o.lines(outside, 76), "\n"); strings.Contains(page, "THIS RUN") {
		t.Errorf("without a run there is a column for it:\n%s", page)
	}
}

func TestExplainLeadsOn(t *testing.T) {
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	press(m, "e", "tab")
	v := m.top().(*explainView)
	see := v.page.code.See[0]
	press(m, "enter")
	if v.page.code.Code != see {
		t.Errorf("enter leads to %s, not %s", v.page.code.Code, see)
	}
	press(m, "esc")
	if v.page.code.Code != "0xC004F074" || m.top() != view(v) {
		t.Errorf("esc leads to %s", v.page.code.Code)
	}
	press(m, "]", "]")
	if v.cause != 2 {
		t.Errorf("cause %d", v.cause)
	}
	// Keys are text while a code is typed, and only then.
	press(m, "e", "q", "r", "d")
	if v.ask.value() != "qrd" || m.top() != view(v) {
		t.Errorf("typed %q in %T", v.ask.value(), m.top())
	}
	press(m, "esc")
	if v.asking || v.page == nil {
		t.Error("esc does not give up the question alone")
	}
	press(m, "esc")
	if _, ok := m.top().(*checksView); !ok {
		t.Errorf("esc leads to %T", m.top())
	}
}

func TestExplainHostileQuestion(t *testing.T) {
	m := modelOf(t, recordedRun(t, "healthy"))
	explainedIn(t, m, "\x1b[2J\u202e"+strings.Repeat("日本", 64<<10))
	for _, size := range sizes {
		m.Update(size)
		whole(t, m)
	}
	if n := len([]rune(m.top().(*explainView).ask.value())); n > maxInput {
		t.Errorf("%d characters were taken", n)
	}
}

// What is not known is said to be unknown: nothing opens as if it were found.
func TestExplainOpensNothingUnasked(t *testing.T) {
	for question, want := range map[string]string{
		"flurble; rm -rf /": "nothing is known of flurble",
		"rm":                "codes that go with rm",
		"clock skew":        "codes that go with clock skew",
	} {
		m := explainedIn(t, modelOf(t, nil), question)
		v := m.top().(*explainView)
		if v.page == nil || !v.page.hits || v.page.code.Title != want {
			t.Errorf("%s: page %+v", question, v.page)
			continue
		}
		if text := strings.Join(v.lines(m, 76), " "); strings.Contains(text, "Nothing of that name is known") != strings.HasPrefix(want, "nothing") {
			t.Errorf("%s:\n%s", question, text)
		}
		first := v.page.code.See[0]
		if press(m, "enter"); v.page.code.Code != first {
			t.Errorf("%s: enter opens %s, not %s", question, v.page.code.Code, first)
		}
	}
	m := explainedIn(t, modelOf(t, nil), "zzzz qqqqq")
	if v := m.top().(*explainView); v.page != nil || !strings.Contains(v.wrong, "nothing is known of zzzz qqqqq") {
		t.Errorf("%+v, %q", v.page, v.wrong)
	}
}
