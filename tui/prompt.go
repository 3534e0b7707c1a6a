package tui

import (
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// prompt is a line that is typed: a path, a name.
type prompt struct {
	on   bool
	text string
}

// maxPrompt bounds a typed line, in bytes.
const maxPrompt = 4096

// add types text; what cannot stand in a line is left out.
func (p *prompt) add(text string) {
	for _, r := range text {
		if len(p.text) >= maxPrompt {
			return
		}
		if unicode.IsPrint(r) {
			p.text += string(r)
		}
	}
}

// press takes a key; it tells whether the line is complete or given up.
func (p *prompt) press(k tea.KeyPressMsg) (entered bool) {
	switch k.Code {
	case tea.KeyEnter:
		p.on = false
		return true
	case tea.KeyEscape:
		p.on = false
	case tea.KeyBackspace:
		if r := []rune(p.text); len(r) > 0 {
			p.text = string(r[:len(r)-1])
		}
	default:
		p.add(k.Text)
	}
	return false
}

// line shows the end of what was typed, behind a label.
func (p *prompt) line(label string, width int) string {
	text := typeset.Printable(p.text)
	for room := max(width-typeset.Width(label)-1, 4); typeset.Width(text) > room; {
		r := []rune(text)
		text = string(r[max(typeset.Width(text)-room, 1):])
	}
	return label + text + "_"
}
