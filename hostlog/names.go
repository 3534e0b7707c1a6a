package hostlog

import (
	"bytes"
	"hash/maphash"
)

// nameTable keeps each machine name once, whatever its case; the form met first
// is shown.
type nameTable struct {
	seed  maphash.Seed
	table []int32 // number of a name plus one, by hash; 0: free
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

func newNames() nameTable {
	return nameTable{seed: maphash.MakeSeed(), table: make([]int32, 1<<10)}
}

func (n *nameTable) add(name []byte) int32 {
	name = bytes.TrimSuffix(name, []byte("."))
	if len(name) == 0 {
		return noName
	}
	at, i := n.find(name)
	if i >= 0 {
		return i
	}
	if len(n.end) >= maxNames || len(n.text)+len(name) > maxNameText {
		return noName
	}
	i = int32(len(n.end))
	n.text = append(n.text, name...)
	n.end = append(n.end, uint32(len(n.text)))
	n.table[at] = i + 1
	if len(n.end)*4 > len(n.table)*3 {
		n.grow()
	}
	return i
}

// find returns the place of a name in the table, and its number if it is there.
func (n *nameTable) find(name []byte) (place int, number int32) {
	mask := len(n.table) - 1
	for at := int(n.hash(name)) & mask; ; at = (at + 1) & mask {
		switch i := n.table[at] - 1; {
		case i < 0:
			return at, noName
		case equalFold(n.bytes(i), name):
			return at, i
		}
	}
}

func (n *nameTable) hash(name []byte) uint64 {
	key := n.fold[:0]
	for _, c := range name {
		key = append(key, lower(c))
	}
	return maphash.Bytes(n.seed, key)
}

func (n *nameTable) grow() {
	n.table = make([]int32, 2*len(n.table))
	mask := len(n.table) - 1
	for i := range int32(len(n.end)) {
		at := int(n.hash(n.bytes(i))) & mask
		for ; n.table[at] != 0; at = (at + 1) & mask {
		}
		n.table[at] = i + 1
	}
}

// full tells whether names had to be left out.
func (n *nameTable) full() bool { return len(n.end) >= maxNames || len(n.text) > maxNameText-maxName }

func (n *nameTable) name(i int32) string { return string(n.bytes(i)) }

func (n *nameTable) bytes(i int32) []byte {
	if i < 0 {
		return nil
	}
	from := uint32(0)
	if i > 0 {
		from = n.end[i-1]
	}
	return n.text[from:n.end[i]]
}

// same tells whether two names are of one machine: a name without a domain is
// that of the machine with one, and a NetBIOS name is cut after 15 characters.
// Names in two domains are two machines.
func (n *nameTable) same(a, b int32) bool {
	if a == b || a < 0 || b < 0 {
		return a == b
	}
	x, domainX := label(n.bytes(a))
	y, domainY := label(n.bytes(b))
	switch {
	case domainX && domainY:
		return false
	case equalFold(x, y):
		return true
	case domainY && len(x) == netBIOSName:
		return len(y) > len(x) && equalFold(x, y[:len(x)])
	case domainX && len(y) == netBIOSName:
		return len(x) > len(y) && equalFold(y, x[:len(y)])
	}
	return false
}

// netBIOSName is the length to which a NetBIOS name is cut.
const netBIOSName = 15

// fuller is the one of two names of one machine that has a domain.
func (n *nameTable) fuller(a, b int32) int32 {
	if _, domain := label(n.bytes(a)); !domain {
		if _, domain = label(n.bytes(b)); domain {
			return b
		}
	}
	return a
}

// machines returns for each name the one that stands for its machine: for a
// name without a domain that with one, if there is only one.
func (n *nameTable) machines() []int32 {
	stands := make([]int32, len(n.end))
	bare := map[string]int32{}
	for i := range stands {
		stands[i] = int32(i)
		if l, domain := label(n.bytes(int32(i))); !domain {
			bare[foldString(l)] = int32(i)
		}
	}
	if len(bare) == len(stands) || len(bare) == 0 {
		return stands
	}
	for i := range stands {
		l, domain := label(n.bytes(int32(i)))
		if !domain {
			continue
		}
		of, ok := bare[foldString(l)]
		if !ok && len(l) > netBIOSName {
			of, ok = bare[foldString(l[:netBIOSName])]
		}
		switch {
		case !ok:
		case stands[of] == of:
			stands[of] = int32(i)
		default:
			stands[of] = noName // it may be either's
		}
	}
	for i := range stands {
		if stands[i] == noName {
			stands[i] = int32(i)
		}
	}
	return stands
}

// label cuts the domain off a name; an address stays whole, as one that has
// nothing to be cut.
func label(name []byte) (l []byte, domain bool) {
	if at := bytes.IndexByte(name, '.'); at > 0 {
		if leadingDigits(name) == at {
			return name, true
		}
		return name[:at], true
	}
	return name, false
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c |= 0x20
	}
	return c
}

func equalFold(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func foldString(s []byte) string {
	b := bytes.Clone(s)
	for i := range b {
		b[i] = lower(b[i])
	}
	return string(b)
}
