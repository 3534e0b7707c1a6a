package report

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/kmsdiag/kmsdiag/run"
)

// repetition is a run of checks with given statuses, hours after the first.
func repetition(after time.Duration, statuses map[string]run.Status, stopped bool) []run.Event {
	s := &stream{at: began.Add(after)}
	s.add(run.Event{Plan: &run.Plan{Title: "corp.example", Checks: planned("tcp.connect", "rpc.bind", "kms.request")}})
	s.found(end1)
	counts := map[run.Status]int{}
	for _, id := range []string{"tcp.connect", "rpc.bind", "kms.request"} {
		if st, ok := statuses[id]; ok {
			s.finished(id, end1, st, 5*time.Millisecond, "seen "+string(st))
			counts[st]++
		}
	}
	s.add(run.Event{Summary: &run.Summary{Counts: counts, Took: 5 * time.Millisecond, Conclusion: "Words.", Stopped: stopped}})
	return s.events
}

func TestChanges(t *testing.T) {
	all := map[string]run.Status{"tcp.connect": run.Pass, "rpc.bind": run.Pass, "kms.request": run.Pass}
	bind := map[string]run.Status{"tcp.connect": run.Pass, "rpc.bind": run.Pass}
	down := map[string]run.Status{"tcp.connect": run.Fail, "rpc.bind": run.Skip}
	var events []run.Event
	events = append(events, repetition(0, all, false)...)
	events = append(events, repetition(time.Minute, bind, false)...)
	events = append(events, repetition(2*time.Minute, down, false)...)
	events = append(events, repetition(3*time.Minute, down, false)...)
	events = append(events, repetition(4*time.Minute, bind, false)...)
	events = append(events, repetition(5*time.Minute, nil, true)...)
	var b strings.Builder
	feed(t, Changes(&b, Style{Glyphs: ASCII}), events)
	golden.RequireEqual(t, b.String())
}

func TestChangesNameWhatIsGone(t *testing.T) {
	two := &stream{at: began}
	two.add(run.Event{Plan: &run.Plan{Checks: planned("tcp.connect")}})
	two.finished("tcp.connect", end1, run.Pass, 1, "open")
	two.finished("tcp.connect", end2, run.Pass, 1, "open")
	two.add(run.Event{Summary: &run.Summary{}})
	one := &stream{at: began.Add(time.Hour)}
	one.add(run.Event{Plan: &run.Plan{Checks: planned("tcp.connect")}})
	one.finished("tcp.connect", end1, run.Pass, 1, "open")
	one.add(run.Event{Summary: &run.Summary{}})
	var b strings.Builder
	feed(t, Changes(&b, Style{}), append(append(two.events, one.events...), one.events...))
	text := b.String()
	if strings.Count(text, "gone: tcp.connect kms02 192.0.2.6:1688") != 1 || !strings.Contains(text, "no change") {
		t.Errorf("got:\n%s", text)
	}
}
