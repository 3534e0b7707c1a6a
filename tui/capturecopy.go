package tui

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// copyText implements [copier]: the fix of the first cause, or the value under
// the cursor; and what the focused pane shows.
func (v *captureView) copyText(m *Model, evidence bool) string {
	if m.capture == nil || v.choosing {
		return ""
	}
	d, ok := v.dissected(m)
	switch {
	case !evidence && v.focus == paneFields:
		if ok && len(d.fields) > 0 {
			return typeset.Printable(d.fields[v.fieldAt(d)].Value)
		}
		return ""
	case !evidence:
		for _, c := range holding(m.shownCauses()) {
			if len(c.Remedies) > 0 {
				return commandsOf(c.Remedies[0])
			}
		}
		return ""
	case !ok:
		return ""
	}
	t := v.current()
	lines := []string{typeset.Printable(v.talkText(m, t))}
	switch v.focus {
	case paneTalks:
		for i := range t.messages {
			if t.left > 0 && i == maxMessages/2 {
				lines = append(lines, "  "+leftOut(t))
			}
			lines = append(lines, typeset.Printable("  "+t.messageText(t.shownMessage(m, i), i)))
		}
	case paneBytes:
		return d.dump()
	default:
		lines = append(lines, typeset.Printable("  "+t.messageText(d, v.message)))
		for _, f := range d.fields {
			line := "    " + f.Name + ": " + f.Value
			if where := d.where(f); where != "" {
				line += " (" + where + ")"
			}
			lines = append(lines, typeset.Printable(line))
		}
	}
	return strings.Join(lines, "\n")
}

// copyName implements [namedCopier].
func (v *captureView) copyName(m *Model, evidence bool) string {
	switch {
	case !evidence && v.focus == paneFields:
		return "the value"
	case !evidence:
		return "the fix"
	case v.focus == paneTalks:
		return "the conversation"
	case v.focus == paneMessages:
		return "the message"
	case v.focus == paneFields:
		return "the fields"
	case m.hidden:
		return "the bytes, while names are hidden,"
	}
	return "the bytes"
}

// talkText is a conversation in a line.
func (v *captureView) talkText(m *Model, t *talk) string {
	text := m.shownText(t.said())
	if m.hidden && t.id < 0 { // names of hosts that nobody has learned
		text = "asked DNS"
	}
	return m.shownText(t.client.String()+" > "+t.host.String()) + "  " + text
}

// dump are the bytes, sixteen a line, with their letters.
func (d *dissected) dump() string {
	var lines []string
	for at := 0; at < len(d.bytes); at += 16 {
		row := d.bytes[at:min(at+16, len(d.bytes))]
		var hex, letters strings.Builder
		for i, c := range row {
			if i == 8 {
				hex.WriteByte(' ')
			}
			fmt.Fprintf(&hex, "%02x ", c)
			letters.WriteByte(letter(c))
		}
		lines = append(lines, fmt.Sprintf("%04x  %-49s %s", at, hex.String(), letters.String()))
	}
	return strings.Join(lines, "\n")
}

// letter is a byte as a dump shows it.
func letter(c byte) byte {
	if c < ' ' || c > '~' {
		return '.'
	}
	return c
}
