package dcerpc

// A PDU is one whole PDU taken apart into header, body and credentials. It
// aliases the bytes it was parsed from.
type PDU struct {
	Header
	Raw  []byte // the whole PDU
	Body []byte // what follows the header, without the authentication trailer and its padding
	Auth Auth   // zero unless AuthLen > 0
}

// Auth is the authentication trailer of a PDU (MS-RPCE, section 2.2.2.11). KMS
// uses none.
type Auth struct {
	Type      AuthType
	Level     uint8 // 1 none .. 6 privacy
	ContextID uint32
	Value     []byte // credentials or signature, opaque
}

// An AuthType names the security provider of a trailer.
type AuthType uint8

// String returns the provider's name (MS-RPCE, section 2.2.1.1.7).
func (t AuthType) String() string {
	switch t {
	case 0:
		return "none"
	case 9:
		return "SPNEGO"
	case 10:
		return "NTLM"
	case 14:
		return "Schannel"
	case 16:
		return "Kerberos"
	case 68:
		return "Netlogon"
	}
	return "unknown"
}

// ParsePDU takes apart the PDU at the start of b; bytes after it are ignored.
// Errors are of type [*DecodeError], for a b that ends inside the PDU with
// [ErrTruncated].
func ParsePDU(b []byte) (PDU, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return PDU{Header: h}, err
	}
	if len(b) < int(h.FragLen) {
		return PDU{Header: h}, fail(h.Type.String(), len(b), ErrTruncated, "%d bytes of %d", len(b), h.FragLen)
	}
	raw := b[:h.FragLen:h.FragLen]
	p := PDU{Header: h, Raw: raw, Body: raw[HeaderSize:]}
	if h.AuthLen == 0 {
		return p, nil
	}
	at := int(h.FragLen) - int(h.AuthLen) - trailerSize // not below HeaderSize: ParseHeader saw to it
	trailer := raw[at:]
	p.Auth = Auth{
		Type: AuthType(trailer[0]), Level: trailer[1],
		ContextID: get32(trailer[4:], h.BigEndian()), Value: trailer[trailerSize:],
	}
	pad := int(trailer[2])
	if pad > at-HeaderSize {
		return p, fail("auth.pad_length", at+2, ErrLength, "%d before a trailer at offset %d", pad, at)
	}
	p.Body = raw[HeaderSize : at-pad]
	return p, nil
}

// decoder starts on the body, after checking that the PDU has one of two types.
func (p PDU) decoder(a, b PacketType) (decoder, error) {
	if p.Type != a && p.Type != b {
		return decoder{}, fail("header.type", 2, ErrType, "%s where %s was wanted", p.Type, a)
	}
	return decoder{b: p.Body, off: HeaderSize, big: p.BigEndian(), part: p.Type.String()}, nil
}
