package tape

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// Message is one PDU that went over a connection, or bytes that are none.
type Message struct {
	At     time.Time // UTC: when it was sent, or had come in whole
	Sent   bool
	Name   string // "BIND", "KMS REQUEST"
	Text   string // what it says, in a line; a peer's text is not cleaned
	Fields []Field
	Bytes  []byte // as on the wire
	Clear  []byte // Bytes with the encrypted part decrypted in place; nil where nothing is
}

// Field is one field of a message with the bytes it was read from.
type Field struct {
	Name, Value string // a peer's text is not cleaned
	From, To    int    // offsets in Bytes; equal where the field has none of its own
	Sealed      bool   // it is encrypted on the wire
}

// conversation is what decoding has to know of the messages before.
type conversation struct {
	offered  map[uint16]dcerpc.Context
	order    []uint16
	accepted map[uint16]dcerpc.Encoding
	join     [2]dcerpc.Assembler // by direction; 1: sent
	calls    map[uint32]*kms.OpenedRequest
}

// decode takes the pieces of one connection apart.
func decode(pieces []piece, cut bool) []Message {
	c := &conversation{offered: map[uint16]dcerpc.Context{}, accepted: map[uint16]dcerpc.Encoding{}, calls: map[uint32]*kms.OpenedRequest{}}
	list := append(frames(pieces, true), frames(pieces, false)...)
	slices.SortStableFunc(list, func(a, b Message) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	for i := range list {
		c.message(&list[i])
	}
	if cut && len(list) > 0 {
		list[len(list)-1].Text += " (more went over this connection than is kept)"
	}
	return list
}

// frames cuts one direction into PDUs. A rest that is none becomes one message.
func frames(pieces []piece, sent bool) []Message {
	var list []Message
	var buf []byte
	var at time.Time
	for _, p := range pieces {
		if p.sent != sent {
			continue
		}
		buf, at = append(buf, p.bytes...), p.at
		for {
			h, err := dcerpc.ParseHeader(buf)
			if err != nil || len(buf) < int(h.FragLen) {
				break
			}
			list = append(list, Message{At: p.at, Sent: sent, Bytes: buf[:h.FragLen:h.FragLen]})
			buf = buf[h.FragLen:]
		}
	}
	if len(buf) > 0 {
		list = append(list, Message{At: at, Sent: sent, Bytes: buf})
	}
	return list
}

// message names and describes one message.
func (c *conversation) message(m *Message) {
	p, err := dcerpc.ParsePDU(m.Bytes)
	l := &fields{end: len(m.Bytes), big: p.BigEndian()}
	if err != nil {
		c.broken(m, l, p.Header, err)
		m.Fields = l.list
		return
	}
	l.header(p.Header)
	switch p.Type {
	case dcerpc.TypeBind, dcerpc.TypeAlterContext:
		err = c.bind(m, l, p)
	case dcerpc.TypeBindAck, dcerpc.TypeAlterContextResp:
		err = c.bindAck(m, l, p)
	case dcerpc.TypeBindNak:
		err = bindNak(m, l, p)
	case dcerpc.TypeRequest:
		err = c.request(m, l, p)
	case dcerpc.TypeResponse:
		err = c.response(m, l, p)
	case dcerpc.TypeFault:
		err = fault(m, l, p)
	default:
		m.Name = upper(p.Type.String())
	}
	if err != nil {
		m.Text = "cannot be read: " + err.Error()
	}
	l.rest("not read")
	m.Fields = l.list
}

// broken describes bytes that are no whole PDU.
func (c *conversation) broken(m *Message, l *fields, h dcerpc.Header, err error) {
	if h.FragLen >= dcerpc.HeaderSize && len(m.Bytes) >= dcerpc.HeaderSize {
		m.Name = upper(h.Type.String())
		m.Text = fmt.Sprintf("broken off: %v", err)
		l.header(h)
		l.rest("not read")
		return
	}
	m.Name, m.Text = "NOT RPC", fmt.Sprintf("%d bytes that are no DCE/RPC", len(m.Bytes))
	if dcerpc.Plausible(m.Bytes) {
		m.Name, m.Text = "BROKEN OFF", fmt.Sprintf("%d bytes, less than a header", len(m.Bytes))
	}
	if looks := dcerpc.Identify(m.Bytes); looks != "" {
		m.Text += ": looks like " + looks
	}
	l.rest("bytes")
}
