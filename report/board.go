package report

import (
	"slices"

	"github.com/kmsdiag/kmsdiag/run"
)

// board puts rows into the order of their groups. Checks finish side by side;
// rows of a later group wait until nothing more is to be expected in the groups
// before it. A row that comes late all the same is shown under its heading
// again: no row is ever lost.
//
// Whether more is to be expected cannot be counted alone, for a question that
// does not arise never gets an answer. So a group is also over when a check of
// a later one starts while none of its own is at work: a runner starts what an
// answer led to before it does anything else.
type board struct {
	groups  []string            // in the order of the plan
	group   map[string]int      // check id: index into groups
	open    map[answer]struct{} // announced and not finished
	busy    map[answer]struct{} // started and not finished
	pending []int               // by group: how many of open
	working []int               // by group: how many of busy
	held    [][]run.Result      // by group: finished, not yet shown
	at      int                 // the group whose rows are shown as they come
}

// answer names a check on a subject.
type answer struct{ check, subject string }

// otherGroup collects checks that the plan does not list.
const otherGroup = "OTHER"

func newBoard(p *run.Plan) *board {
	b := &board{group: map[string]int{}, open: map[answer]struct{}{}, busy: map[answer]struct{}{}}
	for _, c := range p.Checks {
		i := slices.Index(b.groups, c.Group)
		if i < 0 {
			i = len(b.groups)
			b.groups = append(b.groups, c.Group)
		}
		b.group[c.ID] = i
	}
	b.groups = append(b.groups, otherGroup)
	b.pending = make([]int, len(b.groups))
	b.working = make([]int, len(b.groups))
	b.held = make([][]run.Result, len(b.groups))
	return b
}

func (b *board) groupOf(check string) int {
	if i, ok := b.group[check]; ok {
		return i
	}
	return len(b.groups) - 1
}

// found notes the answers that a subject will have.
func (b *board) found(f *run.Found) {
	for _, check := range f.Checks {
		b.note(b.open, b.pending, answer{check, f.Subject.Key}, 1)
	}
}

// started notes a check at work and returns the rows that may be shown now.
func (b *board) started(s *run.Started) []row {
	b.note(b.busy, b.working, answer{s.Check, s.Subject}, 1)
	return b.due(b.working)
}

// finished takes a result and returns the rows that may be shown now.
func (b *board) finished(r run.Result) []row {
	a, g := answer{r.Check, r.Subject.Key}, b.groupOf(r.Check)
	b.note(b.open, b.pending, a, -1)
	b.note(b.busy, b.working, a, -1)
	b.held[g] = append(b.held[g], r)
	return b.due(b.pending)
}

// note adds an answer to a set or takes it out, and keeps the set's counts.
func (b *board) note(set map[answer]struct{}, counts []int, a answer, n int) {
	if _, in := set[a]; in == (n > 0) {
		return
	}
	counts[b.groupOf(a.check)] += n
	if n > 0 {
		set[a] = struct{}{}
		return
	}
	delete(set, a)
}

// due returns the rows up to the first group before which outstanding counts
// something; that group becomes the one whose rows are shown as they come.
func (b *board) due(outstanding []int) []row {
	var rows []row
	blocked := false
	for i := range b.groups {
		if i > b.at {
			if blocked {
				break
			}
			if len(b.held[i]) > 0 {
				b.at = i
			}
		}
		if i <= b.at {
			rows = b.take(i, rows)
		}
		blocked = blocked || outstanding[i] > 0
	}
	return rows
}

// rest returns what is still held back.
func (b *board) rest() []row {
	var rows []row
	for i := range b.groups {
		rows = b.take(i, rows)
	}
	return rows
}

func (b *board) take(i int, rows []row) []row {
	for _, r := range b.held[i] {
		rows = append(rows, row{b.groups[i], r})
	}
	b.held[i] = nil
	return rows
}

// row is a result with the group it stands in.
type row struct {
	group  string
	result run.Result
}
