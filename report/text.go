package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// Text returns the renderer of the one-shot screen: a header with what will be
// sent, rows under their groups as checks finish, then causes with reasons and
// remedies, and the conclusion last.
func Text(w io.Writer, s Style) Renderer {
	return &text{w: w, s: s.normal()}
}

type text struct {
	w       io.Writer
	s       Style
	b       strings.Builder // what the current event adds to the screen
	board   *board          // nil between runs
	names   *Names
	ids     int    // width of the check id column
	heading string // the group whose heading stands last
	runs    int    // plans seen
}

// Event implements [Renderer].
func (t *text) Event(e run.Event) error {
	switch {
	case e.Plan != nil:
		t.finish()
		t.plan(e.Plan)
	case e.Found != nil:
		t.start()
		t.board.found(e.Found)
		t.names.Found(e.Found.Subject)
	case e.Started != nil:
		t.start()
		t.rows(t.board.started(e.Started))
	case e.Finished != nil:
		t.start()
		t.rows(t.board.finished(*e.Finished))
	case e.Summary != nil:
		t.finish()
		t.summary(e.Summary)
	}
	return t.flush()
}

// Close implements [Renderer].
func (t *text) Close() error {
	if t.board != nil {
		t.finish()
		t.b.WriteString("\nThe run has no summary: it was cut off before its end.\n")
	}
	return t.flush()
}

func (t *text) flush() error {
	if t.b.Len() == 0 {
		return nil
	}
	_, err := io.WriteString(t.w, t.b.String())
	t.b.Reset()
	return err
}

// start opens the board of a stream that came without a plan.
func (t *text) start() {
	if t.board == nil {
		t.begin(&run.Plan{})
	}
}

func (t *text) begin(p *run.Plan) {
	t.board, t.names, t.heading, t.ids = newBoard(p), NewNames(p), "", 11
	for _, c := range p.Checks {
		t.ids = max(t.ids, cells(printable(c.ID)))
	}
}

// finish prints the rows that are still held back and closes the board.
func (t *text) finish() {
	if t.board != nil {
		t.rows(t.board.rest())
		t.board = nil
	}
}

func (t *text) plan(p *run.Plan) {
	if t.runs++; t.runs > 1 {
		t.b.WriteString("\n")
	}
	t.begin(p)
	head := p.Title
	if from := strings.TrimSpace(p.Machine + " " + p.Address); from != "" {
		head += ", from " + from
	}
	if !p.Started.IsZero() {
		head += p.Started.UTC().Format(", 2006-01-02 15:04 UTC")
	}
	for _, line := range wrap(head, t.s.Width) {
		t.b.WriteString(t.s.paint(sgrBold, line) + "\n")
	}
	if len(p.Sends) > 0 {
		hang(&t.b, "will send: ", strings.Join(p.Sends, "; "), t.s.Width)
	}
	t.b.WriteString("\n")
}

func (t *text) rows(rows []row) {
	for _, r := range rows {
		if r.group != t.heading {
			t.heading = r.group
			t.b.WriteString(t.s.paint(sgrBold, printable(r.group)) + "\n")
		}
		t.result(r.result)
	}
}

const (
	timeColumn = 9  // cells kept for a duration at the end of a row
	minSummary = 28 // cells below which a summary gets lines of its own
)

func (t *text) result(r run.Result) {
	end := ""
	if r.Status != run.Skip {
		end = took(r.Took)
	}
	lead := t.s.mark(r.Status) + " " + pad(printable(r.Check), t.ids) + "  "
	indent := cells(lead)
	room := t.s.Width - indent - timeColumn
	var lines []string
	if room < minSummary {
		indent = t.s.Glyphs.Width() + 1
		lines = append([]string{""}, wrap(t.names.Row(r), t.s.Width-indent)...)
	} else {
		lines = wrap(t.names.Row(r), room)
	}
	end = strings.Repeat(" ", max(timeColumn-cells(end), 1)) + end
	first := lead + pad(lines[0], t.s.Width-cells(lead)-timeColumn) + end
	t.b.WriteString(strings.TrimRight(first, " ") + "\n")
	for _, l := range lines[1:] {
		t.b.WriteString(strings.Repeat(" ", indent) + l + "\n")
	}
	for _, n := range r.Notes {
		if n.Status == run.Pass && !t.s.Verbose {
			continue
		}
		label := strings.Repeat(" ", indent) + t.s.mark(n.Status) + " "
		hang(&t.b, label, n.Text+" ("+n.ID+")", t.s.Width)
	}
	if r.Command != "" {
		t.b.WriteString("\n" + t.s.paint(sgrCyan, printable(r.Command)) + "\n")
	}
}

func (t *text) summary(s *run.Summary) {
	causes(&t.b, t.s, s.Causes, s.Ignored)
	t.b.WriteString("\n")
	for _, line := range wrap(counts(s), t.s.Width) {
		t.b.WriteString(t.s.paint(statusColor(s.Worst), line) + "\n")
	}
	if len(s.Sent) > 0 {
		hang(&t.b, "sent: ", strings.Join(s.Sent, "; "), t.s.Width)
	}
	unfinished(&t.b, t.s, s)
	if len(s.Ignored) > 0 {
		hang(&t.b, "ignored: ", strings.Join(s.Ignored, ", "), t.s.Width)
	}
	conclusion(&t.b, t.s, s)
}

// counts is "1 failed, 2 skipped, 10 passed in 3.4 s", with how it ended.
func counts(s *run.Summary) string {
	var parts []string
	for _, c := range []struct {
		status run.Status
		word   string
	}{{run.Fail, "failed"}, {run.Warn, "warned"}, {run.Skip, "skipped"}, {run.Pass, "passed"}} {
		if n := s.Counts[c.status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, c.word))
		}
	}
	text := strings.Join(parts, ", ")
	if text == "" {
		text = "nothing was checked"
	}
	if d := took(s.Took); d != "" {
		text += " in " + d
	}
	if s.Stopped {
		text += "; stopped before the end"
	}
	return text
}

// maxUnfinished is how many unfinished checks are named.
const maxUnfinished = 12

// unfinished names what a stopped run left open.
func unfinished(b *strings.Builder, s Style, sum *run.Summary) {
	names := sum.Unfinished
	if len(names) == 0 {
		return
	}
	text := strings.Join(names[:min(len(names), maxUnfinished)], ", ")
	if n := len(names) - maxUnfinished; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	hang(b, "not finished: ", text, s.Width)
}

func conclusion(b *strings.Builder, s Style, sum *run.Summary) {
	for line := range strings.SplitSeq(strings.TrimSpace(sum.Conclusion), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		for _, l := range wrap(line, s.Width) {
			b.WriteString(s.paint(sgrBold, l) + "\n")
		}
	}
	if len(sum.NotTested) > 0 && !strings.Contains(sum.Conclusion, "Not tested") {
		hang(b, "Not tested: ", strings.Join(sum.NotTested, "; ")+".", s.Width)
	}
}
