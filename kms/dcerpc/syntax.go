package dcerpc

import (
	"encoding/binary"
	"fmt"
)

// A Syntax identifies an interface (abstract syntax) or an encoding (transfer
// syntax) with its version.
type Syntax struct {
	UUID         UUID
	Major, Minor uint16
}

// The transfer syntaxes: the classic encoding (C706, chapter 14) and the 64-bit
// one (MS-RPCE, section 2.2.5).
var (
	SyntaxNDR32 = Syntax{UUID: MustParseUUID("8a885d04-1ceb-11c9-9fe8-08002b104860"), Major: 2}
	SyntaxNDR64 = Syntax{UUID: MustParseUUID("71710533-beba-4937-8319-b5dbef9ccc36"), Major: 1}
)

// The features of bind time feature negotiation (MS-RPCE, section 2.2.2.14).
const (
	FeatureSecurityContextMultiplexing uint64 = 1
	FeatureKeepConnectionOnOrphan      uint64 = 2
)

// btfn starts every bind time feature negotiation UUID; a 64-bit mask follows.
var btfn = MustParseUUID("6cb71c2c-9812-4540-0000-000000000000")

// SyntaxBTFN returns the transfer syntax that offers a mask of features: an
// offer, not an encoding.
func SyntaxBTFN(features uint64) Syntax {
	s := Syntax{UUID: btfn, Major: 1}
	binary.LittleEndian.PutUint64(s.UUID[8:], features)
	return s
}

// BTFN returns the mask of features if s offers one. Only the first eight bytes
// of the UUID tell.
func (s Syntax) BTFN() (features uint64, ok bool) {
	if [8]byte(s.UUID[:8]) != [8]byte(btfn[:8]) {
		return 0, false
	}
	return binary.LittleEndian.Uint64(s.UUID[8:]), true
}

// String returns "NDR32", "NDR64", "BTFN(0x3)", or the UUID and version.
func (s Syntax) String() string {
	if e := s.Encoding(); e != EncodingUnknown {
		return e.String()
	}
	if mask, ok := s.BTFN(); ok {
		return fmt.Sprintf("BTFN(%#x)", mask)
	}
	return fmt.Sprintf("%s v%d.%d", s.UUID, s.Major, s.Minor)
}

// An Encoding is a transfer syntax that this package can read and write.
type Encoding uint8

// The encodings. The zero value lets a parser decide by the shape of the stub.
const (
	EncodingUnknown Encoding = iota
	NDR32
	NDR64
)

// Encoding returns the encoding that s stands for, or [EncodingUnknown].
func (s Syntax) Encoding() Encoding {
	switch s {
	case SyntaxNDR32:
		return NDR32
	case SyntaxNDR64:
		return NDR64
	}
	return EncodingUnknown
}

// Syntax returns the transfer syntax of e; that of EncodingUnknown is zero.
func (e Encoding) Syntax() Syntax {
	switch e {
	case NDR32:
		return SyntaxNDR32
	case NDR64:
		return SyntaxNDR64
	}
	return Syntax{}
}

// String returns "NDR32", "NDR64" or "unknown".
func (e Encoding) String() string {
	switch e {
	case NDR32:
		return "NDR32"
	case NDR64:
		return "NDR64"
	}
	return "unknown"
}

// syntax reads a UUID and a version: two 16-bit halves for an interface, one
// 32-bit number with the major version in its low half for a transfer syntax.
func (d *decoder) syntax(field string, transfer bool) Syntax {
	s := Syntax{UUID: d.uuid(field)}
	if transfer {
		v := d.u32(field + ".version")
		s.Major, s.Minor = uint16(v), uint16(v>>16)
	} else {
		s.Major, s.Minor = d.u16(field+".major"), d.u16(field+".minor")
	}
	return s
}

func appendSyntax(dst []byte, s Syntax, transfer, big bool) []byte {
	o := appendOrder(big)
	dst = appendUUID(dst, s.UUID, big)
	if transfer {
		return o.AppendUint32(dst, uint32(s.Minor)<<16|uint32(s.Major))
	}
	return o.AppendUint16(o.AppendUint16(dst, s.Major), s.Minor)
}
