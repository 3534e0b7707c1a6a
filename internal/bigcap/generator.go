package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
)

// parallel is how many connections of each kind are open at once.
const parallel = 64

// generator writes the capture.
type generator struct {
	w        *bufio.Writer
	r        *rand.Rand
	sessions []session
	clients  int
	noise    [1 << 20]byte
	at       int64 // microseconds since 1970
	frame    []byte

	written, packets, kms, others int64
}

// flow is a session on its way.
type flow struct {
	segments     []segment
	src, dst     uint32
	sport, dport uint16
	seq          [2]uint32 // what to add to the relative numbers of client and host
	next         int
}

func (g *generator) run(ctx context.Context, size, ratio int64) error {
	head := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	head = append(head, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	head = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(head, 262144), 1)
	if _, err := g.w.Write(head); err != nil {
		return err
	}
	g.written = int64(len(head))
	var open [2][]*flow
	var sum [2]int64
	for g.written < size || len(open[0])+len(open[1]) > 0 {
		if g.packets&0xffff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		kind := 0
		if ratio > 0 && sum[0]*ratio > sum[1] {
			kind = 1
		}
		if g.written >= size && len(open[kind]) == 0 {
			kind = 1 - kind
		}
		for g.written < size && len(open[kind]) < parallel {
			open[kind] = append(open[kind], g.begin(kind == 0))
		}
		i := g.r.IntN(len(open[kind]))
		f := open[kind][i]
		n, err := g.emit(f)
		if err != nil {
			return err
		}
		sum[kind] += n
		if f.next == len(f.segments) {
			last := len(open[kind]) - 1
			open[kind][i] = open[kind][last]
			open[kind] = open[kind][:last]
		}
	}
	return nil
}

// begin starts a session of KMS, with a client of its own, or another one.
func (g *generator) begin(isKMS bool) *flow {
	f := &flow{sport: uint16(20000 + g.r.IntN(40000)), seq: [2]uint32{g.r.Uint32(), g.r.Uint32()}}
	if !isKMS {
		g.others++
		f.src, f.dst, f.dport = 10<<24|g.r.Uint32N(1<<16), 10<<24|200<<16|g.r.Uint32N(1<<10), []uint16{443, 80, 445, 8443}[g.r.IntN(4)]
		f.segments = g.traffic()
		return f
	}
	g.kms++
	id, addr := clientOf(g.r.IntN(g.clients))
	f.src, f.dst, f.dport = addr, 10<<24|77<<16|10+g.r.Uint32N(2), 1688
	s := &g.sessions[g.r.IntN(len(g.sessions))]
	f.segments = append([]segment(nil), s.segments...)
	for _, m := range s.messages {
		t := &f.segments[m.segment]
		t.payload = bytes.Clone(t.payload)
		id.reseal(t.payload[m.offset:m.offset+m.length], m.request)
	}
	return f
}

// traffic is a download: a question, and an answer of some segments.
func (g *generator) traffic() []segment {
	pick := func(n int) []byte { at := g.r.IntN(len(g.noise) - n); return g.noise[at : at+n] }
	question := pick(100 + g.r.IntN(400))
	s := []segment{
		{client: true, flags: 2},
		{flags: 0x12, ack: 1},
		{client: true, flags: 0x10, seq: 1, ack: 1},
		{client: true, flags: 0x18, seq: 1, ack: 1, payload: question},
	}
	c, h := uint32(1+len(question)), uint32(1)
	for range 1 + g.r.IntN(20) {
		b := pick(200 + g.r.IntN(1248))
		s = append(s, segment{flags: 0x18, seq: h, ack: c, payload: b})
		h += uint32(len(b))
		s = append(s, segment{client: true, flags: 0x10, seq: c, ack: h})
	}
	return append(s, segment{client: true, flags: 0x11, seq: c, ack: h}, segment{flags: 0x11, seq: h, ack: c + 1},
		segment{client: true, flags: 0x10, seq: c + 1, ack: h + 1})
}

// emit writes the next segment of a flow.
func (g *generator) emit(f *flow) (int64, error) {
	s := &f.segments[f.next]
	f.next++
	src, dst, sport, dport, mine, other := f.src, f.dst, f.sport, f.dport, f.seq[0], f.seq[1]
	if !s.client {
		src, dst, sport, dport, mine, other = dst, src, dport, sport, other, mine
	}
	head := 20 + len(s.options)
	total := 20 + head + len(s.payload)
	be, le := binary.BigEndian, binary.LittleEndian
	g.at += 13
	b := le.AppendUint32(le.AppendUint32(g.frame[:0], uint32(g.at/1e6)), uint32(g.at%1e6))
	b = le.AppendUint32(le.AppendUint32(b, uint32(14+total)), uint32(14+total))
	b = append(b, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0)
	ip := len(b)
	b = append(b, 0x45, 0, byte(total>>8), byte(total), 0, 0, 0x40, 0, 64, 6, 0, 0)
	b = be.AppendUint32(be.AppendUint32(b, src), dst)
	be.PutUint16(b[ip+10:], checksum(b[ip:ip+20], 0))
	tcp := len(b)
	b = be.AppendUint16(be.AppendUint16(b, sport), dport)
	b = be.AppendUint32(be.AppendUint32(b, mine+s.seq), other+s.ack)
	b = append(b, byte(head/4)<<4, s.flags, 0xff, 0xff, 0, 0, 0, 0)
	b = append(append(b, s.options...), s.payload...)
	if s.flags&0x10 == 0 {
		clear(b[tcp+8 : tcp+12])
	}
	pseudo := uint32(6 + head + len(s.payload))
	for i := ip + 12; i < ip+20; i += 2 {
		pseudo += uint32(be.Uint16(b[i:]))
	}
	be.PutUint16(b[tcp+16:], checksum(b[tcp:], pseudo))
	g.frame = b
	g.packets++
	g.written += int64(len(b))
	_, err := g.w.Write(b)
	return int64(len(b)), err
}

func checksum(b []byte, sum uint32) uint16 {
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
