package tui

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// matrixView shows which products a host serves. It says first what asking would
// send to whom, and asks when that is agreed to.
type matrixView struct {
	key    string // of the place whose answers are shown
	asking bool   // the plan is on screen, not the answers
	place  int    // under the cursor of the plan, among the places of the run
	whom   bool   // the arrows move among the places, not in the plan

	row    int  // under the cursor of the answers
	moved  bool // the user moved it
	focus  int  // pane that the arrows move in
	scroll int  // first line of the text in focus
	zoom   bool
	filter filter

	running bool // the answers on screen still come
}

// The panes of the answers, as numbered on the screen from 1.
const (
	matrixRows = iota
	matrixDetail
	matrixVerdict
	matrixPanes
)

// openMatrix shows what is known of the host under the cursor, or what asking it
// would send.
func (m *Model) openMatrix() tea.Cmd {
	if why := m.noMatrix(); why != "" {
		m.note = "m: " + why
		return nil
	}
	_, isOpen := m.top().(*matrixView)
	v := open(m, func() *matrixView { return &matrixView{} })
	if isOpen {
		return nil
	}
	at, sure := m.placeFor()
	if x := m.matrices.running; x != nil {
		v.show(x.place.key)
		v.running = true
		return nil
	}
	if key := matrixPlaces(m.run)[at].key; sure && m.matrices.byPlace[key] != nil {
		v.show(key)
		return nil
	}
	return v.ask(m, at, !sure)
}

// show turns to the answers of a place.
func (v *matrixView) show(key string) {
	if v.key != key {
		v.row, v.moved, v.filter = 0, false, filter{}
	}
	v.key, v.asking, v.scroll, v.zoom, v.focus = key, false, 0, false, matrixRows
}

// ask turns to the plan of a place.
func (v *matrixView) ask(m *Model, at int, choose bool) tea.Cmd {
	v.asking, v.place, v.whom, v.scroll = true, at, choose, 0
	return m.planMatrix(matrixPlaces(m.run)[at])
}

// rerun implements [rerunner]: it says again what asking would send.
func (v *matrixView) rerun(m *Model) tea.Cmd {
	if m.matrices.running != nil {
		m.note = "R: the host is being asked; esc stops it"
		return nil
	}
	at := slices.IndexFunc(matrixPlaces(m.run), func(p matrixPlace) bool { return p.key == v.key })
	if v.asking || at < 0 {
		at, _ = m.placeFor()
	}
	if len(matrixPlaces(m.run)) == 0 {
		return nil
	}
	return v.ask(m, at, false)
}

// current are the answers on screen; nil where there are none.
func (v *matrixView) current(m *Model) *matrixRun { return m.shownMatrix(m.matrices.byPlace[v.key]) }

// settled puts the cursor on the first row that is not served, unless the user
// moved it.
func (v *matrixView) settled(x *matrixRun) {
	v.running = false
	if v.moved || v.key != x.place.key {
		return
	}
	v.row = 0
	for i := range x.rows {
		if x.rows[i].Status == run.MatrixRefused || x.rows[i].Status == run.MatrixInvalid {
			v.row = i
			return
		}
	}
}

// live implements [ticking]: the row that is asked for has a clock.
func (v *matrixView) live() bool { return v.running }

func (v *matrixView) title() string { return "products" }

func (v *matrixView) typing() bool { return v.filter.typing }

// closes implements [closer].
func (v *matrixView) closes(m *Model) bool {
	switch {
	case v.asking:
		m.matrices.draft = nil
		if m.matrices.byPlace[v.key] == nil {
			return false
		}
		v.show(v.key)
	case m.matrices.running != nil && m.matrices.running.place.key == v.key:
		m.matrices.running.stop()
		m.note = "stopped: what was learned stays; R asks again"
	case v.zoom:
		v.zoom, v.scroll = false, 0
	case v.filter.text != "":
		v.filter = filter{}
	default:
		return false
	}
	return true
}

func (v *matrixView) footer(m *Model) []key.Binding {
	switch {
	case v.filter.typing:
		return []key.Binding{bind("enter", "keep the filter"), bind("esc", "no filter")}
	case v.asking:
		var list []key.Binding
		if x := m.matrices.draft; x != nil && m.cannotAsk(x) == "" {
			list = append(list, bind("enter", "send them"))
		}
		list = append(list, bind("esc", "send nothing"))
		if len(matrixPlaces(m.run)) > 1 {
			list = append(list, bind("tab", "other host"))
		}
		return append(list, bind("up/down", "move"))
	case m.matrices.running != nil:
		return []key.Binding{bind("esc", "stop"), bind("enter", "zoom"), keys.Tab, keys.Filter}
	}
	return []key.Binding{bind("enter", "zoom"), bind("R", "ask again"), bind("y", "copy the cure"), keys.Tab, keys.Filter, bind("n", "next refusal"), bind("esc", "back")}
}

// cannotAsk is the reason why a plan cannot be carried out; empty when it can.
func (m *Model) cannotAsk(x *matrixRun) string {
	switch {
	case m.ask.NoRequest:
		return "this session stops at the RPC bind (--no-request), and what a host serves shows in its answers to KMS requests alone"
	case !x.planned:
		return "it is being found out what this would send"
	case x.plan.Problem != "":
		return x.plan.Problem
	case m.matrices.running != nil:
		return "another host is being asked; esc there stops it"
	}
	return ""
}

func (v *matrixView) update(m *Model, msg tea.Msg) tea.Cmd {
	k, ok := msg.(tea.KeyPressMsg)
	switch {
	case !ok:
		return nil
	case v.asking:
		return v.pressPlan(m, k)
	case v.filter.typing:
		v.filter.press(k)
		return nil
	}
	x := v.current(m)
	if x == nil {
		return nil
	}
	list := v.shown(x)
	switch {
	case key.Matches(k, keys.Filter):
		v.filter.typing, v.zoom, v.focus = true, false, matrixRows
	case key.Matches(k, keys.Tab):
		v.goTo((v.focus + 1) % matrixPanes)
	case key.Matches(k, keys.Pane):
		v.goTo(min(int(k.Code-'1'), matrixPanes-1))
	case key.Matches(k, keys.Enter):
		v.zoom = !v.zoom
		if v.zoom && v.focus == matrixRows {
			v.goTo(matrixDetail)
		} else if !v.zoom {
			v.goTo(matrixRows)
		}
	case key.Matches(k, keys.NextFail):
		v.jump(x, list, 1)
	case key.Matches(k, keys.PrevFail):
		v.jump(x, list, -1)
	case v.focus != matrixRows:
		v.scroll = scrolled(k, v.scroll, m.h/2)
	default:
		v.choose(list, moved(k, v.index(x, list), len(list), m.h/2))
	}
	return nil
}

func (v *matrixView) goTo(pane int) { v.focus, v.scroll = pane, 0 }

// pressPlan takes a key while the plan is on screen.
func (v *matrixView) pressPlan(m *Model, k tea.KeyPressMsg) tea.Cmd {
	places := matrixPlaces(m.run)
	switch {
	case key.Matches(k, keys.Enter):
		x := m.matrices.draft
		if x == nil {
			return nil
		}
		if why := m.cannotAsk(x); why != "" {
			m.note = "enter: " + m.shownText(why)
			return nil
		}
		v.show(x.place.key)
		v.row, v.moved, v.running = 0, false, true
		return m.startMatrix()
	case key.Matches(k, keys.Tab) && len(places) > 1:
		v.whom = !v.whom
	case key.Matches(k, keys.Pane) && len(places) > 1:
		v.whom = k.Code == '1'
	case v.whom:
		if at := moved(k, v.place, len(places), 5); at != v.place && at < len(places) {
			return v.ask(m, at, true)
		}
	default:
		v.scroll = scrolled(k, v.scroll, m.h/2)
	}
	return nil
}

// shown are the rows that the filter leaves, by index.
func (v *matrixView) shown(x *matrixRun) []int {
	var list []int
	for i := range x.rows {
		if x.matches(i, v.filter.text) {
			list = append(list, i)
		}
	}
	return list
}

// matches tells whether a row holds the text of a filter.
func (x *matrixRun) matches(i int, filter string) bool {
	if filter == "" {
		return true
	}
	row := &x.rows[i]
	text := strings.Join(append([]string{row.Name, row.Class, string(row.Status), row.Code, row.Why, row.CountedID}, row.Releases...), " ")
	return strings.Contains(strings.ToLower(text), strings.ToLower(filter))
}

// index is the place of the cursor in the list; while the host is asked it stays
// with the row that is, unless the user moved it.
func (v *matrixView) index(x *matrixRun, list []int) int {
	row := v.row
	if !v.moved && x.running && x.row >= 0 {
		row = x.row
	}
	at := slices.IndexFunc(list, func(i int) bool { return i >= row })
	if at < 0 {
		at = len(list) - 1
	}
	return max(at, 0)
}

func (v *matrixView) choose(list []int, at int) {
	if at >= 0 && at < len(list) {
		v.row, v.moved = list[at], true
	}
}

// jump goes to the next row that is not served, around the end.
func (v *matrixView) jump(x *matrixRun, list []int, step int) {
	at := v.index(x, list)
	for n := 1; n <= len(list); n++ {
		i := ((at+n*step)%len(list) + len(list)) % len(list)
		switch report.MatrixMark(&x.rows[list[i]]) {
		case run.Fail, run.Warn:
			v.choose(list, i)
			v.scroll = 0
			return
		}
	}
}

// selected is the row under the cursor; nil where there is none.
func (v *matrixView) selected(x *matrixRun) *run.MatrixRow {
	list := v.shown(x)
	if len(list) == 0 {
		return nil
	}
	return &x.rows[list[v.index(x, list)]]
}

// copyText implements [copier]: the host keys that would cure the refusal, or what
// was asked and answered.
func (v *matrixView) copyText(m *Model, evidence bool) string {
	x := v.current(m)
	if v.asking || x == nil {
		return ""
	}
	row := v.selected(x)
	switch {
	case row == nil:
		return ""
	case !evidence && len(row.Cure) == 0:
		return ""
	case !evidence:
		return typeset.Printable(fmt.Sprintf("%s: %s on %s. Cure: %s", row.Name, report.MatrixAnswer(row, true), x.place.name, report.MatrixCure(row)))
	case row.Started.IsZero():
		return ""
	}
	return x.evidence(row)
}
