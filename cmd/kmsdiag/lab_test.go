//go:build !nolab

package main

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/internal/lab"
	"github.com/kmsdiag/kmsdiag/report"
)

func startLab(t *testing.T, name string) (*lab.Site, *checks.Env) {
	t.Helper()
	scenario, ok := lab.Named(name)
	if !ok {
		t.Fatalf("no scenario %s", name)
	}
	site, err := lab.Start(t.Context(), scenario)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	return site, site.Env(checks.Env{})
}

// watch is a writer that calls a function when some text has been written.
type watch struct {
	mu   sync.Mutex
	b    bytes.Buffer
	text string
	seen func()
}

func (w *watch) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.b.Write(p)
	if w.seen != nil && strings.Contains(w.b.String(), w.text) {
		w.seen()
		w.seen = nil
	}
	return n, err
}

func TestInterruptShowsWhatWasFound(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for _, format := range report.Formats {
		ctx, cancel := context.WithCancel(t.Context())
		out := &watch{text: "corp.example", seen: cancel}
		if format == "json" {
			cancel() // nothing is written before the end
		}
		var stderr bytes.Buffer
		if got := newApp(out, &stderr).run(ctx, []string{"demo", "port-silent", "-o", format}); got != exitStopped {
			t.Errorf("%s: exit code %d, want %d; %s", format, got, exitStopped, stderr.String())
		}
		text := out.b.String()
		if !strings.Contains(text, "stopped") {
			t.Errorf("%s does not say that the run was stopped:\n%s", format, text)
		}
		cancel()
	}
}

func TestBrokenPipeEndsARunInSilence(t *testing.T) {
	for _, format := range report.Formats {
		var stderr bytes.Buffer
		newApp(noReader{}, &stderr).run(t.Context(), []string{"demo", "no-srv", "-o", format})
		if stderr.Len() > 0 {
			t.Errorf("%s: %s", format, stderr.String())
		}
	}
}

// The first run asks, repetitions stop after the bind, and an interrupt ends it.
func TestEveryRepeatsTheBindAlone(t *testing.T) {
	site, env := startLab(t, "healthy")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &watch{text: "UTC  no change: ", seen: cancel}
	a := newApp(out, &bytes.Buffer{})
	if err := a.checkEvery(ctx, env, checks.Options{}, checkOptions{output: defaultOutput(), every: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	if a.code != exitStopped {
		t.Errorf("exit code %d, want %d", a.code, exitStopped)
	}
	if n := len(site.Requests()); n != 2 {
		t.Errorf("%d KMS requests reached the two hosts, want one each", n)
	}
	if text := out.b.String(); strings.Count(text, "DISCOVER\n") != 1 || strings.Contains(text, " change: 0") {
		t.Errorf("got:\n%s", text)
	}
}

func TestWaitEndsWhenItPasses(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	site, env := startLab(t, "port-refused")
	defer site.Close()
	var out bytes.Buffer
	log := &watch{text: "attempt 1: ", seen: func() {
		if err := site.Heal(); err != nil {
			t.Error(err)
		}
	}}
	a := newApp(&out, log)
	if err := a.checkWait(t.Context(), env, checks.Options{}, checkOptions{output: defaultOutput(), wait: time.Minute}); err != nil {
		t.Fatal(err)
	}
	if a.code != exitOK {
		t.Errorf("exit code %d, want 0\n%s", a.code, out.String())
	}
	if got := strings.Count(out.String(), "DISCOVER\n"); got != 1 {
		t.Errorf("%d runs were shown, want the last one", got)
	}
	if strings.Contains(log.b.String(), "attempt 3") {
		t.Errorf("it went on after the repair:\n%s", log.b.String())
	}
}

func TestWaitDoesNotRepeatRequests(t *testing.T) {
	site, env := startLab(t, "count-too-low")
	var out, log bytes.Buffer
	a := newApp(&out, &log)
	if err := a.checkWait(t.Context(), env, checks.Options{}, checkOptions{output: defaultOutput(), wait: time.Minute}); err != nil {
		t.Fatal(err)
	}
	if n := len(site.Requests()); a.code != exitFailed || n != 1 {
		t.Errorf("exit code %d and %d requests, want %d and 1", a.code, n, exitFailed)
	}
	if !strings.Contains(log.String(), "would repeat the KMS request") {
		t.Errorf("it does not say why it gave up: %s", log.String())
	}
}

// Every scenario ends with the exit code that the lab expects of it. They wait
// for silence more than they work, so all run at once.
func TestScenariosExitAsExpected(t *testing.T) {
	t.Parallel()
	var wg sync.WaitGroup
	for _, s := range lab.Scenarios() {
		wg.Go(func() {
			var out, log bytes.Buffer
			if got := newApp(&out, &log).run(t.Context(), []string{"demo", s.Name, "-o", "short"}); got != s.Expect.Exit {
				t.Errorf("%s: exit code %d, want %d\n%s%s", s.Name, got, s.Expect.Exit, out.String(), log.String())
			}
			if s.Expect.TopCause != "" && !strings.Contains(out.String(), "("+s.Expect.TopCause+")") {
				t.Errorf("%s: %s is not named:\n%s", s.Name, s.Expect.TopCause, out.String())
			}
		})
	}
	wg.Wait()
}
