package catalog

import (
	"slices"
	"strings"
	"testing"
)

func edition(t *testing.T, name string) Edition {
	t.Helper()
	if name == "" {
		return Edition{}
	}
	e, ok := EditionByName(name)
	if !ok {
		t.Fatalf("no edition %q", name)
	}
	return e
}

func TestJudgeKey(t *testing.T) {
	for _, tt := range []struct {
		partial, channel, edition string
		licensed                  bool
		want                      KeyVerdict
		fault                     bool
		install                   string // last five characters
		says                      string // part of a statement
	}{
		{"T83GX", "GVLK", "Windows 11 Pro", false, KeyFits, false, "", "T83GX ends the GVLK of Windows 11 / Windows 10 Pro"},
		{"t83gx", "", "Windows 10 Pro", false, KeyFits, false, "", "fits the edition"},
		{"2YT43", "GVLK", "Windows 11 Pro", false, KeyOtherEdition, true, "T83GX", "without a new installation or a restart"},
		{"VCFB2", "GVLK", "Windows 11 Enterprise", false, KeyOtherEdition, true, "2YT43", "a restart follows"},
		{"T83GX", "GVLK", "Windows 11 Enterprise", false, KeyOtherEdition, true, "2YT43", "is a downgrade"},
		{"GCQG9", "GVLK", "Windows 11 Enterprise", false, KeyOtherEdition, true, "2YT43", "not among those that Microsoft lists"},
		{"YTMG3", "EVAL", "Windows 11 Enterprise Evaluation", true, KeyEvaluation, true, "2YT43", "installed anew"},
		{"VMK7H", "GVLK", "Windows Server 2019 Standard", false, KeyOtherEdition, true, "J464C", "takes an in-place upgrade"},
		{"J464C", "GVLK", "Windows Server 2019 Datacenter", false, KeyOtherEdition, true, "63DFG", "takes a new installation"},
		{"63DFG", "GVLK", "Windows Server 2019 Standard", false, KeyOtherEdition, true, "J464C", "/set-edition:ServerDatacenter"},
		{"J464C", "GVLK", "Windows 10 Pro", false, KeyOtherEdition, true, "T83GX", "No key makes Windows Server 2019 Standard of Windows 10 Pro"},
		{"YTMG3", "GVLK", "Windows 11 Pro", false, KeyNotGeneric, true, "T83GX", "YTMG3 does not end the GVLK of Windows 11 Pro"},
		{"YTMG3", "GVLK", "Windows 11 Pro", true, KeyUndecided, false, "", "published after the lists"},
		{"YTMG3", "", "Windows 11 Pro", false, KeyNotGeneric, true, "T83GX", "the channel would tell"},
		{"YTMG3", "MAK", "Windows 11 Pro", false, KeyMAK, true, "T83GX", "never asks a KMS host"},
		{"YTMG3", "MAK", "Windows 11 Pro", true, KeyMAK, false, "T83GX", "nothing is wrong unless KMS was meant"},
		{"YTMG3", "RETAIL", "Windows 11 Pro", false, KeyRetail, true, "T83GX", "whatever network and DNS look like"},
		{"YTMG3", "OEM", "", false, KeyRetail, true, "", "YTMG3 ends no GVLK"},
		{"YTMG3", "OEM", "Windows 11 Home", false, KeyNoVolume, true, "", "has to become Pro first"},
		{"YTMG3", "CSVLK", "Windows 10 Enterprise", true, KeyHost, true, "2YT43", "makes the machine a KMS host"},
		{"YTMG3", "CSVLK", "Windows Server 2022 Standard", true, KeyHost, false, "VMK7H", "right on a planned KMS host"},
		{"YTMG3", "AVMA", "Windows Server 2022 Standard", false, KeyAVMA, true, "VMK7H", "asks the Hyper-V host"},
		{"78VHK", "", "Windows Server 2022 Standard", false, KeyAVMA, true, "VMK7H", "AVMA key of Windows Server 2022 Standard"},
		{"YTMG3", "EVAL", "Windows Server 2022 Standard Evaluation", true, KeyEvaluation, true, "VMK7H", "DISM converts it"},
		{"YTMG3", "SUBSCRIPTION", "Windows 11 Enterprise", true, KeySubscription, false, "2YT43", "subscription activates"},
		{"2YT43", "GVLK", "", false, KeyGeneric, false, "", "depends on the edition"},
		{"2YT43", "MAK", "Windows 11 Enterprise", false, KeyMAK, true, "2YT43", "do not go together"},
		{"", "MAK", "", false, KeyMAK, true, "", "of channel MAK"},
		{"", "", "Windows 11 Pro", false, KeyUndecided, false, "", "Nothing can be said"},
		{"6F7TH", "GVLK", "Office LTSC Professional Plus 2021", true, KeyFits, false, "", "The licence is of Office LTSC"},
		{"6MWKP", "GVLK", "Office LTSC Professional Plus 2021", false, KeyOtherEdition, true, "6F7TH", "is not known here"},
		{"YTMG3", "", "Windows Server 2022 Azure Core", false, KeyNotGeneric, true, "", "ends no GVLK"},
		{"8MCRC", "GVLK", "Windows Server 2025 Datacenter: Azure Edition", false, KeyFits, false, "", "fits the edition"},
		{"YTMG3", "GVLK", "Windows 7 Enterprise", true, KeyUndecided, false, "", "the lists have every GVLK"},
		{"YTMG3", "GVLK", "Windows 7 Enterprise", false, KeyNotGeneric, true, "HVTHH", "masked or misread"},
		{"Y1MA3", "GVLK", "Office Professional Plus 2010", true, KeyUndecided, false, "", "Y1MA3 holds 1 and A, which no key has"},
		{"YTMG3", "EVAL", "Windows 7 Enterprise", false, KeyEvaluation, true, "HVTHH", "installed anew"},
		{"YTMG3", "EVAL", "", false, KeyEvaluation, true, "", "one of a server converted by DISM"},
		{"YTMG3", "GRACE", "", false, KeyRetail, true, "", "in its grace period"},
		{"XXXXX", "GRACE", "", false, KeyRetail, true, "", "in its grace period"},
		{"", "GVLK", "Office Professional Plus 2019", true, KeyUndecided, false, "", "activated as a KMS client"},
		{"", "GVLK", "", false, KeyUndecided, false, "", "the one for the edition is open"},
	} {
		in := Installed{
			Partial: tt.partial, Channel: tt.channel, Edition: edition(t, tt.edition), Licensed: tt.licensed,
			EditionBasis: "line 1", ChannelBasis: "line 2",
		}
		f := JudgeKey(in)
		install := ""
		if f.Install.Key != "" {
			install = f.Install.Partial()
		}
		says := func(s Statement) bool { return strings.Contains(s.Text, tt.says) }
		if f.Verdict != tt.want || f.Fault != tt.fault || install != tt.install || !slices.ContainsFunc(f.Statements, says) {
			t.Errorf("%s %s on %q: %s fault %t install %s\n%q\nwant %s %t %s %q", tt.partial, tt.channel, tt.edition, f.Verdict, f.Fault, install, f.Statements,
				tt.want, tt.fault, tt.install, tt.says)
		}
		for _, s := range f.Statements {
			if s.Basis == "" || s.Sure != Certain && s.Sure != Likely && s.Sure != Open || strings.HasSuffix(s.Text, ".") {
				t.Errorf("%s on %q: %+v", tt.partial, tt.edition, s)
			}
		}
	}
}

// A machine that serves as a KMS host has the right key, and is not told to install another.
func TestJudgeKeyOfAHost(t *testing.T) {
	for _, tt := range []struct {
		edition         string
		count, requests int64
		want            KeyVerdict
		says            string
	}{
		{"Windows Server 2022 Standard", 12, 340, KeyServes, "count 12, 340 requests"},
		{"Windows Server 2022 Standard", 12, -1, KeyServes, "count 12"},
		{"Windows Server 2022 Standard", -1, 0, KeyServes, "no client has been counted so far"},
		{"", 0, 0, KeyServes, "no client has been counted so far"},
		{"Windows 10 Enterprise", 30, 900, KeyServes, "count 30, 900 requests"},
		{"Windows 10 Enterprise", 0, 0, KeyHost, "makes the machine a KMS host"},
	} {
		f := JudgeKey(Installed{
			Partial: "YTMG3", Channel: "CSVLK", Edition: edition(t, tt.edition), ChannelBasis: "line 2",
			Host: &Serving{Count: tt.count, Requests: tt.requests, Basis: "line 9"},
		})
		says := func(s Statement) bool { return strings.Contains(s.Text, tt.says) && s.Basis != "" }
		serves := f.Verdict == KeyServes
		if f.Verdict != tt.want || serves == f.Fault || serves && f.Install.Key != "" || !slices.ContainsFunc(f.Statements, says) {
			t.Errorf("%q, %d of %d: %s fault %t install %q, %q", tt.edition, tt.count, tt.requests, f.Verdict, f.Fault, f.Install.Key, f.Statements)
		}
	}
}

// On its own edition every key fits, and on any other none does.
func TestKeysFitTheirEditionAlone(t *testing.T) {
	var editions []Edition
	for _, g := range GVLKs() {
		editions = append(editions, editionOf(g))
	}
	for i, g := range GVLKs() {
		for j, e := range editions {
			want := KeyOtherEdition
			if i == j {
				want = KeyFits
			}
			if f := JudgeKey(Installed{Partial: g.Partial(), Channel: "GVLK", Edition: e}); f.Verdict != want {
				t.Errorf("%s on %s: %s", g.Name(), e.Name, f.Verdict)
			}
		}
	}
}

func TestEditionByName(t *testing.T) {
	for typed, want := range map[string]string{ // name and last five characters of the key
		"Microsoft Windows 11 Pro":                      "Windows 11 Pro T83GX",
		"Windows(R) 10 Enterprise":                      "Windows 10 Enterprise 2YT43",
		"Microsoft Windows 10 Enterprise LTSC":          "Windows 10 Enterprise LTSC 2019/2021 J462D taken",
		"Microsoft Windows Server 2019 Standard":        "Windows Server 2019 Standard J464C",
		"Windows Server 2022 Datacenter Azure Edition":  "Windows Server 2022 Datacenter Azure Edition KHMXV azure",
		"Windows Server 2025 Datacenter: Azure Edition": "Windows Server 2025 Datacenter Azure Edition 8MCRC azure",
		"Windows Server 2019 Standard Evaluation":       "Windows Server 2019 Standard J464C eval",
		"Windows 11 Home":                               "Windows 11 Home  retail",
		"Office LTSC Standard 2024":                     "Office LTSC Standard 2024 H6HGR",
		"Windows 11":                                    "",
		"Windows Server 2022":                           "",
		"office 2021":                                   "",
		"windws 11 pro":                                 "",
		"":                                              "",
		"macOS":                                         "",
	} {
		e, ok := EditionByName(typed)
		got := ""
		if ok {
			got = e.Name + " "
			if len(e.Keys) > 0 {
				got += e.Keys[0].Partial()
			}
			for _, mark := range []struct {
				is   bool
				name string
			}{{e.Azure, " azure"}, {e.Evaluation, " eval"}, {e.Retail, " retail"}, {e.Taken, " taken"}} {
				if mark.is {
					got += mark.name
				}
			}
		}
		if got != want {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
}

func TestEditionByID(t *testing.T) {
	for _, tt := range []struct {
		id    string
		build int
		want  string
	}{
		{"Professional", 22631, "Windows 11 Pro"},
		{"Professional", 19045, "Windows 10 Pro"},
		{"Professional", 9600, "Windows 8.1 Professional"},
		{"ProfessionalWorkstationN", 22631, "Windows 11 Pro for Workstations N"},
		{"Enterprise", 7601, "Windows 7 Enterprise"},
		{"EnterpriseS", 17763, "Windows 10 Enterprise LTSC 2019"},
		{"EnterpriseSN", 14393, "Windows 10 Enterprise 2016 LTSB N"},
		{"IoTEnterpriseS", 26100, "Windows 11 IoT Enterprise LTSC 2024"},
		{"EnterpriseG", 19045, "Windows 10/11 Enterprise G"},
		{"Core", 22631, "Windows 11 Home"},
		{"ServerRdsh", 22631, "Windows 10/11 Enterprise multi-session"},
		{"ServerStandard", 20348, "Windows Server 2022 Standard"},
		{"ServerDatacenterCor", 17763, "Windows Server 2019 Datacenter"},
		{"ServerSolution", 14393, "Windows Server 2016 Essentials"},
		{"ServerTurbine", 20348, "Windows Server 2022 Datacenter Azure Edition"},
		{"ServerStandardEval", 26100, "Windows Server 2025 Standard"},
		{"ServerEnterprise", 7601, "Windows Server 2008 R2 Enterprise"},
		{"ServerStandard", 6002, "Windows Server 2008 Standard"},
		{"Professional", 0, ""},
		{"ServerStandard", 22631, ""},
		{"EnterpriseS", 22631, ""},
		{"Starter", 7601, ""},
	} {
		e, ok := EditionByID(tt.id, tt.build)
		if e.Name != tt.want || ok != (tt.want != "") || e.Evaluation != strings.HasSuffix(tt.id, "Eval") {
			t.Errorf("%s on %d: %+v, want %q", tt.id, tt.build, e, tt.want)
		}
	}
}

func TestEditionByActivationID(t *testing.T) {
	e, ok := EditionByActivationID("2DE67392-B7A7-462A-B1CA-108DD189F588")
	if !ok || e.Name != "Windows 10/11 Pro" || len(e.Keys) != 1 {
		t.Errorf("%+v", e)
	}
	if e, ok := EditionByActivationID("00000000-0000-0000-0000-000000000000"); ok {
		t.Errorf("%+v", e)
	}
}

func TestAVMAKeysAreNoGVLKs(t *testing.T) {
	for partial, product := range avmaTable() {
		if _, ok := GVLKByPartial(partial); ok || len(partial) != 5 {
			t.Errorf("%s is a GVLK's end, or no end", partial)
		}
		if e, ok := EditionByName(product); !ok || e.Class != Server {
			t.Errorf("%s: no server %q", partial, product)
		}
	}
	if _, ok := AVMAProduct("dv9bg"); !ok {
		t.Error("lower case is not read")
	}
}

func FuzzEditionByName(f *testing.F) {
	for _, s := range []string{"Microsoft Windows 11 Pro", "Windows Server 2019 Standard Evaluation", "eval eval", "(R)", "\xff", "10/11 Enterprise G"} {
		f.Add(s, 19045)
	}
	f.Fuzz(func(t *testing.T, name string, build int) {
		if e, ok := EditionByName(name); ok != (e.Name != "") {
			t.Errorf("%q: %+v %t", name, e, ok)
		}
		EditionByID(name, build)
		JudgeKey(Installed{Partial: name, Channel: name, RawChannel: name})
	})
}
