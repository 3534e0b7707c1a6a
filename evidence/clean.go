package evidence

import (
	"strings"
	"unicode"
)

// Clean makes text from a peer, a packet or a paste safe to show: control,
// format, bidirectional-override and other invisible characters and malformed
// UTF-8 are replaced by '?', and what is longer than 256 runes is cut.
func Clean(s string) string {
	const limit = 256
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > limit {
			b.WriteString("..")
			break
		}
		if hidden(r) {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func hidden(r rune) bool {
	return r == unicode.ReplacementChar || r != ' ' && !unicode.IsPrint(r)
}
