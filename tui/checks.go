package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/run"
)

// checksView is the main view: the rows of the run, and what is known of the one
// under the cursor.
type checksView struct {
	cursor answerKey // the row under the cursor; it survives rows coming and going
	moved  bool      // the user moved the cursor in this round
	scroll int       // first line of the detail on screen
	zoom   bool      // the detail fills the screen
	focus  int       // pane that the arrows move in
	all    bool      // skipped rows are shown where they would be left out
	filter filter

	timelineAt int // first phase on screen, while the arrows move there
	packet     int // message under the cursor of pane 4
	tape       handshake
}

func newChecks() *checksView { return &checksView{} }

func (c *checksView) title() string { return "" }

func (c *checksView) typing() bool { return c.filter.typing }

func (c *checksView) footer(m *Model) []key.Binding {
	switch {
	case c.filter.typing:
		return []key.Binding{bind("enter", "keep the filter"), bind("esc", "no filter")}
	case m.busy():
		return []key.Binding{keys.Enter, bind("esc", "stop")}
	case c.zoom:
		return []key.Binding{bind("esc", "back"), keys.Explain, keys.Copy, keys.Rerun, keys.Causes, keys.Save}
	}
	enter := bind("enter", "zoom")
	list := []key.Binding{enter, keys.Causes, keys.Explain, bind("r", "rerun"), bind("y", "copy"), keys.Save, bind("v", "paste"), keys.Capture}
	if m.watch.every > 0 {
		list = append([]key.Binding{bind("W", "slower, then off")}, list...)
	}
	if m.svc.Heal != nil && !m.repaired && m.shown().anyFailed() {
		list = append([]key.Binding{bind("H", "repair")}, list...)
	}
	return list
}

// closes implements [closer].
func (c *checksView) closes(*Model) bool {
	switch {
	case c.zoom:
		c.zoom, c.focus = false, paneList
	case c.filter.text != "":
		c.filter = filter{}
	default:
		return false
	}
	return true
}

func (c *checksView) update(m *Model, msg tea.Msg) tea.Cmd {
	if own, ok := msg.(messagesMsg); ok {
		return c.took(m, own)
	}
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	if c.filter.typing {
		c.filter.press(k)
		return nil
	}
	rows := c.rows(m)
	at := c.index(rows)
	switch {
	case key.Matches(k, keys.Filter):
		c.filter.typing = true
	case key.Matches(k, keys.All):
		c.all = !c.all
	case key.Matches(k, keys.Enter):
		c.enter(m)
	case key.Matches(k, keys.Tab):
		c.focus = (c.focus + 1) % c.panes(m)
	case key.Matches(k, keys.Pane):
		c.goTo(m, int(k.Code-'1'))
	case key.Matches(k, keys.Test):
		return c.test(m)
	case key.Matches(k, keys.NextFail):
		c.jump(rows, at, 1)
	case key.Matches(k, keys.PrevFail):
		c.jump(rows, at, -1)
	case c.focus == paneDetail || c.zoom:
		c.scroll = scrolled(k, c.scroll, m.h/2)
	case c.focus == paneTimeline:
		list, _ := spans(m)
		c.timelineAt = moved(k, c.timelineAt, len(list), m.h/4)
	case c.focus == panePackets:
		list, _ := c.messages(m)
		c.packet = moved(k, c.packet, len(list), m.h/4)
	default:
		c.choose(rows, moved(k, at, len(rows), m.h/2))
	}
	return nil
}

// moved is the place of a cursor in a list after a key.
func moved(k tea.KeyPressMsg, at, n, page int) int {
	switch {
	case key.Matches(k, keys.Up):
		at--
	case key.Matches(k, keys.Down):
		at++
	case key.Matches(k, keys.PageUp):
		at -= page
	case key.Matches(k, keys.PageDown):
		at += page
	case key.Matches(k, keys.Home):
		at = 0
	case key.Matches(k, keys.End):
		at = n - 1
	}
	return max(min(at, n-1), 0)
}

// scrolled is the first line of a text after a key; whoever draws it bounds it.
func scrolled(k tea.KeyPressMsg, at, page int) int { return moved(k, at, 1<<20, page) }

func (c *checksView) choose(rows []*row, at int) {
	if at >= 0 && at < len(rows) {
		if c.cursor != rows[at].key {
			c.scroll = 0
		}
		c.cursor, c.moved = rows[at].key, true
	}
}

// jump moves to the next failure in a direction, around the end.
func (c *checksView) jump(rows []*row, at, step int) {
	for i := 1; i <= len(rows); i++ {
		n := ((at+i*step)%len(rows) + len(rows)) % len(rows)
		if r := rows[n]; r.result != nil && (r.result.Status == run.Fail || r.result.Status == run.Warn) {
			c.choose(rows, n)
			return
		}
	}
}

// settled puts the cursor on the first failure when a round ends, unless the
// user has moved it.
func (c *checksView) settled(m *Model) {
	if c.moved {
		return
	}
	rows := c.rows(m)
	for _, want := range []run.Status{run.Fail, run.Warn} {
		for _, r := range rows {
			if r.result != nil && r.result.Status == want {
				c.cursor, c.scroll = r.key, 0
				return
			}
		}
	}
}

// rows are those that the filter leaves. Without one, what was skipped for one
// reason is one row, until all are asked for.
func (c *checksView) rows(m *Model) []*row {
	var list []*row
	s := m.shown()
	roots := map[string]bool{}
	for _, r := range s.rows {
		if !s.matches(r, c.filter.text) {
			continue
		}
		if root := r.skippedFor(); root != "" && c.folds() {
			if roots[root] && r.key != c.cursor {
				continue
			}
			roots[root] = true
		}
		list = append(list, r)
	}
	return list
}

// folds tells whether rows that were skipped for one reason are shown as one.
func (c *checksView) folds() bool { return !c.all && c.filter.text == "" && !c.filter.typing }

// index is the place of the cursor; without one it follows the work.
func (c *checksView) index(rows []*row) int {
	for i, r := range rows {
		if r.key == c.cursor {
			return i
		}
	}
	return 0
}

// current is the row under the cursor; nil when there is none.
func (c *checksView) current(m *Model) *row {
	rows := c.rows(m)
	if len(rows) == 0 {
		return nil
	}
	if m.busy() && !c.moved {
		for _, r := range rows {
			if r.phase == working {
				return r
			}
		}
	}
	return rows[c.index(rows)]
}

// The widths and heights at which the layout changes.
const (
	wide      = 100 // list and detail side by side
	tall      = 30  // and timeline and packets below
	listAlone = 16  // below this height the list alone is shown
)

func (c *checksView) bands(m *Model, w, h int) []band {
	verdict := c.verdict(m, inner(w))
	switch {
	case c.zoom:
		return []band{{height: h - 1, cols: []column{c.detailColumn(m, "2 Detail", inner(w), h-1)}}}
	case m.announcing() && (w < wide || m.h < listAlone):
		return c.startBands(m, w, h)
	case m.h < listAlone:
		return []band{{height: h - 1, cols: []column{c.listPane(c.listLines(m, inner(w)), inner(w), h-1)}}}
	case w >= wide:
		return c.wideBands(m, w, h, verdict)
	}
	return c.narrowBands(m, w, h, verdict)
}

// narrowBands put the detail below the list.
func (c *checksView) narrowBands(m *Model, w, h int, verdict []string) []band {
	free := h - 2 // the rules of list and verdict
	lines := c.listLines(m, inner(w))
	if m.busy() {
		now := c.now(m, inner(w))
		n := min(len(now), 3)
		return []band{
			{height: free - n, cols: []column{c.listPane(lines, inner(w), free-n)}},
			one("now", n, now),
		}
	}
	nv := min(len(verdict), max((free-1)/5, 2))
	if w < 80 && m.h < 20 {
		nv = 0 // cause, fix and code matter more; the verdict is in the header's count
	} else {
		free -= 1 + nv
	}
	want, told := len(lines), len(c.detail(m, inner(w)))
	detail := max(min(told, c.detailMost(m, free)), free-want)
	list := max(free-detail, min(3, free))
	detail = free - list
	bands := []band{
		{height: list, cols: []column{c.listPane(lines, inner(w), list)}},
		{height: detail, cols: []column{c.detailColumn(m, c.pane(paneDetail, "Detail"), inner(w), detail)}},
	}
	if nv > 0 {
		bands = append(bands, one("verdict", nv, verdictLines(m, verdict, nv, inner(w))))
	}
	return bands
}

// listWidth is the width of the list beside the detail: about two fifths, and
// more where that would leave no room for what was seen.
func listWidth(w int) int { return max(w*2/5, min(w/2, 54)) - 3 }

// wideBands put the detail beside the list, with timeline and packets below
// where there is room.
func (c *checksView) wideBands(m *Model, w, h int, verdict []string) []band {
	left := listWidth(w)
	right := w - left - 7
	if m.busy() {
		verdict = c.now(m, inner(w))
	}
	nv := max(min(len(verdict), 4), 1)
	free := h - 2 - nv
	below := 0
	if m.h >= tall {
		below = min(max(free/4, 5), 12)
		free -= below + 1
	}
	bands := []band{{height: free, cols: []column{
		c.listPane(c.listLines(m, left), left, free),
		c.detailColumn(m, c.pane(paneDetail, "Detail"), right, free),
	}}}
	if below > 0 {
		bands = append(bands, band{height: below, cols: []column{
			{title: c.pane(paneTimeline, "Timeline"), width: left, lines: c.timeline(m, left, below)},
			{title: c.pane(panePackets, "Packets (own handshake)"), lines: c.packets(m, right, below)},
		}})
	}
	title := "verdict"
	if m.busy() {
		title = "now"
	}
	return append(bands, one(title, nv, verdictLines(m, verdict, nv, inner(w))))
}
