package capture

import "encoding/binary"

// An address is an IP address as two numbers; IPv4 addresses are mapped into
// IPv6 as usual.
type address struct{ hi, lo uint64 }

const v4Prefix = 0xffff << 32

func addr4(b []byte) address {
	return address{0, v4Prefix | uint64(binary.BigEndian.Uint32(b))}
}

func addr6(b []byte) address {
	return address{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

// The transport protocols that are looked at.
const (
	protoICMP  = 1
	protoTCP   = 6
	protoUDP   = 17
	protoICMP6 = 58
)

// maxTags bounds the VLAN tags of a frame.
const maxTags = 4

// frame is what the link and network layers of a packet said.
type frame struct {
	src, dst address
	proto    uint8
	tags     [maxTags]uint16 // VLAN ids, the outer one first
	tagged   int
	payload  []byte // of IP, as far as captured
	wire     int    // bytes of payload on the wire; more than len(payload) if cut
	fragment bool   // put together from fragments
}

// The reasons for passing over a packet.
type passed uint8

const (
	taken       passed = iota
	notIP              // ARP and the like
	unknownLink        // a link type that cannot be read
	malformed          // headers that contradict each other
	cutShort           // the snap length leaves no headers
	incomplete         // a fragment whose datagram is not whole yet
)

const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
)

// link takes the link layer off and fills the VLAN tags; kind is the EtherType
// of what is left.
func (f *frame) link(t LinkType, b []byte) (rest []byte, kind uint16, why passed) {
	switch t {
	case LinkEthernet:
		if len(b) < 14 {
			return nil, 0, cutShort
		}
		return f.untag(b[14:], binary.BigEndian.Uint16(b[12:]))
	case LinkSLL:
		if len(b) < 16 {
			return nil, 0, cutShort
		}
		return f.untag(b[16:], binary.BigEndian.Uint16(b[14:]))
	case LinkSLL2:
		if len(b) < 20 {
			return nil, 0, cutShort
		}
		return f.untag(b[20:], binary.BigEndian.Uint16(b))
	case LinkRaw, LinkRawBSD, LinkRawOpen, LinkIPv4, LinkIPv6:
		return version(b)
	case LinkNull, LinkLoop:
		if len(b) < 4 {
			return nil, 0, cutShort
		}
		// The family is in the byte order of whoever wrote the file, and IPv6
		// has a different number on each system: the IP version tells better.
		family := binary.BigEndian.Uint32(b)
		if family&0xffff == 0 {
			family = binary.LittleEndian.Uint32(b)
		}
		switch family {
		case 2, 10, 24, 28, 30:
			return version(b[4:])
		}
		return nil, 0, notIP
	}
	return nil, 0, unknownLink
}

func (f *frame) untag(b []byte, kind uint16) ([]byte, uint16, passed) {
	for kind == 0x8100 || kind == 0x88a8 || kind == 0x9100 || kind == 0x9200 {
		if len(b) < 4 {
			return nil, 0, cutShort
		}
		if f.tagged == maxTags {
			return nil, 0, malformed
		}
		f.tags[f.tagged] = binary.BigEndian.Uint16(b) & 0x0fff
		f.tagged++
		b, kind = b[4:], binary.BigEndian.Uint16(b[2:])
	}
	return b, kind, taken
}

// version tells the kind of a packet without a link layer.
func version(b []byte) ([]byte, uint16, passed) {
	if len(b) == 0 {
		return nil, 0, cutShort
	}
	switch b[0] >> 4 {
	case 4:
		return b, etherIPv4, taken
	case 6:
		return b, etherIPv6, taken
	}
	return nil, 0, notIP
}

// network takes the network layer off. missing is how many bytes of b the
// capture cut off; fragments are put together by t.
func (f *frame) network(b []byte, kind uint16, missing int, now int64, t *fragments) passed {
	switch kind {
	case etherIPv4:
		return f.ipv4(b, missing, now, t)
	case etherIPv6:
		return f.ipv6(b, missing, now, t)
	}
	return notIP
}

func (f *frame) ipv4(b []byte, missing int, now int64, t *fragments) passed {
	if len(b) < 20 {
		return cutShort
	}
	head, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 { // left to the network card to fill in
		total = len(b) + missing
	}
	switch {
	case b[0]>>4 != 4, head < 20, total < head:
		return malformed
	case head > len(b):
		return cutShort
	}
	f.src, f.dst, f.proto = addr4(b[12:]), addr4(b[16:]), b[9]
	f.payload, f.wire = b[head:min(total, len(b))], total-head
	if part := binary.BigEndian.Uint16(b[6:]); part&0x3fff != 0 {
		key := fragmentKey{f.src, f.dst, uint32(binary.BigEndian.Uint16(b[4:])), f.proto}
		return f.join(t, key, int(part&0x1fff)*8, part&0x2000 != 0, now)
	}
	return taken
}

// maxExtensions bounds the extension headers of an IPv6 packet.
const maxExtensions = 16

func (f *frame) ipv6(b []byte, missing int, now int64, t *fragments) passed {
	if len(b) < 40 {
		return cutShort
	}
	if b[0]>>4 != 6 {
		return malformed
	}
	length := int(binary.BigEndian.Uint16(b[4:]))
	if length == 0 { // a jumbogram, or left to the network card
		length = len(b) + missing - 40
	}
	f.src, f.dst = addr6(b[8:]), addr6(b[24:])
	next, rest, wire := b[6], b[40:min(40+length, len(b))], length
	for range maxExtensions {
		var size int
		switch next {
		case 0, 43, 60, 135, 139, 140: // hop-by-hop, routing, destination, mobility, HIP, shim6
			if len(rest) < 8 {
				return cutShort
			}
			size = 8 + int(rest[1])*8
		case 51: // authentication
			if len(rest) < 8 {
				return cutShort
			}
			size = 8 + int(rest[1])*4
		case 44:
			if len(rest) < 8 {
				return cutShort
			}
			part := binary.BigEndian.Uint16(rest[2:])
			key := fragmentKey{f.src, f.dst, binary.BigEndian.Uint32(rest[4:]), rest[0]}
			f.proto, f.payload, f.wire = rest[0], rest[8:], wire-8
			if part&^6 == 0 { // an atomic fragment (RFC 6946)
				next, rest, wire = rest[0], rest[8:], wire-8
				continue
			}
			why := f.join(t, key, int(part&^7), part&1 != 0, now)
			if why != taken {
				return why
			}
			next, rest, wire = f.proto, f.payload, f.wire
			continue
		default:
			f.proto, f.payload, f.wire = next, rest, wire
			return taken
		}
		if size > wire {
			return malformed
		}
		if size > len(rest) {
			return cutShort
		}
		next, rest, wire = rest[0], rest[size:], wire-size
	}
	return malformed
}
