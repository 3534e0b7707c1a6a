//go:build !nolab

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

func corpTarget() run.Target {
	return run.Target{Args: []string{"corp.example"}, Names: []string{"corp.example"}}
}

// Every format ends with the exit code of what the host serves.
func TestProductsOfScenarios(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for scenario, want := range map[string]int{
		"healthy": exitOK, "host-key-too-old": exitOK, "count-too-low": exitOK,
		"emulator": exitFailed, "clock-skew": exitFailed, "wrong-service": exitFailed, "no-srv": exitFailed, "port-refused": exitFailed,
	} {
		site, env := startLab(t, scenario)
		for _, format := range report.MatrixFormats {
			env.Target = corpTarget()
			var out bytes.Buffer
			a := newApp(&out, &bytes.Buffer{})
			if err := a.matrix(t.Context(), env, productsOptions{format: format, yes: true, redact: true}, nil); err != nil {
				t.Fatal(err)
			}
			if a.code != want {
				t.Errorf("%s, %s: exit code %d, want %d\n%s", scenario, format, a.code, want, out.String())
			}
			if strings.Contains(out.String(), "kms01") || strings.Contains(out.String(), "PC-0417") {
				t.Errorf("%s, %s: a name is left\n%s", scenario, format, out.String())
			}
		}
		for _, q := range site.Requests() {
			if q.CMID != kms.ProbeCMID.String() {
				t.Errorf("%s: client id %s", scenario, q.CMID)
			}
		}
		site.Close()
	}
}

// Whatever is not a yes sends nothing to the host.
func TestProductsAsksFirst(t *testing.T) {
	for answer, want := range map[string]int{"y\n": exitOK, "YES\n": exitOK, "n\n": exitStopped, "\n": exitStopped, "": exitStopped, "yeah\n": exitStopped} {
		site, env := startLab(t, "healthy")
		env.Target = corpTarget()
		var out, log bytes.Buffer
		a := newApp(&out, &log)
		a.stdin = strings.NewReader(answer)
		if err := a.matrix(t.Context(), env, productsOptions{format: "text"}, nil); err != nil {
			t.Fatal(err)
		}
		if n := len(site.Requests()); a.code != want || (n > 0) != (want == exitOK) {
			t.Errorf("%q: exit code %d and %d requests", answer, a.code, n)
		}
		if !strings.Contains(log.String(), "Send 25 KMS requests?") {
			t.Errorf("it does not say how many: %s", log.String())
		}
	}
}

func TestProductsInterrupted(t *testing.T) {
	site, env := startLab(t, "healthy")
	env.Target = corpTarget()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &watch{text: "Windows Server 2016", seen: cancel}
	a := newApp(out, &bytes.Buffer{})
	if err := a.matrix(ctx, env, productsOptions{format: "text", yes: true}, nil); err != nil {
		t.Fatal(err)
	}
	if n := len(site.Requests()); a.code != exitStopped || n != 3 || !strings.Contains(out.b.String(), "stopped before the end") {
		t.Errorf("exit code %d after %d requests:\n%s", a.code, n, out.b.String())
	}
}

func TestProductsBrokenPipe(t *testing.T) {
	site, env := startLab(t, "healthy")
	env.Target = corpTarget()
	var log bytes.Buffer
	a := newApp(noReader{}, &log)
	err := a.matrix(t.Context(), env, productsOptions{format: "text", yes: true}, nil)
	if !gone(err) || len(site.Requests()) > 0 || log.Len() > 0 {
		t.Errorf("%v after %d requests; %s", err, len(site.Requests()), log.String())
	}
}

// A saved matrix is shown as it was, in every format, with its exit code.
func TestProductsSavedAndShown(t *testing.T) {
	site, env := startLab(t, "count-too-low")
	defer site.Close()
	env.Target = corpTarget()
	plan := checks.MatrixPlan(t.Context(), env, checks.MatrixOptions{})
	var steps []run.MatrixEvent
	checks.Matrix(t.Context(), env, plan, func(e run.MatrixEvent) {
		if e.Progress == nil { // which is not saved
			steps = append(steps, e)
		}
	})
	printed := func(format string) string {
		var out bytes.Buffer
		r, err := report.NewMatrix(format, &out, newApp(&out, &bytes.Buffer{}).style())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range steps {
			if err := r.Event(e); err != nil {
				t.Fatal(err)
			}
		}
		return out.String()
	}
	file := filepath.Join(t.TempDir(), "matrix.jsonl")
	if err := os.WriteFile(file, []byte(printed("jsonl")), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, format := range report.MatrixFormats {
		var out bytes.Buffer
		a := newApp(&out, &bytes.Buffer{})
		o := defaultOutput()
		o.format = format
		if err := a.show(o, file, evidence.Set{}, false); err != nil {
			t.Fatal(err)
		}
		if want := printed(format); out.String() != want || a.code != exitOK {
			t.Errorf("%s, exit code %d:\n%s\nwant:\n%s", format, a.code, out.String(), want)
		}
	}
}
