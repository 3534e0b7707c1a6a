package main

import (
	"bytes"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/report"
)

// newApp returns an app without a terminal, whose output goes to the writers.
func newApp(stdout, stderr io.Writer) *app {
	return &app{
		stdin: strings.NewReader(""), stdout: stdout, stderr: stderr, pause: time.Millisecond,
		screen: report.Screen{OS: "linux", Env: func(string) string { return "" }},
	}
}

// noReader is a pipe whose reader has gone.
type noReader struct{}

func (noReader) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func TestBrokenPipeIsNoMessage(t *testing.T) {
	for _, args := range [][]string{
		{"explain", "0xC004F074"}, {"version"}, {"check", "--list-checks"},
	} {
		var stderr bytes.Buffer
		newApp(noReader{}, &stderr).run(t.Context(), args)
		if stderr.Len() > 0 {
			t.Errorf("%v: %s", args, stderr.String())
		}
	}
}

// fullDisk fails as no pipe does.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestOtherWriteErrorsAreOwnFaults(t *testing.T) {
	var stderr bytes.Buffer
	if got := newApp(fullDisk{}, &stderr).run(t.Context(), []string{"explain", "0xC004F074"}); got != exitInternal {
		t.Errorf("exit code %d, want %d", got, exitInternal)
	}
	if stderr.Len() == 0 {
		t.Error("nothing was said")
	}
}

func TestCodesAreNoFlags(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"explain -1073418124", "explain 0xC004F074"},
		{"--ascii explain -o json -1073418124", "--ascii explain -o json 0xC004F074"},
		{"explain -2147023838 -1073418124", "explain 0x80070422 0xC004F074"},
		{"check -4 kms01", "check -4 kms01"},
		{"explain -4", "explain -4"},
		{"explain -- -1073418124", "explain -- -1073418124"},
		{"explain -99999999999", "explain -99999999999"},
		{"check -1073418124", "check -1073418124"},
	} {
		if got := strings.Join(codesAreNoFlags(strings.Fields(c.in)), " "); got != c.want {
			t.Errorf("%q became %q, want %q", c.in, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"text", "short", "json", "jsonl"}
	for in, want := range map[string]string{"jsn": "json", "jsonll": "jsonl", "shrot": "short", "yaml": "", "": "", "x": ""} {
		if got := nearest(in, words); got != want {
			t.Errorf("nearest(%q) = %q, want %q", in, got, want)
		}
	}
}

func BenchmarkExplain(b *testing.B) {
	for b.Loop() {
		newApp(io.Discard, io.Discard).run(b.Context(), []string{"explain", "0xC004F074"})
	}
}
