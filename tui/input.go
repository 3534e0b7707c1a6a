package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// input is one line of text with a cursor: the text input of Bubbles, with text
// that is bounded and printable, and drawn in a width that only the frame knows.
// The zero value is empty.
type input struct {
	model textinput.Model
	made  bool
}

// maxInput bounds what may be typed or pasted into a line, in characters.
const maxInput = 300

// editor makes the component at its first use.
func (f *input) editor() *textinput.Model {
	if !f.made {
		f.made = true
		f.model = textinput.New()
		f.model.CharLimit = maxInput
		// It would read the clipboard of the machine that kmsdiag runs on, which over SSH
		// is not the user's; terminals paste by themselves.
		f.model.KeyMap.Paste = key.NewBinding()
		f.model.Focus()
	}
	return &f.model
}

func (f *input) set(s string) {
	f.editor().Reset()
	f.insert(s)
}

func (f *input) value() string {
	if !f.made {
		return ""
	}
	return f.model.Value()
}

// insert puts text in at the cursor: its first line, as far as there is room.
func (f *input) insert(s string) {
	s = s[:min(len(s), 4*maxInput)]
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		s = s[:i]
	}
	f.pass(tea.PasteMsg{Content: typeset.Printable(s)})
}

// press takes a key and tells whether it was one of the line's.
func (f *input) press(k tea.KeyPressMsg) bool {
	if k.Text != "" {
		f.insert(k.Text)
		return true
	}
	text, at := f.value(), f.editor().Position()
	f.pass(k)
	if f.value() != text || f.model.Position() != at {
		return true
	}
	km := f.model.KeyMap
	return key.Matches(k, km.CharacterBackward, km.CharacterForward, km.WordBackward, km.WordForward, km.LineStart, km.LineEnd,
		km.DeleteCharacterBackward, km.DeleteCharacterForward, km.DeleteWordBackward, km.DeleteWordForward, km.DeleteBeforeCursor, km.DeleteAfterCursor)
}

// pass hands a message to the component; its only command blinks a cursor that is
// not drawn.
func (f *input) pass(msg tea.Msg) { *f.editor(), _ = f.editor().Update(msg) }

// line draws the text around the cursor in a width, the cell of the cursor
// marked.
func (f *input) line(l *look, width int) string {
	text, at := []rune(f.value()), 0
	if f.made {
		at = min(f.model.Position(), len(text))
	}
	from := 0
	for typeset.Width(string(text[from:at])) > width-2 {
		from++
	}
	before, under, after := string(text[from:at]), "_", ""
	if at < len(text) {
		under, after = string(text[at]), string(text[at+1:])
	}
	room := max(width-typeset.Width(before)-typeset.Width(under), 0)
	return before + l.style.selected.Render(under) + typeset.Cut(after, room)
}
