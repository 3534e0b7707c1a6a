package dcerpc

import (
	"encoding/binary"
)

// A decoder takes fields off the front of b. After the first field that does
// not fit it returns zeros; err holds the complaint about that field.
type decoder struct {
	b    []byte
	off  int // of b[0] from the start of the PDU or stub, for errors
	big  bool
	part string // what off counts in: "bind", "stub"
	err  error
}

func (d *decoder) take(n int, field string) []byte {
	if d.err == nil && len(d.b) < n {
		d.err = fail(d.part+"."+field, d.off, ErrTruncated, "%d bytes of %d", len(d.b), n)
	}
	if d.err != nil {
		return nil
	}
	taken := d.b[:n:n]
	d.b = d.b[n:]
	d.off += n
	return taken
}

// align skips to the next multiple of n.
func (d *decoder) align(n int) {
	if skip := -d.off & (n - 1); skip > 0 {
		d.take(skip, "padding")
	}
}

func (d *decoder) u8(field string) uint8 {
	if b := d.take(1, field); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) u16(field string) uint16 {
	if b := d.take(2, field); b != nil {
		return get16(b, d.big)
	}
	return 0
}

func (d *decoder) u32(field string) uint32 {
	if b := d.take(4, field); b != nil {
		return get32(b, d.big)
	}
	return 0
}

func (d *decoder) u64(field string) uint64 {
	b := d.take(8, field)
	switch {
	case b == nil:
		return 0
	case d.big:
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

func (d *decoder) uuid(field string) UUID {
	b := d.take(16, field)
	if b == nil {
		return UUID{}
	}
	u := UUID(b)
	if d.big {
		u.swap()
	}
	return u
}

func get16(b []byte, big bool) uint16 {
	if big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func get32(b []byte, big bool) uint32 {
	if big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// appendOrder returns the appender for a byte order.
func appendOrder(big bool) binary.AppendByteOrder {
	if big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func appendUUID(dst []byte, u UUID, big bool) []byte {
	if big {
		u.swap()
	}
	return append(dst, u[:]...)
}
