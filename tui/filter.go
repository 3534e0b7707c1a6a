package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// filter is a line of text that rows must hold.
type filter struct {
	text   string
	typing bool
}

// maxFilter bounds what may be typed or pasted into a filter, in bytes.
const maxFilter = 200

// press takes a key while the filter is typed.
func (f *filter) press(k tea.KeyPressMsg) {
	switch {
	case k.Code == tea.KeyEnter:
		f.typing = false
	case k.Code == tea.KeyEscape:
		*f = filter{}
	case k.Code == tea.KeyBackspace:
		if r := []rune(f.text); len(r) > 0 {
			f.text = string(r[:len(r)-1])
		}
	case k.Text != "" && len(f.text)+len(k.Text) <= maxFilter:
		f.text += typeset.Printable(k.Text)
	}
}

// line shows the filter.
func (f *filter) line(width int) string {
	text := "/" + f.text
	if f.typing {
		text += "_"
	}
	return typeset.Cut(text, width)
}
