package tui

import (
	"fmt"
	"net/netip"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/run"
)

// handshake is what is known of our own messages, kept in the view so that
// drawing asks nobody.
type handshake struct {
	list   []ownMessage
	stamp  handshakeStamp // of the list
	asking bool
}

// handshakeStamp tells whether there may be new messages.
type handshakeStamp struct{ round, answers int }

// ownMessage is a message with the subject whose endpoint it went to or came
// from.
type ownMessage struct {
	subject string
	Message
}

// messagesMsg brings the messages of our own handshakes.
type messagesMsg struct {
	stamp handshakeStamp
	list  []ownMessage
}

// Bounds of what the panes hold.
const (
	maxEndpoints = 64
	maxShown     = 400 // messages
)

// handshakeStamp counts the answers that a handshake leads to.
func (m *Model) handshakeStamp() handshakeStamp {
	s := handshakeStamp{round: m.round}
	for _, r := range m.run.rows {
		if r.result != nil && !r.old && (r.key.check == "rpc.bind" || r.key.check == "kms.request") {
			s.answers++
		}
	}
	return s
}

// askMessages asks for the messages of our own handshakes when there may be new
// ones, one such question at a time.
func (m *Model) askMessages() tea.Cmd {
	c, ok := m.views[0].(*checksView)
	if !ok || m.svc.Messages == nil || c.tape.asking {
		return nil
	}
	stamp := m.handshakeStamp()
	if stamp == c.tape.stamp {
		return nil
	}
	c.tape.asking = true
	type asked struct {
		key string
		at  netip.AddrPort
	}
	var of []asked
	for _, k := range m.run.order {
		if sub := m.run.subjects[k]; sub.Kind == run.Endpoint && sub.Addr.IsValid() && len(of) < maxEndpoints {
			of = append(of, asked{k, sub.Addr})
		}
	}
	messages := m.svc.Messages
	return func() tea.Msg {
		msg := messagesMsg{stamp: stamp}
		for _, e := range of {
			for _, one := range messages(e.at) {
				if len(msg.list) < maxShown {
					msg.list = append(msg.list, ownMessage{e.key, one})
				}
			}
		}
		return msg
	}
}

// took takes the messages in, and asks again if more came meanwhile.
func (c *checksView) took(m *Model, msg messagesMsg) tea.Cmd {
	c.tape = handshake{list: msg.list, stamp: msg.stamp}
	c.packet = max(min(c.packet, len(msg.list)-1), 0)
	return m.askMessages()
}

// messages are those of the row under the cursor: of its endpoint, or of those of
// its host. A row without any shows them all; why says so.
func (c *checksView) messages(m *Model) (list []ownMessage, why string) {
	r := c.current(m)
	if r == nil {
		return c.tape.list, ""
	}
	for _, o := range c.tape.list {
		if o.subject == r.key.subject || m.run.subjects[o.subject].Parent == r.key.subject {
			list = append(list, o)
		}
	}
	switch {
	case len(list) > 0:
		return list, ""
	case len(c.tape.list) == 0 && m.svc.Messages == nil:
		return nil, "a saved run holds no packets: R on a live one shows them"
	case len(c.tape.list) == 0 && m.busy():
		return nil, "no handshake yet"
	case len(c.tape.list) == 0:
		return nil, "no connection carried anything: there was no handshake"
	case r.subject.Kind == run.Endpoint:
		return c.tape.list, "no handshake with " + m.shown().names.Label(r.subject, true) + "; those with others:"
	}
	return c.tape.list, ""
}

// packets is pane 4.
func (c *checksView) packets(m *Model, width, height int) []string {
	list, why := c.messages(m)
	var lines []string
	if why != "" {
		lines = append(lines, typeset.Wrap(why, width)...)
	}
	at, from := -1, len(list) // the latest, unless somebody looks around here
	if c.focus == panePackets {
		at = min(c.packet, len(list)-1)
		from = max(at-height/2, 0)
	}
	return append(lines, window(messageLines(m, list, at, width), from, max(height-len(lines), 0))...)
}

// messageLines are messages in a line each; the one at a place has a pointer.
func messageLines(m *Model, list []ownMessage, at, width int) []string {
	s := m.shown()
	hosts := 0
	for _, o := range list {
		hosts = max(hosts, min(typeset.Width(brief(s.names.Label(s.subjects[o.subject], false))), 20))
	}
	var lines []string
	for i, o := range list {
		pointer, way := "  ", "<"
		if i == at {
			pointer = "> "
		}
		if o.Sent {
			way = ">"
		}
		line := pointer
		if width >= 60 {
			line += clock(o.At) + "  "
		}
		line += fmt.Sprintf("%s  %s  %-12s  %s", way, typeset.Line(s.names.Label(s.subjects[o.subject], false), hosts), o.Name, strings.TrimSpace(o.Text+"  "+o.identity(m)))
		line = strings.TrimRight(typeset.Line(line, width), " ")
		if i == at {
			line = m.look.style.selected.Render(line)
		}
		lines = append(lines, line)
	}
	return lines
}

// identity is who a message is from: the ePID of an answer, the client id of a
// request; nothing while names are hidden.
func (o ownMessage) identity(m *Model) string {
	if m.hidden {
		return ""
	}
	for _, f := range o.Fields {
		switch {
		case f.Name == "ePID" && f.Value != "":
			return "ePID " + f.Value
		case f.Name == "client machine id" && o.Sent:
			id, _, _ := strings.Cut(f.Value, " ")
			return "CMID " + id
		}
	}
	return ""
}
