package tui

import (
	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// veil shows a run under pseudonyms. Each answer is masked once.
type veil struct {
	mask     *report.Mask
	results  map[*run.Result]*run.Result
	subjects map[string]run.Subject
	plans    map[*run.Plan]*run.Plan
	sums     map[*run.Summary]*run.Summary
	of       *session
	state    veilState
	shown    *session
	causes   []diagnose.Cause
	masked   []diagnose.Cause
}

// veilState tells whether what was masked last still holds.
type veilState struct{ applied, round int }

// toggleHidden hides names and addresses, or shows them again.
func (m *Model) toggleHidden() {
	if m.hidden = !m.hidden; !m.hidden {
		m.veil = nil
		return
	}
	m.veil = &veil{
		mask: report.NewMask(m.pasted), results: map[*run.Result]*run.Result{}, subjects: map[string]run.Subject{},
		plans: map[*run.Plan]*run.Plan{}, sums: map[*run.Summary]*run.Summary{},
	}
	m.refreshVeil()
}

// refreshVeil brings the masked run up to date; Update calls it, so that drawing
// changes nothing.
func (m *Model) refreshVeil() {
	v := m.veil
	if v == nil {
		return
	}
	if now := (veilState{m.run.applied, m.run.round}); v.shown == nil || v.state != now || v.of != m.run {
		v.state, v.of, v.shown = now, m.run, v.session(m.run)
	}
	m.veilMatrices()
	if len(v.causes) != len(m.causes) || len(m.causes) > 0 && &v.causes[0] != &m.causes[0] {
		v.causes, v.masked = m.causes, report.Masked(v.mask, m.causes)
	}
}

// session is the run with every name masked.
func (v *veil) session(s *session) *session {
	c := *s
	c.plan, c.summary = masked(v.mask, v.plans, s.plan), masked(v.mask, v.sums, s.summary)
	c.names = report.NewNames(&run.Plan{})
	if c.plan != nil {
		c.names = report.NewNames(c.plan)
	}
	c.subjects = map[string]run.Subject{}
	for _, key := range s.order {
		sub := v.subject(s.subjects[key])
		c.subjects[key] = sub
		c.names.Found(sub)
	}
	c.rows, c.byKey = nil, map[answerKey]*row{}
	for _, r := range s.rows {
		o := *r
		o.subject = v.subject(r.subject)
		o.progress = v.mask.Text(r.progress)
		o.result = masked(v.mask, v.results, r.result)
		c.rows, c.byKey[r.key] = append(c.rows, &o), &o
	}
	return &c
}

func (v *veil) subject(sub run.Subject) run.Subject {
	if have, ok := v.subjects[sub.Key]; ok {
		return have
	}
	have := report.Masked(v.mask, sub)
	v.subjects[sub.Key] = have
	return have
}

// masked returns the masked copy of a value, made the first time it is met.
func masked[T any](mask *report.Mask, known map[*T]*T, value *T) *T {
	if value == nil {
		return nil
	}
	have, ok := known[value]
	if !ok {
		have = report.Masked(mask, value)
		known[value] = have
	}
	return have
}

// shown is the run as the screen shows it.
func (m *Model) shown() *session {
	if m.veil != nil && m.veil.shown != nil {
		return m.veil.shown
	}
	return m.run
}

// shownCauses are the causes as the screen shows them.
func (m *Model) shownCauses() []diagnose.Cause {
	if m.veil != nil {
		return m.veil.masked
	}
	return m.causes
}

// shownText is a text of a view's own as the screen shows it.
func (m *Model) shownText(s string) string {
	if m.veil != nil {
		return m.veil.mask.Text(s)
	}
	return s
}
