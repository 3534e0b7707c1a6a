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
	hasSpans // more than one
	hasNames // more than one
	hasClock // ... its last request was refused for the clock
)

// named is a name that an id came with, and when.
type named struct {
	name        int32
	first, last uint32
	requests    uint32
}

// maxNamesEach is how many names of one id are told apart.
const maxNamesEach = 64

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
