package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/report"
)

// whyNameless is why a program that was opened over a capture begins no run.
const whyNameless = "this is a capture, and no target was named; t names one and says what will be sent"

// nameless tells whether nobody has named a target: the program was opened over a
// capture. A run would ask this machine's own domain, which nobody asked for.
func (m *Model) nameless() bool { return m.opts.Capture != nil && !m.named }

// nameTarget opens the target form where a run would have begun, with the hosts
// and the product that it was about, if any.
func (m *Model) nameTarget(hosts []string, product string) tea.Cmd {
	cmd := m.openFormBecause("A capture is on screen, and nothing was sent. What is named here is checked over the network; what that sends stands below, and enter begins it.")
	v, ok := m.top().(*formView)
	if !ok {
		return cmd
	}
	if len(hosts) > 0 {
		v.texts[atHost].set(strings.Join(hosts, " "))
		v.texts[atDomain].set("")
	}
	if product != "" {
		v.product = newProducts(product)
	}
	return tea.Batch(cmd, v.changed())
}

// Mask is what the names in the program's output are hidden by, nil where they are
// shown.
func (m *Model) Mask() *report.Mask {
	if m.hidden {
		return m.mask
	}
	return nil
}
