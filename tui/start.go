package tui

import (
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// announcing tells whether the run has said what it will send, and has no answer
// yet.
func (m *Model) announcing() bool {
	s := m.shown()
	if !m.busy() || s.plan == nil || len(s.plan.Sends) == 0 {
		return false
	}
	answered, _ := s.progress()
	return answered == 0
}

// announcement is what will be sent to whom in so many lines. Where not all of it
// fits, what a host counts comes first.
func announcement(sends []string, width, height int) []string {
	wrap := func(list []string) []string {
		for i, s := range list {
			list[i] = typeset.Cut(s, 40*width) // names may be of any length
		}
		return typeset.Wrap("will send: "+strings.Join(list, "; "), width)
	}
	sends = slices.Clone(sends)
	lines := wrap(sends)
	if len(lines) <= height {
		return lines
	}
	slices.SortStableFunc(sends, func(a, b string) int { return requestFirst(a) - requestFirst(b) })
	lines = wrap(sends)
	lines = lines[:max(min(height, len(lines)), 0)]
	if n := len(lines); n > 0 {
		lines[n-1] = typeset.Cut(lines[n-1]+" ..", width)
	}
	return lines
}

func requestFirst(s string) int {
	if strings.Contains(s, "KMS request") {
		return 0
	}
	return 1
}

// startBands show what will be sent below the rows there are, on screens too
// small for two columns.
func (c *checksView) startBands(m *Model, w, h int) []band {
	rows := c.listLines(m, inner(w))
	list := min(len(rows), (h-2)/3)
	lines := announcement(m.shown().plan.Sends, inner(w), h-2-list)
	list = h - 2 - len(lines)
	return []band{
		one("1 Checks", list, c.onScreen(rows, inner(w), list)),
		one("now", len(lines), lines),
	}
}
