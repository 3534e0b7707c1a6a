package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/diagnose"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/report"
)

// maxHits bounds the codes and the causes that a search lists, each.
const maxHits = 10

// search lists the codes and causes that words find.
func search(query string) *report.Listing {
	l := report.NewListing(query)
	for _, h := range kmserr.Search(query, maxHits) {
		l.Items = append(l.Items, report.CodeItem(h.Entry))
	}
	words := strings.Fields(strings.ToLower(query))
	hits := 0
	for _, p := range diagnose.Pages() {
		if hits < maxHits && containsAll(strings.ToLower(p.ID+" "+p.Title), words) {
			hits++
			l.Items = append(l.Items, report.Item{Type: "cause", ID: p.ID, Title: p.Title, Group: p.Layer})
		}
	}
	return l
}

func containsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// explainList lists the areas, or the codes of areas, or all causes.
func (a *app) explainList(o explainOptions, areas []string) error {
	l := report.NewListing("")
	if len(areas) == 0 {
		for _, area := range kmserr.Areas() {
			l.Items = append(l.Items, report.Item{
				Type: "area", ID: area.Name, Title: fmt.Sprintf("%s (%d)", area.Summary, area.Count),
			})
		}
		l.Items = append(l.Items, report.Item{Type: "area", ID: "causes", Title: fmt.Sprintf("the causes that codes lead to (%d)", len(diagnose.Pages()))})
	}
	for _, name := range areas {
		items, err := itemsOf(name)
		if err != nil {
			return err
		}
		l.Items = append(l.Items, items...)
	}
	return a.listing(l, o.format)
}

func itemsOf(area string) ([]report.Item, error) {
	var items []report.Item
	if area == "causes" {
		for _, p := range diagnose.Pages() {
			items = append(items, report.Item{Type: "cause", ID: p.ID, Title: p.Title, Group: p.Layer})
		}
		return items, nil
	}
	for _, e := range kmserr.List(area) {
		items = append(items, report.CodeItem(e))
	}
	if len(items) > 0 {
		return items, nil
	}
	names := []string{"causes"}
	for _, known := range kmserr.Areas() {
		names = append(names, known.Name)
	}
	text := "--list " + area + ": want " + strings.Join(names, ", ")
	if near := nearest(area, names); near != "" {
		text += "; did you mean " + near + "?"
	}
	return nil, usagef("%s", text)
}

// codesAreNoFlags rewrites the negative decimal codes behind explain, which the
// flag parser would take for flags: -1073418124 becomes 0xC004F074.
func codesAreNoFlags(args []string) []string {
	out := append([]string{}, args...)
	explain := false
	for i, arg := range out {
		if arg == "--" {
			break
		}
		explain = explain || arg == "explain"
		if n, err := strconv.ParseInt(arg, 10, 32); explain && err == nil && n < -9 {
			out[i] = kmserr.Code(uint32(n)).String()
		}
	}
	return out
}
