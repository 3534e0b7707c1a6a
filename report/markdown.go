package report

import (
	"strings"
	"unicode"
)

// markdown writes the Markdown of a page as text: headings in capitals, words
// wrapped, list items hanging, fenced commands exactly as they stand.
func markdown(b *strings.Builder, s Style, body string) {
	var block []string // lines of the paragraph or list item being read
	mark := ""         // "- " inside a list item
	flush := func() {
		if len(block) > 0 {
			hang(b, "  "+mark, inline(strings.Join(block, " ")), s.Width)
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
			b.WriteString("      " + s.paint(sgrCyan, printable(line)) + "\n")
		case text == "":
			flush()
			b.WriteString("\n")
		case strings.HasPrefix(line, "#"):
			flush()
			heading(b, s, strings.TrimLeft(line, "# "))
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

func heading(b *strings.Builder, s Style, title string) {
	b.WriteString(s.paint(sgrBold, strings.ToUpper(printable(title))) + "\n")
}

// numbered tells whether a line begins an item such as "2. ".
func numbered(text string) bool {
	rest := strings.TrimLeftFunc(text, unicode.IsDigit)
	return rest != text && strings.HasPrefix(rest, ". ")
}

// inline takes the marks for code and emphasis out of running text.
func inline(text string) string {
	return strings.NewReplacer("`", "", "**", "").Replace(text)
}
