package tui

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// textColumn is the part of the cause's text that fits a pane.
func (v *causesView) textColumn(m *Model, width, height int) column {
	lines := v.lines(m, width)
	return column{title: "2 Cause" + partOf(v.scroll, height, len(lines)) + v.arrows(true), lines: window(lines, v.scroll, height)}
}

func (v *causesView) arrows(text bool) string {
	if v.text == text && text {
		return arrowsHere
	}
	return ""
}

// lines are all that is known of the cause under the cursor.
func (v *causesView) lines(m *Model, width int) []string {
	c, ok := v.current(m)
	if !ok {
		return nil
	}
	d := &textBlock{look: m.look, width: width}
	d.hang(m.look.style.bold.Render(strings.ToUpper(string(c.Verdict)))+"  ", c.Title+c.About())
	if c.NoFault {
		d.text("Nothing is wrong here: it only looks so.")
	}
	d.blank()
	findings(d, "BECAUSE", c.Because)
	findings(d, "AGAINST", c.Against)
	if c.Next != nil && c.Verdict == diagnose.Possible {
		d.blank()
		d.heading("THE TEST THAT WOULD SETTLE IT")
		instruction(d, "  ", *c.Next)
		d.hang("  T: ", m.testWords(m.rawCause(v.index(m.shownCauses()))))
	}
	remedies := c.Remedies
	if page, ok := diagnose.Lookup(c.ID); ok && len(remedies) == 0 && c.Verdict != diagnose.RuledOut {
		remedies = page.Remedies
	}
	if len(remedies) > 0 {
		d.blank()
		d.heading("WHAT TO DO")
		for i, s := range remedies {
			instruction(d, fmt.Sprintf("%2d. ", i+1), s)
		}
	}
	if c.Explain != "" {
		d.blank()
		d.heading("WHAT IT IS")
		for p := range strings.SplitSeq(c.Explain, "\n\n") {
			d.hang("  ", p)
		}
	}
	if c.Code != 0 {
		d.blank()
		text := fmt.Sprintf("a Windows client would show 0x%08X", c.Code)
		if c.Inner != 0 {
			text += fmt.Sprintf(", its event 12288 0x%08X", c.Inner)
		}
		d.labelled("CODE", text+" (e explains it)")
	}
	d.labelled("ID", c.ID+", layer "+c.Layer)
	return d.lines
}

// findings are observations, each with the place where it was made.
func findings(d *textBlock, label string, list []diagnose.Finding) {
	for i, f := range list {
		text := f.Text
		if from := f.Origin.String(); from != "" {
			text += " [" + from + "]"
		}
		d.labelled(first(label, i), text)
	}
}

// instruction is a step under its number.
func instruction(d *textBlock, label string, s diagnose.Step) {
	d.hang(label, where(s)+": "+s.Text)
	d.stepBody(strings.Repeat(" ", len(label)), s)
}

// copyText implements [copier].
func (v *causesView) copyText(m *Model, evidence bool) string {
	c, ok := v.current(m)
	if !ok {
		return ""
	}
	if !evidence {
		return commandsOf(c.Remedies...)
	}
	lines := []string{string(c.Verdict) + ": " + c.Title + c.About() + " (" + c.ID + ")"}
	for _, f := range c.Because {
		lines = append(lines, "  because "+f.Text+" ["+f.Origin.String()+"]")
	}
	for _, f := range c.Against {
		lines = append(lines, "  against "+f.Text+" ["+f.Origin.String()+"]")
	}
	return typeset.Printable(lines[0]) + joined(lines[1:])
}

// copyName implements [namedCopier].
func (v *causesView) copyName(m *Model, evidence bool) string {
	c, _ := v.current(m)
	return nameOf(evidence, c.Remedies)
}

// code implements [coder].
func (v *causesView) code(m *Model) uint32 {
	c, _ := v.current(m)
	return c.Code
}
