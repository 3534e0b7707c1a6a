package dcerpc

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// located fails the test unless err is a DecodeError inside n bytes.
func located(t *testing.T, err error, n int) {
	t.Helper()
	var de *DecodeError
	if !errors.As(err, &de) || de.Field == "" || de.Offset < 0 || de.Offset > n || errors.Unwrap(de) == nil {
		t.Errorf("%#v in %d bytes", err, n)
	}
}

func FuzzParseHeader(f *testing.F) {
	f.Add(NewHeader(TypeBind, 2).Append(nil))
	f.Add([]byte{5, 0, 12})
	for _, b := range recorded(f).all() {
		f.Add(b[:HeaderSize])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if len(b) >= HeaderSize && Plausible(b) != (err == nil) {
			t.Errorf("plausible: %v, but %v", Plausible(b), err)
		}
		if err != nil {
			located(t, err, max(len(b), HeaderSize))
			return
		}
		if got := h.Append(nil); !bytes.Equal(got, b[:HeaderSize]) {
			t.Errorf("%x is written as %x", b[:HeaderSize], got)
		}
		for n := range HeaderSize {
			if !Plausible(b[:n]) {
				t.Errorf("%d bytes of a header are not plausible", n)
			}
		}
	})
}

// What a parser makes of a PDU comes back after writing and parsing again.
func FuzzParsePDU(f *testing.F) {
	for _, b := range recorded(f).all() {
		f.Add(b)
		f.Add(b[:len(b)-3])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePDU(b)
		if err != nil {
			located(t, err, max(len(b), HeaderSize))
			return
		}
		first, err := reencode(p)
		if err != nil {
			located(t, err, len(b))
			return
		}
		if len(first) > 65535 { // a longer hand-made answer than one PDU can be
			return
		}
		q, err := ParsePDU(first)
		if err != nil {
			t.Fatalf("%x: %v", first, err)
		}
		second, err := reencode(q)
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%x, then %x, %v", first, second, err)
		}
	})
}

func FuzzStubs(f *testing.F) {
	for _, c := range recorded(f).Calls {
		f.Add([]byte(c.RequestPDU[24:]), uint8(0), false)
		f.Add([]byte(c.ResponsePDU[24:]), uint8(1), false)
	}
	for _, c := range recorded(f).ErrorStubs {
		f.Add([]byte(c.ResponsePDU[24:]), uint8(2), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, e uint8, big bool) {
		given := Encoding(e % 3)
		if q, err := ParseRequestStub(b, given, big); err != nil {
			located(t, err, len(b))
		} else {
			whole := AppendRequestStub(nil, q.Encoding, q.Message)
			again, err := ParseRequestStub(whole, q.Encoding, false)
			if err != nil || !bytes.Equal(again.Message, q.Message) || len(whole)+q.Trailing != len(b) {
				t.Errorf("request: %+v, then %+v, %v", q, again, err)
			}
		}
		s, err := ParseResponseStub(b, given, big)
		if err != nil {
			located(t, err, len(b))
			return
		}
		whole := AppendResponseStub(nil, s.Encoding, s.Message, s.HRESULT)
		again, err := ParseResponseStub(whole, s.Encoding, false)
		if err != nil || !bytes.Equal(again.Message, s.Message) || again.HRESULT != s.HRESULT || len(whole)+s.Trailing != len(b) {
			t.Errorf("response: %+v, then %+v, %v", s, again, err)
		}
	})
}

// A stream is framed alike however it arrives.
func FuzzReadMessage(f *testing.F) {
	all := recorded(f).all()
	f.Add(stream(all))
	f.Add(stream(all)[:300])
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	f.Add([]byte("\x15\x03\x01\x00\x02\x02\x46"))
	f.Fuzz(func(t *testing.T, b []byte) {
		read := func(r io.Reader) (messages [][]byte, err error) {
			reader := NewReader(r)
			for {
				reader.Begin()
				m, err := reader.ReadMessage()
				if err != nil {
					return messages, err
				}
				if len(m.Stub) > len(m.Bytes) || m.Fragments == 0 {
					t.Fatalf("%+v", m)
				}
				messages = append(messages, append(m.Bytes, m.Stub...))
			}
		}
		whole, err := read(bytes.NewReader(b))
		bytewise, err2 := read(iotest.OneByteReader(bytes.NewReader(b)))
		var a, c *NotRPCError
		if len(whole) != len(bytewise) || errors.As(err, &a) != errors.As(err2, &c) {
			t.Fatalf("%d messages, then %v; byte by byte %d, then %v", len(whole), err, len(bytewise), err2)
		}
		for i := range whole {
			if !bytes.Equal(whole[i], bytewise[i]) {
				t.Errorf("message %d: %x, byte by byte %x", i, whole[i], bytewise[i])
			}
		}
		if a != nil && (len(a.First) > FirstBytes || !bytes.HasPrefix(b, a.First)) {
			t.Errorf("kept %x", a.First)
		}
	})
}

func FuzzParseUUID(f *testing.F) {
	f.Add("51c82175-844e-4750-b0d8-ec255555bc06")
	f.Add("{51C82175-844E-4750-B0D8-EC255555BC06}")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseUUID(s)
		if err != nil {
			if !errors.Is(err, ErrUUID) || !u.IsZero() {
				t.Errorf("%s, %v", u, err)
			}
			return
		}
		if again, err := ParseUUID(u.String()); err != nil || again != u {
			t.Errorf("%q: %s, then %s, %v", s, u, again, err)
		}
	})
}

func BenchmarkParseHeader(b *testing.B) {
	pdu := []byte(recorded(b).Calls[0].RequestPDU)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseHeader(pdu); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlausible(b *testing.B) {
	other := []byte("GET / HTTP/1.1\r\nHost: www.corp.test\r\n")
	b.ReportAllocs()
	for b.Loop() {
		if Plausible(other) {
			b.Fatal("plausible")
		}
	}
}

func BenchmarkParseResponse(b *testing.B) {
	pdu := []byte(recorded(b).Calls[0].ResponsePDU)
	b.ReportAllocs()
	for b.Loop() {
		p, err := ParsePDU(pdu)
		if err != nil {
			b.Fatal(err)
		}
		r, err := ParseResponse(p)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ParseResponseStub(r.Stub, NDR32, false); err != nil {
			b.Fatal(err)
		}
	}
}
