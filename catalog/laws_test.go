package catalog

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func TestGroupLaws(t *testing.T) {
	ids, counted := map[string]bool{}, map[string]bool{}
	for _, g := range Groups() {
		if ids[g.ID] || counted[g.CountedID] {
			t.Errorf("%s: id or counted id appears twice", g.ID)
		}
		ids[g.ID], counted[g.CountedID] = true, true
		m := guid.FindStringSubmatch(g.CountedID)
		if m == nil {
			t.Errorf("%s: counted id %q is no lower-case GUID", g.ID, g.CountedID)
			continue
		}
		if invented := m[1] == "5"; invented == g.CountedIDGenuine {
			t.Errorf("%s: genuine = %t, but the id is of version %s; the made-up ones are of version 5", g.ID, g.CountedIDGenuine, m[1])
		}
		if g.N != g.Class.N() || g.N != 25 && g.N != 5 {
			t.Errorf("%s: N = %d for class %q", g.ID, g.N, g.Class)
		}
		if ApplicationName(g.AppID) == "" || (g.AppID == WindowsAppID) == (g.Class == Office) {
			t.Errorf("%s: application %q for class %q", g.ID, g.AppID, g.Class)
		}
		if g.Major < 4 || g.Major > 6 || g.Minor != 0 {
			t.Errorf("%s: protocol %d.%d", g.ID, g.Major, g.Minor)
		}
		if len(ProductsByCountedID(g.CountedID)) == 0 {
			t.Errorf("%s: no product", g.ID)
		}
	}
}

func TestProductLaws(t *testing.T) {
	ids, names := map[string]bool{}, map[string]bool{}
	for _, p := range Products() {
		if ids[p.ActivationID] || names[p.Name] {
			t.Errorf("%s: activation id or name appears twice", p.Name)
		}
		ids[p.ActivationID], names[p.Name] = true, true
		if !guid.MatchString(p.ActivationID) || p.Group.ID == "" || p.Name == "" {
			t.Errorf("incomplete: %+v", p)
		}
		if (len(p.Releases) > 1) != (p.Edition != "") && !strings.HasPrefix(p.Name, "Windows 1") {
			t.Errorf("%s: edition %q with releases %v", p.Name, p.Edition, p.Releases)
		}
		var last Release
		for i, id := range p.Releases {
			r, ok := ReleaseByID(id)
			if !ok {
				t.Errorf("%s: release %q does not exist", p.Name, id)
			}
			if i > 0 && r.Released.After(last.Released) {
				t.Errorf("%s: release %s after %s is not newest first", p.Name, id, last.ID)
			}
			last = r
		}
		if found, ok := ProductByActivationID(strings.ToUpper(p.ActivationID)); !ok || found.Name != p.Name {
			t.Errorf("%s: not found by activation id", p.Name)
		}
	}
	if len(ids) != 257 {
		t.Errorf("%d products, want 257", len(ids))
	}
}

// The ids a client sends are protocol facts: a change here is a mistake.
func TestWellKnownIDs(t *testing.T) {
	for name, want := range map[string]string{
		"Windows 11 Enterprise":              "73111121-5638-40f6-bc11-f1d7b0d64300 58e2134f-8e11-4d17-9cb2-91069c151148",
		"Windows Server 2022 Datacenter":     "ef6cfc9f-8c5d-44ac-9aad-de6a2ea0ae03 b74263e4-0f92-46c6-bcf8-c11d5efe2959",
		"Windows Server 2019 Standard":       "de32eafd-aaee-4662-9444-c1befb41bde2 8449b1fb-f0ea-497a-99ab-66ca96e9a0f5",
		"Office Professional Plus 2019":      "85dd8b5f-eaa4-4af3-a628-cce9e77c9a03 617d9eb1-ef36-4f82-86e0-a65ae07b96c6",
		"Windows 10 Enterprise LTSC 2021":    "32d2fab3-e4a8-42c2-923b-4bf4fd13e6ee 11b15659-e603-4cf1-9c1f-f0ec01b81888",
		"Windows Server 2008 R2 Standard":    "68531fb9-5511-4989-97be-d11a0f55633f ca87f5b6-cd46-40c0-b06d-8ecd57a4373f",
		"Office LTSC Professional Plus 2021": "fbdb3e18-a8ef-4fb3-9183-dffd60bd0984 86d50b16-4808-41af-b83b-b338274318b2",
	} {
		c, err := ProductByName(name)
		if got := c.Product.ActivationID + " " + c.Product.Group.CountedID; err != nil || got != want || c.Name() != name {
			t.Errorf("%s: got %s %q, %v; want %s", name, got, c.Name(), err, want)
		}
	}
}

func TestReleaseLaws(t *testing.T) {
	ids := map[string]bool{}
	classes := []Class{Client, Server, Office}
	var last Release
	for _, r := range Releases() {
		if ids[r.ID] {
			t.Errorf("%s appears twice", r.ID)
		}
		ids[r.ID] = true
		if r.Released.IsZero() || !slices.Contains(classes, r.Class) {
			t.Errorf("%s: incomplete: %+v", r.ID, r)
		}
		if last.Class == r.Class && r.Released.After(last.Released) || slices.Index(classes, last.Class) > slices.Index(classes, r.Class) {
			t.Errorf("%s follows %s: out of order", r.ID, last.ID)
		}
		d := r.Default()
		if !slices.Contains(d.Product.Releases, r.ID) {
			t.Errorf("%s: default product %q is not of the release", r.ID, d.Product.Name)
		}
		if d.Product.Group.Retail {
			t.Errorf("%s: default product %s is retail", r.ID, d.Name())
		}
		if _, ok := BuildByNumber(r.Build); ok == (r.Class == Office) {
			t.Errorf("%s: build %d", r.ID, r.Build)
		}
		last = r
	}
}

func TestAskNextLaws(t *testing.T) {
	for _, p := range Products() {
		r, _ := ReleaseByID(p.Releases[0])
		next := AskNext(Choice{Product: p, Release: r})
		if len(next) == 0 {
			t.Errorf("%s: nothing to ask next", p.Name)
		}
		for _, n := range next {
			g := n.Product.Group
			if g.CountedID == p.Group.CountedID || g.CountedID == "" {
				t.Errorf("%s: next is %q with the same counted id or none", p.Name, n.Name())
			}
			if !g.Askable() {
				t.Errorf("%s: next is %s, which cannot be asked", p.Name, n.Name())
			}
			if g.AppID == p.Group.AppID && g.N > p.Group.N {
				t.Errorf("%s: next is %s, which raises N", p.Name, n.Name())
			}
		}
	}
	next := AskNext(DefaultClient())
	if len(next) != 2 || next[0].Name() != "Windows 8.1 Enterprise" || next[1].Product.Group.Class != Office {
		t.Errorf("after the default client: %v", next)
	}
}

func TestDefaults(t *testing.T) {
	for _, tt := range []struct {
		c    Choice
		name string
		n    int
	}{
		{DefaultClient(), "Windows 11 Enterprise", 25},
		{DefaultServer(), "Windows Server 2019 Datacenter", 5},
		{DefaultOffice(), "Office LTSC Professional Plus 2021", 5},
	} {
		if tt.c.Name() != tt.name || tt.c.Product.Group.N != tt.n || !tt.c.Product.Group.Askable() {
			t.Errorf("default %s, N %d", tt.c.Name(), tt.c.Product.Group.N)
		}
	}
}

func TestNotAskable(t *testing.T) {
	for _, name := range []string{"server 2025", "office 2024", "windows 11 home", "office 2013 pre-release", "windows server preview"} {
		if c, err := ProductByName(name); err != nil || c.Product.Group.Askable() {
			t.Errorf("%s: %s is askable, %v", name, c.Name(), err)
		}
	}
}

func TestGVLKLaws(t *testing.T) {
	form := regexp.MustCompile(`^([BCDFGHJKMNPQRTVWXY2346789]{5}-){4}[BCDFGHJKMNPQRTVWXY2346789]{5}$`)
	keys, partials, ids := map[string]bool{}, map[string]bool{}, map[string]bool{}
	sources := map[GVLKSource]int{}
	var unknown []string
	for _, g := range GVLKs() {
		if !form.MatchString(g.Key) {
			t.Errorf("%s: %q is not shaped like a product key of this kind", g.Name(), g.Key)
		}
		if keys[g.Key] || partials[g.Partial()] || ids[g.ActivationID] {
			t.Errorf("%s: key, partial key or activation id appears twice", g.Name())
		}
		keys[g.Key], partials[g.Partial()] = true, true
		sources[g.Source]++
		if !strings.HasSuffix(g.Key, "-"+g.Partial()) || len(g.Partial()) != 5 {
			t.Errorf("%s: partial %q of %q", g.Name(), g.Partial(), g.Key)
		}
		if g.ActivationID == "" {
			unknown = append(unknown, g.Name())
			continue
		}
		ids[g.ActivationID] = true
		p, ok := ProductByActivationID(g.ActivationID)
		if !ok || p.GVLK() != g.Key {
			t.Errorf("%s: activation id %s is of product %q with key %q", g.Name(), g.ActivationID, p.Name, p.GVLK())
			continue
		}
		if marks := strings.Count(g.Key, "N"); marks > 1 || (marks == 0) != (p.Group.Major == 4) { // since Windows 8 a key has one N
			t.Errorf("%s: %d times N in %s", g.Name(), marks, g.Key)
		}
		if r, _ := ReleaseByID(p.Releases[0]); r.Class != g.Class {
			t.Errorf("%s: class %q, its product's release is of class %q", g.Name(), g.Class, r.Class)
		}
	}
	want := []string{"Windows Server 2025 Datacenter: Azure Edition", "Windows Server, version 1709 Standard", "Windows Server, version 1709 Datacenter"}
	if !slices.Equal(unknown, want) {
		t.Errorf("keys without a product: %q, want %q", unknown, want)
	}
	if sources[GVLKWindowsList] != 78 || sources[GVLKOfficeList] != 52 || sources[GVLKOfficeArchive] != len(GVLKs())-130 {
		t.Errorf("keys by source: %v", sources)
	}
}

func TestKeyRangeLaws(t *testing.T) {
	ranges := KeyRanges()
	var unlisted []string
	for i, a := range ranges {
		if a.Min > a.Max || a.GroupID <= 0 || a.Name == "" {
			t.Errorf("%s: %d to %d in group %d", a.Name, a.Min, a.Max, a.GroupID)
		}
		overlaps := false
		for j, b := range ranges {
			if i != j && a.GroupID == b.GroupID && a.Min <= b.Max && b.Min <= a.Max {
				overlaps = true
				if a.Min != b.Min || a.Max != b.Max {
					t.Errorf("%s and %s overlap in part", a.Name, b.Name)
				}
			}
		}
		if overlaps != a.Shared {
			t.Errorf("%s: overlaps = %t, marked %t", a.Name, overlaps, a.Shared)
		}
		if a.HostKeyID == "" {
			unlisted = append(unlisted, a.Name)
		} else if _, ok := a.HostKey(); !ok {
			t.Errorf("%s: no host key %q", a.Name, a.HostKeyID)
		}
	}
	want := []string{"Windows 10 China Government", "Windows 10 and 8.1 Pre-Release", "Windows Vista (1 of 2)", "Windows Vista (2 of 2)"}
	if !slices.Equal(unlisted, want) {
		t.Errorf("ranges without a generation: %q, want %q", unlisted, want)
	}
}

func TestBuildLaws(t *testing.T) {
	last := Build{}
	for _, b := range Builds() {
		if b.Number <= last.Number || b.Released.IsZero() || b.Name == "" {
			t.Errorf("build %d after %d: %+v", b.Number, last.Number, b)
		}
		if want, ok := PlatformID(b.Number); !ok || want != b.PlatformID {
			t.Errorf("build %d: platform %d, by the rule %d", b.Number, b.PlatformID, want)
		}
		if PlatformName(b.PlatformID) == "" || !b.Client && !b.Server || b.NDR64 != (b.Number >= 9200) {
			t.Errorf("build %d: %+v", b.Number, b)
		}
		last = b
	}
	if _, ok := BuildByNumber(7078); ok {
		t.Error("a pre-release build is in the table")
	}
	if _, ok := PlatformID(9431); ok {
		t.Error("a platform is claimed for a pre-release between two systems")
	}
}
