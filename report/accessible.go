package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/run"
)

// Accessible returns the renderer for a screen reader: a sentence a line, the
// status word first, no marks, boxes, colours or alignment, nothing repainted.
func Accessible(w io.Writer, s Style) Renderer {
	return &accessible{w: w, s: s.normal(), names: NewNames(&run.Plan{})}
}

type accessible struct {
	w     io.Writer
	s     Style
	b     strings.Builder
	names *Names
	open  bool // a run began and has no summary yet
}

// Event implements [Renderer].
func (t *accessible) Event(e run.Event) error {
	switch {
	case e.Plan != nil:
		t.open, t.names = true, NewNames(e.Plan)
		t.line("kmsdiag, %s, %s.", e.Plan.Title, plural(len(e.Plan.Checks), "check"))
		for _, send := range e.Plan.Sends {
			t.line("will send: %s.", send)
		}
	case e.Found != nil:
		t.names.Found(e.Found.Subject)
	case e.Progress != nil:
		t.line("still waiting: %s, %s, %s.", e.Progress.Check, e.Progress.Subject, e.Progress.Text)
	case e.Finished != nil:
		t.open = true
		t.result(*e.Finished)
	case e.Summary != nil:
		t.open = false
		t.summary(e.Summary)
	}
	return t.flush()
}

// Close implements [Renderer].
func (t *accessible) Close() error {
	if t.open {
		t.open = false
		t.line("The run has no summary: it was cut off before its end.")
	}
	return t.flush()
}

func (t *accessible) flush() error {
	if t.b.Len() == 0 {
		return nil
	}
	_, err := io.WriteString(t.w, t.b.String())
	t.b.Reset()
	return err
}

func (t *accessible) line(format string, args ...any) {
	t.b.WriteString(printable(fmt.Sprintf(format, args...)) + "\n")
}

var spokenStatus = map[run.Status]string{
	run.Pass: "passed", run.Warn: "warning", run.Fail: "FAILED", run.Skip: "skipped",
}

func (t *accessible) result(r run.Result) {
	text := fmt.Sprintf("%s: %s, %s", spokenStatus[r.Status], r.Check, t.names.Row(r))
	if r.Status != run.Skip && r.Took >= time.Millisecond {
		text += ", " + spoken(r.Took)
	}
	t.line("%s.", text)
	for _, n := range r.Notes {
		if n.Status != run.Pass || t.s.Verbose {
			t.line("  Note: %s.", n.Text)
		}
	}
	if r.Command != "" {
		t.line("  The line is on the next line.")
		t.line("%s", r.Command)
	}
}

// spoken is a duration in words that are read aloud well.
func spoken(d time.Duration) string {
	if d < time.Second {
		return plural(int(d.Round(time.Millisecond)/time.Millisecond), "millisecond")
	}
	return fmt.Sprintf("%.1f seconds", d.Seconds())
}

func (t *accessible) summary(s *run.Summary) {
	for i, c := range s.Causes {
		t.line("Cause %d, %s: %s%s. Its id is %s.", i+1, c.Verdict, c.Title, c.About(), c.ID)
		if c.Verdict == diagnose.Found || i < fullPossible || t.s.Verbose {
			t.cause(c)
		}
	}
	t.line("Result: %s.", counts(s))
	if len(s.Unfinished) > 0 {
		t.line("Not finished: %s.", strings.Join(s.Unfinished, ", "))
	}
	for line := range strings.SplitSeq(strings.TrimSpace(s.Conclusion), "\n") {
		t.line("%s", line)
	}
}

func (t *accessible) cause(c diagnose.Cause) {
	for _, f := range c.Because {
		t.line("  Because: %s.", f.Text)
	}
	for _, f := range c.Against {
		t.line("  Against it: %s.", f.Text)
	}
	if c.Next != nil && c.Verdict != diagnose.Found {
		t.step("Test", *c.Next)
	}
	for _, r := range c.Remedies {
		t.step("Fix", r)
	}
	if c.Code != 0 {
		t.line("  Code: %s.", hresult(c.Code))
	}
}

// step keeps each command on a line of its own, exactly as it is typed.
func (t *accessible) step(word string, s diagnose.Step) {
	where := s.Who
	if s.Shell != "" {
		where += ", " + s.Shell
	}
	t.line("  %s, %s: %s", word, where, s.Text)
	for _, c := range s.Commands {
		for line := range strings.Lines(c) {
			t.line("%s", strings.TrimRight(line, "\r\n"))
		}
	}
	if s.Verify != "" {
		t.line("  Then: %s", s.Verify)
	}
	if s.Undo != "" {
		t.line("  To undo: %s", s.Undo)
	}
}
