package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/tui"
)

func TestRecentTargets(t *testing.T) {
	file := recentFile{filepath.Join(t.TempDir(), "kmsdiag", "recent")}
	if list, err := file.read(); err != nil || len(list) != 0 {
		t.Fatalf("without a file: %q, %v", list, err)
	}
	for i := range 13 {
		if err := file.add(fmt.Sprintf("d%d.example", i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"d5.example", "", "two words", "line\nbreak", "\x1b[2J", strings.Repeat("x", 300)} {
		if err := file.add(name); err != nil {
			t.Fatal(err)
		}
	}
	list, err := file.read()
	if want := []string{"d5.example", "d12.example", "d11.example", "d10.example", "d9.example", "d8.example", "d7.example", "d6.example", "d4.example", "d3.example"}; err != nil || !slices.Equal(list, want) {
		t.Errorf("%q, %v; want %q", list, err, want)
	}
	if runtime.GOOS == "windows" {
		return // modes are not what protects a file there
	}
	for name, want := range map[string]os.FileMode{file.name: 0o600, filepath.Dir(file.name): 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want mode %v", name, info.Mode().Perm(), err, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file.name), ".recent-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestGarbageInRecentTargets(t *testing.T) {
	file := recentFile{filepath.Join(t.TempDir(), "recent")}
	for text, want := range map[string]int{
		"":                              0,
		"\x00\xff\x1b[2J\nok.example\n": 1,
		strings.Repeat("x", 1<<20):      0,
		strings.Repeat("a b\n", 1<<16):  0,
		strings.Repeat("a\nb\n", 1<<16): 2,
		"\u202eevil\nh:1688\r\nfine":    2,
	} {
		if err := os.WriteFile(file.name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := file.read()
		if err != nil || len(list) != want {
			t.Errorf("%.20q: %q, %v; want %d", text, list, err, want)
		}
	}
	if _, err := (recentFile{t.TempDir()}).read(); err == nil {
		t.Error("a folder was read")
	}
}

func TestFormErrorsHaveAPlace(t *testing.T) {
	for _, c := range []struct {
		form  tui.TargetForm
		field string
		want  string
	}{
		{tui.TargetForm{Domain: "corp..example"}, "domain", "empty part"},
		{tui.TargetForm{Domain: "ok.example", Host: "http://kms01/"}, "host", "looks like a URL"},
		{tui.TargetForm{Host: "10.0.0.5", Family: 6}, "host", "IPv6 alone was chosen"},
		{tui.TargetForm{Resolver: "ns1.corp.example"}, "resolver", "want an address"},
		{tui.TargetForm{Product: "Windows 98"}, "product", "no product is called"},
	} {
		_, err := parseForm(c.form)
		wrong, ok := err.(*tui.FieldError) //nolint:errorlint // it is this type itself that is promised
		if !ok || wrong.Field != c.field || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "--") {
			t.Errorf("%+v: %v, want %q at %s", c.form, err, c.want, c.field)
		}
	}
}

func TestFormMakesATarget(t *testing.T) {
	got, err := parseForm(tui.TargetForm{
		Domain: "Corp.Example., b.example", Host: "kms01 [2001:db8::5]:1700", Resolver: "10.0.0.2;10.0.0.3:5353",
		Product: "Windows Server 2022 Datacenter", NoRequest: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.TrimSpace(fmt.Sprintln(got.Domains, got.Hosts, got.Resolvers, got.Product, got.NoRequest, got.Family)); text !=
		"[corp.example b.example] [{kms01 0} {2001:db8::5 1700}] [10.0.0.2:53 10.0.0.3:5353] Windows Server 2022 Datacenter true 0" {
		t.Error(text)
	}
}

// TestWithoutATerminalItChecks starts the bare program on pipes, stopped before
// it sends anything.
func TestWithoutATerminalItChecks(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs}
	a.screen.Env = func(string) string { return "" }
	if code := a.run(ctx, nil); code != exitStopped {
		t.Errorf("exit code %d, want %d", code, exitStopped)
	}
	if got := errs.String(); got != "kmsdiag: the interactive program needs a terminal, and standard output is not one; running kmsdiag check instead\n" {
		t.Errorf("standard error %q", got)
	}
	if !strings.Contains(out.String(), "will send") {
		t.Errorf("no check:\n%s", out.String())
	}
}

// forbidden is a network on which nothing may be sent.
type forbidden struct{ t *testing.T }

func (f forbidden) DialContext(_ context.Context, network, address string) (net.Conn, error) {
	f.t.Errorf("dialled %s %s", network, address)
	return nil, errors.New("forbidden")
}

func (f forbidden) Exchange(_ context.Context, _ *dns.Msg, server netip.AddrPort, _ string) (*dns.Msg, time.Duration, error) {
	f.t.Errorf("asked %s", server)
	return nil, 0, errors.New("forbidden")
}

func TestAnnouncingSendsNothing(t *testing.T) {
	base := &checks.Env{Dialer: forbidden{t}, UDP: forbidden{t}, DNS: forbidden{t}}
	for request, want := range map[bool]string{false: "1 KMS request (Windows Server 2019 Datacenter)", true: "no KMS request"} {
		target, err := parseForm(tui.TargetForm{Domain: "corp.example", Host: "10.0.0.5", Resolver: "10.0.0.2", Product: "Windows Server 2019 Datacenter"})
		if err != nil {
			t.Fatal(err)
		}
		world, err := worldOf(base, tui.Request{Target: target, NoRequest: request})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(announced(t.Context(), world), "; "); !strings.Contains(got, want) || !strings.Contains(got, "10.0.0.2") {
			t.Errorf("%q, want %q in it", got, want)
		}
	}
}
