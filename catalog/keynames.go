package catalog

import (
	"slices"
	"strings"
	"sync"
)

// namedKey is a key under one of the names it has.
type namedKey struct {
	key     int // position in the table of keys
	name    string
	squash  []string // the name without blanks and punctuation, as written and in comparable spelling
	words   []string
	suite   []string // of a suite of Office: the words of its release
	cost    int      // of a query's words that were not typed exactly
	unasked int      // words of the name the query does not have
}

type keyIndex []namedKey

// editionNames lists every key under the name on Microsoft's list and under what Windows calls the edition in each of
// its releases.
var editionNames = sync.OnceValue(nameEditions)

func nameEditions() keyIndex {
	var index keyIndex
	for i, g := range gvlkTable() {
		var suite []string
		if g.isSuite() {
			suite = words(g.Product)
		}
		add := func(name string) {
			w := words(name)
			squashed := []string{squash(name), strings.Join(w, "")}
			if !slices.ContainsFunc(index, func(k namedKey) bool { return k.key == i && slices.Equal(k.squash, squashed) }) {
				index = append(index, namedKey{key: i, name: name, squash: squashed, words: w, suite: suite})
			}
		}
		for _, c := range g.Choices() {
			add(c.Name())
		}
		add(g.Product + " " + g.Edition)
		add(g.Name())
		for _, name := range g.headings() {
			add(name)
		}
	}
	return index
}

// isSuite tells whether a key is for Office as a whole.
func (g GVLK) isSuite() bool {
	w := words(g.Edition)
	has := func(word string) bool { return slices.Contains(w, word) }
	return g.Class == Office && has("office") && (has("plus") || has("standard")) && !has("project") && !has("visio")
}

// headings returns the edition behind each of the systems that one heading of Microsoft's list joins: "Windows 11 Pro"
// and "Windows 10 Pro".
func (g GVLK) headings() []string {
	systems := strings.Split(strings.Replace(g.Product, " (semi-annual channel)", "", 1), " / ")
	if g.Class != Client || len(systems) == 1 {
		return nil
	}
	var names []string
	for _, system := range systems {
		if !strings.HasPrefix(system, "Windows") { // "LTSC 2019" behind "Windows 10 LTSC 2021"
			system = "Windows 10 " + system
		}
		names = append(names, system+" "+g.Edition)
	}
	return names
}

// Choices returns the product the key belongs to under each of its releases, newest first; none where the product is
// not publicly known.
func (g GVLK) Choices() []Choice {
	p, ok := ProductByActivationID(g.ActivationID)
	if g.ActivationID == "" || !ok {
		return nil
	}
	var choices []Choice
	for _, id := range p.Releases {
		r, _ := ReleaseByID(id)
		choices = append(choices, Choice{Product: p, Release: r})
	}
	return choices
}

// Title is Name without what tells no edition apart, such as "Windows 11 / Windows 10 Pro".
func (g GVLK) Title() string { return strings.Replace(g.Name(), " (semi-annual channel)", "", 1) }
