package errors

import (
	stderrors "errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func goldenLines(t *testing.T, name string) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(b))
}

// A code once listed stays listed: the golden file grows and never shrinks.
func TestNoCodeIsEverRemoved(t *testing.T) {
	golden := goldenLines(t, "codes.golden")
	if len(golden) < 528 {
		t.Errorf("codes.golden lists %d codes; it has held 528", len(golden))
	}
	for _, s := range golden {
		c, err := pageCode(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := Lookup(c); !ok {
			t.Errorf("%s was removed from the catalogue", c)
		}
	}
	for _, e := range All() {
		if !slices.Contains(golden, e.Code.String()) {
			t.Errorf("%s is new: add it to testdata/codes.golden", e.Code)
		}
	}
}

func TestEveryEntryIsComplete(t *testing.T) {
	count := map[Relevance]int{}
	for _, e := range All() {
		count[e.Relevance]++
		if len(e.Meaning) < 10 || strings.HasSuffix(e.Meaning, ".") || strings.TrimSpace(e.Meaning) != e.Meaning {
			t.Errorf("%s: meaning %q", e.Code, e.Meaning)
		}
		if e.Symbol != NoSymbol && !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`).MatchString(e.Symbol) {
			t.Errorf("%s: symbol %q", e.Code, e.Symbol)
		}
		if _, ok := AreaByName(e.Area); !ok {
			t.Errorf("%s: no such area: %q", e.Code, e.Area)
		}
		if !slices.Contains([]Relevance{Core, Related, Other}, e.Relevance) {
			t.Errorf("%s: relevance %q", e.Code, e.Relevance)
		}
		if !slices.Contains([]Confidence{Documented, Field, Derived, NameOnly}, e.Confidence) {
			t.Errorf("%s: confidence %q", e.Code, e.Confidence)
		}
		if e.Page == nil && e.Relevance != Other {
			t.Errorf("%s is %s and has no page", e.Code, e.Relevance)
		}
		if e.Title() == "" {
			t.Errorf("%s: no title", e.Code)
		}
		if !strings.Contains(e.NextStep(), "```") {
			t.Errorf("%s: next step without a command: %q", e.Code, e.NextStep())
		}
	}
	if count[Core] != 38 || count[Related] < 105 {
		t.Errorf("core %d, related %d; want 38 and at least 105", count[Core], count[Related])
	}
}

// Windows' message frame, and five groups of five that are not all X.
var (
	windowsWording = regexp.MustCompile(`(?i)(licensing|protection) service (reported|determined)|activation server (reported|determined)|please see the application event log|contact your system administrator|to display the error text`)
	productKey     = regexp.MustCompile(`\b[0-9A-Z]{5}(-[0-9A-Z]{5}){4}\b`)
)

func TestNoWordingOfWindowsAndNoKeys(t *testing.T) {
	for _, e := range All() {
		text := e.Meaning + "\n" + e.NextStep()
		if e.Page != nil {
			text += e.Page.Title + "\n" + e.Page.Body
		}
		if m := windowsWording.FindString(text); m != "" {
			t.Errorf("%s: Windows' own words: %q", e.Code, m)
		}
		for _, k := range productKey.FindAllString(text, -1) {
			if strings.Trim(k, "X-") != "" {
				t.Errorf("%s: looks like a product key: %q", e.Code, k)
			}
		}
	}
}

func TestLookupAndGet(t *testing.T) {
	e, ok := Lookup(0xC004F074)
	if !ok || e.Symbol != "SL_E_VL_BINDING_SERVICE_UNAVAILABLE" || e.Relevance != Core || e.Page == nil {
		t.Errorf("Lookup(0xC004F074) = %+v, %v", e, ok)
	}
	if _, ok := Lookup(0xC004F0FF); ok {
		t.Error("0xC004F0FF is listed")
	}
	if _, err := Get(0x8007232B); err != nil {
		t.Error(err)
	}
	_, err := Get(0x80070643)
	var unknown *UnknownError
	if !stderrors.As(err, &unknown) || unknown.Parts.Name != "ERROR_INSTALL_FAILURE" {
		t.Errorf("Get(0x80070643): %v", err)
	}
	_, err = Get(0xC004F07F ^ 0xF00) // 0xC004FF7F: no such code, and near F07F
	if !stderrors.As(err, &unknown) || !slices.Contains(unknown.Near, 0xC004F07F) {
		t.Errorf("Get(0xC004FF7F): %v", err)
	}
	if _, err = Get(0xDEADBEEF); err == nil || !strings.Contains(err.Error(), "not built like") {
		t.Errorf("Get(0xDEADBEEF): %v", err)
	}
}

func TestAreas(t *testing.T) {
	sum := 0
	names := []string{}
	for _, a := range Areas() {
		names = append(names, a.Name)
		sum += a.Count
		if a.Count == 0 || len(List(a.Name)) != a.Count {
			t.Errorf("area %q: count %d, listed %d", a.Name, a.Count, len(List(a.Name)))
		}
		if a.Summary == "" || !strings.Contains(a.NextStep, "\n```") {
			t.Errorf("area %q: summary %q, next step %q", a.Name, a.Summary, a.NextStep)
		}
		lintCommands(t, "area "+a.Name, a.NextStep)
	}
	if !slices.IsSorted(names) {
		t.Error("areas are not in order")
	}
	if sum != len(All()) {
		t.Errorf("areas hold %d entries of %d", sum, len(All()))
	}
	if List("nonesuch") != nil {
		t.Error("List of an unknown area is not empty")
	}
}

func TestAllIsACopy(t *testing.T) {
	list := All()
	list[0].Meaning = "changed"
	if All()[0].Meaning == "changed" {
		t.Error("All hands out the catalogue itself")
	}
}

func TestLoadTableSaysWhere(t *testing.T) {
	for name, tsv := range map[string]string{
		"line 2": "head\nxyz\tS\ta\tcore\tfield\tm\n",
		"line 3": "head\n0x00000002\tS\ta\tcore\tfield\tm\n0x00000001\tS\ta\tcore\tfield\tm\n",
	} {
		if _, err := loadTable(tsv); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// BenchmarkLoad is what the first look-up of a process costs.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := loadTable(codesTSV); err != nil {
			b.Fatal(err)
		}
		if _, err := loadPages(pageFiles, Language); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	for b.Loop() {
		Lookup(0xC004F074)
	}
}

func ExampleLookup() {
	e, _ := Lookup(0xC004F038)
	fmt.Println(e.Code, e.Symbol)
	fmt.Println(e.Meaning)
	fmt.Println(e.Page.Causes[:2])
	// Output:
	// 0xC004F038 SL_E_VL_NOT_ENOUGH_COUNT
	// The KMS host answered, but has counted fewer machines than this product asks for
	// [count-below-threshold duplicate-cmid]
}

func ExampleGet() {
	_, err := Get(0xC004FD08)
	fmt.Println(err)
	// Output:
	// no entry for 0xC004FD08 (licensing platform, error, facility 4 (licensing platform), number 0xFD08 (automatic virtual machine activation)); did you mean 0xC004FD00, 0xC004FD01, 0xC004FD02?
}
