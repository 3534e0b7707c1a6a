package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// A click chooses the row that stands there, at every layout; elsewhere it does
// nothing.
func TestClickChoosesTheRow(t *testing.T) {
	for _, size := range sizes[1:] {
		m := modelOf(t, recordedRun(t, "one-of-two-ill"))
		m.Update(size)
		c := m.views[0].(*checksView)
		for y, line := range strings.Split(ansi.Strip(m.frame()), "\n") {
			at := strings.Index(line, "dns.")
			if at < 0 || !strings.HasPrefix(line, "│ ") || y > size.Height/2 {
				continue
			}
			want := strings.Fields(line[at:])[0]
			m.Update(tea.MouseClickMsg{X: 4, Y: y, Button: tea.MouseLeft})
			if c.cursor.check != want {
				t.Errorf("%dx%d: line %d is %s, a click chose %s", size.Width, size.Height, y, want, c.cursor.check)
			}
			break
		}
		before := c.cursor
		m.Update(tea.MouseClickMsg{X: 4, Y: 0, Button: tea.MouseLeft})
		m.Update(tea.MouseClickMsg{X: 4, Y: size.Height - 1, Button: tea.MouseLeft})
		if c.cursor != before {
			t.Errorf("%dx%d: a click on the frame chose %v", size.Width, size.Height, c.cursor)
		}
	}
}

func TestWheelMovesTheCursor(t *testing.T) {
	m := modelOf(t, recordedRun(t, "healthy"))
	c := m.views[0].(*checksView)
	press(m, "home")
	first := c.cursor
	m.Update(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	if rows := c.rows(m); c.cursor != rows[wheelLines].key {
		t.Errorf("down goes to %v", c.cursor)
	}
	m.Update(tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	if c.cursor != first {
		t.Errorf("and up to %v", c.cursor)
	}
}
