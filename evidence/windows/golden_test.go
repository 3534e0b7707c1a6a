package windows

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// samples returns the pastes of testdata by name.
func samples(t testing.TB) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "samples", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	all := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(f), ".txt")] = string(text)
	}
	return all
}

func read(t testing.TB, text string) Paste {
	t.Helper()
	paste, err := ReadString(context.Background(), text, "sample")
	if err != nil {
		t.Fatal(err)
	}
	return paste
}

func TestGolden(t *testing.T) {
	for name, text := range samples(t) {
		t.Run(name, func(t *testing.T) {
			got, err := json.MarshalIndent(read(t, text), "", "  ")
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
				t.Errorf("differs from %s (go test -update writes it anew):\n%s", file, firstDifference(got, want))
			}
		})
	}
}

// firstDifference shows the first line in which two texts differ.
func firstDifference(got, want []byte) string {
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range g {
		if i >= len(w) || !bytes.Equal(g[i], w[i]) {
			wanted := "nothing"
			if i < len(w) {
				wanted = string(w[i])
			}
			return "got  " + string(g[i]) + "\nwant " + wanted
		}
	}
	return "the golden file is longer"
}
