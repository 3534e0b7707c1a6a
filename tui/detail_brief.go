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
const briefBelow = 16

// detailColumn is the part of the detail that fits a pane; its title says which
// part that is. In a low pane a failure is shown in brief, so that cause, fix and
// code are there at one glance.
func (c *checksView) detailColumn(m *Model, title string, width, height int) column {
	lines := c.detail(m, width)
	if len(lines) > height && height < briefBelow && !c.zoom && c.focus == paneList {
		if short := c.inBrief(m, width, height); short != nil {
			return column{title: title + " in brief: enter shows all", lines: short}
		}
	}
	return column{title: title + partOf(c.scroll, height, len(lines)), lines: window(lines, c.scroll, height)}
}

// inBrief is the detail of a failed or warned row as far as a pane has room: what
// was seen, the first cause, what to do, the code. Texts are cut to a line each
// where they would not fit otherwise. It is nil for other rows, and where no cause
// is known.
func (c *checksView) inBrief(m *Model, width, height int) []string {
	r := c.current(m)
	if r == nil || r.result == nil || r.result.Status != run.Fail && r.result.Status != run.Warn || height < 3 {
		return nil
	}
	causes := m.causesOf(r)
	if len(causes) == 0 {
		return nil
	}
	d := &textBlock{look: m.look, width: width}
	c.summed(m, d, r, causes, 2*briefBelow, d.labelled)
	if len(d.lines) > height {
		d.lines = nil
		c.summed(m, d, r, causes, height, d.one)
		return d.lines
	}
	observed(d, r.result.Evidence)
	return d.lines[:min(len(d.lines), height)]
}

// summed adds what stands in a brief detail; add puts a text behind its label.
func (c *checksView) summed(m *Model, d *textBlock, r *row, causes []diagnose.Cause, height int, add func(label, text string)) {
	d.spread(r.key.check+"  "+m.shown().names.Label(r.subject, true), r.ending())
	if height > 4 {
		add("WHAT", r.result.Summary)
	}
	why := causeWords(causes[0])
	if n := len(causes); n > 1 {
		why = fmt.Sprintf("%s (1 of %d: d): %s", causes[0].Verdict, n, causes[0].Title)
	}
	add("WHY", why)
	code := codeOf(m, r)
	room := height - len(d.lines) - 1
	if code != 0 {
		room--
	}
	if len(causes[0].Remedies) > 0 && room >= 0 {
		fix := causes[0].Remedies[0]
		who := fix.Who
		if fix.Shell != "" {
			who += ", " + fix.Shell
		}
		add("FIX", "on the "+who+": "+fix.Text)
		for _, command := range fix.Commands {
			// A command is shown whole or not at all.
			if room--; room < 0 || strings.Contains(command, "\n") || typeset.Width(command) > d.width-labelCells-2 {
				break
			}
			d.command(strings.Repeat(" ", labelCells), command)
		}
	}
	if code != 0 {
		add("CODE", fmt.Sprintf("0x%08X (e explains it)", code))
	}
}

// one adds a single line behind a label, cut to the pane.
func (t *textBlock) one(label, text string) {
	t.lines = append(t.lines, t.look.style.heading.Render(typeset.Pad(label, labelCells))+strings.TrimRight(typeset.Line(text, t.width-labelCells), " "))
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
