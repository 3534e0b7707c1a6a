package errors

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// NoSymbol stands in [Entry.Symbol] for a code without a published name.
const NoSymbol = "no public symbol"

// Relevance says how close a code is to volume activation.
type Relevance string

// The grades of relevance. A core or related code has a page.
const (
	Core    Relevance = "core"    // volume activation itself
	Related Relevance = "related" // met while working on it
	Other   Relevance = "other"   // listed so that it can be named
)

func (r Relevance) rank() int {
	switch r {
	case Core:
		return 0
	case Related:
		return 1
	}
	return 2
}

// Confidence says where an entry's meaning comes from.
type Confidence string

// The grades of confidence, best first.
const (
	Documented Confidence = "ms-doc"    // Microsoft documents the code for activation
	Field      Confidence = "field"     // public logs and threads
	Derived    Confidence = "derived"   // reasoned from the symbol and its family
	NameOnly   Confidence = "name-only" // nothing but the symbol is known
)

// Entry is one code of the catalogue.
type Entry struct {
	Code       Code
	Symbol     string // as in winerror.h or slerror.h, or [NoSymbol]
	Area       string // the Name of its [Area]
	Meaning    string // one sentence without a full stop
	Relevance  Relevance
	Confidence Confidence
	Page       *Page // nil where there is nothing to add to the meaning; shared, not to be changed
}

// Title is the page's title, or the meaning where there is no page.
func (e Entry) Title() string {
	if e.Page != nil {
		return e.Page.Title
	}
	return e.Meaning
}

// NextStep is what to do first: the page's section of that name, otherwise
// the advice for the code's area. Markdown; never empty.
func (e Entry) NextStep() string {
	if e.Page != nil {
		if step := e.Page.Section(NextStepHeading); step != "" {
			return step
		}
	}
	a, _ := AreaByName(e.Area)
	return a.NextStep
}

// UnknownError says that the catalogue does not list a code.
type UnknownError struct {
	Code  Code
	Parts Parts  // what the number itself tells
	Near  []Code // listed codes that resemble it, nearest first
}

func (e *UnknownError) Error() string {
	if e.Parts.WellFormed() {
		return fmt.Sprintf("no entry for %s (%s)%s", e.Code, e.Parts, suggest(e.Near))
	}
	return fmt.Sprintf("no entry for %s, and it is not built like a Windows status code%s", e.Code, suggest(e.Near))
}

// Lookup finds the entry of a code.
func Lookup(c Code) (Entry, bool) {
	t := catalogue()
	i, ok := t.find(c)
	if !ok {
		return Entry{}, false
	}
	return t.entries[i], true
}

// Get is [Lookup] with an error for a person: an *[UnknownError] with what the
// number tells by itself and the codes that resemble it.
func Get(c Code) (Entry, error) {
	if e, ok := Lookup(c); ok {
		return e, nil
	}
	return Entry{}, &UnknownError{Code: c, Parts: Decompose(c), Near: Near(c.String(), 3)}
}

// All lists the catalogue by ascending code.
func All() []Entry { return slices.Clone(catalogue().entries) }

// List lists the entries of one area by ascending code, none for an unknown
// area.
func List(area string) []Entry {
	var found []Entry
	for _, e := range catalogue().entries {
		if e.Area == area {
			found = append(found, e)
		}
	}
	return found
}

//go:embed data/codes.tsv
var codesTSV string

//go:embed pages
var pageFiles embed.FS

// table is the parsed catalogue, ascending by code.
type table struct{ entries []Entry }

func (t *table) find(c Code) (int, bool) {
	return slices.BinarySearchFunc(t.entries, c, func(e Entry, c Code) int {
		switch {
		case e.Code < c:
			return -1
		case e.Code > c:
			return 1
		}
		return 0
	})
}

// catalogue parses the embedded data once. The data is part of the program
// and tested whole, so that a fault in it is a programming error.
var catalogue = sync.OnceValue(func() *table {
	t, err := loadTable(codesTSV)
	if err != nil {
		panic(err)
	}
	pages, err := loadPages(pageFiles, Language)
	if err != nil {
		panic(err)
	}
	for c, p := range pages {
		i, ok := t.find(c)
		if !ok {
			panic(fmt.Sprintf("page %s: no such code in the catalogue", c))
		}
		t.entries[i].Page = p
	}
	return t
})

// loadTable reads the lines code, symbol, area, relevance, confidence,
// meaning, separated by tabs, ascending by code, under one header line.
func loadTable(tsv string) (*table, error) {
	t := &table{entries: make([]Entry, 0, strings.Count(tsv, "\n"))}
	_, rest, _ := strings.Cut(tsv, "\n")
	for line := 2; rest != ""; line++ {
		var row string
		row, rest, _ = strings.Cut(rest, "\n")
		e, err := parseEntry(row)
		if err != nil {
			return nil, fmt.Errorf("codes.tsv line %d: %w", line, err)
		}
		if n := len(t.entries); n > 0 && t.entries[n-1].Code >= e.Code {
			return nil, fmt.Errorf("codes.tsv line %d: %s is out of order", line, e.Code)
		}
		t.entries = append(t.entries, e)
	}
	return t, nil
}

func parseEntry(row string) (Entry, error) {
	var f [6]string
	for i := range f {
		f[i], row, _ = strings.Cut(row, "\t")
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(f[0], "0x"), 16, 32)
	if err != nil {
		return Entry{}, fmt.Errorf("code: %w", err)
	}
	e := Entry{
		Code: Code(n), Symbol: f[1], Area: f[2],
		Relevance: Relevance(f[3]), Confidence: Confidence(f[4]), Meaning: f[5],
	}
	if e.Symbol == "" {
		e.Symbol = NoSymbol
	}
	return e, nil
}
