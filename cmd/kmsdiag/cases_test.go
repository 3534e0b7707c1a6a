package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/report"
)

// pastedCase is a text as somebody would paste it, with the causes it should
// lead to. Its file has a head, "want: ID..." and perhaps "within: N", then a
// line "-- paste --", then the text.
type pastedCase struct {
	name   string
	want   []string // one of these
	within int      // among the first so many
	text   string
}

const pasteMark = "-- paste --\n"

func pastedCases(t *testing.T) []pastedCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "cases", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	cases := make([]pastedCase, 0, len(files))
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, text, ok := strings.Cut(string(content), pasteMark)
		c := pastedCase{name: strings.TrimSuffix(filepath.Base(file), ".txt"), within: 1, text: text}
		for line := range strings.Lines(head) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			switch key {
			case "want":
				c.want = strings.Fields(value)
			case "within":
				if c.within, err = strconv.Atoi(value); err != nil {
					t.Fatalf("%s: %v", file, err)
				}
			default:
				t.Fatalf("%s: head line %q", file, line)
			}
		}
		if !ok || len(c.want) == 0 {
			t.Fatalf("%s: want a head, %q and a text", file, pasteMark)
		}
		cases = append(cases, c)
	}
	return cases
}

func TestPastesLeadToTheirCause(t *testing.T) {
	t.Parallel()
	for _, c := range pastedCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			a := newApp(&stdout, &stderr)
			a.stdin = strings.NewReader(c.text)
			a.run(t.Context(), []string{"explain", "-o", "json", "-"})
			var x report.Explanation
			if err := json.Unmarshal(stdout.Bytes(), &x); err != nil {
				t.Fatalf("%v\n%s", err, stderr.String())
			}
			var ids []string
			for _, k := range x.Causes {
				ids = append(ids, k.ID)
				if len(k.Because) == 0 {
					t.Errorf("%s says nothing of why", k.ID)
				}
				for _, f := range slices.Concat(k.Because, k.Against) {
					if f.Origin.Line == 0 {
						t.Errorf("%s: %q names no line of the text", k.ID, f.Text)
					}
				}
			}
			first := ids[:min(c.within, len(ids))]
			if !slices.ContainsFunc(c.want, func(id string) bool { return slices.Contains(first, id) }) {
				t.Errorf("leads to %q, want %q among the first %d; read:", ids[:min(4, len(ids))], c.want, c.within)
				for _, f := range x.Facts {
					t.Logf("  %s", f.Text)
				}
				t.Logf("  unread: %q", x.Unread)
			}
			if x.Conclusion == "" {
				t.Error("no conclusion")
			}
		})
	}
}

// TestEveryCauseHasAPaste keeps the cases whole: each cause is the first answer
// to one of them.
func TestEveryCauseHasAPaste(t *testing.T) {
	t.Parallel()
	wanted := map[string]bool{}
	for _, c := range pastedCases(t) {
		for _, id := range c.want {
			if _, ok := diagnose.Lookup(id); !ok {
				t.Errorf("%s wants %s, which is no cause", c.name, id)
			}
			wanted[id] = wanted[id] || c.within == 1 || len(c.want) > 1
		}
	}
	for _, p := range diagnose.Pages() {
		if !wanted[p.ID] {
			t.Errorf("no case wants %s", p.ID)
		}
	}
}
