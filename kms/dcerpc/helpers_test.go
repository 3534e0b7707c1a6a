package dcerpc

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

type handshakePDU struct {
	PDU string
	Hex hexBytes
}

// recordings are PDUs exchanged by other implementations.
type recordings struct {
	Handshake      []handshakePDU
	HandshakeNDR32 []handshakePDU `json:"handshake_ndr32"`
	BindNak        hexBytes       `json:"bind_nak"`
	Fault          hexBytes
	WrongInterface hexBytes `json:"bind_ack_wrong_interface"`
	ErrorStubs     []struct {
		Syntax      string
		HRESULT     string
		ResponsePDU hexBytes `json:"response_pdu"`
	} `json:"error_stubs"`
	Calls []struct {
		ID              string
		Syntax          string
		RequestPDU      hexBytes `json:"request_pdu"`
		RequestMessage  hexBytes `json:"request_message"`
		ResponsePDU     hexBytes `json:"response_pdu"`
		ResponseMessage hexBytes `json:"response_message"`
	}
}

func recorded(t testing.TB) recordings {
	t.Helper()
	var r recordings
	b, err := os.ReadFile("testdata/pdus.json")
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// all returns every recorded PDU.
func (r recordings) all() [][]byte {
	out := [][]byte{r.BindNak, r.Fault, r.WrongInterface}
	for _, h := range append(r.Handshake, r.HandshakeNDR32...) {
		out = append(out, h.Hex)
	}
	for _, s := range r.ErrorStubs {
		out = append(out, s.ResponsePDU)
	}
	for _, c := range r.Calls {
		out = append(out, c.RequestPDU, c.ResponsePDU)
	}
	return out
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, b []byte) PDU {
	t.Helper()
	p, err := ParsePDU(b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// reencode parses the body of a PDU and writes it again.
func reencode(p PDU) ([]byte, error) {
	switch p.Type {
	case TypeBind, TypeAlterContext:
		b, err := ParseBind(p)
		return b.Append(nil, p.Header), err
	case TypeBindAck, TypeAlterContextResp:
		a, err := ParseBindAck(p)
		return a.Append(nil, p.Header), err
	case TypeBindNak:
		n, err := ParseBindNak(p)
		return n.Append(nil, p.Header), err
	case TypeRequest:
		r, err := ParseRequest(p)
		return r.Append(nil, p.Header), err
	case TypeResponse:
		r, err := ParseResponse(p)
		return r.Append(nil, p.Header), err
	case TypeFault:
		f, err := ParseFault(p)
		return f.Append(nil, p.Header), err
	}
	return nil, fail("header.type", 2, ErrType, "%s", p.Type)
}
