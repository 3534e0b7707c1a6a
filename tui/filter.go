package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// filter is a line of text that rows must hold.
type filter struct {
	text   string // as typed so far
	typing bool
	field  input
}

// press takes a key while the filter is typed.
func (f *filter) press(k tea.KeyPressMsg) {
	switch k.Code {
	case tea.KeyEnter:
		f.typing = false
	case tea.KeyEscape:
		*f = filter{}
	default:
		f.field.press(k)
		f.text = f.field.value()
	}
}

// line shows the filter.
func (f *filter) line(width int) string {
	text := "/" + f.text
	if f.typing {
		text += "_"
	}
	return strings.TrimRight(typeset.Line(text, width), " ")
}
