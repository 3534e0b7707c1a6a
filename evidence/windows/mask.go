package windows

import (
	"strings"
	"unicode/utf8"

	"github.com/kmsdiag/kmsdiag/catalog"
)

const (
	groupLen  = 5
	keyGroups = 5
	maxTurns  = 16 // over one text
	// keyLetters are the characters of product keys: those that are hard to
	// mistake for another, and N since Windows 8.
	keyLetters = "BCDFGHJKMNPQRTVWXY2346789"
)

// group is a run of five letters or digits in a text.
type group struct{ start, end int }

// mask hides product keys: of five groups of five characters only the last one
// stays, unless the key is a generic one that Microsoft publishes. Three and
// four groups in the letters of keys are taken for a cut key, and so are two at
// the end of a line. dashes tells whether a key's groups are joined by other
// dashes than hyphens.
func mask(s string) (masked string, changed, dashes bool) {
	for range maxTurns { // what is hidden in one may tell a key in the next
		loose, more := maskLoose(s)
		s = loose
		if strings.IndexByte(s, '-') >= 0 || !isASCII(s) {
			joined, also, odd := maskHyphened(s)
			s, more, dashes = joined, more || also, dashes || odd
		}
		if !more {
			break
		}
		changed = true
	}
	return s, changed, dashes
}

// maskLoose hides keys in the letters of keys, whatever divides their groups.
func maskLoose(s string) (masked string, changed bool) {
	var out []byte
	wholeKeys(s, true, func(at int) {
		if s[at] == 'X' {
			return
		}
		if out == nil {
			out = []byte(s)
		}
		out[at] = 'X'
	})
	if out == nil {
		return s, false
	}
	return string(out), true
}

// maskHyphened hides keys whose groups are joined by single dashes, of any
// letters.
func maskHyphened(s string) (masked string, changed, dashes bool) {
	var out []byte
	for i := 0; i < len(s); {
		if !alnum(s[i]) || i > 0 && alnum(s[i-1]) {
			i++
			continue
		}
		groups, odd := groupsAt(s, i)
		n := len(groups)
		if n == 0 {
			i = runEnd(s, i)
			continue
		}
		dashes = dashes || odd && n == keyGroups
		if n < 3 || !secret(s, groups) {
			i = groups[n-1].end
			continue
		}
		last := n // groups to hide
		if n >= keyGroups {
			last--
		}
		for _, g := range groups[:last] {
			if s[g.start:g.end] == "XXXXX" {
				continue
			}
			if out == nil {
				out = []byte(s)
			}
			for k := g.start; k < g.end; k++ {
				out[k] = 'X'
			}
		}
		i = groups[n-1].end
	}
	if out == nil {
		return s, false, dashes
	}
	return string(out), true, dashes
}

// groupsAt returns the groups of five joined by single dashes that begin at i.
// A group of another length ends the run without being part of it, so that a
// key that lost its end is found as well.
func groupsAt(s string, i int) (groups []group, odd bool) {
	for {
		end := runEnd(s, i)
		if end-i != groupLen {
			return groups, odd
		}
		groups = append(groups, group{i, end})
		width, hyphen := dashAt(s, end)
		if width == 0 {
			return groups, odd
		}
		odd = odd || !hyphen
		i = end + width
	}
}

func runEnd(s string, i int) int {
	for i < len(s) && alnum(s[i]) {
		i++
	}
	return i
}

func alnum(c byte) bool { return asciiLetter(c) || asciiDigit(c) }

// dashAt returns the width of the dash at i, 0 where there is none.
func dashAt(s string, i int) (width int, hyphen bool) {
	if i >= len(s) {
		return 0, false
	}
	if s[i] == '-' {
		return 1, true
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	if r == 0x2212 || r >= 0x2010 && r <= 0x2015 || r == 0xFE63 || r == 0xFF0D {
		return n, false
	}
	return 0, false
}

// secret tells whether groups are, or are part of, a key that must not be shown.
func secret(s string, groups []group) bool {
	var key strings.Builder
	letters, odd := 0, 0
	for i, g := range groups {
		if i > 0 {
			key.WriteByte('-')
		}
		text := strings.ToUpper(s[g.start:g.end])
		key.WriteString(text)
		for k := range groupLen {
			if !asciiDigit(text[k]) {
				letters++
			}
			if strings.IndexByte(keyLetters, text[k]) < 0 {
				odd++
			}
		}
	}
	if letters == 0 { // a product id or an ePID
		return false
	}
	if len(groups) != keyGroups {
		last := key.Len() - groupLen - 1
		done := strings.Trim(key.String()[:last], "X-") == "" // hidden, but for its last group
		return odd == 0 && !done && !publishedPart(strings.ReplaceAll(key.String(), "-", ""))
	}
	whole := key.String()
	g, known := catalog.GVLKByPartial(whole[len(whole)-groupLen:])
	return !known || g.Key != whole
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
