package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/diagnose"
)

type watch struct{ every time.Duration }

func (w watch) text(time.Time) string { return "" }

func (m *Model) shown() *session               { return m.run }
func (m *Model) shownCauses() []diagnose.Cause { return m.causes }
func (m *Model) openForm() tea.Cmd             { return nil }
func (m *Model) openCauses() tea.Cmd           { return nil }
func (m *Model) openExplain() tea.Cmd          { return nil }
func (m *Model) openPasteWith(string) tea.Cmd  { return nil }
func (m *Model) openCapture() tea.Cmd          { return nil }
func (m *Model) openMatrix() tea.Cmd           { return nil }
func (m *Model) openCount() tea.Cmd            { return nil }
func (m *Model) openSave() tea.Cmd             { return nil }
func (m *Model) copy(bool) tea.Cmd             { return nil }
func (m *Model) toggleWatch() tea.Cmd          { return nil }
func (m *Model) watchAgain() tea.Cmd           { return nil }
func (m *Model) remember() tea.Cmd             { return nil }

func (c *checksView) timeline(*Model, int, int) []string { return nil }
func (c *checksView) packets(*Model, int, int) []string  { return nil }
