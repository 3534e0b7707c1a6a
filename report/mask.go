package report

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// Mask gives pseudonyms to one value after another, with one pseudonym for one
// name throughout, as [Redact] does for a stream. It learns from what it is given:
// names that are found later stay in text that was masked before. One goroutine
// uses it at a time.
type Mask struct{ names *pseudonyms }

// NewMask returns a mask that knows the names in evidence.
func NewMask(sets ...evidence.Set) *Mask {
	m := &Mask{newPseudonyms()}
	m.Learn(sets...)
	return m
}

// Learn takes in the names in evidence.
func (m *Mask) Learn(sets ...evidence.Set) {
	for _, set := range sets {
		m.names.learnText(set)
	}
}

// LearnTargets takes in domains and hosts as users name them, one or several a
// text, also with ports.
func (m *Mask) LearnTargets(list ...string) {
	for _, text := range list {
		for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == ',' || r == ';' }) {
			m.names.meet("Names", word)
		}
	}
}

// LearnWords takes in the words of texts that have the form of a host name or of
// an id that Microsoft does not publish: what a tool printed holds names that no
// field tells.
func (m *Mask) LearnWords(texts ...string) {
	for _, text := range texts {
		m.names.discover(text)
	}
}

// Known is how many names and ids were met; it only grows.
func (m *Mask) Known() int { return len(m.names.names) + len(m.names.short) }

// Text masks the names met so far in free text.
func (m *Mask) Text(s string) string { return m.names.text(s) }

// Cover masks text as Text does, and hides every other word that could name a
// host, a machine or an id. It is for text that nobody has understood.
func (m *Mask) Cover(s string) string { return m.names.words(s, covered) }

// Masked returns a deep copy of a value with pseudonyms in it.
func Masked[T any](m *Mask, v T) T { return m.names.replace(v).(T) }

// redactedMark stands behind the title of what was masked.
const redactedMark = " (redacted)"

// Event returns a masked copy of an event; the title of a plan says so.
func (m *Mask) Event(e run.Event) run.Event {
	e = Masked(m, e)
	if e.Plan != nil {
		e.Plan.Title += redactedMark
	}
	return e
}

// Events returns masked copies of the events of a run. Every name is learned
// before the first is masked.
func (m *Mask) Events(events []run.Event) []run.Event {
	events = Masked(m, events)
	for _, e := range events {
		if e.Plan != nil {
			e.Plan.Title += redactedMark
		}
	}
	return events
}

// MatrixEvent returns a masked copy of a step of a capability matrix; its target
// says so.
func (m *Mask) MatrixEvent(e run.MatrixEvent) run.MatrixEvent {
	e = Masked(m, e)
	switch {
	case e.Plan != nil:
		e.Plan.Target += redactedMark
	case e.Matrix != nil:
		e.Matrix.Target += redactedMark
	}
	return e
}

// Matrices returns masked copies of capability matrices; their targets say so.
func (m *Mask) Matrices(list []run.Matrix) []run.Matrix {
	list = Masked(m, list)
	for i := range list {
		list[i].Target += redactedMark
	}
	return list
}
