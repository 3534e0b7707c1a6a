package hostlog

import (
	"cmp"
	"slices"
)

// numbers are those that Windows gives to the entries of a log, one after the
// other: where they jump, entries are missing. Kept are the stretches without a
// jump, so that any order of files and entries gives the same.
type numbers struct {
	runs   []numberRun
	settle int  // length at which runs are put in order
	lost   bool // too many runs: nothing is known of jumps
}

// numberRun is a stretch of numbers that were all met, with the times of the
// earliest and the latest of their entries; 0: none had one.
type numberRun struct {
	from, to    int64
	first, last uint32
}

// maxRuns bounds the stretches of one log.
const maxRuns = 1 << 15

// add notes the number of an entry, and its time where that is known.
func (n *numbers) add(number int64, at uint32) {
	if number <= 0 || n.lost {
		return
	}
	if k := len(n.runs); k > 0 {
		if r := &n.runs[k-1]; number >= r.from-1 && number <= r.to+1 {
			r.join(numberRun{number, number, at, at})
			return
		}
		if k >= max(n.settle, 1<<10) {
			n.order()
		}
	}
	if !n.lost {
		n.runs = append(n.runs, numberRun{number, number, at, at})
	}
}

func (r *numberRun) join(x numberRun) {
	r.from, r.to = min(r.from, x.from), max(r.to, x.to)
	if x.first != 0 {
		r.first = earliest(r.first, x.first)
	}
	r.last = max(r.last, x.last)
}

// order puts the runs in order and joins those that meet.
func (n *numbers) order() {
	slices.SortFunc(n.runs, func(a, b numberRun) int { return cmp.Compare(a.from, b.from) })
	kept := n.runs[:0]
	for _, r := range n.runs {
		if k := len(kept); k > 0 && r.from <= kept[k-1].to+1 {
			kept[k-1].join(r)
			continue
		}
		kept = append(kept, r)
	}
	n.runs = kept
	if n.settle = 2 * len(kept); n.settle > maxRuns {
		n.runs, n.lost = nil, true
	}
}

// merge adds the numbers of another file of the same log.
func (n *numbers) merge(other *numbers) {
	n.runs, n.lost = append(n.runs, other.runs...), n.lost || other.lost
	if n.lost {
		n.runs = nil
		return
	}
	n.order()
}

// unbroken tells whether the numbers go on without a jump from one time to
// another.
func (n *numbers) unbroken(from, to uint32) bool {
	return slices.ContainsFunc(n.runs, func(r numberRun) bool { return r.first != 0 && r.first <= from && r.last >= to })
}

// clockSlack is how far a host's clock may have been put back between two
// entries, in seconds, for their numbers to be taken for one sequence still.
const clockSlack = 3600

// jumps returns where numbers are missing. A log that was made anew counts from
// one again: then later numbers have earlier times, and nothing is missing.
func (n *numbers) jumps() []hole {
	var list []hole
	for i := 1; i < len(n.runs); i++ {
		a, b := n.runs[i-1], n.runs[i]
		if a.last == 0 || b.first == 0 || a.last > b.first+clockSlack {
			continue
		}
		list = append(list, hole{from: a.last, to: max(a.last, b.first), missing: b.from - a.to - 1, after: a.to, why: holeJump})
	}
	return list
}

// number takes over the numbers of a source that was read to its end. A file
// with entries of several hosts, as a collector of events keeps, tells nothing.
func (t *tally) number(s *source) {
	if s.info.Requests == 0 || s.mixed || len(s.numbers.runs) == 0 && !s.numbers.lost {
		return
	}
	n := t.numbers[s.host]
	if n == nil {
		n = &numbers{}
		t.numbers[s.host] = n
	}
	n.merge(&s.numbers)
}
