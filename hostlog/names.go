package hostlog

import (
	"bytes"
	"hash/maphash"
)

// nameTable keeps each machine name once. The short and the full form of a name are
// one machine, in any case; the form met first is shown.
type nameTable struct {
	seed  maphash.Seed
	index map[uint64]int32
	text  []byte
	end   []uint32 // of each name in text
	fold  [maxName]byte
}

// Bounds of what is kept of names. Further ones are not told apart.
const (
	maxNames    = 1 << 20
	maxNameText = 64 << 20
)

// noName stands for a name that is empty or beyond the bounds.
const noName = -1

func newNames() nameTable { return nameTable{seed: maphash.MakeSeed(), index: map[uint64]int32{}} }

func (n *nameTable) add(name []byte) int32 {
	short := shortName(name)
	if len(short) == 0 {
		return noName
	}
	key := n.fold[:0]
	for _, c := range short {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		key = append(key, c)
	}
	h := maphash.Bytes(n.seed, key)
	if i, ok := n.index[h]; ok {
		return i
	}
	if len(n.end) >= maxNames || len(n.text)+len(name) > maxNameText {
		return noName
	}
	i := int32(len(n.end))
	n.text = append(n.text, name...)
	n.end = append(n.end, uint32(len(n.text)))
	n.index[h] = i
	return i
}

// full tells whether names had to be left out.
func (n *nameTable) full() bool { return len(n.end) >= maxNames || len(n.text) > maxNameText-maxName }

func (n *nameTable) name(i int32) string {
	if i < 0 {
		return ""
	}
	from := uint32(0)
	if i > 0 {
		from = n.end[i-1]
	}
	return string(n.text[from:n.end[i]])
}

// shortName cuts the domain off a name; an address stays whole.
func shortName(name []byte) []byte {
	if at := bytes.IndexByte(name, '.'); at > 0 && leadingDigits(name) != at {
		return name[:at]
	}
	return name
}
