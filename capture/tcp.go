package capture

import "encoding/binary"

// tcp takes the segment in e.frame.
func (e *engine) tcp() passed {
	fr := &e.frame
	b := fr.payload
	if len(b) < 20 {
		if fr.wire < 20 {
			return malformed
		}
		return cutShort
	}
	head := int(b[12]>>4) * 4
	if head < 20 || head > fr.wire {
		return malformed
	}
	e.count.TCP++
	key, end := keyOf(fr.src, fr.dst, binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]))
	h := e.flows.hash(&key)
	f := e.flows.find(h, &key)
	seq, flags := binary.BigEndian.Uint32(b[4:]), b[13]
	if f != nil && flags&flagSYN != 0 && f.anew(end, seq, binary.BigEndian.Uint32(b[8:]), flags) {
		e.finish(f)
		f = nil
	}
	if f == nil {
		f = e.open(h, key)
	}
	f.last, f.recent = e.at.Time, e.at.Number
	f.packets++
	if fr.tagged > 0 {
		f.tag(fr.tags[:fr.tagged])
	}
	e.f, e.end = f, end
	s := &f.ends[end]
	s.seen = true
	if flags&flagACK != 0 {
		o := &f.ends[1-end].stream
		if ack := binary.BigEndian.Uint32(b[8:]); !o.heard || before(o.acked, ack) {
			o.heard, o.acked = true, ack
		}
	}
	if flags&(flagSYN|flagFIN|flagRST) != 0 {
		was := f.closed()
		e.signal(f, end, seq, flags)
		if flags&(flagFIN|flagSYN) != flagFIN || flags&flagRST != 0 { // data comes before its FIN
			e.signalled(f, end, flags)
		}
		if !was && f.closed() {
			e.lingers(f)
		}
		if flags&flagSYN != 0 {
			seq++
		}
	}
	if flags&(flagSYN|flagRST|flagACK) == flagACK && int(f.client) == end {
		f.acknowledged = true
	}
	wire := fr.wire - head
	if wire > 0 {
		data := b[min(head, len(b)):]
		if len(data) < wire {
			f.cut++
		}
		held := s.memory()
		s.add(chunk{seq: seq, wire: wire, data: data, time: e.at.Time, number: e.at.Number}, len(data), e)
		e.waiting += s.memory() - held
		if e.waiting > maxWaiting {
			held = s.memory()
			s.flush(e)
			e.waiting -= held
		}
	}
	if flags&(flagFIN|flagSYN|flagRST) == flagFIN {
		e.signalled(f, end, flags)
	}
	e.matched = e.matched || f.onPort || f.conv != nil && (f.conv.kms || f.conv.shaped)
	return taken
}

// anew tells whether a SYN begins another connection between the same ends.
func (f *flow) anew(end int, seq, ack uint32, flags byte) bool {
	s, o := &f.ends[end], &f.ends[1-end]
	switch answer := flags&flagACK != 0; {
	case s.syn > 0 && s.isn == seq:
		return false // sent again
	case answer && s.syn > 0:
		return f.closed() // otherwise a host that forgot its first answer
	case answer && o.syn > 0:
		return ack != o.isn+1 // an answer to a SYN that was not captured
	case answer:
		return s.seen || o.seen
	case o.syn > 0 && !s.seen:
		return s.acked != seq+1 // the answer was captured before its SYN
	}
	return true
}

// signal takes a segment with SYN, FIN or RST.
func (e *engine) signal(f *flow, end int, seq uint32, flags byte) {
	s := &f.ends[end]
	if flags&flagSYN != 0 {
		s.syn++
		if s.syn == 1 || s.isn != seq {
			s.isn, s.next, s.began = seq, seq+1, true
		}
		if flags&flagACK != 0 {
			f.isClient(1 - end)
			if f.established == 0 {
				f.established = e.at.Time
			}
		} else {
			f.isClient(end)
		}
		if f.onPort && flags&flagACK == 0 && s.syn > 1 {
			t := f.note()
			if len(t.syns) < maxSYNs {
				t.syns = append(t.syns, origin{e.at.Time, e.at.Number})
			}
		}
	}
	if flags&flagFIN != 0 {
		s.fin = true
		if f.firstFIN == 0 {
			f.firstFIN = int8(end + 1)
		}
	}
	if flags&flagRST != 0 {
		s.rst = true
		if f.rejected == 0 && f.client != unknownSide && int(f.client) != end {
			f.rejected = e.at.Number
		}
	}
}

// endedFlow is a connection that was closed. The flow may have been used anew
// since; the number tells.
type endedFlow struct {
	f      *flow
	number int64
}

// lingers lets a closed connection wait for late packets, and ends the one that
// waited longest if there are many.
func (e *engine) lingers(f *flow) {
	e.ended = append(e.ended, endedFlow{f, f.number})
	if len(e.ended) < 2*maxLingering {
		return
	}
	now, end := e.f, e.end
	for _, k := range e.ended[:maxLingering] {
		if k.f.live && k.f.number == k.number && k.f != f {
			e.finish(k.f)
		}
	}
	e.f, e.end = now, end
	e.ended = append(e.ended[:0], e.ended[maxLingering:]...)
}

// open makes the flow of a segment.
func (e *engine) open(h uint32, key flowKey) *flow {
	if e.flows.n >= maxFlows {
		e.evict()
	}
	f := e.flows.add(h, key)
	e.count.Connections++
	f.number = e.count.Connections
	f.first, f.opened = e.at.Time, e.at.Number
	f.onPort = e.ports[key.pa] || e.ports[key.pb]
	return f
}

// evict ends the longest idle of some connections.
func (e *engine) evict() {
	var oldest *flow
	for range 64 {
		if f := e.flows.sweep(); f != nil && (oldest == nil || f.last < oldest.last) {
			oldest = f
		}
	}
	if oldest != nil {
		e.count.Evicted++
		e.finish(oldest)
	}
}
