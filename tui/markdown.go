package tui

import (
	"strings"
	"unicode"
)

// markdown adds the Markdown of a page: headings in capitals, words wrapped, list
// items hanging, fenced commands as they stand.
func (t *textBlock) markdown(body string) {
	var block []string // lines of the paragraph or list item being read
	mark := ""         // "- " inside a list item
	flush := func() {
		if len(block) > 0 {
			text := strings.NewReplacer("`", "", "**", "").Replace(strings.Join(block, " "))
			t.hang("  "+mark, text)
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
			t.command("  ", line)
		case text == "":
			flush()
			t.blank()
		case strings.HasPrefix(line, "#"):
			flush()
			t.heading(strings.ToUpper(strings.TrimLeft(line, "# ")))
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

// numbered tells whether a line begins an item such as "2. ".
func numbered(text string) bool {
	rest := strings.TrimLeftFunc(text, unicode.IsDigit)
	return rest != text && strings.HasPrefix(rest, ". ")
}
