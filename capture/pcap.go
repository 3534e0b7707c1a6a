package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The magic numbers of classic pcap files, in the byte order of their writer.
const (
	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34 // eight more bytes before each packet
)

// A pcapReader reads classic pcap files of both byte orders, with times in
// microseconds or nanoseconds.
type pcapReader struct {
	in     *input
	name   string
	order  binary.ByteOrder
	little bool
	unit   int64 // nanoseconds of a fraction unit
	header int   // bytes before each packet
	link   LinkType
	number int64
}

// pcapOrder tells the byte order of a file by its first four bytes.
func pcapOrder(magic []byte) (order binary.ByteOrder, number uint32, ok bool) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch m := order.Uint32(magic); m {
		case magicMicro, magicNano, magicModified:
			return order, m, true
		}
	}
	return nil, 0, false
}

func newPcapReader(in *input, name string) (*pcapReader, error) {
	b, err := in.peek(24)
	if err != nil {
		return nil, &BrokenError{File: name, Err: fmt.Errorf("the file header: %w", in.ended())}
	}
	order, magic, _ := pcapOrder(b)
	r := &pcapReader{in: in, name: name, order: order, little: order == binary.LittleEndian, unit: 1000, header: 16}
	switch magic {
	case magicNano:
		r.unit = 1
	case magicModified:
		r.header = 24
	}
	r.link = LinkType(order.Uint32(b[20:])) // the high half speaks of checksums
	in.skip(24)
	return r, nil
}

// Next implements [Source].
func (r *pcapReader) Next(p *Packet) error {
	h, err := r.in.peek(r.header)
	if err != nil {
		if len(h) == 0 && errors.Is(err, io.EOF) {
			return io.EOF
		}
		return r.broken(fmt.Errorf("a packet header: %w", r.in.ended()))
	}
	var sec, frac, captured, wire uint32
	if r.little {
		sec, frac = binary.LittleEndian.Uint32(h), binary.LittleEndian.Uint32(h[4:])
		captured, wire = binary.LittleEndian.Uint32(h[8:]), binary.LittleEndian.Uint32(h[12:])
	} else {
		sec, frac = r.order.Uint32(h), r.order.Uint32(h[4:])
		captured, wire = r.order.Uint32(h[8:]), r.order.Uint32(h[12:])
	}
	if captured > maxRecord-64 {
		return r.broken(fmt.Errorf("a packet of %d bytes", captured))
	}
	n := r.header + int(captured)
	b, err := r.in.peek(n)
	if err != nil {
		return r.broken(fmt.Errorf("a packet of %d bytes: %w", captured, r.in.ended()))
	}
	r.in.skip(n)
	r.number++
	p.Number, p.Time, p.Link, p.Iface = r.number, int64(sec)*1e9+int64(frac)*r.unit, r.link, 0
	p.Wire, p.Data = max(int(wire), int(captured)), b[r.header:]
	return nil
}

func (r *pcapReader) broken(err error) error {
	return &BrokenError{File: r.name, Offset: r.in.offset, Packet: r.number, Err: err}
}
