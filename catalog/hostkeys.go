package catalog

import (
	_ "embed" // for the table
	"slices"
	"strings"
	"sync"
)

// HostKey is one generation of KMS host keys (CSVLK) as Microsoft's lists describe it: where it can be installed and
// what it activates. The lists are the authority; neither an ePID nor an answer on the wire tells as much. For old
// generations a public database stands in: name the Source of what is said.
type HostKey struct {
	ID            string     // such as "server-2019" or "office-2021"
	Name          string     // such as "Windows Server 2019 KMS host key"
	Class         Class      // Server or Client by the edition the host must run; Office for Office keys
	ActivationIDs []string   // of the key itself, as slmgr /dlv takes them; not to be changed
	Source        ListSource // where the lists come from
	Note          string     // one remark, or ""

	activates []string // release ids
	hosts     []hostRange
	updates   []updateRange
}

// ListSource is the kind of source a host key's lists come from.
type ListSource string

// The sources, the most reliable first.
const (
	ListMicrosoft ListSource = "microsoft"         // Microsoft's current documentation (KMS activation planning, 2024-11-12; Office deployment)
	ListArchive   ListSource = "microsoft-archive" // Microsoft's former documentation (TechNet)
	ListDatabase  ListSource = "database"          // inferred from public databases and the neighbouring generations
)

// Name says whose word a statement from the list is, such as "Microsoft's list".
func (s ListSource) Name() string {
	switch s {
	case ListMicrosoft:
		return "Microsoft's list"
	case ListArchive:
		return "Microsoft's former list"
	}
	return "public databases"
}

// hostRange is a span of builds on systems of one role; last is 0 where the span is open.
type hostRange struct {
	role        Class
	first, last int
}

// updateRange is the update hosts with these builds need before they accept the key.
type updateRange struct {
	first, last int
	update      string
}

var (
	//go:embed data/hostkeys.tsv
	hostKeysTSV string

	hostKeyTable = sync.OnceValue(loadHostKeys)
)

func loadHostKeys() []HostKey {
	var keys []HostKey
	for _, r := range readTable("hostkeys.tsv", hostKeysTSV, "host_key", "class", "hosts", "updates", "activates", "activation_ids", "source", "name", "note") {
		k := HostKey{
			ID: r[0], Class: Class(r[1]), activates: strings.Fields(r[4]), ActivationIDs: strings.Fields(r[5]),
			Source: ListSource(r[6]), Name: r[7], Note: r[8],
		}
		for _, f := range strings.Fields(r[2]) {
			role, span, _ := strings.Cut(f, ":")
			first, last := buildSpan(span)
			k.hosts = append(k.hosts, hostRange{Class(role), first, last})
		}
		for _, f := range strings.Fields(r[3]) {
			span, update, _ := strings.Cut(f, "=")
			first, last := buildSpan(span)
			k.updates = append(k.updates, updateRange{first, last, strings.ReplaceAll(update, "_", " ")})
		}
		keys = append(keys, k)
	}
	return keys
}

// buildSpan reads "17763", "7600-7601" or "20348+".
func buildSpan(s string) (first, last int) {
	if from, open := strings.CutSuffix(s, "+"); open {
		return number(from), 0
	}
	from, to, span := strings.Cut(s, "-")
	if !span {
		to = from
	}
	return number(from), number(to)
}

// HostKeys returns every generation of host keys: Windows first, then Office, newest first. The slice is the caller's.
func HostKeys() []HostKey { return slices.Clone(hostKeyTable()) }

// HostKeyByID returns the generation with an id such as "server-2019".
func HostKeyByID(id string) (HostKey, bool) {
	for _, k := range hostKeyTable() {
		if k.ID == id {
			return k, true
		}
	}
	return HostKey{}, false
}

// Activates returns the releases the list names, in the order of [Releases].
func (k HostKey) Activates() []Release {
	var named []Release
	for _, r := range releaseTable() {
		if slices.Contains(k.activates, r.ID) {
			named = append(named, r)
		}
	}
	return named
}

// Coverage is what Microsoft's list says of a host key and a product.
type Coverage string

const (
	// Covered says that the list names the product.
	Covered Coverage = "covered"
	// TooNew says that the product is of a family the key activates, but newer than the newest the list names.
	TooNew Coverage = "too new"
	// OtherFamily says that the key activates no product of this family (an Office version is a family of its own).
	OtherFamily Coverage = "other family"
	// Unlisted says that the list is silent. The lists leave out systems out of support (Windows 8, Vista), retail and preview
	// editions and the special licences, so silence is no refusal.
	Unlisted Coverage = "unlisted"
)

// Covers says what Microsoft's list says of the key and a product. A host itself only compares counted ids: it may
// serve a product the list leaves out because that shares its counted id with one the list names.
func (k HostKey) Covers(c Choice) Coverage {
	g := c.Product.Group
	if g.Retail || c.Product.Preview {
		return Unlisted
	}
	if slices.Contains(k.activates, c.Release.ID) {
		return Covered
	}
	if k.Class == Office || c.Release.Class == Office {
		return OtherFamily
	}
	family, newer := false, true
	for _, r := range k.Activates() {
		if r.Class == c.Release.Class {
			family = true
			newer = newer && c.Release.Build > r.Build
		}
	}
	switch {
	case !family:
		return OtherFamily
	case newer:
		return TooNew
	}
	return Unlisted
}

// HostKeysFor returns the generations whose list names a product, newest first: what an administrator could install.
func HostKeysFor(c Choice) []HostKey {
	var able []HostKey
	for _, k := range hostKeyTable() {
		if k.Covers(c) == Covered {
			able = append(able, k)
		}
	}
	return able
}

// Placement is what Microsoft's list says of a host key and a Windows build.
type Placement string

const (
	// PlaceListed says that the list names the build, or one of its two roles, as a host for the key.
	PlaceListed Placement = "listed"
	// PlaceTooOld says that the build is older than the oldest the list names.
	PlaceTooOld Placement = "build too old"
	// PlaceUnlisted says that the build is not older, but the list does not name it.
	PlaceUnlisted Placement = "unlisted"
	// PlaceUnknown says that the build is not in the table of builds, so its role is not known.
	PlaceUnknown Placement = "unknown build"
)

// CanLiveOn says whether Microsoft's list names a build as a host for the key, and which update that build needs
// first, or "". A build that exists as client and as server is listed if either of them is.
func (k HostKey) CanLiveOn(build int) (Placement, string) {
	b, ok := BuildByNumber(build)
	if !ok {
		return PlaceUnknown, ""
	}
	oldest := k.hosts[0].first
	for _, h := range k.hosts {
		oldest = min(oldest, h.first)
		roleFits := h.role == Client && b.Client || h.role == Server && b.Server
		if roleFits && build >= h.first && (h.last == 0 || build <= h.last) {
			return PlaceListed, k.UpdateFor(build)
		}
	}
	if build < oldest {
		return PlaceTooOld, ""
	}
	return PlaceUnlisted, ""
}

// RolesOn returns the roles of a build, server before client, that the list names as hosts for the key; nil for a build
// that is not in the table of builds.
func (k HostKey) RolesOn(build int) []Class {
	b, ok := BuildByNumber(build)
	if !ok {
		return nil
	}
	var roles []Class
	for _, role := range []Class{Server, Client} {
		exists := role == Server && b.Server || role == Client && b.Client
		if exists && slices.ContainsFunc(k.hosts, func(h hostRange) bool {
			return h.role == role && build >= h.first && (h.last == 0 || build <= h.last)
		}) {
			roles = append(roles, role)
		}
	}
	return roles
}

// UpdateFor returns the update a host with this build needs before it accepts the key, such as "KB5034768", or "".
// Updates are superseded: a later cumulative one does as well.
func (k HostKey) UpdateFor(build int) string {
	for _, u := range k.updates {
		if build >= u.first && (u.last == 0 || build <= u.last) {
			return u.update
		}
	}
	return ""
}
