package hostlog

import (
	"encoding/binary"
	"hash/maphash"
	"time"
)

// seen remembers the entries that were read, so that files which overlap count
// each entry once. It keeps a hash of each in an open table, 56 bits of it and
// the number of the file, and beside it the number that Windows gave the entry.
type seen struct {
	seed    maphash.Seed
	table   []uint64
	numbers []uint32 // low half of an entry's number; 0: it shows none
	n       int
	full    bool
	buf     []byte
}

// maxSeen bounds the entries that are remembered.
const maxSeen = 3 << 20

const firstSeen = 1 << 12

func newSeen() seen {
	return seen{seed: maphash.MakeSeed(), table: make([]uint64, firstSeen), numbers: make([]uint32, firstSeen)}
}

// again tells whether an entry was read before. Two entries are the same when
// second and every value agree, in whatever form they were exported; not every
// form names the host. Where both show their number, that decides: a client may
// ask twice a second. A list without a time of its own is one only where
// another file had it: a client may ask twice a minute.
func (s *seen) again(file int, r *Request, base timeBase) bool {
	b := s.buf[:0]
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Time.Unix()))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.ClientTime.Unix()))
	b = binary.LittleEndian.AppendUint32(b, r.HRESULT)
	b = append(b, byte(r.N), byte(r.N>>8), byte(r.Status), bit(r.VM))
	b = binary.LittleEndian.AppendUint64(b, uint64(r.Minutes))
	b = append(append(append(b, r.CMID[:]...), r.SKU[:]...), r.Machine...)
	s.buf = b
	number := uint32(r.Record)
	h := maphash.Bytes(s.seed, b)&^0xFF | uint64(file&0x7F) | 0x80 // never zero
	mask := uint64(len(s.table) - 1)
	at := h >> 8 & mask
	like := 0
	for ; s.table[at] != 0; at = (at + 1) & mask {
		if s.table[at]>>8 != h>>8 {
			continue
		}
		switch known := s.numbers[at]; {
		case known == 0 || number == 0:
			if base == baseClient && s.table[at] == h {
				return false
			}
			if known == 0 {
				s.numbers[at] = number // the same entry, in a form that shows its number
			}
			return true
		case known == number:
			return true
		}
		if like++; like == maxLike {
			return true
		}
	}
	if s.n >= maxSeen {
		s.full = true
		return false
	}
	s.table[at], s.numbers[at] = h, number
	if s.n++; s.n*4 > len(s.table)*3 {
		s.grow()
	}
	return false
}

// maxLike bounds the entries that differ by their numbers alone: beyond it a
// log is made to be slow.
const maxLike = 1 << 10

func (s *seen) grow() {
	old, numbers := s.table, s.numbers
	s.table, s.numbers = make([]uint64, 2*len(old)), make([]uint32, 2*len(old))
	mask := uint64(len(s.table) - 1)
	for i, h := range old {
		if h == 0 {
			continue
		}
		at := h >> 8 & mask
		for ; s.table[at] != 0; at = (at + 1) & mask {
		}
		s.table[at], s.numbers[at] = h, numbers[i]
	}
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// unix is a time as seconds since 1970, for times between then and 2106.
func unix(t time.Time) uint32 { return uint32(t.Unix()) }

// unixOrZero is unix with zero for no time.
func unixOrZero(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	return unix(t)
}

func fromUnix(s uint32) time.Time { return time.Unix(int64(s), 0).UTC() }
