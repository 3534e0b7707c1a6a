package dcerpc

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestUUID(t *testing.T) {
	const text = "51c82175-844e-4750-b0d8-ec255555bc06"
	u, err := ParseUUID("{51C82175-844E-4750-B0D8-EC255555BC06}")
	if err != nil || u.String() != text {
		t.Errorf("%s, %v", u, err)
	}
	if string(u[:4]) != "\x75\x21\xc8\x51" || u[15] != 6 {
		t.Errorf("on the wire: %x", u[:])
	}
	b, err := json.Marshal(map[UUID]UUID{u: u})
	var back map[UUID]UUID
	if err != nil || json.Unmarshal(b, &back) != nil || back[u] != u {
		t.Errorf("%s: %v, %v", b, back, err)
	}
	for _, bad := range []string{"", text[1:], text + "0", "{" + text, "51c82175x844e-4750-b0d8-ec255555bc06", "g1c82175-844e-4750-b0d8-ec255555bc06"} {
		u := SyntaxNDR32.UUID
		if err := u.UnmarshalText([]byte(bad)); !errors.Is(err, ErrUUID) || u != SyntaxNDR32.UUID {
			t.Errorf("%q: %s, %v", bad, u, err)
		}
	}
	if !(UUID{}).IsZero() || u.IsZero() {
		t.Error("IsZero")
	}
	defer func() {
		if recover() == nil {
			t.Error("MustParseUUID took anything")
		}
	}()
	MustParseUUID("x")
}

func TestSyntaxes(t *testing.T) {
	btfn := SyntaxBTFN(3)
	if mask, ok := btfn.BTFN(); !ok || mask != 3 || btfn.UUID.String() != "6cb71c2c-9812-4540-0300-000000000000" {
		t.Errorf("%s %d %v", btfn.UUID, mask, ok)
	}
	if _, ok := SyntaxNDR64.BTFN(); ok {
		t.Error("NDR64 offers features")
	}
	for _, e := range []Encoding{EncodingUnknown, NDR32, NDR64} {
		if e.Syntax().Encoding() != e {
			t.Errorf("%s", e)
		}
	}
}

func TestStrings(t *testing.T) {
	for got, want := range map[string]string{
		SyntaxNDR32.String():                                             "NDR32",
		SyntaxNDR64.String():                                             "NDR64",
		SyntaxBTFN(3).String():                                           "BTFN(0x3)",
		(Syntax{Major: 1}).String():                                      "00000000-0000-0000-0000-000000000000 v1.0",
		EncodingUnknown.String():                                         "unknown",
		TypeBindAck.String():                                             "bind_ack",
		TypeOrphaned.String():                                            "orphaned",
		PacketType(4).String():                                           "type 4",
		PacketType(99).String():                                          "type 99",
		UserRejection.String():                                           "user rejection",
		ResultCode(9).String():                                           "result 9",
		ResultReason(9).String():                                         "reason 9",
		NakReason(99).String():                                           "reason 99",
		FaultStatus(0x1C010003).String():                                 "0x1C010003 (nca_unk_if)",
		FaultStatus(1).String():                                          "0x00000001",
		AuthType(9).String():                                             "SPNEGO",
		AuthType(1).String():                                             "unknown",
		(ContextResult{Transfer: SyntaxNDR64}).String():                  "acceptance of NDR64",
		(ContextResult{Result: NegotiateAck, Reason: 3}).String():        "negotiate_ack 0x3",
		(&BindNakError{NakProtocolVersion}).Error():                      "bind_nak: protocol version not supported",
		(&FaultError{FaultAccessDenied}).Error():                         "RPC fault 0x00000005 (ERROR_ACCESS_DENIED)",
		(&DecodeError{"header.version", 0, ErrVersion}).Error():          "header.version at offset 0: not DCE/RPC version 5",
		(&NotRPCError{First: []byte("HTTP/1.1"), Looks: "HTTP"}).Error(): "the answer is not DCE/RPC but looks like HTTP: 485454502f312e31",
		(&NotRPCError{First: []byte{1}}).Error():                         "the answer is not DCE/RPC but looks like an unknown protocol: 01",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestIdentify(t *testing.T) {
	for first, want := range map[string]string{
		"\x15\x03\x01\x00\x02\x02\x46": "TLS alert", "\x16\x03\x03\x00\x7a": "TLS handshake",
		"HTTP/1.0 400": "HTTP", "HTT": "HTTP", "<html>": "HTTP", "SSH-2.0-": "SSH",
		"220 mail": "SMTP or FTP", "220-ftp": "SMTP or FTP", "+OK ready": "POP3", "* OK IMAP4": "IMAP",
		"\x05\xff": "SOCKS proxy", "\x03\x00\x00\x13": "remote desktop",
		"": "", "\x15": "", "\x16\x03": "", "hello": "", "\x05\x00": "", "2205": "",
	} {
		if got := Identify([]byte(first)); got != want {
			t.Errorf("%q looks like %q, want %q", first, got, want)
		}
	}
}
