package catalog

import (
	_ "embed" // for the table
	"slices"
	"strings"
	"sync"
)

// GVLK is a generic volume license key, which makes a volume edition a KMS client. Microsoft prints these keys for
// everybody; they are no secret.
type GVLK struct {
	Key          string     // five groups of five, as in "NPPR9-FWDCX-D2C8J-H872K-2YT43"
	Class        Class      // family of the product
	Product      string     // heading of Microsoft's list, such as "Windows Server 2022"
	Edition      string     // as Microsoft's list writes it, such as "Datacenter: Azure Edition"
	ActivationID string     // of the product the key belongs to; "" where it is not publicly known
	Source       GVLKSource // the list it was taken from
}

// GVLKSource is the list a generic key was taken from.
type GVLKSource string

// The lists, with the day of the state used.
const (
	GVLKWindowsList   GVLKSource = "windows"        // Windows Server documentation, "KMS client activation keys", 2024-10-01
	GVLKOfficeList    GVLKSource = "office"         // Office deployment documentation, "GVLKs for Office", 2024-09-18
	GVLKOfficeArchive GVLKSource = "office-archive" // Microsoft's former lists for Office 2010 and 2013, by way of a public database
)

// Partial returns the last five characters, which is what Windows and Office show of an installed key.
func (g GVLK) Partial() string { return g.Key[len(g.Key)-5:] }

// Name returns product and edition in one, such as "Windows Server 2022 Datacenter".
func (g GVLK) Name() string {
	if g.Class == Office { // the editions are full names there
		return g.Edition
	}
	return g.Product + " " + g.Edition
}

var (
	//go:embed data/gvlks.tsv
	gvlksTSV string

	gvlkTable = sync.OnceValue(loadGVLKs)
)

func loadGVLKs() []GVLK {
	var keys []GVLK
	for _, r := range readTable("gvlks.tsv", gvlksTSV, "key", "class", "activation_id", "source", "product", "edition") {
		keys = append(keys, GVLK{Key: r[0], Class: Class(r[1]), ActivationID: r[2], Source: GVLKSource(r[3]), Product: r[4], Edition: r[5]})
	}
	return keys
}

// GVLKs returns every generic key: servers, clients, Office, each newest first. The slice is the caller's.
func GVLKs() []GVLK { return slices.Clone(gvlkTable()) }

// GVLKByPartial returns the key whose last five characters are given, upper or lower case: what slmgr /dli prints as
// partial product key. A partial key not found here belongs to no generic key of this list: a MAK, a retail or OEM
// key, a host key, or a generic key published later.
func GVLKByPartial(partial string) (GVLK, bool) {
	partial = strings.ToUpper(partial)
	for _, g := range gvlkTable() {
		if g.Partial() == partial {
			return g, true
		}
	}
	return GVLK{}, false
}

// GVLKMatch says how a text matched a generic key.
type GVLKMatch struct {
	GVLK GVLK
	How  MatchKind
}

// MatchKind is the way a text matched a generic key.
type MatchKind string

// The ways, best first.
const (
	MatchKey       MatchKind = "key"        // the whole key
	MatchPartial   MatchKind = "partial"    // its last five characters
	MatchFragment  MatchKind = "fragment"   // another of its five groups
	MatchOneLetter MatchKind = "one letter" // the key, or its last five, with one letter wrong, missing, added or swapped with its neighbour
)

// FindGVLK looks up a key or a group of five characters as somebody typed it, with or without dashes, and returns
// the matches of the best kind found. Nothing found means nothing about a key but that it is no generic key of this
// list, so a caller must treat it as secret.
func FindGVLK(text string) []GVLKMatch {
	if len(text) > maxName {
		return nil
	}
	typed := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToUpper(text))
	kinds := []struct {
		how MatchKind
		is  func(g GVLK, key string) bool
	}{
		{MatchKey, func(_ GVLK, key string) bool { return typed == key }},
		{MatchPartial, func(g GVLK, _ string) bool { return typed == g.Partial() }},
		{MatchFragment, func(g GVLK, _ string) bool { return slices.Contains(strings.Split(g.Key, "-"), typed) }},
		{MatchOneLetter, func(g GVLK, key string) bool {
			return oneLetter(typed, key) || len(typed) == 5 && oneLetter(typed, g.Partial())
		}},
	}
	for _, kind := range kinds {
		var found []GVLKMatch
		for _, g := range gvlkTable() {
			if kind.is(g, strings.ReplaceAll(g.Key, "-", "")) {
				found = append(found, GVLKMatch{g, kind.how})
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

// GVLKsByName returns the generic keys of the editions that have every word of name, the closest first: "windows
// server 2022 datacenter" gives that edition before its Azure edition, "windows 10" the Enterprise key before the
// others. Spelling is as free as in [ProductByName]; nil when nothing fits.
func GVLKsByName(name string) []GVLK {
	if len(name) > maxName {
		return nil
	}
	query := words(name)
	if len(query) == 0 {
		return nil
	}
	index := gvlkNames()
	var keys []GVLK
	add := func(i int) {
		if g := gvlkTable()[i]; !slices.Contains(keys, g) {
			keys = append(keys, g)
		}
	}
	if i, ok := index.byName[strings.Join(query, " ")]; ok {
		add(i)
	}
	for _, r := range rank(query, index.named) {
		add(index.key[r.position])
	}
	return keys
}

type gvlkIndex struct {
	byName map[string]int // words of Name, joined: position in the table of keys
	named  []candidate
	key    []int // position in the table of keys, for each of named
}

// gvlkNames names every key by the product it belongs to, under each of its releases, or by its own row where the
// product is not known.
var gvlkNames = sync.OnceValue(nameGVLKs)

func nameGVLKs() gvlkIndex {
	index := gvlkIndex{byName: make(map[string]int)}
	byActivation := make(map[string]int)
	for i, g := range gvlkTable() {
		index.byName[strings.Join(words(g.Name()), " ")] = i
		if g.ActivationID != "" {
			byActivation[g.ActivationID] = i
			continue
		}
		index.named = append(index.named, candidate{words: words(g.Name())})
		index.key = append(index.key, i)
	}
	for _, c := range candidates().all {
		if i, ok := byActivation[c.choice.Product.ActivationID]; ok {
			index.named = append(index.named, c)
			index.key = append(index.key, i)
		}
	}
	return index
}
