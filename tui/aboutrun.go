package tui

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// aboutRun is what concerns the whole run and has no room on the main screen: the
// verdict to its last word, what nobody looked at, and the traffic. It stands
// below the detail where that fills the screen.
func (c *checksView) aboutRun(m *Model, width int) []string {
	s := m.shown()
	d := &textBlock{look: m.look, width: width}
	if verdict := c.verdict(m, width-2); len(verdict) > 0 {
		d.blank()
		d.heading("VERDICT OF THE RUN")
		for _, line := range verdict {
			d.lines = append(d.lines, "  "+line)
		}
		if not := s.summary.NotTested; len(not) > 0 && !strings.Contains(s.summary.Conclusion, "Not tested") {
			d.hang("  ", "Not tested: "+strings.Join(not, "; ")+".")
		}
		for i, name := range s.summary.Unfinished {
			if i == maxUnfinished {
				d.hang("  ", fmt.Sprintf("and %d more were not finished", len(s.summary.Unfinished)-i))
				break
			}
			d.hang("  ", "not finished: "+name)
		}
	}
	if s.plan != nil && len(s.plan.Sends) > 0 {
		d.blank()
		d.heading("A RUN SENDS")
		for _, line := range s.plan.Sends {
			d.hang("  ", line)
		}
	}
	if s.summary != nil && len(s.summary.Sent) > 0 {
		d.blank()
		d.heading("THE LAST ROUND SENT")
		for _, line := range s.summary.Sent {
			d.hang("  ", line)
		}
	}
	if len(d.lines) > 0 {
		d.lines = append([]string{""}, d.lines...)
	}
	return d.lines
}

// maxUnfinished is how many unfinished checks are named.
const maxUnfinished = 30

// verdictLines are the verdict as far as a pane has room, with a word where the
// rest is.
func verdictLines(m *Model, lines []string, height, width int) []string {
	if len(lines) <= height || height < 1 {
		return lines
	}
	lines = append([]string{}, lines[:height]...)
	more := " .. (enter: all)"
	if m.busy() {
		more = " .."
	}
	last := lines[height-1]
	lines[height-1] = strings.TrimRight(fit(last, max(min(width-len(more), len(last)), 0)), " .") + more
	return lines
}

// anyFailed tells whether there is something to repair.
func (s *session) anyFailed() bool { return s.count(run.Fail)+s.count(run.Warn) > 0 }
