package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// input is one line of text with a cursor. Its text is bounded, and printable.
type input struct {
	text []rune
	at   int // of the cursor, in text
}

// maxInput bounds what may be typed or pasted into a line, in characters.
const maxInput = 300

func (f *input) set(s string) {
	f.text, f.at = nil, 0
	f.insert(s)
}

func (f *input) value() string { return string(f.text) }

// insert puts text in at the cursor: its first line, as far as there is room.
func (f *input) insert(s string) {
	for _, r := range s {
		if r == '\n' || r == '\r' || len(f.text) >= maxInput {
			return
		}
		for _, p := range typeset.Printable(string(r)) {
			f.text = append(f.text[:f.at], append([]rune{p}, f.text[f.at:]...)...)
			f.at++
		}
	}
}

// press takes a key and tells whether it was one of the line's.
func (f *input) press(k tea.KeyPressMsg) bool {
	switch k.Code {
	case tea.KeyLeft:
		f.at = max(f.at-1, 0)
	case tea.KeyRight:
		f.at = min(f.at+1, len(f.text))
	case tea.KeyHome:
		f.at = 0
	case tea.KeyEnd:
		f.at = len(f.text)
	case tea.KeyBackspace:
		if f.at > 0 {
			f.text = append(f.text[:f.at-1], f.text[f.at:]...)
			f.at--
		}
	case tea.KeyDelete:
		if f.at < len(f.text) {
			f.text = append(f.text[:f.at], f.text[f.at+1:]...)
		}
	default:
		if k.Text == "" {
			return false
		}
		f.insert(k.Text)
	}
	return true
}

// line draws the text around the cursor in a width, the cell of the cursor
// marked.
func (f *input) line(l *look, width int) string {
	from := 0
	for typeset.Width(string(f.text[from:f.at])) > width-2 {
		from++
	}
	before, under, after := string(f.text[from:f.at]), "_", ""
	if f.at < len(f.text) {
		under, after = string(f.text[f.at]), string(f.text[f.at+1:])
	}
	room := max(width-typeset.Width(before)-typeset.Width(under), 0)
	return before + l.style.selected.Render(under) + typeset.Cut(after, room)
}
