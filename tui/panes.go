package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"
)

// The panes, as numbered on the screen from 1.
const (
	paneList = iota
	paneDetail
	paneTimeline
	panePackets
)

// test makes the next test of the first cause that the row speaks for.
func (c *checksView) test(m *Model) tea.Cmd {
	if cause, ok := c.tested(m); ok {
		return m.runTest(cause)
	}
	return nil
}

// panes is how many panes the screen shows.
func (c *checksView) panes(m *Model) int {
	if m.w >= wide && m.h >= tall && !c.zoom {
		return panePackets + 1
	}
	return paneDetail + 1
}

// enter opens what the arrows move in. A skipped row leads to its root.
func (c *checksView) enter(m *Model) {
	switch r := c.current(m); {
	case c.focus >= paneTimeline:
		c.openPane(m, c.focus)
	case r != nil && c.rootOf(m, r) != nil:
		c.cursor, c.moved, c.scroll = c.rootOf(m, r).key, true, 0
	default:
		c.zoom, c.scroll, c.focus = !c.zoom, 0, paneList
		if c.zoom {
			c.focus = paneDetail
		}
	}
}

// goTo moves the arrows to a pane; one that the screen has no room for opens on
// all of it.
func (c *checksView) goTo(m *Model, pane int) {
	if pane >= c.panes(m) {
		c.openPane(m, pane)
		return
	}
	if pane == paneList {
		c.zoom = false
	}
	c.focus = pane
}

func (c *checksView) openPane(m *Model, pane int) {
	if pane == paneTimeline {
		v := &timelineView{}
		if r := c.current(m); r != nil {
			v.about = r.key
		}
		m.push(v)
		return
	}
	list, why := c.messages(m)
	m.push(&messagesView{list: list, why: why, message: max(min(c.packet, len(list)-1), 0)})
}

// pane is the title of a pane; it says where the arrows move, if not in the list.
func (c *checksView) pane(n int, name string) string {
	title := fmt.Sprintf("%d %s", n+1, name)
	if c.focus == n && n != paneList && !c.zoom {
		title += arrowsHere
	}
	return title
}
