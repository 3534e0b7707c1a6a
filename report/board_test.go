package report

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/kmsdiag/kmsdiag/run"
)

// shownOrder feeds a run to the board and returns the checks in the order of
// their rows, and how often a group's heading would be repeated.
func shownOrder(events []run.Event) (rows []row, repeats int) {
	var b *board
	for _, e := range events {
		switch {
		case e.Plan != nil:
			b = newBoard(e.Plan)
		case e.Found != nil:
			b.found(e.Found)
		case e.Started != nil:
			rows = append(rows, b.started(e.Started)...)
		case e.Finished != nil:
			rows = append(rows, b.finished(*e.Finished)...)
		}
	}
	rows = append(rows, b.rest()...)
	seen := map[string]bool{}
	last := ""
	for _, r := range rows {
		if r.group != last && seen[r.group] {
			repeats++
		}
		last, seen[r.group] = r.group, true
	}
	return rows, repeats
}

func TestRowsComeInTheOrderOfGroups(t *testing.T) {
	rows, repeats := shownOrder(sampleRun())
	if len(rows) != 11 || repeats != 0 {
		t.Errorf("%d rows, %d headings repeated; want 11 and 0", len(rows), repeats)
	}
	order := []string{"DISCOVER", "REACH", "HANDSHAKE", "JUDGE"}
	if !slices.IsSortedFunc(rows, func(a, b row) int { return slices.Index(order, a.group) - slices.Index(order, b.group) }) {
		t.Errorf("out of order: %v", rows)
	}
}

// Rows appear while the run goes on, not only at its end: those of REACH as
// soon as a check of HANDSHAKE starts with nothing of REACH at work, although
// a question that never arises is still announced there.
func TestRowsDoNotWaitForQuestionsThatDoNotArise(t *testing.T) {
	s := &stream{at: began}
	s.found(end1, "tcp.connect", "tcp.alive", "rpc.bind")
	s.started("tcp.connect", end1)
	s.finished("tcp.connect", end1, run.Pass, 1, "open")
	s.started("rpc.bind", end1)
	s.finished("rpc.bind", end1, run.Pass, 1, "bound")
	s.started("kms.count", end1)
	b := newBoard(&run.Plan{Checks: planned("tcp.connect", "tcp.alive", "rpc.bind", "kms.count")})
	var shown []int
	for _, e := range s.events {
		switch {
		case e.Found != nil:
			b.found(e.Found)
		case e.Started != nil:
			shown = append(shown, len(b.started(e.Started)))
		case e.Finished != nil:
			shown = append(shown, len(b.finished(*e.Finished)))
		}
	}
	if want := []int{0, 1, 0, 0, 1}; !slices.Equal(shown, want) {
		t.Errorf("rows shown at each event: %v, want %v", shown, want)
	}
}

// However the events of a run are shuffled, each result has exactly one row.
func TestNoRowIsLost(t *testing.T) {
	events := sampleRun()
	middle := events[1 : len(events)-1]
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		random.Shuffle(len(middle), func(i, j int) { middle[i], middle[j] = middle[j], middle[i] })
		rows, _ := shownOrder(events)
		got := map[answer]int{}
		for _, r := range rows {
			got[answer{r.result.Check, r.result.Subject.Key}]++
		}
		for _, e := range events {
			if e.Finished != nil && got[answer{e.Finished.Check, e.Finished.Subject.Key}] != 1 {
				t.Fatalf("%s has %d rows", e.Finished.Check, got[answer{e.Finished.Check, e.Finished.Subject.Key}])
			}
		}
		if len(rows) != 11 {
			t.Fatalf("%d rows, want 11", len(rows))
		}
	}
}

func TestUnplannedCheckHasARow(t *testing.T) {
	s := &stream{at: began}
	s.add(run.Event{Plan: &run.Plan{Checks: planned("dns.srv")}})
	s.finished("new.check", site, run.Pass, 1, "fine")
	rows, _ := shownOrder(s.events)
	if len(rows) != 1 || rows[0].group != otherGroup {
		t.Errorf("rows = %v", rows)
	}
}
