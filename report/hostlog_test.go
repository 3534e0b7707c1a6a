package report

import (
	"bytes"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/kmsdiag/kmsdiag/hostlog"
)

// sampleLog reads a log with something of everything in it.
func sampleLog(t *testing.T) *hostlog.Report {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "hostlog", "testdata", "sample.evtx"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	r, err := hostlog.Read(t.Context(), []hostlog.Input{{Name: "sample.evtx", From: f}}, hostlog.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func hostLog(t *testing.T, format string, s Style, redact bool, r *hostlog.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := HostLog(format, &b, s, redact, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHostLog(t *testing.T) {
	r := sampleLog(t)
	for name, c := range map[string]struct {
		format string
		style  Style
		redact bool
	}{
		"text":            {"text", Style{}, false},
		"text-ascii":      {"text", Style{Glyphs: ASCII, Width: 60}, false},
		"text-verbose":    {"text", Style{Verbose: true, Width: 100}, false},
		"text-accessible": {"text", Style{Accessible: true}, false},
		"text-redacted":   {"text", Style{}, true},
		"json":            {"json", Style{}, false},
		"csv":             {"csv", Style{}, false},
		"csv-redacted":    {"csv", Style{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			out := hostLog(t, c.format, c.style, c.redact, r)
			golden.RequireEqual(t, out)
			if c.redact && (strings.Contains(out, "corp.example") || strings.Contains(out, "pc20") || strings.Contains(out, "1111-4222")) {
				t.Error("names or ids are left")
			}
			if c.format != "text" {
				return
			}
			width := max(c.style.Width, 80)
			for line := range strings.Lines(out) {
				command := strings.Contains(line, "              ")
				if cells(strings.TrimRight(line, "\n")) > width && !command {
					t.Errorf("wider than %d: %q", width, line)
				}
			}
		})
	}
	t.Run("schema", func(t *testing.T) {
		validate(t, loadSchema(t), hostLog(t, "json", Style{}, false, r))
		validate(t, loadSchema(t), hostLog(t, "json", Style{}, true, r))
	})
}

// TestHostLogCSV has as many rows as there are clients, none of them a formula.
func TestHostLogCSV(t *testing.T) {
	r := sampleLog(t)
	rows, err := csv.NewReader(strings.NewReader(hostLog(t, "csv", Style{}, false, r))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := 1
	for _, l := range r.Lists {
		want += l.Clients
	}
	if len(rows) != want {
		t.Errorf("%d rows, want %d", len(rows), want)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+@", rune(cell[0])) {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
	if err := HostLog("text", brokenWriter{}, Style{}, false, r); err == nil {
		t.Error("an error of writing was lost")
	}
	if err := HostLog("csv", brokenWriter{}, Style{}, false, r); err == nil {
		t.Error("an error of writing was lost")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("full") }
