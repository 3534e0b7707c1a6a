package tui

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// healed turns the failures of a recorded run into passes, later in time.
func healed(events []run.Event) []run.Event {
	var out []run.Event
	for _, e := range events {
		e.Time = e.Time.Add(time.Minute)
		if e.Finished != nil {
			r := *e.Finished
			r.Started = r.Started.Add(time.Minute)
			if r.Status != run.Pass {
				r.Status, r.Summary = run.Pass, "well again"
			}
			e.Finished = &r
		}
		if e.Summary != nil {
			e.Summary = &run.Summary{Worst: run.Pass, Conclusion: "All is well.", Sent: []string{"1 KMS request"}}
		}
		out = append(out, e)
	}
	return out
}

func play(s *session, events []run.Event, wanted func(run.Subject) bool, bindOnly bool) {
	s.begin(wanted, bindOnly)
	for _, e := range events {
		if f := e.Finished; f != nil && (wanted != nil && !wanted(f.Subject) || bindOnly && strings.HasPrefix(f.Check, "kms.")) {
			continue
		}
		if p := e.Plan; p != nil && bindOnly {
			q := *p
			q.Checks = nil
			for _, c := range p.Checks {
				if !strings.HasPrefix(c.ID, "kms.") {
					q.Checks = append(q.Checks, c)
				}
			}
			e.Plan = &q
		}
		s.apply(e)
	}
}

func TestRerunOfTheFailedKeepsTheRest(t *testing.T) {
	events := recordedRun(t, "one-of-two-ill")
	s := newSession()
	play(s, events, nil, false)
	rows, failed := len(s.rows), s.count(run.Fail)
	if failed != 1 {
		t.Fatalf("%d failed, want 1", failed)
	}
	wanted := s.unwell()
	asked := 0
	for _, key := range s.order {
		sub := s.subjects[key]
		if sub.Kind == run.Endpoint {
			if well := sub.Addr.Addr().String() == "192.0.2.5"; wanted(sub) == well {
				t.Errorf("%s: asked again %v", key, wanted(sub))
			}
			asked++
		}
	}
	if asked != 2 {
		t.Fatalf("%d endpoints, want 2", asked)
	}
	play(s, healed(events), wanted, false)
	if len(s.rows) != rows || s.count(run.Pass) != rows {
		t.Errorf("%d of %d rows, %d passed", len(s.rows), rows, s.count(run.Pass))
	}
	was := 0
	for _, r := range s.rows {
		if r.was == run.Fail {
			was++
		}
	}
	if was != 1 {
		t.Errorf("%d rows say that they failed before, want 1", was)
	}
}

func TestWatchKeepsWhatARequestShowed(t *testing.T) {
	events := recordedRun(t, "one-of-two-ill")
	s := newSession()
	play(s, events, nil, false)
	before := 0
	for _, r := range s.rows {
		if strings.HasPrefix(r.key.check, "kms.") {
			before++
		}
	}
	for range 3 {
		play(s, healed(events), nil, true)
	}
	after, plan := 0, 0
	for _, r := range s.rows {
		if strings.HasPrefix(r.key.check, "kms.") {
			after++
		}
	}
	for _, c := range s.plan.Checks {
		if strings.HasPrefix(c.ID, "kms.") {
			plan++
		}
	}
	if before == 0 || after != before || plan == 0 {
		t.Errorf("%d rows of requests before, %d after; %d checks of them in the plan", before, after, plan)
	}
	for _, r := range s.rows {
		if r.key.check == "tcp.connect" && r.result.Summary == "well again" && r.was != run.Fail {
			t.Error("the mark of a change is gone after two more rounds")
		}
	}
}

func TestQuestionsThatDidNotAriseLeave(t *testing.T) {
	s := newSession()
	s.begin(nil, false)
	sub := run.Subject{Key: "kms01", Kind: run.Endpoint, Host: "kms01"}
	s.apply(run.Event{Plan: &run.Plan{Checks: []run.Planned{{ID: "tcp.connect"}, {ID: "tcp.alive"}}}})
	s.apply(run.Event{Found: &run.Found{Subject: sub, Checks: []string{"tcp.connect", "tcp.alive"}}})
	s.apply(run.Event{Finished: &run.Result{Check: "tcp.connect", Subject: sub, Status: run.Pass}})
	if answered, total := s.progress(); answered != 1 || total != 2 {
		t.Errorf("%d of %d, want 1 of 2", answered, total)
	}
	s.apply(run.Event{Summary: &run.Summary{}})
	if len(s.rows) != 1 || s.running {
		t.Errorf("%d rows, running %v", len(s.rows), s.running)
	}
}

func TestEventsMakeTheSameSessionAgain(t *testing.T) {
	first := newSession()
	play(first, recordedRun(t, "count-too-low"), nil, false)
	second := newSession()
	play(second, first.events(nil), nil, false)
	if len(first.rows) != len(second.rows) || second.summary == nil || second.summary.Conclusion != first.summary.Conclusion {
		t.Errorf("%d rows become %d", len(first.rows), len(second.rows))
	}
}

// The judgement of a partial round is that of the whole, though the number of
// answers is the same as before, and even when the user leaves at once.
func TestPartialRoundIsJudgedAsAWhole(t *testing.T) {
	events := recordedRun(t, "one-of-two-ill")
	m := modelOf(t, events)
	judged := 0
	m.svc.Judge = func(results []run.Result, _ evidence.Set) run.Summary {
		judged++
		return run.Summary{Conclusion: fmt.Sprintf("whole of %d", len(results))}
	}
	m.run.begin(m.run.unwell(), false)
	m.judged = -1
	for _, e := range healed(events) {
		if e.Finished == nil || e.Finished.Subject.Addr.Addr().String() != "192.0.2.5" {
			m.takeEvents(eventsMsg{round: m.round, events: []run.Event{e}})
		}
	}
	want := fmt.Sprintf("whole of %d", len(m.run.rows))
	out := m.Events()
	if got := out[len(out)-1].Summary.Conclusion; got != want {
		t.Errorf("left at once: %q, want %q", got, want)
	}
	m.run.summary = &run.Summary{Conclusion: "of the round"}
	m.judging, m.judged = false, -1
	cmd := m.judge()
	if cmd == nil {
		t.Fatal("nothing is judged after a partial round")
	}
	m.Update(cmd())
	if got := m.run.summary.Conclusion; got != want {
		t.Errorf("judged: %q, want %q", got, want)
	}
	if again := m.judge(); again != nil {
		t.Error("the same is judged again and again")
	}
}

func TestSkippedForOneReasonAreOneRow(t *testing.T) {
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	c := m.views[0].(*checksView)
	folded := len(c.rows(m))
	press(m, "a")
	if all := len(c.rows(m)); all != len(m.run.rows) || folded != all-2 {
		t.Errorf("%d rows folded, %d of %d unfolded", folded, all, len(m.run.rows))
	}
}

// A run that panics is a note on a whole screen, not a broken terminal.
func TestRunThatPanics(t *testing.T) {
	m := modelOf(t, recordedRun(t, "healthy"))
	m.svc.Run = func(context.Context, Request, func(run.Event)) error { panic("boom") }
	cmd := m.begin(m.ask)
	for _, c := range cmd().(tea.BatchMsg) {
		if msg, ok := c().(reply); ok {
			m.Update(msg)
		}
	}
	if m.busy() || !strings.Contains(m.frame(), "the run broke off: boom") {
		t.Errorf("busy %v, screen\n%s", m.busy(), m.frame())
	}
}

// A stopped run keeps what it left open, says so, and a rerun takes it up.
func TestStoppedRunNamesWhatIsOpen(t *testing.T) {
	m := modelOf(t, half(recordedRun(t, "one-of-two-ill")))
	m.takeEvents(eventsMsg{round: m.round, ended: true, events: []run.Event{{
		Time: m.now, Summary: &run.Summary{Stopped: true, Conclusion: "kms01 serves.", Unfinished: []string{"tcp.connect kms02 192.0.2.6:1688"}},
	}}})
	frame := m.frame()
	for _, want := range []string{"not finished", "Stopped: tcp.connect kms02", "stopped"} {
		if !strings.Contains(frame, want) {
			t.Errorf("%q is missing:\n%s", want, frame)
		}
	}
	if m.run.well() {
		t.Error("nothing is left to run again")
	}
	if wanted := m.run.unwell(); !wanted(run.Subject{Key: "192.0.2.6:1688", Kind: run.Endpoint}) {
		t.Error("what was not finished is not asked again")
	}
}

// Leaving in the middle of a round sums up what there is.
func TestLeavingInARunSaysWhatIsOpen(t *testing.T) {
	m := modelOf(t, half(recordedRun(t, "one-of-two-ill")))
	m.svc.Judge = func([]run.Result, evidence.Set) run.Summary { return run.Summary{Conclusion: "so far"} }
	events := m.Events()
	sum := events[len(events)-1].Summary
	if sum == nil || !sum.Stopped || len(sum.Unfinished) == 0 {
		t.Errorf("%+v", sum)
	}
}

// Keys on a screen that shows nothing but the notice do nothing but leave.
func TestKeysNeedAScreen(t *testing.T) {
	m := modelOf(t, recordedRun(t, "healthy"))
	m.svc = everyService()
	m.Update(tea.WindowSizeMsg{Width: 39, Height: 9})
	press(m, "m", "enter", "R", "v", "x", "t")
	if len(m.views) != 1 || m.busy() {
		t.Errorf("%d views, busy %v", len(m.views), m.busy())
	}
}

// No key that begins a round works while one is under way, and none breaks a
// screen of half-done rows.
func TestEveryKeyDuringARun(t *testing.T) {
	for _, g := range keys.all() {
		for _, b := range g.keys {
			m := modelOf(t, half(recordedRun(t, "one-of-two-ill")))
			m.svc = everyService()
			round := m.run.round
			press(m, b.Keys()[0])
			whole(t, m)
			press(m, b.Keys()[0], "down", "enter")
			whole(t, m)
			if m.run.round != round {
				t.Errorf("%s began another round", b.Help().Key)
			}
		}
	}
}
