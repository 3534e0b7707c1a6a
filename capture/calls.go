package capture

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// maxMessage bounds a stub that is kept, in bytes; the largest KMS message has
// 292.
const maxMessage = 1024

// joined adds a fragment and returns the stub when it is whole.
func (d *direction) joined(p dcerpc.PDU, part []byte, now origin) (stub []byte, where place, done bool) {
	if p.First() || d.frags == 0 {
		d.start, d.frags = d.from, 0
	}
	d.frags++
	d.join.MaxStub = maxMessage
	stub, done, err := d.join.Add(p.Header, part)
	if err != nil {
		d.frags = d.join.Pending()
		return nil, where, false
	}
	if done {
		where = place{present: true, first: d.start, last: now, frags: d.frags, offset: len(p.Raw) - len(part)}
		d.frags = 0
	}
	return stub, where, done
}

// request takes a request PDU of the client.
func (c *conversation) request(e *engine, f *flow, end int, p dcerpc.PDU, at origin) {
	r, err := dcerpc.ParseRequest(p)
	if err != nil {
		return
	}
	x := c.context(r.ContextID)
	if x != nil && !x.kms || r.OpNum != 0 && x == nil {
		return
	}
	stub, where, done := c.dirs[end].joined(p, r.Stub, at)
	if !done {
		return
	}
	var encoding dcerpc.Encoding
	if x != nil {
		encoding = x.encoding
	}
	s, err := dcerpc.ParseRequestStub(stub, encoding, p.BigEndian())
	if err != nil && encoding != dcerpc.EncodingUnknown {
		s, err = dcerpc.ParseRequestStub(stub, dcerpc.EncodingUnknown, p.BigEndian())
	}
	shaped := err == nil && requestShape(s.Message)
	if x == nil && !shaped {
		return // some other interface, bound before the capture began
	}
	k := e.newCall()
	k.id, k.context, k.request.place, k.known, k.encoding = p.CallID, r.ContextID, where, x != nil, encoding
	if err == nil {
		k.encoding = s.Encoding
		k.request.keep(s.Message)
		k.request.offset += s.Offset
	}
	f.isClient(end)
	if shaped && !c.kms {
		c.shape(e, f)
	}
	for i, o := range c.orphans { // its answer was captured first
		// The answer came after the request if its TCP acknowledges the request.
		if o.id == k.id && (o.answer.last.time >= k.request.last.time || o.covers && !before(o.acked, f.ends[end].next)) {
			c.orphans = slices.Delete(c.orphans, i, i+1)
			o.context, o.request.place, o.known, o.encoding = k.context, k.request.place, k.known, k.encoding
			if k.request.bytes != nil {
				o.request.keep(k.request.bytes)
			}
			e.drop(k)
			e.exchange(f, c, o)
			return
		}
	}
	if len(c.pending) == maxPending {
		e.exchange(f, c, c.pending[0])
		c.pending = slices.Delete(c.pending, 0, 1)
	}
	c.pending = append(c.pending, k)
}

// requestShape tells whether a message without a known context can only be a
// KMS request.
func requestShape(m []byte) bool {
	if len(m) < 4 {
		return false
	}
	v := kms.Version(binary.LittleEndian.Uint32(m))
	return len(m) == kms.RequestSizeV4 && v == kms.V4 || len(m) == kms.RequestSizeV56 && (v == kms.V5 || v == kms.V6)
}

// shape notes that KMS was found without its bind.
func (c *conversation) shape(e *engine, f *flow) {
	if !c.shaped {
		c.shaped = true
		e.foundKMS(f)
	}
}

// answered removes the oldest pending call of an id.
func (c *conversation) answered(id uint32) *call {
	for i, k := range c.pending {
		if k.id == id {
			c.pending = slices.Delete(c.pending, i, i+1)
			return k
		}
	}
	return nil
}

// response takes a response PDU of the host.
func (c *conversation) response(e *engine, f *flow, end int, p dcerpc.PDU, at origin) {
	r, err := dcerpc.ParseResponse(p)
	if err != nil {
		return
	}
	x := c.context(r.ContextID)
	if x != nil && !x.kms {
		return
	}
	stub, where, done := c.dirs[end].joined(p, r.Stub, at)
	if !done {
		return
	}
	var encoding dcerpc.Encoding
	k := c.answered(p.CallID)
	if k != nil {
		encoding = k.encoding
	} else if x != nil {
		encoding = x.encoding
	}
	s, err := dcerpc.ParseResponseStub(stub, encoding, p.BigEndian())
	if err != nil && encoding != dcerpc.EncodingUnknown {
		s, err = dcerpc.ParseResponseStub(stub, dcerpc.EncodingUnknown, p.BigEndian())
	}
	if k == nil {
		if x == nil && !c.shaped && (err != nil || !responseShape(s.Message)) {
			return
		}
		k = e.newCall()
		k.id, k.context, k.known, k.encoding = p.CallID, r.ContextID, x != nil, s.Encoding
	}
	k.answer.place = where
	switch {
	case err != nil:
		k.outcome = Garbled
		k.answer.keep(stub)
	default:
		k.outcome, k.hresult = Answered, s.HRESULT
		k.answer.offset += s.Offset
		if s.Message != nil {
			k.answer.keep(s.Message)
		}
	}
	c.finish(e, f, k)
}

// responseShape tells whether a message without a known context can only be a
// KMS response.
func responseShape(m []byte) bool {
	if len(m) <= 60 || len(m) >= 512 {
		return false
	}
	v := kms.Version(binary.LittleEndian.Uint32(m))
	return v == kms.V4 || v == kms.V5 || v == kms.V6
}

// faulted takes a fault PDU of the host.
func (c *conversation) faulted(e *engine, f *flow, p dcerpc.PDU, at origin) {
	fault, err := dcerpc.ParseFault(p)
	if err != nil {
		return
	}
	k := c.answered(p.CallID)
	if k == nil {
		if c.kms && c.bind.answered.number == 0 && p.CallID == c.bind.callID {
			c.bind.fault, c.bind.answered = &fault, at
		}
		return
	}
	k.answer.place = place{present: true, first: c.dirs[1-f.roles()].from, last: at, frags: 1}
	k.outcome, k.fault = Faulted, uint32(fault.Status)
	c.finish(e, f, k)
}

// finish hands on a call with its answer, or keeps an answer whose request may
// still come.
func (c *conversation) finish(e *engine, f *flow, k *call) {
	if k.request.present {
		e.exchange(f, c, k)
		return
	}
	f.isHost(c, e)
	k.covers, k.acked = f.ends[1-e.end].heard, f.ends[1-e.end].acked
	if len(c.orphans) == maxPending {
		e.exchange(f, c, c.orphans[0])
		c.orphans = slices.Delete(c.orphans, 0, 1)
	}
	c.orphans = append(c.orphans, k)
}

// end hands on what is still open when a connection ends.
func (c *conversation) end(e *engine, f *flow) {
	for i := range c.dirs {
		d := &c.dirs[i]
		if d.state == inStep && len(d.buf) >= 3 {
			c.pdus.add(d.buf[2] | pduPartial)
		}
	}
	if len(c.pending)+len(c.orphans) == 0 {
		return
	}
	rest := slices.Concat(c.pending, c.orphans)
	c.pending, c.orphans = c.pending[:0], c.orphans[:0]
	slices.SortStableFunc(rest, func(a, b *call) int {
		return int(min(max(a.when().number-b.when().number, -1), 1))
	})
	for _, k := range rest {
		e.exchange(f, c, k)
	}
}

func (k *call) when() origin {
	if k.request.present {
		return k.request.last
	}
	return k.answer.last
}

// keep copies the bytes of a message, which outlive their packet.
func (m *message) keep(b []byte) {
	b = b[:min(len(b), maxMessage)]
	if len(b) > len(m.store) {
		m.bytes = bytes.Clone(b)
		return
	}
	m.bytes = m.store[:copy(m.store[:], b)]
}

// maxSpare bounds the calls and conversations that wait to be used again.
const maxSpare = 4096

func (e *engine) newCall() *call {
	if n := len(e.spareCalls); n > 0 {
		k := e.spareCalls[n-1]
		e.spareCalls = e.spareCalls[:n-1]
		return k
	}
	return new(call)
}

// drop ends the use of a call.
func (e *engine) drop(k *call) {
	if len(e.spareCalls) == maxSpare {
		return
	}
	k.request.place, k.request.bytes, k.answer.place, k.answer.bytes = place{}, nil, place{}, nil
	k.covers, k.acked = false, 0
	k.id, k.context, k.encoding, k.known, k.fault, k.hresult, k.outcome = 0, 0, 0, false, 0, 0, Unanswered
	e.spareCalls = append(e.spareCalls, k)
}

func (e *engine) newConversation() *conversation {
	if n := len(e.spareConvs); n > 0 {
		c := e.spareConvs[n-1]
		e.spareConvs = e.spareConvs[:n-1]
		return c
	}
	return &conversation{bind: bindState{granted: -1}}
}

// dropConversation ends the use of a conversation; its slices are used again.
func (e *engine) dropConversation(c *conversation) {
	if len(e.spareConvs) == maxSpare {
		return
	}
	bufs := [2][]byte{c.dirs[0].buf[:0], c.dirs[1].buf[:0]}
	for i := range bufs {
		if cap(bufs[i]) > 4096 {
			bufs[i] = nil
		}
	}
	*c = conversation{contexts: c.contexts[:0], pending: c.pending[:0], orphans: c.orphans[:0], bind: bindState{granted: -1, offered: c.bind.offered[:0]}}
	c.dirs[0].buf, c.dirs[1].buf = bufs[0], bufs[1]
	e.spareConvs = append(e.spareConvs, c)
}
