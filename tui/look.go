package tui

import (
	"charm.land/lipgloss/v2"

	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// look is how the screen is drawn: marks, lines and colours, all in this one
// place. The colours are the sixteen of the terminal's own palette, so that light,
// dark and high contrast follow the user's choice. None is needed to understand.
type look struct {
	glyphs report.Glyphs
	box    box
	blocks blocks
	style  styles
}

// blocks are the characters that bars and charts are drawn with; old Windows
// consoles have them.
type blocks struct {
	full, half, lower, empty string
}

type styles struct {
	frame, title, heading, dim, bold lipgloss.Style
	pass, warn, fail, skip           lipgloss.Style
	selected, command, code, key     lipgloss.Style
	changed                          lipgloss.Style
}

// newLook makes the look of a style that the renderers would draw with.
func newLook(s report.Style) *look {
	l := &look{glyphs: s.Glyphs, box: lineBox, blocks: blocks{"█", "▌", "▄", "░"}}
	if s.Glyphs == (report.Glyphs{}) {
		l.glyphs = report.WGL4
	}
	if l.glyphs == report.ASCII {
		l.box, l.blocks = asciiBox, blocks{"#", "=", "_", "."}
	}
	plain := lipgloss.NewStyle()
	l.style = styles{
		frame: plain, title: plain.Bold(true), heading: plain.Bold(true), dim: plain, bold: plain.Bold(true),
		pass: plain, warn: plain, fail: plain.Bold(true), skip: plain,
		selected: plain.Reverse(true), command: plain, code: plain.Bold(true), key: plain.Bold(true), changed: plain.Bold(true),
	}
	if s.Color {
		st := &l.style
		st.frame = plain.Foreground(lipgloss.BrightBlack)
		st.dim = plain.Faint(true)
		st.pass = plain.Foreground(lipgloss.Green)
		st.warn = plain.Foreground(lipgloss.Yellow)
		st.fail = plain.Foreground(lipgloss.Red).Bold(true)
		st.command = plain.Foreground(lipgloss.Cyan)
		st.key = plain.Foreground(lipgloss.Cyan)
		st.changed = plain.Foreground(lipgloss.Magenta).Bold(true)
	}
	return l
}

// status is the style of a status.
func (l *look) status(s run.Status) lipgloss.Style {
	switch s {
	case run.Pass:
		return l.style.pass
	case run.Warn:
		return l.style.warn
	case run.Fail:
		return l.style.fail
	}
	return l.style.skip
}

// mark is a status mark in its colour, as wide as every mark of the set.
func (l *look) mark(s run.Status) string { return l.status(s).Render(l.glyphs.Mark(s)) }
