package hostlog

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
)

// simulation is a fleet with a log, and a model of the host that is as plain as
// can be: every question is answered by looking at every request.
type simulation struct {
	reqs  []req
	now   time.Time
	known map[int64]int // counts by second, since each is asked for often
}

// simulate makes a fleet: clients that renew more or less often, come and go,
// are refused now and then, and share ids.
func simulate(seed uint64) simulation {
	rnd := rand.New(rand.NewPCG(seed, 42))
	s := simulation{now: noon, known: map[int64]int{}}
	span := time.Duration(10+rnd.IntN(140)) * 24 * time.Hour
	start := noon.Add(-span)
	servers := rnd.IntN(3) == 0 // only servers ask
	clients := 1 + rnd.IntN(70)
	for c := range clients {
		at := start.Add(time.Duration(rnd.Int64N(int64(span))))
		if rnd.IntN(2) == 0 {
			at = start.Add(time.Duration(rnd.Int64N(int64(24 * time.Hour))))
		}
		end := noon
		if rnd.IntN(3) == 0 {
			end = at.Add(time.Duration(rnd.Int64N(int64(span))))
		}
		interval := []time.Duration{2 * time.Hour, 7 * 24 * time.Hour, 20 * 24 * time.Hour, 45 * 24 * time.Hour}[rnd.IntN(4)]
		if interval == 2*time.Hour {
			end = at.Add(time.Duration(rnd.IntN(20)) * interval)
		}
		n, sku := 25, win11Enterprise
		if servers || c%3 == 0 {
			n, sku = 5, server2022
		}
		again, anew := rnd.IntN(5) == 0, at.Add(end.Sub(at)/2) // installed anew
		for ; !at.After(end) && !at.After(noon); at = at.Add(interval + time.Duration(rnd.Int64N(int64(interval)/4))) {
			r := req{at: at.Truncate(time.Second), n: n, sku: sku, machine: fmt.Sprintf("pc%d", c), cmid: id(c % 50), status: rnd.IntN(3), minutes: rnd.Int64N(259200)}
			if rnd.IntN(15) == 0 {
				r.hr = 0xC004F042
			}
			if rnd.IntN(3) == 0 {
				r.status = 3 + rnd.IntN(4)
			}
			if again && at.After(anew) {
				r.cmid = id(200 + c)
			}
			s.reqs = append(s.reqs, r)
		}
	}
	// One entry stands at now, so that the newest is known.
	s.reqs = append(s.reqs, req{at: noon, n: 5, sku: server2022, machine: "last", cmid: id(999), hr: 0xC004F06C, status: 2})
	slices.SortStableFunc(s.reqs, func(a, b req) int { return a.at.Compare(b.at) })
	for i := range s.reqs {
		s.reqs[i].record = int64(i + 1)
	}
	return s
}

// count is the number of ids served in the 30 days before a moment.
func (s simulation) count(at time.Time) int {
	n, ok := s.known[at.Unix()]
	if !ok {
		n = len(s.at(at))
		s.known[at.Unix()] = n
	}
	return n
}

// moments are the times at which the count may change, and those beside them.
func (s simulation) moments() []time.Time {
	var list []time.Time
	for _, r := range s.reqs {
		for _, at := range []time.Time{r.at, r.at.Add(catalog.CountWindow)} {
			list = append(list, at.Add(-time.Second), at)
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return slices.CompactFunc(list, time.Time.Equal)
}

// written is the log as files that overlap, in no order.
func (s simulation) written(seed uint64) [][]byte {
	rnd := rand.New(rand.NewPCG(seed, 7))
	reqs := slices.Clone(s.reqs)
	rnd.Shuffle(len(reqs), func(i, k int) { reqs[i], reqs[k] = reqs[k], reqs[i] })
	cut := rnd.IntN(len(reqs) + 1)
	back := min(cut, rnd.IntN(10))
	return [][]byte{xmlOf(reqs[:cut]...), evtxOf(reqs[cut-back:]...)}
}

// windows is the Windows list of a simulation, with its steps.
func (s simulation) windows(t *testing.T, seed uint64) (*Report, *List, []step) {
	t.Helper()
	files := s.written(seed)
	if len(files[0]) == 0 {
		files = files[1:]
	}
	r := read(t, Options{}, files...)
	if len(r.Lists) != 1 || !r.Now.Equal(s.now) {
		t.Fatalf("seed %d: %d lists, now %v", seed, len(r.Lists), r.Now)
	}
	return r, &r.Lists[0], r.tally.steps(0)
}

const seeds = 40

// TestCourseIsThatOfTheModel compares the count at every moment that matters,
// the days of the course and the crossings with the model.
func TestCourseIsThatOfTheModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		s := simulate(seed)
		_, l, steps := s.windows(t, seed)
		for _, at := range s.moments() {
			if got, want := countAt(steps, unix(at)), s.count(at); got != want {
				t.Fatalf("seed %d: count at %v is %d, the model has %d", seed, at, got, want)
			}
		}
		if l.Count != s.count(s.now) {
			t.Fatalf("seed %d: count %d, the model has %d", seed, l.Count, s.count(s.now))
		}
		s.checkDays(t, seed, l)
		s.checkCrossings(t, seed, l)
	}
}

func (s simulation) checkDays(t *testing.T, seed uint64, l *List) {
	t.Helper()
	moments := s.moments()
	for _, d := range l.Course {
		start, err := time.Parse(time.DateOnly, d.Day)
		if err != nil {
			t.Fatal(err)
		}
		end := start.Add(24*time.Hour - time.Second)
		if end.After(s.now) {
			end = s.now
		}
		low := min(s.count(end), s.count(latest(l.First, start)))
		for _, at := range moments {
			if at.Before(start) || at.After(end) || at.Before(l.First) {
				continue
			}
			low = min(low, s.count(at))
		}
		if d.Count != s.count(end) || d.Low != low {
			t.Fatalf("seed %d: %s has count %d, low %d; the model %d, %d", seed, d.Day, d.Count, d.Low, s.count(end), low)
		}
	}
	var renewals, others, refused, wantRenewals, wantOthers, wantRefused int64
	for _, d := range l.Course {
		renewals, others, refused = renewals+d.Renewals, others+d.Attempts+d.First, refused+d.Refused
	}
	for _, r := range s.reqs {
		switch {
		case r.hr != 0:
			wantRefused++
		case r.status == 1:
			wantRenewals++
		default:
			wantOthers++
		}
	}
	if renewals != wantRenewals || refused != wantRefused || others < wantOthers {
		t.Fatalf("seed %d: %d renewals, %d others, %d refused; want %d, %d, %d", seed, renewals, others, refused, wantRenewals, wantOthers, wantRefused)
	}
}

func (s simulation) checkCrossings(t *testing.T, seed uint64, l *List) {
	t.Helper()
	var want []string
	for _, n := range []int{5, 25} {
		if n == 25 && l.Ceiling != 50 {
			continue
		}
		before := 0
		for _, at := range s.moments() {
			if at.After(s.now) {
				break
			}
			is := s.count(at)
			if (before >= n) != (is >= n) {
				want = append(want, fmt.Sprint(at, n, is >= n))
			}
			before = is
		}
	}
	var got []string
	for _, c := range l.Crossings {
		got = append(got, fmt.Sprint(c.At, c.Threshold, c.Up))
	}
	slices.Sort(got)
	slices.Sort(want)
	if len(want) <= maxCrossings && !slices.Equal(got, want) {
		t.Fatalf("seed %d: crossings\n%v\nthe model has\n%v", seed, got, want)
	}
}

// TestForecastIsThatOfTheModel lets time go on without further requests.
func TestForecastIsThatOfTheModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		s := simulate(seed)
		_, l, _ := s.windows(t, seed)
		falls := map[int]time.Time{}
		for _, f := range l.Forecast.Falls {
			falls[f.Threshold] = f.At
		}
		for _, n := range []int{5, 25} {
			var want time.Time
			if s.count(s.now) >= n && (n == 5 || l.Ceiling == 50) {
				for _, at := range s.moments() {
					if at.After(s.now) && s.count(at) < n {
						want = at
						break
					}
				}
			}
			if !falls[n].Equal(want) {
				t.Fatalf("seed %d: below %d at %v, the model says %v", seed, n, falls[n], want)
			}
		}
		for d, got := range l.Forecast.Days {
			if want := s.count(s.now.Add(time.Duration(d+1) * 24 * time.Hour)); got != want {
				t.Fatalf("seed %d: %d in %d days, the model has %d", seed, got, d+1, want)
			}
		}
		s.checkRate(t, seed, l)
		s.checkLapses(t, seed, l)
	}
}

// at is the set of ids counted at a moment.
func (s simulation) at(at time.Time) map[string]bool {
	ids := map[string]bool{}
	first := sort.Search(len(s.reqs), func(i int) bool { return at.Sub(s.reqs[i].at) < catalog.CountWindow })
	for _, r := range s.reqs[first:] {
		if r.at.After(at) {
			break
		}
		if r.hr == 0 {
			ids[r.cmid] = true
		}
	}
	return ids
}

func (s simulation) checkRate(t *testing.T, seed uint64, l *List) {
	t.Helper()
	then, now := s.at(s.now.Add(-catalog.CountWindow)), s.at(s.now)
	kept := 0
	for c := range then {
		if now[c] {
			kept++
		}
	}
	r := l.Forecast.Rate
	if r == nil {
		if len(then) > 0 && s.now.Sub(l.First) >= 2*catalog.CountWindow {
			t.Fatalf("seed %d: no rate", seed)
		}
		return
	}
	if r.Before != len(then) || r.Kept != kept || r.New != len(now)-kept {
		t.Fatalf("seed %d: rate %+v, the model has %d, %d, %d", seed, r, len(then), kept, len(now)-kept)
	}
}

// TestHostListIsTheCountUpToItsCeiling plays the host's own list: it keeps the
// most recent ids, twice the largest minimum that was asked for, and forgets
// each after 30 days. Where the list had its size from the beginning, its length
// is the distinct count up to the ceiling, now and as it ages.
func TestHostListIsTheCountUpToItsCeiling(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		s := simulate(seed)
		_, l, steps := s.windows(t, seed)
		reqs := slices.Clone(s.reqs)
		slices.SortStableFunc(reqs, func(a, b req) int { return a.at.Compare(b.at) })
		seenAt := map[string]time.Time{}
		var queue []string // most recent last
		next := 0
		for _, at := range s.moments() {
			for ; next < len(reqs) && !reqs[next].at.After(at); next++ {
				if r := reqs[next]; r.hr == 0 {
					queue = append(slices.DeleteFunc(queue, func(c string) bool { return c == r.cmid }), r.cmid)
					seenAt[r.cmid] = r.at
					queue = queue[max(0, len(queue)-l.Ceiling):]
				}
			}
			queue = slices.DeleteFunc(queue, func(c string) bool { return at.Sub(seenAt[c]) >= catalog.CountWindow })
			if got := min(countAt(steps, unix(at)), l.Ceiling); got != len(queue) {
				t.Fatalf("seed %d: at %v the host's list holds %d, the count says %d", seed, at, len(queue), got)
			}
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
