package tui

import (
	"fmt"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// messagesView shows the messages of our own handshakes, the fields of one, and
// the bytes of one field.
type messagesView struct {
	list    []ownMessage
	why     string
	message int
	field   int
	pane    int // that the arrows move in: 0 messages, 1 fields
	noBytes bool
}

func (v *messagesView) title() string { return "own handshake" }

func (v *messagesView) footer(*Model) []key.Binding {
	enter := bind("enter", "its fields")
	if v.pane == 1 {
		enter = bind("enter", "the messages")
	}
	return []key.Binding{bind("up/down", "move"), keys.Tab, enter, bind("x", "bytes"), bind("esc", "back")}
}

// closes implements [closer]: from the fields esc goes back to the messages.
func (v *messagesView) closes(*Model) bool {
	if v.pane == 0 {
		return false
	}
	v.pane = 0
	return true
}

func (v *messagesView) update(m *Model, msg tea.Msg) tea.Cmd {
	k, ok := msg.(tea.KeyPressMsg)
	if !ok {
		return nil
	}
	switch {
	case key.Matches(k, keys.Tab), key.Matches(k, keys.Enter):
		v.pane = 1 - v.pane
	case key.Matches(k, keys.Pane):
		v.pane = min(int(k.Code-'1'), 1)
	case key.Matches(k, keys.Bytes):
		v.noBytes = !v.noBytes
	case v.pane == 1:
		v.field = moved(k, v.field, len(v.fields()), m.h/3)
	default:
		if at := moved(k, v.message, len(v.list), m.h/3); at != v.message {
			v.message, v.field = at, 0
		}
	}
	return nil
}

func (v *messagesView) fields() []MessageField {
	if v.message >= len(v.list) {
		return nil
	}
	return v.list[v.message].Fields
}

func (v *messagesView) bands(m *Model, w, h int) []band {
	width := inner(w)
	if len(v.list) == 0 {
		return []band{one("Messages", h-1, typeset.Wrap(v.why, width))}
	}
	if h < 14 {
		if v.pane == 0 {
			return []band{one("1 Messages", h-1, v.messageLines(m, width, h-1))}
		}
		return []band{one("2 Fields", h-1, v.fieldLines(m, width, h-1))}
	}
	free := h - 3
	messages := min(max(len(v.list), 2), max(free/4, 2))
	bytes := 0
	if !v.noBytes {
		bytes = min(max(free/3, 3), 1+(len(v.list[v.message].Bytes)+rowBytes(width)-1)/rowBytes(width))
	}
	title := v.list[v.message].Name
	if v.list[v.message].Sent {
		title += ", sent"
	} else {
		title += ", received"
	}
	bands := []band{
		one("1 Messages"+v.arrows(0), messages, v.messageLines(m, width, messages)),
		one("2 Fields of "+title+v.arrows(1), free-messages-bytes, v.fieldLines(m, width, free-messages-bytes)),
	}
	if v.noBytes {
		bands[1].height++
		return bands
	}
	return append(bands, one("3 Bytes", bytes, v.byteLines(m, width, bytes)))
}

// arrows marks the pane that the arrows move in.
func (v *messagesView) arrows(pane int) string {
	if v.pane == pane {
		return arrowsHere
	}
	return ""
}

// arrowsHere says in a pane's title that the arrows move in it.
const arrowsHere = ": arrows move here"

func (v *messagesView) messageLines(m *Model, width, height int) []string {
	return window(messageLines(m, v.list, v.message, width), max(v.message-height/2, 0), height)
}

func (v *messagesView) fieldLines(m *Model, width, height int) []string {
	var lines []string
	names := 26
	if width < 60 {
		names = 16
	}
	for i, f := range v.fields() {
		pointer := "  "
		if i == v.field {
			pointer = "> "
		}
		place := ""
		if f.To > f.From {
			place = fmt.Sprintf("bytes %d-%d", f.From, f.To-1)
		}
		if f.Sealed {
			place = "sealed  " + place
		}
		value := f.Value
		if m.hidden && private[f.Name] {
			value = "(hidden)"
		}
		if width < 60 {
			place = ""
		}
		left := pointer + typeset.Line(f.Name, names) + "  " + brief(value)
		if i == v.field {
			lines = append(lines, m.look.style.selected.Render(spread(left, place, width)))
			continue
		}
		lines = append(lines, spread(left, place, width))
	}
	return window(lines, max(v.field-height/2, 0), height)
}

// private are the fields that tell who somebody is.
var private = map[string]bool{
	"client machine id": true, "previous client machine id": true, "workstation name": true,
	"ePID": true, "hardware id": true, "secondary address": true,
}

func (v *messagesView) byteLines(m *Model, width, height int) []string {
	o := v.list[v.message]
	if m.hidden {
		return []string{"the bytes hold names and ids: p shows them"}
	}
	bytes, note := o.Bytes, ""
	f := MessageField{}
	if v.field < len(o.Fields) {
		f = o.Fields[v.field]
		note = typeset.Printable(f.Name) + ": "
	}
	switch {
	case f.Sealed && o.Clear != nil:
		bytes = o.Clear
		note += "sealed on the wire; these bytes are decrypted"
	case f.Sealed:
		note += "sealed on the wire"
	case f.From == f.To:
		note += "no bytes of its own here"
	default:
		note += "as on the wire"
		if o.Clear != nil {
			bytes = o.Clear
			note += "; the sealed part is shown decrypted"
		}
	}
	per, letters := rowBytes(width), width >= 41
	var lines []string
	for at := 0; at < len(bytes); at += per {
		lines = append(lines, m.look.byteRow(bytes, at, per, f.From, f.To, letters))
	}
	return append([]string{typeset.Cut(note, width)}, window(lines, max(f.From/per-1, 0), max(height-1, 0))...)
}

// copyText implements [copier]: the fields of a message and its bytes.
func (v *messagesView) copyText(m *Model, evidence bool) string {
	if !evidence || v.message >= len(v.list) {
		return ""
	}
	o := v.list[v.message]
	lines := []string{clock(o.At) + " UTC " + o.Name + "  " + o.Text}
	for _, f := range o.Fields {
		value := f.Value
		if m.hidden && private[f.Name] {
			value = "(hidden)"
		}
		lines = append(lines, "  "+f.Name+": "+value)
	}
	if !m.hidden {
		for at := 0; at < len(o.Bytes); at += 16 {
			lines = append(lines, fmt.Sprintf("  %04x  %x", at, o.Bytes[at:min(at+16, len(o.Bytes))]))
		}
	}
	return typeset.Printable(lines[0]) + joined(lines[1:])
}

// rowBytes is how many bytes a row of a dump of this width holds.
func rowBytes(width int) int {
	if width >= 76 {
		return 16
	}
	return 8
}
