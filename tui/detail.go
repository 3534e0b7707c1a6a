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

// partOf says which lines of a text a pane shows; nothing where it shows all.
func partOf(from, height, all int) string {
	if all <= height {
		return ""
	}
	from = max(min(from, all-height), 0)
	return fmt.Sprintf(", line %d-%d of %d", from+1, from+height, all)
}

// window is the part of lines that begins at a line, kept within the text.
func window[T any](lines []T, from, height int) []T {
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
	d.spread(head, r.ending())
	d.labelled("WHAT", res.Summary)
	for _, n := range res.Notes {
		d.hang(strings.Repeat(" ", labelCells)+m.look.mark(n.Status)+" ", n.Text)
	}
	if res.Command != "" {
		d.labelled("TYPE", "what shows it elsewhere:")
		d.command(strings.Repeat(" ", labelCells), res.Command)
	}
	switch res.Status {
	case run.Skip:
		c.skipped(m, d, r)
	case run.Pass:
		c.proves(m, d, r)
	default:
		c.why(m, d, r)
	}
	observed(d, r.result.Evidence)
	if other := c.works(m, r); other != nil {
		d.labelled("COMPARE", fmt.Sprintf("%s: %s", s.names.Label(other.subject, true), withTime(other)))
	}
	c.around(m, d, r)
	return d.lines
}

// withTime is what an answer was, and how soon it came.
func withTime(r *row) string {
	if took := typeset.Took(r.result.Took); took != "" {
		return r.result.Summary + " in " + took
	}
	return r.result.Summary
}

// skipped leads to the answer because of which this one was not asked for.
func (c *checksView) skipped(m *Model, d *textBlock, r *row) {
	root := c.rootOf(m, r)
	if root == nil {
		return
	}
	s := m.shown()
	d.labelled("ROOT", fmt.Sprintf("%s %s: %s, %s", root.key.check, s.names.Label(root.subject, true), word(root.result.Status), root.result.Summary))
	causes := m.causesOf(root)
	for i, cause := range causes[:min(len(causes), 3)] {
		d.labelled(first("WHY", i), causeWords(cause))
	}
	d.labelled("NEXT", "enter goes to "+root.key.check+", where the fix stands; r asks again what failed and was skipped")
}

// rootOf is the row that made a row be skipped; nil when there is none.
func (c *checksView) rootOf(m *Model, r *row) *row {
	raw := m.run.byKey[r.key]
	if raw == nil || raw.result == nil || raw.result.Status != run.Skip {
		return nil
	}
	check, subject, _ := strings.Cut(raw.result.Root, " ")
	root := m.shown().byKey[answerKey{check, subject}]
	if root == nil || root.result == nil || root.key == r.key {
		return nil
	}
	return root
}

// proves says what a passed row shows, and which causes it excludes.
func (c *checksView) proves(m *Model, d *textBlock, r *row) {
	s := m.shown()
	text := s.planned(r.key.check).Title
	if text == "" {
		return
	}
	from := ""
	if s.plan != nil {
		from = s.plan.Address
	}
	if r.subject.Kind == run.Endpoint && from != "" {
		text += ", asked from " + from
	}
	d.labelled("PROVES", text)
	if limit := proofLimits[r.key.check]; limit != "" {
		d.labelled("", limit)
	}
}

// proofLimits say what a pass does not show, where that is often believed.
var proofLimits = map[string]string{
	"dns.srv":      "not that a client uses these DNS servers and this domain",
	"dns.address":  "not that the host is still there",
	"tcp.connect":  "not that KMS is what listens; other machines may be filtered",
	"tcp.alive":    "not that its licensing service runs",
	"rpc.bind":     "not that the host serves any product",
	"kms.request":  "not that a certain PC can activate: its licence, pinned host and clock were not looked at",
	"kms.clock":    "not what the clock of any other machine says",
	"kms.identity": "not what system or key the host has today: the ePID is as old as its activation",
}

// why says which causes the row speaks for, and what to do.
func (c *checksView) why(m *Model, d *textBlock, r *row) {
	causes := m.causesOf(r)
	for i, cause := range causes[:min(len(causes), maxWhy)] {
		d.labelled(first("WHY", i), causeWords(cause))
	}
	if n := len(causes) - maxWhy; n > 0 {
		d.labelled("", fmt.Sprintf("and %d more: d", n))
	}
	if len(causes) == 0 && m.run.summary != nil {
		d.labelled("WHY", "no cause is known that this row alone speaks for; d shows those of the whole run")
	}
	if len(causes) > 0 {
		if next := testFirst(causes[0]); next != nil {
			d.step("TEST", *next)
		}
		if n := len(causes[0].Remedies); n > 0 {
			d.step("FIX", causes[0].Remedies[0])
			if n > 1 {
				d.labelled("", fmt.Sprintf("%s: d", count(n-1, "more remedy", "more remedies")))
			}
		}
	}
	if code := codeOf(m, r); code != 0 {
		d.labelled("CODE", fmt.Sprintf("0x%08X   (e explains it)", code))
	}
}

// testFirst is the test that comes before a cure: that of a cause which is only
// possible. It is nil for others, and where there is none.
func testFirst(c diagnose.Cause) *diagnose.Step {
	if c.Verdict == diagnose.Found {
		return nil
	}
	return c.Next
}

// maxWhy is how many causes a row shows.
const maxWhy = 3

// first is the label for the first of several lines.
func first(label string, i int) string {
	if i > 0 {
		return ""
	}
	return label
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// causeWords is a cause in a line.
func causeWords(cause diagnose.Cause) string {
	if cause.Verdict == diagnose.Found {
		return cause.Title
	}
	return string(cause.Verdict) + ": " + cause.Title
}

// works is another subject on which the same check passed, where this one did not.
func (c *checksView) works(m *Model, r *row) *row {
	if r.result.Status == run.Pass || r.result.Status == run.Skip {
		return nil
	}
	for _, o := range m.shown().rows {
		if o.key.check == r.key.check && o.key != r.key && o.result != nil && o.result.Status == run.Pass {
			return o
		}
	}
	return nil
}
