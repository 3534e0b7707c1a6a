package tui

import (
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// products is the choice of a product that a host can be asked for.
type products struct {
	all   []string // what people call releases first, then every edition
	shown []string // those that the filter leaves
	at    int
	typed string // the filter
	given string // the choice before anything was typed; empty: the default
}

// newProducts lists the products of the catalogue that can be asked for.
func newProducts(given string) products {
	p := products{given: given}
	add := func(c catalog.Choice) {
		if name := c.Name(); name != "" && c.Product.Group.Askable() && !slices.Contains(p.all, name) {
			p.all = append(p.all, name)
		}
	}
	add(catalog.DefaultClient())
	for _, r := range catalog.Releases() {
		add(r.Default())
	}
	for _, product := range catalog.Products() {
		add(catalog.Choice{Product: product})
	}
	p.shown = p.all
	return p
}

// filter leaves the products that have every word.
func (p *products) filter(text string) {
	words := strings.Fields(strings.ToLower(text))
	p.typed, p.at = strings.TrimSpace(text), 0
	p.shown = nil
	for _, name := range p.all {
		lower := strings.ToLower(name)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(lower, w) }) {
			p.shown = append(p.shown, name)
		}
	}
	if p.typed == "" {
		return
	}
	p.given = ""
}

// move chooses another product of those shown.
func (p *products) move(step int) bool {
	to := p.at + step
	if to < 0 || to >= len(p.shown) {
		return false
	}
	p.at, p.given = to, ""
	return true
}

// chosen is the product to ask for, as --product takes it; empty for the default.
// Words that fit no product are handed on, for the error they give.
func (p *products) chosen() string {
	switch {
	case p.given != "":
		return p.given
	case len(p.shown) == 0:
		return p.typed
	case p.typed == "" && p.at == 0:
		return ""
	}
	return p.shown[p.at]
}

// title is the choice as the form shows it.
func (p *products) title() string {
	if c := p.chosen(); c != "" {
		return c
	}
	return p.all[0] + " (default)"
}

// productLines is the number of products shown at a time.
const productLines = 5

// lines are the products around the choice.
func (p *products) lines(l *look, width int) []string {
	from := max(min(p.at-productLines/2, len(p.shown)-productLines), 0)
	var out []string
	for i := from; i < min(from+productLines, len(p.shown)); i++ {
		text := typeset.Cut(p.shown[i], width-2)
		if i == p.at && p.given == "" {
			out = append(out, "> "+l.style.selected.Render(text))
			continue
		}
		out = append(out, "  "+text)
	}
	switch {
	case len(p.shown) == 0:
		out = append(out, "no product has these words")
	case p.given != "":
		out = append([]string{typeset.Cut("now: "+typeset.Printable(p.given), width)}, out...)
	}
	return out
}
