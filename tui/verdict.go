package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
)

// now explains what the run waits for.
func (c *checksView) now(m *Model, width int) []string {
	s := m.shown()
	if m.announcing() {
		return announcement(s.plan.Sends, width, 4)
	}
	for _, r := range s.rows {
		if r.phase != working {
			continue
		}
		p := s.planned(r.key.check)
		text := "finding out whether " + p.Title + ": " + s.names.Label(r.subject, true)
		if r.progress != "" {
			text += ", " + r.progress
		}
		if m.now.Sub(r.since) > slowAfter && p.Slow != "" {
			text = p.Slow
		}
		return c.wrapped(m, text, width)
	}
	return []string{"working"}
}

// slowAfter is when a check explains why it takes long.
const slowAfter = 3 * time.Second

// elapsed is how long the run has been going.
func (m *Model) elapsed() time.Duration {
	if m.run.started.IsZero() || m.now.Before(m.run.started) {
		return 0
	}
	return m.now.Sub(m.run.started)
}

// verdict is the conclusion in lines.
func (c *checksView) verdict(m *Model, width int) []string {
	s := m.shown()
	if s.summary == nil {
		return nil
	}
	var lines []string
	for _, cause := range m.shownCauses() {
		if cause.Verdict == diagnose.Found && !cause.NoFault && !strings.Contains(s.summary.Conclusion, cause.Title) {
			lines = append(lines, c.wrapped(m, "Found: "+cause.Title+".", width)...)
		}
	}
	if says := m.joinedSays(); says != "" {
		lines = append(lines, c.wrapped(m, says, width)...)
	}
	if n := len(s.summary.Unfinished); n > 0 {
		lines = append(lines, c.wrapped(m, fmt.Sprintf("Stopped: %s was not finished (%d in all); r takes it up again.", s.summary.Unfinished[0], n), width)...)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(s.summary.Conclusion), "\n") {
		if strings.TrimSpace(line) != "" {
			lines = append(lines, c.wrapped(m, line, width)...)
		}
	}
	if s.round > 1 && s.wanted != nil {
		lines = append(lines, fmt.Sprintf("round %d asked again about what failed; the rest is of an earlier round", s.round))
	}
	if joined := m.joinedNames(); joined != "" {
		lines = append(lines, joined+" is part of this evidence")
	}
	return lines
}

func (c *checksView) wrapped(m *Model, text string, width int) []string {
	d := &textBlock{look: m.look, width: width}
	d.text(text)
	return d.lines
}
