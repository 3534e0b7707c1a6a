package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// saveReport writes a run, and what hosts serve, to a new file in the working
// directory and returns its name. Nothing is overwritten.
func saveReport(format string, events []run.Event, matrices []run.Matrix, at time.Time) (string, error) {
	f, err := newReportFile(format, events, at)
	if err != nil {
		return "", err
	}
	err = renderAll(format, f, events, matrices)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(f.Name()) // half a report is none
		return "", fmt.Errorf("writing %s: %w", f.Name(), err)
	}
	return f.Name(), nil
}

func renderAll(format string, f io.Writer, events []run.Event, matrices []run.Matrix) error {
	r, err := report.New(format, f, report.Style{})
	if err != nil {
		return err
	}
	if err := showAll(r, events); err != nil {
		return err
	}
	return writeMatrices(format, f, report.Style{}, matrices)
}

// writeMatrices writes what hosts serve behind a run: as text, or as lines for
// kmsdiag show. The other formats have no place for it.
func writeMatrices(format string, w io.Writer, style report.Style, list []run.Matrix) error {
	if format != "text" && format != "jsonl" {
		return nil
	}
	for i := range list {
		if format == "text" {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		r, err := report.NewMatrix(format, w, style)
		if err != nil {
			return err
		}
		if err := report.ShowMatrix(r, &list[i]); err != nil {
			return err
		}
	}
	return nil
}

// reportSuffix is what the file names of a format end in.
var reportSuffix = map[string]string{"text": ".txt", "short": "-short.txt", "json": ".json", "jsonl": ".jsonl"}

// newReportFile creates "kmsdiag-corp.example-20261123-120405.txt", numbered where
// that is taken.
func newReportFile(format string, events []run.Event, at time.Time) (*os.File, error) {
	about := ""
	for _, e := range events {
		if e.Plan != nil {
			about = fileWord(e.Plan.Title)
		}
	}
	base := "kmsdiag-" + about + at.UTC().Format("20060102-150405")
	for n := range 100 {
		name := base
		if n > 0 {
			name += fmt.Sprintf("-%d", n+1)
		}
		f, err := os.OpenFile(name+reportSuffix[format], os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, fmt.Errorf("%s and a hundred names like it are taken", base)
}

// fileWord is a title with what every file system takes, and a dash behind it.
func fileWord(title string) string {
	word := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-':
			return r
		}
		return '_'
	}, title)
	word = strings.Trim(word[:min(len(word), 60)], "._-")
	if word == "" {
		return ""
	}
	return word + "-"
}
