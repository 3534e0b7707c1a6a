package hostlog

import (
	"cmp"
	"slices"

	"github.com/kmsdiag/kmsdiag/catalog"
)

// window is the time an id stays in a host's list, in seconds.
const window = uint32(catalog.CountWindow / 1e9)

// span is a stretch of time between requests of one id none of which is more
// than 30 days after the one before: the id is counted from the first until 30
// days after the last. Seconds since 1970.
type span struct{ from, to uint32 }

// holds tells whether a request at t belongs to the span or makes it longer.
func (s span) holds(t uint32) bool {
	return t+window >= s.from && t <= s.to+window
}

func (s span) with(t uint32) span { return span{min(s.from, t), max(s.to, t)} }

// merge adds a request to spans in ascending order. Requests may come in any
// order; what comes out is the same.
func merge(spans []span, t uint32) []span {
	at, found := slices.BinarySearchFunc(spans, t, func(s span, t uint32) int {
		if s.holds(t) {
			return 0
		}
		return cmp.Compare(s.from, t)
	})
	if !found {
		return slices.Insert(spans, at, span{t, t})
	}
	spans[at] = spans[at].with(t)
	for at+1 < len(spans) && spans[at+1].from <= spans[at].to+window {
		spans[at].to = max(spans[at].to, spans[at+1].to)
		spans = slices.Delete(spans, at+1, at+2)
	}
	for at > 0 && spans[at-1].to+window >= spans[at].from {
		spans[at-1].to = max(spans[at-1].to, spans[at].to)
		spans = slices.Delete(spans, at, at+1)
		at--
	}
	return spans
}
