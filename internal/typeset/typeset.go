// Package typeset lays text out in the cells of a terminal: its width, where it
// breaks, how it is cut. The renderers and the terminal program share it, so
// that both count cells alike.
//
// Text may carry colours, as ANSI sequences, where a function says so; all others
// take plain text.
package typeset

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/clipperhouse/displaywidth"
)

var coloured = displaywidth.Options{ControlSequences: true}

// Printable replaces what a terminal would act on or hide: control, format and
// bidirectional characters, and malformed UTF-8. Unlike evidence.Clean it cuts
// nothing, since remedies and commands are longer than what peers may say.
func Printable(s string) string {
	clean := func(r rune) rune {
		if r == ' ' || r != unicode.ReplacementChar && unicode.IsPrint(r) {
			return r
		}
		return '?'
	}
	return strings.Map(clean, s)
}

// Width is the number of cells that text takes; it may carry colours.
func Width(s string) int {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return coloured.String(s)
		}
	}
	return len(s)
}

// Wrap breaks text between words into lines of at most width cells, and never
// less than ten. A word that is longer than a line, such as text in a script
// without blanks, is cut. Unprintable characters are replaced. There is at least
// one line.
func Wrap(text string, width int) []string {
	width = max(width, 10)
	var lines []string
	line, used := "", 0
	for word := range strings.FieldsSeq(Printable(strings.ReplaceAll(text, "\n", " "))) {
		w := Width(word)
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
			w -= Width(head)
		}
		line, used = word, w
	}
	if used > 0 || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// Pad fills text with blanks up to a width; it may carry colours.
func Pad(text string, width int) string {
	if n := width - Width(text); n > 0 {
		return text + strings.Repeat(" ", n)
	}
	return text
}

// Cut shortens text to a width and marks the cut with two dots.
func Cut(text string, width int) string {
	switch {
	case Width(text) <= width:
		return text
	case width <= 2:
		return displaywidth.TruncateString(text, max(width, 0), "")
	}
	return displaywidth.TruncateString(text, width, "..")
}

// Line makes text from outside a line of exactly a width: printable, cut or
// padded. However long the text is, no more of it is looked at than fits.
func Line(text string, width int) string {
	// No character of a cell takes more bytes than a cluster of this size.
	if most := 16*max(width, 0) + 64; len(text) > most {
		text = text[:most] + "  "
	}
	return Fit(Printable(text), width)
}

// Fit cuts or pads plain text to exactly a width.
func Fit(text string, width int) string { return Pad(Cut(text, width), width) }

// Took prints a duration as a person reads it: "<1 ms", "14 ms", "3.0 s",
// "1 m 05 s"; nothing for none.
func Took(d time.Duration) string {
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
