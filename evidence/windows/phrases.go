package windows

import (
	_ "embed" // for the table
	"slices"
	"strings"
	"sync"
)

//go:embed data/phrases.tsv
var phrasesTSV string

//go:embed data/meanings.tsv
var meaningsTSV string

// PhraseInfo says what a statement id stands for.
type PhraseInfo struct {
	ID      string `json:"id"`      // one of the constants of package evidence
	Meaning string `json:"meaning"` // as a clause: "the same command works minutes later"
}

// Phrases lists every statement that Read can make, by id.
func Phrases() []PhraseInfo {
	var list []PhraseInfo
	for line := range strings.Lines(meaningsTSV) {
		id, meaning, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if ok && !strings.HasPrefix(line, "#") {
			list = append(list, PhraseInfo{id, meaning})
		}
	}
	slices.SortFunc(list, func(a, b PhraseInfo) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// phrase is a set of words that amounts to a statement when all of them stand
// in one sentence.
type phrase struct {
	id, value string
	terms     []term
	forbidden []term
	span      int  // words within which the terms stand around the first
	clause    bool // the terms stand in one clause
}

const usualSpan = 14

// term is a word of a phrase with its alternatives.
type term []alternative

// alternative is one word, the beginning of words, several words in a row, or,
// in a script without blanks, a part of the sentence.
type alternative struct {
	stems []int  // places in phraseTable.stems
	part  string // of the sentence, in a script without blanks
	sign  int8   // +1: must be affirmed; -1: must be denied; 0: either
}

// stem is a word or the beginning of words.
type stem struct {
	text   string
	prefix bool
}

// phraseTable is the compiled table. Each phrase is tried where a word of its
// rarest term stands.
type phraseTable struct {
	phrases []phrase
	stems   []stem
	places  map[stem]int     // of stems
	byStart map[string][]int // stems that are beginnings, by their first two bytes
	anchors [][]int          // phrases to try, by stem
	parts   []part
	number  int // the stem that stands for a small number
}

// part is a piece of a sentence without blanks that a phrase is tried for.
type part struct {
	text   string
	phrase int
}

var phraseRules = sync.OnceValue(func() *phraseTable {
	t := &phraseTable{places: map[stem]int{}, byStart: map[string][]int{}}
	t.number = t.stem("#")
	macros := map[string]string{}
	for line := range strings.Lines(phrasesTSV) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		switch {
		case strings.HasPrefix(line, "#") || len(cells) < 2:
			continue
		case strings.HasPrefix(cells[0], "@"):
			macros[cells[0]] = strings.Join(strings.Fields(cells[1]), "|")
			continue
		}
		ph := t.phrase(cells[1], macros)
		ph.id = cells[0]
		if len(cells) > 2 {
			ph.value = cells[2]
		}
		t.add(ph)
	}
	return t
})

func (t *phraseTable) phrase(text string, macros map[string]string) phrase {
	ph := phrase{span: usualSpan}
	for word := range strings.FieldsSeq(text) {
		if span, ok := strings.CutPrefix(word, "^"); ok {
			ph.span = atoi(span)
			continue
		}
		if word == "&" {
			ph.clause = true
			continue
		}
		word, not := strings.CutPrefix(word, "!")
		tm := t.term(word, macros)
		if not {
			ph.forbidden = append(ph.forbidden, tm)
		} else {
			ph.terms = append(ph.terms, tm)
		}
	}
	return ph
}

func (t *phraseTable) term(text string, macros map[string]string) term {
	var tm term
	for alt := range strings.SplitSeq(text, "|") {
		if strings.HasPrefix(alt, "@") {
			tm = append(tm, t.term(macros[alt], macros)...)
			continue
		}
		a := alternative{}
		switch alt[0] {
		case '+':
			a.sign, alt = 1, alt[1:]
		case '-':
			a.sign, alt = -1, alt[1:]
		}
		if blankless(alt) {
			a.part = strings.ReplaceAll(alt, "~", " ")
		} else {
			for w := range strings.SplitSeq(alt, "~") {
				a.stems = append(a.stems, t.stem(w))
			}
		}
		tm = append(tm, a)
	}
	return tm
}

// stem returns the place of a word, or of a beginning with a star.
func (t *phraseTable) stem(word string) int {
	text, prefix := strings.CutSuffix(word, "*")
	s := stem{plain(text), prefix}
	if n, ok := t.places[s]; ok {
		return n
	}
	n := len(t.stems)
	t.stems, t.places[s] = append(t.stems, s), n
	if prefix {
		key := s.text[:min(2, len(s.text))]
		t.byStart[key] = append(t.byStart[key], n)
	}
	return n
}

func (t *phraseTable) add(ph phrase) {
	n := len(t.phrases)
	t.phrases = append(t.phrases, ph)
	for len(t.anchors) < len(t.stems) {
		t.anchors = append(t.anchors, nil)
	}
	anchor := slices.MinFunc(ph.terms, func(a, b term) int { return len(a) - len(b) })
	for _, a := range anchor {
		if a.part != "" {
			t.parts = append(t.parts, part{a.part, n})
		} else if list := t.anchors[a.stems[0]]; len(list) == 0 || list[len(list)-1] != n {
			t.anchors[a.stems[0]] = append(list, n)
		}
	}
}

// fitting returns the stems that a word fits.
func (t *phraseTable) fitting(word string) []int {
	var list []int
	if n, ok := t.places[stem{word, false}]; ok {
		list = append(list, n)
	}
	if small(word, 2) {
		list = append(list, t.number)
	}
	for cut := 1; cut <= 2 && cut <= len(word); cut++ {
		for _, n := range t.byStart[word[:cut]] {
			if s := t.stems[n]; len(s.text) >= cut && (len(s.text) > 1 || cut == 1) && strings.HasPrefix(word, s.text) {
				list = append(list, n)
			}
		}
	}
	return list
}
