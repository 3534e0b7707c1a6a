package capture

import "encoding/binary"

// icmp takes an ICMP message: errors about a connection on a KMS port, or about
// a question to a DNS server, are noted.
func (e *engine) icmp() {
	fr := &e.frame
	b := fr.payload
	if len(b) < 8 {
		return
	}
	v6 := fr.proto == protoICMP6
	kind, code := b[0], b[1]
	if v6 && (kind == 0 || kind > 4) || !v6 && kind != 3 && kind != 11 {
		return
	}
	proto, src, dst, ports, ok := quoted(b[8:], v6)
	if !ok {
		return
	}
	sp, dp := binary.BigEndian.Uint16(ports), binary.BigEndian.Uint16(ports[2:])
	note := ICMPNote{From: fr.src.netip(), Type: kind, Code: code, V6: v6, Time: e.at.Time, Number: e.at.Number}
	if proto == protoUDP {
		e.dns.unreachable(src, dst, sp, dp, note)
		return
	}
	key, _ := keyOf(src, dst, sp, dp)
	f := e.flows.find(e.flows.hash(&key), &key)
	if f == nil || !f.onPort {
		return
	}
	e.matched = true
	if t := f.note(); t.icmp == nil {
		t.icmp = &note
	}
	e.refused(f, note)
}

// quoted reads the packet that an ICMP error is about: its header and the first
// eight bytes behind it.
func quoted(b []byte, v6 bool) (proto uint8, src, dst address, ports []byte, ok bool) {
	if v6 {
		if len(b) < 48 || b[0]>>4 != 6 {
			return
		}
		return b[6], addr6(b[8:]), addr6(b[24:]), b[40:], b[6] == protoTCP || b[6] == protoUDP
	}
	if len(b) < 28 || b[0]>>4 != 4 {
		return
	}
	head := int(b[0]&15) * 4
	if head < 20 || len(b) < head+8 || binary.BigEndian.Uint16(b[6:])&0x1fff != 0 {
		return
	}
	return b[9], addr4(b[12:]), addr4(b[16:]), b[head:], b[9] == protoTCP || b[9] == protoUDP
}
