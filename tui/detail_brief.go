package tui

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/run"
)

// briefBelow is the height under which a pane that is not read shows the detail
// of a failure in brief.
const briefBelow = 24

// detailMost is how many of some lines the detail below a list may take: that of
// a failure the more of them, the lower the screen is.
func (c *checksView) detailMost(m *Model, lines int) int {
	r := c.current(m)
	switch {
	case r == nil || !r.unwell():
	case m.h < 20:
		return lines * 3 / 4
	case m.h < tall:
		return lines * 3 / 5
	}
	return lines / 2
}

// unwell tells whether a row failed or is warned about.
func (r *row) unwell() bool {
	return r.result != nil && (r.result.Status == run.Fail || r.result.Status == run.Warn)
}

// detailColumn is the part of the detail that fits a pane; its title says which
// part that is. In a low pane a failure is shown in brief, so that cause, fix and
// code are there at one glance.
func (c *checksView) detailColumn(m *Model, title string, width, height int) column {
	lines := c.detail(m, width)
	if c.zoom {
		lines = append(lines, c.aboutRun(m, width)...)
	}
	if len(lines) > height && height < briefBelow && !c.zoom && c.focus == paneList {
		if short := c.inBrief(m, width, height); short != nil {
			return column{title: title + " in brief: enter shows all", lines: short}
		}
	}
	return column{title: title + partOf(c.scroll, height, len(lines)), lines: window(lines, c.scroll, height)}
}

// inBrief is the detail of a failed or warned row as far as a pane has room: what
// was seen, the first cause, what to test and to do, the code. Every line of the
// pane is used before a text is cut. It is nil for other rows, and where no cause
// is known.
func (c *checksView) inBrief(m *Model, width, height int) []string {
	r := c.current(m)
	if r == nil || !r.unwell() || height < 3 {
		return nil
	}
	causes := m.causesOf(r)
	if len(causes) == 0 {
		return nil
	}
	d := &textBlock{look: m.look, width: width}
	d.spread(r.key.check+"  "+m.shown().names.Label(r.subject, true), r.ending())
	b := &brevity{look: m.look, width: width, room: height - len(d.lines)}
	b.fill(m, r, causes)
	for _, p := range b.parts {
		d.lines = append(d.lines, p.shown()...)
	}
	observed(d, r.result.Evidence)
	return d.lines[:min(len(d.lines), height)]
}

// brevity deals the lines of a low pane out to the parts of a detail.
type brevity struct {
	look  *look
	width int
	room  int // lines that nothing has yet
	parts []*part
}

// part is a text behind a label, or a command to type, with the lines it has got.
type part struct {
	label string   // with its colours, as wide as the label column
	lines []string // all that it would take
	got   int
	width int
}

// fill takes up what there is to say, in the order of the screen, and then deals
// the lines out: first a line for each part, the cause before what to do before
// what was seen, which the list shows too; then the rest of each.
func (b *brevity) fill(m *Model, r *row, causes []diagnose.Cause) {
	what := b.text("WHAT", wrongFirst(*r.result).Summary)
	label := "WHY"
	if n := len(causes); n > 1 {
		label = fmt.Sprintf("WHY 1/%d", min(n, 99))
	}
	why := b.text(label, causeWords(causes[0]))
	var steps []*part
	var typed [][]*part
	add := func(label string, s diagnose.Step) {
		text, commands := b.step(label, s)
		steps, typed = append(steps, text), append(typed, commands)
	}
	if next := testFirst(causes[0]); next != nil {
		add("TEST", *next)
	}
	if len(causes[0].Remedies) > 0 {
		add("FIX", causes[0].Remedies[0])
	}
	b.deal(why, 1)
	for _, s := range steps {
		b.deal(s, 1)
	}
	if code := codeOf(m, r); code != 0 {
		b.deal(b.text("CODE", fmt.Sprintf("0x%08X (e explains it)", code)), 1)
	}
	b.deal(why, len(why.lines))
	for i, s := range steps {
		if i > 0 {
			b.deal(what, 1)
		}
		b.deal(s, len(s.lines))
		for _, command := range typed[i] {
			// A command is shown whole, and after those before it, or not at all.
			if b.room < len(command.lines) || s.got < len(s.lines) {
				break
			}
			b.deal(command, len(command.lines))
		}
	}
	b.deal(what, len(what.lines))
}

// deal lets a part have up to n lines, as far as there is room.
func (b *brevity) deal(p *part, n int) {
	more := min(max(min(n, len(p.lines))-p.got, 0), b.room)
	p.got += more
	b.room -= more
}

// text takes up a text behind a label.
func (b *brevity) text(label, text string) *part {
	p := &part{label: b.look.style.heading.Render(typeset.Pad(label, labelCells)), width: max(b.width-labelCells, 10)}
	p.lines = typeset.Wrap(text[:min(len(text), maxText)], p.width)
	b.parts = append(b.parts, p)
	return p
}

// step takes up a step, and apart from it what is to be typed. The lines of a
// ticket are prose, and go on in its text.
func (b *brevity) step(label string, s diagnose.Step) (*part, []*part) {
	place := where(s)
	if b.width < 60 {
		place = whereShort(s)
	}
	text := strings.TrimSpace(place + ": " + s.Text)
	if s.Shell == ticket {
		return b.text(label, text+" "+strings.Join(s.Commands, " ")), nil
	}
	p := b.text(label, text)
	var typed []*part
	for _, c := range s.Commands {
		d := &textBlock{look: b.look, width: b.width}
		d.command(strings.Repeat(" ", labelCells), c)
		command := &part{lines: d.lines}
		typed, b.parts = append(typed, command), append(b.parts, command)
	}
	return p, typed
}

// shown are the lines of a part, cut with a mark where it has fewer than it takes.
func (p *part) shown() []string {
	if p.label == "" {
		return p.lines[:p.got]
	}
	var out []string
	label := p.label
	for i, line := range p.lines[:p.got] {
		if i == p.got-1 && p.got < len(p.lines) {
			line = typeset.Cut(line+" "+p.lines[i+1], p.width)
		}
		out, label = append(out, label+line), strings.Repeat(" ", labelCells)
	}
	return out
}

// ending says how an answer ended and how long it took.
func (r *row) ending() string {
	end := word(r.result.Status)
	if t := typeset.Took(r.result.Took); t != "" && r.result.Status != run.Skip {
		end += " in " + t
	}
	if r.old {
		end = "earlier: " + end
	}
	return end
}
