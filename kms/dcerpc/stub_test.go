package dcerpc

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

func TestRecordedStubs(t *testing.T) {
	for _, c := range recorded(t).Calls {
		request, err := ParseRequest(parse(t, c.RequestPDU))
		if err != nil {
			t.Fatal(err)
		}
		response, err := ParseResponse(parse(t, c.ResponsePDU))
		if err != nil {
			t.Fatal(err)
		}
		e := NDR32
		if c.Syntax == "NDR64" {
			e = NDR64
		}
		for _, given := range []Encoding{EncodingUnknown, e} {
			q, err := ParseRequestStub(request.Stub, given, false)
			if err != nil || q.Encoding != e || !bytes.Equal(q.Message, c.RequestMessage) || q.Offset != 8*int(e) || q.Trailing != 0 {
				t.Errorf("%s: %+v, %v", c.ID, q, err)
			}
			s, err := ParseResponseStub(response.Stub, given, false)
			if err != nil || s.Encoding != e || !bytes.Equal(s.Message, c.ResponseMessage) || s.Offset != 12*int(e) || s.HRESULT != 0 {
				t.Errorf("%s: %+v, %v", c.ID, s, err)
			}
			// Some clients send zeros behind the message.
			if q, err = ParseRequestStub(append(bytes.Clone(request.Stub), 0, 0, 0, 0), given, false); err != nil || q.Trailing != 4 {
				t.Errorf("%s: %d bytes trail, %v", c.ID, q.Trailing, err)
			}
			got := AppendRequestStub(nil, e, q.Message)
			if want := request.Stub; !bytes.Equal(got, want) {
				t.Errorf("%s: request stub\n%x, want\n%x", c.ID, got, want)
			}
			got = AppendResponseStub(nil, e, s.Message, s.HRESULT)
			if want := response.Stub; !bytes.Equal(got, want) {
				t.Errorf("%s: response stub\n%x, want\n%x", c.ID, got, want)
			}
		}
	}
}

func TestRecordedErrorStubs(t *testing.T) {
	for _, c := range recorded(t).ErrorStubs {
		r, err := ParseResponse(parse(t, c.ResponsePDU))
		if err != nil {
			t.Fatal(err)
		}
		s, err := ParseResponseStub(r.Stub, EncodingUnknown, false)
		if err != nil || s.Encoding.String() != c.Syntax || s.Message != nil || s.Offset != 0 || fmt.Sprintf("0x%08X", s.HRESULT) != c.HRESULT {
			t.Errorf("%+v, %v", s, err)
		}
		if got := AppendResponseStub(nil, s.Encoding, nil, s.HRESULT); !bytes.Equal(got, r.Stub) {
			t.Errorf("written %x, want %x", got, r.Stub)
		}
	}
}

// Each length of message comes back in both encodings, whatever precedes the
// stub in the buffer.
func TestStubRoundTrip(t *testing.T) {
	for _, e := range []Encoding{NDR32, NDR64} {
		for n := range 10 {
			msg := bytes.Repeat([]byte{0xff}, n)
			q, err := ParseRequestStub(AppendRequestStub([]byte{1}, e, msg)[1:], e, false)
			if err != nil || !bytes.Equal(q.Message, msg) || q.Trailing != 0 {
				t.Errorf("%s, %d bytes: %+v, %v", e, n, q, err)
			}
			s, err := ParseResponseStub(AppendResponseStub([]byte{1}, e, msg, 0xC004F042)[1:], EncodingUnknown, false)
			if err != nil || !bytes.Equal(s.Message, msg) || s.HRESULT != 0xC004F042 || s.Encoding != e || s.Trailing != 0 {
				t.Errorf("%s, %d bytes: %+v, %v", e, n, s, err)
			}
		}
	}
}

func TestStubErrors(t *testing.T) {
	for _, tc := range []struct {
		stub     string
		response bool
		encoding Encoding
		want     error
		field    string
	}{
		{"", false, NDR32, ErrTruncated, "request stub.size"},
		{"", true, EncodingUnknown, ErrTruncated, "response stub.size"},
		{"04000000", false, NDR64, ErrTruncated, "request stub.padding"},
		{"0400000005000000" + "00000000", false, NDR32, ErrMismatch, "request stub.max_count"},
		{"0400000004000000" + "000000", false, NDR32, ErrTruncated, "request stub.message"},
		{"ffffffffffffffff", false, NDR32, ErrTruncated, "request stub.message"},
		{"0400000000000000" + "0400000001000000" + "00000000", false, NDR64, ErrMismatch, "request stub.max_count"},
		{"0400000000000200" + "0500000000000000" + "00000000", true, NDR32, ErrMismatch, "response stub.max_count"},
		{"0400000000000200" + "0400000000", true, NDR32, ErrTruncated, "response stub.message"},
		{"0100000000000200" + "0100000000", true, NDR32, ErrTruncated, "response stub.padding"},
		{"0400000000000200" + "04000000000000000000", true, NDR32, ErrTruncated, "response stub.hresult"},
		{"0000000000000000", true, NDR32, ErrTruncated, "response stub.hresult"},
		{"0000000000000000" + "000000000000", true, NDR64, ErrTruncated, "response stub.pointer"},
	} {
		var err error
		if tc.response {
			_, err = ParseResponseStub(unhex(t, tc.stub), tc.encoding, false)
		} else {
			_, err = ParseRequestStub(unhex(t, tc.stub), tc.encoding, false)
		}
		var de *DecodeError
		if !errors.Is(err, tc.want) || !errors.As(err, &de) || de.Field != tc.field {
			t.Errorf("%s %s: %v", tc.encoding, tc.stub, err)
		}
	}
}
