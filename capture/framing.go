package capture

import (
	"bytes"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

func (d *direction) broken() {
	d.buf, d.skip = nil, 0
	d.join.Reset()
	d.frags = 0
}

// feed takes the next bytes of one direction. They are only valid during the
// call.
func (c *conversation) feed(e *engine, f *flow, end int, ch chunk, clean bool) {
	d := &c.dirs[end]
	b := ch.data
	at := origin{ch.time, ch.number}
	if d.state == undecided && len(b) > 0 {
		switch {
		case len(d.buf)+len(b) < 3 && dcerpc.Plausible(b):
			d.state = inStep // too early to tell; framing will
		case dcerpc.Plausible(b):
			d.state = inStep
		case clean:
			d.state = foreign
		default:
			d.state = searching
		}
	}
	if d.state == foreign {
		if len(d.first) == 0 {
			e.step(f, end, StepOther, at, b)
		}
		if len(d.first) < maxFirst {
			d.first = append(d.first, b[:min(len(b), maxFirst-len(d.first))]...)
		}
		return
	}
	for len(b) > 0 {
		if d.skip > 0 {
			n := min(d.skip, len(b))
			d.skip -= n
			b = b[n:]
			continue
		}
		if d.state == searching {
			i := findPDU(b, f.kmsPort())
			if i < 0 {
				return
			}
			b = b[i:]
			d.state = inStep
		}
		if len(d.buf) == 0 {
			d.from = at
		} else {
			d.buf = append(d.buf, b...)
			b = d.buf
		}
		n := c.one(e, f, end, b, at)
		switch {
		case n > 0: // a PDU, or the part of one that is passed over
			d.buf = d.buf[:0]
			if n > len(b) {
				d.skip, n = n-len(b), len(b)
			}
			b = b[n:]
		case n == 0: // not whole yet
			if len(d.buf) == 0 || &d.buf[0] != &b[0] {
				d.buf = append(d.buf[:0], b...)
			}
			return
		default:
			d.broken()
			c.pdus.add(pduGarbage)
			if clean && len(d.first) == 0 && !c.kms {
				d.first = bytes.Clone(b[:min(len(b), maxFirst)])
			}
			d.state = searching
			if !f.kmsPort() && !c.kms && !c.shaped {
				d.state = foreign
			}
			return
		}
	}
}

// hole says that bytes of a direction were not captured.
func (c *conversation) hole(end int) {
	d := &c.dirs[end]
	if len(d.buf) >= 3 && d.state == inStep {
		c.pdus.add(d.buf[2] | pduPartial)
	}
	d.broken()
	if d.state != foreign {
		d.state = searching
	}
}

// findPDU returns where a PDU of a call or a bind can begin in bytes of which
// the place in the stream is not known, or -1. Only on a KMS port is it looked
// for inside a segment.
func findPDU(b []byte, inside bool) int {
	for i := 0; i+dcerpc.HeaderSize <= len(b); i++ {
		if b[i] == 5 && b[i+1] <= 1 && b[i+4] == 0x10 && dcerpc.Plausible(b[i:]) && (b[i+3]&3 != 0) && b[i+9] < maxPDU>>8 {
			return i
		}
		if !inside {
			break
		}
	}
	return -1
}

// mayBegin tells whether a direction whose first bytes these are may be RPC.
func mayBegin(b []byte, clean bool) bool {
	if clean {
		return dcerpc.Plausible(b)
	}
	return findPDU(b, false) == 0
}

// one reads the PDU at the start of b. It returns its length, which may exceed
// b for one that is passed over; 0 if b ends inside it; -1 if it is none.
func (c *conversation) one(e *engine, f *flow, end int, b []byte, at origin) int {
	if len(b) < dcerpc.HeaderSize {
		if !dcerpc.Plausible(b) {
			return -1
		}
		return 0
	}
	h, err := dcerpc.ParseHeader(b)
	if err != nil {
		return -1
	}
	n := int(h.FragLen)
	isCall := h.Type == dcerpc.TypeRequest || h.Type == dcerpc.TypeResponse
	if n > maxPDU || isCall && c.other && !c.kms {
		c.pdus.add(byte(h.Type))
		return n
	}
	if n > len(b) {
		return 0
	}
	c.pdus.add(byte(h.Type))
	p, err := dcerpc.ParsePDU(b)
	if err != nil {
		return n
	}
	c.pdu(e, f, end, p, at)
	e.step(f, end, StepPDU, at, p.Raw)
	return n
}
