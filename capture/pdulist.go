package capture

import (
	"bytes"
	"encoding/binary"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// PDUList is the PDUs of a connection in the order of their ends, at most 64.
type PDUList struct {
	n     uint8
	codes [64]byte // packet type, with pduPartial
}

const (
	pduPartial = 0x80
	pduGarbage = 0x7f
)

func (l *PDUList) add(code byte) {
	if int(l.n) < len(l.codes) {
		l.codes[l.n] = code
		l.n++
	}
}

// Names returns the names of the PDUs: "bind", "response*" for one that is not
// whole, "?" for bytes that are none.
func (l *PDUList) Names() []string {
	out := make([]string, l.n)
	for i, c := range l.codes[:l.n] {
		switch {
		case c == pduGarbage:
			out[i] = "?"
		case c&pduPartial != 0:
			out[i] = dcerpc.PacketType(c&^pduPartial).String() + "*"
		default:
			out[i] = dcerpc.PacketType(c).String()
		}
	}
	return out
}

// syntaxList is a few encodings.
type syntaxList struct {
	n    int
	list [4]dcerpc.Encoding
}

func (l *syntaxList) add(e dcerpc.Encoding) {
	if l.n < len(l.list) {
		l.list[l.n] = e
		l.n++
	}
}

// all returns the encodings; they alias the list.
func (l *syntaxList) all() []dcerpc.Encoding { return l.list[:l.n] }

// lastSeen remembers the last bind and alter_context and the last answers to
// them: those of a site's clients are byte for byte the same, save for the
// association group. What it hands out is shared and must not be changed.
type lastSeen struct {
	offers  [2]seenOffer
	answers [2]seenAnswer
}

type seenOffer struct {
	body []byte
	big  bool
	bind dcerpc.Bind
}

type seenAnswer struct {
	body []byte
	big  bool
	ack  dcerpc.BindAck
}

// maxRemembered bounds the bodies that are compared.
const maxRemembered = 512

func (l *lastSeen) bind(p dcerpc.PDU) (dcerpc.Bind, bool) {
	s := &l.offers[0]
	if p.Type == dcerpc.TypeAlterContext {
		s = &l.offers[1]
	}
	if len(s.body) > 0 && s.big == p.BigEndian() && bytes.Equal(s.body, p.Body) {
		return s.bind, true
	}
	b, err := dcerpc.ParseBind(p)
	if err != nil {
		return b, len(b.Contexts) > 0
	}
	if len(p.Body) <= maxRemembered {
		s.body, s.big, s.bind = append(s.body[:0], p.Body...), p.BigEndian(), b
	}
	return b, true
}

func (l *lastSeen) ack(p dcerpc.PDU) (dcerpc.BindAck, bool) {
	const group, after = 4, 8 // offsets of the association group and behind it
	s := &l.answers[0]
	if p.Type == dcerpc.TypeAlterContextResp {
		s = &l.answers[1]
	}
	if len(s.body) >= after && len(p.Body) >= after && s.big == p.BigEndian() &&
		bytes.Equal(s.body[after:], p.Body[after:]) && bytes.Equal(s.body[:group], p.Body[:group]) {
		a := s.ack
		a.AssocGroup = binary.LittleEndian.Uint32(p.Body[group:])
		if s.big {
			a.AssocGroup = binary.BigEndian.Uint32(p.Body[group:])
		}
		return a, true
	}
	a, err := dcerpc.ParseBindAck(p)
	if err != nil {
		return a, len(a.Results) > 0
	}
	if len(p.Body) <= maxRemembered {
		s.body, s.big, s.ack = append(s.body[:0], p.Body...), p.BigEndian(), a
	}
	return a, true
}
