package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
)

// The block types of pcapng that matter here.
const (
	blockSection    = 0x0A0D0D0A
	blockInterface  = 1
	blockPacketOld  = 2
	blockSimple     = 3
	blockStatistics = 5
	blockEnhanced   = 6

	byteOrderMagic = 0x1A2B3C4D
	maxInterfaces  = 4096
)

// An ngInterface is what an interface description says.
type ngInterface struct {
	link    LinkType
	snap    uint32
	perSec  uint64 // ticks a second
	offset  int64  // seconds to add
	shift   bool   // perSec is a power of two
	dropped uint64 // as the last statistics block has it
}

// A pcapngReader reads pcapng files with any number of sections and interfaces.
type pcapngReader struct {
	in      *input
	name    string
	order   binary.ByteOrder
	ifaces  []ngInterface
	number  int64
	dropped uint64 // of sections that ended
}

func newPcapngReader(in *input, name string) *pcapngReader {
	return &pcapngReader{in: in, name: name}
}

// Dropped returns how many packets the writer says it lost.
func (r *pcapngReader) Dropped() uint64 {
	n := r.dropped
	for _, i := range r.ifaces {
		n += i.dropped
	}
	return n
}

// Next implements [Source].
func (r *pcapngReader) Next(p *Packet) error {
	for {
		h, err := r.in.peek(12)
		if err != nil {
			if len(h) == 0 && errors.Is(err, io.EOF) {
				return io.EOF
			}
			return r.broken(fmt.Errorf("a block header: %w", r.in.ended()))
		}
		if binary.LittleEndian.Uint32(h) == blockSection { // reads the same in both byte orders
			if err := r.section(h); err != nil {
				return err
			}
		}
		if r.order == nil {
			return r.broken(errors.New("no section header"))
		}
		kind, size := r.order.Uint32(h), r.order.Uint32(h[4:])
		if size < 12 || size%4 != 0 {
			return r.broken(fmt.Errorf("a block of %d bytes", size))
		}
		switch kind {
		case blockInterface, blockPacketOld, blockSimple, blockStatistics, blockEnhanced:
		default:
			if !r.in.discard(int64(size)) {
				return r.broken(fmt.Errorf("a block of %d bytes: %w", size, r.in.ended()))
			}
			continue
		}
		if size > maxRecord {
			return r.broken(fmt.Errorf("a block of %d bytes", size))
		}
		b, err := r.in.peek(int(size))
		if err != nil {
			return r.broken(fmt.Errorf("a block of %d bytes: %w", size, r.in.ended()))
		}
		if end := r.order.Uint32(b[size-4:]); end != size {
			return r.broken(fmt.Errorf("a block of %d bytes ends with length %d", size, end))
		}
		got, err := r.block(kind, b[8:size-4], p)
		if err != nil {
			return r.broken(err)
		}
		r.in.skip(int(size))
		if got {
			return nil
		}
	}
}

// section takes the byte order of a section; its interfaces start anew.
func (r *pcapngReader) section(h []byte) error {
	switch uint32(byteOrderMagic) {
	case binary.LittleEndian.Uint32(h[8:]):
		r.order = binary.LittleEndian
	case binary.BigEndian.Uint32(h[8:]):
		r.order = binary.BigEndian
	default:
		return r.broken(fmt.Errorf("a section header with byte order %x", h[8:12]))
	}
	r.dropped = r.Dropped()
	r.ifaces = r.ifaces[:0]
	return nil
}

// block reads the body of one block; got says that it held a packet.
func (r *pcapngReader) block(kind uint32, b []byte, p *Packet) (got bool, err error) {
	o := r.order
	switch kind {
	case blockInterface:
		return false, r.describe(b)
	case blockStatistics:
		if len(b) >= 12 {
			if i := o.Uint32(b); int64(i) < int64(len(r.ifaces)) {
				r.statistics(&r.ifaces[i], b[12:])
			}
		}
		return false, nil
	case blockSimple:
		if len(b) < 4 || len(r.ifaces) == 0 {
			return false, errors.New("a simple packet without an interface")
		}
		wire := o.Uint32(b)
		data := b[4:]
		if s := r.ifaces[0].snap; s > 0 && uint64(len(data)) > uint64(s) {
			data = data[:s]
		}
		if uint64(len(data)) > uint64(wire) {
			data = data[:wire]
		}
		r.fill(p, 0, 0, wire, data)
		return true, nil
	}
	if len(b) < 20 {
		return false, fmt.Errorf("a packet block of %d bytes", len(b))
	}
	iface := o.Uint32(b)
	if kind == blockPacketOld {
		iface = uint32(o.Uint16(b))
	}
	if int64(iface) >= int64(len(r.ifaces)) {
		return false, fmt.Errorf("a packet of interface %d of %d", iface, len(r.ifaces))
	}
	captured, wire := o.Uint32(b[12:]), o.Uint32(b[16:])
	if uint64(captured) > uint64(len(b)-20) {
		return false, fmt.Errorf("a packet of %d bytes in a block with %d", captured, len(b)-20)
	}
	ticks := uint64(o.Uint32(b[4:]))<<32 | uint64(o.Uint32(b[8:]))
	r.fill(p, int(iface), r.ifaces[iface].nanoseconds(ticks), wire, b[20:20+captured])
	return true, nil
}

func (r *pcapngReader) fill(p *Packet, iface int, ns int64, wire uint32, data []byte) {
	r.number++
	p.Number, p.Time, p.Link, p.Iface = r.number, ns, r.ifaces[iface].link, iface
	p.Wire, p.Data = max(int(wire), len(data)), data
}

// describe reads an interface description block.
func (r *pcapngReader) describe(b []byte) error {
	if len(b) < 8 {
		return fmt.Errorf("an interface description of %d bytes", len(b))
	}
	if len(r.ifaces) == maxInterfaces {
		return fmt.Errorf("more than %d interfaces", maxInterfaces)
	}
	i := ngInterface{link: LinkType(r.order.Uint16(b)), snap: r.order.Uint32(b[4:]), perSec: 1e6}
	r.options(b[8:], func(code uint16, v []byte) {
		switch {
		case code == 9 && len(v) >= 1: // if_tsresol
			i.perSec, i.shift = resolution(v[0])
		case code == 14 && len(v) >= 8: // if_tsoffset
			i.offset = int64(r.order.Uint64(v))
		}
	})
	r.ifaces = append(r.ifaces, i)
	return nil
}

func (r *pcapngReader) statistics(i *ngInterface, b []byte) {
	var lost uint64
	r.options(b, func(code uint16, v []byte) {
		if (code == 5 || code == 7) && len(v) >= 8 { // isb_ifdrop, isb_osdrop
			lost += min(r.order.Uint64(v), math.MaxInt64)
		}
	})
	i.dropped = lost
}

// options calls f for each option of a block.
func (r *pcapngReader) options(b []byte, f func(code uint16, value []byte)) {
	for len(b) >= 4 {
		code, n := r.order.Uint16(b), int(r.order.Uint16(b[2:]))
		b = b[4:]
		if code == 0 || n > len(b) {
			return
		}
		f(code, b[:n])
		b = b[min((n+3)&^3, len(b)):]
	}
}

// resolution reads if_tsresol: a negative power of ten, or of two with the top
// bit set.
func resolution(v byte) (perSec uint64, shift bool) {
	if v&0x80 != 0 {
		return 1 << min(v&0x7f, 63), true
	}
	perSec = 1
	for range min(v, 19) {
		perSec *= 10
	}
	return perSec, false
}

// nanoseconds converts ticks of an interface; times that int64 cannot hold
// become 0, which means unknown.
func (i *ngInterface) nanoseconds(ticks uint64) int64 {
	var sec, ns uint64
	switch i.perSec {
	case 1e6:
		sec, ns = ticks/1e6, ticks%1e6*1000
	case 1e9:
		sec, ns = ticks/1e9, ticks%1e9
	default:
		sec = ticks / i.perSec
		hi, lo := bits.Mul64(ticks%i.perSec, 1e9)
		ns, _ = bits.Div64(hi, lo, i.perSec)
	}
	s := int64(min(sec, math.MaxInt64/2))
	if i.offset > math.MaxInt64/4 || i.offset < math.MinInt64/4 {
		return 0
	}
	s += i.offset
	if s < 0 || s >= math.MaxInt64/1_000_000_000 {
		return 0
	}
	return s*1e9 + int64(ns)
}

func (r *pcapngReader) broken(err error) error {
	return &BrokenError{File: r.name, Offset: r.in.offset, Packet: r.number, Err: err}
}
