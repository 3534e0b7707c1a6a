package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// showSaved brings a saved run to the screen, with the causes that it was saved
// with. What was given along joins it and is judged anew.
func (m *Model) showSaved(events []run.Event) tea.Cmd {
	m.run.begin(nil, false)
	for _, e := range events {
		m.run.apply(e)
		if e.Finished != nil {
			m.counts.take(e.Finished.Evidence)
		}
		if e.Summary != nil {
			m.causes = slices.Concat(e.Summary.Causes, e.Summary.RuledOut)
			m.plain = m.causes
		}
	}
	m.run.running = false
	m.judged = m.run.news
	if c, ok := m.views[0].(*checksView); ok {
		c.settled(m)
	}
	with := m.opts.With
	m.opts.With = evidence.Set{}
	return m.join("what was given along", with)
}
