package dcerpc

// StubOffset is where the stub begins in a response, and in a request without
// an object UUID, in bytes from the start of the PDU.
const StubOffset = HeaderSize + 8

// A Request is the body of a request PDU.
type Request struct {
	AllocHint uint32 // length of the whole stub, a hint only
	ContextID uint16
	OpNum     uint16
	Object    UUID // with [FlagObject]
	Stub      []byte
}

// ParseRequest reads a request PDU; Stub aliases it. Errors are of type
// [*DecodeError].
func ParseRequest(p PDU) (Request, error) {
	d, err := p.decoder(TypeRequest, TypeRequest)
	if err != nil {
		return Request{}, err
	}
	r := Request{AllocHint: d.u32("alloc_hint"), ContextID: d.u16("context_id"), OpNum: d.u16("opnum")}
	if p.Flags&FlagObject != 0 {
		r.Object = d.uuid("object")
	}
	r.Stub = d.b
	return r, d.err
}

// Append appends the whole PDU under the header h, whose lengths it computes.
// An alloc hint of 0 becomes the length of the stub; an object that is not zero
// sets [FlagObject]. The PDU must fit 65535 bytes.
func (r Request) Append(dst []byte, h Header) []byte {
	start, big := len(dst), h.BigEndian()
	o := appendOrder(big)
	h.AuthLen = 0
	if !r.Object.IsZero() {
		h.Flags |= FlagObject
	}
	dst = o.AppendUint32(h.Append(dst), hint(r.AllocHint, r.Stub))
	dst = o.AppendUint16(dst, r.ContextID)
	dst = o.AppendUint16(dst, r.OpNum)
	if h.Flags&FlagObject != 0 {
		dst = appendUUID(dst, r.Object, big)
	}
	return h.finish(append(dst, r.Stub...), start)
}

// A Response is the body of a response PDU.
type Response struct {
	AllocHint   uint32 // length of the whole stub, a hint only
	ContextID   uint16
	CancelCount uint8
	Stub        []byte
}

// ParseResponse reads a response PDU; Stub aliases it. Errors are of type
// [*DecodeError].
func ParseResponse(p PDU) (Response, error) {
	d, err := p.decoder(TypeResponse, TypeResponse)
	if err != nil {
		return Response{}, err
	}
	r := Response{AllocHint: d.u32("alloc_hint"), ContextID: d.u16("context_id"), CancelCount: d.u8("cancel_count")}
	d.take(1, "reserved")
	r.Stub = d.b
	return r, d.err
}

// Append appends the whole PDU under the header h, whose lengths it computes.
// An alloc hint of 0 becomes the length of the stub. The PDU must fit 65535
// bytes.
func (r Response) Append(dst []byte, h Header) []byte {
	start := len(dst)
	o := appendOrder(h.BigEndian())
	h.AuthLen = 0
	dst = o.AppendUint32(h.Append(dst), hint(r.AllocHint, r.Stub))
	dst = append(o.AppendUint16(dst, r.ContextID), r.CancelCount, 0)
	return h.finish(append(dst, r.Stub...), start)
}

func hint(given uint32, stub []byte) uint32 {
	if given == 0 {
		return uint32(len(stub))
	}
	return given
}

// A Fault is the body of a fault PDU. Servers leave context id and cancel count
// uninitialised at times: they mean nothing.
type Fault struct {
	AllocHint   uint32
	ContextID   uint16
	CancelCount uint8
	Status      FaultStatus
}

// ParseFault reads a fault PDU. The stub that may follow it is ignored. Errors
// are of type [*DecodeError].
func ParseFault(p PDU) (Fault, error) {
	d, err := p.decoder(TypeFault, TypeFault)
	if err != nil {
		return Fault{}, err
	}
	f := Fault{AllocHint: d.u32("alloc_hint"), ContextID: d.u16("context_id"), CancelCount: d.u8("cancel_count")}
	d.take(1, "reserved")
	f.Status = FaultStatus(d.u32("status"))
	return f, d.err
}

// Append appends the whole PDU under the header h, whose lengths it computes.
func (f Fault) Append(dst []byte, h Header) []byte {
	start := len(dst)
	o := appendOrder(h.BigEndian())
	h.AuthLen = 0
	dst = o.AppendUint32(h.Append(dst), f.AllocHint)
	dst = append(o.AppendUint16(dst, f.ContextID), f.CancelCount, 0)
	dst = o.AppendUint32(dst, uint32(f.Status))
	return h.finish(o.AppendUint32(dst, 0), start)
}
