package hostlog

import "time"

// Summer time begins and ends between two entries. An entry that a step away
// from the zone would fit its client's clock either is the first after a change
// or its client's clock is off by that much; the entries behind it tell. So the
// first such entry, and all that follow, wait for lookAhead more.
const lookAhead = 32

// isStep tells whether two zones differ as summer and winter do: by an hour, or
// by half of one on Lord Howe Island.
func isStep(d time.Duration) bool {
	d = d.Abs()
	return d == time.Hour || d == 30*time.Minute
}

// doubtful tells whether an entry with a local time has to wait.
func (c *clockwork) doubtful(r *Request, s stamp) bool {
	if !c.decided || !c.zoneKnown || s.zoned || s.zero() {
		return false
	}
	d, ok := c.fits(r, s)
	return ok && isStep(d-c.zone) && !(c.straggle > 0 && d == c.former)
}

// fits is the zone that an entry's client makes it.
func (c *clockwork) fits(r *Request, s stamp) (time.Duration, bool) {
	against := c.against
	t, ok := c.read(s)
	c.against = against
	if !ok {
		return 0, false
	}
	return difference(r, t)
}

// judge looks at the first entry that waits: where more of those behind it fit
// its zone than the present one, the zone has changed.
func (c *clockwork) judge() {
	head := &c.waiting[0]
	zone, ok := c.fits(&head.Request, head.stamp)
	if !ok || !isStep(zone-c.zone) {
		return
	}
	present, changed := 0, 0
	for i := range c.waiting[:min(len(c.waiting), lookAhead)] {
		switch d, ok := c.fits(&c.waiting[i].Request, c.waiting[i].stamp); {
		case !ok:
		case d == c.zone:
			present++
		case d == zone:
			changed++
		}
	}
	if changed > present {
		c.former, c.straggle = c.zone, lookAhead
		c.zone = zone
	}
}

// linger settles entries that wait until only a look ahead is left of them, or
// none where the source ends.
func (s *source) linger(end bool) {
	c := &s.clock
	for len(c.waiting) > 0 {
		w := &c.waiting[0]
		if c.doubtful(&w.Request, w.stamp) {
			if !end && len(c.waiting) < lookAhead {
				return
			}
			c.judge()
		}
		s.place = w.place
		base, _ := c.set(&w.Request, w.stamp)
		s.tally.add(s, []byte(w.host), &w.Request, base)
		c.waiting[0] = waitingRequest{}
		c.waiting = c.waiting[1:]
	}
	c.waiting = nil
}
