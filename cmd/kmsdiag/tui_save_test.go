//go:build !nolab

package main

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// What a host serves is saved behind the run, and shown from there again, under
// the same pseudonyms.
func TestMatrixIsSavedBehindTheRun(t *testing.T) {
	site, env := startLab(t, "healthy")
	defer site.Close()
	env.Target = corpTarget()
	var events []run.Event
	checks.Run(t.Context(), env, checks.Planned(env), checks.Options{}, func(e run.Event) { events = append(events, e) })
	matrix := checks.Matrix(t.Context(), env, checks.MatrixPlan(t.Context(), env, checks.MatrixOptions{}), func(run.MatrixEvent) {})
	asked := 0
	for _, one := range matrix.Traffic {
		if one.What == "KMS request" {
			asked += one.Times
		}
	}
	if asked == 0 || asked != matrix.Requests {
		t.Errorf("%d requests in %v, want %d", asked, matrix.Traffic, matrix.Requests)
	}
	t.Chdir(t.TempDir())
	name, err := saveReport("jsonl", events, []run.Matrix{matrix}, time.Date(2026, 11, 23, 12, 4, 5, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	shown := func(format string, redact bool) string {
		var out bytes.Buffer
		a := newApp(&out, &bytes.Buffer{})
		o := defaultOutput()
		o.format, o.redact = format, redact
		if err := a.show(o, filepath.Clean(name), evidence.Set{}, false); err != nil {
			t.Fatal(err)
		}
		if a.code != exitOK {
			t.Errorf("%s: exit code %d", format, a.code)
		}
		return out.String()
	}
	var direct bytes.Buffer
	a := newApp(&direct, &bytes.Buffer{})
	r, err := a.renderer(defaultOutput(), &direct)
	if err = errors.Join(err, showAll(r, events), writeMatrices("text", &direct, a.style(), []run.Matrix{matrix})); err != nil {
		t.Fatal(err)
	}
	if got := shown("text", false); !strings.Contains(got, "\n\nWhat ") || strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(direct.String()), " ") {
		t.Errorf("shown\n%s\nwant\n%s", got, direct.String())
	}
	mask := report.NewMask()
	mask.Events(events)
	host := mask.Text(matrix.Host)
	if got := shown("text", true); strings.Contains(got, "kms01") || !strings.Contains(got, fmt.Sprintf("%s %s serves", host, mask.Text(matrix.Endpoint.String()))) {
		t.Errorf("want %s in\n%s", host, got)
	}
	if got := shown("short", false); strings.Contains(got, "What ") {
		t.Errorf("a short report has a matrix:\n%s", got)
	}
	for _, format := range []string{"json", "jsonl"} {
		if got := shown(format, false); strings.Count(got, `"kind":"matrix"`)+strings.Count(got, `"kind": "matrix"`) != 1 {
			t.Errorf("%s has no matrix, or several:\n%s", format, got)
		}
	}
}
