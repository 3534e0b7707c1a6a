package capture

import (
	"cmp"
	"slices"
	"time"
)

const defaultPort = 1688

// How long after its last packet a connection counts as over, in nanoseconds of
// capture time.
const (
	lingerClosed = int64(60 * time.Second)
	lingerOpen   = int64(15 * time.Minute)
	lingerSYN    = int64(3 * time.Minute)
)

// maxWaiting bounds the bytes that all connections together hold back.
const maxWaiting = 24 << 20

// The TCP flags.
const (
	flagFIN = 0x01
	flagSYN = 0x02
	flagRST = 0x04
	flagACK = 0x10
)

// Counters tell what was read and what was passed over.
type Counters struct {
	Packets     int64    `json:"packets"`
	Bytes       int64    `json:"bytes"` // captured
	TCP         int64    `json:"tcp"`
	Connections int64    `json:"connections"`
	Exchanges   int64    `json:"exchanges"`
	DNS         int64    `json:"dns"`
	NotIP       int64    `json:"not_ip,omitempty"`
	UnknownLink int64    `json:"unknown_link,omitempty"`
	Malformed   int64    `json:"malformed,omitempty"`
	Cut         int64    `json:"cut,omitempty"`        // packets that the snap length cut
	Evicted     int64    `json:"evicted,omitempty"`    // connections given up for want of memory
	Dropped     int64    `json:"dropped,omitempty"`    // packets that the kernel or the writer of the file lost
	Unfinished  int64    `json:"unfinished,omitempty"` // fragments of datagrams that never became whole
	FirstTime   int64    `json:"first_time,omitempty"` // nanoseconds since 1970
	LastTime    int64    `json:"last_time,omitempty"`  // nanoseconds since 1970
	NoTimes     bool     `json:"no_times,omitempty"`   // the file has packets without times
	FrameLink   LinkType `json:"-"`                    // of the last packet that could not be read
}

// engine takes packets apart and hands on what they add up to. It is used by
// one goroutine.
type engine struct {
	file  string
	flows *flows
	parts fragments
	dns   *resolver
	ports map[uint16]bool // of KMS
	count Counters
	out   *pipeline
	steps bool // see [Options.Steps]

	frame   frame
	waiting int // bytes held back by all streams
	now     int64
	at      *Packet
	f       *flow // the connection being worked on
	end     int   // and its end that sent the segment
	matched bool  // the packet belongs to KMS or its DNS

	seen       lastSeen
	spareCalls []*call
	spareConvs []*conversation
	ended      []endedFlow // closed connections that linger, oldest first
}

func newEngine(out *pipeline, ports []uint16) *engine {
	e := &engine{flows: newFlows(), ports: map[uint16]bool{defaultPort: true}, out: out}
	for _, p := range ports {
		e.ports[p] = true
	}
	e.dns = newResolver()
	return e
}

// feed takes one packet.
func (e *engine) feed(p *Packet) {
	e.count.Packets++
	e.count.Bytes += int64(len(p.Data))
	if p.Time != 0 {
		if e.count.FirstTime == 0 || p.Time < e.count.FirstTime {
			e.count.FirstTime = p.Time
		}
		e.count.LastTime = max(e.count.LastTime, p.Time)
		e.now = p.Time
	} else {
		e.count.NoTimes = true
	}
	e.at, e.matched, e.f = p, false, nil
	f := &e.frame
	f.tagged, f.fragment = 0, false
	b, kind, why := f.link(p.Link, p.Data)
	if why == taken {
		why = f.network(b, kind, p.Wire-len(p.Data), e.now, &e.parts)
	}
	if why == taken {
		switch f.proto {
		case protoTCP:
			why = e.tcp()
		case protoUDP:
			e.udp()
		case protoICMP, protoICMP6:
			e.icmp()
		}
	}
	switch why {
	case notIP:
		e.count.NotIP++
	case unknownLink:
		e.count.UnknownLink++
		e.count.FrameLink = p.Link
	case malformed:
		e.count.Malformed++
	case cutShort:
		e.count.Cut++
	case incomplete:
		e.count.Unfinished++
	}
	e.age()
}

// touched returns the number of the connection that the last packet belongs to,
// and how many packets it has; 0 if to none.
func (e *engine) touched() (conn, packets int64) {
	if e.f == nil {
		return 0, 0
	}
	return e.f.number, int64(e.f.packets)
}

// age looks at one connection of the table in turn and ends it if it is over.
func (e *engine) age() {
	f := e.flows.sweep()
	if f == nil || e.now == 0 || f == e.f {
		return
	}
	limit := lingerOpen
	switch {
	case f.closed():
		limit = lingerClosed
	case f.established == 0 && f.ends[0].bytes+f.ends[1].bytes == 0:
		limit = lingerSYN
	}
	if e.now-f.last > limit {
		e.finish(f)
	}
}

// maxLingering bounds the closed connections that wait for stragglers.
const maxLingering = 4096

// finish ends a connection and hands it on.
func (e *engine) finish(f *flow) {
	was, end := e.f, e.end
	e.f = f
	for i := range f.ends {
		e.end = i
		e.waiting -= f.ends[i].memory()
		f.ends[i].flush(e)
	}
	if f.conv != nil {
		f.conv.end(e, f)
	}
	e.connection(f, e.out.connection())
	e.out.full(e)
	if f.conv != nil {
		e.dropConversation(f.conv)
	}
	e.flows.remove(f)
	e.f, e.end = was, end
}

// wants implements [taker].
func (e *engine) wants() bool {
	return (e.f.conv != nil || !e.f.plain[e.end]) && e.waiting < maxWaiting
}

// take implements [taker]: it decides whether a stream may be RPC.
func (e *engine) take(c chunk, missing int) {
	f, end := e.f, e.end
	if f.key.pa == dnsPort || f.key.pb == dnsPort {
		e.dns.stream(e, f, end, c.data, missing)
		return
	}
	clean := f.ends[end].syn > 0 && !f.holed[end]
	if f.conv == nil && len(c.data) > 0 && !f.plain[end] {
		if f.onPort || mayBegin(c.data, clean) {
			f.conv = e.newConversation()
		} else if clean {
			f.plain[end] = true
		}
	}
	if f.conv != nil && len(c.data) > 0 {
		f.conv.feed(e, f, end, c, clean)
	}
	if missing > 0 {
		f.holed[end] = true
		if f.conv != nil {
			f.conv.hole(end)
		}
	}
}

// foundKMS is called when a connection turns out to be KMS.
func (e *engine) foundKMS(f *flow) {
	e.matched = true
	e.dns.used(e, f.end(1-f.roles()))
}

// exchange hands on a call.
func (e *engine) exchange(f *flow, c *conversation, k *call) {
	e.count.Exchanges++
	f.exchanges++
	ci := f.roles()
	x := e.out.exchange()
	*x = Exchange{
		File: e.file, Number: e.count.Exchanges, Conn: f.number, Client: f.end(ci), Host: f.end(1 - ci),
		CallID: k.id, Context: k.context, Outcome: k.outcome, HRESULT: k.hresult, Fault: k.fault,
		Syntax: k.encoding, BindSeen: c.kms && k.known, ReqFrags: k.request.frags, RespFrags: k.answer.frags,
		Requested: k.request.last.time, Answered: k.answer.last.time,
		Request:     Span{k.request.first.number, k.request.last.number},
		Answer:      Span{k.answer.first.number, k.answer.last.number},
		ReqMessage:  e.out.keep(k.request.bytes),
		RespMessage: e.out.keep(k.answer.bytes),
		ReqOffset:   k.request.offset, RespOffset: k.answer.offset,
		Group: c.bind.ack.AssocGroup,
	}
	e.drop(k)
	if x.Outcome == Unanswered {
		host := &f.ends[1-ci]
		x.OneSided = !host.seen
		switch {
		case host.rst:
			x.Ended = Reset
		case host.fin:
			x.Ended = Closed
		default:
			x.CutOff = x.Requested > 0 && e.count.LastTime-x.Requested < patienceAnswer && !f.ends[ci].rst && !f.ends[ci].fin
		}
	}
	if c.bind.answered.time > 0 && c.bind.asked.time > 0 {
		x.BindTook = c.bind.answered.time - c.bind.asked.time
	}
	if f.established > 0 {
		x.ConnectTook = f.established - f.first
	}
	e.out.full(e)
}

// close ends all connections.
func (e *engine) close() {
	var open []*flow
	for _, s := range e.flows.slots {
		if s.at != 0 {
			open = append(open, e.flows.at(s.at-1))
		}
	}
	slices.SortFunc(open, func(a, b *flow) int { return cmp.Compare(a.number, b.number) })
	for _, f := range open {
		e.finish(f)
	}
	e.dns.close(e)
	e.out.flush()
}
