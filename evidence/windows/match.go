package windows

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a word of a sentence.
type token struct {
	text   string
	line   int
	clause int
}

// matcher tries the phrases on sentences. It is one parser's own.
type matcher struct {
	table *phraseTable
	words map[string][]int // stems by word, for words seen before
	at    [][]int          // places in the sentence, by stem
	used  []int            // stems with places
	tried []int            // number of the sentence a phrase was tried on last
	times []int            // how often a phrase was found
	turn  int
	s     *sentence
}

const (
	maxWords = 1 << 14 // words remembered
	maxTimes = 50      // after which a phrase is no longer looked for: it has been said
)

// match finds the phrases in a paragraph and calls found with the place of the
// line in which each stands.
func (m *matcher) match(lines []line, found func(*phrase, int)) {
	if m.table == nil {
		m.table = phraseRules()
		m.words = map[string][]int{}
		m.at = make([][]int, len(m.table.stems))
		m.tried = make([]int, len(m.table.phrases))
		m.times = make([]int, len(m.table.phrases))
	}
	for _, s := range sentences(lines) {
		m.sentence(s, found)
	}
}

func (m *matcher) sentence(s *sentence, found func(*phrase, int)) {
	m.s = s
	m.turn++
	for k := range s.tokens {
		for _, n := range m.fitting(s.tokens[k].text) {
			if len(m.at[n]) == 0 {
				m.used = append(m.used, n)
			}
			m.at[n] = append(m.at[n], k)
		}
	}
	for _, n := range m.used {
		for _, ph := range m.table.anchors[n] {
			m.try(ph, found)
		}
	}
	if s.blankless {
		for _, p := range m.table.parts {
			if strings.Contains(s.text, p.text) {
				m.try(p.phrase, found)
			}
		}
	}
	for _, n := range m.used {
		m.at[n] = m.at[n][:0]
	}
	m.used = m.used[:0]
}

func (m *matcher) fitting(word string) []int {
	list, ok := m.words[word]
	if !ok {
		list = m.table.fitting(word)
		if len(m.words) < maxWords {
			m.words[strings.Clone(word)] = list
		}
	}
	return list
}

func (m *matcher) try(n int, found func(*phrase, int)) {
	if m.tried[n] == m.turn || m.times[n] >= maxTimes {
		return
	}
	m.tried[n] = m.turn
	if at, ok := m.fits(&m.table.phrases[n]); ok {
		m.times[n]++
		found(&m.table.phrases[n], at)
	}
}

// fits tells whether every term is in the sentence, the others not too far from
// the first, and no forbidden one, and the line of the first term.
func (m *matcher) fits(ph *phrase) (line int, ok bool) {
	s := m.s
	for _, tm := range ph.terms[1:] {
		if m.find(tm, 0, 0, len(s.tokens)) < 0 {
			return 0, false
		}
	}
	for _, tm := range ph.forbidden {
		if m.find(tm, 0, 0, len(s.tokens)) >= 0 {
			return 0, false
		}
	}
	for k := m.find(ph.terms[0], 0, 0, len(s.tokens)); k >= 0; k = m.find(ph.terms[0], k+1, 0, len(s.tokens)) {
		all := true
		low, high := k-ph.span, k+ph.span
		if ph.clause {
			low, high = s.clauseOf(k)
		}
		for _, tm := range ph.terms[1:] {
			if all = m.find(tm, 0, low, high) >= 0; !all {
				break
			}
		}
		if all {
			return s.tokens[min(k, len(s.tokens)-1)].line, true
		}
	}
	return 0, false
}

// find returns the first place from which a term stands between two places, or
// -1. A part of a sentence without blanks stands everywhere.
func (m *matcher) find(tm term, from, low, high int) int {
	best := -1
	low = max(from, low)
	for i := range tm {
		a := &tm[i]
		if a.part != "" {
			if m.s.blankless && from == 0 && strings.Contains(m.s.text, a.part) {
				return 0
			}
			continue
		}
		for _, k := range m.at[a.stems[0]] {
			if k > high || best >= 0 && k >= best {
				break
			}
			if k >= low && m.row(a.stems, k) && (a.sign == 0 || m.s.denied(k) == (a.sign < 0)) {
				best = k
				break
			}
		}
	}
	return best
}

// row tells whether the words stand in a row from a place on; one other word
// may stand between two of them.
func (m *matcher) row(stems []int, k int) bool {
	for _, n := range stems[1:] {
		switch {
		case m.standsAt(n, k+1):
			k++
		case m.standsAt(n, k+2):
			k += 2
		default:
			return false
		}
	}
	return true
}

func (m *matcher) standsAt(stem, k int) bool {
	for _, at := range m.at[stem] {
		if at == k {
			return true
		}
	}
	return false
}

// clauseOf returns the first and the last place of the clause around a place.
func (s *sentence) clauseOf(k int) (low, high int) {
	if k >= len(s.tokens) {
		return k, k
	}
	for low = k; low > 0 && s.tokens[low-1].clause == s.tokens[k].clause; low-- {
	}
	for high = k; high+1 < len(s.tokens) && s.tokens[high+1].clause == s.tokens[k].clause; high++ {
	}
	return low, high
}

var (
	deniers = wordSet(`not never no none neither nor cannot cant unable without nothing nobody hardly
		nicht kein keine keinen keiner nie ohne weder pas jamais sans aucun aucune ne no ni sin nunca nao nem sem non senza не нет без ни`)
	deniersBehind = wordSet(`nicht not pas kein keine keinen`)
	breakers      = wordSet(`but however while whereas although though yet aber jedoch während mais pero но а sondern`)
	stopVerbs     = []string{"fail", "stop", "refus", "prevent", "cease"}
)

// denied tells whether the word at k is negated: by a word shortly before it in
// its clause, by a verb of failing, or by one right behind it.
func (s *sentence) denied(k int) bool {
	for i := k - 1; i >= 0 && i >= k-4; i-- {
		if s.tokens[i].clause != s.tokens[k].clause {
			break
		}
		w := s.tokens[i].text
		if deniers[w] && w != "only" || strings.HasSuffix(w, "n't") || strings.HasPrefix(w, "n'") && len(w) > 2 {
			return true
		}
		if i >= k-2 {
			for _, v := range stopVerbs {
				if strings.HasPrefix(w, v) {
					return true
				}
			}
		}
	}
	for i := k + 1; i < len(s.tokens) && i <= k+2; i++ {
		if s.tokens[i].clause == s.tokens[k].clause && deniersBehind[s.tokens[i].text] {
			return true
		}
	}
	return false
}

// blankless tells whether a text is in a script that does without blanks.
func blankless(s string) bool {
	for _, r := range s {
		if r >= 0x2E80 && r < 0xFE00 {
			return true
		}
	}
	return false
}

// plain writes a word in lower case and without diacritics.
func plain(s string) string {
	s = strings.ToLower(s)
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if i := strings.IndexRune(accented, r); i >= 0 {
			r = rune(unaccented[utf8.RuneCountInString(accented[:i])])
		} else if r == 'ß' {
			b.WriteByte('s')
			r = 's'
		}
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

const (
	accented   = "áàâäãåąéèêëęíìîïóòôöõøúùûüçćñńýłśźżšžč"
	unaccented = "aaaaaaaeeeeeiiiioooooouuuuccnnylszzszc"
)
