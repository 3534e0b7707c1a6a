package dcerpc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// A Reader frames PDUs out of a stream, however it is cut. It reads ahead, so
// the stream should not be read by others.
type Reader struct {
	// MaxFragment bounds the length of a PDU in bytes; 0 allows what the
	// 16-bit length field can say.
	MaxFragment int
	// MaxTotal bounds the bytes of all PDUs between two calls of
	// [Reader.Begin]; 0 means [DefaultLimit].
	MaxTotal int

	r          io.Reader
	buf        []byte
	start, end int // unread part of buf
	total      int // bytes of PDUs since Begin
	framed     bool
}

// NewReader returns a Reader with the default bounds.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// Begin renews the allowance of MaxTotal; a client calls it before each call.
func (r *Reader) Begin() { r.total = 0 }

// Buffered returns the bytes that were read but not yet returned in a PDU. They
// are valid until the next read.
func (r *Reader) Buffered() []byte { return r.buf[r.start:r.end] }

// ReadPDU reads one PDU, which is valid until the next read. The error is
// [io.EOF] when the stream ends between PDUs, wraps [io.ErrUnexpectedEOF] when
// it ends inside one, is a [*NotRPCError] when the first bytes of the stream
// cannot begin a PDU and a [*DecodeError] when later ones cannot, and otherwise
// wraps the error of the stream.
func (r *Reader) ReadPDU() (PDU, error) {
	// Byte by byte where need be: a peer that speaks first and then waits, as
	// mail servers do, may send less than a header.
	for r.end-r.start < HeaderSize {
		if !Plausible(r.Buffered()) {
			return PDU{}, r.notPDU()
		}
		if err := r.fill(r.end - r.start + 1); err != nil {
			return PDU{}, r.ended(err)
		}
	}
	h, err := ParseHeader(r.Buffered())
	if err != nil {
		return PDU{Header: h}, r.notPDU()
	}
	size, limit, total := int(h.FragLen), r.MaxFragment, r.MaxTotal
	if limit > 0 && size > limit {
		return PDU{Header: h}, fail("header.frag_length", 8, ErrTooLarge, "%d bytes, at most %d are read", size, limit)
	}
	if total <= 0 {
		total = DefaultLimit
	}
	if r.total+size > total {
		return PDU{Header: h}, fail("header.frag_length", 8, ErrTooLarge, "more than %d bytes for one call", total)
	}
	r.framed = true
	if err := r.fill(size); err != nil {
		return PDU{Header: h}, r.ended(err)
	}
	p, err := ParsePDU(r.buf[r.start : r.start+size])
	r.start += size
	r.total += size
	return p, err
}

// identifiable is how many bytes tell the known protocols apart.
const identifiable = 4

// notPDU says why the buffered bytes cannot begin a PDU.
func (r *Reader) notPDU() error {
	if r.framed {
		// Zeros complete a short header: the field that is wrong is wrong anyway.
		var b [HeaderSize]byte
		copy(b[:], r.Buffered())
		_, err := ParseHeader(b[:])
		return err
	}
	err := r.fill(identifiable)
	first := r.Buffered()
	first = bytes.Clone(first[:min(len(first), FirstBytes)])
	if err == nil {
		var b [HeaderSize]byte
		copy(b[:], first)
		_, err = ParseHeader(b[:])
	}
	return &NotRPCError{First: first, Looks: Identify(first), Err: err}
}

// ended words the end of the stream.
func (r *Reader) ended(err error) error {
	n := r.end - r.start
	switch {
	case n == 0:
		return err
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%d bytes into a PDU: %w", n, err)
}

// fill reads until n bytes are buffered.
func (r *Reader) fill(n int) error {
	if r.end-r.start >= n {
		return nil
	}
	if len(r.buf)-r.start < n {
		buf := r.buf
		if len(buf) < n {
			buf = make([]byte, max(n, 4096))
		}
		r.end = copy(buf, r.buf[r.start:r.end])
		r.buf, r.start = buf, 0
	}
	for empty := 0; r.end-r.start < n; {
		got, err := r.r.Read(r.buf[r.end:])
		r.end += got
		switch {
		case r.end-r.start >= n:
			return nil
		case err != nil:
			return err
		case got > 0:
			empty = 0
		default:
			if empty++; empty == 100 {
				return io.ErrNoProgress
			}
		}
	}
	return nil
}

// A Message is a whole request or response, joined from its fragments, or any
// other PDU.
type Message struct {
	PDU              // the first fragment
	Stub      []byte // request and response: the joined stub
	Fragments int
	Bytes     []byte // the bytes of all fragments, in order
}

// ReadMessage reads PDUs until a request or response is whole, or one PDU of
// another type. A fault may take the place of further fragments. What it
// returns stays valid. On an error it returns what was read, with Bytes
// holding whole PDUs and what followed them. Errors are those of [Reader.ReadPDU] and
// of [Assembler.Add].
func (r *Reader) ReadMessage() (Message, error) {
	var m Message
	joined := Assembler{MaxStub: r.MaxTotal}
	for {
		p, err := r.ReadPDU()
		if err != nil {
			m.Bytes = append(append(m.Bytes, p.Raw...), r.Buffered()...)
			return m, err
		}
		p = p.clone()
		m.Bytes = append(m.Bytes, p.Raw...)
		m.Fragments++
		var part []byte
		switch p.Type {
		case TypeRequest:
			var q Request
			q, err = ParseRequest(p)
			part = q.Stub
		case TypeResponse:
			var s Response
			s, err = ParseResponse(p)
			part = s.Stub
		default:
			m.PDU = p
			return m, nil
		}
		if m.Fragments == 1 {
			m.PDU = p
		}
		if err != nil {
			return m, err
		}
		stub, done, err := joined.Add(p.Header, part)
		if err != nil {
			return m, err
		}
		if done {
			m.Stub = stub
			return m, nil
		}
	}
}

// clone returns the PDU on bytes of its own.
func (p PDU) clone() PDU {
	c, _ := ParsePDU(bytes.Clone(p.Raw)) // parsed once already
	return c
}
