package windows

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/kmsdiag/kmsdiag/catalog"
)

const (
	keyLen     = groupLen * keyGroups
	maxBetween = 12 // bytes between two groups of a key
	joinLines  = 6  // lines over which a key may be spread
	joinBytes  = 80 // of each of them that are looked at
)

// inKeys tells of each byte whether it is a letter of keys, in either case.
var inKeys = func() (set [256]bool) {
	for _, c := range []byte(keyLetters + strings.ToLower(keyLetters)) {
		set[c] = true
	}
	return set
}()

// divides tells of each ASCII character whether it may stand between groups.
var divides = func() (set [utf8.RuneSelf]bool) {
	for _, c := range []byte(" \t\n-_.,:;'\"`|/\\+*=~>") {
		set[c] = true
	}
	return set
}()

// Mask hides the product keys in a text as [Read] does in what it keeps: all but
// their last five characters become X, whatever stands between their groups and
// over however many lines they go. Keys that Microsoft publishes stay.
func Mask(text string) string {
	lines := strings.SplitAfter(text, "\n")
	for i := range lines {
		maskJoined(lines[i:min(len(lines), i+joinLines)])
		lines[i], _, _ = mask(lines[i])
	}
	return strings.Join(lines, "")
}

// maskJoined hides the keys that begin in the first of some lines and end in a
// later one.
func maskJoined(lines []string) {
	if len(lines) < 2 || !endsInKey(lines[0]) {
		return
	}
	type place struct{ line, at int }
	var text []byte
	var places []place
	for i, s := range lines {
		from := len(s) - len(strings.TrimLeft(undressed(s), " \t\u00a0"))
		s = strings.TrimRight(s, " \t\r\n")
		switch {
		case i == 0:
			from = max(0, len(s)-joinBytes)
		case from >= len(s) || !inKeys[s[from]] && betweenGroups(s, from) == 0:
			lines = lines[:i]
		}
		if i == len(lines) {
			break
		}
		long := i > 0 && len(s)-from > joinBytes
		if long {
			s = s[:from+joinBytes]
		}
		for at := from; at < len(s); at++ {
			text, places = append(text, s[at]), append(places, place{i, at})
		}
		if long {
			break
		}
		text, places = append(text, '\n'), append(places, place{i, -1})
	}
	wholeKeys(string(text), false, func(at int) {
		if p := places[at]; p.at >= 0 && lines[p.line][p.at] != 'X' {
			lines[p.line] = lines[p.line][:p.at] + "X" + lines[p.line][p.at+1:]
		}
	})
}

// endsInKey tells whether a line's last characters may be some of a key's.
func endsInKey(s string) bool {
	s = strings.TrimRight(s, " \t\r\n")
	for i := len(s) - 1; i >= 0 && i >= len(s)-maxBetween; i-- {
		if inKeys[s[i]] {
			return true
		}
		if alnum(s[i]) {
			return false
		}
	}
	return false
}

// wholeKeys calls hide with the place of each character to hide in a text in
// which a line's end may stand anywhere in a key. Of a part of a key, where
// parts are wanted, every whole group is hidden.
func wholeKeys(s string, parts bool, hide func(at int)) {
	for i := 0; i < len(s); {
		if !inKeys[s[i]] {
			i++
			continue
		}
		end := keyAt(s, i, hide)
		if end == 0 && parts {
			end = partAt(s, i, hide)
		}
		i = max(i+1, end)
	}
}

// keyAt reads a whole key that begins at i and returns its end, 0 where there
// is none.
func keyAt(s string, i int, hide func(at int)) (end int) {
	var at [keyLen]int
	between := false // something other than a line's end divides the groups
	for n := range keyLen {
		width := 0
		if n > 0 && n%groupLen == 0 {
			width = betweenGroups(s, i)
		}
		switch {
		case n == groupLen && width > 0:
			between, i = true, i+width
		case n > groupLen && n%groupLen == 0 && between:
			if width == 0 {
				return 0
			}
			i += width
		case n > 0 && i < len(s) && s[i] == '\n':
			i++
		}
		if i >= len(s) || !inKeys[s[i]] {
			return 0
		}
		at[n] = i
		i++
	}
	var key [keyLen]byte
	for n, place := range at {
		key[n] = upper(s[place])
	}
	if !looksLikeKey(key[:], between) {
		return 0
	}
	if published(string(key[:])) {
		return i
	}
	rest := at[:]
	if !between { // the run may be longer than a key
		for j := i; j < len(s) && (inKeys[s[j]] || s[j] == '\n'); j++ {
			if s[j] != '\n' {
				rest, i = append(rest, j), j+1
			}
		}
		if n := len(rest) - keyLen; n > 0 {
			for k, place := range rest[n:] {
				key[k] = upper(s[place])
			}
			if published(string(key[:])) {
				return i
			}
		}
	}
	for _, place := range rest[:len(rest)-groupLen] {
		hide(place)
	}
	return i
}

// looksLikeKey tells the letters of a key from words, numbers and hexadecimal
// digits.
func looksLikeKey(key []byte, grouped bool) bool {
	numbers, beyondHex, lettered := 0, 0, 0
	for n := 0; n < len(key); n += groupLen {
		has := false
		for _, c := range key[n : n+groupLen] {
			if asciiDigit(c) {
				numbers++
				continue
			}
			has = true
			if c > 'F' && c != 'X' { // X may be a letter that was hidden
				beyondHex++
			}
		}
		if has {
			lettered++
		}
	}
	if numbers == 0 || beyondHex == 0 {
		return false
	}
	return !grouped || lettered > len(key)/groupLen/2
}

// partAt reads a part of a key that begins at i: three or four groups, or two
// with which the line ends.
func partAt(s string, i int, hide func(at int)) (end int) {
	var at []int
	var letters []byte
	j, hyphens := i, true
	for len(at) < keyGroups {
		k := j
		for k < len(s) && k < j+groupLen && inKeys[s[k]] {
			k++
		}
		if k != j+groupLen || len(at) > 0 && k < len(s) && alnum(s[k]) {
			break
		}
		at, letters, end = append(at, j), append(letters, strings.ToUpper(s[j:k])...), k
		width := betweenGroups(s, k)
		if width == 0 {
			j = k
			break
		}
		if w, _ := dashAt(s, k); w == 0 {
			hyphens = false
		}
		j = k + width
	}
	if len(at) < 2 || len(at) == 2 && (!hyphens || i > 0 && alnum(s[i-1]) || !endsLineAt(s, j)) {
		return 0
	}
	hidden := 0
	for n := range at {
		group := letters[n*groupLen : (n+1)*groupLen]
		if string(group) == "XXXXX" {
			hidden++
		} else if !strings.ContainsFunc(string(group), func(r rune) bool { return r > '9' }) {
			return 0
		}
	}
	if hidden >= len(at)-1 || !looksLikeKey(letters, true) || publishedPart(string(letters)) {
		return 0
	}
	for _, place := range at {
		for k := place; k < place+groupLen; k++ {
			hide(k)
		}
	}
	return end
}

// endsLineAt tells whether a text ends at i, or behind the beginning of a group.
func endsLineAt(s string, i int) bool {
	for n := 0; n < groupLen && i < len(s) && inKeys[s[i]]; n++ {
		i++
	}
	return i >= len(s) || strings.TrimRight(s[i:], " \t\r\n\"'`,") == ""
}

// betweenGroups is the width of what stands at i where that may stand between
// two groups of a key, 0 where nothing does.
func betweenGroups(s string, i int) int {
	width := 0
	for i+width < len(s) && width < maxBetween {
		if s[i+width] < utf8.RuneSelf {
			if !divides[s[i+width]] {
				break
			}
			width++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i+width:])
		if !strings.ContainsRune("\u00a0\u00ad\u00b7\u200b\u2060\ufeff\u3000\u3001\u2212\ufe63\uff0c\uff0d\uff0e\uff1a", r) && (r < 0x2010 || r > 0x201F) {
			break
		}
		width += n
	}
	return width
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - ('a' - 'A')
	}
	return c
}

// published tells whether 25 letters are a key that Microsoft publishes.
func published(letters string) bool {
	g, known := catalog.GVLKByPartial(letters[len(letters)-groupLen:])
	return known && strings.ReplaceAll(g.Key, "-", "") == letters
}

// publishedPart tells whether letters are a part of such a key.
func publishedPart(letters string) bool {
	return strings.Contains(publishedLetters(), letters)
}

var publishedLetters = sync.OnceValue(func() string {
	var all strings.Builder
	for _, g := range catalog.GVLKs() {
		all.WriteString(strings.ReplaceAll(g.Key, "-", "") + " ")
	}
	return all.String()
})
