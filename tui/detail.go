package tui

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/run"
)

// labelCells is the width of the labels of the detail.
const labelCells = 10

// detailLines are the lines of the detail that are on screen.
func (c *checksView) detailLines(m *Model, width, height int) []string {
	return window(c.detail(m, width), c.scroll, height)
}

// window is the part of lines that begins at a line, kept within the text.
func window(lines []string, from, height int) []string {
	from = max(min(from, len(lines)-height), 0)
	return lines[from:min(from+height, len(lines))]
}

// detail says all that is known of the row under the cursor.
func (c *checksView) detail(m *Model, width int) []string {
	r := c.current(m)
	if r == nil {
		return nil
	}
	d := &textBlock{look: m.look, width: width}
	s := m.shown()
	head := r.key.check + "  " + s.names.Label(r.subject, true)
	if r.result == nil {
		d.spread(head, "not run yet")
		d.labelled("ASKS", s.planned(r.key.check).Title)
		return d.lines
	}
	res := r.result
	end := word(res.Status)
	if t := typeset.Took(res.Took); t != "" && res.Status != run.Skip {
		end += " in " + t
	}
	if r.old {
		end = "earlier: " + end
	}
	d.spread(head, end)
	d.labelled("WHAT", res.Summary)
	for _, n := range res.Notes {
		d.hang(strings.Repeat(" ", labelCells)+m.look.mark(n.Status)+" ", n.Text)
	}
	c.why(m, d, r)
	c.observed(m, d, r)
	return d.lines
}

// why says which causes the row speaks for, and what to do.
func (c *checksView) why(m *Model, d *textBlock, r *row) {
	causes := m.causesOf(r)
	if r.result.Status == run.Pass || len(causes) == 0 {
		return
	}
	label := "WHY"
	for _, cause := range causes[:min(len(causes), 3)] {
		text := cause.Title
		if cause.Verdict != diagnose.Found {
			text = string(cause.Verdict) + ": " + text
		}
		d.labelled(label, text)
		label = ""
	}
	if len(causes[0].Remedies) > 0 {
		d.step("FIX", causes[0].Remedies[0])
	}
	if causes[0].Code != 0 {
		d.labelled("CODE", fmt.Sprintf("0x%08X   (e explains it)", causes[0].Code))
	}
}

// observed is what the row stands on.
func (c *checksView) observed(m *Model, d *textBlock, r *row) {
	facts := r.result.Evidence.Facts()
	if len(facts) > 0 {
		d.blank()
		label := "EVIDENCE"
		for _, f := range facts {
			d.labelled(label, f.Text)
			label = ""
		}
	}
	if other := c.works(m, r); other != nil {
		d.labelled("COMPARE", fmt.Sprintf("%s: %s", m.shown().names.Label(other.subject, true), other.result.Summary))
	}
}

// works is another subject on which the same check passed, where this one did not.
func (c *checksView) works(m *Model, r *row) *row {
	if r.result.Status == run.Pass || r.result.Status == run.Skip {
		return nil
	}
	for _, o := range m.shown().rows {
		if o.key.check == r.key.check && o != r && o.result != nil && o.result.Status == run.Pass {
			return o
		}
	}
	return nil
}

// causesOf are the causes that name a row among their reasons, best first.
func (m *Model) causesOf(r *row) []diagnose.Cause {
	var list []diagnose.Cause
	for _, cause := range m.shownCauses() {
		if cause.Verdict != diagnose.Found && cause.Verdict != diagnose.Possible {
			continue
		}
		for _, f := range cause.Because {
			if f.Origin.Check == r.key.check && f.Origin.Subject == r.key.subject {
				list = append(list, cause)
				break
			}
		}
	}
	return list
}
