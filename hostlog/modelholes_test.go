package hostlog

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
)

// TestHolesLeaveLowerBounds loses some stretches of a log: what is still said
// to be counted is what the whole log gives, and the rest is no more than that.
func TestHolesLeaveLowerBounds(t *testing.T) {
	t.Parallel()
	certain, holed := 0, 0
	for seed := range uint64(seeds / 2) {
		s := simulate(seed)
		rnd := rand.New(rand.NewPCG(seed, 99))
		rest := s
		rest.reqs = slices.Clone(s.reqs)
		for range 1 + rnd.IntN(2) {
			from := rnd.IntN(len(rest.reqs))
			to := min(from+1+rnd.IntN(len(s.reqs)/4+1), len(rest.reqs)-1)
			rest.reqs = slices.Delete(rest.reqs, from, max(from, to))
		}
		r, l, steps := rest.windows(t, seed)
		known := append([]hole{{to: unix(l.First)}}, r.tally.holes(r.tally.lists[0].key.host, false, unix(r.Now))...)
		lost := int64(0)
		for _, h := range l.Holes {
			lost += h.Missing
		}
		before := int64(0)
		for before < int64(len(s.reqs)) && s.reqs[before].record < rest.reqs[0].record {
			before++
		}
		if want := int64(len(s.reqs)-len(rest.reqs)) - before; lost != want {
			t.Fatalf("seed %d: %d entries said to be missing, %d are: %+v", seed, lost, want, l.Holes)
		}
		for _, at := range s.moments() {
			got, want := countAt(steps, unix(at)), s.count(at)
			if got > want || got != want && !uncertain(known, unix(at)) {
				t.Fatalf("seed %d: count at %v is %d, certain %v; it was %d", seed, at, got, !uncertain(known, unix(at)), want)
			}
		}
		if l.Whole {
			certain++
		} else {
			holed++
		}
		if l.Whole && l.Count != s.count(s.now) || !l.Whole && fact(r, "count.low") != nil && fact(r, "count.low").Sure == Counted {
			t.Fatalf("seed %d: whole %v, count %d, it was %d", seed, l.Whole, l.Count, s.count(s.now))
		}
		s.checkCertain(t, seed, l)
	}
	if certain == 0 || holed == 0 {
		t.Errorf("%d whole, %d holed: the simulation shows nothing", certain, holed)
	}
}

// checkCertain compares what is said without reserve of the past.
func (s simulation) checkCertain(t *testing.T, seed uint64, l *List) {
	t.Helper()
	for _, d := range l.Course {
		start, err := time.Parse(time.DateOnly, d.Day)
		if err != nil {
			t.Fatal(err)
		}
		end := start.Add(24*time.Hour - time.Second)
		if end.After(s.now) {
			end = s.now
		}
		if want := s.count(end); d.Count > want || !d.Uncertain && d.Count != want {
			t.Fatalf("seed %d: %+v, it was %d", seed, d, want)
		}
	}
	type crossing struct {
		at int64
		n  int
		up bool
	}
	was := map[crossing]bool{}
	for _, at := range s.moments() {
		for _, n := range []int{5, 25} {
			before, is := s.count(at.Add(-time.Second)), s.count(at)
			if (before >= n) != (is >= n) {
				was[crossing{at.Unix(), n, is >= n}] = true
			}
		}
	}
	for _, c := range l.Crossings {
		if !c.Uncertain && !was[crossing{c.At.Unix(), c.Threshold, c.Up}] {
			t.Fatalf("seed %d: no crossing like %+v", seed, c)
		}
	}
	if r := l.Forecast.Rate; r != nil {
		if then := len(s.at(s.now.Add(-catalog.CountWindow))); r.Before != then {
			t.Fatalf("seed %d: %d counted 30 days ago, it was %d", seed, r.Before, then)
		}
	}
}
