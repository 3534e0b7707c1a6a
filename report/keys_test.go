package report

import (
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/diagnose"
)

// keyEdition is an edition by its name.
func keyEdition(t *testing.T, name string) catalog.Edition {
	t.Helper()
	e, ok := catalog.EditionByName(name)
	if !ok {
		t.Fatalf("no edition %q", name)
	}
	return e
}

// sampleKeys are answers of every kind.
func sampleKeys(t *testing.T) map[string]*Keys {
	t.Helper()
	find := func(query string) *Keys { return NewKeys(query, catalog.FindKeys(query)) }
	avma := find("DV9BG")
	avma.Notes = append(avma.Notes, "DV9BG is something else")
	machine := func(partial, channel, raw, edition string) MachineKey {
		return NewMachineKey(catalog.Installed{
			Partial: partial, Channel: channel, RawChannel: raw, Edition: keyEdition(t, edition),
			EditionBasis: "standard input line 1", ChannelBasis: "standard input line 4",
		})
	}
	hostile := machine("YTMG3", "MAK", "=1+1\x1b]0;x\a", "Windows 11 Pro")
	return map[string]*Keys{
		"all":      NewKeys("", catalog.KeyAnswer{}),
		"name":     find("windows 11 pro"),
		"words":    find("windows 10"),
		"office":   find("office 2021 proplus"),
		"fragment": find("W269N"),
		"azure":    find("Windows Server 2025 Datacenter: Azure Edition"),
		"typo":     find("Windows 10 Enterprise gG"),
		"note":     avma,
		"machines": NewMachines(machine("YTMG3", "GVLK", "VOLUME_KMSCLIENT", "Windows 11 Pro"), machine("T83GX", "GVLK", "Volume:GVLK", "Windows 11 Pro"), hostile),
		"evaluation": NewMachines(
			machine("YTMG3", "EVAL", "TIMEBASED_EVAL", "Windows Server 2019 Standard Evaluation"),
			machine("YTMG3", "EVAL", "TIMEBASED_EVAL", "Windows 11 Enterprise Evaluation"),
			machine("YTMG3", "RETAIL", "RETAIL", "Office LTSC Professional Plus 2021"),
			machine("YTMG3", "CSVLK", "VOLUME_KMS", "Windows Server 2022 Standard"),
		),
		"unsure": NewMachines(
			licensed("YTMG3", "MAK", "Windows(R)", "ServerStandard", nil),
			licensed("2YT43", "GVLK", "Windows(R)", "EnterpriseS", nil),
			licensed("YTMG3", "EVAL", "Windows(R)", "ServerStandardEval", nil),
			licensed("YTMG3", "CSVLK", "Windows(R)", "ServerStandard", &catalog.Serving{Count: 12, Requests: 340, Basis: "standard input line 9"}),
			licensed("YTMG3", "", "Windows(R) 7", "Professional", nil),
		),
	}
}

// licensed is a machine of which a licence alone is known.
func licensed(partial, channel, system, id string, host *catalog.Serving) MachineKey {
	e, _ := catalog.EditionOfLicense(system, id, 0, partial)
	return NewMachineKey(catalog.Installed{
		Partial: partial, Channel: channel, Edition: e, EditionBasis: "standard input line 1", ChannelBasis: "standard input line 4", Host: host,
	})
}

func sampleHostKeys() map[string]*HostKeys {
	find := func(query string) *HostKeys { return NewHostKeys(query, catalog.FindHostKeys(query)) }
	return map[string]*HostKeys{
		"all":        NewHostKeys("", catalog.HostKeyAnswer{}),
		"generation": find("server 2019"),
		"product":    find("windows 11 ltsc 2024"),
		"revision":   find("17763.1999"),
		"other":      find("20349.1"),
		"group":      find("server-2008-r2-b"),
	}
}

// keyForms are the renderers of an answer.
func keyForms(k interface {
	Text(io.Writer, Style) error
	JSON(io.Writer) error
	CSV(io.Writer) error
},
) map[string]func(io.Writer) error {
	return map[string]func(io.Writer) error{
		"text": func(w io.Writer) error { return k.Text(w, Style{Glyphs: ASCII}) },
		"json": k.JSON,
		"csv":  k.CSV,
	}
}

// goldenKeys are the answers whose other formats are kept as goldens; text is
// kept of all.
var goldenKeys = map[string][]string{
	"json": {"typo", "machines", "host revision"},
	"csv":  {"office", "machines", "host generation"},
}

func TestKeys(t *testing.T) {
	schema := loadSchema(t)
	check := func(t *testing.T, name, form string, show func(io.Writer) error) {
		t.Run(name+" "+form, func(t *testing.T) {
			var b strings.Builder
			if err := show(&b); err != nil {
				t.Fatal(err)
			}
			switch form {
			case "json":
				validate(t, schema, b.String())
			case "text":
				fitsScreen(t, b.String(), 80)
			case "csv":
				harmlessCells(t, b.String())
			}
			if form == "text" || slices.Contains(goldenKeys[form], name) {
				golden.RequireEqual(t, b.String())
			}
		})
	}
	for name, k := range sampleKeys(t) {
		for form, show := range keyForms(k) {
			check(t, name, form, show)
		}
	}
	for name, k := range sampleHostKeys() {
		for form, show := range keyForms(k) {
			check(t, "host "+name, form, show)
		}
	}
}

// fitsScreen wants lines of at most so many cells, but for commands, which are
// never broken, and the sentences beside them.
func fitsScreen(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		command := strings.HasPrefix(line, "    ") && (strings.Contains(line, "cscript") || strings.Contains(line, "dism") || strings.Contains(line, "cd /d") ||
			strings.Contains(line, "then: ") || strings.Contains(line, "undo: "))
		if cells(line) > width && !command {
			t.Errorf("%d cells: %s", cells(line), line)
		}
		if strings.ContainsAny(line, "\x1b\a") {
			t.Errorf("a terminal would act on %q", line)
		}
	}
}

// harmlessCells wants no cell that a spreadsheet takes for a formula.
func harmlessCells(t *testing.T, text string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("cell %q", cell)
			}
		}
	}
}

// At every width nothing is lost and little is wider than the screen.
func TestKeysAtOtherWidths(t *testing.T) {
	for _, width := range []int{40, 60, 110} {
		for name, k := range sampleKeys(t) {
			var b strings.Builder
			if err := k.Text(&b, Style{Width: width}); err != nil {
				t.Fatal(err)
			}
			fitsScreen(t, b.String(), width)
			shown := k.Keys
			if k.Query != "" {
				shown = k.Keys[:k.First]
			}
			for _, g := range shown {
				if !strings.Contains(b.String(), g.Key) {
					t.Errorf("%s at %d: %s is not shown", name, width, g.Key)
				}
			}
		}
		for name, k := range sampleHostKeys() {
			var b strings.Builder
			if err := k.Text(&b, Style{Width: width}); err != nil {
				t.Fatal(err)
			}
			if name == "revision" {
				fitsScreen(t, b.String(), width)
			}
			for _, h := range k.Keys {
				if !strings.Contains(b.String(), h.ID) {
					t.Errorf("%s at %d: %s is not shown", name, width, h.ID)
				}
			}
		}
	}
}

// Every verdict that is not "fits" leads to a page that exists.
func TestVerdictsLeadToPages(t *testing.T) {
	for verdict, text := range verdictTexts {
		for _, name := range []string{"Windows 11 Pro", "Windows 11 Home", "Windows Server 2022 Azure Core", "Office LTSC Standard 2024"} {
			id := causeOfKey(verdict, catalog.Installed{Edition: keyEdition(t, name)})
			quiet := verdict == catalog.KeyFits || verdict == catalog.KeyServes || verdict == catalog.KeyGeneric || verdict == catalog.KeyUndecided
			if _, ok := diagnose.Lookup(id); ok == quiet || text == "" {
				t.Errorf("%s on %s: cause %q", verdict, name, id)
			}
		}
	}
}

// Every generic key is shown with commands that install it and nothing else.
func TestEveryKeyHasItsCommands(t *testing.T) {
	for _, g := range NewKeys("", catalog.KeyAnswer{}).Keys {
		office := slices.ContainsFunc(g.Install, func(c string) bool { return strings.HasSuffix(c, "ospp.vbs /inpkey:"+g.Key) })
		windows := slices.ContainsFunc(g.Install, func(c string) bool { return strings.HasSuffix(c, `\slmgr.vbs /ipk `+g.Key) })
		if office == windows || office != (g.Class == "office") {
			t.Errorf("%s: %q", g.Name, g.Install)
		}
	}
}
