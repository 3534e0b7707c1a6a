package catalog

import (
	"slices"
	"strings"
	"testing"
)

// typo is a text with one letter wrong.
type typo struct{ kind, text string }

// typos makes typos of every kind at sampled places of a text: the last and, from a place the
// seed gives, every sixth letter or digit.
func typos(text, letters string, seed int) []typo {
	var made []typo
	runes := []rune(text)
	alike := func(r rune) bool { return strings.ContainsRune(" -/().,:", r) }
	for i := 0; i < len(runes); i++ {
		if alike(runes[i]) || (i+seed)%6 != 0 && i != len(runes)-1 {
			continue
		}
		other := rune(letters[(i*7+int(runes[i]))%len(letters)])
		if strings.EqualFold(string(other), string(runes[i])) {
			other = rune(letters[(i*7+int(runes[i])+1)%len(letters)])
		}
		head, tail := string(runes[:i]), string(runes[i+1:])
		made = append(made,
			typo{"substitution", head + string(other) + tail},
			typo{"deletion", head + tail},
			typo{"insertion", head + string(other) + string(runes[i:])})
		if i+1 < len(runes) && runes[i] != runes[i+1] && !alike(runes[i+1]) {
			made = append(made, typo{"transposition", head + string(runes[i+1]) + string(runes[i]) + string(runes[i+2:])})
		}
	}
	return made
}

// isFirst tells whether a key is among the first matches.
func isFirst(a KeyAnswer, key string) bool {
	return slices.ContainsFunc(a.Hits[:a.First], func(m GVLKMatch) bool { return m.GVLK.Key == key })
}

// names are what an edition is called: on Microsoft's list, and by Windows in each release.
func names(g GVLK) []string {
	list := []string{g.Product + " " + g.Edition, g.Name()}
	for _, c := range g.Choices() {
		list = append(list, c.Name())
	}
	list = append(list, g.headings()...)
	slices.Sort(list)
	return slices.Compact(list)
}

func TestEveryKeyIsFoundByName(t *testing.T) {
	for _, g := range GVLKs() {
		for _, name := range names(g) {
			for _, spelt := range []string{name, strings.ToLower(name), strings.ReplaceAll(name, " ", "  ")} {
				if a := FindKeys(spelt); !isFirst(a, g.Key) || a.Hits[0].How != MatchName || a.First != 1 {
					t.Errorf("%q: %d first of %v", spelt, a.First, a.Hits)
				}
			}
			turned := words(name)
			slices.Reverse(turned)
			if a := FindKeys(strings.Join(turned, " ")); !isFirst(a, g.Key) {
				t.Errorf("%q: %d first of %v", turned, a.First, a.Hits)
			}
		}
	}
}

func TestEveryKeyIsFoundByFragment(t *testing.T) {
	for _, g := range GVLKs() {
		for _, typed := range []string{g.Partial(), strings.ToLower(g.Partial()), g.Key, strings.ReplaceAll(g.Key, "-", " ")} {
			if a := FindKeys(typed); a.First != 1 || a.Hits[0].GVLK != g {
				t.Errorf("%s: %v", typed, a.Hits)
			}
		}
		for _, group := range strings.Split(g.Key, "-") {
			if !isFirst(FindKeys(group), g.Key) {
				t.Errorf("%s of %s: %v", group, g.Name(), FindKeys(group).Hits)
			}
		}
	}
}

// A typo leads to the right edition unless it is the name of another one.
func TestEveryKeyIsFoundByATypo(t *testing.T) {
	t.Parallel()
	tried := map[string]int{}
	for i, g := range GVLKs() {
		list := names(g)
		for _, name := range []string{g.Product + " " + g.Edition, g.Name(), list[i%len(list)]} {
			for _, m := range typos(name, "bdkqvz48", i) {
				tried[m.kind]++
				a := FindKeys(m.text)
				if otherNumber(m.text, name) { // of a release that may exist
					tried["another number"]++
					if isFirst(a, g.Key) && a.Hits[0].How != MatchName {
						t.Errorf("%s: %q: taken for %v", name, m.text, a.Hits[:a.First])
					}
					continue
				}
				anotherName := a.First > 0 && a.Hits[0].How == MatchName
				if anotherName {
					tried["name of another edition"]++
				}
				if !isFirst(a, g.Key) && !anotherName {
					t.Errorf("%s: %s %q: %d first of %v", name, m.kind, m.text, a.First, a.Hits)
				}
			}
		}
		for _, fragment := range []string{g.Partial(), g.Key} {
			for _, m := range typos(fragment, "BCDFGHJKMNPQRTVWXY2346789", i) {
				if a := FindKeys(m.text); !isFirst(a, g.Key) {
					t.Errorf("%s: %s %q: %v", g.Name(), m.kind, m.text, a)
				}
			}
		}
	}
	for _, kind := range []string{"substitution", "deletion", "insertion", "transposition"} {
		if tried[kind] < 3*len(GVLKs()) {
			t.Errorf("%d typos by %s", tried[kind], kind)
		}
	}
	if n := tried["name of another edition"]; n*20 > tried["substitution"] {
		t.Errorf("%d typos of %d made the name of another edition", n, tried["substitution"])
	}
}

// Typos that make another edition's name, so that nobody could tell.
func TestTyposThatNobodyCanTell(t *testing.T) {
	for typed, partial := range map[string]string{
		"Windows 11 Pro":               "T83GX", // for Pro N, the N forgotten
		"Windows Server 2012 Standard": "92BT4", // for 2022
		"Project Standard 2024":        "G87F8", // for 2021
		"Windows 7 Enterprise N":       "XCKRJ", // for E
	} {
		if a := FindKeys(typed); a.First != 1 || a.Hits[0].GVLK.Partial() != partial {
			t.Errorf("%s: %v", typed, a.Hits)
		}
	}
}

func TestFindKeys(t *testing.T) {
	for _, tt := range []struct {
		typed string
		how   MatchKind
		first string // last five characters of the first matches, sorted
	}{
		{"2022 standard", MatchWords, "VMK7H"},
		{"standard server 2022", MatchWords, "VMK7H"},
		{"office 2021 proplus", MatchWords, "6F7TH"},
		{"proplus 2019", MatchWords, "6MWKP"},
		{"win11 ent", MatchName, "2YT43"},
		{"windows 10", MatchWords, "2YT43 T83GX VCFB2"},
		{"sever 2022 std", MatchMisspelt, "VMK7H"},
		{"Windows 10 Enterprise G", MatchName, "4M68B"},
		{"Windows 11 Enterprise G N", MatchName, "T84FV"},
		{"Windows 10 Enterprise gG", MatchMisspelt, "4M68B T84FV"},
		{"Windows 10 Enterprise LSB 2016", MatchMisspelt, "QJ4BJ"},
		{"Windows 10 LTSC 2021 Enterprise LTC", MatchMisspelt, "J462D"},
		{"Windows 10 TSC 2019 Enterprise LTSC", MatchMisspelt, "J462D"},
		{"EnterpriseS", MatchID, "76DF9 J462D QJ4BJ"},
		{"ServerTurbine", MatchID, "8MCRC KHMXV"},
		{"ProfessionalWorkstation", MatchID, "6Q84J"},
		{"office 2021", MatchWords, "6F7TH 78VT3"},
		{"office 2010", MatchWords, "8R6BM H3GVB"},
		{"2019", MatchWords, "6MWKP 9D9HK"},
		{"azure edition", MatchWords, "8MCRC KHMXV"},
		{"T83GX", MatchPartial, "T83GX"},
		{"W269N", MatchFragment, "T83GX"},
		{"T83GK", MatchOneLetter, "T83GX"},
		{"T83G", MatchOneLetter, "T83GX"},
		{"T83GXX", MatchOneLetter, "T83GX"},
		{"W269N-WFGWX-YVC9B-4J6C9-T83G", MatchOneLetter, "T83GX"},
	} {
		a := FindKeys(tt.typed)
		var first []string
		for _, m := range a.Hits[:a.First] {
			first = append(first, m.GVLK.Partial())
		}
		slices.Sort(first)
		if got := strings.Join(first, " "); got != tt.first || a.Hits[0].How != tt.how {
			t.Errorf("%s: %s, %v; want %s by %s", tt.typed, got, a.Hits, tt.first, tt.how)
		}
	}
	for typed, near := range map[string]string{
		"windows 95 enterprise":         "Windows 11 Enterprise",
		"windows server 2003 standard":  "Windows Server 2025 Standard",
		"server 2024 standard":          "Windows Server 2025 Standard",
		"windows server 2027 standard":  "Windows Server 2025 Standard",
		"windows 9 pro":                 "Windows 11 Pro",
		"windows 12 pro":                "Windows 11 Pro",
		"T8XGQ":                         "T83GX (" + findGVLK(t, "T83GX").Title() + ")",
		"macOS":                         "",
		"":                              "",
		"QQQQQ-QQQQQ-QQQQQ-QQQQQ-QQQQQ": "",
		strings.Repeat("windows ", 60):  "",
	} {
		a := FindKeys(typed)
		if len(a.Hits) != 0 || a.First != 0 || near == "" && len(a.Near) > 0 || near != "" && !slices.Contains(a.Near, near) {
			t.Errorf("%.30q: %+v, want %s near", typed, a, near)
		}
	}
}

func findGVLK(t *testing.T, partial string) GVLK {
	t.Helper()
	g, ok := GVLKByPartial(partial)
	if !ok {
		t.Fatalf("no key ends in %s", partial)
	}
	return g
}

func TestOneLetter(t *testing.T) {
	texts := []string{"", "a", "b", "ab", "ba", "aab", "aba", "abab", "abba", "abcab", "bacab", "acbab", "xbcab", "abcabb", "é", "aé", "éa", "ééa"}
	for _, a := range texts {
		for _, b := range texts[:16-2] { // of ASCII
			if got, want := oneLetter(a, b), distance(a, b, 1) == 1; got != want {
				t.Errorf("%q %q: %t, want %t", a, b, got, want)
			}
		}
	}
}

func FuzzFindKeys(f *testing.F) {
	for _, s := range []string{"2022 standard", "NPPR9-FWDCX-D2C8J-H872K-2YT43", "2YT4", "win11, \xff", "8.1.", "ÄÖ ß", "QQQQQ-22222-33333-44444-55555", "2 k 12"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		a := FindKeys(query)
		if a.First > len(a.Hits) || a.First == 0 && len(a.Hits) > 0 || len(a.Near) > maxNear || len(a.Hits) > 0 && len(a.Near) > 0 {
			t.Fatalf("%q: %+v", query, a)
		}
		seen := map[string]bool{}
		for _, m := range a.Hits {
			if seen[m.GVLK.Key] || m.How == "" {
				t.Errorf("%q: %s twice, or by nothing", query, m.GVLK.Key)
			}
			seen[m.GVLK.Key] = true
		}
	})
}

func BenchmarkFindKeys(b *testing.B) {
	for b.Loop() {
		if a := FindKeys("sever 2022 std"); a.First != 1 {
			b.Fatal(a)
		}
	}
}
