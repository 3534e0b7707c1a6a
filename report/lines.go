package report

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/clipperhouse/displaywidth"
)

// printable replaces what a terminal would act on or hide: control, format and
// bidirectional characters, and malformed UTF-8. Unlike evidence.Clean it cuts
// nothing, since remedies and commands are longer than what peers may say.
func printable(s string) string {
	clean := func(r rune) rune {
		if r == ' ' || r != unicode.ReplacementChar && unicode.IsPrint(r) {
			return r
		}
		return '?'
	}
	return strings.Map(clean, s)
}

// wrap breaks text between words into lines of at most width cells. A word that
// is longer than a line, such as text in a script without blanks, is cut.
func wrap(text string, width int) []string {
	width = max(width, 10)
	var lines []string
	line, used := "", 0
	for word := range strings.FieldsSeq(printable(strings.ReplaceAll(text, "\n", " "))) {
		w := cells(word)
		if used > 0 && used+1+w <= width {
			line, used = line+" "+word, used+1+w
			continue
		}
		if used > 0 {
			lines = append(lines, line)
		}
		for w > width {
			head := displaywidth.TruncateString(word, width, "")
			if head == "" {
				break
			}
			lines, word = append(lines, head), word[len(head):]
			w = cells(word)
		}
		line, used = word, w
	}
	if used > 0 || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// cells is the width of text on a terminal, colours left out.
func cells(s string) int {
	return displaywidth.Options{ControlSequences: true}.String(s)
}

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

// took prints a duration as a person reads it: "<1 ms", "14 ms", "3.0 s", "1 m 05 s".
func took(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < time.Millisecond:
		return "<1 ms"
	case d < 999500*time.Microsecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < 59950*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%d m %02d s", int(d.Minutes()), int(d.Seconds())%60)
}

// hresult prints a status code as Windows does.
func hresult(code uint32) string { return fmt.Sprintf("0x%08X", code) }
