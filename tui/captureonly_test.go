package tui

import (
	"context"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/run"
)

// overCapture is a program that was opened over a recording, as kmsdiag capture
// --tui does; asked collects the runs that it begins.
func overCapture(t testing.TB, name string) (m *Model, asked *[]Request) {
	m = capturedModel(t, nil, name)
	m.opts.Capture = &CaptureRequest{Files: []string{recordingNamed(name)}}
	asked = new([]Request)
	m.svc.Run = func(_ context.Context, r Request, _ func(run.Event)) error { *asked = append(*asked, r); return nil }
	m.svc.Parse = parseWords
	m.svc.Announce = func(context.Context, Request) ([]string, error) {
		return []string{"DNS questions to 10.0.0.2"}, nil
	}
	return m, asked
}

func TestCaptureAloneBeginsNoRun(t *testing.T) {
	for _, place := range [][]string{nil, {"d"}, {"esc"}} {
		for _, k := range []string{"r", "R", "W", "t"} {
			inBubble(t, func(t *testing.T) {
				m, asked := overCapture(t, "refused_c004f042.pcap")
				typeKeys(m, append(place, k)...)
				if len(*asked) > 0 || m.busy() || m.watch.every > 0 {
					t.Fatalf("%v %s sends what nobody asked for: %+v", place, k, *asked)
				}
				_, form := m.top().(*formView)
				switch k {
				case "R", "t":
					if !form {
						t.Errorf("%v %s opens %T, want the target form", place, k, m.top())
					}
					if frame := ansi.Strip(whole(t, m)); !strings.Contains(frame, "DNS questions to 10.0.0.2") {
						t.Errorf("%v %s: the form does not say what will be sent:\n%s", place, k, frame)
					}
				default:
					if form || !strings.Contains(m.note, k+": this is a capture, and no target was named; t names one") {
						t.Errorf("%v %s says %q", place, k, m.note)
					}
				}
			})
		}
	}
}

func TestCaptureTestOfACauseOpensTheForm(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m, asked := overCapture(t, "refused_c004f042.pcap")
		m.causes = []diagnose.Cause{{ID: "x", Title: "x", Verdict: diagnose.Found, Next: &diagnose.Step{
			Who: "client", Text: "Ask again.", Commands: []string{"kmsdiag check 10.77.0.10:1688 --product server-2022"},
		}}}
		follow(m, m.runTest(m.causes[0]))
		v, ok := m.top().(*formView)
		if !ok || len(*asked) > 0 {
			t.Fatalf("T opens %T and runs %+v", m.top(), *asked)
		}
		if got := v.texts[atHost].value(); got != "10.77.0.10:1688" || v.product.chosen() != "server-2022" {
			t.Errorf("the form holds host %q, product %q", got, v.product.chosen())
		}
	})
}

func TestCaptureWithATargetRuns(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m, asked := overCapture(t, "refused_c004f042.pcap")
		typeKeys(m, append(append([]string{"R"}, letters("corp.example")...), "enter")...)
		if len(*asked) != 1 || len((*asked)[0].Target.Domains) != 1 || (*asked)[0].Target.Domains[0] != "corp.example" {
			t.Fatalf("the form runs %+v", *asked)
		}
		typeKeys(m, "R")
		if len(*asked) != 2 {
			t.Errorf("R does not run again: %+v", *asked)
		}
	})
}
