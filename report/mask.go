package report

import "github.com/kmsdiag/kmsdiag/evidence"

// Mask gives pseudonyms to one value after another, with one pseudonym for one
// name throughout, as [Redact] does for a stream. It learns from what it is given:
// names that are found later stay in text that was masked before.
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

// Text masks the names met so far in free text.
func (m *Mask) Text(s string) string { return m.names.text(s) }

// Masked returns a deep copy of a value with pseudonyms in it.
func Masked[T any](m *Mask, v T) T { return m.names.replace(v).(T) }
