package catalog

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// More ways in which a text matches a generic key, by the name of its edition.
const (
	MatchName     MatchKind = "name"     // the whole name of the edition
	MatchWords    MatchKind = "words"    // every word is one of the name's, or begins one
	MatchID       MatchKind = "id"       // the EditionID of the registry and of DISM, such as "ServerStandard"
	MatchMisspelt MatchKind = "misspelt" // a letter of the name, or of a word of it, is wrong
)

// maxQuery bounds what [FindKeys] reads, in bytes; the longest name on the lists has about 80.
const maxQuery = 200

// maxNear bounds the names suggested for a query that fits nothing.
const maxNear = 5

// KeyAnswer is what [FindKeys] found.
type KeyAnswer struct {
	Hits  []GVLKMatch // best first, every key once
	First int         // how many of Hits are first matches, equally good
	Near  []string    // without hits: names of editions, or last five characters, that resemble the query; perhaps none
}

// FindKeys looks up generic keys by what somebody typed: the name of an edition as Microsoft or Windows writes it,
// some of its words in any order, a whole key, one of its five groups, or any of these with one letter wrong. Where
// a query is right as it stands, nothing is guessed; a typo that makes another edition's name finds that edition.
//
// A query may be a secret key. Nothing of it is in the answer.
func FindKeys(query string) KeyAnswer {
	if len(query) > maxQuery {
		return KeyAnswer{}
	}
	var byKey []GVLKMatch
	if keyLength(query) {
		byKey = FindGVLK(query)
	}
	if len(byKey) > 0 && byKey[0].How != MatchOneLetter {
		return KeyAnswer{Hits: byKey, First: len(byKey)}
	}
	if byID := keysOfID(query); len(byID) > 0 {
		var a KeyAnswer
		a.first(MatchID, byID)
		return a
	}
	index := editionNames()
	exact, misspelt := index.whole(query)
	ranked, guessed := index.words(query)
	var a KeyAnswer
	switch {
	case len(exact) > 0:
		a.first(MatchName, exact)
		a.more(MatchWords, ranked)
	case len(misspelt) > 0 || len(ranked) > 0:
		a.first(MatchMisspelt, misspelt)
		a.first(MatchWords, bestOf(ranked))
		a.more(MatchWords, ranked)
	}
	if len(exact) == 0 && len(ranked) == 0 {
		a.first(MatchOneLetter, nearFragments(query, byKey))
		if a.First == 0 {
			a.first(MatchMisspelt, bestOf(guessed))
		}
		a.more(MatchMisspelt, guessed)
	}
	if len(a.Hits) == 0 {
		a.Near = index.near(query)
	}
	return a
}

// keyLength tells whether a query has as many letters and digits as a key or one of its groups, or nearly.
func keyLength(query string) bool {
	n := 0
	for _, r := range query {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			n++
		}
	}
	return n == 5 || n >= 24 && n <= 26
}

// first adds keys that are as good as those already there.
func (a *KeyAnswer) first(how MatchKind, keys []namedKey) {
	a.more(how, keys)
	a.First = len(a.Hits)
}

// more adds keys that are not there yet.
func (a *KeyAnswer) more(how MatchKind, keys []namedKey) {
	for _, k := range keys {
		g := gvlkTable()[k.key]
		if !slices.ContainsFunc(a.Hits, func(h GVLKMatch) bool { return h.GVLK.Key == g.Key }) {
			a.Hits = append(a.Hits, GVLKMatch{g, how})
		}
	}
}

// nearFragments returns the keys that a group of five with one letter wrong, missing or too many is near to.
func nearFragments(query string, whole []GVLKMatch) []namedKey {
	var keys []namedKey
	for i, g := range gvlkTable() {
		if slices.ContainsFunc(whole, func(m GVLKMatch) bool { return m.GVLK.Key == g.Key }) {
			keys = append(keys, namedKey{key: i})
		}
	}
	if typed, ok := fragment(query); ok && len(keys) == 0 {
		for i, g := range gvlkTable() {
			if oneLetter(typed, g.Partial()) {
				keys = append(keys, namedKey{key: i})
			}
		}
	}
	return keys
}

// fragment returns a query of four to six letters and digits, which may be the end of a key, in upper case.
func fragment(query string) (string, bool) {
	typed := strings.ToUpper(strings.TrimSpace(query))
	if len(typed) < 4 || len(typed) > 6 {
		return "", false
	}
	for _, r := range typed {
		if !(r >= 'A' && r <= 'Z' || r >= '0' && r <= '9') {
			return "", false
		}
	}
	return typed, true
}

// squash keeps the letters and digits of a name, in lower case, and the dots beside digits.
func squash(name string) string {
	var b strings.Builder
	runes := []rune(strings.ToLower(name))
	for i, r := range runes {
		beside := i > 0 && unicode.IsDigit(runes[i-1]) || i+1 < len(runes) && unicode.IsDigit(runes[i+1])
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' && beside {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// whole returns the keys with the name that a query is, and those with a name one letter away.
func (x keyIndex) whole(query string) (exact, misspelt []namedKey) {
	typed := []string{squash(query), strings.Join(words(query), "")}
	for _, k := range x {
		switch {
		case typed[0] == "":
		case typed[0] == k.squash[0] || typed[1] == k.squash[1]:
			exact = append(exact, k)
		case utf8.RuneCountInString(typed[0]) < 6: // of a short name any letter is much
		case (oneLetter(typed[0], k.squash[0]) || oneLetter(typed[1], k.squash[1])) &&
			!otherNumber(query, k.name): // which is no typo, but the name of a release that is not on the lists
			misspelt = append(misspelt, k)
		}
	}
	return exact, misspelt
}

// otherNumber tells whether a text has another number of as many digits in the place of one of a name's, as "Windows
// Server 2003" beside "Windows Server 2008".
func otherNumber(text, name string) bool {
	a, b := numbers(text), numbers(name)
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && len(a[i]) == len(b[i]) {
			return true
		}
	}
	return false
}

// numbers returns the runs of digits of a text.
func numbers(text string) []string {
	return slices.DeleteFunc(split(strings.ToLower(text)), func(w string) bool { return !unicode.IsDigit(rune(w[0])) })
}

// oneLetter tells whether one letter makes the difference of two texts: wrong, missing, added or swapped with its
// neighbour. It is distance(a, b, 1) == 1 for a b of ASCII, without its tables.
func oneLetter(a, b string) bool {
	if len(a)-len(b) > utf8.UTFMax || len(b)-len(a) > utf8.UTFMax {
		return false
	}
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	swapped := len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
	m, n := utf8.RuneCountInString(a), utf8.RuneCountInString(b)
	return swapped || m <= 1 && n <= 1 && m+n > 0
}

// words returns the keys whose names have every word of a query, the closest first: typed right or cut short, and
// with a word misspelt.
func (x keyIndex) words(query string) (right, guessed []namedKey) {
	typed := words(query)
	if len(typed) == 0 {
		return nil, nil
	}
	for _, k := range x {
		if f, ok := match(typed, k.words); ok {
			k.cost, k.unasked = f.cost, f.unasked
			if release, only := match(typed, k.suite); only && !release.guessed { // a suite goes without saying, a single program does not
				k.unasked = release.unasked - 1
			}
			if f.guessed {
				guessed = append(guessed, k)
			} else {
				right = append(right, k)
			}
		}
	}
	for _, list := range [][]namedKey{right, guessed} {
		slices.SortStableFunc(list, func(a, b namedKey) int {
			return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.unasked, b.unasked), cmp.Compare(a.key, b.key))
		})
	}
	return right, guessed
}

// bestOf returns the keys of a sorted list that are as good as the first.
func bestOf(list []namedKey) []namedKey {
	for i, k := range list {
		if k.cost > list[0].cost || k.unasked > list[0].unasked {
			return list[:i]
		}
	}
	return list
}

// near names what resembles a query that fits nothing: ends of keys, or editions that share most of its words.
func (x keyIndex) near(query string) []string {
	var names []string
	if typed, ok := fragment(query); ok && strings.ContainsAny(typed, "0123456789") {
		for _, g := range gvlkTable() {
			if distance(typed, g.Partial(), 2) <= 2 && len(names) < maxNear {
				names = append(names, g.Partial()+" ("+g.Title()+")")
			}
		}
		return names
	}
	typed := words(query)
	type scored struct {
		namedKey
		hits int
	}
	var found []scored
	for _, k := range x {
		s := scored{namedKey: k}
		for _, q := range typed {
			if cost, _ := bestWord(q, k.words); cost >= 0 && utf8.RuneCountInString(q) > 1 {
				s.hits += 4 - cost
			}
		}
		if s.hits > 0 {
			found = append(found, s)
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.hits, a.hits), cmp.Compare(len(a.words), len(b.words)))
	})
	for _, s := range found {
		if s.hits*2 < found[0].hits || len(names) == maxNear {
			break
		}
		if !slices.Contains(names, s.name) {
			names = append(names, s.name)
		}
	}
	return names
}
