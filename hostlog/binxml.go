package hostlog

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// binXML reads the binary XML of events in a chunk: as much of it as tells which
// event it is, of which computer, and its data. An event is an instance of a
// template, which stands in the chunk once, with the values that differ; a
// template is reduced to the places that matter and kept for the chunk.
//
// All places are checked against the chunk, nesting is bounded and so is the
// work for one chunk: damaged or hostile bytes cost an event, never time.
type binXML struct {
	chunk     []byte
	templates map[uint32]*template
	steps     int
	found     foundEvent
}

// foundEvent is what an event holds. The texts are UTF-16LE in the chunk.
type foundEvent struct {
	id       uint32
	record   uint64 // EventRecordID
	hasID    bool
	computer []byte
	provider []byte
	data     [][]byte
}

// part is what a value of a template is.
type part uint8

const (
	partNone part = iota
	partID
	partRecord
	partComputer
	partProvider
	partData
)

// template is the places of a template that matter, in order.
type template struct{ slots []slot }

// slot is a text, or a substitution by one of the instance's values.
type slot struct {
	part    part
	index   int // of the value; -1: literal
	literal []byte
}

// Bounds of what one chunk may cost.
const (
	maxDepth  = 32
	maxNested = 6
	maxSteps  = 1 << 20
	maxSlots  = 512
	maxData   = 64
	maxValues = 1024
)

// Types of values; libevtx, "Value types".
const (
	typeString      = 0x01
	typeUint8       = 0x04
	typeUint16      = 0x06
	typeUint32      = 0x08
	typeUint64      = 0x0A
	typeHex32       = 0x14
	typeBinXML      = 0x21
	typeStringArray = 0x81
)

func (x *binXML) reset(chunk []byte) {
	x.chunk, x.steps = chunk, 0
	x.templates = map[uint32]*template{}
}

// event reads the event at chunk[at:end].
func (x *binXML) event(at, end int) bool {
	x.found = foundEvent{data: x.found.data[:0]}
	return x.fragment(at, end, 0) && x.found.hasID
}

// fragment reads binary XML that stands by itself: an instance of a template, or
// elements without one.
func (x *binXML) fragment(at, end, nested int) bool {
	if nested > maxNested {
		return false
	}
	c := cursor{x: x, at: at, end: end}
	for c.at < c.end && !c.bad {
		switch x.chunk[c.at] {
		case 0x0F:
			c.skip(4)
		case 0x0C:
			if !x.instance(&c, nested) {
				return false
			}
		case 0x00:
			return true
		default:
			t := &template{}
			c.walk(t)
			x.apply(t, nil, nested)
			return !c.bad
		}
	}
	return !c.bad
}

// value is one of an instance's values.
type value struct {
	kind byte
	at   int
	size int
}

// instance reads a template instance.
func (x *binXML) instance(c *cursor, nested int) bool {
	c.skip(2 + 4) // token, unknown byte, template id
	offset := c.u32()
	if c.bad {
		return false
	}
	if int(offset) == c.at { // its definition stands here
		c.skip(4 + 16)
		c.skip(int(c.u32()))
	}
	n := int(c.u32())
	if c.bad || n > maxValues || c.at+4*n > c.end {
		return false
	}
	t := x.template(offset)
	if t == nil {
		return false
	}
	var buf [64]value
	values := buf[:0]
	at := c.at + 4*n
	for i := range n {
		size := int(binary.LittleEndian.Uint16(x.chunk[c.at+4*i:]))
		if at+size > c.end {
			return false
		}
		values = append(values, value{x.chunk[c.at+4*i+2], at, size})
		at += size
	}
	c.at = at
	x.steps += n
	return x.apply(t, values, nested)
}

// apply fills a template's places with values.
func (x *binXML) apply(t *template, values []value, nested int) bool {
	if x.steps += len(t.slots) + 1; x.steps > maxSteps {
		return false
	}
	for _, s := range t.slots {
		if s.index < 0 {
			x.put(s.part, typeString, s.literal)
			continue
		}
		if s.index >= len(values) {
			continue
		}
		v := values[s.index]
		if v.kind == typeBinXML {
			if !x.fragment(v.at, v.at+v.size, nested+1) {
				return false
			}
			continue
		}
		x.put(s.part, v.kind, x.chunk[v.at:v.at+v.size])
	}
	return true
}

// put keeps a value.
func (x *binXML) put(p part, kind byte, b []byte) {
	f := &x.found
	switch p {
	case partID:
		if n, ok := wholeNumber(kind, b); ok && !f.hasID {
			f.id, f.hasID = n, true
		}
	case partRecord:
		if kind == typeUint64 && len(b) == 8 {
			f.record = binary.LittleEndian.Uint64(b)
		}
	case partComputer:
		f.computer = b
	case partProvider:
		f.provider = b
	case partData:
		switch kind {
		case typeString:
			if len(f.data) < maxData {
				f.data = append(f.data, b)
			}
		case typeStringArray:
			x.strings(b)
		}
	}
}

// strings keeps the texts of an array; each ends with a zero.
func (x *binXML) strings(b []byte) {
	from := 0
	for i := 0; i+1 < len(b) && len(x.found.data) < maxData; i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			x.found.data = append(x.found.data, b[from:i])
			from = i + 2
		}
	}
	if from < len(b) && len(x.found.data) < maxData {
		x.found.data = append(x.found.data, b[from:])
	}
}

// wholeNumber reads the number of an event.
func wholeNumber(kind byte, b []byte) (uint32, bool) {
	switch {
	case kind == typeUint8 && len(b) == 1:
		return uint32(b[0]), true
	case kind == typeUint16 && len(b) == 2:
		return uint32(binary.LittleEndian.Uint16(b)), true
	case (kind == typeUint32 || kind == typeHex32) && len(b) == 4:
		return binary.LittleEndian.Uint32(b), true
	case kind == typeString && len(b) > 0 && len(b) <= 20:
		n, ok := decimal(appendUTF16(nil, b))
		return uint32(n), ok
	}
	return 0, false
}

// template returns the template defined at a place of the chunk; nil for none.
func (x *binXML) template(offset uint32) *template {
	if t, ok := x.templates[offset]; ok {
		return t
	}
	var t *template
	if at := int(offset); at >= chunkHeaderSize && at+24 <= len(x.chunk) {
		size := int(binary.LittleEndian.Uint32(x.chunk[at+20:]))
		if size <= len(x.chunk)-at-24 && size >= 0 {
			c := cursor{x: x, at: at + 24, end: at + 24 + size}
			t = &template{}
			if c.walk(t); c.bad {
				t = nil
			}
		}
	}
	x.templates[offset] = t
	return t
}

// appendUTF16 appends little-endian UTF-16 as UTF-8.
func appendUTF16(dst, b []byte) []byte {
	for i := 0; i+1 < len(b); i += 2 {
		c := rune(b[i]) | rune(b[i+1])<<8
		switch {
		case c == 0:
		case c < utf8.RuneSelf:
			dst = append(dst, byte(c))
		case c >= 0xD800 && c < 0xDC00 && i+3 < len(b):
			pair := utf16.DecodeRune(c, rune(b[i+2])|rune(b[i+3])<<8)
			dst = utf8.AppendRune(dst, pair)
			if pair != utf8.RuneError {
				i += 2
			}
		default:
			dst = utf8.AppendRune(dst, c)
		}
	}
	return dst
}
