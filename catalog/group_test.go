package catalog

import (
	"slices"
	"testing"
)

func TestGroupTitle(t *testing.T) {
	for id, want := range map[string]string{
		"server-2022":           "Windows Server 2022",
		"server-2019":           "Windows Server 2019",
		"server-2008-r2-b":      "Windows Server 2008 R2 B (Standard and Enterprise)",
		"windows-10-2015":       "Windows 11, Windows 10 LTSB 2015, Windows 10",
		"windows-10-2019":       "Windows 11 LTSC 2024, Windows 10 LTSC 2021, Windows 10 LTSC 2019",
		"windows-10-retail":     "Windows 10/11 (Retail)",
		"windows-multi-session": "Windows 10/11 Enterprise multi-session",
		"office-2021":           "Office LTSC 2021",
	} {
		if got := groupNamed(t, id).Title(); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

// Titles name groups apart, representatives are of their own group, and what is
// not asked says why.
func TestGroupTitlesAndReasons(t *testing.T) {
	titles := map[string]string{}
	for _, g := range Groups() {
		if other := titles[g.Title()]; other != "" || g.Title() == "" {
			t.Errorf("%s and %s are both called %q", g.ID, other, g.Title())
		}
		titles[g.Title()] = g.ID
		if p := g.Representative(); p.Group.ID != g.ID || p.ActivationID == "" || p.Preview && !g.Preview {
			t.Errorf("%s: asked for by %q of %s", g.ID, p.Name, p.Group.ID)
		}
		if (g.WhyNotAsked() == "") != g.Askable() {
			t.Errorf("%s: askable %v, %q", g.ID, g.Askable(), g.WhyNotAsked())
		}
		if len(g.Products()) == 0 || len(g.Releases()) == 0 {
			t.Errorf("%s: %d products, %d releases", g.ID, len(g.Products()), len(g.Releases()))
		}
	}
}

// A release that several groups share does not make a key cover all of them.
func TestCoversGroup(t *testing.T) {
	for _, c := range []struct {
		key, group string
		want       bool
	}{
		{"server-2016", "server-2016", true},
		{"server-2016", "server-2019", false}, // by the semi-annual channel alone
		{"server-2019", "server-2022", false},
		{"server-2022", "server-2019", true},
		{"server-2022", "server-2025", false},
		{"server-2025", "server-2025", true},
		{"server-2016", "windows-10-2019", false},
		{"server-2019", "windows-10-2019", true},
		{"server-2012-r2-windows-10", "windows-10-2015", true},
		{"server-2012-r2-windows-10", "windows-10-2016", false},
		{"windows-10", "server-2016", false},
		{"server-2022", "windows-10-retail", false},
		{"office-2019", "office-2019", true},
		{"office-2019", "office-2021", false},
		{"office-2019", "windows-10-2015", false},
	} {
		k, ok := HostKeyByID(c.key)
		if !ok {
			t.Fatal(c.key)
		}
		g := groupNamed(t, c.group)
		if got := k.CoversGroup(g) != nil; got != c.want {
			t.Errorf("%s covers %s: %v", c.key, c.group, got)
		}
		able := slices.ContainsFunc(HostKeysForGroup(g), func(o HostKey) bool { return o.ID == c.key })
		if able != c.want {
			t.Errorf("%s is among the keys for %s: %v", c.key, c.group, able)
		}
	}
}

func groupNamed(t *testing.T, id string) Group {
	t.Helper()
	for _, g := range Groups() {
		if g.ID == id {
			return g
		}
	}
	t.Fatalf("no group %s", id)
	return Group{}
}
