package tape

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

func (c *conversation) bind(m *Message, l *fields, p dcerpc.PDU) error {
	m.Name = upper(p.Type.String())
	b, err := dcerpc.ParseBind(p)
	if err != nil {
		return err
	}
	l.add(2, "max transmit fragment", "%d", b.MaxXmit)
	l.add(2, "max receive fragment", "%d", b.MaxRecv)
	l.add(4, "association group", "%#x", b.AssocGroup)
	l.add(1, "contexts", "%d", len(b.Contexts))
	l.add(3, "reserved", "-")
	var names []string
	for _, x := range b.Contexts {
		l.add(2, "context id", "%d", x.ID)
		l.add(2, "transfer syntaxes", "%d", len(x.Transfer))
		l.syntax("interface", x.Abstract)
		for _, s := range x.Transfer {
			l.syntax("transfer syntax", s)
			names = append(names, s.String())
		}
		c.offered[x.ID] = x
		c.order = append(c.order, x.ID)
	}
	m.Text = fmt.Sprintf("%d contexts: %s; fragment %d", len(b.Contexts), strings.Join(names, ", "), b.MaxRecv)
	return nil
}

func (c *conversation) bindAck(m *Message, l *fields, p dcerpc.PDU) error {
	m.Name = upper(p.Type.String())
	a, err := dcerpc.ParseBindAck(p)
	if err != nil {
		return err
	}
	l.add(2, "max transmit fragment", "%d", a.MaxXmit)
	l.add(2, "max receive fragment", "%d", a.MaxRecv)
	l.add(4, "association group", "%#x", a.AssocGroup)
	address := 0
	if l.at+2 <= len(p.Raw) {
		address = length16(p.Raw[l.at:], l.big)
	}
	l.add(2, "secondary address length", "%d", address)
	if address > 0 {
		l.add(address, "secondary address", "%s", a.SecondaryAddress)
	}
	l.skip((l.at+3)&^3, "padding")
	l.add(1, "results", "%d", len(a.Results))
	l.add(3, "reserved", "-")
	var taken, refused []string
	for i, r := range a.Results {
		of := ""
		if i < len(c.order) {
			of = fmt.Sprintf(" of context %d", c.order[i])
			if r.Result == dcerpc.Acceptance {
				c.accepted[c.order[i]] = r.Transfer.Encoding()
			}
		}
		l.add(4, "result"+of, "%s", r)
		l.syntax("transfer syntax", r.Transfer)
		switch r.Result {
		case dcerpc.Acceptance:
			taken = append(taken, r.Transfer.String())
		case dcerpc.NegotiateAck:
		default:
			refused = append(refused, r.Reason.String())
		}
	}
	m.Text = "accepted " + strings.Join(taken, ", ")
	if len(taken) == 0 {
		m.Text = "accepted nothing: " + strings.Join(refused, ", ")
	}
	return nil
}

func length16(b []byte, big bool) int {
	if big {
		return int(b[0])<<8 | int(b[1])
	}
	return int(b[1])<<8 | int(b[0])
}

func bindNak(m *Message, l *fields, p dcerpc.PDU) error {
	m.Name = "BIND_NAK"
	n, err := dcerpc.ParseBindNak(p)
	if err != nil {
		return err
	}
	l.add(2, "reject reason", "%d (%s)", uint16(n.Reason), n.Reason)
	m.Text = n.Reason.String()
	return nil
}

func fault(m *Message, l *fields, p dcerpc.PDU) error {
	m.Name = "FAULT"
	f, err := dcerpc.ParseFault(p)
	if err != nil {
		return err
	}
	l.add(4, "allocation hint", "%d", f.AllocHint)
	l.add(2, "context id", "%d", f.ContextID)
	l.add(1, "cancel count", "%d", f.CancelCount)
	l.add(1, "reserved", "-")
	l.add(4, "status", "%s", f.Status)
	m.Text = f.Status.String()
	return nil
}

func (c *conversation) request(m *Message, l *fields, p dcerpc.PDU) error {
	m.Name = "REQUEST"
	r, err := dcerpc.ParseRequest(p)
	if err != nil {
		return err
	}
	l.add(4, "allocation hint", "%d", r.AllocHint)
	l.add(2, "context id", "%d", r.ContextID)
	l.add(2, "operation", "%d", r.OpNum)
	if p.Flags&dcerpc.FlagObject != 0 {
		l.add(16, "object", "%s", r.Object)
	}
	stub, whole, err := c.join[way(m.Sent)].Add(p.Header, r.Stub)
	if err != nil || !whole {
		return fragment(m, l, err)
	}
	s, err := dcerpc.ParseRequestStub(stub, c.accepted[r.ContextID], p.BigEndian())
	if err != nil {
		return err
	}
	at := l.stub(s.Offset, len(stub) != len(r.Stub))
	word(l, s.Encoding, "message size", "%d", len(s.Message))
	wide(l, s.Encoding, "array size", "%d", len(s.Message))
	o, err := kms.OpenRequest(s.Message)
	if err != nil {
		return err
	}
	c.calls[p.CallID] = o
	m.Name = "KMS REQUEST"
	l.message(at, o.Fields())
	unsealed(m, at, o.Clear)
	if !o.Decoded {
		m.Text = fmt.Sprintf("v%s, cannot be opened", o.Outer)
		return nil
	}
	m.Text = fmt.Sprintf("v%s", o.Outer)
	if product, ok := catalog.ProductByActivationID(o.SKUID.String()); ok {
		m.Text += "  " + product.Name
	}
	m.Text += fmt.Sprintf("  needs %d", o.NPolicy)
	return nil
}

func (c *conversation) response(m *Message, l *fields, p dcerpc.PDU) error {
	m.Name = "RESPONSE"
	r, err := dcerpc.ParseResponse(p)
	if err != nil {
		return err
	}
	l.add(4, "allocation hint", "%d", r.AllocHint)
	l.add(2, "context id", "%d", r.ContextID)
	l.add(1, "cancel count", "%d", r.CancelCount)
	l.add(1, "reserved", "-")
	stub, whole, err := c.join[way(m.Sent)].Add(p.Header, r.Stub)
	if err != nil || !whole {
		return fragment(m, l, err)
	}
	s, err := dcerpc.ParseResponseStub(stub, c.accepted[r.ContextID], p.BigEndian())
	if err != nil {
		return err
	}
	at := l.stub(s.Offset, len(stub) != len(r.Stub))
	word(l, s.Encoding, "message size", "%d", len(s.Message))
	if s.Message == nil {
		wide(l, s.Encoding, "pointer", "null: no message")
	} else {
		wide(l, s.Encoding, "pointer", "set")
		wide(l, s.Encoding, "array size", "%d", len(s.Message))
	}
	m.Name = "KMS RESPONSE"
	m.Text = "refused with " + kms.HRESULT(s.HRESULT).String()
	if s.Message != nil {
		o, err := kms.OpenResponse(s.Message, c.calls[p.CallID])
		if err != nil {
			return err
		}
		l.message(at, o.Fields())
		unsealed(m, at, o.Clear)
		switch {
		case !o.Decoded:
			m.Text = fmt.Sprintf("v%s, cannot be opened", o.Outer)
		case s.HRESULT == 0:
			m.Text = fmt.Sprintf("v%s  count %d", o.Outer, o.Count)
		}
	}
	l.skip((l.at+3)&^3, "padding")
	l.add(4, "return value", "%s", kms.HRESULT(s.HRESULT))
	return nil
}

// stub begins on a stub and returns where its message stands in this PDU. Where
// the stub came in several fragments its fields have no place here: -1.
func (l *fields) stub(offset int, fragmented bool) int {
	if fragmented {
		l.rest("part of the message")
		return -1
	}
	return l.at + offset
}

// fragment describes a part of a call.
func fragment(m *Message, l *fields, err error) error {
	if err != nil {
		return err
	}
	m.Text = "a fragment; the last one shows the message"
	l.rest("part of the message")
	return nil
}

// unsealed puts the opened message in the place of the sealed one.
func unsealed(m *Message, at int, open []byte) {
	if at < 0 || at+len(open) > len(m.Bytes) {
		return
	}
	m.Clear = append([]byte(nil), m.Bytes...)
	copy(m.Clear[at:], open)
}

// word adds a number of 32 bits, which NDR64 pads to 64 before a wide one.
func word(l *fields, e dcerpc.Encoding, name, format string, args ...any) {
	l.add(4, name, format, args...)
	if e == dcerpc.NDR64 {
		l.add(4, "padding", "4 bytes")
	}
}

// wide adds a pointer or a count: 64 bits in NDR64.
func wide(l *fields, e dcerpc.Encoding, name, format string, args ...any) {
	n := 4
	if e == dcerpc.NDR64 {
		n = 8
	}
	l.add(n, name, format, args...)
}

func way(sent bool) int {
	if sent {
		return 1
	}
	return 0
}
