package tui

import (
	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// veil shows a run under pseudonyms, those of the session's one mask. Each answer
// is masked once.
type veil struct {
	mask     *report.Mask
	known    int // names that the mask knew when the answers were masked
	results  map[*run.Result]*run.Result
	subjects map[string]run.Subject
	plans    map[*run.Plan]*run.Plan
	sums     map[*run.Summary]*run.Summary
	of       *session
	state    veilState
	shown    *session
	causes   veiledCauses // of all evidence
	plain    veiledCauses // without what was joined
	read     *Pasted      // the paste whose words were learned
}

// veilState tells whether what was masked last still holds.
type veilState struct{ applied, round int }

// veiledCauses are causes with their masked copies.
type veiledCauses struct{ of, masked []diagnose.Cause }

func (v *veiledCauses) refresh(mask *report.Mask, list []diagnose.Cause) {
	if len(v.of) != len(list) || len(list) > 0 && &v.of[0] != &list[0] {
		v.of, v.masked = list, report.Masked(mask, list)
	}
}

// toggleHidden hides names and addresses, or shows them again. A name keeps its
// pseudonym for the session: on screen, in saved reports and in what leaving prints.
func (m *Model) toggleHidden() {
	if m.hidden = !m.hidden; !m.hidden {
		m.veil = nil
		return
	}
	if m.mask == nil {
		m.mask = report.NewMask()
	}
	m.mask.Events(m.run.events(nil)) // every name, before the first text is masked
	m.mask.Learn(m.pasted)
	m.veil = &veil{mask: m.mask}
	m.veil.forget()
	m.refreshVeil()
}

// forget has everything masked again.
func (v *veil) forget() {
	v.results, v.subjects = map[*run.Result]*run.Result{}, map[string]run.Subject{}
	v.plans, v.sums = map[*run.Plan]*run.Plan{}, map[*run.Summary]*run.Summary{}
	v.shown, v.causes, v.plain = nil, veiledCauses{}, veiledCauses{}
	v.known = v.mask.Known()
}

// refreshVeil brings the masked run up to date; Update calls it, so that drawing
// changes nothing.
func (m *Model) refreshVeil() {
	v := m.veil
	if v == nil {
		return
	}
	m.learnTyped()
	if v.known != v.mask.Known() && !m.busy() {
		v.forget() // what was masked before may hold names that were met since
	}
	if now := (veilState{m.run.applied, m.run.round}); v.shown == nil || v.state != now || v.of != m.run {
		v.state, v.of, v.shown = now, m.run, v.session(m.run)
	}
	m.veilMatrices()
	v.causes.refresh(v.mask, m.causes)
	v.plain.refresh(v.mask, m.plain)
}

// learnTyped takes in the names in the target form, and those in a paste.
func (m *Model) learnTyped() {
	v := m.veil
	for _, open := range m.views {
		if f, ok := open.(*formView); ok {
			v.mask.LearnTargets(f.names()...)
		}
	}
	if m.paste != nil && m.paste.result != v.read {
		if v.read = m.paste.result; v.read != nil {
			v.mask.LearnWords(m.paste.lines...)
			v.mask.LearnWords(v.read.Unread[:min(len(v.read.Unread), maxUnread)]...)
		}
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

// shownEvents are those of the run as it is saved and printed.
func (m *Model) shownEvents() []run.Event {
	events := m.run.events(m.matrices.sent)
	if m.hidden {
		events = m.mask.Events(events)
	}
	return events
}

// shownCauses are the causes as the screen shows them.
func (m *Model) shownCauses() []diagnose.Cause {
	if m.veil != nil {
		return m.veil.causes.masked
	}
	return m.causes
}

// shownPlain are the causes without what was joined, as the screen shows them.
func (m *Model) shownPlain() []diagnose.Cause {
	if m.veil != nil {
		return m.veil.plain.masked
	}
	return m.plain
}

// shownText is a text of a view's own as the screen shows it.
func (m *Model) shownText(s string) string {
	if m.veil != nil {
		return m.veil.mask.Text(s)
	}
	return s
}

// shownPaste is a line that a tool printed as the screen shows it. Nobody may have
// understood it, so words that could be names are hidden as well.
func (m *Model) shownPaste(s string) string {
	if m.veil != nil {
		return m.veil.mask.Cover(s)
	}
	return s
}
