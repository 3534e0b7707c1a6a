package tui

import (
	"net/netip"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// TestCaptureRowsKeepTheCode looks for the code of an outcome in its row at every
// width, however long the addresses are.
func TestCaptureRowsKeepTheCode(t *testing.T) {
	for _, ends := range [][2]string{
		{"10.77.1.2:55930", "10.77.0.10:1688"},
		{"192.168.100.100:55930", "192.168.100.200:21688"},
		{"[fd77:1111:2222:3333:4444:5555:6666:7777]:55930", "[fd77:1111:2222:3333:4444:5555:6666:8888]:1688"},
	} {
		m := capturedModel(t, nil, "refused_c004f042.pcap")
		for _, talk := range m.capture.talks.list {
			talk.client, talk.host = netip.MustParseAddrPort(ends[0]), netip.MustParseAddrPort(ends[1])
			talk.text = "count 1 of 25, will show 0xC004F038  Windows 11 Pro in V6.0"
		}
		for w := 44; w <= 160; w++ {
			m.Update(tea.WindowSizeMsg{Width: w, Height: 24})
			frame := ansi.Strip(whole(t, m))
			row := strings.Split(frame, "\n")[3]
			if !strings.Contains(row, "0xC004F038") {
				t.Fatalf("%d wide, no code in %q", w, row)
			}
			if full := ends[0] + " > " + ends[1]; w >= 80 && len(full)+len("count 1 of 25, will show 0xC004F038") < w-10 && len(full) <= 44 && !strings.Contains(row, full) {
				t.Fatalf("%d wide, there is room for both ends in %q", w, row)
			}
		}
	}
}

func lineWith(text, part string) string {
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}
