package report

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/kmsdiag/kmsdiag/diagnose"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/evidence"
)

const page = `A paragraph that is long enough to be wrapped at the width of the screen, with ` + "`code`" + ` and
**emphasis** in it.

## What separates the causes

Look at these:
- The first item goes on
  in a second line and is long enough to be wrapped once more at this width.
- The second.

2. Numbered.

` + "```powershell\nGet-WinEvent -FilterHashtable @{LogName='Application';ProviderName='Microsoft-Windows-Security-SPP';Id=12288} | Format-List *\n```" + `
After the commands.
`

func TestExplanationText(t *testing.T) {
	origin := evidence.Origin{Paste: "standard input", Line: 3, Text: "Error: 0xC004F074"}
	cause := silentCause()
	cause.Because = []diagnose.Finding{{Text: "the code 0xC004F074", Origin: origin}}
	code := CodePage{
		Code: "0xC004F074", Signed: -1073418124, Listed: true, Symbol: "SL_E_SAMPLE", Title: "No host answered", Meaning: "A sentence",
		Form: "licensing platform, error", Sections: []PageSection{{"What it means", page}}, See: []string{"0xC004F06C", "0x8007232B"},
	}
	pages := map[string]*Explanation{}
	bare := NewExplanation()
	bare.Codes, bare.Causes = []CodePage{code}, []diagnose.Cause{cause, {ID: "second-cause", Title: "Another one"}}
	pages["bare code"] = bare
	paste := NewExplanation()
	paste.Codes, paste.Causes = []CodePage{code}, []diagnose.Cause{cause}
	paste.Facts, paste.Unread = []evidence.Fact{{Text: "0xC004F074: No host answered", Origin: origin}}, []string{"hello"}
	pages["paste"] = paste
	alone := NewExplanation()
	cause.Explain, cause.Inner = "What is known.\n\nA second paragraph.", 0x8007232B
	alone.Causes, alone.Confusable = []diagnose.Cause{cause}, []string{"second-cause", "third-cause"}
	pages["cause"] = alone
	for name, x := range pages {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := x.Text(&b, Style{Glyphs: ASCII}); err != nil {
				t.Fatal(err)
			}
			golden.RequireEqual(t, b.String())
		})
	}
}

func TestExplanationIsRedacted(t *testing.T) {
	x := NewExplanation()
	x.Facts = []evidence.Fact{{Text: "asked kms01.corp.example at 10.0.0.5", Origin: evidence.Origin{Paste: "p", Text: "kms01.corp.example"}}}
	cause := silentCause()
	x.Causes = []diagnose.Cause{cause}
	var b strings.Builder
	if err := Redacted(x, evidence.Set{Dials: []evidence.Dial{{Host: "kms01.corp.example"}}}).JSON(&b); err != nil {
		t.Fatal(err)
	}
	for _, private := range []string{"10.0.0.5", "kms01", "corp.example"} {
		if strings.Contains(b.String(), private) {
			t.Errorf("%s is still there:\n%s", private, b.String())
		}
	}
	if x.Facts[0].Text != "asked kms01.corp.example at 10.0.0.5" {
		t.Error("the original was changed")
	}
}

// Every page of the catalogue can be shown: no line but a command or a long
// word is wider than the screen.
func TestEveryCodeHasAPage(t *testing.T) {
	for _, e := range kmserr.All() {
		p := PageOf(e.Code)
		if !p.Listed || p.Title == "" || len(p.Sections) == 0 || p.Causes == nil || p.See == nil {
			t.Errorf("%s: %+v", e.Code, p)
		}
		x := NewExplanation()
		x.Codes = append(x.Codes, p)
		var b strings.Builder
		if err := x.Text(&b, Style{}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			line = strings.TrimRight(line, "\n")
			if cells(line) > 80 && !strings.HasPrefix(line, "      ") {
				t.Errorf("%s: %d cells: %s", e.Code, cells(line), line)
			}
		}
	}
	if p := PageOf(0xDEADBEEF); p.Listed || p.Form == "" {
		t.Errorf("%+v", p)
	}
}

func TestListing(t *testing.T) {
	l := NewListing("clock", Item{"code", "0xC004F06C", "The clock differs", "kms-host"}, Item{"cause", "client-clock-skew", "The client's clock is off by more than the four hours that a host allows", "time"})
	var b strings.Builder
	if err := l.Text(&b, Style{}); err != nil {
		t.Fatal(err)
	}
	golden.RequireEqual(t, b.String())
}

func TestVersionText(t *testing.T) {
	v := NewVersion("v1.2.3", "go1.26.8", "linux/amd64")
	v.Commit, v.Date, v.Modified = "abcdef", "2026-11-23T12:00:00Z", true
	var b strings.Builder
	if err := v.Text(&b); err != nil {
		t.Fatal(err)
	}
	if want := "kmsdiag v1.2.3, commit abcdef with changes, 2026-11-23T12:00:00Z, go1.26.8, linux/amd64\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
