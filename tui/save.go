package tui

import (
	"errors"
	"fmt"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// saveView asks for the format of a report and saves it.
type saveView struct{ at int }

// saveFormats are the formats with what each is for.
var saveFormats = []struct{ format, does string }{
	{"text", "what kmsdiag check prints, to read"},
	{"short", "what failed, the causes and the verdict, for a ticket"},
	{"json", "one object, for a program"},
	{"jsonl", "every event; kmsdiag show plays it again in any format"},
}

// savedMsg is how saving went.
type savedMsg struct {
	name string
	err  error
}

func (m *Model) openSave() {
	if m.run.plan == nil {
		m.note = "there is nothing to save yet"
		return
	}
	open(m, func() *saveView { return &saveView{} })
}

func (v *saveView) title() string { return "save" }

func (v *saveView) footer(*Model) []key.Binding {
	return []key.Binding{bind("up/down", "choose"), bind("enter", "save"), bind("esc", "back")}
}

func (v *saveView) update(m *Model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case savedMsg:
		if msg.err != nil {
			m.note = fmt.Sprintf("not saved: %v", saveCause(msg.err))
			return nil
		}
		m.note = "saved as " + msg.name
		if m.top() == view(v) {
			m.pop()
		}
	case tea.KeyPressMsg:
		if !key.Matches(msg, keys.Enter) {
			v.at = moved(msg, v.at, len(saveFormats), 2)
			return nil
		}
		format, events, matrices, save := saveFormats[v.at].format, m.shownEvents(), m.Matrices(), m.svc.Save
		return func() tea.Msg {
			name, err := save(format, events, matrices)
			return savedMsg{name, err}
		}
	}
	return nil
}

func (v *saveView) bands(m *Model, w, h int) []band {
	d := &textBlock{look: m.look, width: inner(w)}
	d.text("A new file in the directory where kmsdiag was started; nothing is overwritten.")
	if m.hidden {
		d.text("Names are hidden: the file holds pseudonyms.")
	}
	if m.matrices.answered() {
		d.text("What hosts serve goes into text and jsonl; kmsdiag products HOST saves it in other formats.")
	}
	d.blank()
	for i, f := range saveFormats {
		line := fit(fmt.Sprintf("%-6s %s", f.format, f.does), d.width-2)
		if i == v.at {
			d.lines = append(d.lines, "> "+m.look.style.selected.Render(line))
		} else {
			d.lines = append(d.lines, "  "+line)
		}
	}
	return []band{one("Save a report", h-1, window(d.lines, 0, h-1))}
}

// saveCause is the end of an error's chain: why, without the long name of the file
// that the user did not choose.
func saveCause(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}
