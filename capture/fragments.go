package capture

import "slices"

// Bounds of the reassembly of IP datagrams.
const (
	maxDatagrams    = 256
	maxDatagram     = 65535
	maxFragments    = 512     // of one datagram
	fragmentTimeout = 30e9    // nanoseconds, as RFC 8200 has it within a factor of two
	maxHeld         = 4 << 20 // bytes of all datagrams
)

type fragmentKey struct {
	src, dst address
	id       uint32
	proto    uint8
}

// fragments holds datagrams of which parts are missing. Where parts overlap the
// first one counts, as most systems have it.
type fragments struct {
	open  map[fragmentKey]*datagram
	order []fragmentKey // by age
	held  int
}

type datagram struct {
	began int64
	parts []part // by offset, without overlaps
	total int    // bytes; -1 until the last fragment came
	size  int    // bytes held
}

type part struct {
	at   int
	data []byte
}

// join adds the fragment that f.payload is. It returns taken when it completes
// its datagram, which then takes the place of the payload.
func (f *frame) join(t *fragments, key fragmentKey, at int, more bool, now int64) passed {
	switch {
	case f.wire > len(f.payload):
		return cutShort // a hole that nothing will fill
	case at+len(f.payload) > maxDatagram, more && len(f.payload)%8 != 0, len(f.payload) == 0:
		return malformed
	}
	d := t.get(key, now)
	if !more && d.total < 0 {
		d.total = at + len(f.payload)
	}
	if !t.add(d, at, f.payload) {
		t.drop(key)
		return malformed
	}
	if d.total < 0 || d.size < d.total {
		t.trim()
		return incomplete
	}
	whole := make([]byte, 0, d.total)
	for _, p := range d.parts {
		if p.at > len(whole) {
			return incomplete // bytes beyond the end count in size
		}
		whole = append(whole, p.data...)
	}
	t.drop(key)
	if len(whole) < d.total {
		return malformed
	}
	f.payload, f.wire, f.fragment = whole[:d.total], d.total, true
	return taken
}

// get finds or makes the datagram of a key and ages the others.
func (t *fragments) get(key fragmentKey, now int64) *datagram {
	if t.open == nil {
		t.open = map[fragmentKey]*datagram{}
	}
	for len(t.order) > 0 && now-t.open[t.order[0]].began >= fragmentTimeout {
		t.drop(t.order[0])
	}
	d := t.open[key]
	if d == nil {
		if len(t.order) == maxDatagrams {
			t.drop(t.order[0])
		}
		d = &datagram{began: now, total: -1}
		t.open[key] = d
		t.order = append(t.order, key)
	}
	return d
}

// add keeps what a fragment has that is not there yet.
func (t *fragments) add(d *datagram, at int, data []byte) bool {
	i := 0
	for ; i < len(d.parts) && len(data) > 0; i++ {
		p := d.parts[i]
		end := p.at + len(p.data)
		if end <= at {
			continue
		}
		if p.at > at { // room before this part
			n := min(p.at-at, len(data))
			if len(d.parts) == maxFragments {
				return false
			}
			d.parts = slices.Insert(d.parts, i, part{at, slices.Clone(data[:n])})
			d.size, t.held = d.size+n, t.held+n
			data, at = data[n:], at+n
			continue
		}
		skip := min(end-at, len(data))
		data, at = data[skip:], at+skip
	}
	if len(data) == 0 {
		return true
	}
	if len(d.parts) == maxFragments {
		return false
	}
	d.parts = append(d.parts, part{at, slices.Clone(data)})
	d.size, t.held = d.size+len(data), t.held+len(data)
	return true
}

func (t *fragments) trim() {
	for t.held > maxHeld && len(t.order) > 0 {
		t.drop(t.order[0])
	}
}

func (t *fragments) drop(key fragmentKey) {
	if d := t.open[key]; d != nil {
		t.held -= d.size
		delete(t.open, key)
		if i := slices.Index(t.order, key); i >= 0 {
			t.order = slices.Delete(t.order, i, i+1)
		}
	}
}
