package capture

import (
	"math/bits"
	"math/rand/v2"
)

// A flowKey names a TCP connection by its ends, the smaller one first, so that
// both directions have the same key.
type flowKey struct {
	a, b   address
	pa, pb uint16
}

// keyOf returns the key of a segment and which end sent it: 0 for a, 1 for b.
func keyOf(src, dst address, sp, dp uint16) (flowKey, int) {
	if src.hi < dst.hi || src.hi == dst.hi && (src.lo < dst.lo || src.lo == dst.lo && sp <= dp) {
		return flowKey{src, dst, sp, dp}, 0
	}
	return flowKey{dst, src, dp, sp}, 1
}

// A side is one end of a connection, as its own packets show it.
type side struct {
	stream
	isn  uint32 // initial sequence number, with syn > 0
	syn  uint32 // packets with SYN, repetitions included
	fin  bool
	rst  bool
	seen bool // sent anything
}

// unknownSide is the client of a connection of which neither SYN nor a telling
// PDU was seen.
const unknownSide = -1

// A flow is one TCP connection.
type flow struct {
	key     flowKey
	hash    uint32
	live    bool
	client  int8 // 0, 1 or unknownSide
	tagged  uint8
	tags    [maxTags]uint16
	cut     uint32 // segments that the snap length cut
	packets uint32
	number  int64 // of the connection, counted from 1
	first   int64 // time of the first packet
	last    int64 // time of the last one
	opened  int64 // packet number of the first packet
	recent  int64 // packet number of the last one
	ends    [2]side
	dns     *dnsStream    // nil unless it goes to a DNS server
	conv    *conversation // nil unless it may be RPC, or is on a KMS port
	timing  *handshake    // nil unless a SYN was seen on a KMS port

	established  int64 // time of the first SYN-ACK
	rejected     int64 // packet number of the host's first RST
	exchanges    uint32
	firstFIN     int8    // the end that closed first, plus 1; 0: none
	acknowledged bool    // the client sent a segment without SYN and RST
	onPort       bool    // a port of KMS
	plain        [2]bool // what the end sends is not RPC
	holed        [2]bool // bytes are missing, so that the place in the stream is not known
}

// closed tells whether the connection ended as far as packets show.
func (f *flow) closed() bool {
	return f.ends[0].rst || f.ends[1].rst || f.ends[0].fin && f.ends[1].fin
}

// roles returns the index of the client, by guess where nothing told.
func (f *flow) roles() int {
	switch {
	case f.client != unknownSide:
		return int(f.client)
	case f.key.pb == defaultPort:
		return 0
	case f.key.pa == defaultPort:
		return 1
	case f.key.pa < f.key.pb:
		return 1
	}
	return 0
}

// tag notes the VLANs of a packet.
func (f *flow) tag(tags []uint16) {
next:
	for _, t := range tags {
		for _, known := range f.tags[:f.tagged] {
			if t == known {
				continue next
			}
		}
		if f.tagged < maxTags {
			f.tags[f.tagged] = t
			f.tagged++
		}
	}
}

// Bounds of the flow table.
const (
	maxFlows  = 1 << 17
	chunkBits = 9
	chunkSize = 1 << chunkBits
)

// flows is the table of connections: open addressing over a slab. A map would
// cost twice as much for each packet.
type flows struct {
	slots  []slot
	mask   uint32
	n      int
	seed   uint64
	chunks [][]flow
	free   []int32
	hand   int // where the next sweep looks
}

type slot struct {
	hash uint32
	at   int32 // index in the slab plus 1; 0 is empty
}

func newFlows() *flows {
	return &flows{slots: make([]slot, 1024), mask: 1023, seed: rand.Uint64() | 1}
}

func (t *flows) hash(k *flowKey) uint32 {
	const m1, m2 = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
	ports := uint64(k.pa)<<16 | uint64(k.pb)
	h1, l1 := bits.Mul64(k.a.lo^t.seed, k.b.lo^m1)
	h2, l2 := bits.Mul64(k.a.hi^m2^ports, k.b.hi^t.seed^ports<<32)
	h, l := bits.Mul64(h1^l1^m1, h2^l2^m2)
	return uint32(h ^ l ^ l>>32)
}

func (t *flows) at(i int32) *flow { return &t.chunks[i>>chunkBits][i&(chunkSize-1)] }

// find returns the flow of a key, or nil.
func (t *flows) find(h uint32, k *flowKey) *flow {
	for i := h & t.mask; ; i = (i + 1) & t.mask {
		s := t.slots[i]
		if s.at == 0 {
			return nil
		}
		if s.hash == h {
			if f := t.at(s.at - 1); f.key == *k {
				return f
			}
		}
	}
}

// add makes the flow of a key that is not in the table.
func (t *flows) add(h uint32, k flowKey) *flow {
	if (t.n+1)*4 > len(t.slots)*3 {
		t.grow()
	}
	if len(t.free) == 0 {
		base := int32(len(t.chunks)) << chunkBits
		t.chunks = append(t.chunks, make([]flow, chunkSize))
		for i := int32(chunkSize - 1); i >= 0; i-- {
			t.free = append(t.free, base+i)
		}
	}
	i := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	f := t.at(i)
	*f = flow{key: k, hash: h, live: true, client: unknownSide}
	t.put(slot{h, i + 1})
	t.n++
	return f
}

func (t *flows) put(s slot) {
	i := s.hash & t.mask
	for t.slots[i].at != 0 {
		i = (i + 1) & t.mask
	}
	t.slots[i] = s
}

func (t *flows) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	t.mask = uint32(len(t.slots) - 1)
	for _, s := range old {
		if s.at != 0 {
			t.put(s)
		}
	}
}

// remove takes a flow out of the table.
func (t *flows) remove(f *flow) {
	i := f.hash & t.mask
	for t.slots[i].at == 0 || t.at(t.slots[i].at-1) != f {
		i = (i + 1) & t.mask
	}
	index := t.slots[i].at - 1
	// Slots behind the hole move up, so that no search ends early.
	for j := (i + 1) & t.mask; t.slots[j].at != 0; j = (j + 1) & t.mask {
		if home := t.slots[j].hash & t.mask; (j-home)&t.mask >= (j-i)&t.mask {
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = slot{}
	*f = flow{}
	t.free = append(t.free, index)
	t.n--
}

// sweep returns the next flow in a walk around the slab, or nil for an unused
// place.
func (t *flows) sweep() *flow {
	if len(t.chunks) == 0 {
		return nil
	}
	if t.hand >= len(t.chunks)<<chunkBits {
		t.hand = 0
	}
	f := t.at(int32(t.hand))
	t.hand++
	if !f.live {
		return nil
	}
	return f
}
