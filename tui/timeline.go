package tui

import (
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/run"
)

// phaseSpan is when one answer of this round was worked on, counted from the
// start of the round.
type phaseSpan struct {
	row   *row
	from  time.Duration
	took  time.Duration
	drawn bool // it is of this round
}

// spans are the phases of the round, in the order of the rows, with the time that
// all of them took. Answers of earlier rounds are named without a bar.
func spans(m *Model) (list []phaseSpan, whole time.Duration) {
	rows := m.shown().rows
	var begun time.Time
	for _, r := range rows {
		if start := r.started(); !start.IsZero() && !r.old && (begun.IsZero() || start.Before(begun)) {
			begun = start
		}
	}
	for _, r := range rows {
		p := phaseSpan{row: r}
		start := r.started()
		switch {
		case r.phase == working && !start.IsZero():
			p.from, p.took, p.drawn = start.Sub(begun), max(m.now.Sub(start), 0), true
		case r.result == nil || r.result.Status == run.Skip:
			continue
		case !r.old && !start.IsZero():
			p.from, p.took, p.drawn = start.Sub(begun), r.result.Took, true
		}
		if p.drawn {
			whole = max(whole, p.from+p.took)
		}
		list = append(list, p)
	}
	return list, whole
}

// started is when a row's answer was begun; zero when it was not.
func (r *row) started() time.Time {
	switch {
	case r.phase == working:
		return r.since
	case r.result != nil && r.result.Status != run.Skip:
		return r.result.Started
	}
	return time.Time{}
}

// waited tells whether an answer ended at its limit, and when its tries began.
func waited(r *row) (timeout bool, tries []time.Duration) {
	if r.phase == working || r.result == nil {
		return false, nil
	}
	set := &r.result.Evidence
	for _, d := range set.Dials {
		if d.Purpose == evidence.DialKMS && d.Outcome == evidence.Silent {
			timeout = true
			for _, t := range d.Tries {
				tries = append(tries, t.Started.Sub(d.Tries[0].Started))
			}
		}
	}
	for _, b := range set.Binds {
		timeout = timeout || b.Outcome == evidence.BindSilent
	}
	for _, x := range set.Exchanges {
		timeout = timeout || x.Outcome == evidence.ExchangeSilent
	}
	for _, a := range set.SRV {
		timeout = timeout || a.Outcome == evidence.DNSSilent
	}
	for _, a := range set.Addresses {
		timeout = timeout || a.Outcome == evidence.DNSSilent
	}
	return timeout, tries
}

// endCells hold what stands behind a bar, such as " 3.3 s, timeout".
const endCells = 15

// timelineLayout is how wide the columns are in a pane of a width.
func timelineLayout(width int) (label, room int) {
	switch {
	case width >= 90:
		label = 34
	case width >= 56:
		label = 20
	default:
		label = 17
	}
	return label, max(width-2-label-1-endCells, 4)
}

// timelineLines are the scale, which stays, and the phases from a place on. The
// row that the screen is about gets a pointer; a place below 0 means around it.
func timelineLines(m *Model, width, height, from int, about answerKey) []string {
	list, whole := spans(m)
	if len(list) == 0 {
		return []string{"nothing has been asked yet"}
	}
	label, room := timelineLayout(width)
	if from < 0 {
		from = slices.IndexFunc(list, func(p phaseSpan) bool { return p.row.key == about }) - height/2
	}
	lines := []string{strings.Repeat(" ", 2+label) + " " + spread("0", typeset.Took(whole), max(room, 10))}
	for _, p := range window(list, from, max(height-1, 0)) {
		lines = append(lines, p.line(m, whole, label, room, p.row.key == about))
	}
	return lines[:min(len(lines), height)]
}

// line is one phase.
func (p phaseSpan) line(m *Model, whole time.Duration, label, room int, here bool) string {
	pointer, name := "  ", p.row.key.check
	if here {
		pointer = "> "
	}
	if p.row.subject.Kind != run.Domain {
		name += " " + m.shown().names.Label(p.row.subject, false)
	}
	bar, end := strings.Repeat(" ", room), "earlier round"
	if p.drawn {
		timeout, tries := waited(p.row)
		bar, end = p.bar(m.look, whole, room, tries), p.words(timeout)
	}
	style := m.look.style.dim
	if p.row.phase != working && p.row.result != nil {
		style = m.look.status(p.row.result.Status)
	}
	return pointer + typeset.Line(name, label) + " " + style.Render(bar) + " " + typeset.Cut(end, endCells-1)
}

// bar draws a phase at its place on the scale. Where a try began anew the bar has
// a gap.
func (p phaseSpan) bar(l *look, whole time.Duration, room int, tries []time.Duration) string {
	cell := func(d time.Duration) int {
		if whole <= 0 {
			return 0
		}
		return int(float64(d) / float64(whole) * float64(room))
	}
	from := max(min(cell(p.from), room-1), 0)
	to := max(min(cell(p.from+p.took), room), from+1)
	cells := make([]string, to)
	for i := range cells {
		cells[i] = " "
		if i >= from {
			cells[i] = l.blocks.full
		}
	}
	for i, t := range tries {
		if at := cell(p.from + t); i > 0 && at > from && at < to-1 {
			cells[at] = l.blocks.empty
		}
	}
	return strings.Join(cells, "") + strings.Repeat(" ", room-to)
}

// words are what stands behind a bar.
func (p phaseSpan) words(timeout bool) string {
	text := typeset.Took(p.took)
	switch {
	case p.row.phase == working:
		return strings.TrimSpace(text + " so far")
	case timeout:
		return text + ", timeout"
	case p.row.result.Status == run.Fail:
		return strings.TrimSpace(text + " FAILED")
	}
	return text
}

// timeline is pane 3.
func (c *checksView) timeline(m *Model, width, height int) []string {
	about, from := answerKey{}, -1
	if r := c.current(m); r != nil {
		about = r.key
	}
	if c.focus == paneTimeline {
		from = c.timelineAt
	}
	return timelineLines(m, width, height, from, about)
}

// timelineView is the timeline on the whole screen.
type timelineView struct {
	scroll int
	about  answerKey
}

func (v *timelineView) title() string { return "timeline" }

func (v *timelineView) footer(*Model) []key.Binding {
	return []key.Binding{bind("up/down", "scroll"), bind("esc", "back")}
}

func (v *timelineView) update(m *Model, msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		list, _ := spans(m)
		v.scroll = moved(k, v.scroll, len(list), m.h/2)
	}
	return nil
}

func (v *timelineView) bands(m *Model, w, h int) []band {
	list, _ := spans(m)
	title := "3 Timeline" + partOf(v.scroll, h-2, len(list))
	return []band{one(title, h-1, timelineLines(m, inner(w), h-1, v.scroll, v.about))}
}
