package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/run"
)

// KindProducts is the kind of a [ProductTable].
const KindProducts = "products"

// ProductTable lists the products of the catalogue by the counted id that a host
// knows them by.
type ProductTable struct {
	Schema string         `json:"schema"` // "kmsdiag/1"
	Kind   string         `json:"kind"`   // "products"
	Groups []ProductGroup `json:"groups"` // servers, clients, Office; each newest first
}

// ProductGroup is a counted id with the products that share it.
type ProductGroup struct {
	ID            string        `json:"id"`         // such as "windows-10-2015"
	Name          string        `json:"name"`       // what people call the products
	Class         string        `json:"class"`      // server, client or office
	CountedID     string        `json:"counted_id"` // empty where the one that clients send is not known
	Genuine       bool          `json:"genuine"`    // whether the counted id is known
	ApplicationID string        `json:"application_id"`
	Needs         int           `json:"needs"`               // N policy: the count that the products ask for
	Protocol      string        `json:"protocol"`            // protocol version that their clients speak, "6.0"
	Askable       bool          `json:"askable"`             // whether a host may be asked about it
	NotAsked      string        `json:"not_asked,omitempty"` // why not
	HostKeys      []string      `json:"host_keys"`           // names of the host keys whose lists name it, newest first
	Products      []ProductItem `json:"products"`
}

// ProductItem is one edition.
type ProductItem struct {
	Name         string   `json:"name"`
	ActivationID string   `json:"activation_id"`
	Releases     []string `json:"releases"`          // newest first
	GVLK         string   `json:"gvlk,omitempty"`    // generic key that Microsoft publishes for it
	Partial      string   `json:"partial,omitempty"` // its last five characters, as Windows shows them
	Preview      bool     `json:"preview,omitempty"`
}

// NewProductTable returns the catalogue's products of some classes; of all where
// none is given.
func NewProductTable(classes ...catalog.Class) *ProductTable {
	t := &ProductTable{Schema: run.Schema, Kind: KindProducts, Groups: []ProductGroup{}}
	wanted := map[catalog.Class]bool{}
	for _, c := range classes {
		wanted[c] = true
	}
	for _, g := range catalog.Groups() {
		if len(wanted) == 0 || wanted[g.Class] {
			t.Groups = append(t.Groups, productGroup(g))
		}
	}
	return t
}

func productGroup(g catalog.Group) ProductGroup {
	out := ProductGroup{
		ID: g.ID, Name: g.Title(), Class: string(g.Class), CountedID: g.CountedID, Genuine: g.CountedIDGenuine,
		ApplicationID: g.AppID, Needs: g.N, Protocol: fmt.Sprintf("%d.%d", g.Major, g.Minor),
		Askable: g.Askable(), NotAsked: g.WhyNotAsked(), HostKeys: []string{}, Products: []ProductItem{},
	}
	if !g.CountedIDGenuine {
		out.CountedID = "" // the catalogue's is a stand-in that nobody sends
	}
	for _, k := range catalog.HostKeysForGroup(g) {
		out.HostKeys = append(out.HostKeys, k.Name)
	}
	for _, p := range g.Products() {
		item := ProductItem{Name: p.Name, ActivationID: p.ActivationID, Releases: []string{}, GVLK: p.GVLK(), Preview: p.Preview}
		for _, id := range p.Releases {
			if r, ok := catalog.ReleaseByID(id); ok {
				item.Releases = append(item.Releases, r.Name())
			}
		}
		if item.GVLK != "" {
			item.Partial = catalog.GVLK{Key: item.GVLK}.Partial()
		}
		out.Products = append(out.Products, item)
	}
	return out
}

// Write writes the table in a format of [MatrixFormats].
func (t *ProductTable) Write(w io.Writer, format string, s Style) error {
	switch format {
	case "text":
		return t.text(w, s.normal())
	case "json":
		return writeJSON(w, t, "  ")
	case "jsonl":
		return writeJSON(w, t, "")
	case "csv":
		return writeCSV(w, t.lines())
	}
	return fmt.Errorf("no format %.40q: want %s", format, strings.Join(MatrixFormats, ", "))
}

var productColumns = []string{
	"product", "activation_id", "releases", "partial_key", "gvlk", "counted_group", "counted_id", "class", "needs", "protocol", "askable", "not_asked",
}

func (t *ProductTable) lines() [][]string {
	lines := [][]string{slices.Clone(productColumns)}
	for _, g := range t.Groups {
		for _, p := range g.Products {
			lines = append(lines, []string{
				p.Name, p.ActivationID, strings.Join(p.Releases, "; "), p.Partial, p.GVLK, g.ID, g.CountedID, g.Class,
				strconv.Itoa(g.Needs), g.Protocol, strconv.FormatBool(g.Askable), g.NotAsked,
			})
		}
	}
	return lines
}

// text writes a block for each counted id: what it is, and the last five
// characters of the generic keys of its editions. Verbose names every edition.
func (t *ProductTable) text(w io.Writer, s Style) error {
	var b strings.Builder
	class := ""
	for _, g := range t.Groups {
		if g.Class != class {
			if class != "" {
				b.WriteString("\n")
			}
			class = g.Class
			title := map[string]string{"server": "SERVERS", "office": "OFFICE PRODUCTS", "client": "WINDOWS CLIENTS"}[class]
			b.WriteString(s.paint(sgrBold, fmt.Sprintf("%s need a count of %d", title, g.Needs)) + "\n")
		}
		g.text(&b, s)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (g ProductGroup) text(b *strings.Builder, s Style) {
	mark := run.Pass
	if !g.Askable {
		mark = run.Skip
	}
	hang(b, s.mark(mark)+" ", g.Name, s.Width)
	indent := strings.Repeat(" ", s.Glyphs.Width()+1)
	id := "counted id " + g.CountedID
	if !g.Genuine {
		id = "counted id not known"
	}
	hang(b, indent, fmt.Sprintf("V%s, %s", strings.TrimSuffix(g.Protocol, ".0"), id), s.Width)
	if g.NotAsked != "" {
		hang(b, indent, "not asked: "+g.NotAsked, s.Width)
	}
	if s.Verbose {
		for _, p := range g.Products {
			line := p.Name
			if p.Partial != "" {
				line += " (" + p.Partial + ")"
			}
			hang(b, indent+"  ", line+", "+p.ActivationID, s.Width)
		}
		if len(g.HostKeys) > 0 {
			hang(b, indent, "host keys: "+strings.Join(g.HostKeys, ", "), s.Width)
		}
		return
	}
	var keys []string
	for _, p := range g.Products {
		if p.Partial != "" {
			keys = append(keys, p.Partial)
		}
	}
	line := plural(len(g.Products), "edition")
	if len(keys) > 0 {
		line += "; published keys end in " + strings.Join(keys, " ")
	}
	hang(b, indent, line, s.Width)
}
