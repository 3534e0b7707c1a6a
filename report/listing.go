package report

import (
	"io"
	"strings"

	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/run"
)

// KindList is the kind of a [Listing].
const KindList = "list"

// Listing names things with a line each: areas of codes, codes, causes, checks,
// or the scenarios of the demo. Items of one kind stand together.
type Listing struct {
	Schema string `json:"schema"` // "kmsdiag/1"
	Kind   string `json:"kind"`   // "list"
	Query  string `json:"query,omitempty"`
	Items  []Item `json:"items"`
}

// Item is one line of a [Listing].
type Item struct {
	Type  string `json:"type"` // area, code, cause, check, scenario
	ID    string `json:"id"`
	Title string `json:"title"`
	Group string `json:"group,omitempty"` // of a code its area, of a check its group
}

// NewListing returns a listing of items, which a query found if it is not empty.
func NewListing(query string, items ...Item) *Listing {
	return &Listing{Schema: run.Schema, Kind: KindList, Query: query, Items: append([]Item{}, items...)}
}

// CodeItem is the line of a code.
func CodeItem(e kmserr.Entry) Item {
	return Item{Type: "code", ID: e.Code.String(), Title: e.Title(), Group: e.Area}
}

// JSON writes the listing as one object.
func (l *Listing) JSON(w io.Writer) error { return writeJSON(w, l, "  ") }

// Text writes the listing in two columns, with a heading for each type where
// there are several.
func (l *Listing) Text(w io.Writer, s Style) error {
	s = s.normal()
	var b strings.Builder
	width := 0
	types := map[string]bool{}
	for _, i := range l.Items {
		width = max(width, cells(printable(i.ID)))
		types[i.Type] = true
	}
	width = min(width, 34)
	last := ""
	for _, i := range l.Items {
		if i.Type != last && len(types) > 1 {
			if last != "" {
				b.WriteString("\n")
			}
			heading(&b, s, i.Type+"s")
		}
		last = i.Type
		hang(&b, pad(printable(i.ID), width)+"  ", i.Title, s.Width)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
