package tui

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/run"
)

// helpView lists every key, made from the bindings themselves, and says why some
// do nothing now.
type helpView struct {
	about  view // the view that help was asked in
	scroll int
}

func (v *helpView) title() string { return "help" }

func (v *helpView) footer(*Model) []key.Binding {
	return []key.Binding{bind("up/down", "scroll"), bind("esc", "close")}
}

func (v *helpView) update(m *Model, msg tea.Msg) tea.Cmd {
	k, ok := msg.(tea.KeyPressMsg)
	switch {
	case !ok:
	case !key.Matches(k, keys.Up, keys.Down, keys.PageUp, keys.PageDown, keys.Home, keys.End):
		m.note = "this is the help; esc closes it"
	default:
		v.scroll = min(scrolled(k, v.scroll, m.h/2), max(len(v.lines(m, inner(m.w)))-1, 0))
	}
	return nil
}

func (v *helpView) bands(m *Model, w, h int) []band {
	return []band{one("Help", h-1, window(v.lines(m, inner(w)), v.scroll, h-1))}
}

func (v *helpView) lines(m *Model, width int) []string {
	columns := 1
	if width >= 74 {
		columns = 2
	}
	each := width/columns - 1
	var blocks [][]string
	for _, g := range keys.all() {
		block := []string{m.look.style.heading.Render(g.name)}
		for _, b := range g.keys {
			block = append(block, "  "+m.look.style.key.Render(typeset.Pad(b.Help().Key, 9))+" "+typeset.Cut(b.Help().Desc, each-12))
		}
		blocks = append(blocks, block)
	}
	var lines []string
	if columns == 2 {
		left := append(blocks[0], "")
		right := append(append(append(blocks[1], ""), blocks[2]...), "")
		left = append(left, blocks[3]...)
		for i := range max(len(left), len(right)) {
			l, r := "", ""
			if i < len(left) {
				l = left[i]
			}
			if i < len(right) {
				r = right[i]
			}
			lines = append(lines, fit(l, each)+"  "+r)
		}
	} else {
		for _, b := range blocks {
			lines = append(append(lines, b...), "")
		}
	}
	d := &textBlock{look: m.look, width: width, lines: lines}
	if reasons := m.unavailable(); len(reasons) > 0 {
		d.blank()
		d.heading("NOT AVAILABLE NOW")
		for _, r := range reasons {
			d.hang("  "+typeset.Pad(r.key, 9)+" ", r.why)
		}
	}
	d.blank()
	d.hang(m.look.style.heading.Render("MARKS")+"  ", v.marks(m))
	d.text("kmsdiag " + m.opts.Version + ". kmsdiag --accessible is the same for screen readers; kmsdiag check is the same without a screen.")
	return d.lines
}

func (v *helpView) marks(m *Model) string {
	var parts []string
	for _, s := range []struct {
		status run.Status
		does   string
	}{{run.Pass, "passed"}, {run.Warn, "works, look at it soon"}, {run.Fail, "FAILED"}, {run.Skip, "not run, its row says why"}} {
		parts = append(parts, strings.TrimSpace(m.look.glyphs.Mark(s.status))+" "+s.does)
	}
	return strings.Join(parts, "   ")
}

// reason says why keys do nothing now.
type reason struct{ key, why string }

// unavailable lists the keys that cannot work now; those with one reason stand
// together.
func (m *Model) unavailable() []reason {
	var list []reason
	for _, g := range keys.all() {
		for _, b := range g.keys {
			why := m.cannot(b)
			if why == "" {
				continue
			}
			if i := slices.IndexFunc(list, func(r reason) bool { return r.why == why }); i >= 0 {
				list[i].key += " " + b.Help().Key
				continue
			}
			list = append(list, reason{b.Help().Key, why})
		}
	}
	return list
}

// whyNot is the reason why a pressed key cannot work now; empty when it can.
func (m *Model) whyNot(k tea.KeyPressMsg) string {
	for _, g := range keys.all() {
		for _, b := range g.keys {
			if !key.Matches(k, b) {
				continue
			}
			if why := m.cannot(b); why != "" {
				return b.Help().Key + ": " + why
			}
			return ""
		}
	}
	return ""
}

// cannot is the reason why a binding cannot work now.
func (m *Model) cannot(b key.Binding) string {
	is := func(other key.Binding) bool { return b.Help() == other.Help() }
	saved := m.svc.Run == nil
	switch {
	case is(keys.Heal) && m.svc.Heal == nil:
		return "there is nothing simulated to repair: this is a real site"
	case (is(keys.Rerun) || is(keys.RerunAll) || is(keys.Watch) || is(keys.Test)) && saved:
		return "this is a saved run: there is nothing to run again"
	case (is(keys.Rerun) || is(keys.Watch)) && m.nameless():
		return whyNameless
	case is(keys.Target) && (saved || m.svc.Parse == nil):
		return "this is a saved run: there is nothing to run against another target"
	case (is(keys.Rerun) || is(keys.RerunAll) || is(keys.Test)) && m.busy():
		return "the run is still going; esc stops it"
	case (is(keys.Matrix) || is(keys.Capture)) && saved && m.svc.Matrix == nil && m.svc.Capture == nil:
		return "this is a saved run: nothing is asked or captured for it"
	case is(keys.Matrix) && (m.svc.MatrixPlan == nil || m.svc.Matrix == nil):
		return "not part of this session"
	case is(keys.Save) && m.svc.Save == nil, is(keys.Paste) && m.svc.Read == nil, is(keys.Capture) && m.svc.Capture == nil:
		return "not part of this session"
	}
	return m.cannotHere(b)
}
