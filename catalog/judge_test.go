package catalog

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
)

var today = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

func remarkIDs(remarks []Remark) string {
	var ids []string
	for _, r := range remarks {
		ids = append(ids, r.ID)
	}
	return strings.Join(ids, " ")
}

// ePIDs printed in documentation, captures and public tables.
func TestJudgeKnownEPIDs(t *testing.T) {
	for _, tt := range []struct {
		epid, build, key, language, activated string
		contradictions, notes                 string
	}{
		{"03612-00206-557-318840-03-1033-17763.0000-0842021", "Windows 10 1809 / Server 2019", "Windows Server 2019", "en-US", "2021-03-25", "", ""},
		{"03612-04573-004-771236-03-1031-20348.0000-2972022", "Windows Server 2022 (21H2)", "Windows Server 2022", "de-DE", "2022-10-24", "", ""},
		{"06401-00206-491-411285-03-1031-9600.0000-0802017", "Windows 8.1 / Server 2012 R2", "Windows Server 2016", "de-DE", "2017-03-21", "", ""},
		{"05426-00206-234-001162-03-1033-9200.0000-0992013", "Windows 8 / Server 2012", "Office 2013 VL", "en-US", "2013-04-09", "", ""},
		{"06401-00206-566-174993-03-1033-9600.0000-2802018", "Windows 8.1 / Server 2012 R2", "Windows Server 2019", "en-US", "2018-10-07", "", ""},
		{"06401-00206-283-660021-03-1036-9600.0000-0332015", "Windows 8.1 / Server 2012 R2", "Windows Server 2012 R2", "fr-FR", "2015-02-02", "", ""},
		{"06401-00206-678-008369-03-1033-9600.0000-2802018", "Windows 8.1 / Server 2012 R2", "Office LTSC 2024 or Office 2019 VL", "en-US", "2018-10-07", "", EpidAmbiguousKey},
		{"06401-00206-456-865118-03-1033-9600.0000-2802018", "Windows 8.1 / Server 2012 R2", "Office 2016 VL", "en-US", "2018-10-07", "", ""},
		{"06401-00096-208-497764-03-1033-9600.0000-2802018", "Windows 8.1 / Server 2012 R2", "Office 2010 VL", "en-US", "2018-10-07", "", ""},
		{"06401-03858-320-801028-03-1033-9600.0000-2802018", "Windows 8.1 / Server 2012 R2", "Windows 10 China Government", "en-US", "2018-10-07", "", EpidUnlistedKey},
		{"05426-00206-586-025264-03-1033-9200.0000-2602021", "Windows 8 / Server 2012", "Office LTSC 2021", "en-US", "2021-09-17", EpidKeyNewer, ""},
		{"03612-00206-237-400342-03-1093-17763.0000-0482021", "Windows 10 1809 / Server 2019", "Office 2013 VL", "bn-IN", "2021-02-17", "", ""},
		{"03612-00096-199-975509-03-1069-14393.0000-0422023", "Windows 10 1607 / Server 2016", "Office 2010 VL", "eu-ES", "2023-02-11", "", ""},
		{"55041-00140-015-871562-03-1033-7078.0000-0992009", "", "", "en-US", "2009-04-09", "", EpidUnknownBuild + " " + EpidUnknownGroup},
		{"03612-03311-000-000001-03-1033-26200.0000-2232026", "Windows 11 25H2", "", "en-US", "2026-08-11", "", EpidUnknownGroup},
	} {
		e, err := kms.ParseEPID(tt.epid)
		if err != nil {
			t.Errorf("%s: %v", tt.epid, err)
			continue
		}
		if e.String() != tt.epid {
			t.Errorf("%s: written as %s", tt.epid, e)
		}
		id := JudgeEPID(e, today)
		if id.BuildName != tt.build || id.KeyName() != tt.key || id.Language.Tag != tt.language || id.Activated.Format(time.DateOnly) != tt.activated {
			t.Errorf("%s: %q, %q, %q, %v", tt.epid, id.BuildName, id.KeyName(), id.Language.Tag, id.Activated)
		}
		if c, n := remarkIDs(id.Contradictions), remarkIDs(id.Notes); c != tt.contradictions || n != tt.notes {
			t.Errorf("%s: contradictions %q, notes %q; want %q, %q", tt.epid, c, n, tt.contradictions, tt.notes)
		}
	}
}

func TestJudgeContradictions(t *testing.T) {
	for _, tt := range []struct {
		epid, contradictions, notes string
	}{
		{"05426-00206-557-318840-03-1033-17763.0000-0842021", EpidPlatformBuild, ""},
		{"06401-04573-004-771236-03-1033-9600.0000-2972022", EpidKeyNewer, ""},
		{"03612-00206-557-318840-03-1033-20348.0000-2972022", EpidKeyNotForBuild, ""},
		{"03612-00206-531-000001-03-1033-20348.0000-2972022", EpidKeyNotForBuild, ""}, // a client key on a server
		{"03612-00206-557-318840-00-1033-17763.0000-0842021", EpidChannel, ""},
		{"03612-00206-557-318840-03-1033-17763.0000-0002021", EpidDay, ""},
		{"03612-00206-557-318840-03-1033-17763.0000-3662021", EpidDay, ""}, // no leap year
		{"03612-00206-557-318840-03-1033-17763.0000-3662020", "", ""},
		{"03612-00206-557-318840-03-1033-17763.0000-0842016", EpidBeforeBuild + " " + EpidBeforeKey, ""},
		{"06401-00206-557-318840-03-1033-9600.0000-0842016", EpidBeforeKey, ""},
		{"03612-00206-557-318840-03-1033-17763.0000-3282026", "", ""}, // 24 November, tomorrow: another time zone
		{"03612-00206-557-318840-03-1033-17763.0000-3292026", EpidFuture, ""},
		{"55041-00140-015-871562-03-1033-7078.0000-0991999", EpidBeforeKey, EpidUnknownBuild + " " + EpidUnknownGroup},
		{"03612-00206-557-318840-03-65000-17763.0000-0842021", "", EpidUnknownLanguage},
		{"03612-00206-557-318840-03-1033-17763.0001-0842021", "", EpidRevision},
		{"03612-00206-999-000000-03-1033-17763.0000-0842021", "", EpidUnknownKey},
		{"03612-04574-000-000001-03-1033-20348.0000-2972022", "", EpidSpecialKey},
		{"03612-00206-002-835000-03-1033-17763.0000-0842021", "", EpidSpecialKey},
		{"03612-00206-671-553120-03-1033-17763.0000-0912010", EpidBeforeBuild + " " + EpidBeforeKey, EpidAmbiguousKey},
		{"03612-00206-671-553120-03-1033-9600.0000-0912018", EpidPlatformBuild, EpidAmbiguousKey}, // 2019 in early access, 2024 not at all
		{"05426-00206-671-553120-03-1033-7601.0000-0912025", EpidPlatformBuild + " " + EpidKeyNewer, EpidAmbiguousKey},
	} {
		e, err := kms.ParseEPID(tt.epid)
		if err != nil {
			t.Errorf("%s: %v", tt.epid, err)
			continue
		}
		id := JudgeEPID(e, today)
		if c, n := remarkIDs(id.Contradictions), remarkIDs(id.Notes); c != tt.contradictions || n != tt.notes {
			t.Errorf("%s: contradictions %q, notes %q; want %q, %q", tt.epid, c, n, tt.contradictions, tt.notes)
		}
		for _, r := range slices.Concat(id.Contradictions, id.Notes) {
			if r.Text == "" || strings.HasSuffix(r.Text, ".") || strings.Contains(r.Text, "%!") {
				t.Errorf("%s: %s: text %q", tt.epid, r.ID, r.Text)
			}
		}
	}
}

func TestAmbiguousKeyByDate(t *testing.T) {
	e, err := kms.ParseEPID("03612-00206-671-553120-03-1033-17763.0000-0912021")
	if err != nil {
		t.Fatal(err)
	}
	id := JudgeEPID(e, today)
	if len(id.Keys) != 2 || len(id.HostKeys) != 2 || !strings.Contains(id.Notes[0].Text, "no Office LTSC 2024 key yet") {
		t.Errorf("keys %v, notes %v", id.Keys, id.Notes)
	}
}

// A statement names whose it is: Microsoft's pages do not describe every generation.
func TestJudgementNamesItsSource(t *testing.T) {
	for epid, want := range map[string]string{
		"06401-04573-004-771236-03-1033-9600.0000-2972022":  "by Microsoft's list the Windows Server 2022 key",
		"03612-00172-037-000001-03-1033-17763.0000-2972022": "by Microsoft's former list",
		"03612-00206-160-000000-03-1033-17763.0000-2972022": "by public databases",
	} {
		e, err := kms.ParseEPID(epid)
		if err != nil {
			t.Fatal(err)
		}
		id := JudgeEPID(e, today)
		if len(id.Contradictions) != 1 || !strings.Contains(id.Contradictions[0].Text, want) {
			t.Errorf("%s: %v, want %q", epid, id.Contradictions, want)
		}
	}
}

func FuzzJudgeEPID(f *testing.F) {
	for _, s := range []string{"03612-00206-557-318840-03-1033-17763.0000-0842021", "55041-00140-015-871562-03-1033-7078.0000-0002009", "99999-99999-999-999999-99-99999-999999.999999-9999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, _ := kms.ParseEPID(text) // what could be read is judged as well
		id := JudgeEPID(e, today)
		if id.Activated.IsZero() == !strings.Contains(remarkIDs(id.Contradictions), EpidDay) {
			t.Errorf("%q: activated %v with %v", text, id.Activated, id.Contradictions)
		}
		for _, r := range slices.Concat(id.Contradictions, id.Notes) {
			if r.Text == "" || strings.Contains(r.Text, "%!") {
				t.Errorf("%q: %s: text %q", text, r.ID, r.Text)
			}
		}
	})
}

func TestLanguages(t *testing.T) {
	for lcid, want := range map[int]string{1033: "en-US", 1031: "de-DE", 1041: "ja-JP", 2052: "zh-CN", 8202: "es-VE"} {
		if l, ok := LanguageByLCID(lcid); !ok || l.Tag != want || l.LCID != lcid || l.Name == "" {
			t.Errorf("%d: %+v", lcid, l)
		}
	}
	if _, ok := LanguageByLCID(0); ok {
		t.Error("language 0 has a name")
	}
}
