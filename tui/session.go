package tui

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// phase is how far a row is.
type phase uint8

const (
	waiting phase = iota
	working
	done
)

// answerKey names a check on a subject.
type answerKey struct{ check, subject string }

// row is one question with its answer, if it has one.
type row struct {
	key      answerKey
	group    string
	subject  run.Subject
	phase    phase
	since    time.Time   // when it began to work
	progress string      // "attempt 2 of 3"
	result   *run.Result // the last answer; nil when there is none
	old      bool        // the answer is of an earlier round
	again    bool        // the round asks about the subject
	was      run.Status  // before it changed
	changed  time.Time   // when it did
	order    [2]int      // of its check in the plan, of its subject in discovery
}

// skippedFor is the root of a skipped answer: the check and the subject that it
// failed for; empty for any other row.
func (r *row) skippedFor() string {
	if r.result == nil || r.result.Status != run.Skip || r.phase != done {
		return ""
	}
	return r.result.Root
}

// session digests the events of a run, and of later rounds over the same target:
// what a round asks again replaces what was known, the rest stays.
type session struct {
	plan       *run.Plan
	rows       []*row
	byKey      map[answerKey]*row
	subjects   map[string]run.Subject
	order      []string // keys of subjects as discovered
	names      *report.Names
	summary    *run.Summary
	running    bool
	round      int
	news       int                    // answers and ends of rounds
	applied    int                    // events taken in
	bindOnly   bool                   // the round leaves the checks out that build on a request
	wanted     func(run.Subject) bool // what the round asks about; nil: all
	started    time.Time
	ended      time.Time
	asked      map[string]bool // checks of the round
	remembered bool            // its target was kept for later sessions
	sent       []run.Traffic   // what all rounds sent
}

func newSession() *session {
	return &session{byKey: map[answerKey]*row{}, subjects: map[string]run.Subject{}, names: report.NewNames(&run.Plan{})}
}

// begin starts a round over the wanted subjects, or over all. Answers stay,
// marked as old, until they are replaced.
func (s *session) begin(wanted func(run.Subject) bool, bindOnly bool) {
	s.running, s.wanted, s.bindOnly = true, wanted, bindOnly
	s.round++
	for _, r := range s.rows {
		r.old, r.again = r.result != nil, wanted == nil || wanted(r.subject)
		if !bindOnly {
			r.was = "" // a watch keeps its marks
		}
	}
}

// apply takes in one event.
func (s *session) apply(e run.Event) {
	s.applied++
	switch {
	case e.Plan != nil:
		s.begun(e)
	case e.Found != nil:
		s.found(e.Found)
	case e.Started != nil:
		r := s.row(e.Started.Check, s.subjects[e.Started.Subject], e.Started.Subject)
		r.phase, r.since, r.progress = working, e.Time, ""
	case e.Progress != nil:
		s.row(e.Progress.Check, s.subjects[e.Progress.Subject], e.Progress.Subject).progress = e.Progress.Text
	case e.Finished != nil:
		s.finished(e.Finished)
	case e.Summary != nil:
		s.ends(e)
	}
}

func (s *session) begun(e run.Event) {
	s.started, s.ended = e.Time, time.Time{}
	s.asked = map[string]bool{}
	for _, c := range e.Plan.Checks {
		s.asked[c.ID] = true
	}
	if s.plan == nil || s.whole() {
		s.plan, s.names = e.Plan, report.NewNames(e.Plan)
		for _, sub := range s.subjects {
			s.names.Found(sub)
		}
	}
}

func (s *session) found(f *run.Found) {
	if _, known := s.subjects[f.Subject.Key]; !known {
		s.order = append(s.order, f.Subject.Key)
		s.names.Found(f.Subject)
	}
	s.subjects[f.Subject.Key] = f.Subject
	for _, check := range f.Checks {
		r := s.row(check, f.Subject, f.Subject.Key)
		if r.result == nil {
			r.phase = waiting
		}
	}
}

func (s *session) finished(res *run.Result) {
	r := s.row(res.Check, res.Subject, res.Subject.Key)
	if r.result != nil && r.result.Status != res.Status {
		r.was, r.changed = r.result.Status, res.Started
	}
	r.subject, r.result, r.phase, r.old, r.progress = res.Subject, res, done, false, ""
	s.news++
}

// ends closes the round. Questions that did not arise leave, and so do old answers
// to what the round would have asked again. What a stopped round left open stays.
func (s *session) ends(e run.Event) {
	s.summary, s.running, s.ended = e.Summary, false, e.Time
	s.sent = run.AddTraffic(s.sent, e.Summary.Traffic)
	s.news++
	s.rows = slices.DeleteFunc(s.rows, func(r *row) bool {
		switch {
		case e.Summary.Stopped && r.result == nil:
			r.phase, r.progress = waiting, ""
			return false
		case r.result != nil && (!r.old || !s.asks(r) || e.Summary.Stopped):
			r.phase = done
			return false
		}
		delete(s.byKey, r.key)
		return true
	})
}

// asks tells whether the round asks for an answer again.
func (s *session) asks(r *row) bool {
	return r.again && s.asked[r.key.check]
}

// whole tells whether the round asks for everything.
func (s *session) whole() bool { return s.wanted == nil && !s.bindOnly }

// row returns the row of an answer and makes it where there is none.
func (s *session) row(check string, sub run.Subject, key string) *row {
	k := answerKey{check, key}
	if r := s.byKey[k]; r != nil {
		return r
	}
	r := &row{key: k, subject: sub, group: "OTHER", again: true, order: [2]int{1 << 20, slices.Index(s.order, key)}}
	if s.plan != nil {
		for i, c := range s.plan.Checks {
			if c.ID == check {
				r.group, r.order[0] = c.Group, i
			}
		}
	}
	s.byKey[k] = r
	at, _ := slices.BinarySearchFunc(s.rows, r, func(a, b *row) int {
		return cmp.Or(cmp.Compare(a.order[0], b.order[0]), cmp.Compare(a.order[1], b.order[1]), -1)
	})
	s.rows = slices.Insert(s.rows, at, r)
	return r
}

// progress is how many answers there are, of how many.
func (s *session) progress() (answered, total int) {
	for _, r := range s.rows {
		if r.result != nil && !r.old {
			answered++
		}
		if r.result == nil || !r.old || s.running && s.asks(r) {
			total++
		}
	}
	return answered, total
}

// count is the number of answers with a status.
func (s *session) count(st run.Status) int {
	n := 0
	for _, r := range s.rows {
		if r.result != nil && r.result.Status == st && !r.result.Ignored {
			n++
		}
	}
	return n
}

// well tells whether every question has an answer, and every answer passed.
func (s *session) well() bool {
	for _, r := range s.rows {
		if r.result == nil || r.result.Status != run.Pass && !r.result.Ignored {
			return false
		}
	}
	return true
}

// planned is the plan's entry of a check.
func (s *session) planned(check string) run.Planned {
	if s.plan != nil {
		for _, c := range s.plan.Checks {
			if c.ID == check {
				return c
			}
		}
	}
	return run.Planned{ID: check}
}

// results are the answers there are, in the order of the rows.
func (s *session) results() []run.Result {
	var list []run.Result
	for _, r := range s.rows {
		if r.result != nil {
			list = append(list, *r.result)
		}
	}
	return list
}

// fresh are the answers of the round itself.
func (s *session) fresh() []run.Result {
	var list []run.Result
	for _, r := range s.rows {
		if r.result != nil && !r.old {
			list = append(list, *r.result)
		}
	}
	return list
}

// events are those that make this state again: what a saved report holds. Beside is
// what was sent beside the rounds.
func (s *session) events(beside []run.Traffic) []run.Event {
	if s.plan == nil {
		return nil
	}
	at := s.started
	list := []run.Event{{Time: at, Plan: s.plan}}
	for _, key := range s.order {
		sub := s.subjects[key]
		f := &run.Found{Subject: sub}
		for _, r := range s.rows {
			if r.key.subject == key {
				f.Checks = append(f.Checks, r.key.check)
			}
		}
		list = append(list, run.Event{Time: at, Found: f})
	}
	for _, r := range s.rows {
		if r.result != nil {
			at = later(at, r.result.Started.Add(r.result.Took))
			list = append(list, run.Event{Time: at, Finished: r.result})
		}
	}
	if s.summary != nil {
		sum := *s.summary
		if len(s.sent) > 0 {
			sum.Traffic = run.AddTraffic(s.sent, beside)
			sum.Sent = run.TrafficLines(sum.Traffic)
		} else { // a saved run: it has the words alone
			sum.Sent = slices.Concat(sum.Sent, run.TrafficLines(beside))
		}
		list = append(list, run.Event{Time: later(at, s.ended), Summary: &sum})
	}
	return list
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// unwell returns what a rerun of the failed asks about: it is false for a host
// or an endpoint whose answers are all well, and true for what leads to others
// and for what was not known before.
func (s *session) unwell() func(run.Subject) bool {
	ill, known := map[string]bool{}, map[string]bool{}
	for _, r := range s.rows {
		known[r.key.subject] = true
		if r.result == nil || r.result.Status != run.Pass {
			for key := r.key.subject; key != ""; key = s.subjects[key].Parent {
				ill[key] = true
			}
		}
	}
	return func(sub run.Subject) bool {
		if sub.Kind != run.Host && sub.Kind != run.Endpoint {
			return true
		}
		return ill[sub.Key] || !known[sub.Key]
	}
}

// matches tells whether a row holds the text of a filter.
func (s *session) matches(r *row, filter string) bool {
	if filter == "" {
		return true
	}
	text := r.key.check + " " + r.subject.Name() + " " + r.subject.Domain
	if r.result != nil {
		text += " " + string(r.result.Status) + " " + r.result.Summary
	}
	text = text[:min(len(text), maxText)]
	return strings.Contains(strings.ToLower(text), strings.ToLower(filter))
}
