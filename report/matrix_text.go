package report

import (
	"io"
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// matrixText shows a matrix for a person: what will be sent, a line for each
// counted id as its answer comes, then what was not asked, which host keys would
// cure what is refused, and the conclusion last.
type matrixText struct {
	w       io.Writer
	s       Style
	b       strings.Builder // what the current event adds to the screen
	names   int             // width of the column of products
	heading string          // the class whose heading stands last
	ended   bool
}

// Event implements [MatrixRenderer].
func (t *matrixText) Event(e run.MatrixEvent) error {
	switch {
	case e.Plan != nil:
		t.plan(e.Plan)
	case e.Progress != nil && e.Progress.Row < 0:
		hang(&t.b, "", e.Progress.Text, t.s.Width)
	case e.Row != nil:
		t.row(e.Row)
	case e.Matrix != nil:
		t.end(e.Matrix)
	}
	return t.flush()
}

// Close implements [MatrixRenderer].
func (t *matrixText) Close() error {
	if !t.ended {
		t.b.WriteString("\nThe matrix was cut off before its end.\n")
	}
	return t.flush()
}

func (t *matrixText) flush() error {
	if t.b.Len() == 0 {
		return nil
	}
	_, err := io.WriteString(t.w, t.b.String())
	t.b.Reset()
	return err
}

// matrixNames bounds the column of products: what is longer gets more lines.
const matrixNames = 36

func (t *matrixText) plan(p *run.MatrixPlan) {
	head := "What " + p.Target + " serves"
	if p.Machine != "" {
		head += ", asked from " + p.Machine
	}
	if !p.Started.IsZero() {
		head += p.Started.UTC().Format(", 2006-01-02 15:04 UTC")
	}
	for _, line := range wrap(head, t.s.Width) {
		t.b.WriteString(t.s.paint(sgrBold, line) + "\n")
	}
	label := "will send: "
	for _, line := range p.Sends {
		hang(&t.b, label, line, t.s.Width)
		label = strings.Repeat(" ", cells(label))
	}
	t.names = 20
	for _, row := range p.Rows {
		if row.Status == run.MatrixWaiting {
			t.names = min(max(t.names, cells(printable(row.Name))), matrixNames)
		}
	}
	t.b.WriteString("\n")
}

// row writes a row that was asked; the others wait for the end.
func (t *matrixText) row(row *run.MatrixRow) {
	if row.Started.IsZero() {
		return
	}
	if row.Class != t.heading {
		t.heading = row.Class
		t.b.WriteString(t.s.paint(sgrBold, MatrixHeading(row)) + "\n")
	}
	mark := t.s.mark(MatrixMark(row)) + " "
	indent := t.s.Glyphs.Width() + 1
	version := "  V" + strings.TrimSuffix(row.Protocol, ".0") + "  "
	names := wrap(row.Name, t.names)
	room := t.s.Width - indent - t.names - cells(version) - timeColumn
	if room < 12 { // too narrow for columns
		hang(&t.b, mark, row.Name+version+MatrixAnswer(row, t.s.Verbose), t.s.Width)
		return
	}
	answer := wrap(MatrixAnswer(row, t.s.Verbose), room)
	for i := range max(len(names), len(answer)) {
		lead, name, text, end := strings.Repeat(" ", indent), "", "", ""
		if i == 0 {
			lead = mark
			end = took(row.Took)
		}
		if i < len(names) {
			name = names[i]
		}
		if i < len(answer) {
			text = answer[i]
		}
		between := strings.Repeat(" ", cells(version))
		if i == 0 {
			between = version
		}
		line := lead + pad(name, t.names) + between + pad(text, room)
		line += strings.Repeat(" ", max(timeColumn-cells(end), 1)) + end
		t.b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}
