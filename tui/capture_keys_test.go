package tui

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
)

// TestCaptureEveryRecordingUnderEveryKey presses what there is to press over
// every recording: whatever it holds, frames stay whole and nothing breaks.
func TestCaptureEveryRecordingUnderEveryKey(t *testing.T) {
	names, err := filepath.Glob(recordingNamed("*.pcap*"))
	if err != nil || len(names) < 50 {
		t.Fatalf("%d recordings, %v", len(names), err)
	}
	panes := []string{"1", "2", "3", "4"}
	inPane := []string{"down", "end", "home", "pgdown", "enter", "pgdown", "y", "Y", "enter", "up"}
	apart := []string{"tab", "n", "N", "f", "space", "x", "x", "w", "esc", "/", "0", "enter", "Y", "esc", "p", "Y", "p", "d", "esc", "u", "esc", "?", "esc"}
	styles := []report.Style{{Glyphs: report.WGL4, Color: true}, {Glyphs: report.ASCII}, {Glyphs: report.WGL4}}
	for i, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { // reading waits for the next frame
				m := capturedModel(t, nil, filepath.Base(name))
				m.look = newLook(styles[i%len(styles)])
				m.svc.WritePackets = func(context.Context, CaptureRequest, string) (int64, error) { return 0, nil }
				pressed := func(keys []string) {
					for _, k := range keys {
						press(m, k)
						if whole(t, m); t.Failed() {
							t.Fatalf("after %q", k)
						}
					}
				}
				for _, size := range []tea.WindowSizeMsg{{Width: 44, Height: 16}, {Width: 80, Height: 24}, {Width: 160, Height: 50}} {
					m.Update(size)
					for _, pane := range panes {
						pressed(append([]string{pane}, inPane...))
					}
					pressed(apart)
					if _, in := m.top().(*captureView); !in {
						t.Fatal("the keys lead out of the view")
					}
				}
			})
		})
	}
}

func TestCaptureCopies(t *testing.T) {
	m := capturedModel(t, nil, "refused_c004f042.pcap")
	press(m, "n", "2", "up", "3", "down", "down", "down", "down", "down", "down", "down", "down", "down")
	v := captureOf(m)
	for _, c := range []struct {
		pane     string
		evidence bool
		what     string
		want     []string
	}{
		{"1", false, "the fix", []string{commandsOf(holding(m.causes)[0].Remedies[0])}},
		{"3", false, "the value", []string{"d3a97a8f-8b06-4642-bc66-54dbcb4d24f9"}},
		{"1", true, "the conversation", []string{"10.77.1.2:55930 > 10.77.0.10:1688", "0xC004F042", "  >  BIND ", "  <  KMS RESPONSE "}},
		{"2", true, "the message", []string{"  >  KMS REQUEST ", "client machine id: d3a97a8f-8b06-4642-bc66-54dbcb4d24f9 (decrypted 116-131)"}},
		{"3", true, "the fields", []string{"N policy: 25 (decrypted 132-135)"}},
		{"4", true, "the bytes", []string{"0000  05 00 00 03 10 00 00 00  ", "\n0070  55 55 66 66 8f 7a a9 d3  06 8b 42 46 bc 66 54 db  UUff.z....BF.fT."}},
	} {
		press(m, c.pane)
		text := v.copyText(m, c.evidence)
		for _, want := range c.want {
			if !strings.Contains(text, want) || want == "" {
				t.Errorf("pane %s, %s: no %q in\n%s", c.pane, c.what, want, text)
			}
		}
		if got := v.copyName(m, c.evidence); got != c.what {
			t.Errorf("pane %s copies %q, want %q", c.pane, got, c.what)
		}
	}
	m.capture.evidence = evidence.Set{}
	press(m, "p")
	for _, pane := range []string{"1", "2", "3", "4"} {
		press(m, pane)
		for _, secret := range []string{"10.77.", "d3a97a8f", "corp.test", "66 8f 7a a9 d3"} {
			if text := v.copyText(m, true) + v.copyText(m, false); strings.Contains(text, secret) {
				t.Errorf("pane %s: hidden names are copied, %s:\n%s", pane, secret, text)
			}
		}
	}
}

// TestCaptureFieldIsReadToItsEnd looks for all of a value in the zoomed pane.
func TestCaptureFieldIsReadToItsEnd(t *testing.T) {
	for _, size := range append(sizes[1:], tea.WindowSizeMsg{Width: 40, Height: 10}) {
		m := capturedModel(t, nil, "dns_srv_failover.pcap")
		m.Update(size)
		var words []string
		for i := range 200 {
			words = append(words, "w"+strings.Repeat("o", i%7)+string(rune('a'+i%26))+"d")
		}
		v := captureOf(m)
		l := v.current().messages[1].lookup
		l.Detail, l.SRV = strings.Join(words, " "), nil
		press(m, "3", "enter", "home", "down", "down")
		seen := map[string]bool{}
		var got []string
		for range 100 {
			for _, line := range strings.Split(ansi.Strip(whole(t, m)), "\n") {
				if !seen[line] {
					seen[line] = true
					got = append(got, line)
				}
			}
			press(m, "down")
		}
		all := strings.Join(strings.Fields(strings.NewReplacer("│", " ", ">", " ").Replace(strings.Join(got, " "))), " ")
		for at, w := range words {
			if !strings.Contains(all, w) {
				t.Errorf("%dx%d: word %d, %q, cannot be read", size.Width, size.Height, at, w)
				break
			}
		}
		if !strings.Contains(all, strings.Join(words[:3], " ")) || !strings.Contains(all, words[199]) {
			t.Errorf("%dx%d: the value does not begin or end:\n%s", size.Width, size.Height, all)
		}
	}
}

// TestCaptureMarksEveryHeader looks for the running capture in the other views.
func TestCaptureMarksEveryHeader(t *testing.T) {
	for place, names := range places {
		if place == "capture" {
			continue
		}
		m := modelOf(t, recordedRun(t, "one-of-two-ill"))
		m.svc = everyService()
		m.capture = &capturing{ask: CaptureRequest{Interface: "eth0"}, feed: newCaptureFeed(), stop: func() {}, talks: newTalks(), running: true}
		m.capture.counters.Packets = 1204
		press(m, names...)
		for _, size := range []tea.WindowSizeMsg{{Width: 80, Height: 24}, {Width: 160, Height: 50}} {
			m.Update(size)
			if first, _, _ := strings.Cut(ansi.Strip(whole(t, m)), "\n"); !strings.Contains(first, "capture runs: 1,204 packets") {
				t.Errorf("%s, %d wide: %s", place, size.Width, first)
			}
		}
		m.Update(tea.WindowSizeMsg{Width: 40, Height: 12})
		if first, _, _ := strings.Cut(ansi.Strip(whole(t, m)), "\n"); !strings.Contains(first, "capture runs") && !strings.Contains(first, "(capturing)") {
			t.Errorf("%s, 40 wide: %s", place, first)
		}
		m.capture.running = false
		if strings.Contains(m.frame(), "(captur") {
			t.Errorf("%s: a capture that has ended runs", place)
		}
	}
}

// TestCaptureSaysWhenWritingFails breaks a file while it is written.
func TestCaptureSaysWhenWritingFails(t *testing.T) {
	m := paused(t)
	press(m, "space")
	c, v := m.capture, captureOf(m)
	full := &fs.PathError{Op: "write", Path: "/var/tmp/kms.pcapng", Err: syscall.ENOSPC}
	begun := captureWroteMsg{ask: c.ask, name: "kms.pcapng"}
	for _, order := range [][]tea.Msg{
		{begun, captureMsg{feed: c.feed, unwritten: full}},
		{captureMsg{feed: c.feed, unwritten: full}, begun}, // it broke at once
		{begun, captureWroteMsg{ask: c.ask, err: full}},    // or at the end
	} {
		c.writing, c.unwritten = "", nil
		for _, msg := range order {
			m.Update(msg)
		}
		frame := ansi.Strip(whole(t, m))
		for _, want := range []string{"writing kms.pcapng failed: no space left", "WRITING FAILED"} {
			if !strings.Contains(frame, want) {
				t.Errorf("no %q in\n%s", want, frame)
			}
		}
		if c.writing != "" || !c.running {
			t.Errorf("writing %q, running %v", c.writing, c.running)
		}
	}
	m.svc.WritePackets = func(context.Context, CaptureRequest, string) (int64, error) { return 0, nil }
	press(m, "w")
	v.typed.text = "other.pcapng"
	_, cmd := m.Update(keyPress("enter"))
	m.Update(cmd())
	if c.writing != "other.pcapng" || strings.Contains(m.frame(), "FAILED") {
		t.Errorf("another file: writing %q\n%s", c.writing, m.frame())
	}
}

// TestCaptureThatBreaksOffKeepsWhatItFound ends a capture by an error.
func TestCaptureThatBreaksOffKeepsWhatItFound(t *testing.T) {
	m := paused(t)
	m.capture.counters.Packets = 40
	m.Update(captureMsg{feed: m.capture.feed, ended: true, err: errors.New("the interface went down")})
	if v := captureOf(m); v.choosing || !strings.Contains(m.note, "broke off: the interface went down") {
		t.Errorf("choosing %v, note %q", v.choosing, m.note)
	}
	whole(t, m)
}
