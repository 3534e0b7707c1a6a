package tui

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// view is a place on the screen. A view is a pointer to a small struct; it
// changes in update alone.
type view interface {
	// title stands in the frame's first rule, behind "kmsdiag".
	title() string
	// footer are the bindings worth showing now, most useful first.
	footer(m *Model) []key.Binding
	// update takes a message that the model does not handle itself.
	update(m *Model, msg tea.Msg) tea.Cmd
	// bands draw the view below the header and above the footer: their heights and
	// rules must add up to h lines. It reads, and changes nothing.
	bands(m *Model, w, h int) []band
}

// typist is a view, or a part of one, that takes every key but ctrl+c as text
// while typing is true, so that pasted text never presses a command.
type typist interface{ typing() bool }

// header is a view with a header line of its own instead of the run's.
type header interface {
	header(m *Model, w int) string
}

// copier is a view that has something to copy: a fix, or what it stands on.
type copier interface {
	copyText(m *Model, evidence bool) string
}

// namedCopier is a copier that says what it copies, where that is neither a fix
// nor evidence: "the value".
type namedCopier interface {
	copyName(m *Model, evidence bool) string
}

// rerunner is a view with answers of its own to ask for again.
type rerunner interface{ rerun(m *Model) tea.Cmd }

// pusher opens a view over the one on the screen; esc comes back.
func (m *Model) push(v view) { m.views = append(m.views, v) }

// pop closes the view on top, unless it is the last.
func (m *Model) pop() {
	if len(m.views) > 1 {
		m.views = m.views[:len(m.views)-1]
	}
}

func (m *Model) top() view { return m.views[len(m.views)-1] }

// isTyping tells whether keys are text now.
func (m *Model) isTyping() bool {
	t, ok := m.top().(typist)
	return ok && t.typing()
}

// open brings a kind of view to the top: the one that is open already, or a new one.
func open[V view](m *Model, fresh func() V) V {
	for i, v := range m.views {
		if have, ok := v.(V); ok {
			m.views = append(append(m.views[:i:i], m.views[i+1:]...), have)
			return have
		}
	}
	v := fresh()
	m.push(v)
	return v
}
