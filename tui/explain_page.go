package tui

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/diagnose"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// lines are the whole page.
func (v *explainView) lines(m *Model, width int) []string {
	p := v.page
	d := &textBlock{look: m.look, width: width}
	if p.hits {
		if p.strange {
			d.text("Nothing of that name is known: no code, no symbol, no cause. What comes near some of the words; tab selects, enter opens:")
		} else {
			d.text("This is no code by itself. What resembles it, or goes with its words; tab selects, enter opens:")
		}
		v.seeAlso(m, d, true)
		return d.lines
	}
	v.head(d)
	v.likely(m, d)
	for _, s := range p.code.Sections {
		d.blank()
		d.heading(strings.ToUpper(s.Heading))
		d.markdown(s.Body)
	}
	v.cure(m, d)
	if len(p.code.See) > 0 {
		v.seeAlso(m, d, false)
	}
	return d.lines
}

// head is what the number itself says.
func (v *explainView) head(d *textBlock) {
	c := v.page.code
	if c.Form == "" {
		return
	}
	if c.Symbol != "" {
		d.text(c.Symbol)
	}
	d.text(fmt.Sprintf("%d; %s", c.Signed, c.Form))
	if c.Meaning != "" && c.Meaning != c.Title {
		d.text(c.Meaning + ".")
	}
	if !c.Listed {
		d.blank()
		d.text("The catalogue does not list it; the number itself tells no more than this.")
	}
}

// likely lists the causes, with what this run says of each.
func (v *explainView) likely(m *Model, d *textBlock) {
	if len(v.page.causes) == 0 {
		return
	}
	d.blank()
	ran := m.shown().plan != nil
	right := 0
	if ran && d.width >= 72 {
		right = min(d.width*2/5, 60)
	}
	heading := "LIKELY CAUSES, MOST LIKELY FIRST"
	if right > 0 {
		d.heading(spread(heading, typeset.Pad("WHAT THIS RUN SAYS", right), d.width))
	} else {
		d.heading(heading)
	}
	for i, id := range v.page.causes {
		title := id
		if page, ok := diagnose.Lookup(id); ok {
			title = page.Title
		}
		pointer := "  "
		if i == v.cause && len(v.page.causes) > 1 {
			pointer = "> "
		}
		label := fmt.Sprintf("%s%2d ", pointer, i+1)
		switch {
		case right > 0:
			beside(d, label, title, m.says(id, right), right)
		case ran:
			d.hang(label, title)
			d.hang("        ", m.says(id, 0))
		default:
			d.hang(label, title)
		}
	}
}

// beside adds text with a second column, in as many lines as the longer needs.
func beside(d *textBlock, label, left, right string, width int) {
	a := typeset.Wrap(left, d.width-width-2-typeset.Width(label))
	b := typeset.Wrap(right, width)
	for i := range max(len(a), len(b)) {
		one, two := "", ""
		if i < len(a) {
			one = a[i]
		}
		if i < len(b) {
			two = b[i]
		}
		if i > 0 {
			label = strings.Repeat(" ", typeset.Width(label))
		}
		d.lines = append(d.lines, typeset.Pad(label+one, d.width-width)+two)
	}
}

// says is what the run on screen says of a cause; an arrow marks what it found.
func (m *Model) says(id string, width int) string {
	var found []string
	excluded := ""
	for _, c := range m.shownCauses() {
		if c.ID != id {
			continue
		}
		about := strings.Join(shortNames(m, c.Subjects), ", ")
		if about != "" {
			about += ": "
		}
		switch c.Verdict {
		case diagnose.Found, diagnose.Possible:
			found = append(found, about+string(c.Verdict))
		case diagnose.RuledOut:
			excluded = "ruled out"
			if len(c.Against) > 0 && (width == 0 || width >= 40) {
				excluded += ": " + c.Against[0].Text
			}
		}
	}
	switch {
	case len(found) > 0:
		return "<- " + strings.Join(found, "; ")
	case excluded != "":
		return "   " + excluded
	}
	why := ""
	if page, ok := diagnose.Lookup(id); ok {
		why = untested[page.Layer]
	}
	if why == "" {
		return "not tested"
	}
	return "not tested (" + why + ")"
}

// untested says by the layer of a cause what would have to be looked at.
var untested = map[string]string{
	"kms-client": "a PC's output: v",
	"time":       "a PC's clock: v",
	"key":        "a PC's licence: v",
	"office":     "Office's output: v",
	"kms-host":   "host's output: v",
	"count":      "host's output: v",
	"os":         "a PC's system: v",
	"cloud":      "not seen from here",
	"adba":       "the directory",
	"tcp":        "no sign of it here",
	"rpc":        "no sign of it here",
	"dns":        "no sign of it here",
}

// shortNames leave the domain of the run out.
func shortNames(m *Model, names []string) []string {
	var list []string
	for _, n := range names {
		for _, sub := range m.shown().subjects {
			if sub.Host == n && sub.Domain != "" {
				n = strings.TrimSuffix(n, "."+sub.Domain)
				break
			}
		}
		list = append(list, n)
	}
	return list
}

// chosen is the cause whose cure is shown: as this run has it, filled in with its
// names, or as its page has it.
func (v *explainView) chosen(m *Model) (diagnose.Cause, bool) {
	if v.page == nil || len(v.page.causes) == 0 {
		return diagnose.Cause{}, false
	}
	id := v.page.causes[min(v.cause, len(v.page.causes)-1)]
	for _, c := range m.shownCauses() {
		if c.ID == id && len(c.Remedies) > 0 {
			return c, true
		}
	}
	page, ok := diagnose.Lookup(id)
	return diagnose.Cause{ID: page.ID, Title: page.Title, Remedies: page.Remedies, Next: page.Next}, ok
}

// cure are the test and the remedies of the selected cause.
func (v *explainView) cure(m *Model, d *textBlock) {
	c, ok := v.chosen(m)
	if !ok {
		return
	}
	d.blank()
	d.heading(fmt.Sprintf("HOW TO FIX %d: %s", v.cause+1, c.Title))
	if c.Next != nil {
		instruction(d, "  test  ", *c.Next)
	}
	for i, s := range c.Remedies {
		instruction(d, fmt.Sprintf("  %d.    ", i+1), s)
	}
}

// seeMark stands before the selected code.
const seeMark = "> "

// seeAlso lists codes worth comparing; one of them may be selected.
func (v *explainView) seeAlso(m *Model, d *textBlock, all bool) {
	d.blank()
	if !all {
		d.heading("SEE ALSO")
	}
	for i, code := range v.page.code.See {
		title := ""
		if c, err := kmserr.Parse(code); err == nil {
			if e, ok := kmserr.Lookup(c); ok {
				title = e.Title()
			}
		}
		label := "  " + code + "  "
		if i == v.see {
			label = seeMark + code + "  "
		}
		at := len(d.lines)
		d.hang(label, title)
		if i == v.see {
			d.lines[at] = m.look.style.selected.Render(d.lines[at])
		}
	}
}

// copyText implements [copier].
func (v *explainView) copyText(m *Model, evidence bool) string {
	c, ok := v.chosen(m)
	switch {
	case !ok || v.asking:
		return ""
	case !evidence:
		return commandsOf(c.Remedies...)
	}
	return strings.TrimSpace(v.page.code.Code + "  " + v.page.code.Title + "\n" + typeset.Printable(v.page.code.Meaning))
}

// copyName implements [namedCopier].
func (v *explainView) copyName(m *Model, evidence bool) string {
	if c, ok := v.chosen(m); ok || !evidence {
		return nameOf(evidence, c.Remedies)
	}
	return "the page"
}
