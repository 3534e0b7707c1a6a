package catalog

import (
	"slices"
	"strings"
	"testing"
)

// licenseSystem is what Windows calls itself in the licences of a key's product.
func licenseSystem(g GVLK) string {
	switch {
	case strings.HasPrefix(g.Product, "Windows Server 2008"):
		return "Windows Server(R)"
	case g.Product == "Windows 7":
		return "Windows(R) 7"
	case g.Product == "Windows Vista":
		return "Windows(TM) Vista"
	}
	return "Windows(R)"
}

// Without a build, the name of a licence and the end of its key are enough to call the key right, on every row.
func TestEveryKeyFitsTheLicenseOfItsEdition(t *testing.T) {
	for _, g := range GVLKs() {
		if g.Class == Office {
			continue
		}
		id := g.editionID()
		if id == "" {
			t.Errorf("%s: no edition id", g.Name())
		}
		e, ok := EditionOfLicense(licenseSystem(g), id, 0, g.Partial())
		f := JudgeKey(Installed{Partial: g.Partial(), Channel: "GVLK", Edition: e})
		if !ok || !e.Taken || f.Verdict != KeyFits || len(e.Keys) != 1 || e.Keys[0] != g {
			t.Errorf("%s as %s: %s, %+v", g.Name(), id, f.Verdict, e)
		}
	}
}

// No key fits the licence of an edition that it is not made for.
func TestNoKeyFitsTheLicenseOfAnotherEdition(t *testing.T) {
	for _, g := range GVLKs() {
		for _, other := range GVLKs() {
			same := other.editionID() == g.editionID() && licenseSystem(other) == licenseSystem(g)
			if g.Class == Office || other.Class == Office || same {
				continue
			}
			e, ok := EditionOfLicense(licenseSystem(g), g.editionID(), 0, other.Partial())
			f := JudgeKey(Installed{Partial: other.Partial(), Channel: "GVLK", Edition: e})
			if !ok || f.Verdict != KeyOtherEdition || !f.Fault {
				t.Errorf("%s on %s %s: %s, %+v", other.Name(), licenseSystem(g), g.editionID(), f.Verdict, e)
			}
		}
	}
}

func TestEditionOfLicense(t *testing.T) {
	for _, tt := range []struct {
		system, id string
		build      int
		partial    string
		name, keys string // last five characters
	}{
		{"Windows(R)", "ServerStandard", 0, "J464C", "Windows Server 2019 Standard", "J464C"},
		{"Windows(R)", "ServerStandard", 0, "BFGM2", "Windows Server Standard", "MY832 VMK7H J464C KHKQY 724CC 9W4KR GF6G4 MDVJX 92BT4"},
		{"Windows(R)", "ServerStandard", 0, "", "Windows Server Standard", "MY832 VMK7H J464C KHKQY 724CC 9W4KR GF6G4 MDVJX 92BT4"},
		{"Windows(R)", "ServerStandardEval", 0, "", "Windows Server Standard", "MY832 VMK7H J464C KHKQY 724CC 9W4KR GF6G4 MDVJX 92BT4"},
		{"Windows Server(R)", "ServerEnterprise", 0, "PYWKV", "Windows Server Enterprise", "CPX3Y X4Q6V"},
		{"Windows(R)", "ServerTurbine", 26100, "8MCRC", "Windows Server 2025 Datacenter Azure Edition", "8MCRC"},
		{"Windows(R)", "ServerStandard", 17763, "J464C", "Windows Server 2019 Standard", "J464C"},
		{"Windows(R)", "ServerStandardACor", 17134, "", "Windows Server 2016 Standard (Semi-Annual Channel)", "9W4KR"},
		{"Windows(R)", "EnterpriseS", 0, "2YT43", "Windows Enterprise LTSC", "J462D QJ4BJ 76DF9"},
		{"", "EnterpriseS", 0, "2YT43", "Windows Enterprise LTSC", "J462D QJ4BJ 76DF9"},
		{"Windows(R)", "EnterpriseS", 0, "QJ4BJ", "Windows 10 Enterprise 2016 LTSB", "QJ4BJ"},
		{"Windows(R) 7", "Enterprise", 0, "2YT43", "Windows 7 Enterprise", "HVTHH"},
		{"Windows(R) 7", "Professional", 0, "GPDD4", "Windows 7 Professional", "GPDD4"},
		{"Windows(R)", "Professional", 0, "9D6T9", "Windows 8.1 Professional", "9D6T9"},
		{"Windows(TM) Server 2003 KMS", "KmsW2k3Prs", 0, "", "", ""},
		{"Windows(R)", "", 0, "J464C", "", ""},
	} {
		e, ok := EditionOfLicense(tt.system, tt.id, tt.build, tt.partial)
		var keys []string
		for _, g := range e.Keys {
			keys = append(keys, g.Partial())
		}
		if got := strings.Join(keys, " "); e.Name != tt.name || got != tt.keys || ok != (tt.name != "") || ok && !e.Taken || e.Evaluation != strings.HasSuffix(tt.id, "Eval") {
			t.Errorf("%s, %s, %d, %s: %q %s, want %q %s", tt.system, tt.id, tt.build, tt.partial, e.Name, got, tt.name, tt.keys)
		}
	}
}

// Of a machine whose release is not known no key is picked to be installed.
func TestNoKeyIsPickedForAnUnknownRelease(t *testing.T) {
	e, _ := EditionOfLicense("Windows(R)", "ServerStandard", 0, "YTMG3")
	for _, channel := range []string{"GVLK", "MAK", "RETAIL", "CSVLK", "EVAL", ""} {
		f := JudgeKey(Installed{Partial: "YTMG3", Channel: channel, Edition: e, EditionBasis: "line 1", ChannelBasis: "line 2"})
		said := slices.ContainsFunc(f.Statements, func(s Statement) bool { return strings.HasSuffix(s.Text, "of which release is not shown") })
		if f.Install.Key != "" || !said {
			t.Errorf("%s: install %s, %q", channel, f.Install.Key, f.Statements)
		}
	}
}
