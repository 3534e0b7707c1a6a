package tui

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
)

// watch repeats the run, for the minute after a firewall was changed. It repeats
// the bind, never the request: a request writes an event on the host.
type watch struct {
	every time.Duration // 0: off
	next  time.Time     // when the next round begins
}

// watchSteps are the pauses that the key goes through; the last turns it off.
var watchSteps = []time.Duration{5 * time.Second, 30 * time.Second, 0}

// watchMsg is due when a round may begin.
type watchMsg struct{ every time.Duration }

// toggleWatch goes on to the next pause.
func (m *Model) toggleWatch() tea.Cmd {
	for i, d := range watchSteps {
		if d == 0 || d > m.watch.every {
			m.watch.every = watchSteps[i]
			break
		}
	}
	if m.watch.every == 0 {
		m.note = "not watching any more"
		return nil
	}
	m.note = fmt.Sprintf("watching every %d s (W: slower, then off): connections and binds, no KMS request; changes are marked", int(m.watch.every.Seconds()))
	return tea.Batch(m.watchAgain(), m.startTicks())
}

// watchAgain arranges the next round.
func (m *Model) watchAgain() tea.Cmd {
	if m.watch.every == 0 || m.busy() {
		return nil
	}
	every := m.watch.every
	m.watch.next = m.svc.Now().Add(every)
	return tea.Tick(every, func(time.Time) tea.Msg { return watchMsg{every} })
}

// watchDue begins a round, unless the watch was changed or something runs.
func (m *Model) watchDue(msg watchMsg) tea.Cmd {
	if m.watch.every != msg.every || m.busy() || m.svc.Run == nil {
		return nil
	}
	ask := m.ask
	ask.With, ask.BindOnly = m.pasted, true
	return m.begin(ask)
}

// text says when the next round begins.
func (w watch) text(now time.Time) string {
	left := max(w.next.Sub(now), 0).Round(time.Second)
	return fmt.Sprintf("again in %d s", int(left.Seconds()))
}
