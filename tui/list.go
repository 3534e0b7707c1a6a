package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/run"
)

// listPane shows lines of the list as far as a pane has room, the cursor among
// them. Its title says how many are out of sight.
func (c *checksView) listPane(lines []listLine, width, height int) column {
	title := "1 Checks"
	if n := len(lines); n > height && height > 0 {
		title = fmt.Sprintf("1 Checks, %d of %d lines", height, n)
	}
	return column{title: title, width: width, lines: c.onScreen(lines, width, height)}
}

func (c *checksView) onScreen(lines []listLine, width, height int) []string {
	if len(lines) == 0 {
		if c.filter.text != "" {
			return []string{"no row matches " + typeset.Cut(c.filter.text, 30)}
		}
		return nil
	}
	offset := listOffset(lines, height)
	var out []string
	for _, l := range lines[offset:min(offset+height, len(lines))] {
		out = append(out, l.text)
	}
	if c.filter.typing || c.filter.text != "" {
		out = append(out[:min(len(out), max(height-1, 0))], c.filter.line(width))
	}
	return out
}

type listLine struct {
	text    string
	current bool
	row     *row // nil for a heading
}

// listOffset is the first line on screen, so that the cursor is there as well.
func listOffset(lines []listLine, height int) int {
	for i, l := range lines {
		if l.current && i >= height {
			return i - height + 1
		}
	}
	return 0
}

// listLines are all lines of the list.
func (c *checksView) listLines(m *Model, width int) []listLine {
	s, rows := m.shown(), c.rows(m)
	current := c.current(m)
	ids := 11
	for _, r := range rows {
		ids = max(ids, typeset.Width(r.key.check))
	}
	var out []listLine
	heading := ""
	for _, r := range rows {
		if r.group != heading && m.w >= 80 && c.filter.text == "" {
			heading = r.group
			out = append(out, listLine{text: m.look.style.heading.Render(typeset.Printable(heading))})
		}
		out = append(out, listLine{c.rowLine(m, s, r, width, ids, r == current), r == current, r})
	}
	return out
}

const timeCells = 9

// rowLine is one row of the list.
func (c *checksView) rowLine(m *Model, s *session, r *row, width, ids int, current bool) string {
	pointer := "  "
	if current {
		pointer = "> "
	}
	var text, end string
	if r.result != nil && (r.phase == done || r.old) {
		text = rowText(s.names, *r.result)
		if n := c.folded(s, r); n > 0 {
			text = strings.Replace(text, "not run:", fmt.Sprintf("and %d more (a) not run:", n), 1)
		}
		if r.result.Status != run.Skip {
			end = typeset.Took(r.result.Took)
		}
	} else {
		text = s.names.Label(r.subject, true)
		if !s.running && s.summary != nil {
			text += "  not finished"
		}
	}
	if r.phase == working {
		text = s.names.Label(r.subject, true) + "  " + r.progress
		if !r.since.IsZero() && m.now.After(r.since) {
			end = typeset.Took(m.now.Sub(r.since))
		}
	}
	if r.was != "" {
		text += "  (was " + word(r.was) + " until " + r.changed.UTC().Format("15:04:05") + " UTC)"
	}
	room := width - 2 - m.look.glyphs.Width() - 1 - ids - 2
	if m.w < 80 {
		end = ""
	}
	if end != "" {
		room -= timeCells
		end = strings.Repeat(" ", timeCells-typeset.Width(end)) + end
	}
	if r.old && !s.running {
		text += "  (earlier)"
	}
	if typeset.Width(text) > room && r.subject.Kind == run.Endpoint {
		// What was seen matters more than the address, which the detail has.
		text = strings.Replace(text, " "+r.subject.Addr.String(), "", 1)
	}
	mark := c.markOf(m, r)
	body := typeset.Line(r.key.check, ids) + "  " + typeset.Line(text, max(room, 0)) + end
	switch {
	case current:
		body = m.look.style.selected.Render(body)
	case r.was != "":
		body = m.look.style.changed.Render(body)
	case r.old, r.phase == waiting, r.result != nil && r.result.Status == run.Skip:
		body = m.look.style.dim.Render(body)
	}
	return pointer + mark + " " + body
}

// folded is the number of rows that a row stands for beside itself.
func (c *checksView) folded(s *session, r *row) int {
	root, n := r.skippedFor(), -1
	if root == "" || !c.folds() {
		return 0
	}
	for _, o := range s.rows {
		if o.skippedFor() == root {
			n++
		}
	}
	return n
}

// markOf is the mark of a row: blank while it waits, dots while it works.
func (c *checksView) markOf(m *Model, r *row) string {
	switch {
	case r.phase == working:
		return m.look.busyMark(m.now)
	case r.phase == waiting && !r.old:
		return m.look.emptyMark()
	}
	return m.look.mark(r.result.Status)
}

// busyMark are dots that move with the clock, as wide as every mark of the set.
func (l *look) busyMark(now time.Time) string {
	w := l.glyphs.Width()
	if w < 4 {
		return typeset.Pad([]string{".", ":"}[int(now.UnixMilli()/500)%2], w)
	}
	n := int(now.UnixMilli()/500) % 3
	return typeset.Pad("["+typeset.Pad(strings.Repeat(".", n+1), w-2)+"]", w)
}

// emptyMark is as wide as every mark of the set.
func (l *look) emptyMark() string {
	w := l.glyphs.Width()
	if w < 4 {
		return strings.Repeat(" ", w)
	}
	return "[" + strings.Repeat(" ", w-2) + "]"
}

// word is a status as it is said.
func word(s run.Status) string {
	switch s {
	case run.Pass:
		return "ok"
	case run.Warn:
		return "warned"
	case run.Fail:
		return "FAILED"
	case run.Skip:
		return "skipped"
	}
	return "not run"
}
