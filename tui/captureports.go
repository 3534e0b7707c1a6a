package tui

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// livePorts are the ports that a live capture begun now takes beside 1688: those
// that the program was called with, and those that the run on screen asks.
func (m *Model) livePorts() []uint16 {
	var ports []uint16
	if m.opts.Capture != nil {
		ports = append(ports, m.opts.Capture.Ports...)
	}
	if !m.ofCapture {
		for _, key := range m.run.order {
			sub := m.run.subjects[key]
			ports = append(ports, sub.Port, sub.Addr.Port())
		}
	}
	slices.Sort(ports)
	return slices.DeleteFunc(slices.Compact(ports), func(p uint16) bool { return p == 0 || p == kmsPort })
}

// maxPortsTold bounds the ports that a line names.
const maxPortsTold = 6

// portsText names 1688 and ports beside it: "ports 1688, 21688".
func portsText(beside []uint16) string {
	if len(beside) == 0 {
		return fmt.Sprintf("port %d", kmsPort)
	}
	words := []string{fmt.Sprint(kmsPort)}
	for _, p := range beside[:min(len(beside), maxPortsTold)] {
		words = append(words, fmt.Sprint(p))
	}
	text := "ports " + strings.Join(words, ", ")
	if more := len(beside) - maxPortsTold; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// writeLines ask for the name of a file for packets.
func (v *captureView) writeLines(m *Model, width int) []string {
	lines := []string{v.typed.line("name: ", width)}
	if m.hidden {
		lines = append(lines, typeset.Wrap("Names are hidden on the screen alone: the file will hold the real names and addresses.", width)...)
	}
	return lines
}
