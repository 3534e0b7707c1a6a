package lab

import (
	"context"
	"math/rand/v2"
	"net"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

const (
	idleLimit   = 30 * time.Second // a host closes a connection without traffic
	maxFragment = 5840             // bytes, as Windows offers
)

// session is one connection to a KMS host.
type session struct {
	*kmsHost
	ctx      context.Context
	conn     net.Conn
	group    uint32
	contexts map[uint16]dcerpc.Encoding // accepted, by context id
}

// session answers one connection until it ends.
func (h *kmsHost) session(ctx context.Context, c net.Conn) {
	s := &session{kmsHost: h, ctx: ctx, conn: c, group: h.Manner.Group, contexts: map[uint16]dcerpc.Encoding{}}
	if s.group == 0 {
		s.group = rand.Uint32() | 1
	}
	r := dcerpc.NewReader(c)
	for open := true; open; {
		_ = c.SetReadDeadline(time.Now().Add(idleLimit))
		r.Begin()
		m, err := r.ReadMessage()
		if err != nil {
			return
		}
		switch m.Type {
		case dcerpc.TypeBind, dcerpc.TypeAlterContext:
			open = s.bind(m.PDU)
		case dcerpc.TypeRequest:
			open = s.call(m)
		default:
			return
		}
	}
}

// header returns the header of an answer to a PDU.
func header(t dcerpc.PacketType, q dcerpc.Header) dcerpc.Header {
	return dcerpc.NewHeader(t, q.CallID)
}

// reset ends a connection with RST instead of FIN.
func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}

// bind answers a bind or alter_context PDU. It returns false when the
// connection is to end.
func (s *session) bind(p dcerpc.PDU) bool {
	switch s.Fault {
	case SilentOnBind:
		return true
	case CloseOnBind:
		return false
	case ResetOnBind:
		reset(s.conn)
		return false
	case NakOnBind:
		nak := dcerpc.BindNak{Reason: s.Nak, Versions: []dcerpc.RPCVersion{{Major: 5}}}
		return s.write(nak.Append(nil, header(dcerpc.TypeBindNak, p.Header)))
	}
	q, err := dcerpc.ParseBind(p)
	if err != nil {
		return false
	}
	ack := dcerpc.BindAck{MaxXmit: maxFragment, MaxRecv: maxFragment, AssocGroup: s.group}
	t := dcerpc.TypeAlterContextResp
	if p.Type == dcerpc.TypeBind {
		t, ack.SecondaryAddress = dcerpc.TypeBindAck, "1688"
	}
	// A host prefers NDR64 where it is offered and refuses NDR32 beside it.
	wide := false
	for _, c := range q.Contexts {
		for _, t := range c.Transfer {
			wide = wide || t == dcerpc.SyntaxNDR64 && !s.OnlyNDR32
		}
	}
	for _, c := range q.Contexts {
		ack.Results = append(ack.Results, s.accept(c, wide))
	}
	return s.write(ack.Append(nil, header(t, p.Header)))
}

// accept decides on one offered context.
func (s *session) accept(c dcerpc.Context, wide bool) dcerpc.ContextResult {
	reject := func(why dcerpc.ResultReason) dcerpc.ContextResult {
		return dcerpc.ContextResult{Result: dcerpc.ProviderRejection, Reason: why}
	}
	if len(c.Transfer) == 0 {
		return reject(dcerpc.ReasonTransferSyntax)
	}
	if mask, ok := c.Transfer[0].BTFN(); ok {
		if s.NoBTFN {
			return reject(dcerpc.ReasonTransferSyntax)
		}
		const known = dcerpc.FeatureSecurityContextMultiplexing | dcerpc.FeatureKeepConnectionOnOrphan
		return dcerpc.ContextResult{Result: dcerpc.NegotiateAck, Reason: dcerpc.ResultReason(mask & known)}
	}
	if s.Fault == NoInterface || c.Abstract != kms.Interface {
		return reject(dcerpc.ReasonAbstractSyntax)
	}
	want := dcerpc.NDR32
	if wide {
		want = dcerpc.NDR64
	}
	for _, t := range c.Transfer {
		if s.Fault != NoSyntax && t.Encoding() == want {
			s.contexts[c.ID] = want
			return dcerpc.ContextResult{Result: dcerpc.Acceptance, Transfer: t}
		}
	}
	return reject(dcerpc.ReasonTransferSyntax)
}

// call answers a whole request. It returns false when the connection is to end.
func (s *session) call(m dcerpc.Message) bool {
	h := m.Header
	q, err := dcerpc.ParseRequest(m.PDU)
	if err != nil {
		return false
	}
	switch s.Fault {
	case SilentOnRequest:
		return true
	case CloseOnRequest:
		return false
	case ResetOnRequest:
		reset(s.conn)
		return false
	case FaultOnRequest:
		return s.fault(h, q, s.Status)
	case GarbledAnswer:
		_ = s.write([]byte("\x00\xff this is no answer \xff\x00"))
		return false
	}
	encoding, ok := s.contexts[q.ContextID]
	switch {
	case !ok:
		return s.fault(h, q, dcerpc.FaultUnknownInterface)
	case q.OpNum != 0:
		return s.fault(h, q, dcerpc.FaultOpRange)
	}
	stub, err := dcerpc.ParseRequestStub(m.Stub, encoding, h.BigEndian())
	if err != nil {
		return s.fault(h, q, dcerpc.FaultBadStubData)
	}
	message, hresult, err := s.answer(stub.Message)
	if err != nil {
		return false
	}
	out := dcerpc.AppendResponseStub(nil, encoding, message, uint32(hresult))
	if !s.respond(h, q.ContextID, out) {
		return false
	}
	return !s.Manner.Closes
}

func (s *session) fault(h dcerpc.Header, q dcerpc.Request, status dcerpc.FaultStatus) bool {
	fh := header(dcerpc.TypeFault, h)
	fh.Flags |= dcerpc.FlagDidNotExecute
	return s.write(dcerpc.Fault{AllocHint: 32, ContextID: q.ContextID, Status: status}.Append(nil, fh))
}

// respond sends a response stub in one PDU or several.
func (s *session) respond(q dcerpc.Header, context uint16, stub []byte) bool {
	h := header(dcerpc.TypeResponse, q)
	if s.Fault == WrongCallID {
		h.CallID += 7
	}
	size := len(stub)
	if s.Way.Fragment > 0 {
		size = s.Way.Fragment
	}
	var out []byte
	for at := 0; at < len(stub); at += size {
		end := min(at+size, len(stub))
		h.Flags &^= dcerpc.FlagFirst | dcerpc.FlagLast
		if at == 0 {
			h.Flags |= dcerpc.FlagFirst
		}
		if end == len(stub) {
			h.Flags |= dcerpc.FlagLast
		}
		out = dcerpc.Response{AllocHint: uint32(len(stub)), ContextID: context, Stub: stub[at:end]}.Append(out, h)
	}
	if s.Fault == CutAnswer {
		_ = s.write(out[:len(out)/2])
		return false
	}
	return s.write(out)
}

// write sends bytes the way the host's bytes travel.
func (s *session) write(b []byte) bool {
	size := len(b)
	if s.Way.Piece > 0 {
		size = s.Way.Piece
	}
	for len(b) > 0 {
		n := min(size, len(b))
		if _, err := s.conn.Write(b[:n]); err != nil {
			return false
		}
		if b = b[n:]; len(b) > 0 && s.Way.Pause > 0 && wait(s.ctx, s.Way.Pause) != nil {
			return false
		}
	}
	return true
}
