package errors

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
)

// Hit is an entry that a search found.
type Hit struct {
	Entry Entry
	Score float64 // comparable within one search only
}

// maxQuery bounds the words of a query that are looked at.
const maxQuery = 32

// Weights of the fields a word may stand in.
const (
	weightTitle   = 5.0
	weightSymbol  = 3.0
	weightMeaning = 3.0
	weightArea    = 1.0
	weightCause   = 1.0
	weightBody    = 0.6
)

// Search ranks the entries by the words of a query, best first: titles,
// symbols and meanings count most, pages less, a word that stands everywhere
// little. Endings, one-letter typos, an unfinished last word and the message
// text that Windows puts around its errors do no harm. Codes in the query
// come first. limit 0 or less means no limit.
func Search(query string, limit int) []Hit {
	ix := index()
	scores := map[int]float64{}
	for _, m := range Find(query) {
		if i, ok := catalogue().find(m.Code); ok {
			scores[i] += 1000
		}
	}
	words := queryWords(query)
	matched := map[int]int{}
	for n, w := range words {
		best := map[int]float64{}
		for term, factor := range ix.expand(w, n == len(words)-1) {
			t := ix.terms[term]
			for _, p := range t.postings {
				best[p.entry] = max(best[p.entry], factor*t.idf*p.weight)
			}
		}
		for i, s := range best {
			scores[i] += s
			matched[i]++
		}
	}
	hits := make([]Hit, 0, len(scores))
	for i, s := range scores {
		e := catalogue().entries[i]
		if len(words) > 0 && s < 1000 {
			s *= float64(matched[i]) / float64(len(words)) // prefer entries that have all words
		}
		s *= [3]float64{1.25, 1.1, 1}[e.Relevance.rank()]
		hits = append(hits, Hit{Entry: e, Score: s})
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score),
			cmp.Compare(a.Entry.Relevance.rank(), b.Entry.Relevance.rank()),
			cmp.Compare(a.Entry.Code, b.Entry.Code))
	})
	if limit > 0 && len(hits) > limit {
		hits = hits[:limit]
	}
	return hits
}

// wordIndex maps stems to the entries that contain them.
type wordIndex struct{ terms map[string]*term }

type term struct {
	postings []posting
	idf      float64
}

type posting struct {
	entry  int
	weight float64
}

// index is built on the first search.
var index = sync.OnceValue(func() *wordIndex {
	ix := &wordIndex{terms: map[string]*term{}}
	for i, e := range catalogue().entries {
		weights := map[string]float64{}
		add := func(text string, weight float64) {
			for _, w := range words(text) {
				weights[w] = max(weights[w], weight) + weight/8 // repetition counts, a little
			}
		}
		if e.Symbol != NoSymbol {
			add(e.Symbol, weightSymbol)
		}
		add(e.Meaning, weightMeaning)
		add(e.Area, weightArea)
		if p := e.Page; p != nil {
			add(p.Title, weightTitle)
			add(strings.Join(p.Causes, " "), weightCause)
			add(p.Body, weightBody)
		}
		for w, weight := range weights {
			t := ix.terms[w]
			if t == nil {
				t = &term{}
				ix.terms[w] = t
			}
			t.postings = append(t.postings, posting{i, min(weight, 2*weightTitle)})
		}
	}
	n := float64(len(catalogue().entries))
	for _, t := range ix.terms {
		t.idf = math.Log(1 + n/float64(len(t.postings)))
	}
	return ix
})

// expand lists the terms a query word may stand for, with a factor each.
func (ix *wordIndex) expand(w string, last bool) map[string]float64 {
	found := map[string]float64{}
	if _, ok := ix.terms[w]; ok {
		found[w] = 1
	}
	for _, s := range synonyms[w] {
		if _, ok := ix.terms[s]; ok {
			found[s] = 0.6
		}
	}
	for t := range ix.terms {
		switch {
		case found[t] != 0:
		case last && len(w) >= 3 && strings.HasPrefix(t, w):
			found[t] = 0.5
		case len(w) >= 4 && found[w] == 0 && abs(len(t)-len(w)) <= 1 && t[0] == w[0] && editDistance(w, t) == 1:
			found[t] = 0.7
		}
	}
	return found
}

func abs(n int) int { return max(n, -n) }

// queryWords are the distinct stems of a query without the words of Windows'
// own message frame.
func queryWords(query string) []string {
	var list []string
	for _, w := range words(query[:min(len(query), maxInput)]) {
		if !frame[w] && !slices.Contains(list, w) && len(list) < maxQuery {
			list = append(list, w)
		}
	}
	return list
}

// words cuts a text into lower-case stems, without the words that carry no
// meaning.
func words(text string) []string {
	var list []string
	for w := range strings.FieldsFuncSeq(strings.ToLower(foldString(text)), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}) {
		if !stopWords[w] && len(w) > 1 {
			list = append(list, stem(w))
		}
	}
	return list
}

// endings are cut off a word, the first that fits, when three letters remain.
var endings = []string{"ations", "ation", "ating", "ated", "ates", "ate", "ions", "ion", "ings", "ing", "ers", "er", "ies", "ed", "es", "s", "e", "y"}

// stem is a light stemmer: enough to bring activate, activated and activation
// together. Numbers stay whole.
func stem(w string) string {
	if isDigit(w[0]) {
		return w
	}
	w = strings.Replace(w, "licenc", "licens", 1)
	for _, end := range endings {
		if s, ok := strings.CutSuffix(w, end); ok && len(s) >= 3 {
			return s
		}
	}
	return w
}

func set(text string, f func(string) string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(text) {
		m[f(w)] = true
	}
	return m
}

var stopWords = set(`the an and or of to in is it its be been by for from on at as with this that
	these those not no was were are can could would may might has have had do does did so if than
	then there their they you your one all any but sl remapping`, strings.Clone)

// frame are words of the sentence Windows wraps around every licensing error.
var frame = set(`software licensing protection service reported reports product computer activated
	application event log please see additional information error code system
	administrator determined`, stem)

// synonyms maps the stem of an everyday word to stems used in the catalogue.
var synonyms = map[string][]string{
	stem("server"): {stem("host")}, stem("pc"): {stem("client"), stem("machine")},
	stem("time"): {stem("clock")}, stem("blocked"): {stem("firewall")},
	stem("reach"): {stem("contact"), stem("unreachable")}, stem("expired"): {stem("over"), stem("grace")},
	stem("permission"): {stem("access"), stem("denied"), stem("rights")}, stem("admin"): {stem("elevated")},
	stem("clone"): {stem("cmid")}, stem("cloned"): {stem("cmid")}, stem("vm"): {stem("virtual")},
	stem("threshold"): {stem("count")}, stem("few"): {stem("count")}, stem("insufficient"): {stem("count")},
	stem("wrong"): {stem("mismatch"), stem("fit")}, stem("serial"): {stem("key")},
	stem("lookup"): {stem("dns")}, stem("resolve"): {stem("dns"), stem("found")},
}
