package capture

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// collector is a taker that keeps everything.
type collector struct {
	got     []byte
	missing int
}

func (c *collector) wants() bool { return true }

func (c *collector) take(k chunk, missing int) {
	c.got = append(c.got, k.data...)
	for range missing {
		c.got = append(c.got, '?')
	}
	c.missing += missing
}

// model puts a stream together in the simplest way: a byte belongs to whoever
// brought it first.
type model struct {
	base  uint32
	bytes map[int]byte
	end   int
}

func (m *model) add(seq uint32, data []byte) {
	at := int(int32(seq - m.base))
	for i, b := range data {
		if _, ok := m.bytes[at+i]; !ok && at+i >= 0 {
			m.bytes[at+i] = b
		}
	}
	m.end = max(m.end, at+len(data))
}

func (m *model) stream() (out []byte, missing int) {
	for i := range m.end {
		b, ok := m.bytes[i]
		if !ok {
			b = '?'
			missing++
		}
		out = append(out, b)
	}
	return out, missing
}

// play feeds segments that the bytes of script describe to a stream and to the
// model, and compares them.
func play(t *testing.T, script []byte) {
	const isn = 0xffffff80 // the sequence numbers wrap
	s := stream{began: true, next: isn}
	m := model{base: isn, bytes: map[int]byte{}}
	var c collector
	for n := 0; len(script) >= 3 && n < 50; script, n = script[3:], n+1 {
		at, size := int(script[0])+int(script[2]&3)*64, int(script[1])%40
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(n*41 + i)
		}
		if size == 0 {
			continue
		}
		seq := uint32(isn) + uint32(at)
		m.add(seq, data)
		s.add(chunk{seq: seq, wire: size, data: data, number: int64(n)}, size, &c)
	}
	s.flush(&c)
	want, missing := m.stream()
	if !bytes.Equal(c.got, want) || c.missing != missing {
		t.Fatalf("got  %q, %d missing\nwant %q, %d missing", c.got, c.missing, want, missing)
	}
	if s.bytes != int64(len(want)-missing) {
		t.Errorf("%d distinct bytes counted, want %d", s.bytes, len(want)-missing)
	}
	if s.memory() != 0 {
		t.Errorf("%d bytes still held", s.memory())
	}
}

func TestStreamAgainstModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		script := make([]byte, 3*r.IntN(40))
		for i := range script {
			script[i] = byte(r.Uint32())
		}
		play(t, script)
	}
}

func FuzzStream(f *testing.F) {
	f.Add([]byte{0, 10, 0, 20, 10, 0, 10, 10, 0})
	f.Add([]byte{5, 30, 0, 0, 39, 1, 0, 39, 0, 60, 39, 0})
	f.Fuzz(play)
}

func TestStreamHoles(t *testing.T) {
	var c collector
	s := stream{began: true, next: 100}
	s.add(chunk{seq: 100, wire: 3, data: []byte("abc")}, 3, &c)
	s.add(chunk{seq: 106, wire: 3, data: []byte("ghi")}, 3, &c)
	if string(c.got) != "abc" {
		t.Fatalf("%q before the hole is known to be lost", c.got)
	}
	s.heard, s.acked = true, 109 // the other end has it all
	s.add(chunk{seq: 112, wire: 3, data: []byte("mno")}, 3, &c)
	if string(c.got) != "abc???ghi" {
		t.Errorf("%q after the other end acknowledged the hole", c.got)
	}
	s.add(chunk{seq: 109, wire: 3, data: []byte("j")}, 1, &c) // cut by the snap length
	if string(c.got) != "abc???ghij??mno" || s.bytes != 10 {
		t.Errorf("%q, %d bytes", c.got, s.bytes)
	}
	s.add(chunk{seq: 103, wire: 3, data: []byte("def")}, 3, &c)
	if string(c.got) != "abc???ghij??mno" {
		t.Errorf("%q: what was given up came late and was delivered", c.got)
	}
}

func TestStreamIsBounded(t *testing.T) {
	var c collector
	s := stream{began: true, next: 0}
	data := make([]byte, 1000)
	for i := range 10_000 {
		s.add(chunk{seq: uint32(10 + i*2000), wire: 1000, data: data}, 1000, &c)
		if s.memory() > 2*maxChunkData {
			t.Fatalf("%d bytes held", s.memory())
		}
	}
}

func TestFragmentsAgainstWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		whole := make([]byte, 8*(2+r.IntN(40))+r.IntN(8))
		for i := range whole {
			whole[i] = byte(r.Uint32())
		}
		type piece struct {
			at   int
			data []byte
			more bool
		}
		var pieces []piece
		for at := 0; at < len(whole); {
			n := min(8*(1+r.IntN(5)), len(whole)-at)
			pieces = append(pieces, piece{at, whole[at : at+n], at+n < len(whole)})
			at += n
		}
		pieces = append(pieces, pieces[r.IntN(len(pieces))]) // one twice
		r.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		var parts fragments
		done := 0
		for _, p := range pieces {
			f := frame{payload: p.data, wire: len(p.data)}
			if f.join(&parts, fragmentKey{id: 7}, p.at, p.more, 0) == taken {
				done++
				if !bytes.Equal(f.payload, whole) {
					t.Fatalf("%x, want %x", f.payload, whole)
				}
			}
		}
		if done == 0 {
			t.Fatalf("%d pieces of %d bytes never became whole", len(pieces), len(whole))
		}
	}
}

func TestFragmentsAreBounded(t *testing.T) {
	var parts fragments
	for i := range 20_000 {
		f := frame{payload: make([]byte, 1400), wire: 1400}
		f.join(&parts, fragmentKey{id: uint32(i)}, 0, true, int64(i))
		if parts.held > maxHeld || len(parts.order) > maxDatagrams || len(parts.open) != len(parts.order) {
			t.Fatalf("%d bytes of %d datagrams held", parts.held, len(parts.open))
		}
	}
}
