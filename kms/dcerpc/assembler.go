package dcerpc

// DefaultLimit bounds what one call may bring, in bytes: far above any KMS
// message, far below what hurts.
const DefaultLimit = 64 << 10

// An Assembler joins the fragments of one direction of a connection that has
// one call at a time. The zero value is ready.
type Assembler struct {
	// MaxStub bounds the joined stub in bytes; 0 means [DefaultLimit].
	MaxStub int

	stub   []byte
	callID uint32
	packet PacketType
	count  int // fragments of the call so far; 0 between calls
}

// Add takes the header and the stub part of the next request or response PDU
// and returns the whole stub when it was the last. A stub of one fragment is
// returned as it is, others are copied and stay valid. Fragments that do not
// fit the call in progress end it with a [*DecodeError]; a first fragment that
// comes too early then begins its own call.
func (a *Assembler) Add(h Header, part []byte) (stub []byte, done bool, err error) {
	if h.First() && a.count == 0 {
		a.callID, a.packet = h.CallID, h.Type
	} else if err = a.mismatch(h); err != nil {
		a.Reset()
		if h.First() {
			_, _, _ = a.Add(h, part)
		}
		return nil, false, err
	}
	limit := a.MaxStub
	if limit <= 0 {
		limit = DefaultLimit
	}
	if len(a.stub)+len(part) > limit {
		err = fail(h.Type.String()+".stub", 0, ErrTooLarge, "more than %d bytes", limit)
		a.Reset()
		return nil, false, err
	}
	if a.count == 0 && h.Last() {
		return part, true, nil
	}
	a.stub = append(a.stub, part...)
	a.count++
	if !h.Last() {
		return nil, false, nil
	}
	stub = a.stub
	a.Reset()
	return stub, true, nil
}

// mismatch says why h cannot continue the call in progress.
func (a *Assembler) mismatch(h Header) error {
	switch {
	case a.count == 0:
		return fail("header.flags", 3, ErrFragment, "%s of call %d begins without a first fragment", h.Type, h.CallID)
	case h.First():
		return fail("header.flags", 3, ErrFragment, "first fragment of call %d inside call %d", h.CallID, a.callID)
	case h.CallID != a.callID:
		return fail("header.call_id", 12, ErrFragment, "call %d inside call %d", h.CallID, a.callID)
	case h.Type != a.packet:
		return fail("header.type", 2, ErrFragment, "%s inside a %s", h.Type, a.packet)
	}
	return nil
}

// Pending returns the number of fragments of the call in progress.
func (a *Assembler) Pending() int { return a.count }

// Reset drops the call in progress.
func (a *Assembler) Reset() {
	a.stub, a.count = nil, 0
}
