package dcerpc

import "fmt"

// HeaderSize is the size of the header that starts every PDU, in bytes.
const HeaderSize = 16

// A PacketType says what a PDU is.
type PacketType uint8

// The packet types of connection-oriented DCE/RPC (C706, section 12.6.4.1).
const (
	TypeRequest          PacketType = 0
	TypeResponse         PacketType = 2
	TypeFault            PacketType = 3
	TypeBind             PacketType = 11
	TypeBindAck          PacketType = 12
	TypeBindNak          PacketType = 13
	TypeAlterContext     PacketType = 14
	TypeAlterContextResp PacketType = 15
	TypeAuth3            PacketType = 16
	TypeShutdown         PacketType = 17
	TypeCancel           PacketType = 18
	TypeOrphaned         PacketType = 19
)

var typeNames = [...]string{
	TypeRequest: "request", TypeResponse: "response", TypeFault: "fault",
	TypeBind: "bind", TypeBindAck: "bind_ack", TypeBindNak: "bind_nak",
	TypeAlterContext: "alter_context", TypeAlterContextResp: "alter_context_resp",
	TypeAuth3: "auth3", TypeShutdown: "shutdown", TypeCancel: "co_cancel", TypeOrphaned: "orphaned",
}

// Known tells whether t is one of the types of connection-oriented DCE/RPC. The
// numbers between belong to the datagram protocol.
func (t PacketType) Known() bool {
	return int(t) < len(typeNames) && typeNames[t] != ""
}

// String returns the name that C706 gives the type: "bind_ack".
func (t PacketType) String() string {
	if t.Known() {
		return typeNames[t]
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Flags are the flags of a PDU.
type Flags uint8

// The flags (C706, section 12.6.3.1).
const (
	FlagFirst         Flags = 0x01 // first fragment
	FlagLast          Flags = 0x02 // last fragment
	FlagPendingCancel Flags = 0x04
	FlagMultiplex     Flags = 0x10 // several calls may run at once
	FlagDidNotExecute Flags = 0x20 // fault: the call was not begun
	FlagMaybe         Flags = 0x40
	FlagObject        Flags = 0x80 // request: an object UUID follows the opnum
)

// A Header starts every PDU.
type Header struct {
	Major, Minor uint8 // 5 and 0 (1 is legal)
	Type         PacketType
	Flags        Flags
	DataRep      [4]byte // byte 0: high nibble 1 little-endian or 0 big-endian, low nibble character set; byte 1: floats
	FragLen      uint16  // bytes of the whole PDU, with this header
	AuthLen      uint16  // bytes of the credentials at the end of the PDU
	CallID       uint32
}

// littleEndian is the data representation of every Windows machine:
// little-endian, ASCII, IEEE.
var littleEndian = [4]byte{0x10}

// NewHeader returns the header of an unfragmented little-endian PDU. The Append
// methods fill in its lengths.
func NewHeader(t PacketType, callID uint32) Header {
	return Header{Major: 5, Type: t, Flags: FlagFirst | FlagLast, DataRep: littleEndian, CallID: callID}
}

// BigEndian tells whether the integers and UUIDs of the PDU are big-endian.
func (h Header) BigEndian() bool { return h.DataRep[0]>>4 == 0 }

// First tells whether the PDU is the first fragment of its call.
func (h Header) First() bool { return h.Flags&FlagFirst != 0 }

// Last tells whether the PDU is the last fragment of its call.
func (h Header) Last() bool { return h.Flags&FlagLast != 0 }

// trailerSize is what precedes the credentials: type, level, pad length,
// reserved, context id.
const trailerSize = 8

// Plausible tells whether b can be the beginning of a PDU, as far as b goes: it
// needs no whole header and allocates nothing. An empty b is plausible.
func Plausible(b []byte) bool {
	if len(b) >= HeaderSize {
		_, field, _ := parseHeader(b)
		return field == ""
	}
	for i, c := range b {
		switch {
		case i == 0 && c != 5, i == 1 && c > 1, i == 2 && !PacketType(c).Known(),
			i == 4 && (c>>4 > 1 || c&15 > 1), i == 5 && c > 3:
			return false
		}
	}
	return true
}

// ParseHeader reads the header at the start of b and checks that it can be one:
// version 5.0 or 5.1, a known type, a known data representation, lengths that
// leave room for the header. Errors are of type [*DecodeError]. The rest of the
// PDU need not be in b.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderSize {
		return Header{}, fail("header", len(b), ErrTruncated, "%d bytes of %d", len(b), HeaderSize)
	}
	h, field, offset := parseHeader(b)
	switch field {
	case "":
		return h, nil
	case "header.version":
		return h, fail(field, offset, ErrVersion, "%d.%d", h.Major, h.Minor)
	case "header.type":
		return h, fail(field, offset, ErrType, "%d", uint8(h.Type))
	case "header.data_rep":
		return h, fail(field, offset, ErrDataRep, "%x", h.DataRep)
	case "header.auth_length":
		return h, fail(field, offset, ErrLength, "%d in a PDU of %d bytes", h.AuthLen, h.FragLen)
	}
	return h, fail(field, offset, ErrLength, "%d", h.FragLen)
}

// parseHeader is ParseHeader without the words: it names the first field that
// cannot be right.
func parseHeader(b []byte) (h Header, field string, offset int) {
	b = b[:HeaderSize]
	h = Header{Major: b[0], Minor: b[1], Type: PacketType(b[2]), Flags: Flags(b[3]), DataRep: [4]byte(b[4:8])}
	if h.Major != 5 || h.Minor > 1 {
		return h, "header.version", 0
	}
	if !h.Type.Known() {
		return h, "header.type", 2
	}
	if b[4]>>4 > 1 || b[4]&15 > 1 || b[5] > 3 {
		return h, "header.data_rep", 4
	}
	big := h.BigEndian()
	h.FragLen, h.AuthLen, h.CallID = get16(b[8:], big), get16(b[10:], big), get32(b[12:], big)
	if h.FragLen < HeaderSize {
		return h, "header.frag_length", 8
	}
	if h.AuthLen > 0 && int(h.AuthLen)+trailerSize+HeaderSize > int(h.FragLen) {
		return h, "header.auth_length", 10
	}
	return h, "", 0
}

// Append appends the header as it stands, in the byte order that it declares.
func (h Header) Append(dst []byte) []byte {
	o := appendOrder(h.BigEndian())
	dst = append(dst, h.Major, h.Minor, byte(h.Type), byte(h.Flags))
	dst = append(dst, h.DataRep[:]...)
	dst = o.AppendUint16(dst, h.FragLen)
	dst = o.AppendUint16(dst, h.AuthLen)
	return o.AppendUint32(dst, h.CallID)
}

// finish writes the length of the PDU that starts at dst[start].
func (h Header) finish(dst []byte, start int) []byte {
	n := uint16(len(dst) - start)
	if h.BigEndian() {
		dst[start+8], dst[start+9] = byte(n>>8), byte(n)
	} else {
		dst[start+8], dst[start+9] = byte(n), byte(n>>8)
	}
	return dst
}
