package catalog

import (
	"slices"
	"strings"
	"testing"
)

func TestGVLKsByName(t *testing.T) {
	for typed, want := range map[string]string{ // the last five characters of the first key
		"Windows Server 2022 Datacenter":                   "6VM33",
		"Windows Server 2022 Datacenter: Azure Edition":    "KHMXV",
		"Windows Server 2025 Datacenter: Azure Edition":    "8MCRC",
		"Windows Server, version 1709 Standard":            "GF6G4",
		"Windows Server 2008 R2 for Itanium-based Systems": "CB83V",
		"windows 11 pro":            "T83GX",
		"windows 10":                "2YT43",
		"win 10 ltsc 2019":          "J462D",
		"server 2019 std":           "J464C",
		"office 2019":               "6MWKP",
		"Office LTSC Standard 2024": "H6HGR",
		"Visio Professional 2016":   "RJRJK",
		"sever 2016 essentials":     "4M63B",
	} {
		keys := GVLKsByName(typed)
		if len(keys) == 0 || keys[0].Partial() != want {
			t.Errorf("%s: %v, want %s first", typed, keys, want)
		}
	}
	for _, typed := range []string{"", "windows 12", "macOS", strings.Repeat("x", 200)} {
		if keys := GVLKsByName(typed); keys != nil {
			t.Errorf("%.20q: %v", typed, keys)
		}
	}
	for _, g := range GVLKs() { // as Microsoft writes it
		if keys := GVLKsByName(g.Name()); len(keys) == 0 || keys[0] != g {
			t.Errorf("%s: not the first of its own name", g.Name())
		}
	}
}

func TestFindGVLK(t *testing.T) {
	for _, tt := range []struct {
		typed, partial string
		how            MatchKind
	}{
		{"NPPR9-FWDCX-D2C8J-H872K-2YT43", "2YT43", MatchKey},
		{" nppr9 fwdcx d2c8j h872k 2yt43 ", "2YT43", MatchKey},
		{"NPPR9FWDCXD2C8JH872K2YT43", "2YT43", MatchKey},
		{"2yt43", "2YT43", MatchPartial},
		{"H872K", "2YT43", MatchFragment},
		{"NPPR9-FWDCX-D2C8J-H872K-2YT4Z", "2YT43", MatchOneLetter},
		{"NPPR9-FWDCX-D2C8J-H87K2-2YT43", "2YT43", MatchOneLetter},
		{"NPPR9-FWDCX-D2C8-H872K-2YT43", "2YT43", MatchOneLetter},
		{"NPPR9-FWDCX-D2C8JJ-H872K-2YT43", "2YT43", MatchOneLetter},
		{"2YT4E", "2YT43", MatchOneLetter},
	} {
		found := FindGVLK(tt.typed)
		if len(found) != 1 || found[0].How != tt.how || found[0].GVLK.Partial() != tt.partial {
			t.Errorf("%s: %v, want %s by %s", tt.typed, found, tt.partial, tt.how)
		}
	}
	for _, typed := range []string{"", "-----", "QQQQQ", "QQQQQ-QQQQQ-QQQQQ-QQQQQ-QQQQQ", "2YT", strings.Repeat("2YT43", 100)} {
		if found := FindGVLK(typed); found != nil {
			t.Errorf("%.20q: %v", typed, found)
		}
	}
	if g, ok := GVLKByPartial("2yt43"); !ok || g.Edition != "Enterprise" {
		t.Errorf("2YT43: %v", g)
	}
	if _, ok := GVLKByPartial("H872K"); ok {
		t.Error("a middle group was taken for a partial key")
	}
}

func FuzzFindGVLK(f *testing.F) {
	for _, s := range []string{"NPPR9-FWDCX-D2C8J-H872K-2YT43", "2YT43", "H872K", "nppr9fwdcxd2c8jh872k2yt4", "\xff-é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, m := range FindGVLK(text) {
			if m.How == MatchKey && !strings.Contains(strings.ToUpper(text), m.GVLK.Partial()[4:]) {
				t.Errorf("%q is taken for %s", text, m.GVLK.Key)
			}
			if !slices.Contains([]MatchKind{MatchKey, MatchPartial, MatchFragment, MatchOneLetter}, m.How) {
				t.Errorf("%q: kind %q", text, m.How)
			}
		}
		GVLKsByName(text)
	})
}
