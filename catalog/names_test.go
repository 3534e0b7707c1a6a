package catalog

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestProductByName(t *testing.T) {
	for _, tt := range []struct {
		typed, want string
		guessed     bool
	}{
		{"windows 11 enterprise", "Windows 11 Enterprise", false},
		{"win11", "Windows 11 Enterprise", false},
		{"W10", "Windows 10 Enterprise", false},
		{"windows-10", "Windows 10 Enterprise", false},
		{"Windows 10/11 Enterprise", "Windows 11 Enterprise", false},
		{"windows 11 23H2 pro", "Windows 11 Pro", false},
		{"win 11 professional n", "Windows 11 Pro N", false},
		{"windows 11 home", "Windows 11 Home", false},
		{"w10 ltsc", "Windows 10 Enterprise LTSC 2021", false},
		{"win10 iot ltsc", "Windows 10 IoT Enterprise LTSC 2021", false},
		{"win 10 ltsc 2019 n", "Windows 10 Enterprise N LTSC 2019", false},
		{"Windows 10 Enterprise 2016 LTSB", "Windows 10 Enterprise 2016 LTSB", false},
		{"windows 8", "Windows 8 Enterprise", false},
		{"win 8.1 pro", "Windows 8.1 Professional", false},
		{"vista", "Windows Vista Enterprise", false},
		{"multi-session", "Windows 10/11 Enterprise multi-session", false},
		{"server 2022", "Windows Server 2022 Datacenter", false},
		{"ws2019 std", "Windows Server 2019 Standard", false},
		{"windows 2019", "Windows Server 2019 Datacenter", false},
		{"server2012r2", "Windows Server 2012 R2 Datacenter", false},
		{"server 2012", "Windows Server 2012 Datacenter", false},
		{"win2k8r2 ent", "Windows Server 2008 R2 Enterprise", false},
		{"server 2025", "Windows Server 2025 Datacenter", false},
		{"office 2021", "Office LTSC Professional Plus 2021", false},
		{"proplus 2019", "Office Professional Plus 2019", false},
		{"Project Professional 2021", "Office Project Pro 2021", false},
		{"visio std 2019", "Office Visio Standard 2019", false},
		{"sever 2022", "Windows Server 2022 Datacenter", true},
		{"windws 11 educaton", "Windows 11 Education", true},
		{"windows 11 entreprise", "Windows 11 Enterprise", true},
		{"client", "Windows 11 Enterprise", false},
		{"Windows Server", "Windows Server 2019 Datacenter", false},
		{"OFFICE", "Office LTSC Professional Plus 2021", false},
		{"{73111121-5638-40F6-BC11-F1D7B0D64300}", "Windows 11 Enterprise", false},
		{"58e2134f-8e11-4d17-9cb2-91069c151148", "Windows 11 Enterprise", false},
		{"e1c51358-fe3e-4203-a4a2-3b6b20c9734e", "Windows 11 Home", false},
		{"8449b1fb-f0ea-497a-99ab-66ca96e9a0f5", "Windows Server 2019 Datacenter", false},
	} {
		c, err := ProductByName(tt.typed)
		if err != nil || c.Name() != tt.want || c.Guessed != tt.guessed {
			t.Errorf("%q: %q guessed %t, %v; want %q %t", tt.typed, c.Name(), c.Guessed, err, tt.want, tt.guessed)
		}
		if err == nil && !slices.Contains(c.Product.Releases, c.Release.ID) {
			t.Errorf("%q: release %q is none of the product's", tt.typed, c.Release.ID)
		}
	}
}

func TestProductByNameRefuses(t *testing.T) {
	for _, tt := range []struct {
		typed     string
		ambiguous bool
		suggests  string // one of the suggestions; "" for none
	}{
		{"2016", true, "Windows Server 2016 Datacenter"},
		{"2019 standard", true, "Office Standard 2019"},
		{"ltsc 2021", true, "Windows 10 Enterprise LTSC 2021"},
		{"windows 12", false, "Windows 11 Enterprise"},
		{"server 2021", false, "Windows Server 2022 Datacenter"},
		{"office 365", false, "Office Professional Plus 2019"},
		{"", false, ""},
		{"  --  ", false, ""},
		{"macOS", false, ""},
		{strings.Repeat("windows ", 100), false, ""},
		{"00000000-0000-0000-0000-000000000000", false, ""},
	} {
		_, err := ProductByName(tt.typed)
		var unknown *UnknownProductError
		if !errors.As(err, &unknown) {
			t.Errorf("%.20q: error %v", tt.typed, err)
			continue
		}
		if unknown.Ambiguous != tt.ambiguous || tt.suggests == "" != (len(unknown.Suggestions) == 0) ||
			tt.suggests != "" && !slices.Contains(unknown.Suggestions, tt.suggests) {
			t.Errorf("%.20q: %v", tt.typed, err)
		}
		if len(err.Error()) > 1000 {
			t.Errorf("%.20q: an error of %d bytes", tt.typed, len(err.Error()))
		}
	}
}

// Every name the package prints is understood when typed back.
func TestNamesComeBack(t *testing.T) {
	for _, p := range Products() {
		for _, id := range p.Releases {
			r, _ := ReleaseByID(id)
			name := Choice{Product: p, Release: r}.Name()
			c, err := ProductByName(name)
			if err != nil || c.Product.ActivationID != p.ActivationID || c.Guessed {
				t.Errorf("%s: gives %s, %v", name, c.Name(), err)
			}
		}
	}
	for _, r := range Releases() {
		if c, err := ProductByName(r.ID); err != nil || c.Release.ID != r.ID {
			t.Errorf("%s: gives %s, %v", r.ID, c.Name(), err)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b        string
		limit, want int
	}{
		{"server", "server", 1, 0},
		{"sever", "server", 1, 1},
		{"serevr", "server", 1, 1},
		{"entreprise", "enterprise", 2, 1},
		{"abc", "xyz", 2, 3},
		{"", "ab", 2, 2},
		{"a", "abcdef", 2, 3},
		{"größe", "grösse", 2, 2},
	} {
		if got := distance(tt.a, tt.b, tt.limit); got != tt.want {
			t.Errorf("distance(%q, %q, %d) = %d, want %d", tt.a, tt.b, tt.limit, got, tt.want)
		}
	}
}

func FuzzProductByName(f *testing.F) {
	for _, s := range []string{"win11", "server 2012r2 std", "w2k8 r2", "office.2021..", "58e2134f-8e11-4d17-9cb2-91069c151148", "{", "8.1.", "\xff\xfe", "ÄÖ 22h2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		c, err := ProductByName(name)
		var unknown *UnknownProductError
		if err != nil {
			if !errors.As(err, &unknown) || len(unknown.Suggestions) > 5 || unknown.Ambiguous && len(unknown.Suggestions) < 2 {
				t.Fatalf("%q: %v", name, err)
			}
			for _, s := range unknown.Suggestions {
				if _, err := ProductByName(s); err != nil {
					t.Errorf("%q: suggestion %q is not understood: %v", name, s, err)
				}
			}
			return
		}
		again, err := ProductByName(c.Name())
		if err != nil || again.Product.ActivationID != c.Product.ActivationID {
			t.Errorf("%q gives %s, which gives %s, %v", name, c.Name(), again.Name(), err)
		}
	})
}
