package hostlog

import (
	"github.com/kmsdiag/kmsdiag/kms"
)

// clientKey is an id in a list: the same machine has an entry in each list that
// it asks for.
type clientKey struct {
	cmid kms.GUID
	list uint16
}

// client is what is kept of an id. Times are seconds since 1970. There may be
// half a million of them, so it is small, and what few have lies elsewhere.
type client struct {
	key         clientKey
	span        span // the latest of its spans; earlier ones are in tally.spans
	first, last uint32
	served      uint32 // time of the last request that was served; 0: none
	before      uint32 // ... and of the last one before it
	requests    uint32
	refused     uint32
	minutes     int32 // of the last request
	offset      int32 // client clock less host clock at the last request that tells, seconds
	name        int32 // of the last request
	lastHR      uint32
	product     uint16
	n           uint8
	status      uint8
	firstStatus uint8 // at its first request
	has         uint8 // bits below
}

const (
	hasVM uint8 = 1 << iota
	hasOffset
	hasSpans      // more than one
	hasNames      // more than one
	hasPlea       // was not licensed when it was last served
	hasPleaBefore // ... nor when it was served before that
)

// serve notes a request that was served, in whatever order they come.
func (c *client) serve(at uint32, plea bool) {
	is := func(bit uint8) uint8 {
		if plea {
			return bit
		}
		return 0
	}
	switch {
	case at > c.served:
		c.before = c.served
		had := c.has&hasPlea != 0
		c.has = c.has&^(hasPlea|hasPleaBefore) | is(hasPlea)
		if had {
			c.has |= hasPleaBefore
		}
		c.served = at
	case at == c.served:
		c.has |= is(hasPlea)
	case at > c.before:
		c.before = at
		c.has = c.has&^hasPleaBefore | is(hasPleaBefore)
	case at == c.before:
		c.has |= is(hasPleaBefore)
	}
}

// slab is how many clients are allocated at once.
const slab = 4096

// clients is a list of clients that grows without being copied.
type clients struct {
	slabs [][]client
	n     int
}

func (c *clients) add() (int32, *client) {
	if c.n%slab == 0 {
		c.slabs = append(c.slabs, make([]client, slab))
	}
	c.n++
	return int32(c.n - 1), c.at(int32(c.n - 1))
}

func (c *clients) at(i int32) *client { return &c.slabs[i/slab][i%slab] }

// all yields every client with its number.
func (c *clients) all(yield func(int32, *client) bool) {
	for i := range int32(c.n) {
		if !yield(i, c.at(i)) {
			return
		}
	}
}
