package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

func printable(s string) string            { return typeset.Printable(s) }
func wrap(text string, width int) []string { return typeset.Wrap(text, width) }
func cells(s string) int                   { return typeset.Width(s) }
func pad(text string, width int) string    { return typeset.Pad(text, width) }
func took(d time.Duration) string          { return typeset.Took(d) }

// hang writes text behind a label; further lines are indented by the label's
// width. The label may carry colours.
func hang(b *strings.Builder, label, text string, width int) {
	indent := cells(label)
	for i, line := range wrap(text, width-indent) {
		if i == 0 {
			b.WriteString(label + line + "\n")
			continue
		}
		b.WriteString(strings.Repeat(" ", indent) + line + "\n")
	}
}

// hresult prints a status code as Windows does.
func hresult(code uint32) string { return fmt.Sprintf("0x%08X", code) }
