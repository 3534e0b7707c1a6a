package capture

import "slices"

// Bounds of what one direction holds out of order. What exceeds them is taken
// for lost, and so is the hole before it.
const (
	maxChunks    = 64
	maxChunkData = 128 << 10
	chunkCost    = 64 // bytes that a chunk takes beside its data
)

// A stream puts the bytes of one direction in order. It counts each byte once,
// however often it was sent.
type stream struct {
	next  uint32 // sequence number of the byte that comes next
	began bool   // next is known
	acked uint32 // what the other end says it has, with heard
	heard bool
	bytes int64 // distinct bytes captured
	held  *held // nil while everything is in order
}

type held struct {
	chunks []chunk // by sequence number, without overlaps
	size   int     // bytes of memory
}

// A chunk is a stretch of the stream.
type chunk struct {
	seq    uint32
	wire   int    // bytes on the wire
	data   []byte // as far as captured and wanted
	time   int64
	number int64 // of its packet
}

// A taker receives the stream.
type taker interface {
	// take gets the next bytes; missing is how many behind them were not
	// captured.
	take(c chunk, missing int)
	// wants tells whether bytes that must wait should be kept.
	wants() bool
}

// before tells whether sequence number a lies before b, modulo 2^32.
func before(a, b uint32) bool { return int32(a-b) < 0 }

// add takes a segment with data.
func (s *stream) add(c chunk, captured int, to taker) {
	if !s.began {
		s.began, s.next = true, c.seq
	}
	if ahead := int32(c.seq - s.next); ahead > 0 {
		s.hold(c, captured, to)
		if s.lost() {
			s.skipHole(to)
		}
		return
	} else if ahead < 0 {
		if !c.cutFront(s.next, &captured) {
			return
		}
	}
	s.deliver(c, captured, to)
	s.drain(to, c.time, c.number)
}

// cutFront drops the bytes before sequence number seq; false if none remain.
func (c *chunk) cutFront(seq uint32, captured *int) bool {
	n := int(int32(seq - c.seq))
	if n <= 0 {
		return true
	}
	if n >= c.wire {
		return false
	}
	c.seq, c.wire = seq, c.wire-n
	c.data = c.data[min(n, len(c.data)):]
	*captured = max(*captured-n, 0)
	return true
}

// memory returns the bytes that wait.
func (s *stream) memory() int {
	if s.held == nil {
		return 0
	}
	return s.held.size
}

// deliver hands on a chunk that starts at next, or ends behind it with what is
// already held counted.
func (s *stream) deliver(c chunk, captured int, to taker) {
	if s.held != nil && len(s.held.chunks) > 0 {
		// What is held came earlier and counts; the rest of this segment behind
		// it is delivered in turn.
		h := s.held.chunks[0]
		if room := int(int32(h.seq - c.seq)); room < c.wire {
			tail := c
			tailCaptured := captured
			more := tail.cutFront(h.seq+uint32(h.wire), &tailCaptured)
			c.wire, captured = room, min(captured, room)
			c.data = c.data[:min(len(c.data), room)]
			if more {
				s.hold(tail, tailCaptured, to)
			}
		}
	}
	s.bytes += int64(captured)
	s.next = c.seq + uint32(c.wire)
	to.take(c, c.wire-captured)
}

// drain delivers what has become next, with the time and number of the packet
// that closed the hole before it: only then could the other end read it. They
// are 0 where a hole was skipped.
func (s *stream) drain(to taker, time, number int64) {
	for s.held != nil && len(s.held.chunks) > 0 {
		c := s.held.chunks[0]
		if before(s.next, c.seq) {
			return
		}
		s.held.chunks = slices.Delete(s.held.chunks, 0, 1)
		s.held.size -= len(c.data) + chunkCost
		captured := len(c.data)
		s.next = c.seq + uint32(c.wire)
		if number != 0 {
			c.time, c.number = time, number
		}
		to.take(c, c.wire-captured)
	}
	s.held = nil
}

// hold keeps what a segment has that is not held yet.
func (s *stream) hold(c chunk, captured int, to taker) {
	if s.held == nil {
		s.held = &held{}
	}
	h := s.held
	keep := to.wants()
	i := 0
	for ; i < len(h.chunks); i++ {
		k := &h.chunks[i]
		end := k.seq + uint32(k.wire)
		if !before(c.seq, end) {
			continue
		}
		if before(c.seq, k.seq) {
			piece, pieceCaptured := c, captured
			if room := int(int32(k.seq - c.seq)); room < c.wire {
				piece.wire, pieceCaptured = room, min(captured, room)
				piece.data = c.data[:min(len(c.data), room)]
			}
			s.insert(i, piece, pieceCaptured, keep)
			if piece.wire == c.wire {
				return
			}
			i++
			k = &h.chunks[i]
			end = k.seq + uint32(k.wire)
		}
		if !c.cutFront(end, &captured) {
			return
		}
	}
	s.insert(len(h.chunks), c, captured, keep)
}

func (s *stream) insert(i int, c chunk, captured int, keep bool) {
	s.bytes += int64(captured)
	if keep {
		c.data = slices.Clone(c.data[:min(len(c.data), captured)])
	} else {
		// Only the place counts. An empty chunk is a gap for whoever takes it,
		// and he does not want the bytes.
		c.data = nil
	}
	s.held.chunks = slices.Insert(s.held.chunks, i, c)
	s.held.size += len(c.data) + chunkCost
}

// lost tells whether the hole before what is held will not be filled: the other
// end has these bytes already, or there is too much behind them.
func (s *stream) lost() bool {
	return s.heard && before(s.next, s.acked) || len(s.held.chunks) > maxChunks || s.held.size > maxChunkData
}

// skipHole goes on behind the hole.
func (s *stream) skipHole(to taker) {
	first := s.held.chunks[0]
	missing := int(first.seq - s.next)
	at := s.next
	s.next = first.seq
	to.take(chunk{seq: at, time: first.time, number: first.number}, missing)
	s.drain(to, 0, 0)
}

// flush delivers everything that is held, over all holes.
func (s *stream) flush(to taker) {
	for s.held != nil && len(s.held.chunks) > 0 {
		s.skipHole(to)
	}
	s.held = nil
}
