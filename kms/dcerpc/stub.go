package dcerpc

// The stubs of the one method that KMS has, in IDL:
//
//	HRESULT f([in] int reqSize, [in, size_is(reqSize)] byte req[],
//	          [out] int* rspSize, [out, size_is(,*rspSize)] byte** rsp)

// A RequestStub is the decoded stub of a request.
type RequestStub struct {
	Encoding Encoding // as given, or decided by shape
	Message  []byte   // aliases the stub
	Offset   int      // of Message in the stub, in bytes: 8 or 16
	Trailing int      // bytes after the message; some clients send a few
}

// ParseRequestStub reads the stub of a request. With [EncodingUnknown] the
// shape decides: NDR32 repeats the size at offset 4. The offsets of its errors,
// of type [*DecodeError], count from the start of the stub.
func ParseRequestStub(stub []byte, e Encoding, bigEndian bool) (RequestStub, error) {
	if e == EncodingUnknown {
		e = requestShape(stub, bigEndian)
	}
	d := decoder{b: stub, big: bigEndian, part: "request stub"}
	size := d.u32("size")
	count, at := d.word(e, "max_count")
	if d.err == nil && count != uint64(size) {
		d.err = fail("request stub.max_count", at, ErrMismatch, "%d, but the size is %d", count, size)
	}
	s := RequestStub{Encoding: e, Offset: d.off}
	s.Message = d.blob(count, "message")
	s.Trailing = len(d.b)
	return s, d.err
}

// requestShape tells the encodings of a request stub apart.
func requestShape(stub []byte, big bool) Encoding {
	if len(stub) >= 8 && get32(stub, big) == get32(stub[4:], big) {
		return NDR32
	}
	return NDR64
}

// AppendRequestStub appends the little-endian stub that carries message, in
// NDR64 if e says so and in NDR32 otherwise.
func AppendRequestStub(dst []byte, e Encoding, message []byte) []byte {
	o := appendOrder(false)
	n := len(message)
	dst = o.AppendUint32(dst, uint32(n))
	if e == NDR64 {
		dst = o.AppendUint64(append(dst, 0, 0, 0, 0), uint64(n))
	} else {
		dst = o.AppendUint32(dst, uint32(n))
	}
	return append(dst, message...)
}

// A ResponseStub is the decoded stub of a response.
type ResponseStub struct {
	Encoding Encoding // as given, or decided by shape
	Message  []byte   // aliases the stub; nil for a null pointer, which is what errors have
	Offset   int      // of Message in the stub, in bytes: 12 or 24; 0 for a null pointer
	HRESULT  uint32   // the method's return value
	Trailing int      // bytes after the return value
}

// ParseResponseStub reads the stub of a response: the message, padding to a
// multiple of four, the return value; or a null pointer and the return value.
// With [EncodingUnknown] the shape decides. The offsets of its errors, of type
// [*DecodeError], count from the start of the stub.
func ParseResponseStub(stub []byte, e Encoding, bigEndian bool) (ResponseStub, error) {
	if e == EncodingUnknown {
		e = responseShape(stub, bigEndian)
	}
	s := ResponseStub{Encoding: e}
	d := decoder{b: stub, big: bigEndian, part: "response stub"}
	size := d.u32("size")
	if pointer, _ := d.word(e, "pointer"); pointer != 0 {
		count, at := d.word(e, "max_count")
		if d.err == nil && count != uint64(size) {
			d.err = fail("response stub.max_count", at, ErrMismatch, "%d, but the size is %d", count, size)
		}
		s.Offset = d.off
		s.Message = d.blob(count, "message")
		d.align(4)
	}
	s.HRESULT = d.u32("hresult")
	s.Trailing = len(d.b)
	return s, d.err
}

// responseShape tells the encodings of a response stub apart: where NDR32 has
// its pointer NDR64 has padding; null pointers differ in length.
func responseShape(stub []byte, big bool) Encoding {
	switch {
	case len(stub) >= 8 && get32(stub[4:], big) != 0, len(stub) == 12:
		return NDR32
	}
	return NDR64
}

// AppendResponseStub appends the little-endian stub that carries message and
// the method's return value, in NDR64 if e says so and in NDR32 otherwise. A
// nil message becomes a null pointer.
func AppendResponseStub(dst []byte, e Encoding, message []byte, hresult uint32) []byte {
	o := appendOrder(false)
	const referent = 0x00020000 // as Windows numbers the first pointer of a stub
	n, pointer, start := len(message), uint32(0), len(dst)
	if message != nil {
		pointer = referent
	}
	dst = o.AppendUint32(dst, uint32(n))
	if e == NDR64 {
		dst = o.AppendUint64(append(dst, 0, 0, 0, 0), uint64(pointer))
	} else {
		dst = o.AppendUint32(dst, pointer)
	}
	if message != nil {
		if e == NDR64 {
			dst = o.AppendUint64(dst, uint64(n))
		} else {
			dst = o.AppendUint32(dst, uint32(n))
		}
		dst = append(dst, message...)
		for (len(dst)-start)%4 != 0 {
			dst = append(dst, 0)
		}
	}
	return o.AppendUint32(dst, hresult)
}

// word reads a pointer or count, which in NDR64 is 64 bits wide and aligned so,
// and returns its offset too.
func (d *decoder) word(e Encoding, field string) (n uint64, at int) {
	if e == NDR64 {
		d.align(8)
		return d.u64(field), d.off - 8
	}
	return uint64(d.u32(field)), d.off - 4
}

// blob takes n bytes, for an n that may be absurd.
func (d *decoder) blob(n uint64, field string) []byte {
	if n > uint64(len(d.b)) {
		if d.err == nil {
			d.err = fail(d.part+"."+field, d.off, ErrTruncated, "%d bytes of %d", len(d.b), n)
		}
		return nil
	}
	return d.take(int(n), field)
}
