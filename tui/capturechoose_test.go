package tui

import (
	"context"
	"fmt"
	"io/fs"
	"net/netip"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/run"
)

// TestCaptureWrongPathStaysInItsField mends a path that names no file.
func TestCaptureWrongPathStaysInItsField(t *testing.T) {
	var asked []string
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	m.svc = everyService()
	m.svc.Capture = func(ctx context.Context, ask CaptureRequest, emit func(CaptureEvent)) error {
		asked = append(asked, ask.Files[0])
		if !strings.HasSuffix(ask.Files[0], ".pcap") {
			return fmt.Errorf("opening: %w", &fs.PathError{Op: "open", Path: ask.Files[0], Err: fs.ErrNotExist})
		}
		return recordings(ctx, ask, emit)
	}
	press(m, "c")
	press(m, "enter")
	wrong := strings.TrimSuffix(recordingNamed("refused_c004f042.pcap"), "ap")
	press(m, letters(wrong)...)
	_, cmd := m.Update(keyPress("enter"))
	settle(t, m, cmd)
	v := captureOf(m)
	lines := strings.Split(ansi.Strip(whole(t, m)), "\n")
	field, trouble := lineOf(lines, "file: "), lineOf(lines, "FAILED    ")
	if !v.typing() || v.typed.text != wrong || field < 0 || trouble != field+1 {
		t.Fatalf("typing %v in %q; the field is line %d, the error line %d:\n%s", v.typing(), v.typed.text, field, trouble, strings.Join(lines, "\n"))
	}
	press(m, "a", "p")
	if m.hidden || v.typed.text != recordingNamed("refused_c004f042.pcap") {
		t.Fatalf("letters are taken as keys: hidden %v, text %q", m.hidden, v.typed.text)
	}
	_, cmd = m.Update(keyPress("enter"))
	settle(t, m, cmd)
	if v.choosing || v.typing() || len(v.shown) == 0 || len(asked) != 2 {
		t.Errorf("the mended path is not read: choosing %v, asked %q", v.choosing, asked)
	}
}

func lineOf(lines []string, part string) int {
	for i, line := range lines {
		if strings.Contains(line, part) {
			return i
		}
	}
	return -1
}

// TestCaptureFailedInterfaceAsksAgain leaves the list open, not the field.
func TestCaptureFailedInterfaceAsksAgain(t *testing.T) {
	m := notAllowed(t)
	if v := captureOf(m); !v.choosing || v.typing() {
		t.Errorf("choosing %v, typing %v; want the list", v.choosing, v.typing())
	}
}

// TestCaptureWriteWarnsWhileNamesAreHidden reads the question for a file name.
func TestCaptureWriteWarnsWhileNamesAreHidden(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		m := capturedModel(t, nil, "products_mix.pcap")
		m.svc.WritePackets = func(context.Context, CaptureRequest, string) (int64, error) { return 0, nil }
		if hidden {
			press(m, "p")
		}
		press(m, "w")
		for _, size := range append(sizes[1:], tea.WindowSizeMsg{Width: 40, Height: 10}) {
			m.Update(size)
			frame := strings.Join(strings.Fields(strings.NewReplacer("│", " ").Replace(ansi.Strip(whole(t, m)))), " ")
			if got := strings.Contains(frame, "the file will hold the real names and addresses"); got != hidden {
				t.Errorf("%dx%d, hidden %v: warns %v:\n%s", size.Width, size.Height, hidden, got, m.frame())
			}
			if !strings.Contains(frame, "name: kmsdiag.pcapng_") {
				t.Errorf("%dx%d: no field:\n%s", size.Width, size.Height, m.frame())
			}
		}
	}
}

// TestCaptureListensWhereTheRunAsks begins live captures beside runs.
func TestCaptureListensWhereTheRunAsks(t *testing.T) {
	for name, c := range map[string]struct {
		subjects []run.Subject
		given    []uint16 // with the command
		want     string
		ports    []uint16
	}{
		"1688 alone": {subjects: []run.Subject{{Key: "a", Kind: run.Host, Host: "kms01", Port: 1688}}, want: "TCP port 1688 and DNS"},
		"a port of SRV": {
			subjects: []run.Subject{
				{Key: "a", Kind: run.Host, Host: "kms01", Port: 21688},
				{Key: "b", Kind: run.Endpoint, Host: "kms01", Port: 21688, Addr: netip.MustParseAddrPort("192.0.2.5:21688")},
			},
			want: "TCP ports 1688, 21688 and DNS", ports: []uint16{21688},
		},
		"an address": {
			subjects: []run.Subject{{Key: "b", Kind: run.Endpoint, Addr: netip.MustParseAddrPort("[2001:db8::5]:1690")}},
			given:    []uint16{1689}, want: "TCP ports 1688, 1689, 1690 and DNS", ports: []uint16{1689, 1690},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := modelOf(t, recordedRun(t, "healthy"))
			m.svc = everyService()
			if c.given != nil {
				m.opts.Capture = &CaptureRequest{Ports: c.given}
			}
			for _, sub := range c.subjects {
				m.run.apply(run.Event{Found: &run.Found{Subject: sub}})
			}
			var asked CaptureRequest
			m.svc.Capture = func(_ context.Context, ask CaptureRequest, _ func(CaptureEvent)) error {
				asked = ask
				return nil
			}
			m.svc.Interfaces = func() ([]capture.Interface, error) { return []capture.Interface{{Name: "lo", Up: true}}, nil }
			settle(t, m, m.openCapture())
			frame := strings.Join(strings.Fields(strings.NewReplacer("│", " ").Replace(ansi.Strip(whole(t, m)))), " ")
			if !strings.Contains(frame, c.want) {
				t.Errorf("no %q in\n%s", c.want, m.frame())
			}
			press(m, "down")
			_, cmd := m.Update(keyPress("enter"))
			settle(t, m, cmd)
			if fmt.Sprint(asked.Ports) != fmt.Sprint(c.ports) {
				t.Errorf("listens on %v beside 1688, want %v", asked.Ports, c.ports)
			}
			if head := lineWith(ansi.Strip(m.frame()), "lo  tcp port"); !strings.Contains(head, "tcp "+portsText(c.ports)) {
				t.Errorf("the header does not name the ports: %q", head)
			}
		})
	}
}
