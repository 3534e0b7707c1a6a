package typeset

import (
	"strings"
	"unicode"
)

// Page takes the parts of a page of Markdown as [Markdown] finds them.
type Page interface {
	Heading(text string)
	Text(mark, text string) // a paragraph, or a list item behind its mark, such as "- "
	Code(line string)       // a line of a fenced block, exactly as it stands
	Blank()
}

// Markdown reads the Markdown of a page: headings, paragraphs, list items and
// fenced blocks. The marks for code and emphasis are taken out of running text.
func Markdown(body string, to Page) {
	var block []string // lines of the paragraph or list item being read
	mark := ""         // "- " inside a list item
	flush := func() {
		if len(block) > 0 {
			to.Text(mark, inline.Replace(strings.Join(block, " ")))
		}
		block, mark = nil, ""
	}
	fenced := false
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\r\n")
		text := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(text, "```"):
			flush()
			fenced = !fenced
		case fenced:
			to.Code(line)
		case text == "":
			flush()
			to.Blank()
		case strings.HasPrefix(line, "#"):
			flush()
			to.Heading(strings.TrimLeft(line, "# "))
		case strings.HasPrefix(text, "- "), numbered(text):
			flush()
			i := strings.IndexByte(text, ' ') + 1
			mark, block = text[:i], append(block, text[i:])
		default:
			block = append(block, text)
		}
	}
	flush()
}

var inline = strings.NewReplacer("`", "", "**", "")

// numbered tells whether a line begins an item such as "2. ".
func numbered(text string) bool {
	rest := strings.TrimLeftFunc(text, unicode.IsDigit)
	return rest != text && strings.HasPrefix(rest, ". ")
}
