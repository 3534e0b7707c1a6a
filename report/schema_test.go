package report

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kmsdiag/kmsdiag/diagnose"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/run"
)

func loadSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "schema", "kmsdiag-1.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("kmsdiag.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("kmsdiag.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, text string) {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(value); err != nil {
		t.Errorf("%v\n%.600s", err, text)
	}
}

func TestOutputFollowsTheSchema(t *testing.T) {
	s := loadSchema(t)
	for name, events := range allRuns(t) {
		t.Run(name, func(t *testing.T) {
			validate(t, s, render(t, "json", Style{}, events))
			for line := range strings.Lines(render(t, "jsonl", Style{}, events)) {
				validate(t, s, line)
			}
		})
	}
}

// allRuns returns the sample and every recorded run.
func allRuns(t *testing.T) map[string][]run.Event {
	t.Helper()
	runs := map[string][]run.Event{
		"sample":        sampleRun(),
		"empty summary": {{Summary: &run.Summary{Causes: []diagnose.Cause{{Verdict: diagnose.Found}}, Worst: run.Pass, Counts: map[run.Status]int{}}}},
		"cut off":       sampleRun()[:9],
	}
	for _, file := range recorded(t) {
		var c collect
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := Replay(f, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		runs[filepath.Base(file)] = c
	}
	return runs
}

// recorded lists the recorded runs.
func recorded(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// collect is a renderer that keeps the events.
type collect []run.Event

func (c *collect) Event(e run.Event) error { *c = append(*c, e); return nil }
func (c *collect) Close() error            { return nil }

func TestExplanationsFollowTheSchema(t *testing.T) {
	s := loadSchema(t)
	for _, code := range []kmserr.Code{0xC004F074, 0, 0xDEADBEEF} {
		x := NewExplanation()
		x.Codes = append(x.Codes, PageOf(code))
		x.Causes = []diagnose.Cause{{ID: "firewall-block-1688", Verdict: diagnose.Possible}, silentCause()}
		var b strings.Builder
		if err := x.JSON(&b); err != nil {
			t.Fatal(err)
		}
		validate(t, s, b.String())
	}
	var b strings.Builder
	if err := NewListing("count").JSON(&b); err != nil {
		t.Fatal(err)
	}
	validate(t, s, b.String())
	b.Reset()
	if err := NewVersion("1", "go1.26", "linux/amd64").JSON(&b); err != nil {
		t.Fatal(err)
	}
	validate(t, s, b.String())
}

func TestSchemaRefusesOtherThings(t *testing.T) {
	s := loadSchema(t)
	for _, text := range []string{
		`{}`, `[]`, `{"kind":"report"}`, `{"kind":"plan","time":"2026-11-23T12:04:05Z"}`,
		`{"kind":"finished","time":"yesterday","check":"a"}`, `{"kind":"surprise","time":"2026-11-23T12:04:05Z"}`,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(value) == nil {
			t.Errorf("accepted: %s", text)
		}
	}
	// A status that does not exist.
	var line map[string]any
	text := render(t, "jsonl", Style{}, sampleRun()[6:7])
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatal(err)
	}
	line["status"] = "good"
	if s.Validate(line) == nil {
		t.Error("accepted the status good")
	}
}
