package tui

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// source is evidence from elsewhere than the run: a paste, a capture.
type source struct {
	name string
	set  evidence.Set
}

// fromPaste is the source that the paste view feeds.
const fromPaste = "pasted text"

// join makes observations from elsewhere part of the evidence, in place of what
// the same source gave before, and has the causes judged again. No observations
// take the source away.
func (m *Model) join(name string, set evidence.Set) tea.Cmd {
	at := slices.IndexFunc(m.sources, func(s source) bool { return s.name == name })
	empty := reflect.ValueOf(set).IsZero()
	switch {
	case at < 0 && empty:
		return nil
	case at < 0:
		m.sources = append(m.sources, source{name, set})
	case empty:
		m.sources = slices.Delete(m.sources, at, at+1)
	default:
		m.sources[at].set = set
	}
	var all, counted evidence.Set
	all.Add(m.opts.With)
	counted.Add(m.opts.With)
	for _, s := range m.sources {
		all.Add(s.set)
		if s.name != fromMatrix { // its counts are kept as they come
			counted.Add(s.set)
		}
	}
	m.pasted, m.joined = all, len(m.sources) > 0
	m.counts.give(counted)
	if m.veil != nil {
		m.veil.mask.Learn(set)
	}
	m.joins++
	m.judged = -1
	return m.judge()
}

// joinedSays is the first cause that only what was joined brought up; empty when
// it brought up none. One that is found stands in the verdict anyway.
func (m *Model) joinedSays() string {
	if !m.joined {
		return ""
	}
	without := map[string]bool{}
	for _, c := range m.plain {
		without[c.ID] = c.Verdict == diagnose.Found || c.Verdict == diagnose.Possible
	}
	n, first := 0, ""
	for _, c := range m.shownCauses() {
		if c.Verdict != diagnose.Possible || c.NoFault || without[c.ID] {
			continue
		}
		if n++; n == 1 {
			first = c.Title
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "With " + m.joinedNames() + " possible: " + first + " (d)."
	}
	return fmt.Sprintf("With %s possible: %s (d: %d more).", m.joinedNames(), first, n-1)
}

// joinedNames names what was joined, for the header; empty when nothing was.
func (m *Model) joinedNames() string {
	var names []string
	for _, s := range m.sources {
		names = append(names, s.name)
	}
	return strings.Join(names, " and ")
}

// change is what joined evidence did to a cause.
type change struct {
	cause diagnose.Cause
	mark  string // "+", "-", "~", "^", "v", or a blank when nothing changed
	word  string // the same in words
}

// changes sets the causes with joined evidence against those without: first those
// that hold, in their order, then those that do not any more.
func changes(before, after []diagnose.Cause) []change {
	old, now := holding(before), holding(after)
	oldCommon, nowCommon := common(old, now), common(now, old)
	var list []change
	for _, c := range now {
		ch := change{cause: c, mark: " "}
		was, known := named(before, c.ID)
		at, from := place(nowCommon, c.ID), place(oldCommon, c.ID)
		switch {
		case !known:
			ch.mark, ch.word = "+", "new"
		case was.Verdict != c.Verdict:
			ch.mark, ch.word = "~", "was "+string(was.Verdict)
		case at < from:
			ch.mark, ch.word = "^", "moved up"
		case at > from:
			ch.mark, ch.word = "v", "moved down"
		}
		list = append(list, ch)
	}
	for _, o := range old {
		if place(now, o.ID) >= 0 {
			continue
		}
		ch := change{cause: o, mark: "-", word: "gone, was " + string(o.Verdict)}
		ch.cause.Verdict = ""
		if c, known := named(after, o.ID); known {
			ch.cause, ch.word = c, "was "+string(o.Verdict)
		}
		list = append(list, ch)
	}
	return list
}

// common are the causes of a list that the other has too.
func common(list, other []diagnose.Cause) []diagnose.Cause {
	return slices.DeleteFunc(slices.Clone(list), func(c diagnose.Cause) bool { return place(other, c.ID) < 0 })
}

// place is the index of a cause; -1 when it is not there.
func place(list []diagnose.Cause, id string) int {
	return slices.IndexFunc(list, func(c diagnose.Cause) bool { return c.ID == id })
}

// holding are the causes that are found or possible.
func holding(list []diagnose.Cause) []diagnose.Cause {
	return slices.DeleteFunc(slices.Clone(list), func(c diagnose.Cause) bool {
		return c.Verdict != diagnose.Found && c.Verdict != diagnose.Possible
	})
}

func named(list []diagnose.Cause, id string) (diagnose.Cause, bool) {
	if at := place(list, id); at >= 0 {
		return list[at], true
	}
	return diagnose.Cause{}, false
}
