package tui

import (
	tea "charm.land/bubbletea/v2"
)

// wheelLines is how far a notch of the wheel goes.
const wheelLines = 3

// point handles the mouse, which is reported only when the user asked for it: the
// wheel moves as the arrows do, a click chooses a row of the checks.
func (m *Model) point(msg tea.MouseMsg) tea.Cmd {
	if m.w < minWidth || m.h < minHeight || m.isTyping() {
		return nil
	}
	at := msg.Mouse()
	switch msg.(type) {
	case tea.MouseWheelMsg:
		code := tea.KeyDown
		if at.Button == tea.MouseWheelUp {
			code = tea.KeyUp
		} else if at.Button != tea.MouseWheelDown {
			return nil
		}
		var cmds []tea.Cmd
		for range wheelLines {
			cmds = append(cmds, m.press(tea.KeyPressMsg{Code: code}))
		}
		return tea.Batch(cmds...)
	case tea.MouseClickMsg:
		if c, ok := m.top().(*checksView); ok && at.Button == tea.MouseLeft {
			c.click(m, at.X, at.Y)
		}
	}
	return nil
}

// listTop is the line of the screen where the list begins: behind the frame's
// first rule, the headline and the rule of the list.
const listTop = 3

// click chooses the row at a place of the screen, if there is one.
func (c *checksView) click(m *Model, x, y int) {
	if c.zoom {
		return
	}
	list := c.bands(m, m.w, m.h-2-len(m.footer(c))-1)[0]
	width := inner(m.w)
	if len(list.cols) > 1 {
		width = list.cols[0].width
	}
	line := y - listTop
	if line < 0 || line >= list.height || x > width+2 {
		return
	}
	lines := c.listLines(m, width)
	line += listOffset(lines, list.height)
	if line >= len(lines) || lines[line].row == nil {
		return
	}
	for i, r := range c.rows(m) {
		if r == lines[line].row {
			c.focus = paneList
			c.choose(c.rows(m), i)
			return
		}
	}
}
