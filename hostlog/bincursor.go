package hostlog

import "encoding/binary"

// cursor walks over the tokens of binary XML in a chunk.
type cursor struct {
	x   *binXML
	at  int
	end int
	bad bool
}

// Tokens; bit 0x40 says that more follows. libevtx, "Binary XML tokens".
const (
	tokenEnd        = 0x00
	tokenOpen       = 0x01
	tokenCloseStart = 0x02
	tokenCloseEmpty = 0x03
	tokenClose      = 0x04
	tokenValue      = 0x05
	tokenAttribute  = 0x06
	tokenCDATA      = 0x07
	tokenCharRef    = 0x08
	tokenEntity     = 0x09
	tokenPITarget   = 0x0A
	tokenPIData     = 0x0B
	tokenSubst      = 0x0D
	tokenOptSubst   = 0x0E
	tokenFragment   = 0x0F
	tokenMore       = 0x40
)

func (c *cursor) skip(n int) {
	if n < 0 || n > c.end-c.at {
		c.bad, c.at = true, c.end
		return
	}
	c.at += n
}

func (c *cursor) u8() byte {
	at := c.at
	if c.skip(1); c.bad {
		return 0
	}
	return c.x.chunk[at]
}

func (c *cursor) u16() uint16 {
	at := c.at
	if c.skip(2); c.bad {
		return 0
	}
	return binary.LittleEndian.Uint16(c.x.chunk[at:])
}

func (c *cursor) u32() uint32 {
	at := c.at
	if c.skip(4); c.bad {
		return 0
	}
	return binary.LittleEndian.Uint32(c.x.chunk[at:])
}

// chars returns n UTF-16 characters.
func (c *cursor) chars(n int) []byte {
	at := c.at
	if c.skip(2 * n); c.bad {
		return nil
	}
	return c.x.chunk[at : at+2*n]
}

// name reads a reference to a name, which stands here or elsewhere in the chunk.
func (c *cursor) name() []byte {
	offset := int(c.u32())
	if c.bad {
		return nil
	}
	n := cursor{x: c.x, at: offset, end: len(c.x.chunk)}
	here := offset == c.at
	if here {
		n.end = c.end
	}
	if offset < chunkHeaderSize || offset > len(c.x.chunk) {
		c.bad = true
		return nil
	}
	n.skip(4 + 2)
	text := n.chars(int(n.u16()))
	if n.bad {
		c.bad = true
		return nil
	}
	if here {
		n.skip(2)
		c.at, c.bad = n.at, n.bad
	}
	return text
}

// is compares a UTF-16 name with an ASCII one.
func is(name []byte, ascii string) bool {
	if len(name) != 2*len(ascii) {
		return false
	}
	for i := range len(ascii) {
		if name[2*i] != ascii[i] || name[2*i+1] != 0 {
			return false
		}
	}
	return true
}

// element is what an open element means.
type elementKind uint8

const (
	elementOther elementKind = iota
	elementSystem
	elementID
	elementRecord
	elementComputer
	elementProvider
)

func kindOf(name []byte) elementKind {
	switch {
	case is(name, "System"):
		return elementSystem
	case is(name, "EventID"):
		return elementID
	case is(name, "EventRecordID"):
		return elementRecord
	case is(name, "Computer"):
		return elementComputer
	case is(name, "Provider"):
		return elementProvider
	}
	return elementOther
}

// walk reads elements to their end and notes the places of values that matter.
func (c *cursor) walk(t *template) {
	var stack [maxDepth]elementKind
	depth := 0
	system := 0        // depth of the open System element
	attribute := false // the value that follows is one's
	name := false      // ... and it is called Name
	meaning := func() part {
		if depth == 0 {
			return partNone
		}
		top := stack[depth-1]
		switch {
		case attribute && top == elementProvider && name:
			return partProvider
		case attribute:
			return partNone
		case system > 0 && top == elementID:
			return partID
		case system > 0 && top == elementRecord:
			return partRecord
		case system > 0 && top == elementComputer:
			return partComputer
		case system > 0:
			return partNone
		}
		return partData
	}
	put := func(index int, literal []byte) {
		// A substitution anywhere may be nested XML, which tells by itself what it is.
		if p := meaning(); (p != partNone || index >= 0) && len(t.slots) < maxSlots {
			t.slots = append(t.slots, slot{p, index, literal})
		}
		attribute = false
	}
	for c.at < c.end && !c.bad {
		if c.x.steps++; c.x.steps > maxSteps {
			c.bad = true
			return
		}
		token := c.u8()
		switch token &^ tokenMore {
		case tokenEnd:
			return
		case tokenFragment:
			c.skip(3)
		case tokenOpen:
			c.skip(2 + 4)
			kind := kindOf(c.name())
			if token&tokenMore != 0 {
				c.skip(4)
			}
			if depth == maxDepth {
				c.bad = true
				return
			}
			stack[depth] = kind
			depth++
			if kind == elementSystem && system == 0 {
				system = depth
			}
			attribute = false
		case tokenCloseStart:
			attribute = false
		case tokenCloseEmpty, tokenClose:
			if depth == 0 {
				c.bad = true
				return
			}
			if system == depth {
				system = 0
			}
			depth--
			attribute = false
		case tokenAttribute:
			name = is(c.name(), "Name")
			attribute = true
		case tokenValue:
			c.skip(1)
			put(-1, c.chars(int(c.u16())))
		case tokenSubst, tokenOptSubst:
			index := int(c.u16())
			c.skip(1)
			put(index, nil)
		case tokenCDATA, tokenPIData:
			text := c.chars(int(c.u16()))
			if token&^tokenMore == tokenCDATA {
				put(-1, text)
			}
		case tokenCharRef:
			c.skip(2)
		case tokenEntity, tokenPITarget:
			c.name()
		default:
			c.bad = true
		}
	}
}
