package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"

	"github.com/kmsdiag/kmsdiag/run"
)

// render feeds events to a renderer of a format and returns what it wrote.
func render(t *testing.T, format string, s Style, events []run.Event) string {
	t.Helper()
	var b strings.Builder
	r, err := New(format, &b, s)
	if err != nil {
		t.Fatal(err)
	}
	feed(t, r, events)
	return b.String()
}

func feed(t *testing.T, r Renderer, events []run.Event) {
	t.Helper()
	for _, e := range events {
		if err := r.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

var styles = map[string]Style{
	"ascii":   {Glyphs: ASCII},
	"wgl4":    {Glyphs: WGL4},
	"color":   {Color: true},
	"wide":    {Glyphs: ASCII, Width: 200},
	"narrow":  {Glyphs: ASCII, Width: 44},
	"minimal": {Glyphs: WGL4, Width: 1},
}

func TestTextAndShort(t *testing.T) {
	for _, format := range []string{"text", "short"} {
		for name, style := range styles {
			t.Run(format+"/"+name, func(t *testing.T) {
				golden.RequireEqual(t, render(t, format, style, sampleRun()))
			})
		}
	}
}

// The runs of the lab, recorded by testdata/record.go.
func TestRecordedRuns(t *testing.T) {
	for _, file := range recorded(t) {
		for _, format := range []string{"text", "short"} {
			name := strings.TrimSuffix(filepath.Base(file), ".jsonl")
			t.Run(name+"/"+format, func(t *testing.T) {
				saved, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				golden.RequireEqual(t, replay(t, format, string(saved)))
			})
		}
	}
}

func TestMachineFormats(t *testing.T) {
	for _, format := range []string{"json", "jsonl"} {
		t.Run(format, func(t *testing.T) {
			golden.RequireEqual(t, render(t, format, Style{}, sampleRun()))
		})
	}
}

func TestColourIsNeverTheOnlySign(t *testing.T) {
	plain := render(t, "text", Style{}, sampleRun())
	painted := render(t, "text", Style{Color: true}, sampleRun())
	if painted == plain {
		t.Error("colour changes nothing")
	}
	if got := ansi.Strip(painted); got != plain {
		t.Errorf("without its colours the text differs:\n%s", got)
	}
}

// No line is wider than the screen, except commands, which stay whole.
func TestLinesFitTheScreen(t *testing.T) {
	command := silentCause().Remedies[0].Commands[0]
	for width := 40; width <= 120; width++ {
		text := render(t, "text", Style{Glyphs: ASCII, Width: width}, sampleRun())
		if !strings.Contains(text, " "+command+"\n") {
			t.Fatalf("at width %d the command is not whole", width)
		}
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\n")
			if ansi.StringWidth(line) > width && !strings.Contains(line, "NetTCPConnection") && !strings.Contains(line, "NetFirewallRule") {
				t.Errorf("width %d: %d cells: %q", width, ansi.StringWidth(line), line)
			}
		}
	}
}

func TestWideCharactersKeepTheColumns(t *testing.T) {
	s := &stream{at: began}
	s.add(run.Event{Plan: &run.Plan{Title: "t", Checks: planned("dns.srv")}})
	s.finished("dns.srv", domain, run.Pass, 5e6, "接続できました 日本語のとても長い要約文がここにありますので折り返しが必要になります次の行へ")
	s.finished("dns.srv", domain, run.Pass, 7e6, "short")
	var ends []int
	for line := range strings.Lines(render(t, "text", Style{}, s.events)) {
		if line = strings.TrimRight(line, "\n"); strings.HasSuffix(line, " ms") {
			ends = append(ends, ansi.StringWidth(line))
		}
	}
	if len(ends) != 2 || ends[0] != ends[1] || ends[0] != 80 {
		t.Errorf("times end in columns %v, want 80 for both", ends)
	}
}

func TestHostileTextIsHarmless(t *testing.T) {
	s := &stream{at: began}
	s.add(run.Event{Plan: &run.Plan{Title: "t\x1b[2J", Sends: []string{"a\u202eb"}, Checks: planned("dns.srv")}})
	s.finished("dns.srv\x07", domain, run.Fail, 0, "evil\x1b]0;title\x07\u009b31m\u2066 \xff\r\nnext", run.Note{ID: "n\x1b", Status: run.Warn, Text: "\x1b[31m"})
	s.add(run.Event{Summary: &run.Summary{Conclusion: "a\x1b[1mb\u200f", NotTested: []string{"\x7f"}, Causes: sampleRun()[len(sampleRun())-1].Summary.Causes}})
	for _, format := range Formats {
		text := render(t, format, Style{}, s.events)
		for _, r := range text {
			if r != '\n' && printable(string(r)) != string(r) {
				t.Errorf("%s holds %U: %q", format, r, text)
			}
		}
	}
}

func TestCutStreamSaysSo(t *testing.T) {
	events := sampleRun()
	events = events[:len(events)-3]
	for _, format := range []string{"text", "short"} {
		if text := render(t, format, Style{}, events); !strings.Contains(text, "cut off before its end") {
			t.Errorf("%s does not say that the run has no summary:\n%s", format, text)
		}
	}
	text := strings.Join(strings.Fields(render(t, "text", Style{}, events)), " ")
	for _, e := range events {
		if e.Finished != nil && !strings.Contains(text, e.Finished.Summary[:20]) {
			t.Errorf("lost: %s", e.Finished.Summary)
		}
	}
}

func TestTwoRunsInOneStream(t *testing.T) {
	twice := append(sampleRun(), sampleRun()...)
	text := render(t, "text", Style{}, twice)
	if got := strings.Count(text, "\nDISCOVER\n"); got != 2 {
		t.Errorf("%d DISCOVER headings, want 2", got)
	}
	if got := strings.Count(render(t, "json", Style{}, twice), `"kind": "report"`); got != 2 {
		t.Errorf("%d objects, want 2", got)
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := New("yaml", nil, Style{}); err == nil || !strings.Contains(err.Error(), "text, short, json, jsonl") {
		t.Errorf("New(yaml) = %v", err)
	}
}

func TestTook(t *testing.T) {
	for d, want := range map[int64]string{
		0: "", 1000: "<1 ms", 1e6: "1 ms", 14_400_000: "14 ms", 999_400_000: "999 ms", 999_600_000: "1.0 s",
		3_000_000_000: "3.0 s", 59_940_000_000: "59.9 s", 59_960_000_000: "1 m 00 s", 65_000_000_000: "1 m 05 s",
	} {
		if got := took(time.Duration(d)); got != want {
			t.Errorf("took(%d) = %q, want %q", d, got, want)
		}
	}
}
