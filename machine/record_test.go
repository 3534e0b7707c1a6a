package machine

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/evidence/windows"
)

var update = flag.Bool("update", false, "write the golden files anew")

// records returns the recorded machines of testdata by name.
func records(t testing.TB) map[string]Record {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no records: %v", err)
	}
	all := map[string]Record{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		r, err := ParseRecord(text)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(f), ".json")] = r
	}
	return all
}

var live = evidence.Origin{Check: "client.license", Subject: "site"}

// TestEvidence holds what each recorded machine amounts to.
func TestEvidence(t *testing.T) {
	for name, r := range records(t) {
		t.Run(name, func(t *testing.T) {
			set, err := Read(t.Context(), Recorded(r)).Evidence(live)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(set, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			file := filepath.Join("testdata", "golden", name+".json")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("differs from %s:\n%s", file, got)
			}
		})
	}
}

// TestSameAsPaste: what a machine says of itself, and what its record says when
// somebody pastes it, is the same evidence and the same diagnosis, in whichever
// dress the text comes.
func TestSameAsPaste(t *testing.T) {
	for name, r := range records(t) {
		own, err := Read(t.Context(), Recorded(r)).Evidence(live)
		if err != nil {
			t.Fatal(err)
		}
		for dress, text := range dresses(t, r) {
			t.Run(name+" "+dress, func(t *testing.T) {
				paste, err := windows.ReadString(t.Context(), text, "machine.json")
				if err != nil {
					t.Fatal(err)
				}
				if !paste.Has(windows.KindMachine) || len(paste.Unread) > 0 {
					t.Errorf("kinds %v, unread %v", paste.Kinds, paste.Unread)
				}
				got, want := withoutOrigins(t, paste.Set), withoutOrigins(t, own)
				if !reflect.DeepEqual(got, want) {
					t.Errorf("pasted:\n%v\nown:\n%v", got, want)
				}
				if got, want := verdicts(&paste.Set), verdicts(&own); !reflect.DeepEqual(got, want) {
					t.Errorf("causes of the paste %v, of the machine %v", got, want)
				}
			})
		}
	}
}

// verdicts returns the causes that are found or possible, best first. That all is
// well is said of a paste alone.
func verdicts(set *evidence.Set) []string {
	var out []string
	for _, c := range diagnose.Diagnose(set) {
		if !c.NoFault && c.Verdict == diagnose.Found || c.Verdict == diagnose.Possible {
			out = append(out, c.ID+" "+string(c.Verdict))
		}
	}
	return out
}

// withoutOrigins returns a set as JSON values, without the place of anything.
func withoutOrigins(t *testing.T, set evidence.Set) any {
	t.Helper()
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	var strip func(any)
	strip = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				strip(e)
			}
		case map[string]any:
			delete(v, "origin")
			for _, e := range v {
				strip(e)
			}
		}
	}
	strip(v)
	return v
}

// dresses returns a record as Windows PowerShell 5.1 and its successor print it,
// and as files hold that.
func dresses(t *testing.T, r Record) map[string]string {
	t.Helper()
	modern, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	old := powershell51(t, r)
	return map[string]string{
		"PowerShell 7":       string(modern),
		"5.1":                old,
		"5.1 in UTF-16":      utf16le(old),
		"5.1 with BOM":       "\ufeff" + old,
		"5.1 after a prompt": "PS C:\\> " + "powershell -File ask.ps1" + "\r\n" + old + "\r\nPS C:\\> \r\n",
	}
}

// powershell51 writes a record with the habits of Windows PowerShell 5.1: two
// blanks behind a colon, deep indentation, quotation marks and angle brackets as
// \u escapes, times as /Date(milliseconds)/, some arrays as objects with value
// and Count, one element without its array, services' states as numbers.
func powershell51(t *testing.T, r Record) string {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	for _, e := range anyList(v["events"]) {
		event := e.(map[string]any)
		at, err := time.Parse(time.RFC3339, event["TimeCreated"].(string))
		if err != nil {
			t.Fatal(err)
		}
		event["TimeCreated"] = map[string]any{"value": json.RawMessage(`"\/Date(` + jsonNumber(at.UnixMilli()) + `)\/"`), "DisplayHint": 2, "DateTime": "a text in the words of the locale"}
		if data := anyList(event["Data"]); len(data) == 1 {
			event["Data"] = data[0]
		}
	}
	for _, s := range anyList(v["services"]) {
		service := s.(map[string]any)
		service["Status"] = map[string]int{"Stopped": 1, "Running": 4}[service["Status"].(string)]
		service["StartType"] = map[string]int{"Automatic": 2, "Manual": 3, "Disabled": 4}[service["StartType"].(string)]
	}
	if list := anyList(v["registry"]); len(list) > 0 {
		v["registry"] = map[string]any{"value": list, "Count": len(list)}
	}
	if list := anyList(v["products"]); len(list) == 1 {
		v["products"] = list[0]
	}
	out, err := json.MarshalIndent(v, "", "                ")
	if err != nil {
		t.Fatal(err)
	}
	printed := strings.ReplaceAll(string(out), `": `, `":  `)
	return strings.ReplaceAll(strings.ReplaceAll(printed, "'", `\u0027`), "\n", "\r\n")
}

func anyList(v any) []any {
	list, _ := v.([]any)
	return list
}

func jsonNumber(n int64) string {
	text, _ := json.Marshal(n)
	return string(text)
}

// utf16le is a text as > of Windows PowerShell writes it into a file.
func utf16le(s string) string {
	out := []byte{0xFF, 0xFE}
	for _, r := range s { // the samples hold nothing beyond the first plane
		out = append(out, byte(r), byte(r>>8))
	}
	return string(out)
}

func TestRecordRoundTrip(t *testing.T) {
	for name, r := range records(t) {
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseRecord(text)
		if err != nil || !reflect.DeepEqual(back, r) {
			t.Errorf("%s: %v: %+v, want %+v", name, err, back, r)
		}
	}
	for text, want := range map[string]string{
		`[]`:                   "cannot unmarshal",
		`{"kmsdiag":"other"}`:  `"kmsdiag" is "other"`,
		`{"service":{"x":1}}`:  `"kmsdiag" is ""`,
		`{"kmsdiag":"machine"`: "unexpected end",
	} {
		if _, err := ParseRecord([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", text, err, want)
		}
	}
}

func FuzzRecord(f *testing.F) {
	for _, r := range records(f) {
		text, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add(text[:len(text)/2])
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := windows.ReadMachine(text, live)
		if err != nil {
			return
		}
		for _, l := range set.Licenses {
			if l.Origin.Check != live.Check {
				t.Fatalf("origin %+v", l.Origin)
			}
		}
		if _, err := json.Marshal(set); err != nil {
			t.Errorf("no JSON: %v", err)
		}
	})
}
