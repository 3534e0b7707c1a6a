package tui

import (
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// pasteView takes text that a tool printed and shows what it does to the causes.
//
// Consoles without bracketed paste deliver a paste as key presses, so every key
// is text here. Only esc leaves, and only when nothing follows it for a while: an
// escape byte in the middle of a paste is followed by more of it. The text lives
// in memory alone, for as long as the program.
type pasteView struct {
	buffer pasteBuffer
	lines  []string // the end of the text as it was painted last
	scroll int      // first line of what was read on screen
	enter  bool     // the last key was enter: a line feed behind it is no other line

	seen     int // changes of the text
	painted  int // of them on screen
	read     int // of them read, or being read
	strokes  int // everything that came, esc too
	painting bool
	waiting  bool
	reading  bool

	result *Pasted
	err    error
}

// Rates of the paste view.
const (
	paintEvery = 50 * time.Millisecond  // between frames while text pours in
	pasteQuiet = 300 * time.Millisecond // without a change before the text is read
	escapeWait = 400 * time.Millisecond // behind esc before the view closes
)

// pasteMsg is a message of the paste view's own. It is handled when the view is
// closed, too: what was pasted is read all the same.
type pasteMsg interface{ paste() }

type (
	pastePaintMsg  struct{}
	pasteQuietMsg  struct{ seen int }
	pasteEscapeMsg struct{ strokes int }
	pasteReadMsg   struct {
		pasted Pasted
		err    error
	}
)

func (pastePaintMsg) paste()  {}
func (pasteQuietMsg) paste()  {}
func (pasteEscapeMsg) paste() {}
func (pasteReadMsg) paste()   {}

// openPasteWith opens the paste view with the text of earlier visits, and adds
// what was pasted elsewhere.
func (m *Model) openPasteWith(text string) tea.Cmd {
	if m.svc.Read == nil {
		m.note = "pasted text cannot be read in this session"
		return nil
	}
	if m.paste == nil {
		m.paste = &pasteView{lines: []string{""}}
	}
	open(m, func() *pasteView { return m.paste })
	if text == "" {
		return nil
	}
	return m.paste.add(m, text)
}

func (v *pasteView) title() string { return "paste" }

func (v *pasteView) typing() bool { return true }

func (v *pasteView) footer(*Model) []key.Binding {
	return []key.Binding{bind("up/down", "scroll"), bind("esc", "done"), keys.Clear}
}

func (v *pasteView) update(m *Model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return v.press(m, msg)
	case tea.PasteMsg:
		if m.top() == view(v) {
			v.strokes++
			return v.add(m, msg.Content)
		}
	}
	return nil
}

// press takes a key: text, but for those that no text has.
func (v *pasteView) press(m *Model, k tea.KeyPressMsg) tea.Cmd {
	v.strokes++
	after := v.enter
	v.enter = k.Code == tea.KeyEnter
	switch {
	case k.Code == tea.KeyEscape:
		return v.later(escapeWait, pasteEscapeMsg{v.strokes})
	case key.Matches(k, keys.Clear):
		v.buffer = pasteBuffer{}
		return v.changed(m)
	case k.Code == tea.KeyBackspace:
		if len(v.buffer.text) == 0 {
			return nil
		}
		v.buffer.back()
		return v.changed(m)
	case k.Code == tea.KeyEnter:
		return v.add(m, "\n")
	case k.Code == 'j' && k.Mod == tea.ModCtrl:
		if after {
			return nil
		}
		return v.add(m, "\n")
	case k.Code == tea.KeyTab:
		return v.add(m, "\t")
	case k.Text != "":
		return v.add(m, k.Text)
	case k.Code == tea.KeyUp, k.Code == tea.KeyDown, k.Code == tea.KeyPgUp, k.Code == tea.KeyPgDown:
		v.scroll = scrolled(k, v.scroll, m.h/3)
	}
	return nil
}

func (v *pasteView) add(m *Model, text string) tea.Cmd {
	v.buffer.add(text)
	return v.changed(m)
}

// changed arranges for the text to be painted and read. While it pours in the
// screen is drawn a few times a second, not for every key.
func (v *pasteView) changed(m *Model) tea.Cmd {
	v.seen++
	var cmds []tea.Cmd
	if v.painting {
		m.held = true
	} else {
		v.painting = true
		v.paint()
		cmds = append(cmds, v.later(paintEvery, pastePaintMsg{}))
	}
	if !v.waiting {
		v.waiting = true
		cmds = append(cmds, v.later(pasteQuiet, pasteQuietMsg{v.seen}))
	}
	return tea.Batch(cmds...)
}

func (v *pasteView) paint() { v.painted, v.lines = v.seen, v.buffer.tail() }

func (v *pasteView) later(after time.Duration, msg tea.Msg) tea.Cmd {
	return tea.Tick(after, func(time.Time) tea.Msg { return msg })
}

// take handles the messages that the view sent itself.
func (v *pasteView) take(m *Model, msg pasteMsg) tea.Cmd {
	switch msg := msg.(type) {
	case pastePaintMsg:
		if v.painting = v.painted != v.seen; v.painting {
			v.paint()
			return v.later(paintEvery, pastePaintMsg{})
		}
	case pasteQuietMsg:
		if msg.seen != v.seen {
			return v.later(pasteQuiet, pasteQuietMsg{v.seen})
		}
		v.waiting = false
		return v.readText(m)
	case pasteEscapeMsg:
		if msg.strokes == v.strokes && m.top() == view(v) {
			m.pop()
			if !v.buffer.blank() {
				m.note = "what was pasted stays part of the evidence; v shows it, del there clears it"
			}
			return v.readText(m)
		}
	case pasteReadMsg:
		v.reading = false
		if v.buffer.blank() {
			return v.readText(m)
		}
		v.result, v.err = &msg.pasted, msg.err
		return tea.Batch(m.join(fromPaste, msg.pasted.Set), v.readText(m))
	}
	return nil
}

// readText reads the text unless that was done, or is being done.
func (v *pasteView) readText(m *Model) tea.Cmd {
	if v.reading || v.read == v.seen {
		return nil
	}
	v.read = v.seen
	if v.buffer.blank() {
		v.result, v.err = nil, nil
		return m.join(fromPaste, evidence.Set{})
	}
	v.reading = true
	ctx, read, text := m.ctx, m.svc.Read, string(v.buffer.text)
	return func() tea.Msg {
		pasted, err := read(ctx, text)
		return pasteReadMsg{pasted, err}
	}
}
