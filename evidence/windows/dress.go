package windows

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// dress makes a logical line of raw text.
func dress(l *line, no int, raw string) {
	*l = line{no: no}
	body := undressed(raw)
	rest := strings.TrimLeft(body, " \t\u00a0\u3000")
	for _, r := range body[:len(body)-len(rest)] {
		if l.indent++; r == '\t' {
			l.indent += 7
		}
	}
	text := strings.TrimSpace(fold(rest))
	if strings.HasPrefix(text, "```") || strings.HasPrefix(text, "~~~") {
		l.fence = true
	}
	text = strings.TrimSpace(unmarked(text))
	masked, hidden, dashes := mask(text)
	l.text, l.dashes = masked, dashes
	l.src = strings.TrimSpace(raw)
	if hidden {
		l.src = masked
	} else if l.src != text {
		l.src, _, _ = mask(l.src)
	}
	l.src = cut(l.src, maxText)
}

// cut shortens a text to at most n bytes at a character's boundary.
func cut(s string, n int) string {
	if len(s) <= n {
		return strings.Clone(s)
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// undressed takes the marks of quoted mail off the beginning of a line.
func undressed(raw string) string { return raw[quoteWidth(raw):] }

// quoteWidth is the number of bytes of mail quoting before a line.
func quoteWidth(raw string) int {
	at := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '>':
			at = i + 1
			if at < len(raw) && raw[at] == ' ' {
				at++
			}
		case ' ':
			if i > at+3 {
				return at
			}
		default:
			return at
		}
	}
	return at
}

// fold makes a line easy to compare: full-width forms become ASCII, odd blanks
// a blank, curly quotation marks straight ones; invisible characters and
// terminal escape sequences go.
func fold(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf || c < ' ' && c != '\t' || c == 0x7F {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	escape := false
	for _, r := range s {
		switch {
		case escape: // a CSI sequence ends with a letter
			if r >= '@' && r <= '~' && r != '[' {
				escape = false
			}
		case r == '\x1b':
			escape = true
		case r >= 0xFF01 && r <= 0xFF5E:
			b.WriteByte(byte(r - 0xFF01 + '!'))
		case r == 0x2018 || r == 0x2019 || r == 0x201B:
			b.WriteByte('\'')
		case r == 0x201C || r == 0x201D || r == 0x201E:
			b.WriteByte('"')
		case r == 0xAD || r == 0xFEFF || r >= 0x200B && r <= 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2060 && r <= 0x2064:
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case r < ' ' || r == 0x7F:
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unmarked takes off Markdown: emphasis, code marks, headings and the marks of
// list items.
func unmarked(s string) string {
	if strings.Contains(s, "**") && !strings.HasPrefix(s, "***") {
		s = strings.ReplaceAll(s, "**", "")
	}
	if strings.Contains(s, "`") {
		s = strings.ReplaceAll(s, "`", "")
	}
	for strings.HasPrefix(s, "#") {
		rest := strings.TrimLeft(s, "#")
		if !strings.HasPrefix(rest, " ") {
			break
		}
		s = strings.TrimLeft(rest, " ")
	}
	for _, mark := range []string{"- ", "* ", "+ ", "• ", "· "} {
		if rest, ok := strings.CutPrefix(s, mark); ok {
			return strings.TrimLeft(rest, " ")
		}
	}
	return s
}

// prompt takes a console prompt off a line and returns the command behind it:
// `C:\Users\me>`, `PS C:\>`, `[kms01]: PS C:\>`, `me@host:~$`.
func prompt(s string) (command string, ok bool) {
	at := strings.IndexByte(s, '>')
	if at > 0 {
		head := s[:at]
		if strings.HasPrefix(head, "[") {
			if _, rest, found := strings.Cut(head, "]: "); found {
				head = rest
			}
		}
		if rest, isPS := strings.CutPrefix(head, "PS"); isPS && (rest == "" || rest[0] == ' ') {
			return strings.TrimSpace(s[at+1:]), true
		}
		if name, isPS := strings.CutSuffix(head, " PS"); isPS && !strings.ContainsAny(name, " <\"|") { // "kms01 PS> "
			return strings.TrimSpace(s[at+1:]), true
		}
		if len(head) >= 2 && head[1] == ':' && asciiLetter(head[0]) && (len(head) == 2 || head[2] == '\\') && !strings.ContainsAny(head[2:], "<\"|") {
			return strings.TrimSpace(s[at+1:]), true
		}
	}
	for _, mark := range []string{"$ ", "# "} {
		head, rest, found := strings.Cut(s, mark)
		if !found {
			continue
		}
		if head == "" && mark == "$ " || strings.Contains(head, "@") && !strings.Contains(head, " ") && strings.ContainsAny(head, ":~") {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}

func asciiLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func asciiDigit(c byte) bool { return c >= '0' && c <= '9' }
