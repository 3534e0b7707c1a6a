package tui

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// markdown adds the Markdown of a page: headings in capitals, words wrapped, list
// items hanging, fenced commands as they stand.
func (t *textBlock) markdown(body string) { typeset.Markdown(body, pageBlock{t}) }

// pageBlock puts the parts of a page into a pane.
type pageBlock struct{ *textBlock }

// Heading implements [typeset.Page].
func (p pageBlock) Heading(text string) { p.heading(strings.ToUpper(text)) }

// Text implements [typeset.Page].
func (p pageBlock) Text(mark, text string) { p.hang("  "+mark, text) }

// Code implements [typeset.Page].
func (p pageBlock) Code(line string) { p.command("  ", line) }

// Blank implements [typeset.Page].
func (p pageBlock) Blank() { p.blank() }
