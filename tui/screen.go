package tui

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/run"
)

// The smallest screen that the program is drawn on.
const minWidth, minHeight = 40, 10

// View implements [tea.Model].
func (m *Model) View() tea.View {
	if m.held && m.drawn != nil {
		return *m.drawn
	}
	v := tea.NewView(m.frame())
	v.AltScreen = true
	v.WindowTitle = "kmsdiag " + m.title()
	if m.opts.Mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	if answered, total := m.run.progress(); m.busy() && total > 0 {
		v.ProgressBar = tea.NewProgressBar(tea.ProgressBarDefault, 100*answered/total)
	}
	m.drawn = &v
	return v
}

// frame is the whole screen as text; it is pure.
func (m *Model) frame() string {
	if m.w < minWidth || m.h < minHeight {
		return m.tooSmall()
	}
	v := m.top()
	foot := m.footer(v)
	h := m.h - 2 - len(foot) - 1
	bands := v.bands(m, m.w, h)
	top := one("kmsdiag", 1, []string{m.headline(v)})
	if t := v.title(); t != "" {
		top.cols[0].title += " " + t
	}
	top.cols[0].title += m.captureMark(m.w - 6 - typeset.Width(top.cols[0].title))
	bands = append([]band{top}, bands...)
	last := &bands[len(bands)-1]
	if len(last.cols) != 1 {
		bands = append(bands, band{cols: []column{{}}})
		last = &bands[len(bands)-1]
	}
	lines := append([]string{}, last.cols[0].lines[:min(len(last.cols[0].lines), last.height)]...)
	for len(lines) < last.height {
		lines = append(lines, "")
	}
	last.cols[0].lines = append(lines, foot...)
	last.height += len(foot)
	return m.look.draw(m.w, m.h, bands)
}

// title names what the run is about.
func (m *Model) title() string {
	if m.shown().plan == nil {
		return ""
	}
	return brief(m.shown().plan.Title)
}

// headline is the line that every view keeps: the target, how far the run is, or
// what it came to.
func (m *Model) headline(v view) string {
	width := inner(m.w)
	if own, ok := v.(header); ok {
		return own.header(m, width)
	}
	s := m.shown()
	right := m.tally()
	if m.busy() {
		answered, total := s.progress()
		bar := ""
		if m.w >= 72 {
			bar = m.bar(answered, total, 10) + "  "
		}
		right = fmt.Sprintf("%s%d of %d  %s  esc stop", bar, answered, total, typeset.Took(m.elapsed()))
	} else if s.summary != nil && !(m.ofCapture && m.capture.running) {
		end := "  done in " + typeset.Took(s.summary.Took)
		if s.summary.Stopped {
			end = "  stopped"
		}
		right += end
	}
	if m.watch.every > 0 && !m.busy() {
		right += "  " + m.watch.text(m.now)
	}
	left := m.title()
	if m.w < 60 && !m.busy() && typeset.Width(left)+1+typeset.Width(right) > width {
		right = m.tally() // the target stays readable
	}
	if m.w >= 100 && s.plan != nil {
		if from := strings.TrimSpace(s.plan.Machine + " " + s.plan.Address); from != "" {
			left += "  from " + brief(from)
		}
	}
	if limits := m.limits(); limits != "" {
		if typeset.Width(left)+2+typeset.Width(limits)+typeset.Width(right) >= width && m.w < 72 && !m.busy() {
			right = m.tally() // how long it took gives way
		}
		room := width - typeset.Width(right) - typeset.Width(limits) - 3
		left = strings.TrimSpace(typeset.Cut(left, max(room, 0)) + "  " + limits)
	}
	return spread(left, right, width)
}

// limits say what the run on screen leaves out or holds beyond itself; the title
// is cut before them.
func (m *Model) limits() string {
	var parts []string
	switch {
	case m.ask.NoRequest && m.w < 72:
		parts = append(parts, "(bind only)")
	case m.ask.NoRequest:
		parts = append(parts, "(stops at the bind)")
	}
	if joined := m.joinedNames(); joined != "" {
		parts = append(parts, "+ "+joined)
	}
	if m.hidden {
		parts = append(parts, "(names hidden)")
	}
	return strings.Join(parts, "  ")
}

// spread puts two texts at the ends of a line; the left one is cut first.
func spread(left, right string, width int) string {
	rw := typeset.Width(right)
	if rw >= width {
		return fit(right, width)
	}
	return fit(left, max(width-rw-1, 0)) + " " + right
}

// tally is "1 FAILED  2 warned  2 skipped  8 ok", in colours.
func (m *Model) tally() string {
	s := m.shown()
	var parts []string
	for _, c := range []struct {
		status run.Status
		word   string
	}{{run.Fail, "FAILED"}, {run.Warn, "warned"}, {run.Skip, "skipped"}, {run.Pass, "ok"}} {
		if n := s.count(c.status); n > 0 {
			parts = append(parts, m.look.status(c.status).Render(fmt.Sprintf("%d %s", n, c.word)))
		}
	}
	return strings.Join(parts, "  ")
}

// bar draws a share of a whole.
func (m *Model) bar(part, whole, width int) string {
	filled := 0
	if whole > 0 {
		filled = min(width*part/whole, width)
	}
	return "[" + strings.Repeat(m.look.blocks.full, filled) + strings.Repeat(m.look.blocks.empty, width-filled) + "]"
}

// footer is the note, if there is one, and the keys that work now.
func (m *Model) footer(v view) []string {
	var lines []string
	width := inner(m.w)
	if m.note != "" {
		d := &textBlock{look: m.look, width: width}
		d.text(m.note)
		for i, line := range d.lines[:min(len(d.lines), 2)] {
			if i == 1 && len(d.lines) > 2 {
				line = typeset.Cut(line+" ..", width)
			}
			lines = append(lines, m.look.style.bold.Render(line))
		}
	}
	if t, ok := v.(typist); ok && t.typing() {
		return append(lines, m.keyLine(v.footer(m), width))
	}
	list := append(slices.DeleteFunc(v.footer(m), m.idle), keys.Help, keys.Quit)
	return append(lines, m.keyLine(list, width))
}

// idle tells whether a key of the footer, which may go by another word there,
// would do nothing now.
func (m *Model) idle(b key.Binding) bool {
	for _, g := range keys.all() {
		for _, known := range g.keys {
			if known.Help().Key == b.Help().Key {
				return m.cannot(known) != ""
			}
		}
	}
	return false
}

// keyLine lists bindings as long as they fit, and always the last two.
func (m *Model) keyLine(list []key.Binding, width int) string {
	show := func(b key.Binding) string {
		return m.look.style.key.Render(b.Help().Key) + " " + b.Help().Desc
	}
	keep := min(len(list), 2)
	tail := ""
	for _, b := range list[len(list)-keep:] {
		tail += "  " + show(b)
	}
	line, used := "", typeset.Width(tail)
	for _, b := range list[:len(list)-keep] {
		text := show(b)
		if used+typeset.Width(text)+2 > width {
			break
		}
		line += text + "  "
		used += typeset.Width(text) + 2
	}
	return strings.TrimSpace(strings.TrimRight(line, " ") + tail)
}

// tooSmall is the notice for screens on which nothing can be laid out.
func (m *Model) tooSmall() string {
	s := m.shown()
	first := ""
	for _, r := range s.rows {
		if r.result != nil && r.result.Status == run.Fail {
			first = r.key.check + " " + s.names.Row(*r.result)
			break
		}
	}
	lines := []string{fmt.Sprintf("kmsdiag needs %dx%d (now %dx%d)", minWidth, minHeight, m.w, m.h), ""}
	if t := m.tally(); t != "" {
		lines = append(lines, t)
	}
	if first != "" {
		lines = append(lines, brief(first))
	}
	lines = append(lines, "", "enlarge, or: kmsdiag check")
	if m.w >= 12 && m.h >= 4 {
		for len(lines)+2 > m.h && len(lines) > 1 {
			// The size needed and what failed stay longest.
			if i := blankLine(lines); i > 0 {
				lines = append(lines[:i], lines[i+1:]...)
				continue
			}
			lines = lines[:len(lines)-1]
		}
		return m.look.draw(m.w, m.h, []band{one("", max(m.h-2, 0), lines)})
	}
	lines = lines[:min(len(lines), m.h)]
	for i, l := range lines {
		lines[i] = fit(l, m.w)
	}
	return strings.Join(lines, "\n")
}

func blankLine(lines []string) int {
	for i, l := range lines {
		if l == "" {
			return i
		}
	}
	return -1
}
