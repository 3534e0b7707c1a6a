package report

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/run"
)

// matrixTaker shows a saved matrix, and drops a run.
type matrixTaker struct {
	Renderer
	to MatrixRenderer
}

func (m matrixTaker) MatrixEvent(e run.MatrixEvent) error { return m.to.Event(e) }

func replayedMatrix(t testing.TB, format, saved string) string {
	t.Helper()
	var b strings.Builder
	to, err := NewMatrix(format, &b, Style{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Replay(strings.NewReader(saved), matrixTaker{JSONL(io.Discard), to}); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What was saved is shown again as it was, in every format that it holds.
func TestReplayIsTheMatrix(t *testing.T) {
	lines := renderMatrix(t, "jsonl", Style{}, false, sampleMatrix())
	object := renderMatrix(t, "json", Style{}, false, sampleMatrix())
	for _, format := range MatrixFormats {
		want := renderMatrix(t, format, Style{}, false, sampleMatrix())
		connecting := "connecting to kms01.corp.example 10.0.0.5:1688\n" // progress is not saved
		if got := replayedMatrix(t, format, lines); got != strings.Replace(want, connecting, "", 1) {
			t.Errorf("%s from lines differs:\n%s\nwant:\n%s", format, got, want)
		}
		if format == "jsonl" {
			continue // the object keeps no announcement
		}
		_, want, _ = strings.Cut(want, connecting)
		if got := replayedMatrix(t, format, object); !strings.HasSuffix(got, want) || want == "" && got != renderMatrix(t, format, Style{}, false, sampleMatrix()) {
			t.Errorf("%s from an object differs:\n%s\nwant:\n%s", format, got, want)
		}
	}
}

func TestReplayOfAMatrixFails(t *testing.T) {
	lines := renderMatrix(t, "jsonl", Style{}, false, sampleMatrix())
	if err := Replay(strings.NewReader(lines), JSONL(io.Discard)); err == nil || !strings.Contains(err.Error(), "a capability matrix, which is no run") {
		t.Errorf("a renderer of runs got a matrix: %v", err)
	}
	for saved, want := range map[string]string{
		`{"kind":"matrix","schema":"kmsdiag/9"}`:                                  "line 1",
		lines[:strings.Index(lines, "\n")+1] + `{"kind":"matrix-row","index":{}}`: "line 2",
	} {
		to, err := NewMatrix("csv", io.Discard, Style{})
		if err != nil {
			t.Fatal(err)
		}
		if err := Replay(strings.NewReader(saved), matrixTaker{JSONL(io.Discard), to}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: error %v, want %q in it", saved, err, want)
		}
	}
}

// FuzzReplayMatrix feeds any bytes to every renderer of a matrix.
func FuzzReplayMatrix(f *testing.F) {
	for _, format := range []string{"json", "jsonl"} {
		var b bytes.Buffer
		r, err := NewMatrix(format, &b, Style{})
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range sampleMatrix() {
			if err := r.Event(e); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte(`{"kind":"matrix","schema":"kmsdiag/1","rows":[{"started":"2026-11-23T12:04:05Z","status":"served"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range MatrixFormats {
			for _, s := range []Style{{}, {Accessible: true}} {
				to, err := NewMatrix(format, io.Discard, s)
				if err != nil {
					t.Fatal(err)
				}
				if Replay(bytes.NewReader(data), matrixTaker{JSONL(io.Discard), RedactMatrix(to)}) == nil {
					if err := to.Close(); err != nil {
						t.Error(err)
					}
				}
			}
		}
	})
}
