package dcerpc

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// Recorded PDUs survive parsing and writing, up to bytes that mean nothing.
func TestRecordedRoundTrip(t *testing.T) {
	r := recorded(t)
	for _, b := range r.all() {
		p := parse(t, b)
		got, err := reencode(p)
		if err != nil {
			t.Fatalf("%s: %v", p.Type, err)
		}
		want := bytes.Clone(b)
		switch p.Type {
		case TypeFault:
			want[23] = 0 // reserved; its host left garbage there
		case TypeBindAck, TypeAlterContextResp:
			if n := int(want[24]); n%4 != 2 {
				clear(want[26+n : (26+n+3)&^3]) // padding; likewise
			}
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: written\n%x, want\n%x", p.Type, got, want)
		}
	}
}

func TestParseHandshake(t *testing.T) {
	r := recorded(t)
	kms := Syntax{MustParseUUID("51c82175-844e-4750-b0d8-ec255555bc06"), 1, 0}
	b, err := ParseBind(parse(t, r.Handshake[0].Hex))
	want := Bind{5840, 5840, 0, []Context{
		{0, kms, []Syntax{SyntaxNDR32}}, {1, kms, []Syntax{SyntaxNDR64}}, {2, kms, []Syntax{SyntaxBTFN(3)}},
	}}
	if err != nil || !reflect.DeepEqual(b, want) {
		t.Errorf("bind %+v, %v", b, err)
	}
	a, err := ParseBindAck(parse(t, r.Handshake[1].Hex))
	wantAck := BindAck{5840, 5840, 0x436a3d87, "1688", []ContextResult{
		{ProviderRejection, ReasonTransferSyntax, Syntax{}}, {Acceptance, 0, SyntaxNDR64}, {NegotiateAck, 3, Syntax{}},
	}}
	if err != nil || !reflect.DeepEqual(a, wantAck) {
		t.Errorf("bind_ack %+v, %v", a, err)
	}
	if mask, ok := a.Results[2].Features(); !ok || mask != 3 {
		t.Errorf("features %d, %v", mask, ok)
	}
	if _, ok := a.Results[0].Features(); ok {
		t.Error("a rejection grants features")
	}
	resp, err := ParseBindAck(parse(t, r.Handshake[3].Hex))
	if err != nil || resp.SecondaryAddress != "" || len(resp.Results) != 1 || resp.Results[0].Transfer != SyntaxNDR32 {
		t.Errorf("alter_context_resp %+v, %v", resp, err)
	}
	wrong, err := ParseBindAck(parse(t, r.WrongInterface))
	if err != nil || wrong.Results[0].String() != "provider rejection: abstract syntax not supported" {
		t.Errorf("wrong interface %+v, %v", wrong, err)
	}
	nak, err := ParseBindNak(parse(t, r.BindNak))
	if err != nil || nak.Reason != NakProtocolVersion || !reflect.DeepEqual(nak.Versions, []RPCVersion{{5, 0}}) {
		t.Errorf("bind_nak %+v, %v", nak, err)
	}
	fault, err := ParseFault(parse(t, r.Fault))
	if err != nil || fault.Status != FaultUnknownInterface {
		t.Errorf("fault %+v, %v", fault, err)
	}
}

// Big-endian PDUs written by hand after C706: no Microsoft host sends them, but
// the header may say so.
func TestBigEndian(t *testing.T) {
	bind := parse(t, unhex(t, "05000b130000000000480000000000021000100000000001"+"01000000"+
		"00070100"+"51c82175844e4750b0d8ec255555bc06"+"00010002"+"8a885d041ceb11c99fe808002b104860"+"00000002"))
	b, err := ParseBind(bind)
	want := Bind{4096, 4096, 1, []Context{{
		7,
		Syntax{MustParseUUID("51c82175-844e-4750-b0d8-ec255555bc06"), 1, 2},
		[]Syntax{SyntaxNDR32},
	}}}
	if err != nil || bind.CallID != 2 || !reflect.DeepEqual(b, want) {
		t.Errorf("bind %+v, %v", b, err)
	}
	ack := parse(t, unhex(t, "05000c0300000000003c000000000002"+"10001000"+"01020304"+"0005"+"3136383800"+"ee"+
		"01000000"+"00000000"+"8a885d041ceb11c99fe808002b104860"+"00000002"))
	a, err := ParseBindAck(ack)
	wantAck := BindAck{4096, 4096, 0x01020304, "1688", []ContextResult{{0, 0, SyntaxNDR32}}}
	if err != nil || !reflect.DeepEqual(a, wantAck) {
		t.Errorf("bind_ack %+v, %v", a, err)
	}
	request := parse(t, unhex(t, "0500008300000000002e000000000003"+"00000006"+"0001"+"0002"+
		"51c82175844e4750b0d8ec255555bc06"+"000000000000"))
	r, err := ParseRequest(request)
	if err != nil || r.ContextID != 1 || r.OpNum != 2 || r.AllocHint != 6 || len(r.Stub) != 6 || r.Object != want.Contexts[0].Abstract.UUID {
		t.Errorf("request %+v, %v", r, err)
	}
	fault := parse(t, unhex(t, "05000323000000000020000000000002"+"00000020"+"0000"+"0000"+"1c010003"+"00000000"))
	if f, err := ParseFault(fault); err != nil || f.Status != FaultUnknownInterface {
		t.Errorf("fault %+v, %v", f, err)
	}
	nak := parse(t, unhex(t, "05000d03000000000012000000000002"+"0004"))
	if n, err := ParseBindNak(nak); err != nil || n.Reason != NakProtocolVersion || n.Versions != nil {
		t.Errorf("bind_nak %+v, %v", n, err)
	}
	for _, p := range []PDU{bind, request, fault} {
		if got, err := reencode(p); err != nil || !bytes.Equal(got, p.Raw) {
			t.Errorf("%s: written\n%x, want\n%x, %v", p.Type, got, p.Raw, err)
		}
	}
	for stub, e := range map[string]Encoding{
		"00000002" + "00020000" + "00000002" + "abcd" + "0000" + "8007000d":                              NDR32,
		"00000002" + "00000000" + "0000000000020000" + "0000000000000002" + "abcd" + "0000" + "8007000d": NDR64,
	} {
		s, err := ParseResponseStub(unhex(t, stub), EncodingUnknown, true)
		if err != nil || s.Encoding != e || s.HRESULT != 0x8007000d || len(s.Message) != 2 || s.Trailing != 0 {
			t.Errorf("%s: %+v, %v", e, s, err)
		}
	}
	q, err := ParseRequestStub(unhex(t, "00000002"+"00000002"+"abcd"), EncodingUnknown, true)
	if err != nil || q.Encoding != NDR32 || len(q.Message) != 2 {
		t.Errorf("%+v, %v", q, err)
	}
}

func TestHeaderErrors(t *testing.T) {
	good := NewHeader(TypeBind, 2)
	good.FragLen = 72
	for _, tc := range []struct {
		name   string
		change func(*Header)
		field  string
		want   error
	}{
		{"version 4", func(h *Header) { h.Major = 4 }, "header.version", ErrVersion},
		{"version 5.2", func(h *Header) { h.Minor = 2 }, "header.version", ErrVersion},
		{"datagram type", func(h *Header) { h.Type = 4 }, "header.type", ErrType},
		{"type 20", func(h *Header) { h.Type = 20 }, "header.type", ErrType},
		{"integer order", func(h *Header) { h.DataRep[0] = 0x20 }, "header.data_rep", ErrDataRep},
		{"characters", func(h *Header) { h.DataRep[0] = 0x12 }, "header.data_rep", ErrDataRep},
		{"floats", func(h *Header) { h.DataRep[1] = 4 }, "header.data_rep", ErrDataRep},
		{"short", func(h *Header) { h.FragLen = 15 }, "header.frag_length", ErrLength},
		{"auth", func(h *Header) { h.AuthLen = 49 }, "header.auth_length", ErrLength},
	} {
		h := good
		tc.change(&h)
		b := h.Append(nil)
		_, err := ParseHeader(b)
		var de *DecodeError
		if !errors.Is(err, tc.want) || !errors.As(err, &de) || de.Field != tc.field || de.Offset >= HeaderSize {
			t.Errorf("%s: %v", tc.name, err)
		}
		if Plausible(b) {
			t.Errorf("%s is plausible", tc.name)
		}
	}
	b := good.Append(nil)
	if h, err := ParseHeader(b); err != nil || h != good {
		t.Errorf("%+v, %v", h, err)
	}
	for n := range b {
		if _, err := ParseHeader(b[:n]); !errors.Is(err, ErrTruncated) {
			t.Errorf("%d bytes: %v", n, err)
		}
		if !Plausible(b[:n]) {
			t.Errorf("%d bytes are not plausible", n)
		}
	}
}

// Every parser refuses every shortened body, and says where it ends.
func TestCutBodies(t *testing.T) {
	for _, whole := range recorded(t).all() {
		for n := HeaderSize; n < len(whole); n++ {
			if _, err := ParsePDU(whole[:n]); !errors.Is(err, ErrTruncated) {
				t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
			}
			b := bytes.Clone(whole[:n])
			b[8], b[9] = byte(n), byte(n>>8)
			p := parse(t, b)
			_, err := reencode(p)
			var de *DecodeError
			optional := p.Type == TypeRequest && n >= 24 || p.Type == TypeResponse && n >= 24 ||
				p.Type == TypeFault && n >= 28 || p.Type == TypeBindNak && n == 18
			switch {
			case optional != (err == nil):
				t.Errorf("%s of %d bytes: %v", p.Type, n, err)
			case err != nil && (!errors.As(err, &de) || de.Offset > n || !errors.Is(err, ErrTruncated)):
				t.Errorf("%s of %d bytes: %v", p.Type, n, err)
			}
		}
	}
}

func TestWrongType(t *testing.T) {
	p := parse(t, recorded(t).Fault)
	_, e1 := ParseBind(p)
	_, e2 := ParseBindAck(p)
	_, e3 := ParseBindNak(p)
	_, e4 := ParseRequest(p)
	_, e5 := ParseResponse(p)
	p.Type = TypeBind
	_, e6 := ParseFault(p)
	for i, err := range []error{e1, e2, e3, e4, e5, e6} {
		if !errors.Is(err, ErrType) {
			t.Errorf("parser %d: %v", i, err)
		}
	}
}

func TestAuthTrailer(t *testing.T) {
	h := NewHeader(TypeResponse, 2)
	b := Response{Stub: []byte{1, 2, 3, 4, 5}}.Append(nil, h)
	b = append(b, 0xaa, 0xaa, 0xaa)                                  // padding to a multiple of four
	b = append(b, 10, 5, 3, 0, 7, 0, 0, 0, 'n', 't', 'l', 'm', 1, 2) // NTLM, integrity, context 7
	b[8], b[10] = byte(len(b)), 6
	p := parse(t, b)
	r, err := ParseResponse(p)
	if err != nil || !bytes.Equal(r.Stub, []byte{1, 2, 3, 4, 5}) {
		t.Errorf("%+v, %v", r, err)
	}
	if p.Auth.Type.String() != "NTLM" || p.Auth.Level != 5 || p.Auth.ContextID != 7 || len(p.Auth.Value) != 6 {
		t.Errorf("%+v", p.Auth)
	}
	b[len(b)-12] = 200
	var de *DecodeError
	if _, err := ParsePDU(b); !errors.As(err, &de) || de.Field != "auth.pad_length" {
		t.Errorf("%v", err)
	}
}

func TestObjectUUID(t *testing.T) {
	want := Request{AllocHint: 3, ContextID: 1, OpNum: 2, Object: SyntaxNDR32.UUID, Stub: []byte{1, 2, 3}}
	p := parse(t, want.Append(nil, NewHeader(TypeRequest, 2)))
	if got, err := ParseRequest(p); err != nil || !reflect.DeepEqual(got, want) || p.Flags&FlagObject == 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParsersDoNotAllocate(t *testing.T) {
	r := recorded(t)
	request, response := []byte(r.Calls[0].RequestPDU), []byte(r.Calls[0].ResponsePDU)
	allocs := testing.AllocsPerRun(100, func() {
		p, _ := ParsePDU(request)
		q, _ := ParseRequest(p)
		_, _ = ParseRequestStub(q.Stub, EncodingUnknown, false)
		p, _ = ParsePDU(response)
		s, _ := ParseResponse(p)
		_, _ = ParseResponseStub(s.Stub, NDR32, false)
		p, _ = ParsePDU(r.Fault)
		_, _ = ParseFault(p)
		Plausible([]byte("GET / HTTP/1.1\r\n\r\n"))
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
