package tui

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// The panes of the capture view.
const (
	paneTalks = iota
	paneMessages
	paneFields
	paneBytes
)

// captureView shows a capture: conversations, the messages of one, the fields of
// a message, its bytes. Without a capture it asks for one.
type captureView struct {
	choosing bool
	choice   int
	choices  []captureChoice
	failed   error // of listing the interfaces
	grow     bool  // wait for a file to grow
	typed    prompt
	writes   bool // typed is the name of a file to write

	focus   int
	zoom    bool
	noBytes bool
	follow  bool
	filter  filter
	shown   []*talk // what the filter leaves

	talk    int64 // the conversation under the cursor
	message int
	field   int
	within  int // lines of a value that were scrolled over, where it fills the pane
}

func (m *Model) openCapture() tea.Cmd {
	fresh := false
	v := open(m, func() *captureView { fresh = true; return &captureView{follow: true} })
	if m.capture == nil || !fresh && !v.choosing {
		return v.choose(m)
	}
	v.refresh(m)
	return nil
}

func (v *captureView) title() string { return "capture" }

func (v *captureView) typing() bool { return v.filter.typing || v.typed.on }

func (v *captureView) footer(m *Model) []key.Binding {
	switch {
	case v.filter.typing:
		return []key.Binding{bind("enter", "keep the filter"), bind("esc", "no filter")}
	case v.typed.on && v.writes:
		return []key.Binding{bind("enter", "write"), bind("esc", "back")}
	case v.typed.on:
		return []key.Binding{bind("tab", "complete"), bind("enter", "open"), bind("esc", "back")}
	case v.choosing:
		return []key.Binding{bind("up/down", "choose"), bind("enter", "start"), keys.Follow, bind("esc", "back")}
	}
	list := []key.Binding{bind("tab", "pane"), bind("enter", "zoom"), keys.Filter, keys.Follow, bind("w", "write"), keys.Bytes, keys.Causes, keys.Copy, bind("esc", "back")}
	if v.focus == paneFields {
		list[len(list)-2] = bind("y", "copy the value")
	}
	if m.capture != nil && m.capture.paused {
		return append([]key.Binding{bind("space", "go on")}, list...)
	}
	return list
}

// closes implements [closer].
func (v *captureView) closes(m *Model) bool {
	switch {
	case v.choosing && m.capture != nil && m.capture.err == nil:
		v.choosing = false
	case v.choosing:
		return false
	case v.zoom:
		v.zoom = false
	case v.filter.text != "":
		v.filter = filter{}
	default:
		return false
	}
	v.refresh(m)
	return true
}

func (v *captureView) update(m *Model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case captureChoicesMsg:
		v.choices, v.failed = msg.choices, msg.err
	case captureFilesMsg:
		v.completed(m, msg)
	case captureWroteMsg:
		v.wrote(m, msg)
	case tea.PasteMsg:
		switch {
		case v.typed.on:
			v.typed.add(msg.Content)
		case v.filter.typing:
			v.filter.press(tea.KeyPressMsg{Code: 'v', Text: strings.TrimSpace(msg.Content)})
			v.refresh(m)
		}
	case tea.KeyPressMsg:
		return v.press(m, msg)
	}
	return nil
}

func (v *captureView) press(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch {
	case v.filter.typing:
		v.filter.press(k)
		v.refresh(m)
		return nil
	case v.typed.on:
		return v.typeKey(m, k)
	case v.choosing:
		return v.pressChoice(m, k)
	case m.capture == nil:
		return nil
	}
	switch {
	case key.Matches(k, keys.Tab):
		v.focus = (v.focus + 1) % v.panes()
	case key.Matches(k, keys.Pane):
		v.focus = min(int(k.Code-'1'), v.panes()-1)
	case key.Matches(k, keys.Enter):
		v.zoom = !v.zoom
	case key.Matches(k, keys.Bytes):
		v.noBytes = !v.noBytes
		v.focus = min(v.focus, v.panes()-1)
	case key.Matches(k, keys.Filter):
		v.filter.typing = true
	case key.Matches(k, keys.Follow):
		v.follow = !v.follow
		m.note = "the conversation under the cursor stays selected"
		if v.follow {
			m.note = "following: the newest conversation stays selected"
		}
		v.refresh(m)
	case key.Matches(k, keys.Pause):
		return v.pause(m)
	case key.Matches(k, keys.Write):
		return v.startWrite(m)
	case key.Matches(k, keys.NextFail):
		v.jump(1)
	case key.Matches(k, keys.PrevFail):
		v.jump(-1)
	default:
		v.move(m, k)
	}
	return nil
}

func (v *captureView) panes() int {
	if v.noBytes {
		return paneBytes
	}
	return paneBytes + 1
}

// pause stops the screen, not the capture.
func (v *captureView) pause(m *Model) tea.Cmd {
	c := m.capture
	switch {
	case c.paused:
		c.goOn()
		v.refresh(m)
	case !c.running:
		m.note = "space: the capture has ended; there is nothing to pause"
	default:
		c.paused = true
	}
	return nil
}

// move moves the cursor of the focused pane.
func (v *captureView) move(m *Model, k tea.KeyPressMsg) {
	page := max(m.h/3, 2)
	switch v.focus {
	case paneTalks:
		if len(v.shown) == 0 {
			return
		}
		at := v.index()
		to := moved(k, at, len(v.shown), page)
		if to != at {
			v.follow = false
			v.pick(v.shown[to])
		}
	case paneMessages:
		if t := v.current(); t != nil {
			if to := moved(k, v.message, len(t.messages), page); to != v.message {
				v.message, v.field, v.within, v.follow = to, anyField, 0, false
			}
		}
	default:
		if over := v.fieldOverflow(m); over > 0 && (key.Matches(k, keys.Up, keys.PageUp) && v.within > 0 || key.Matches(k, keys.Down, keys.PageDown) && v.within < over) {
			v.within = moved(k, v.within, over+1, page)
			return
		}
		if d, ok := v.dissected(m); ok {
			if to := moved(k, v.fieldAt(d), len(d.fields), page); to != v.fieldAt(d) {
				v.field, v.within = to, 0
			}
		}
	}
}

// pick selects a conversation, and in it the message that tells most.
func (v *captureView) pick(t *talk) {
	if t.id == v.talk {
		return
	}
	v.talk, v.field, v.within = t.id, anyField, 0
	v.message = t.telling()
}

// code implements [coder]: that of the refusal in the conversation.
func (v *captureView) code(*Model) uint32 {
	if t := v.current(); t != nil {
		return t.code
	}
	return 0
}

// jump selects the next conversation that went wrong, around the end.
func (v *captureView) jump(step int) {
	at := v.index()
	for i := 1; i <= len(v.shown); i++ {
		n := ((at+i*step)%len(v.shown) + len(v.shown)) % len(v.shown)
		if t := v.shown[n]; t.ill() {
			v.follow = false
			v.pick(t)
			return
		}
	}
}

// refresh brings what is on screen up to date after records or keys.
func (v *captureView) refresh(m *Model) {
	if m.capture == nil {
		return
	}
	v.shown = m.capture.talks.list
	if text := strings.ToLower(v.filter.text); text != "" {
		v.shown = nil
		for _, t := range m.capture.talks.list {
			if strings.Contains(t.search, text) {
				v.shown = append(v.shown, t)
			}
		}
	}
	if len(v.shown) == 0 {
		return
	}
	if v.follow {
		v.pick(v.shown[len(v.shown)-1])
	} else if v.current() == nil {
		v.pick(v.shown[0])
	}
	if t := v.current(); t != nil {
		if last := t.telling(); v.follow && v.message != last {
			v.message, v.field, v.within = last, anyField, 0
		}
		v.message = max(min(v.message, len(t.messages)-1), 0)
	}
}

// index is the place of the selected conversation among those shown.
func (v *captureView) index() int {
	// Numbers of connections grow in the order of the list, look-ups lie between.
	return max(slices.IndexFunc(v.shown, func(t *talk) bool { return t.id == v.talk }), 0)
}

// current is the selected conversation; nil when there is none.
func (v *captureView) current() *talk {
	for _, t := range v.shown {
		if t.id == v.talk {
			return t
		}
	}
	return nil
}

// header implements [header].
func (v *captureView) header(m *Model, w int) string {
	c := m.capture
	if c == nil || v.choosing && !c.running {
		if m.run.plan == nil {
			return "nothing captured yet"
		}
		return spread(m.title(), m.tally(), w)
	}
	left := typeset.Printable(m.shownText(c.ask.source()))
	if c.ask.Interface != "" {
		left += "  tcp " + portsText(c.ask.Ports)
	}
	middle := fmt.Sprintf("%s  %s", counted(c.counters.Packets, "packet"), counted(int64(len(c.talks.list)+c.talks.dropped), "conversation"))
	if c.talks.dropped > 0 {
		middle += fmt.Sprintf(", the newest %d shown", len(c.talks.list))
	}
	right := c.state()
	if m.run.plan != nil && !m.ofCapture && m.joined {
		right = "joined  " + right
	}
	if typeset.Width(left)+typeset.Width(middle)+typeset.Width(right)+4 <= w {
		return spread(left+"  "+middle, right, w)
	}
	return spread(left, right, w)
}

// counted is "1 packet", "1,204 packets".
func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return grouped(n) + " " + what + "s"
}

// grouped is a number with its thousands apart.
func grouped(n int64) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0 && text[at-1] != '-'; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// state says whether a capture goes on, waits or is over.
func (c *capturing) state() string {
	text := ""
	switch {
	case c.unwritten != nil:
		text = "WRITING FAILED  "
	case c.writing != "":
		text = fmt.Sprintf("writing, %s  ", counted(c.written, "packet"))
	}
	switch {
	case c.paused && c.missed > 0:
		return text + fmt.Sprintf("PAUSED, the last %d records wait  space go on", len(c.waiting))
	case c.paused:
		return text + fmt.Sprintf("PAUSED, %s wait  space go on", counted(int64(len(c.waiting)), "record"))
	case !c.running && c.err != nil:
		return text + "failed"
	case !c.running && c.broken != "":
		return text + "read to the break"
	case !c.running && c.ask.Interface != "":
		return text + "ended"
	case !c.running:
		return text + "read to the end"
	case c.ask.Interface == "" && c.ask.Follow:
		return text + "following the file  space pause"
	case c.ask.Interface == "" && c.progress != nil && c.progress.Size > 0:
		return text + fmt.Sprintf("reading, %d %%", min(100*c.progress.Read/c.progress.Size, 100))
	case c.ask.Interface == "":
		return text + "reading"
	}
	return text + "live  space pause"
}
