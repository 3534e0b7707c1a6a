package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// matrixSpoken shows a matrix to a screen reader: a sentence a line, the status
// word first, nothing aligned, as [Accessible] does for a run.
type matrixSpoken struct {
	w     io.Writer
	b     strings.Builder
	ended bool
}

// Event implements [MatrixRenderer].
func (t *matrixSpoken) Event(e run.MatrixEvent) error {
	switch {
	case e.Plan != nil:
		t.plan(e.Plan)
	case e.Progress != nil && e.Progress.Row < 0:
		t.line("still waiting: %s.", e.Progress.Text)
	case e.Row != nil && !e.Row.Started.IsZero():
		t.line("%s", spokenRow(e.Row))
	case e.Matrix != nil:
		t.end(e.Matrix)
	}
	return t.flush()
}

// Close implements [MatrixRenderer].
func (t *matrixSpoken) Close() error {
	if !t.ended {
		t.line("The matrix was cut off before its end.")
	}
	return t.flush()
}

func (t *matrixSpoken) flush() error {
	_, err := io.WriteString(t.w, t.b.String())
	t.b.Reset()
	return err
}

func (t *matrixSpoken) line(format string, args ...any) {
	t.b.WriteString(printable(fmt.Sprintf(format, args...)) + "\n")
}

func (t *matrixSpoken) plan(p *run.MatrixPlan) {
	from := ""
	if p.Machine != "" {
		from = ", asked from " + p.Machine
	}
	t.line("What %s serves%s.", p.Target, from)
	for _, line := range p.Sends {
		t.line("will send: %s.", line)
	}
}

// spokenRow is a row in a sentence.
func spokenRow(row *run.MatrixRow) string {
	switch row.Status {
	case run.MatrixServed:
		switch {
		case row.Count == nil || row.Others == nil:
			return fmt.Sprintf("served: %s, %s.", row.Name, row.Why)
		case row.HeldByProbe():
			return fmt.Sprintf("served, only while this probe is on the list: %s, count %d with it, %d without.", row.Name, *row.Count, *row.Others)
		case row.Missing > 0:
			return fmt.Sprintf("served, count too low: %s, count %d with this probe, %d without, %d more must ask.", row.Name, *row.Count, *row.Others, row.Missing)
		}
		return fmt.Sprintf("served: %s, count %d with this probe, %d without.", row.Name, *row.Count, *row.Others)
	case run.MatrixRefused:
		return fmt.Sprintf("REFUSED: %s, %s, %s.", row.Name, row.Code, row.Why)
	case run.MatrixInvalid:
		return fmt.Sprintf("INVALID: %s, %s.", row.Name, row.Why)
	case run.MatrixNoAnswer:
		return fmt.Sprintf("no answer: %s, %s.", row.Name, row.Why)
	}
	return fmt.Sprintf("not asked: %s, %s.", row.Name, row.Why)
}

func (t *matrixSpoken) end(m *run.Matrix) {
	t.ended = true
	t.line("%s.", MatrixCounts(m))
	for _, line := range m.Sent {
		t.line("sent: %s.", line)
	}
	for _, k := range m.Keys {
		t.line("Host key in the answers for %s: %s, %s.", k.Application, MatrixKeyName(k), k.EPID)
	}
	for _, g := range matrixCures(m) {
		if !g.curable {
			t.line("No known host key cures %s: %s.", g.names(), g.text)
			continue
		}
		t.line("What would cure %s: %s.", g.names(), g.text)
	}
	for _, row := range m.Rows {
		if len(row.Unlisted) > 0 {
			t.line("Served, though not on the list for the host key of %s: %s.", row.Key, strings.Join(row.Unlisted, ", "))
		}
	}
	for _, g := range matrixNotAsked(m) {
		t.line("not asked: %s: %s.", g.names(), strings.TrimPrefix(g.text, "not asked any more: "))
	}
	for _, n := range m.Notes {
		t.line("Note: %s.", n)
	}
	for line := range strings.SplitSeq(m.Conclusion, "\n") {
		t.line("%s", line)
	}
}
