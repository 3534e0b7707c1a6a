package hostlog

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
)

// step is the count of a list from a moment on.
type step struct {
	at    uint32
	count int32
}

// steps returns the exact course of a list's count: at every moment the number
// of ids that were served within the 30 days before. Its last steps are after
// the last request: the ageing that follows if nobody asks any more.
func (t *tally) steps(no uint16) []step {
	var up, down []uint32
	for i, c := range t.clients.all {
		if c.key.list != no || c.span == (span{}) {
			continue
		}
		up, down = append(up, c.span.from), append(down, c.span.to+window)
		if c.has&hasSpans != 0 {
			for _, s := range t.spans[i] {
				up, down = append(up, s.from), append(down, s.to+window)
			}
		}
	}
	slices.Sort(up)
	slices.Sort(down)
	var list []step
	count := int32(0)
	for i, k := 0, 0; k < len(down); {
		at := down[k]
		if i < len(up) {
			at = min(at, up[i])
		}
		for ; i < len(up) && up[i] == at; i++ {
			count++
		}
		for ; k < len(down) && down[k] == at; k++ {
			count--
		}
		if n := len(list); n == 0 || list[n-1].count != count {
			list = append(list, step{at, count})
		}
	}
	return list
}

// countAt returns the count at a moment.
func countAt(steps []step, at uint32) int {
	i := sort.Search(len(steps), func(i int) bool { return steps[i].at > at })
	if i == 0 {
		return 0
	}
	return int(steps[i-1].count)
}

// Bounds of what a report holds of a course.
const (
	maxCourse    = 400
	maxCrossings = 40
)

// course cuts the steps into days, from the first request to now.
func (l *list) course(steps []step, holes []hole, now uint32, firsts map[int32]int64) (days []Day, more int) {
	from, to := int32(l.first/86400), int32(now/86400)
	if n := int(to-from) + 1; n > maxCourse {
		more = n - maxCourse
		from = to - maxCourse + 1
	}
	for no := from; no <= to; no++ {
		start, end := uint32(no)*86400, min(uint32(no)*86400+86399, now)
		d := Day{
			Day: fromUnix(start).Format(time.DateOnly), Count: countAt(steps, end), First: firsts[no],
			Uncertain: uncertain(holes, end),
		}
		d.Low = min(d.Count, countAt(steps, max(start, l.first)))
		i := sort.Search(len(steps), func(i int) bool { return steps[i].at >= max(start, l.first) })
		for ; i < len(steps) && steps[i].at <= end; i++ {
			d.Low = min(d.Low, int(steps[i].count))
		}
		if x := l.days[no]; x != nil {
			d.Renewals, d.Attempts, d.Refused = x.renewals, max(0, x.attempts-d.First), x.refused
		}
		days = append(days, d)
	}
	return days, more
}

// thresholds are the minimum counts that matter to a list.
func (l *list) thresholds() []int {
	if l.raised != 0 {
		return []int{catalog.ServerN, catalog.ClientN}
	}
	return []int{catalog.ServerN}
}

// crossings lists the moments at which the count passed a threshold until now.
func (l *list) crossings(steps []step, holes []hole, now uint32) []Crossing {
	var found []Crossing
	before := int32(0)
	for _, s := range steps {
		if s.at > now {
			break
		}
		for _, n := range l.thresholds() {
			if was, is := int(before) >= n, int(s.count) >= n; was != is {
				found = append(found, Crossing{fromUnix(s.at), n, is, uncertain(holes, s.at)})
			}
		}
		before = s.count
	}
	if len(found) > maxCrossings {
		found = found[len(found)-maxCrossings:]
	}
	return found
}

// leaving is when an id leaves the count if it does not ask again.
type leaving struct {
	at     uint32
	client int32
}

// forecast continues a count from now.
func (t *tally) forecast(no uint16, steps []step, holes []hole, now uint32) Forecast {
	l := t.lists[no]
	f := Forecast{Falls: []Fall{}, Days: make([]int, 0, 30)}
	var counted []leaving
	before, kept := 0, 0
	for i, c := range t.clients.all {
		if c.key.list != no || c.span == (span{}) {
			continue
		}
		is := c.span.from <= now && now < c.span.to+window
		was := now >= window && t.countedAt(i, c, now-window)
		if is {
			counted = append(counted, leaving{c.span.to + window, i})
		}
		if was {
			before++
			if is {
				kept++
			}
		}
	}
	slices.SortFunc(counted, func(a, b leaving) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.client, b.client))
	})
	for _, n := range l.thresholds() {
		if i := len(counted) - n; i >= 0 {
			c := t.clients.at(counted[i].client)
			f.Falls = append(f.Falls, Fall{n, fromUnix(counted[i].at), t.names.name(c.name), c.key.cmid.String()})
		}
	}
	for d := uint32(1); d <= 30; d++ {
		f.Days = append(f.Days, countAt(steps, now+d*86400))
	}
	if before > 0 && now >= 2*window && !missing(holes, now-2*window, now) {
		f.Rate = rate(before, kept, len(counted)-kept, l.thresholds(), now)
	}
	return f
}

// countedAt tells whether an id was counted at a moment.
func (t *tally) countedAt(i int32, c *client, at uint32) bool {
	in := func(s span) bool { return s.from <= at && at < s.to+window }
	if in(c.span) {
		return true
	}
	if c.has&hasSpans == 0 {
		return false
	}
	return slices.ContainsFunc(t.spans[i], in)
}

// rate expects of each coming month what the last one did: the same part of the
// ids comes again, and as many new ones come.
func rate(before, kept, fresh int, thresholds []int, now uint32) *Rate {
	r := &Rate{Before: before, Kept: kept, New: fresh, Months: []float64{}, Falls: []Trend{}}
	part := float64(kept) / float64(before)
	count := float64(kept + fresh)
	fallen := map[int]bool{}
	for m := uint32(1); m <= 12; m++ {
		next := count*part + float64(fresh)
		for _, n := range thresholds {
			if count >= float64(n) && next < float64(n) && !fallen[n] {
				fallen[n] = true
				r.Falls = append(r.Falls, Trend{n, fromUnix(now).Add(time.Duration(m) * catalog.CountWindow)})
			}
		}
		count = next
		r.Months = append(r.Months, float64(int(count*10+0.5))/10)
	}
	return r
}
