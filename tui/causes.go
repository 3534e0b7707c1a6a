package tui

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// causesView shows the ranked causes of the whole run: a list, and all that is
// known of the one under the cursor.
type causesView struct {
	cause  causeKey // under the cursor; it survives causes coming and going
	at     int      // its place
	scroll int      // first line of its text
	text   bool     // the arrows move in the text
}

// causeKey names a cause, which may be there once for each group of hosts.
type causeKey struct{ id, about string }

func keyOf(c diagnose.Cause) causeKey { return causeKey{c.ID, strings.Join(c.Subjects, " ")} }

// openCauses shows the causes of the run, at that of the row under the cursor.
func (m *Model) openCauses() {
	v := open(m, func() *causesView { return &causesView{} })
	if c, ok := m.views[0].(*checksView); ok && v.cause == (causeKey{}) {
		if r := c.current(m); r != nil && r.result != nil {
			if of := m.causesOf(r); len(of) > 0 {
				v.choose(m, slices.IndexFunc(m.shownCauses(), func(k diagnose.Cause) bool { return keyOf(k) == keyOf(of[0]) }))
			}
		}
	}
}

func (v *causesView) title() string { return "causes" }

func (v *causesView) footer(m *Model) []key.Binding {
	list := []key.Binding{bind("up/down", "cause"), bind("tab", "its text"), bind("T", "run the test"), bind("y", "copy fix"), bind("Y", "evidence"), bind("e", "code"), bind("esc", "back")}
	if v.text {
		list[0], list[1] = bind("up/down", "scroll"), bind("tab", "the list")
	}
	if _, ok := v.current(m); !ok {
		return []key.Binding{bind("esc", "back")}
	}
	if m.cannot(keys.Test) != "" {
		list = slices.DeleteFunc(list, func(b key.Binding) bool { return b.Help().Key == keys.Test.Help().Key })
	}
	return list
}

// index is the place of the cursor in the causes as they are now.
func (v *causesView) index(list []diagnose.Cause) int {
	if i := slices.IndexFunc(list, func(c diagnose.Cause) bool { return keyOf(c) == v.cause }); i >= 0 {
		return i
	}
	return max(min(v.at, len(list)-1), 0)
}

// current is the cause under the cursor.
func (v *causesView) current(m *Model) (diagnose.Cause, bool) {
	list := m.shownCauses()
	if len(list) == 0 {
		return diagnose.Cause{}, false
	}
	return list[v.index(list)], true
}

func (v *causesView) choose(m *Model, at int) {
	list := m.shownCauses()
	if at < 0 || at >= len(list) {
		return
	}
	if keyOf(list[at]) != v.cause {
		v.scroll = 0
	}
	v.cause, v.at = keyOf(list[at]), at
}

func (v *causesView) update(m *Model, msg tea.Msg) tea.Cmd {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	list := m.shownCauses()
	switch at := v.index(list); {
	case key.Matches(k, keys.NextCause):
		v.choose(m, at+1)
	case key.Matches(k, keys.PrevCause):
		v.choose(m, at-1)
	case key.Matches(k, keys.Tab), key.Matches(k, keys.Enter):
		v.text = !v.text
	case key.Matches(k, keys.Pane):
		v.text = k.Code >= '2'
	case key.Matches(k, keys.Test):
		return m.runTest(m.rawCause(at))
	case v.text, key.Matches(k, keys.PageUp), key.Matches(k, keys.PageDown):
		lines := v.lines(m, inner(m.w))
		v.scroll = moved(k, min(v.scroll, max(len(lines)-1, 0)), len(lines), m.h/2)
	default:
		v.choose(m, moved(k, at, len(list), m.h/2))
	}
	return nil
}

// rawCause is the cause as it was judged, behind the one on screen.
func (m *Model) rawCause(at int) diagnose.Cause {
	if at < len(m.causes) {
		return m.causes[at]
	}
	return diagnose.Cause{}
}

func (v *causesView) bands(m *Model, w, h int) []band {
	list := m.shownCauses()
	if len(list) == 0 {
		return []band{one("Causes", h-1, typeset.Wrap(m.noCauses(), inner(w)))}
	}
	title := "Causes of the whole run"
	if m.busy() {
		title += " (provisional: the run is still going)"
	}
	if w >= wide {
		left := w*2/5 - 3
		return []band{{height: h - 1, cols: []column{
			{title: "1 " + title + v.arrows(false), width: left, lines: v.list(m, left, h-1)},
			v.textColumn(m, w-left-7, h-1),
		}}}
	}
	if h < 12 {
		if v.text {
			return []band{{height: h - 1, cols: []column{v.textColumn(m, inner(w), h-1)}}}
		}
		return []band{one("1 "+title, h-1, v.list(m, inner(w), h-1))}
	}
	n := min(len(list), max(h/4, 3))
	return []band{
		one("1 "+title+v.arrows(false), n, v.list(m, inner(w), n)),
		{height: h - 2 - n, cols: []column{v.textColumn(m, inner(w), h-2-n)}},
	}
}

// noCauses says why there is none.
func (m *Model) noCauses() string {
	if m.busy() || m.shown().summary == nil {
		return "Nothing is known yet that would explain a failure."
	}
	return "Nothing failed that would need a cause. What was not tested stands in the verdict."
}

// list are the causes in a line each.
func (v *causesView) list(m *Model, width, height int) []string {
	var lines []string
	all := m.shownCauses()
	at, n, here := v.index(all), 0, 0
	for i, c := range all {
		label := "ruled out"
		if c.Verdict != diagnose.RuledOut {
			n++
			label = fmt.Sprintf("%d %s", n, c.Verdict)
		}
		if c.NoFault && c.Verdict == diagnose.Found {
			label = fmt.Sprintf("%d no fault", n)
		}
		pointer := "  "
		if i == at {
			pointer, here = "> ", len(lines)
		}
		line := typeset.Line(typeset.Pad(label, 11)+" "+c.Title+c.About(), width-2)
		switch {
		case i == at:
			line = m.look.style.selected.Render(line)
		case c.Verdict == diagnose.RuledOut:
			line = m.look.style.dim.Render(line)
		case c.Verdict == diagnose.Found && !c.NoFault:
			line = m.look.style.fail.Render(line)
		}
		lines = append(lines, pointer+line)
	}
	known := map[string]bool{}
	for _, c := range all {
		known[c.ID] = true
	}
	if more := len(diagnose.Pages()) - len(known); more > 0 {
		for _, l := range typeset.Wrap(fmt.Sprintf("%s not tested: nothing was looked at that could show them.", count(more, "other is", "others are")), width) {
			lines = append(lines, m.look.style.dim.Render(l))
		}
	}
	return window(lines, max(here-height/2, 0), height)
}
