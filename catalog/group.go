package catalog

import (
	"slices"
	"strings"
)

// Products returns the group's products, in the order of the table. The slice is the caller's.
func (g Group) Products() []Product {
	var own []Product
	for _, p := range productTable().rows {
		if p.Group.ID == g.ID {
			own = append(own, p)
		}
	}
	return own
}

// Releases returns the releases with an edition in the group, newest first, pre-release editions left out unless the
// group has no others. An edition may belong to several releases, and a release to several groups.
func (g Group) Releases() []Release {
	own := g.Products()
	if final := slices.DeleteFunc(slices.Clone(own), func(p Product) bool { return p.Preview }); len(final) > 0 {
		own = final
	}
	var list []Release
	for _, r := range releaseTable() {
		if slices.ContainsFunc(own, func(p Product) bool { return slices.Contains(p.Releases, r.ID) }) {
			list = append(list, r)
		}
	}
	return list
}

// mainReleases are the releases whose default edition is in the group, newest first.
func (g Group) mainReleases() []Release {
	var list []Release
	for _, r := range g.Releases() {
		if r.Default().Product.Group.ID == g.ID {
			list = append(list, r)
		}
	}
	return list
}

// Title names the group by what people call its products: "Windows 11, Windows 10 LTSB 2015, Windows 10". Groups that
// divide one release between them have the group's own name.
func (g Group) Title() string {
	var names []string
	for _, r := range g.mainReleases() {
		shared := slices.ContainsFunc(releaseTable(), func(o Release) bool { return o.ID != r.ID && o.Name() == r.Name() })
		if r.Name() == g.Name || shared {
			return g.Name
		}
		names = append(names, r.Name())
	}
	if len(names) == 0 {
		return g.Name
	}
	return strings.Join(names, ", ")
}

// Representative returns the product to ask a host with for the whole group: the default edition of its newest
// release, or its first product. A host knows the products of a group apart by nothing.
func (g Group) Representative() Product {
	for _, r := range g.mainReleases() {
		return r.Default().Product
	}
	own := g.Products()
	if len(own) == 0 {
		return Product{}
	}
	return own[0]
}

// WhyNotAsked says in a clause why a host is not asked about the group; "" where it may be ([Group.Askable]).
func (g Group) WhyNotAsked() string {
	switch {
	case !g.CountedIDGenuine:
		return "the counted id that its clients send is not publicly known, and no other may stand for it"
	case g.Retail:
		return "retail editions are no KMS clients: a Microsoft host serves none of them"
	case g.Preview:
		return "a pre-release, which no released host key serves"
	}
	return ""
}

// CoversGroup returns the releases of a group that the key's list names, newest first; nil where it does not cover the
// group. One release is enough for a host with the key to serve the counted id, and with it every product of the group.
// A release that several groups share (the semi-annual channel of Windows Server) is not enough: the lists do not say
// which of its versions they mean.
func (k HostKey) CoversGroup(g Group) []Release {
	own := g.Products()
	var named []Release
	enough := false
	for _, r := range g.Releases() {
		covered := slices.ContainsFunc(own, func(p Product) bool {
			return slices.Contains(p.Releases, r.ID) && k.Covers(Choice{Product: p, Release: r}) == Covered
		})
		if covered {
			named = append(named, r)
			enough = enough || r.onlyIn(g)
		}
	}
	if !enough {
		return nil
	}
	return named
}

// onlyIn tells whether no other group that a host may be asked about has editions of the release.
func (r Release) onlyIn(g Group) bool {
	return !slices.ContainsFunc(productTable().rows, func(p Product) bool {
		return p.Group.ID != g.ID && p.Group.Askable() && slices.Contains(p.Releases, r.ID)
	})
}

// HostKeysForGroup returns the host keys whose list names a product of the group, in the order of [HostKeys].
func HostKeysForGroup(g Group) []HostKey {
	var able []HostKey
	for _, k := range hostKeyTable() {
		if k.CoversGroup(g) != nil {
			able = append(able, k)
		}
	}
	return able
}
