package tui

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// sending turns a recorded run into one that says what it sent in numbers.
func sending(events []run.Event) []run.Event {
	list := slices.Clone(events)
	for i, e := range list {
		if e.Summary != nil {
			sum := *e.Summary
			sum.Traffic = []run.Traffic{{What: "DNS question", To: "192.0.2.53", Times: 14}, {What: "RPC bind", To: "192.0.2.5:1688", Times: 2}}
			sum.Sent = run.TrafficLines(sum.Traffic)
			list[i].Summary = &sum
		}
	}
	return list
}

func sentOf(events []run.Event) []string { return events[len(events)-1].Summary.Sent }

// An hour of watching is as many lines as one round.
func TestSentIsAddedUp(t *testing.T) {
	events := sending(recordedRun(t, "one-of-two-ill"))
	s := newSession()
	for range 720 {
		play(s, events, nil, false)
	}
	want := []string{"10080 DNS questions to 192.0.2.53", "1440 RPC binds to 192.0.2.5:1688"}
	if got := sentOf(s.events(nil)); !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// What leaving says was sent includes what a matrix asked, which is printed too,
// also one that leaving itself stopped.
func TestMatrixCountsAsSent(t *testing.T) {
	events := sending(recordedRun(t, "one-of-two-ill"))
	m, _ := matrixModel(t, "one-of-two-ill")
	feed(m, events)
	m.svc.Judge = nil
	play := m.svc.Matrix
	m.svc.Matrix = func(ctx context.Context, p run.MatrixPlan, emit func(run.MatrixEvent)) {
		play(ctx, p, func(e run.MatrixEvent) {
			if e.Matrix != nil {
				x := *e.Matrix
				x.Learned = evidence.Set{}
				x.Traffic = []run.Traffic{{What: "RPC bind", To: "192.0.2.5:1688", Times: 1}, {What: "KMS request", To: "192.0.2.5:1688", Times: 25}}
				e.Matrix = &x
			}
			emit(e)
		})
	}
	ask := func(names ...string) {
		act(m, "m")
		if m.top().(*matrixView).asking && len(matrixPlaces(m.run)) > 1 {
			act(m, "1")
			for !strings.HasPrefix(m.matrices.draft.place.name, "kms01") {
				act(m, "down")
			}
		}
		act(m, names...)
	}
	ask("enter")
	want := []string{"14 DNS questions to 192.0.2.53", "3 RPC binds to 192.0.2.5:1688", "25 KMS requests to 192.0.2.5:1688"}
	if got := sentOf(m.Events()); !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
	list := m.Matrices()
	if len(list) != 1 || len(list[0].Rows) == 0 {
		t.Fatalf("%d matrices", len(list))
	}
	act(m, "esc", "p")
	if hidden := m.Matrices(); !strings.HasSuffix(hidden[0].Target, " (redacted)") || strings.Contains(hidden[0].Conclusion, "kms01") {
		t.Errorf("hidden: %q, %q", hidden[0].Target, hidden[0].Conclusion)
	}
	saved := 0
	m.svc.Save = func(_ string, events []run.Event, matrices []run.Matrix) (string, error) {
		saved = len(matrices)
		return "kmsdiag.jsonl", nil
	}
	act(m, "s", "enter")
	if saved != 1 {
		t.Errorf("%d matrices are saved", saved)
	}
}

// A matrix that is asked when the user leaves is stopped, counted and printed.
func TestLeavingEndsAMatrix(t *testing.T) {
	m, _ := matrixModel(t, "one-of-two-ill", "m")
	if m.top().(*matrixView).asking && len(matrixPlaces(m.run)) > 1 {
		act(m, "1", "down")
	}
	asked := make(chan struct{})
	m.svc.Matrix = func(ctx context.Context, p run.MatrixPlan, emit func(run.MatrixEvent)) {
		close(asked)
		<-ctx.Done()
		emit(run.MatrixEvent{Matrix: &run.Matrix{Rows: p.Rows, Conclusion: "Stopped.", Stopped: true, Traffic: []run.Traffic{{What: "KMS request", To: "192.0.2.5:1688", Times: 3}}}})
	}
	_, cmd := m.Update(keyPress("enter"))
	go cmd() // nobody takes the steps any more
	<-asked
	m.endMatrix()
	if list := m.Matrices(); len(list) != 1 || list[0].Conclusion != "Stopped." {
		t.Errorf("%d matrices", len(list))
	}
	if got := sentOf(m.Events()); !slices.Contains(got, "3 KMS requests to 192.0.2.5:1688") {
		t.Errorf("sent %q", got)
	}
}
