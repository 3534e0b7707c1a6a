package hostlog

import "math"

// Offsets are between the client's clock, which a request shows to the minute
// and cut, and the host's, which stamps the entry. A minute either way is the
// cutting.
const minuteCut = 90

// zoneDoubt is the largest offset, in seconds, that a wrongly inferred zone
// could explain: an hour of summer time.
const zoneDoubt = 70 * 60

// clock compares the two clocks of a request.
func (t *tally) clock(c *client, at uint32, r *Request, l *list, base timeBase) {
	if base == baseClient || r.ClientTime.IsZero() {
		return
	}
	d := r.ClientTime.Unix() - int64(at)
	if base == baseLocal && d >= -zoneDoubt && d <= zoneDoubt {
		d = 0
	}
	d = max(min(d, math.MaxInt32), math.MinInt32)
	minute := int16(max(min(math.Round(float64(d)/60), math.MaxInt16), math.MinInt16))
	if _, ok := l.offsets[minute]; ok || len(l.offsets) < 1<<12 {
		l.offsets[minute]++
	}
	if at >= c.last { // note has set last: this is the newest request so far
		c.offset = int32(d)
		c.has |= hasOffset
	}
}
