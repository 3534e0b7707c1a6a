package report

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// markdown writes the Markdown of a page as text: headings in capitals, words
// wrapped, list items hanging, fenced commands exactly as they stand.
func markdown(b *strings.Builder, s Style, body string) { typeset.Markdown(body, pageText{b, s}) }

// pageText writes the parts of a page.
type pageText struct {
	b *strings.Builder
	s Style
}

// Heading implements [typeset.Page].
func (p pageText) Heading(text string) { heading(p.b, p.s, text) }

// Text implements [typeset.Page].
func (p pageText) Text(mark, text string) { hang(p.b, "  "+mark, text, p.s.Width) }

// Code implements [typeset.Page].
func (p pageText) Code(line string) {
	p.b.WriteString("      " + p.s.paint(sgrCyan, printable(line)) + "\n")
}

// Blank implements [typeset.Page].
func (p pageText) Blank() { p.b.WriteString("\n") }

func heading(b *strings.Builder, s Style, title string) {
	b.WriteString(s.paint(sgrBold, strings.ToUpper(printable(title))) + "\n")
}
