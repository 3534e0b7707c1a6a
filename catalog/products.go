package catalog

import (
	_ "embed" // for the tables
	"slices"
	"strings"
	"sync"
)

// Application ids, the first id of a request. A host keeps one list of clients for each.
const (
	WindowsAppID    = "55c92734-d682-4d71-983e-d6ec3f16059f" // Windows, clients and servers
	OfficeAppID     = "0ff1ce15-a989-479d-af46-f275c6370663" // Office 2013 and later, with Project and Visio
	Office2010AppID = "59a52881-a989-479d-af46-f275c6370663" // Office 2010
)

// ApplicationName names an application id in the case-insensitive text form, or returns "".
func ApplicationName(appID string) string {
	switch strings.ToLower(appID) {
	case WindowsAppID:
		return "Windows"
	case OfficeAppID:
		return "Office 2013 and later"
	case Office2010AppID:
		return "Office 2010"
	}
	return ""
}

// Group is a counted group: the products a host knows by one counted id (also called KMS id). The sources are
// public product databases; Microsoft prints no list of these ids.
type Group struct {
	ID        string // this package's name for it, such as "windows-10-2015"
	Name      string // display name, such as "Windows 10/11 2015 (Volume)"
	CountedID string // the id that travels in a request
	AppID     string // application id
	Class     Class
	N         int    // minimum count a client of the group asks for: 25 or 5
	Major     uint16 // protocol version clients of the group speak: 4, 5 or 6
	Minor     uint16
	Retail    bool // editions that are not sold in volume; a genuine host refuses them
	Preview   bool // pre-release products

	// CountedIDGenuine is false where the maintainers of the databases made the id up because the real one is not
	// publicly known (Windows Server 2025, Office LTSC 2024). No real client sends such an id: never ask a host
	// with it and never name a product from it.
	CountedIDGenuine bool

	askNext []string
}

// Askable tells whether a host may be asked about the group: clients of it exist in volume editions and the id they
// send is known. For the others [AskNext] names a substitute.
func (g Group) Askable() bool { return g.CountedIDGenuine && !g.Retail && !g.Preview }

// Product is one edition of a product, with the activation id (SKU id) Windows and Office show for it.
type Product struct {
	ActivationID string
	Name         string   // display name, such as "Windows Server 2022 Datacenter"
	Edition      string   // the edition alone, where the product belongs to several releases; otherwise ""
	Group        Group    // what a host knows it by
	Releases     []string // ids of the releases it belongs to, newest first; at least one; not to be changed
	Preview      bool     // a pre-release edition, or one of a pre-release group
}

// GVLK returns the generic volume key Microsoft publishes for the product, or "" where there is none.
func (p Product) GVLK() string {
	for _, g := range gvlkTable() {
		if g.ActivationID == p.ActivationID {
			return g.Key
		}
	}
	return ""
}

var (
	//go:embed data/groups.tsv
	groupsTSV string
	//go:embed data/products.tsv
	productsTSV string
)

var groupTable = sync.OnceValue(loadGroups)

func loadGroups() []Group {
	var groups []Group
	for _, r := range readTable("groups.tsv", groupsTSV, "group", "counted_id", "application", "class", "n", "protocol", "flags", "ask_next", "name") {
		appID := map[string]string{"windows": WindowsAppID, "office": OfficeAppID, "office-2010": Office2010AppID}[r[2]]
		major, minor, _ := strings.Cut(r[5], ".")
		groups = append(groups, Group{
			ID: r[0], CountedID: r[1], AppID: appID, Class: Class(r[3]), N: number(r[4]),
			Major: uint16(number(major)), Minor: uint16(number(minor)),
			Retail: has(r[6], "retail"), Preview: has(r[6], "preview"), CountedIDGenuine: !has(r[6], "invented-id"),
			askNext: strings.Fields(r[7]), Name: r[8],
		})
	}
	return groups
}

type productIndex struct {
	rows         []Product
	byActivation map[string]int
}

var productTable = sync.OnceValue(loadProducts)

func loadProducts() productIndex {
	groups := make(map[string]Group)
	for _, g := range groupTable() {
		groups[g.ID] = g
	}
	index := productIndex{byActivation: make(map[string]int)}
	for _, r := range readTable("products.tsv", productsTSV, "group", "activation_id", "releases", "flags", "name", "edition") {
		g := groups[r[0]]
		index.byActivation[r[1]] = len(index.rows)
		index.rows = append(index.rows, Product{
			Group: g, ActivationID: r[1], Releases: strings.Fields(r[2]),
			Preview: g.Preview || has(r[3], "preview"), Name: r[4], Edition: r[5],
		})
	}
	return index
}

// Products returns every product, servers first, then clients, then Office, newest first. The slice is the caller's.
func Products() []Product { return slices.Clone(productTable().rows) }

// Groups returns every counted group, in the order of [Products]. The slice is the caller's.
func Groups() []Group { return slices.Clone(groupTable()) }

// ProductByActivationID returns the product with an activation id (SKU id); upper or lower case.
func ProductByActivationID(id string) (Product, bool) {
	index := productTable()
	i, ok := index.byActivation[strings.ToLower(id)]
	if !ok {
		return Product{}, false
	}
	return index.rows[i], true
}

// GroupByCountedID returns the group with a counted id; upper or lower case. It knows the made-up ids too: look
// at CountedIDGenuine.
func GroupByCountedID(id string) (Group, bool) {
	id = strings.ToLower(id)
	for _, g := range groupTable() {
		if g.CountedID == id {
			return g, true
		}
	}
	return Group{}, false
}

// ProductsByCountedID returns the products that send a counted id; nil for an id that is not in the table.
func ProductsByCountedID(id string) []Product {
	id = strings.ToLower(id)
	var found []Product
	for _, p := range productTable().rows {
		if p.Group.CountedID == id {
			found = append(found, p)
		}
	}
	return found
}
