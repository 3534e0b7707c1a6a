package tui

import (
	"context"
	"os"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/run"
)

// places brings a program into each state that the property of whole frames is
// tested in. Keys are those a user would press.
var places = map[string][]string{
	"checks":        nil,
	"zoomed":        {"enter"},
	"filter":        {"/", "k", "m"},
	"all rows":      {"a"},
	"hidden":        {"p"},
	"help":          {"?"},
	"save":          {"s"},
	"causes":        {"d"},
	"explain":       {"e"},
	"paste":         {"v"},
	"capture":       {"c"},
	"matrix":        {"m"},
	"count":         {"u"},
	"target":        {"t"},
	"product":       {"t", "tab", "tab", "2", "0"},
	"pasted":        {"v", "0", "x", "C", "0", "0", "4", "F", "0", "7", "4", "enter", "?"},
	"packets":       {"4", "enter"},
	"timeline":      {"3"},
	"scrolled down": {"G", "enter", "G"},
}

// TestEverySizeIsWhole draws every place at every size: no line is wider and no
// frame higher than the screen. It takes the edges and a sample; with
// KMSDIAG_EVERY_SIZE in the environment every size of a failed run.
func TestEverySizeIsWhole(t *testing.T) {
	every := os.Getenv("KMSDIAG_EVERY_SIZE") != ""
	runs := map[string][]run.Event{
		"failed":  recordedRun(t, "one-of-two-ill"),
		"running": half(recordedRun(t, "one-of-two-ill")),
		"hostile": hostile(recordedRun(t, "one-of-two-ill")),
		"nothing": nil,
	}
	edge := func(n int) bool { return n <= 2 || n >= 39 && n <= 41 || n == 80 || n == 100 }
	for runName, events := range runs {
		step := 37
		if every && runName == "failed" {
			step = 1
		}
		for place, names := range places {
			t.Run(runName+"/"+place, func(t *testing.T) {
				t.Parallel()
				m := modelOf(t, events)
				m.svc = everyService()
				press(m, names...)
				for w := 1; w <= 200; w++ {
					for h := 1; h <= 60; h++ {
						if !edge(w) && w%step != 0 || !edge(h) && h%step != 0 && h != 10 && h != 16 && h != 30 {
							continue
						}
						m.Update(tea.WindowSizeMsg{Width: w, Height: h})
						whole(t, m)
						if t.Failed() {
							return
						}
					}
				}
			})
		}
	}
}

// everyService makes every key available; nothing is ever called, since commands
// are dropped.
func everyService() Services {
	m := modelOf(nil, nil)
	s := m.svc
	s.Run = noRun
	s.Save = func(string, []run.Event, []run.Matrix) (string, error) { return "kmsdiag.txt", nil }
	s.Read = noRead
	s.MatrixPlan = func(context.Context, []run.MatrixEndpoint) run.MatrixPlan { return run.MatrixPlan{} }
	s.Matrix = func(context.Context, run.MatrixPlan, func(run.MatrixEvent)) {}
	s.Capture = noCapture
	s.Heal = func() error { return nil }
	s.Parse = parseWords
	return s
}

// hostile is a run in which every string that came from outside is an attack on
// the screen.
func hostile(events []run.Event) []run.Event {
	attack := "\x1b[2J\x1b]0;gotcha\x07\u202ekms\u200b01\r\n\t日本語のホスト名" + strings.Repeat("x", 64<<10)
	var out []run.Event
	for _, e := range events {
		switch {
		case e.Plan != nil:
			p := *e.Plan
			p.Title, p.Machine, p.Sends = attack, attack, []string{attack, attack}
			e.Plan = &p
		case e.Found != nil:
			f := *e.Found
			f.Subject.Host, f.Subject.Domain = attack, attack
			e.Found = &f
		case e.Progress != nil:
			p := *e.Progress
			p.Text = attack
			e.Progress = &p
		case e.Finished != nil:
			r := *e.Finished
			r.Summary, r.Subject.Host, r.Subject.Domain = attack, attack, attack
			r.Notes = append(r.Notes, run.Note{ID: attack, Status: run.Warn, Text: attack})
			e.Finished = &r
		case e.Summary != nil:
			s := *e.Summary
			s.Conclusion = attack
			s.Causes = append(s.Causes[:0:0], s.Causes...)
			for i := range s.Causes {
				s.Causes[i].Title = attack
			}
			e.Summary = &s
		}
		out = append(out, e)
	}
	return out
}
