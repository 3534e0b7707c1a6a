package tui

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// header implements [header].
func (v *matrixView) header(m *Model, w int) string {
	x := v.current(m)
	if v.asking || x == nil {
		return spread("Which products a host serves", m.stated(), w)
	}
	left := brief(x.place.name)
	if m.hidden {
		left += "  (names hidden)"
	}
	if x.running {
		n, of := x.settledRows()
		bar := ""
		if m.w >= 72 {
			bar = m.bar(n, of, 10) + "  "
		}
		return spread(left, fmt.Sprintf("%s%d of %d  esc stop", bar, n, of), w)
	}
	return spread(left, v.tally(m, x), w)
}

// stated says in the header that this session sends no request.
func (m *Model) stated() string {
	if m.ask.NoRequest {
		return "stops at the bind"
	}
	return ""
}

// tally is "17 served  8 REFUSED  7 not asked", in colours.
func (v *matrixView) tally(m *Model, x *matrixRun) string {
	n := x.counts()
	var parts []string
	for _, c := range []struct {
		status run.MatrixStatus
		word   string
		like   run.Status
	}{
		{run.MatrixServed, "served", run.Pass},
		{run.MatrixRefused, "REFUSED", run.Fail},
		{run.MatrixInvalid, "INVALID", run.Fail},
		{run.MatrixNoAnswer, "no answer", run.Warn},
		{run.MatrixNotAsked, "not asked", run.Skip},
	} {
		if n[c.status] > 0 && (m.w >= 60 || c.status != run.MatrixNotAsked || len(parts) == 0) {
			parts = append(parts, m.look.status(c.like).Render(fmt.Sprintf("%d %s", n[c.status], c.word)))
		}
	}
	if x.end != nil && x.end.Stopped {
		parts = append(parts, "stopped")
	}
	return strings.Join(parts, "  ")
}

func (v *matrixView) bands(m *Model, w, h int) []band {
	if v.asking {
		return v.planBands(m, w, h)
	}
	x := v.current(m)
	if x == nil {
		return []band{one("Products", h-1, nil)}
	}
	if v.zoom || m.h < listAlone {
		return []band{{height: h - 1, cols: []column{v.pane(m, x, v.focus, inner(w), h-1)}}}
	}
	said := v.verdict(m, x, inner(w))
	low := min(max(len(said), 1), max(h/6, 2))
	if v.focus == matrixVerdict {
		low = min(len(said), h/2)
	}
	last := band{height: low, cols: []column{v.pane(m, x, matrixVerdict, inner(w), low)}}
	if w >= wide {
		left := w*3/5 - 3
		free := h - 2 - low
		rows := v.pane(m, x, matrixRows, left, free)
		rows.width = left
		return []band{{height: free, cols: []column{rows, v.pane(m, x, matrixDetail, w-left-7, free)}}, last}
	}
	free := h - 3 - low
	told := len(v.detail(m, x, inner(w)))
	detail := min(told, max(free*2/5, 3))
	if v.focus == matrixDetail {
		detail = min(told, max(free*3/5, 3))
	}
	rows := free - detail
	return []band{
		{height: rows, cols: []column{v.pane(m, x, matrixRows, inner(w), rows)}},
		{height: detail, cols: []column{v.pane(m, x, matrixDetail, inner(w), detail)}},
		last,
	}
}

// pane draws one of the three panes of the answers.
func (v *matrixView) pane(m *Model, x *matrixRun, which, width, height int) column {
	var title string
	var lines []string
	switch which {
	case matrixRows:
		return column{title: "1 Products" + v.arrows(which), lines: v.list(m, x, width, height)}
	case matrixDetail:
		title, lines = "2 Detail", v.detail(m, x, width)
	default:
		title, lines = "3 Verdict", v.verdict(m, x, width)
		if x.running {
			title = "3 Now"
		}
	}
	scroll := 0
	if v.focus == which {
		scroll = v.scroll
	}
	return column{title: title + partOf(scroll, height, len(lines)) + v.arrows(which), lines: window(lines, scroll, height)}
}

// arrows marks the pane that the arrows move in.
func (v *matrixView) arrows(pane int) string {
	if v.focus == pane && pane != matrixRows {
		return arrowsHere
	}
	return ""
}

// list are the rows on screen, the cursor among them, under the headings of their
// classes.
func (v *matrixView) list(m *Model, x *matrixRun, width, height int) []string {
	list := v.shown(x)
	var tail []string
	if v.filter.typing || v.filter.text != "" {
		tail = []string{v.filter.line(width)}
		height--
	}
	if len(list) == 0 {
		return append(window([]string{"no row matches " + typeset.Cut(v.filter.text, 30)}, 0, height), tail...)
	}
	at, here := v.index(x, list), 0
	names := 12
	for _, i := range list {
		names = max(names, typeset.Width(brief(x.rows[i].Name)))
	}
	names = min(names, max((width-6)*2/5, width-60, 14))
	var lines []string
	heading := ""
	for n, i := range list {
		if title := x.heading(i); title != heading && m.h >= listAlone {
			heading = title
			lines = append(lines, m.look.style.heading.Render(typeset.Cut(title, width)))
		}
		if n == at {
			here = len(lines)
		}
		lines = append(lines, v.rowLine(m, x, i, names, width, n == at))
	}
	return append(window(lines, max(here-height/2, 0), max(height, 0)), tail...)
}

// heading is what stands above a row.
func (x *matrixRun) heading(i int) string {
	if i < len(x.plan.Rows) && x.plan.Rows[i].Status == run.MatrixNotAsked {
		return "NOT ASKED"
	}
	return report.MatrixHeading(&x.rows[i])
}

// rowLine is one row of the list.
func (v *matrixView) rowLine(m *Model, x *matrixRun, i, names, width int, current bool) string {
	row := &x.rows[i]
	mark, end, text := m.look.mark(report.MatrixMark(row)), typeset.Took(row.Took), answerWords(row, width)
	switch {
	case x.working(i):
		mark, text, end = m.look.busyMark(m.now), x.doing, ""
		if m.now.After(x.since) {
			end = typeset.Took(m.now.Sub(x.since))
		}
	case row.Status == run.MatrixWaiting:
		mark, text, end = m.look.emptyMark(), "", ""
	}
	pointer := "  "
	if current {
		pointer = "> "
	}
	room := width - 2 - m.look.glyphs.Width() - 1 - names - 2
	if width < 70 {
		end = ""
	}
	if end != "" {
		room -= timeCells
		end = strings.Repeat(" ", max(timeCells-typeset.Width(end), 0)) + end
	}
	body := typeset.Line(row.Name, names) + "  " + typeset.Line(text, max(room, 0)) + end
	switch {
	case current:
		body = m.look.style.selected.Render(body)
	case row.Status == run.MatrixWaiting && !x.working(i), row.Status == run.MatrixNotAsked:
		body = m.look.style.dim.Render(body)
	}
	return pointer + mark + " " + body
}

// answerWords say what came of a row, as far as a list of a width has room.
func answerWords(row *run.MatrixRow, width int) string {
	if row.Status != run.MatrixServed || row.Count == nil || row.Others == nil {
		return report.MatrixAnswer(row, width >= 90)
	}
	text := fmt.Sprintf("served, count %d, %d without this probe", *row.Count, *row.Others)
	more := fmt.Sprintf(": %d more must ask", row.Missing)
	if row.HeldByProbe() {
		more = ": enough with the probe alone"
	}
	switch {
	case width < 60:
		text, more = fmt.Sprintf("served %d (%d)", *row.Count, *row.Others), fmt.Sprintf(", %d short", row.Missing)
	case width < 90 && row.Missing > 0:
		text = fmt.Sprintf("served, %d (%d)", *row.Count, *row.Others)
	case width < 90:
		text = fmt.Sprintf("served, %d (%d without probe)", *row.Count, *row.Others)
	}
	if row.Missing > 0 {
		text += more
	}
	return text
}

// verdict is what the answers come to, or what is done now.
func (v *matrixView) verdict(m *Model, x *matrixRun, width int) []string {
	d := &textBlock{look: m.look, width: width}
	if x.end == nil {
		text := "connecting to " + x.place.name
		if x.doing != "" && !strings.HasPrefix(x.doing, "connecting") {
			text += ": " + x.doing
		}
		if x.row >= 0 && x.row < len(x.rows) {
			text = "asking for " + x.rows[x.row].Name
			if x.doing != "asking" && x.doing != "" {
				text += ": " + x.doing
			}
		}
		if !x.running {
			text = "it ended before its end: there is no verdict"
		}
		d.text(text)
		return d.lines
	}
	for line := range strings.SplitSeq(x.end.Conclusion, "\n") {
		d.text(line)
	}
	for _, k := range x.end.Keys {
		d.hang("host key, "+brief(k.Application)+": ", report.MatrixKeyName(k))
	}
	for _, n := range x.end.Notes {
		d.hang("- ", n)
	}
	for i, line := range x.end.Sent {
		d.hang(first("sent: ", i), line)
	}
	return d.lines
}
