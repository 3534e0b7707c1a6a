package tui

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// sizes are those of the golden frames.
var sizes = []tea.WindowSizeMsg{{Width: 39, Height: 9}, {Width: 44, Height: 16}, {Width: 80, Height: 24}, {Width: 100, Height: 30}, {Width: 160, Height: 50}}

// recordedRun reads a saved run.
func recordedRun(t testing.TB, name string) []run.Event {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "report", "testdata", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	var c collected
	if err := report.Replay(f, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

type collected []run.Event

func (c *collected) Event(e run.Event) error { *c = append(*c, e); return nil }
func (c *collected) Close() error            { return nil }

// modelOf is a program over nothing, with a clock that stands at the end of the
// events that it is fed.
func modelOf(t testing.TB, events []run.Event) *Model {
	if t != nil {
		t.Helper()
	}
	clock := time.Date(2026, 11, 23, 12, 4, 5, 0, time.UTC)
	if n := len(events); n > 0 {
		clock = events[n-1].Time
	}
	m := New(context.Background(), Services{Now: func() time.Time { return clock }}, Options{Style: report.Style{Glyphs: report.WGL4}, Version: "1.0.0"})
	feed(m, events)
	return m
}

// feed gives a round's events to the program as a run would.
func feed(m *Model, events []run.Event) {
	m.run.begin(nil, false)
	m.takeEvents(eventsMsg{round: m.round, events: events})
	for _, e := range events {
		if e.Summary != nil {
			m.causes = append(append(m.causes, e.Summary.Causes...), e.Summary.RuledOut...)
			m.roundEnded()
		}
	}
}

// press sends keys to the program, named as in the bindings; it drops the
// commands they give.
func press(m *Model, names ...string) {
	for _, n := range names {
		m.Update(keyPress(n))
	}
}

func keyPress(name string) tea.KeyPressMsg {
	special := map[string]rune{
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "tab": tea.KeyTab, "left": tea.KeyLeft, "right": tea.KeyRight,
		"pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd, "backspace": tea.KeyBackspace, "delete": tea.KeyDelete,
	}
	if code, ok := special[name]; ok {
		return tea.KeyPressMsg{Code: code}
	}
	if name == "shift+tab" {
		return tea.KeyPressMsg{Code: tea.KeyTab, Mod: tea.ModShift}
	}
	if name == "space" {
		return tea.KeyPressMsg{Code: ' ', Text: " "}
	}
	if name == "ctrl+c" {
		return tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
}

// whole fails unless the frame is no wider and no higher than the screen.
func whole(t testing.TB, m *Model) string {
	t.Helper()
	frame := m.frame()
	lines := strings.Split(frame, "\n")
	if len(lines) > m.h {
		t.Errorf("%dx%d: %d lines", m.w, m.h, len(lines))
	}
	for i, line := range lines {
		if w := typeset.Width(line); w > m.w {
			t.Errorf("%dx%d: line %d is %d wide: %q", m.w, m.h, i+1, w, line)
		}
		if i := strings.IndexFunc(ansi.Strip(line), func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x202e || r == 0x200b }); i >= 0 {
			t.Errorf("%dx%d: a control character in %q", m.w, m.h, line)
		}
	}
	return frame
}

// frames compares the screen at every size with its golden file, colours left
// out. Steps, if given, bring a fresh program into the state.
func frames(t *testing.T, make func() *Model) {
	t.Helper()
	for _, size := range sizes {
		t.Run(fmt.Sprintf("%dx%d", size.Width, size.Height), func(t *testing.T) {
			m := make()
			m.Update(size)
			golden.RequireEqual(t, ansi.Strip(whole(t, m))+"\n")
		})
	}
}

func noRun(context.Context, Request, func(run.Event)) error { return nil }

func noRead(context.Context, string) (Pasted, error) { return Pasted{}, nil }

func noCapture(context.Context, CaptureRequest, func(CaptureEvent)) error { return nil }
