package tui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"go.uber.org/goleak"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// recordings reads capture files as the program's service does.
func recordings(ctx context.Context, ask CaptureRequest, emit func(CaptureEvent)) error {
	job := capture.Job{Files: ask.Files, Options: capture.Options{Steps: true, Workers: 1, Records: func(records []capture.Record, _ []byte) {
		emit(CaptureEvent{Records: records})
	}}}
	r, err := job.Run(ctx)
	if err != nil {
		return err
	}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	emit(CaptureEvent{Result: &CaptureResult{
		Evidence: r.Evidence, Counters: r.Counters, Broken: r.BrokenText(), Final: true,
		Events: append([]run.Event{capture.Plan("1.0.0", now, ask.Files...)}, r.Events(now, time.Second, false)...),
	}})
	return nil
}

func recordingNamed(name string) string {
	return filepath.Join("..", "capture", "testdata", "captures", name)
}

// capturedModel is a program in the capture view of a recording, read to its end.
func capturedModel(t testing.TB, events []run.Event, name string) *Model {
	t.Helper()
	m := modelOf(t, events)
	m.svc.Capture = recordings
	v := open(m, func() *captureView { return &captureView{} })
	settle(t, m, v.start(m, CaptureRequest{Files: []string{recordingNamed(name)}}))
	return m
}

// settle runs commands and gives their messages to the program until there are none.
func settle(t testing.TB, m *Model, cmd tea.Cmd) {
	t.Helper()
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			settle(t, m, c)
		}
	default:
		_, next := m.Update(msg)
		settle(t, m, next)
	}
}

func captureOf(m *Model) *captureView { return m.top().(*captureView) }

func TestCaptureFrames(t *testing.T) {
	for name, make := range map[string]func() *Model{
		"served": func() *Model { return capturedModel(t, nil, "products_mix.pcap") },
		"refused field": func() *Model {
			m := capturedModel(t, nil, "refused_c004f042.pcap")
			press(m, "down", "2", "up", "3", "down", "down", "down", "down", "down", "down", "down", "down")
			return m
		},
		"silent": func() *Model { return capturedModel(t, nil, "syn_timeout_dropped.pcap") },
		"looked up": func() *Model {
			return capturedModel(t, nil, "dns_srv_failover.pcap")
		},
		"joined": func() *Model {
			return capturedModel(t, recordedRun(t, "one-of-two-ill"), "refused_c004f042.pcap")
		},
		"bytes zoomed": func() *Model {
			m := capturedModel(t, nil, "reuse_v6_ndr64_n12.pcap")
			press(m, "4", "enter", "down", "down", "down")
			return m
		},
		"fields zoomed": func() *Model {
			m := capturedModel(t, nil, "refused_c004f042.pcap")
			press(m, "n", "2", "up", "3", "enter", "end", "up", "up", "up")
			return m
		},
		"broken off": func() *Model { return capturedModel(t, nil, "broken_cut_record.pcap") },
		"empty":      func() *Model { return capturedModel(t, nil, "empty_no_packets.pcap") },
		"one way":    func() *Model { return capturedModel(t, nil, "one_direction.pcap") },
		"prohibited": func() *Model { return capturedModel(t, nil, "icmp_admin_prohibited.pcap") },
		"no bytes":   func() *Model { m := capturedModel(t, nil, "products_mix.pcap"); press(m, "x"); return m },
		"filtered": func() *Model {
			m := capturedModel(t, nil, "products_mix.pcap")
			press(m, "/", "o", "f", "f", "i")
			return m
		},
		"encrypted": func() *Model { return encrypted(t) },
		"paused":    func() *Model { return paused(t) },
		"choosing": func() *Model {
			m := modelOf(t, nil)
			m.svc.Capture = recordings
			m.svc.Interfaces = func() ([]capture.Interface, error) {
				return []capture.Interface{{Name: "eth0", Up: true, Addresses: []string{"10.0.4.17/24"}}, {Name: "lo", Up: true, Loopback: true}}, nil
			}
			settle(t, m, m.openCapture())
			press(m, "down")
			return m
		},
		"typing a file": func() *Model {
			m := modelOf(t, nil)
			m.svc.Capture = recordings
			press(m, "c", "enter", "/", "t", "m", "p", "/", "q")
			return m
		},
		"not allowed": func() *Model { return notAllowed(t) },
		"writing": func() *Model {
			m := capturedModel(t, nil, "products_mix.pcap")
			m.svc.WritePackets = func(context.Context, CaptureRequest, string) (int64, error) { return 0, nil }
			press(m, "w")
			return m
		},
		"writing, hidden": func() *Model {
			m := capturedModel(t, nil, "products_mix.pcap")
			m.svc.WritePackets = func(context.Context, CaptureRequest, string) (int64, error) { return 0, nil }
			press(m, "p", "w")
			return m
		},
		"wrong path": func() *Model {
			m := modelOf(t, nil)
			m.svc.Capture = func(_ context.Context, ask CaptureRequest, _ func(CaptureEvent)) error {
				return &fs.PathError{Op: "open", Path: ask.Files[0], Err: fs.ErrNotExist}
			}
			press(m, "c", "enter", "x", ".", "p", "c")
			_, cmd := m.Update(keyPress("enter"))
			settle(t, m, cmd)
			return m
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := make()
			frames(t, func() *Model { return m })
		})
	}
}

// notAllowed is a program that may not capture.
func notAllowed(t testing.TB) *Model {
	m := modelOf(t, nil)
	m.svc.Capture = func(context.Context, CaptureRequest, func(CaptureEvent)) error {
		return fmt.Errorf("capturing: %w", &capture.PrivilegeError{Err: errors.New("capturing needs the right to open packet sockets"), Cure: "run it with sudo, or once: sudo setcap cap_net_raw+ep kmsdiag"})
	}
	v := open(m, func() *captureView { return &captureView{} })
	settle(t, m, v.start(m, CaptureRequest{Interface: "eth0"}))
	return m
}

// paused is a live capture that goes on while the view stands still.
func paused(t testing.TB) *Model {
	m := modelOf(t, nil)
	m.svc.Capture = recordings
	open(m, func() *captureView { return &captureView{follow: true} })
	m.capture = &capturing{ask: CaptureRequest{Interface: "eth0"}, feed: newCaptureFeed(), stop: func() {}, talks: newTalks(), running: true}
	m.Update(captureMsg{feed: m.capture.feed, items: flood(0, 4)})
	press(m, "space")
	m.Update(captureMsg{feed: m.capture.feed, items: flood(4, 40)})
	return m
}

// encrypted is a request whose sealed part is not sealed with a key of KMS.
func encrypted(t testing.TB) *Model {
	m := capturedModel(t, nil, "reuse_v6_ndr64_n12.pcap")
	for _, talk := range m.capture.talks.list {
		for i := range talk.messages {
			if msg := &talk.messages[i]; len(msg.data) > 200 && msg.data[2] == 0 {
				for j := 100; j < len(msg.data)-8; j++ {
					msg.data[j] ^= 0x5a
				}
				v := captureOf(m)
				v.message, v.field = i, anyField
				press(m, "3", "end")
				return m
			}
		}
	}
	t.Fatal("no request in the recording")
	return nil
}

func TestCaptureFindsWhatTheFilterSays(t *testing.T) {
	m := capturedModel(t, nil, "refused_c004f042.pcap")
	all := len(captureOf(m).shown)
	for text, want := range map[string]func(int) bool{
		"0xc004f042": func(n int) bool { return n > 0 && n < all },
		"10.77.1":    func(n int) bool { return n == all || n > 0 },
		"office":     func(n int) bool { return n == 1 },
		"no such":    func(n int) bool { return n == 0 },
	} {
		press(m, "/", text, "enter")
		if n := len(captureOf(m).shown); !want(n) {
			t.Errorf("/%s leaves %d of %d conversations", text, n, all)
		}
		press(m, "esc")
		if len(captureOf(m).shown) != all {
			t.Errorf("esc leaves the filter")
		}
	}
}

func TestCapturePauseKeepsWhatArrives(t *testing.T) {
	m := paused(t)
	if n := len(m.capture.talks.list); n != 4 {
		t.Fatalf("%d conversations while paused, want the 4 of before", n)
	}
	press(m, "space")
	if n := len(m.capture.talks.list); n != 44 || m.capture.paused {
		t.Errorf("%d conversations after going on, want 44", n)
	}
	press(m, "space")
	m.Update(captureMsg{feed: m.capture.feed, items: flood(100, maxPaused+10)})
	if n := len(m.capture.waiting); n != maxPaused || m.capture.missed == 0 {
		t.Errorf("%d records wait, %d were left out; want %d and some", n, m.capture.missed, maxPaused)
	}
}

func TestCaptureJoinsTheRun(t *testing.T) {
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	m.svc.Capture = recordings
	v := open(m, func() *captureView { return &captureView{} })
	settle(t, m, v.start(m, CaptureRequest{Files: []string{recordingNamed("refused_c004f042.pcap")}}))
	if !strings.Contains(m.joinedNames(), "capture") || len(m.pasted.Exchanges) == 0 {
		t.Errorf("joined %q with %d exchanges", m.joinedNames(), len(m.pasted.Exchanges))
	}
	settle(t, m, v.start(m, CaptureRequest{Files: []string{recordingNamed("empty_no_packets.pcap")}}))
	if len(m.pasted.Exchanges) != 0 {
		t.Errorf("another capture leaves the evidence of the first: %d exchanges", len(m.pasted.Exchanges))
	}
}

func TestCaptureAloneIsWhatGetsPrinted(t *testing.T) {
	m := capturedModel(t, nil, "refused_c004f042.pcap")
	events := m.Events()
	if n := len(events); n == 0 || events[0].Plan == nil || events[n-1].Summary == nil {
		t.Fatalf("%d events, want a plan to a summary", n)
	}
	m.svc.Run = noRun
	press(m, "R")
	if m.ofCapture || !strings.Contains(m.joinedNames(), "capture") {
		t.Error("a run does not take the capture's place with its evidence beside it")
	}
}

func TestCaptureGoesOnWithoutItsView(t *testing.T) {
	m := paused(t)
	press(m, "space", "esc", "esc")
	if _, open := m.top().(*captureView); open {
		t.Fatal("esc does not leave the view")
	}
	m.Update(captureMsg{feed: m.capture.feed, items: flood(50, 5)})
	if n := len(m.capture.talks.list); n != 49 || !m.capture.running {
		t.Errorf("%d conversations, running %v; want 49 and a capture that runs", n, m.capture.running)
	}
	press(m, "c")
	if v := captureOf(m); v.choosing || v.current() == nil {
		t.Error("c does not come back to the capture")
	}
}

func TestCaptureEndsWithTheProgram(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	m := modelOf(t, nil)
	m.svc.Capture = func(ctx context.Context, _ CaptureRequest, emit func(CaptureEvent)) error {
		for ctx.Err() == nil { // nobody takes the records: the reader must wait, not grow
			emit(CaptureEvent{Records: []capture.Record{{Step: &capture.Step{Conn: 1}}}})
		}
		return nil
	}
	for _, name := range []string{"eth0", "eth1"} { // the second ends the first
		begin := m.startCapture(CaptureRequest{Interface: name})
		m.Update(begin())
	}
	m.endCapture()
	select {
	case <-m.capture.feed.done:
	default:
		t.Error("the capture goes on after the program")
	}
	if n := len(m.capture.feed.items); n > maxFed {
		t.Errorf("%d records on the way", n)
	}
}

func TestCaptureWriteSaysWhatHappened(t *testing.T) {
	m := capturedModel(t, nil, "products_mix.pcap")
	m.svc.WritePackets = func(_ context.Context, _ CaptureRequest, name string) (int64, error) {
		if name == "there.pcap" {
			return 0, fmt.Errorf("a file for packets: %w", fs.ErrExist)
		}
		return 252, nil
	}
	for name, want := range map[string]string{"there.pcap": "left alone", "new.pcap": "252 packets of KMS in products_mix.pcap"} {
		press(m, "w")
		v := captureOf(m)
		v.typed.text = name
		_, cmd := m.Update(keyPress("enter"))
		settle(t, m, cmd)
		if !strings.Contains(m.note, want) {
			t.Errorf("writing %s says %q, want %q", name, m.note, want)
		}
	}
}

func TestCaptureHidesNames(t *testing.T) {
	for _, name := range []string{"products_mix.pcap", "dns_srv_failover.pcap"} {
		m := capturedModel(t, nil, name)
		m.capture.evidence = evidence.Set{}
		press(m, "p")
		m.Update(tea.WindowSizeMsg{Width: 160, Height: 50})
		for range 20 {
			press(m, "down")
			frame := ansi.Strip(whole(t, m))
			for _, secret := range []string{"10.77.", "fd77:", "03612-", "corp.test", "kms-dead", "VM-", "client-"} {
				if strings.Contains(frame, secret) {
					t.Fatalf("hidden names are shown, %s:\n%s", secret, frame)
				}
			}
		}
	}
}

func TestCaptureHostileIsWhole(t *testing.T) {
	attack := "\x1b[2J\x1b]0;x\x07\u202ekms\u200b\r\n\t日本語" + strings.Repeat("x", 64<<10)
	m := capturedModel(t, nil, "dns_srv_failover.pcap")
	for _, talk := range m.capture.talks.list {
		talk.text = attack
		for i := range talk.messages {
			msg := &talk.messages[i]
			if msg.lookup != nil {
				msg.lookup.Name, msg.lookup.Detail = attack, attack
			}
			for j := range msg.data {
				msg.data[j] = byte(j * 37)
			}
		}
	}
	for _, size := range append(sizes, tea.WindowSizeMsg{Width: 40, Height: 10}, tea.WindowSizeMsg{Width: 200, Height: 60}) {
		m.Update(size)
		for range 8 {
			press(m, "1", "down", "2", "up", "3", "down", "4", "enter", "enter", "x", "x")
			whole(t, m)
			if t.Failed() {
				return
			}
		}
	}
}

// flood makes records of connections, one each, as a busy host would give.
func flood(from, n int) []captureItem {
	items := make([]captureItem, n)
	for i := range items {
		data := make([]byte, 300)
		copy(data, []byte{5, 0, 2, 3, 0x10})
		items[i] = captureItem{talk: int64(from + i + 1), isStep: true, step: talkMessage{at: int64(from+i) * 1e5, kind: capture.StepPDU, data: data, length: 300}}
	}
	return items
}

func TestCaptureMemoryStaysFlat(t *testing.T) {
	s := newTalks()
	measure := func() uint64 {
		runtime.GC()
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		return mem.HeapAlloc
	}
	const perSecond = 10_000
	rounds := 30 // of a second each; KMSDIAG_HOUR simulates a whole hour
	if os.Getenv("KMSDIAG_HOUR") != "" {
		rounds = 3600
	}
	var early uint64
	for i := range rounds {
		for part := range 15 {
			s.take(flood(i*perSecond+part*perSecond/15, perSecond/15))
		}
		if i == rounds/4 {
			early = measure()
		}
	}
	late := measure()
	t.Logf("heap after %d s: %d KiB, after %d s: %d KiB", rounds/4, early>>10, rounds, late>>10)
	if late > early+early/4+(1<<20) || len(s.list) > maxTalks || s.size > maxKept {
		t.Errorf("the heap grows from %d to %d KiB with %d conversations of %d bytes", early>>10, late>>10, len(s.list), s.size)
	}
	runtime.KeepAlive(s)
}

// BenchmarkCaptureFlood measures from a key to its frame, at 160x50, while 10,000
// records a second come: each message carries what a screen refresh apart brings.
func BenchmarkCaptureFlood(b *testing.B) {
	m := modelOf(b, nil)
	m.Update(tea.WindowSizeMsg{Width: 160, Height: 50})
	open(m, func() *captureView { return &captureView{follow: true} })
	m.capture = &capturing{ask: CaptureRequest{Interface: "eth0"}, feed: newCaptureFeed(), stop: func() {}, talks: newTalks(), running: true}
	const each = 10_000 * 66 / 1000
	n := 0
	m.Update(captureMsg{feed: m.capture.feed, items: flood(0, 20_000)})
	var took []time.Duration
	for b.Loop() {
		b.StopTimer()
		items := flood(20_000+n*each, each)
		n++
		b.StartTimer()
		began := time.Now()
		m.Update(captureMsg{feed: m.capture.feed, items: items}) // the key comes just behind a message
		m.View()
		press(m, "down")
		m.View()
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(took[len(took)*99/100]), "p99-ms")
	b.ReportMetric(ms(took[len(took)-1]), "worst-ms")
}
