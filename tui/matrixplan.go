package tui

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// planBands draw what asking would send to whom.
func (v *matrixView) planBands(m *Model, w, h int) []band {
	places := matrixPlaces(m.shown())
	lines := v.planLines(m, inner(w))
	title := "What will be sent"
	if len(places) < 2 {
		return []band{one(title+partOf(v.scroll, h-1, len(lines)), h-1, window(lines, v.scroll, h-1))}
	}
	whom, title := "1 Whom to ask", "2 "+title
	if v.whom {
		whom += arrowsHere
	} else {
		title += arrowsHere
	}
	list := func(n int) []string {
		return rowsAround(len(places), v.place, n, func(i int) string { return v.placeLine(m, places[i], i, inner(w)) })
	}
	if h < 12 && v.whom {
		return []band{one(whom, h-1, list(h-1))}
	}
	if h < 12 {
		return []band{one(title+partOf(v.scroll, h-1, len(lines)), h-1, window(lines, v.scroll, h-1))}
	}
	n := min(len(places), max(h/4, 2))
	free := h - 2 - n
	return []band{one(whom, n, list(n)), one(title+partOf(v.scroll, free, len(lines)), free, window(lines, v.scroll, free))}
}

// placeLine is a host that may be asked, with what the run says of it.
func (v *matrixView) placeLine(m *Model, p matrixPlace, i, width int) string {
	state := map[run.Status]string{
		run.Pass: "well in this run", run.Warn: "warned of in this run", run.Fail: "FAILED in this run", run.Skip: "not reached in this run",
	}[wellness(m.shown(), p.key)]
	if x := m.matrices.byPlace[p.key]; x != nil {
		n := x.counts()
		state = fmt.Sprintf("asked before: %d served, %d refused", n[run.MatrixServed], n[run.MatrixRefused])
		if n[run.MatrixServed]+n[run.MatrixRefused] == 0 {
			state = "asked before: no answer"
		}
	}
	pointer := "  "
	if i == v.place {
		pointer = "> "
	}
	text := spread(brief(p.name), state, max(width-2, 0))
	if i == v.place {
		text = m.look.style.selected.Render(text)
	}
	return pointer + text
}

// planLines say what will be sent, and why some rows are not asked for.
func (v *matrixView) planLines(m *Model, width int) []string {
	x := m.shownMatrix(m.matrices.draft)
	d := &textBlock{look: m.look, width: width}
	if x == nil {
		return nil
	}
	if why := m.cannotAsk(m.matrices.draft); why != "" {
		d.text("Nothing is asked: " + m.shownText(why) + ".")
		if !x.planned || m.ask.NoRequest {
			return d.lines
		}
		d.blank()
	} else {
		d.text(fmt.Sprintf("%d KMS requests would go to %s. Nothing is sent before enter.", x.plan.Requests, x.place.name))
		d.blank()
	}
	for _, line := range x.plan.Sends {
		d.hang("  - ", line)
	}
	if m.matrices.byPlace[x.place.key] != nil {
		d.blank()
		d.text("It was asked before: the answers are replaced by the new ones.")
	}
	notAsked(d, x.plan.Rows)
	return d.lines
}

// notAsked lists what a plan leaves out, rows with one reason together.
func notAsked(d *textBlock, rows []run.MatrixRow) {
	names, order := map[string][]string{}, []string{}
	for _, row := range rows {
		if row.Status != run.MatrixNotAsked {
			continue
		}
		if names[row.Why] == nil {
			order = append(order, row.Why)
		}
		names[row.Why] = append(names[row.Why], row.Name)
	}
	if len(order) > 0 {
		d.blank()
		d.heading("NOT ASKED")
	}
	for _, why := range order {
		d.hang("  ", strings.Join(names[why], ", "))
		d.hang("      ", why)
	}
}
