package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// UnknownProductError says that a name fits no product, or fits several that cannot be told apart.
type UnknownProductError struct {
	Name        string   // as typed
	Ambiguous   bool     // Suggestions all fit; otherwise they are merely near
	Suggestions []string // names that ProductByName understands, best first; at most five, perhaps none
}

func (e *UnknownProductError) Error() string {
	name := e.Name
	if len(name) > maxName {
		name = name[:maxName]
	}
	switch {
	case e.Ambiguous:
		return fmt.Sprintf("catalog: %q could be any of: %s", name, strings.Join(e.Suggestions, ", "))
	case len(e.Suggestions) > 0:
		return fmt.Sprintf("catalog: no product is called %q; near: %s", name, strings.Join(e.Suggestions, ", "))
	}
	return fmt.Sprintf("catalog: no product is called %q", name)
}

// maxName bounds what a look-up by name reads, in bytes; the longest display name has about 60.
const maxName = 120

// candidate is a product under one of its releases, with the words that may name it.
type candidate struct {
	choice    Choice
	words     []string
	isDefault bool     // the default edition of its release
	release   []string // the words of the release alone
}

type candidateIndex struct {
	all    []candidate
	byName map[string]int // the words of Product.Name, joined
}

var candidates = sync.OnceValue(nameCandidates)

func nameCandidates() candidateIndex {
	index := candidateIndex{byName: make(map[string]int)}
	listed := make(map[string]string) // how Microsoft's lists of keys write a product
	for _, g := range gvlkTable() {
		listed[g.ActivationID] = g.Product + " " + g.Edition
	}
	for _, r := range releaseTable() {
		release := words(r.Name())
		for _, p := range productTable().rows {
			if !slices.Contains(p.Releases, r.ID) {
				continue
			}
			own := r.Name() + " " + p.Edition
			if p.Edition == "" {
				own += " " + p.Name + " " + listed[p.ActivationID]
			}
			c := candidate{choice: Choice{Product: p, Release: r}, words: words(own), release: release}
			c.isDefault = p.ActivationID == r.defaultProduct
			if p.Releases[0] == r.ID {
				name := strings.Join(words(p.Name), " ")
				if _, taken := index.byName[name]; !taken {
					index.byName[name] = len(index.all)
				}
			}
			index.all = append(index.all, c)
		}
	}
	return index
}

// ProductByName finds a product by a name as people type it: "windows 11 enterprise", "win11", "ws2019 std",
// "office 2021", a release id, an activation id or a counted id. A release without an edition gives its default
// edition; a misspelt word is taken for the one it resembles, which sets Guessed. Retail and preview editions and
// products without a genuine counted id are found as well: look at the product's group before asking a host.
// The error is an *[UnknownProductError].
func ProductByName(name string) (Choice, error) {
	if len(name) > maxName {
		return Choice{}, &UnknownProductError{Name: name}
	}
	if c, ok := choiceByID(strings.ToLower(strings.Trim(strings.TrimSpace(name), "{}"))); ok {
		return c, nil
	}
	query := words(name)
	switch strings.Join(query, " ") {
	case "":
		return Choice{}, &UnknownProductError{Name: name}
	case "windows", "client", "windows client":
		return DefaultClient(), nil
	case "server", "windows server":
		return DefaultServer(), nil
	case "office":
		return DefaultOffice(), nil
	}
	index := candidates()
	if i, ok := index.byName[strings.Join(query, " ")]; ok {
		return index.all[i].choice, nil
	}
	found := rank(query, index.all)
	if len(found) == 0 {
		return Choice{}, &UnknownProductError{Name: name, Suggestions: suggest(query, index.all)}
	}
	if best := oneOfEachClass(found); len(best) > 1 && !namesFamily(query) {
		return Choice{}, &UnknownProductError{Name: name, Ambiguous: true, Suggestions: best}
	}
	return found[0].choice, nil
}

func choiceByID(id string) (Choice, bool) {
	if r, ok := ReleaseByID(id); ok {
		return r.Default(), true
	}
	p, ok := ProductByActivationID(id)
	if ok {
		r, _ := ReleaseByID(p.Releases[0])
		return Choice{Product: p, Release: r}, true
	}
	g, ok := GroupByCountedID(id)
	if !ok {
		return Choice{}, false
	}
	for _, r := range releaseTable() { // the newest release whose default edition sends the id
		if c := r.Default(); c.Product.Group.ID == g.ID {
			return c, true
		}
	}
	p = ProductsByCountedID(id)[0] // retail editions are no release's default
	r, _ := ReleaseByID(p.Releases[0])
	return Choice{Product: p, Release: r}, true
}

// ranked is a candidate that has every word of a query.
type ranked struct {
	choice   Choice
	cost     int // of the words that were not typed exactly
	unasked  int // words of the candidate the query does not have
	position int
}

// rank returns the candidates that fit a query at the lowest cost, the least surprising first.
func rank(query []string, among []candidate) []ranked {
	var found []ranked
	for i, c := range among {
		fit, ok := match(query, c.words)
		if !ok {
			continue
		}
		r := ranked{choice: c.choice, cost: fit.cost, unasked: fit.unasked, position: i}
		r.choice.Guessed = fit.guessed
		if c.isDefault { // its edition goes without saying, its release does not
			if only, ok := match(query, c.release); ok {
				r.unasked = only.unasked
			}
		}
		if p := c.choice.Product; p.Group.Retail || p.Preview {
			r.unasked += 3 // never instead of a volume edition that fits too
		}
		found = append(found, r)
	}
	slices.SortStableFunc(found, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.unasked, b.unasked), cmp.Compare(a.position, b.position))
	})
	for i, r := range found {
		if r.cost > found[0].cost {
			return found[:i]
		}
	}
	return found
}

// oneOfEachClass names the best candidate of each class among those found.
func oneOfEachClass(found []ranked) []string {
	var names []string
	seen := make(map[Class]bool)
	for _, r := range found {
		if class := r.choice.Release.Class; !seen[class] {
			seen[class] = true
			names = append(names, r.choice.Name())
		}
	}
	return names
}

func namesFamily(query []string) bool {
	return slices.ContainsFunc(query, func(w string) bool { return w == "windows" || w == "server" || w == "office" })
}

// suggest names the candidates that have most of a query's words.
func suggest(query []string, among []candidate) []string {
	type near struct {
		name  string
		hits  int
		words int
	}
	var nearest []near
	for _, c := range among {
		hits := 0
		for _, q := range query {
			if cost, _ := bestWord(q, c.words); cost >= 0 && utf8.RuneCountInString(q) > 1 {
				hits += 4 - cost
			}
		}
		if hits > 0 && c.isDefault && !c.choice.Product.Preview {
			nearest = append(nearest, near{c.choice.Name(), hits, len(c.words)})
		}
	}
	slices.SortStableFunc(nearest, func(a, b near) int {
		return cmp.Or(cmp.Compare(b.hits, a.hits), cmp.Compare(a.words, b.words))
	})
	var names []string
	for _, n := range nearest[:min(5, len(nearest))] {
		if n.hits*2 >= nearest[0].hits {
			names = append(names, n.name)
		}
	}
	return names
}
