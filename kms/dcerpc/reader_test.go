package dcerpc

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// stream joins recorded PDUs.
func stream(pdus [][]byte) []byte { return slices.Concat(pdus...) }

func TestReaderFramesHoweverCut(t *testing.T) {
	pdus := recorded(t).all()
	whole := stream(pdus)
	for name, r := range map[string]io.Reader{
		"at once":        bytes.NewReader(whole),
		"byte by byte":   iotest.OneByteReader(bytes.NewReader(whole)),
		"by halves":      iotest.HalfReader(bytes.NewReader(whole)),
		"error and data": iotest.DataErrReader(bytes.NewReader(whole)),
	} {
		reader := NewReader(r)
		for i, want := range pdus {
			p, err := reader.ReadPDU()
			if err != nil || !bytes.Equal(p.Raw, want) {
				t.Fatalf("%s: PDU %d: %x, %v", name, i, p.Raw, err)
			}
		}
		if _, err := reader.ReadPDU(); err != io.EOF {
			t.Errorf("%s: at the end: %v", name, err)
		}
	}
}

func TestReaderCutAtEveryByte(t *testing.T) {
	pdus := recorded(t).all()[:3]
	whole := stream(pdus)
	for cut := range whole {
		reader := NewReader(io.MultiReader(bytes.NewReader(whole[:cut]), bytes.NewReader(whole[cut:])))
		for i, want := range pdus {
			if p, err := reader.ReadPDU(); err != nil || !bytes.Equal(p.Raw, want) {
				t.Fatalf("cut at %d: PDU %d: %x, %v", cut, i, p.Raw, err)
			}
		}
		// And a stream that ends there.
		reader = NewReader(bytes.NewReader(whole[:cut]))
		var err error
		read := 0
		for err == nil {
			var p PDU
			p, err = reader.ReadPDU()
			read += len(p.Raw)
		}
		want := io.ErrUnexpectedEOF
		if read == cut {
			want = io.EOF
		}
		if !errors.Is(err, want) || len(reader.Buffered()) != cut-read {
			t.Errorf("ended at %d: %v with %d bytes left", cut, err, len(reader.Buffered()))
		}
	}
}

func TestReaderBounds(t *testing.T) {
	pdu := Response{Stub: make([]byte, 1000)}.Append(nil, NewHeader(TypeResponse, 1))
	r := NewReader(bytes.NewReader(bytes.Repeat(pdu, 10)))
	r.MaxTotal = 3000
	for i := range 2 {
		if _, err := r.ReadPDU(); err != nil {
			t.Fatalf("PDU %d: %v", i, err)
		}
	}
	if _, err := r.ReadPDU(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("third PDU: %v", err)
	}
	r.Begin()
	if _, err := r.ReadPDU(); err != nil {
		t.Errorf("after Begin: %v", err)
	}
	r.MaxFragment = 1023
	if _, err := r.ReadPDU(); !errors.Is(err, ErrTooLarge) {
		t.Errorf("large PDU: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestReaderErrors(t *testing.T) {
	broken := errors.New("broken")
	ack := recorded(t).Handshake[1].Hex
	if _, err := NewReader(stuck{}).ReadPDU(); !errors.Is(err, io.ErrNoProgress) {
		t.Error(err)
	}
	if _, err := NewReader(iotest.ErrReader(broken)).ReadPDU(); err != broken {
		t.Error(err)
	}
	half := io.MultiReader(bytes.NewReader(ack[:20]), iotest.ErrReader(broken))
	if _, err := NewReader(half).ReadPDU(); !errors.Is(err, broken) || !strings.Contains(err.Error(), "20 bytes into a PDU") {
		t.Error(err)
	}
	// Bytes that are no PDU are "not RPC" only at the beginning of a stream.
	r := NewReader(io.MultiReader(bytes.NewReader(ack), strings.NewReader("HTTP/1.1")))
	if _, err := r.ReadPDU(); err != nil {
		t.Fatal(err)
	}
	_, err := r.ReadPDU()
	var not *NotRPCError
	if !errors.Is(err, ErrVersion) || errors.As(err, &not) {
		t.Error(err)
	}
}

func TestReaderNotRPC(t *testing.T) {
	page := "HTTP/1.1 400 Bad Request\r\n" + strings.Repeat("x", 100)
	for name, tc := range map[string]struct {
		r            io.Reader
		first, looks string
	}{
		"a page":        {strings.NewReader(page), page[:64], "HTTP"},
		"by bytes":      {iotest.OneByteReader(strings.NewReader(page)), page[:4], "HTTP"},
		"two bytes":     {strings.NewReader("hi"), "hi", ""},
		"version 5.9":   {strings.NewReader("\x05\x09"), "\x05\x09", ""},
		"type 4":        {strings.NewReader("\x05\x00\x04\x00"), "\x05\x00\x04\x00", ""},
		"frag length 0": {bytes.NewReader(NewHeader(TypeBindAck, 2).Append(nil)), "\x05\x00\x0c\x03\x10\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00", ""},
		"a proxy":       {strings.NewReader("\x05\xff"), "\x05\xff", "SOCKS proxy"},
	} {
		_, err := NewReader(tc.r).ReadPDU()
		var not *NotRPCError
		if !errors.As(err, &not) || string(not.First) != tc.first || not.Looks != tc.looks || not.Err == nil {
			t.Errorf("%s: %#v", name, err)
		}
	}
}

func TestReadMessage(t *testing.T) {
	call := recorded(t).Calls[0]
	p := parse(t, call.ResponsePDU)
	body, err := ParseResponse(p)
	if err != nil {
		t.Fatal(err)
	}
	fragment := func(from, to int, flags Flags) []byte {
		h := p.Header
		h.Flags = flags
		return Response{AllocHint: body.AllocHint, Stub: body.Stub[from:to]}.Append(nil, h)
	}
	n := len(body.Stub)
	first, middle, last := fragment(0, 50, FlagFirst), fragment(50, 50, 0), fragment(50, n, FlagLast)
	for name, pieces := range map[string][][]byte{
		"whole": {call.ResponsePDU}, "two": {first, last}, "three": {first, middle, last},
	} {
		in := stream(pieces)
		m, err := NewReader(bytes.NewReader(in)).ReadMessage()
		if err != nil || !bytes.Equal(m.Stub, body.Stub) || !bytes.Equal(m.Bytes, in) || m.Fragments != len(pieces) || m.CallID != 2 {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	fault := recorded(t).Fault
	m, err := NewReader(bytes.NewReader(stream([][]byte{first, fault}))).ReadMessage()
	if err != nil || m.Type != TypeFault || m.Fragments != 2 {
		t.Errorf("fault in the middle: %+v, %v", m, err)
	}
	request, err := NewReader(bytes.NewReader(call.RequestPDU)).ReadMessage()
	if err != nil || !bytes.HasSuffix(request.Stub, call.RequestMessage) {
		t.Errorf("request: %+v, %v", request, err)
	}
	other := p.Header
	other.CallID++
	other.Flags = FlagLast
	for name, pieces := range map[string][][]byte{
		"no first":      {last},
		"first twice":   {first, first},
		"other call":    {first, Response{}.Append(nil, other)},
		"other type":    {first, Request{}.Append(nil, func() Header { h := NewHeader(TypeRequest, 2); h.Flags = FlagLast; return h }())},
		"cut off":       {first, last[:30]},
		"no body":       {{5, 0, 2, 3, 16, 0, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0}},
		"a bad trailer": {{5, 0, 2, 3, 16, 0, 0, 0, 25, 0, 1, 0, 2, 0, 0, 0, 10, 2, 1, 0, 0, 0, 0, 0, 0}},
	} {
		in := stream(pieces)
		m, err := NewReader(bytes.NewReader(in)).ReadMessage()
		if err == nil || !bytes.Equal(m.Bytes, in) {
			t.Errorf("%s: %v, kept %x", name, err, m.Bytes)
		}
	}
}

func TestAssembler(t *testing.T) {
	h := func(call uint32, f Flags) Header {
		h := NewHeader(TypeRequest, call)
		h.Flags = f
		return h
	}
	var a Assembler
	a.MaxStub = 10
	if stub, done, err := a.Add(h(1, FlagFirst|FlagLast), []byte("one")); string(stub) != "one" || !done || err != nil {
		t.Errorf("%q %v %v", stub, done, err)
	}
	if stub, done, err := a.Add(h(2, FlagFirst|FlagLast), nil); len(stub) != 0 || !done || err != nil {
		t.Errorf("empty: %q %v %v", stub, done, err)
	}
	// A call that begins before the last one ended takes its place.
	if _, done, err := a.Add(h(3, FlagFirst), []byte("lost")); done || err != nil || a.Pending() != 1 {
		t.Errorf("%v %v", done, err)
	}
	if _, done, err := a.Add(h(4, FlagFirst), []byte("kept")); done || !errors.Is(err, ErrFragment) || a.Pending() != 1 {
		t.Errorf("%v %v", done, err)
	}
	if stub, done, err := a.Add(h(4, FlagLast), []byte("!")); string(stub) != "kept!" || !done || err != nil || a.Pending() != 0 {
		t.Errorf("%q %v %v", stub, done, err)
	}
	if _, done, err := a.Add(h(4, FlagLast), nil); done || !errors.Is(err, ErrFragment) {
		t.Errorf("%v %v", done, err)
	}
	if _, _, err := a.Add(h(5, FlagFirst), make([]byte, 8)); err != nil {
		t.Error(err)
	}
	if _, done, err := a.Add(h(5, FlagLast), make([]byte, 3)); done || !errors.Is(err, ErrTooLarge) || a.Pending() != 0 {
		t.Errorf("%v %v", done, err)
	}
}
