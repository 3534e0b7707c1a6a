package hostlog

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// hole is a time of which entries may be missing: those strictly between from
// and to.
type hole struct {
	from, to uint32
	missing  int64 // entries; 0: not known
	after    int64 // number of the last entry before it
	why      holeKind
}

type holeKind uint8

const (
	holeBegin   holeKind = iota // before the first entry
	holeJump                    // the entries' numbers jump
	holeSilence                 // no entry for a time in which there should be some
	holeQuiet                   // ... though no number is missing: nobody asked
	holeDamage                  // part of a file could not be read: it may be of any time
	holeBound                   // more was read than is kept
)

var holeWhy = [...]string{"begin", "numbers", "silence", "quiet", "damage", "bound"}

// anyTime is a hole of which it is not known when it was.
func anyTime(why holeKind) hole { return hole{to: math.MaxUint32, why: why} }

// missing tells whether an entry of the time after from, up to to, may be
// missing. Where nobody asked, none is.
func missing(holes []hole, from, to uint32) bool {
	return slices.ContainsFunc(holes, func(h hole) bool { return h.why != holeQuiet && h.from < to && h.to > from })
}

// unseen tells whether entries of the time after from, up to to, may have been
// written and not be in what was read. That there was more than is kept says
// nothing of the ids that are.
func unseen(holes []hole, from, to uint32) bool {
	return slices.ContainsFunc(holes, func(h hole) bool {
		return h.why != holeQuiet && h.why != holeBound && h.from < to && h.to > from
	})
}

// uncertain tells whether a count at a moment is but a lower bound.
func uncertain(holes []hole, at uint32) bool { return missing(holes, at-min(at, window), at) }

// activity is the first and the last entry of a host on a day.
type activity struct {
	first, last uint32
	entries     int64
}

// holes finds out what may be missing of a host's log.
func (t *tally) holes(host int32, damaged bool, now uint32) []hole {
	var list []hole
	var n numbers
	if x := t.numbers[host]; x != nil {
		n = *x
	}
	if x := t.numbers[noName]; x != nil && host == t.firstHost && host != noName {
		n.runs = slices.Clone(n.runs)
		n.merge(x)
	}
	list = n.jumps()
	for _, s := range t.silences(host, now) {
		switch {
		case slices.ContainsFunc(list, func(h hole) bool { return h.from < s.to && h.to > s.from }):
			continue
		case n.unbroken(s.from, s.to):
			s.why = holeQuiet
		}
		list = append(list, s)
	}
	if damaged {
		list = append(list, anyTime(holeDamage))
	}
	if t.capped || t.lost {
		list = append(list, anyTime(holeBound))
	}
	slices.SortStableFunc(list, func(a, b hole) int { return cmp.Compare(a.from, b.from) })
	return list
}

// What makes a silence: an activated client asks every 7 days, so that a log
// with any clients at all has entries each week.
const (
	silentWeek  = 8 * 86400 // seconds without an entry ...
	silentLeast = 10        // ... in which this many were to be expected
	silentDays  = 3 * 86400 // or a shorter time, where ...
	silentGaps  = 8         // ... there are this many times between entries
	silentRare  = 3         // ... and it is that often as long as they are
)

// silences returns the times in which a host should have been asked and was not,
// by what is usual in its log.
func (t *tally) silences(host int32, now uint32) []hole {
	days := map[int32]*activity{}
	for _, l := range t.lists {
		if l.key.host != host {
			continue
		}
		for no, d := range l.days {
			a := days[no]
			if a == nil {
				a = &activity{first: d.first}
				days[no] = a
			}
			a.first, a.last = min(a.first, d.first), max(a.last, d.last)
			a.entries += d.renewals + d.attempts + d.refused
		}
	}
	order := make([]int32, 0, len(days))
	for no := range days {
		order = append(order, no)
	}
	slices.Sort(order)
	var gaps []hole
	var entries int64
	var short uint32 // time with entries
	for i, no := range order {
		entries += days[no].entries
		to := now
		if i+1 < len(order) {
			to = days[order[i+1]].first
		}
		if from := days[no].last; to > from {
			gaps = append(gaps, hole{from: from, to: to, why: holeSilence})
			if to-from < silentWeek {
				short += to - from
			}
		}
		short += days[no].last - days[no].first
	}
	lengths := make([]uint32, len(gaps))
	for i, g := range gaps {
		lengths[i] = g.to - g.from
	}
	slices.Sort(lengths)
	usual := uint32(math.MaxUint32 / silentRare)
	if n := len(lengths); n >= silentGaps {
		usual = lengths[n-4]
	}
	var list []hole
	for _, g := range gaps {
		long := g.to - g.from
		expected := float64(entries) / float64(max(short, 86400)) * float64(long)
		if long >= silentWeek && expected >= silentLeast || long >= silentDays && long >= silentRare*usual {
			list = append(list, g)
		}
	}
	return list
}

// maxHoles bounds the holes of a report.
const maxHoles = 100

func holeReports(holes []hole) []Hole {
	list := []Hole{}
	for _, h := range holes[:min(len(holes), maxHoles)] {
		x := Hole{Missing: h.missing, Why: holeWhy[h.why], number: h.after}
		if h.to != math.MaxUint32 {
			x.After, x.Before = fromUnix(h.from), fromUnix(h.to)
		}
		list = append(list, x)
	}
	return list
}

// holeFacts says which entries are missing.
func (r *Report) holeFacts(add func(id string, st run.Status, sure Sure, basis, format string, args ...any)) {
	told := map[string]bool{}
	for _, l := range r.Lists {
		if told[l.Host] {
			continue
		}
		told[l.Host] = true
		of := ""
		if l.Host != "" {
			of = " of " + evidence.Clean(l.Host)
		}
		said := 0
		for _, h := range slices.Backward(l.Holes) {
			between := fmt.Sprintf("between %s and %s", minute(h.After), minute(h.Before))
			if said++; said > fewest && h.Why != "damage" && h.Why != "bound" {
				continue
			}
			switch h.Why {
			case "numbers":
				add("read.hole", run.Warn, Counted, "Windows numbers the entries of a log one after the other",
					"%s missing %s: their numbers jump from %d to %d; a file was left out, or part of the log cleared, overwritten or filtered away",
					entriesAre(h.Missing, of), between, h.number, h.number+h.Missing+1)
			case "silence":
				add("read.silence", run.Warn, Inferred, basisSilence, "no entry%s %s, %s: the log was cleared, the host was off, or a file is missing",
					of, between, days(h.Before.Sub(h.After)))
			case "quiet":
				add("read.quiet", run.Warn, Inferred, basisSilence+"; the entries' numbers go on without a jump", "no entry%s %s, %s: the host was off, or no client reached it",
					of, between, days(h.Before.Sub(h.After)))
			}
		}
		if n := len(l.Holes) - fewest; n > 0 && said > fewest {
			add("read.holes", run.Warn, Counted, basisSilence, "%s before without entries that should be there", plural(n, "more time"))
		}
	}
}

const basisSilence = "what is usual in the log; an activated client asks every 7 days"
