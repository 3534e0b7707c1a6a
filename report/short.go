package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// Short returns the renderer for a ticket or a chat: what failed or warned,
// the causes without their reasons, and the conclusion.
func Short(w io.Writer, s Style) Renderer {
	return &short{w: w, s: s.normal(), names: NewNames(&run.Plan{})}
}

// maxShort bounds the causes of the short form.
const maxShort = 5

type short struct {
	w     io.Writer
	s     Style
	b     strings.Builder
	names *Names
	open  bool // a run began and has no summary yet
	runs  int
}

// Event implements [Renderer].
func (t *short) Event(e run.Event) error {
	switch {
	case e.Plan != nil:
		t.plan(e.Plan)
	case e.Found != nil:
		t.names.Found(e.Found.Subject)
	case e.Finished != nil:
		t.open = true
		t.result(e.Finished)
	case e.Summary != nil:
		t.open = false
		t.summary(e.Summary)
	}
	return t.flush()
}

// Close implements [Renderer].
func (t *short) Close() error {
	if t.open {
		t.open = false
		t.b.WriteString("The run has no summary: it was cut off before its end.\n")
	}
	return t.flush()
}

func (t *short) flush() error {
	if t.b.Len() == 0 {
		return nil
	}
	_, err := io.WriteString(t.w, t.b.String())
	t.b.Reset()
	return err
}

func (t *short) plan(p *run.Plan) {
	if t.runs++; t.runs > 1 {
		t.b.WriteString("\n")
	}
	t.open, t.names = true, NewNames(p)
	head := "kmsdiag " + p.Title
	if from := strings.TrimSpace(p.Machine + " " + p.Address); from != "" {
		head += ", from " + from
	}
	if !p.Started.IsZero() {
		head += p.Started.UTC().Format(", 2006-01-02 15:04 UTC")
	}
	hang(&t.b, "", head, t.s.Width)
}

func (t *short) result(r *run.Result) {
	if r.Status != run.Fail && r.Status != run.Warn {
		return
	}
	hang(&t.b, t.s.mark(r.Status)+" "+printable(r.Check)+"  ", t.names.Row(*r), t.s.Width)
}

func (t *short) summary(s *run.Summary) {
	for i, c := range s.Causes {
		if i >= maxShort {
			hang(&t.b, "", fmt.Sprintf("%d more possible.", len(s.Causes)-i), t.s.Width)
			break
		}
		label := causeLabel(t.s, i+1, c, s.Ignored)
		hang(&t.b, label, c.Title+c.About()+" ("+c.ID+")", t.s.Width)
	}
	hang(&t.b, "", counts(s), t.s.Width)
	unfinished(&t.b, t.s, s)
	conclusion(&t.b, t.s, s)
}
