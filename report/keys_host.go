package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/run"
)

// KindHostKeys is the kind of a [HostKeys].
const KindHostKeys = "host-keys"

// HostKeys is the answer of kmsdiag keys --host: which generation of KMS host keys activates what, and which systems
// it is installed on. It describes generations; no host key is in it.
type HostKeys struct {
	Schema   string        `json:"schema"` // "kmsdiag/1"
	Kind     string        `json:"kind"`   // "host-keys"
	Query    string        `json:"query,omitempty"`
	Product  string        `json:"product,omitempty"`  // that the query names
	System   string        `json:"system,omitempty"`   // host system that the query names
	Build    int           `json:"build,omitempty"`    // of the system
	Revision int           `json:"revision,omitempty"` // the number behind the build, where the query has one
	Keys     []HostKeyItem `json:"host_keys"`
}

// HostKeyItem is one generation of host keys.
type HostKeyItem struct {
	ID            string           `json:"id"`
	Name          string           `json:"name"`
	Match         []string         `json:"match"`     // what of it the query names: name, activates, host; empty without a query
	Activates     []string         `json:"activates"` // products, newest first
	Systems       []HostSystemItem `json:"systems"`
	OfficePack    string           `json:"office_pack,omitempty"` // address of the volume licence pack that the host needs first
	ActivationIDs []string         `json:"activation_ids"`        // of the key itself, for slmgr /ato and /dlv
	Source        string           `json:"source"`
	Note          string           `json:"note,omitempty"`
	Only          string           `json:"only,omitempty"`    // role (server, client) of the build asked for on which alone the key can be installed
	OnlyOn        string           `json:"only_on,omitempty"` // the system of that role
	Ready         *bool            `json:"ready,omitempty"`   // the build and revision asked for are new enough; absent where that is not known
}

// HostSystemItem is a span of Windows builds on which a host key can be installed.
type HostSystemItem struct {
	Name       string           `json:"name"`
	Role       string           `json:"role"` // server, client
	FirstBuild int              `json:"first_build"`
	LastBuild  int              `json:"last_build,omitempty"` // absent where the list sets no end
	Updates    []HostUpdateItem `json:"updates"`
}

// HostUpdateItem is the least update that a host needs before it accepts a key.
type HostUpdateItem struct {
	FirstBuild int    `json:"first_build"`
	LastBuild  int    `json:"last_build"`
	Update     string `json:"update"`
	Least      string `json:"least,omitempty"`    // build and revision, as winver shows them, from which the update is in
	Released   string `json:"released,omitempty"` // day
}

// NewHostKeys returns what a look-up of host keys found, or with an empty query every generation.
func NewHostKeys(query string, a catalog.HostKeyAnswer) *HostKeys {
	k := &HostKeys{Schema: run.Schema, Kind: KindHostKeys, Query: query, Product: a.Product, System: a.System, Build: a.Build, Revision: a.Revision, Keys: []HostKeyItem{}}
	if query == "" {
		for _, h := range catalog.HostKeys() {
			k.Keys = append(k.Keys, hostKeyItem(h))
		}
		return k
	}
	for _, list := range []struct {
		match string
		keys  []catalog.HostKey
	}{{"name", a.Named}, {"activates", a.Activating}, {"host", a.Living}} {
		for _, h := range list.keys {
			i := slices.IndexFunc(k.Keys, func(o HostKeyItem) bool { return o.ID == h.ID })
			if i < 0 {
				i = len(k.Keys)
				k.Keys = append(k.Keys, hostKeyItem(h))
			}
			k.Keys[i].Match = append(k.Keys[i].Match, list.match)
			if list.match == "host" {
				k.Keys[i].only(a, h)
			}
			if list.match == "host" && a.Revision > 0 {
				k.Keys[i].Ready = ready(h.UpdateNeeded(a.Build), a.Build, a.Revision)
			}
		}
	}
	return k
}

// only says where a build is a client and a server, and the key goes on one of them.
func (item *HostKeyItem) only(a catalog.HostKeyAnswer, h catalog.HostKey) {
	role := a.Only(h)
	if b, ok := catalog.BuildByNumber(a.Build); ok && role != "" {
		item.Only, item.OnlyOn = string(role), b.SystemOf(role)
	}
}

// ready tells whether a build and revision have an update; nil where no revision of the build is known for it: the
// revisions of two builds have nothing to do with each other.
func ready(u catalog.HostUpdate, build, revision int) *bool {
	yes := u.Update == "" || revision >= u.Revision
	if u.Update != "" && (u.Revision == 0 || build != u.First) {
		return nil
	}
	return &yes
}

func hostKeyItem(h catalog.HostKey) HostKeyItem {
	item := HostKeyItem{
		ID: h.ID, Name: h.Name, Match: []string{}, Activates: releaseNames(h.Activates()), Systems: []HostSystemItem{}, OfficePack: h.OfficePack(),
		ActivationIDs: append([]string{}, h.ActivationIDs...), Source: h.Source.Name(), Note: h.Note,
	}
	for _, s := range h.Hosts() {
		system := HostSystemItem{Name: s.Name, Role: string(s.Role), FirstBuild: s.First, LastBuild: s.Last, Updates: []HostUpdateItem{}}
		if h.Class == catalog.Office && s.Role == catalog.Client {
			system.Name = "volume edition of " + s.Name
		}
		for _, u := range s.Updates {
			day := ""
			if !u.Released.IsZero() {
				day = u.Released.Format(time.DateOnly)
			}
			system.Updates = append(system.Updates, HostUpdateItem{u.First, u.Last, u.Update, u.Least(), day})
		}
		item.Systems = append(item.Systems, system)
	}
	return item
}

// releaseNames names releases. Of a server generation that is counted in groups, the groups are named where not all
// are there.
func releaseNames(releases []catalog.Release) []string {
	var names []string
	groups := map[string][]string{}
	for _, r := range releases {
		name := r.Name()
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		if i := strings.LastIndexByte(r.ID, '-'); i == len(r.ID)-2 && strings.HasPrefix(r.ID, "server-2008") {
			groups[name] = append(groups[name], strings.ToUpper(r.ID[i+1:]))
		}
	}
	for i, name := range names {
		if g := groups[name]; len(g) > 0 && len(g) < 3 {
			slices.Sort(g)
			names[i] += " (group " + strings.Join(g, ", ") + ")"
		}
	}
	return names
}

// JSON writes the host keys as one object.
func (k *HostKeys) JSON(w io.Writer) error { return writeJSON(w, k, "  ") }

// Text writes the host keys for a person.
func (k *HostKeys) Text(w io.Writer, s Style) error {
	s = s.normal()
	var b strings.Builder
	if k.Query == "" {
		k.all(&b, s)
	} else {
		k.asked(&b, s)
	}
	b.WriteString("\n")
	hang(&b, "", fmt.Sprintf("A host does not look at lists: it compares counted ids. One host key goes on %d hosts, each of which can be activated %d times.",
		catalog.HostsPerKey, catalog.ActivationsAHost), s.Width)
	_, err := io.WriteString(w, b.String())
	return err
}

func (k *HostKeys) all(b *strings.Builder, s Style) {
	office := false
	heading(b, s, "Windows host keys")
	for i, h := range k.Keys {
		if o := strings.HasPrefix(h.ID, "office"); o && !office {
			office = true
			b.WriteString("\n")
			heading(b, s, "Office host keys")
		} else if i > 0 {
			b.WriteString("\n")
		}
		hostKeyCard(b, s, h)
	}
}

// asked writes what a query found: the generation it names, what activates the product it names, and what can be
// installed on the system it names.
func (k *HostKeys) asked(b *strings.Builder, s Style) {
	named := k.matching("name")
	part := func(title string) {
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		for _, line := range wrap(title, s.Width) {
			heading(b, s, line)
		}
	}
	if len(named) > 0 {
		part("Host key")
		for i, h := range named {
			if i > 0 {
				b.WriteString("\n")
			}
			hostKeyCard(b, s, h)
		}
	}
	if able := k.matching("activates"); len(able) > 0 {
		part("Activate " + k.Product + ", newest first")
		for i, h := range able {
			if len(named) > 0 {
				hang(b, "  "+pad(h.ID, 26)+"  ", h.Name+" ("+h.Source+")", s.Width)
				continue
			}
			if i > 0 {
				b.WriteString("\n")
			}
			hostKeyCard(b, s, h)
		}
	}
	living := k.matching("host")
	if len(living) == 0 {
		return
	}
	title := fmt.Sprintf("Can be installed on %s, build %d", k.System, k.Build)
	if k.Revision > 0 {
		title += fmt.Sprintf(".%d", k.Revision)
	}
	part(title)
	for _, h := range living {
		lead := "  " + k.readyMark(s, h) + pad(h.ID, 26) + "  "
		if s.Width-cells(lead) < 24 { // too narrow for two columns
			hang(b, "  "+k.readyMark(s, h), h.ID, s.Width)
			hang(b, "    ", k.needs(h), s.Width)
			continue
		}
		hang(b, lead, k.needs(h), s.Width)
	}
}

func (k *HostKeys) matching(what string) []HostKeyItem {
	var out []HostKeyItem
	for _, h := range k.Keys {
		if slices.Contains(h.Match, what) {
			out = append(out, h)
		}
	}
	return out
}

// readyMark shows whether a revision that was given is new enough.
func (k *HostKeys) readyMark(s Style, h HostKeyItem) string {
	switch {
	case k.Revision == 0:
		return ""
	case h.Ready == nil:
		return s.mark(run.Warn) + " "
	case *h.Ready:
		return s.mark(run.Pass) + " "
	}
	return s.mark(run.Fail) + " "
}

// needs says what the system asked for needs before it accepts a key.
func (k *HostKeys) needs(h HostKeyItem) string {
	var text []string
	for _, s := range h.Systems {
		for _, u := range s.Updates {
			if k.Build >= u.FirstBuild && k.Build <= u.LastBuild {
				text = append(text, updateText(u))
			}
		}
	}
	text = slices.Compact(text)
	if len(text) == 0 {
		text = []string{"as it is"}
	}
	if h.OfficePack != "" {
		text = append(text, "with the Office pack")
	}
	if h.OnlyOn != "" {
		text = append([]string{"on " + h.OnlyOn + " only"}, text...)
	}
	return strings.Join(text, ", ")
}

// updateText says from where on a host accepts a key, such as "from 17763.5458 (KB5034768, 2024-02-13)".
func updateText(u HostUpdateItem) string {
	name := u.Update
	if u.Released != "" {
		name += ", " + u.Released
	}
	if u.Least == "" {
		return "with " + name + " or a later one"
	}
	return "from " + u.Least + " (" + name + ")"
}

func hostKeyCard(b *strings.Builder, s Style, h HostKeyItem) {
	label := func(name string) string { return "  " + pad(name, 11) + "  " }
	bold(b, s, h.Name+" ("+h.ID+")")
	hang(b, label("activates"), strings.Join(h.Activates, ", "), s.Width)
	name := "goes on"
	for _, system := range h.Systems {
		hang(b, label(name), systemText(system), s.Width)
		name = ""
	}
	if h.OfficePack != "" {
		hang(b, label("needs first"), "Office volume licence pack, "+h.OfficePack, s.Width)
	}
	for i, id := range h.ActivationIDs {
		name := "key's id"
		if i > 0 {
			name = ""
		}
		hang(b, label(name), id, s.Width)
	}
	hang(b, label("source"), h.Source, s.Width)
	if h.Note != "" {
		hang(b, label("note"), h.Note, s.Width)
	}
}

// systemText says which builds a key goes on, and from which update.
func systemText(x HostSystemItem) string {
	span := fmt.Sprintf("build %d", x.FirstBuild)
	switch {
	case x.LastBuild == 0:
		span += " or later"
	case x.LastBuild != x.FirstBuild:
		span = fmt.Sprintf("builds %d to %d", x.FirstBuild, x.LastBuild)
	}
	text := x.Name + " (" + span + ")"
	for _, u := range x.Updates {
		text += ", "
		if u.FirstBuild != x.FirstBuild || u.LastBuild != x.LastBuild {
			text += fmt.Sprintf("builds %d to %d ", u.FirstBuild, u.LastBuild)
		}
		text += updateText(u)
	}
	return text
}
