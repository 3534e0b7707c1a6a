package errors

import (
	"strings"
	"unicode/utf8"
)

// folded is text reduced to one byte a character, for scanners that look for
// ASCII: full-width forms become ASCII, the minus sign a hyphen, every other
// non-ASCII character the byte other, which is a boundary and nothing else.
type folded struct {
	b   []byte
	off []int // off[i] is where b[i] starts in the original; one more entry for its end; nil when nothing moved
}

// other stands for a character outside ASCII. It is not a hexadecimal digit,
// a letter or a hyphen, so it ends a word.
const other = 0x7F

func fold(s string) folded {
	ascii := true
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return folded{b: []byte(s)}
	}
	f := folded{b: make([]byte, 0, len(s)), off: make([]int, 0, len(s)+1)}
	for i, r := range s {
		f.b = append(f.b, foldRune(r))
		f.off = append(f.off, i)
	}
	f.off = append(f.off, len(s))
	return f
}

func foldRune(r rune) byte {
	switch {
	case r < utf8.RuneSelf:
		return byte(r)
	case r >= 0xFF01 && r <= 0xFF5E: // full-width ! to ~
		return byte(r - 0xFF01 + '!')
	case r == 0x3000, r == 0x00A0: // ideographic and no-break space
		return ' '
	case r == 0x2212, r >= 0x2010 && r <= 0x2015: // minus, hyphens and dashes
		return '-'
	}
	return other
}

// at maps an index in the folded bytes to one in the original text.
func (f folded) at(i int) int {
	if f.off == nil {
		return i
	}
	return f.off[i]
}

func foldString(s string) string { return string(fold(s).b) }

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func isHex(b byte) bool {
	return isDigit(b) || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F'
}

func isWord(b byte) bool {
	return isDigit(b) || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_'
}

// span is the length of the run of bytes at the start of s that satisfy f.
func span(s []byte, f func(byte) bool) int {
	n := 0
	for n < len(s) && f(s[n]) {
		n++
	}
	return n
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
