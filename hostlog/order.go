package hostlog

import (
	"slices"
	"time"
)

// clockwork gives the requests of one source their times. Text and CSV have
// local times without a zone, with day and month in the order of whoever
// exported them. Both follow from the client times, which are in UTC and stand
// in every request: most clients' clocks are right to the minute. The first
// requests wait until that is decided.
type clockwork struct {
	decided bool
	waiting []waitingRequest

	monthFirst bool
	readable   bool          // the order of day and month is known
	byClients  int64         // readings that the client times decided
	byNumber   int64         // readings that a number above 12 decided
	byMonotony bool          // ... or only that entries follow each other
	against    int64         // entries that can only be read in the other order
	zone       time.Duration // to add to a local time for UTC
	zoneKnown  bool
	zones      []time.Duration // all that were used, at most maxZones
	former     time.Duration   // zone before the last change by a step
	straggle   int             // entries for which that may still hold
	recent     [63]time.Duration
	n          int

	local  int64 // entries with a local time
	utc    int64 // entries with a time in UTC
	borrow int64 // entries whose time is the client's
}

// waitingRequest is a copy of a request without its time.
type waitingRequest struct {
	Request
	host  string
	stamp stamp
	place int64
}

// maxWaiting is how many requests decide about a source.
const maxWaiting = 2048

// timeBase says by which clock a request's time is.
type timeBase uint8

const (
	baseHost   timeBase = iota // the host's, in UTC
	baseLocal                  // the host's, its zone inferred from the clients
	baseClient                 // the client's own
)

// set gives a request its time where that needs no decision, or where it has
// been made; false: the request has to wait.
func (c *clockwork) set(r *Request, s stamp) (timeBase, bool) {
	switch {
	case s.zoned:
		r.Time = s.any()
		c.utc++
		return baseHost, true
	case s.zero():
		return c.lend(r), true
	case !c.decided:
		return baseLocal, false
	}
	t, ok := c.read(s)
	if !ok || !c.zoneKnown {
		return c.lend(r), true
	}
	c.observe(r, t)
	zone := c.zone
	if d, ok := difference(r, t); ok && c.straggle > 0 && d == c.former {
		zone = d
	}
	c.straggle = max(0, c.straggle-1)
	c.use(zone)
	r.Time = t.Add(zone)
	c.local++
	return baseLocal, true
}

// maxZones bounds the zones that are named.
const maxZones = 8

func (c *clockwork) use(zone time.Duration) {
	if len(c.zones) < maxZones && !slices.Contains(c.zones, zone) {
		c.zones = append(c.zones, zone)
	}
}

// difference is a client's time less the local time of its entry, to the quarter
// of an hour: the zone of the entry, if both clocks are right.
func difference(r *Request, local time.Time) (time.Duration, bool) {
	if r.ClientTime.IsZero() {
		return 0, false
	}
	d := r.ClientTime.Sub(local).Round(15 * time.Minute)
	return d, d.Abs() <= 14*time.Hour
}

// lend takes the client's time for the entry's.
func (c *clockwork) lend(r *Request) timeBase {
	r.Time = r.ClientTime
	c.borrow++
	return baseClient
}

// read chooses a reading.
func (c *clockwork) read(s stamp) (time.Time, bool) {
	chosen, other := s.dayFirst, s.monthFirst
	if c.monthFirst {
		chosen, other = other, chosen
	}
	switch {
	case s.ambiguous():
		return chosen, c.readable
	case !chosen.IsZero():
		return chosen, true
	}
	c.against++
	return other, true
}

// decide settles the order of day and month and the zone by what waits.
func (c *clockwork) decide() {
	c.decided = true
	var day, month, numbers int64
	ambiguous := false
	for i := range c.waiting {
		w := &c.waiting[i]
		switch {
		case w.stamp.dayFirst.IsZero():
			month++
			numbers++
		case w.stamp.monthFirst.IsZero():
			day++
			numbers++
		case w.stamp.ambiguous():
			ambiguous = true
			if w.ClientTime.IsZero() {
				continue
			}
			d, m := near(w.stamp.dayFirst, w.ClientTime), near(w.stamp.monthFirst, w.ClientTime)
			if d != m {
				c.byClients++
				if d {
					day++
				} else {
					month++
				}
			}
		}
	}
	c.byNumber = numbers
	c.monthFirst = month > day
	c.readable = !ambiguous || day != month
	if !c.readable {
		d, m := c.reversals(false), c.reversals(true)
		c.readable, c.byMonotony, c.monthFirst = d != m, d != m, m < d
	}
	for i := range c.waiting {
		if c.n == len(c.recent) {
			break
		}
		if t, ok := c.read(c.waiting[i].stamp); ok {
			c.observe(&c.waiting[i].Request, t)
		}
	}
	c.against = 0
	c.adapt(c.n)
	// A change soon after the beginning must not be taken for it.
	if first, times := c.usual(min(c.n, 9)); times > 0 && isStep(first-c.zone) {
		c.zone = first
	}
}

// near tells whether a local time may be a client's time: clocks differ by the
// zone and not by days.
func near(local, client time.Time) bool { return local.Sub(client).Abs() <= 26*time.Hour }

// reversals counts how often time turns round under a reading: entries of a log
// stand in order, oldest or newest first.
func (c *clockwork) reversals(monthFirst bool) int {
	turns, sign := 0, 0
	var last time.Time
	for i := range c.waiting {
		s := c.waiting[i].stamp
		t := s.dayFirst
		if monthFirst || t.IsZero() {
			t = s.monthFirst
		}
		if !last.IsZero() && !t.Equal(last) {
			now := t.Compare(last)
			if sign != 0 && now != sign {
				turns++
			}
			sign = now
		}
		last = t
	}
	return turns
}

// observe compares a local time with the client's; now and then the zone is
// looked at again, since it changes with summer time.
func (c *clockwork) observe(r *Request, local time.Time) {
	d, ok := difference(r, local)
	if !ok {
		return
	}
	c.recent[c.n%len(c.recent)] = d
	c.n++
	if c.decided && c.n%8 == 0 && c.zoneKnown {
		c.adapt(min(c.n, len(c.recent)))
	}
}

// adapt takes the most frequent difference of the last ones for the zone, if
// more than half agree or none is known. Changes by a step are found by looking
// ahead.
func (c *clockwork) adapt(n int) {
	best, times := c.usual(n)
	switch {
	case times == 0:
	case !c.zoneKnown:
		c.zone, c.zoneKnown = best, true
	case 2*times > min(n, len(c.recent)) && !isStep(best-c.zone):
		c.zone = best
	}
}

// usual is the most frequent of the first n differences that are kept.
func (c *clockwork) usual(n int) (best time.Duration, times int) {
	last := slices.Clone(c.recent[:min(n, len(c.recent))])
	slices.Sort(last)
	for i := 0; i < len(last); {
		k := i
		for k < len(last) && last[k] == last[i] {
			k++
		}
		if k-i > times {
			best, times = last[i], k-i
		}
		i = k
	}
	return best, times
}
