package catalog

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// HostKeyAnswer is what [FindHostKeys] found. A query may mean several things: "server 2019" is a host key, a product
// that host keys activate, and a system that they are installed on.
type HostKeyAnswer struct {
	Named   []HostKey // generations called so, the closest first
	Guessed bool      // a word of the name was taken for another one that resembles it

	Product    string    // the product named, or ""
	Activating []HostKey // generations whose list names the product, newest first

	System   string    // the host system named, or ""
	Build    int       // its build; 0 without System
	Revision int       // the number behind the build, where the query has one
	Living   []HostKey // generations that can be installed on the system, newest first

	role Class // of System; "" where it may be either

	Near []string // where nothing was found: names that resemble the query; perhaps none
}

// Empty tells whether nothing was found.
func (a HostKeyAnswer) Empty() bool {
	return len(a.Named)+len(a.Activating)+len(a.Living) == 0
}

// FindHostKeys looks up generations of host keys by their own name, id or activation id, by a product they activate, and by the
// system they are installed on, which may be given as a build ("17763") or as build and revision ("17763.5458").
func FindHostKeys(query string) HostKeyAnswer {
	var a HostKeyAnswer
	query = strings.TrimSpace(query)
	typed := words(query)
	if len(query) > maxQuery || len(typed) == 0 {
		return a
	}
	id := strings.ToLower(query)
	for _, k := range hostKeyTable() {
		if k.ID == id || slices.Contains(k.ActivationIDs, strings.Trim(id, "{}")) {
			a.Named = []HostKey{k}
			return a
		}
	}
	if a.byBuild(query) {
		return a
	}
	a.byName(typed)
	if c, err := ProductByName(query); err == nil && !onlyFamily(typed) {
		a.Product, a.Activating = c.Name(), HostKeysFor(c)
		if _, ok := match(typed, words(c.Release.Name())); ok {
			a.Product = c.Release.Name()
			if c.Release.Class != Office {
				a.livingOn(c.Release.Name(), c.Release.Class, c.Release.Build)
			}
		}
	}
	if a.Empty() {
		a.Near = nearHostKeys(typed)
	}
	return a
}

func onlyFamily(typed []string) bool {
	return !slices.ContainsFunc(typed, func(w string) bool {
		return w != "windows" && w != "server" && w != "office" && w != "client" && w != "host" && w != "key"
	})
}

// byBuild reads a query as a build with or without a revision.
func (a *HostKeyAnswer) byBuild(query string) bool {
	text, behind, dotted := strings.Cut(strings.TrimPrefix(query, "10.0."), ".")
	n, err := strconv.Atoi(text)
	if err != nil {
		return false
	}
	b, ok := BuildByNumber(n)
	if !ok {
		return false
	}
	if dotted {
		const most = 99999 // revisions have at most five digits
		revision, err := strconv.Atoi(behind)
		if err != nil || revision < 0 || revision > most {
			return false
		}
		a.Revision = revision
	}
	a.livingOn(b.Name, "", n)
	return true
}

// livingOn lists the keys that systems of a build and a role take; a role of "" is either.
func (a *HostKeyAnswer) livingOn(system string, role Class, build int) {
	a.System, a.Build, a.role = system, build, role
	for _, k := range hostKeyTable() {
		if roles := k.RolesOn(build); len(roles) > 0 && (role == "" || slices.Contains(roles, role)) {
			a.Living = append(a.Living, k)
		}
	}
}

// Only returns the role on which alone a key can be installed, where the query left open whether the system is a server
// or a client and the build is both; "" otherwise.
func (a HostKeyAnswer) Only(k HostKey) Class {
	b, ok := BuildByNumber(a.Build)
	if roles := k.RolesOn(a.Build); ok && a.role == "" && b.Client && b.Server && len(roles) == 1 {
		return roles[0]
	}
	return ""
}

func (a *HostKeyAnswer) byName(typed []string) {
	type scored struct {
		key HostKey
		fit fit
	}
	var found []scored
	for _, k := range hostKeyTable() {
		if f, ok := match(typed, words(k.Name)); ok {
			found = append(found, scored{k, f})
		}
	}
	slices.SortStableFunc(found, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.fit.cost, b.fit.cost), cmp.Compare(a.fit.unasked, b.fit.unasked))
	})
	for _, s := range found {
		if s.fit.cost == found[0].fit.cost {
			a.Named = append(a.Named, s.key)
			a.Guessed = s.fit.guessed
		}
	}
}

// nearHostKeys names the generations that share most words with a query.
func nearHostKeys(typed []string) []string {
	best, names := 0, []string(nil)
	for _, k := range hostKeyTable() {
		hits := 0
		for _, q := range typed {
			if cost, _ := bestWord(q, words(k.Name)); cost >= 0 && cost < 2 && q != "host" && q != "key" {
				hits++
			}
		}
		if hits > best {
			best, names = hits, nil
		}
		if hits == best && hits > 0 && len(names) < maxNear {
			names = append(names, k.Name)
		}
	}
	return names
}

// UpdateNeeded returns the update that a host with a build needs before it accepts the key; the zero HostUpdate where it
// needs none.
func (k HostKey) UpdateNeeded(build int) HostUpdate {
	for _, s := range k.Hosts() {
		for _, u := range s.Updates {
			if build >= u.First && build <= u.Last {
				return u
			}
		}
	}
	return HostUpdate{}
}
