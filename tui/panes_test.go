package tui

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// ownHandshake are messages as a recorder hands them out, with a sealed part.
func ownHandshake() []Message {
	at := time.Date(2026, 11, 23, 12, 4, 5, 113e6, time.UTC)
	header := func(kind string, length int) []MessageField {
		return []MessageField{
			{Name: "RPC version", Value: "5.0", To: 2},
			{Name: "packet type", Value: kind, From: 2, To: 3},
			{Name: "fragment length", Value: "160", From: 8, To: length},
		}
	}
	wire, clear := make([]byte, 48), make([]byte, 48)
	for i := range wire {
		wire[i], clear[i] = byte(0xf0+i%16), byte(0x20+i)
	}
	return []Message{
		{At: at, Sent: true, Name: "BIND", Text: "3 contexts: NDR32, NDR64, BTFN(0x3); fragment 5840", Fields: header("11 (bind)", 10), Bytes: wire},
		{At: at.Add(6 * time.Millisecond), Name: "BIND_ACK", Text: "accepted NDR64", Fields: header("12 (bind_ack)", 10), Bytes: wire},
		{At: at.Add(7 * time.Millisecond), Sent: true, Name: "KMS REQUEST", Text: "v6.0  Windows 11 Enterprise  needs 25", Bytes: wire, Clear: clear, Fields: append(header("0 (request)", 10),
			MessageField{Name: "client machine id", Value: "6b6d7364-6961-4767-a070-726f62653031  that of every kmsdiag", From: 16, To: 32, Sealed: true},
			MessageField{Name: "workstation name", Value: "PC-0417\x1b[2J", From: 32, To: 48, Sealed: true},
			MessageField{Name: "return value", Value: "0"})},
		{At: at.Add(28 * time.Millisecond), Name: "KMS RESPONSE", Text: "v6.0  count 50", Bytes: wire, Fields: append(header("2 (response)", 10),
			MessageField{Name: "ePID", Value: "03612-00206-000-000000-03-1033-20348.0000-0642024", From: 10, To: 20, Sealed: true})},
	}
}

// withHandshake is a program whose first endpoint has a recorded handshake.
func withHandshake(t testing.TB, name string) *Model {
	t.Helper()
	m := modelOf(t, recordedRun(t, name))
	m.svc.Messages = func(e netip.AddrPort) []Message {
		if e == netip.MustParseAddrPort("192.0.2.5:1688") {
			return ownHandshake()
		}
		return nil
	}
	answer(m, m.askMessages())
	return m
}

// answer runs a command to its end and gives its messages to the program.
func answer(m *Model, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			answer(m, c)
		}
	default:
		_, next := m.Update(msg)
		answer(m, next)
	}
}

// goTo puts the cursor on a row.
func goTo(t testing.TB, m *Model, check, subject string) {
	t.Helper()
	c := m.views[0].(*checksView)
	if m.run.byKey[answerKey{check, subject}] == nil {
		t.Fatalf("there is no row %s %s", check, subject)
	}
	c.cursor, c.moved = answerKey{check, subject}, true
}

func TestPaneFrames(t *testing.T) {
	for name, names := range map[string][]string{
		"panes":    nil,
		"timeline": {"3"},
		"messages": {"4", "down", "down"},
		"fields":   {"4", "down", "down", "tab", "down", "down", "down"},
		"hidden":   {"p", "4", "down", "down", "tab", "down", "down", "down"},
	} {
		t.Run(name, func(t *testing.T) {
			frames(t, func() *Model {
				m := withHandshake(t, "one-of-two-ill")
				goTo(t, m, "kms.request", "192.0.2.5:1688")
				press(m, names...)
				return m
			})
		})
	}
}

func TestPanesOfOwnMessages(t *testing.T) {
	m := withHandshake(t, "one-of-two-ill")
	m.Update(tea.WindowSizeMsg{Width: 160, Height: 50})
	if frame := whole(t, m); !strings.Contains(frame, "no handshake with kms02 192.0.2.6:1688; those with others:") {
		t.Errorf("a silent host's row does not say that it has no messages:\n%s", frame)
	}
	press(m, "tab", "tab", "tab")
	if frame := whole(t, m); !strings.Contains(frame, "4 Packets (own handshake): arrows move here") {
		t.Errorf("tab does not reach pane 4:\n%s", frame)
	}
	press(m, "down", "enter")
	v, ok := m.top().(*messagesView)
	if !ok || v.message != 1 {
		t.Fatalf("enter opened %T", m.top())
	}
	press(m, "down", "tab", "down", "down", "down")
	frame := whole(t, m)
	if !strings.Contains(frame, "sealed on the wire; these bytes are decrypted") || !strings.Contains(frame, "[30 31 32") {
		t.Errorf("the sealed field is not shown opened:\n%s", frame)
	}
	if got := v.copyText(m, true); !strings.Contains(got, "KMS REQUEST") || !strings.Contains(got, "0010  f0f1f2") {
		t.Errorf("Y copies %q", got)
	}
	press(m, "p")
	if got := v.copyText(m, true); strings.Contains(got, "6b6d7364") || strings.Contains(got, "f0f1f2") {
		t.Errorf("Y copies what is hidden: %q", got)
	}
	frame = whole(t, m)
	if strings.Contains(frame, "6b6d7364") || strings.Contains(frame, "30 31 32") || strings.Contains(frame, "kms01") {
		t.Errorf("hidden names are on the screen:\n%s", frame)
	}
	press(m, "p", "x", "esc")
	if v.pane != 0 || m.top() != view(v) {
		t.Error("esc does not go back from the fields to the messages first")
	}
	press(m, "esc")
	if _, ok := m.top().(*checksView); !ok {
		t.Errorf("esc leads to %T", m.top())
	}
}

func TestMessagesAreAskedForOnce(t *testing.T) {
	m := modelOf(t, recordedRun(t, "healthy"))
	asked := 0
	m.svc.Messages = func(netip.AddrPort) []Message { asked++; return ownHandshake() }
	cmd := m.askMessages()
	if m.askMessages() != nil {
		t.Error("two questions at a time")
	}
	answer(m, cmd)
	if asked != 2 || m.askMessages() != nil {
		t.Errorf("%d endpoints asked of 2, and asked again without new answers", asked)
	}
	m.run.byKey[answerKey{"kms.request", "192.0.2.5:1688"}].old = true
	if m.askMessages() == nil {
		t.Error("not asked again when answers changed")
	}
}

func TestTimeline(t *testing.T) {
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	list, whole := spans(m)
	if len(list) != 13 || whole < 3*time.Second {
		t.Fatalf("%d phases in %s", len(list), whole)
	}
	lines := strings.Join(timelineLines(m, 80, 30, 0, answerKey{"tcp.connect", "192.0.2.6:1688"}), "\n")
	for _, want := range []string{"> tcp.connect kms02", "3.3 s, timeout", "░", "  tcp.connect kms01", "<1 ms"} {
		if !strings.Contains(lines, want) {
			t.Errorf("%q is missing in\n%s", want, lines)
		}
	}
	m.run.byKey[answerKey{"dns.srv", "corp.example"}].old = true
	if lines := strings.Join(timelineLines(m, 80, 30, 0, answerKey{}), "\n"); !strings.Contains(lines, "earlier round") {
		t.Errorf("an answer of an earlier round has a bar:\n%s", lines)
	}
	running := modelOf(t, half(recordedRun(t, "one-of-two-ill")))
	running.now = running.now.Add(2 * time.Second)
	if lines := strings.Join(timelineLines(running, 80, 30, 0, answerKey{}), "\n"); !strings.Contains(lines, "so far") {
		t.Errorf("a phase that goes on does not say so:\n%s", lines)
	}
	if lines := timelineLines(modelOf(t, nil), 80, 5, 0, answerKey{}); lines[0] != "nothing has been asked yet" {
		t.Errorf("%q", lines)
	}
}

func TestHostileMessages(t *testing.T) {
	attack := "\x1b[2J\u202e" + strings.Repeat("日", 64<<10)
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	m.svc.Messages = func(netip.AddrPort) []Message {
		var list []Message
		for i := range 1000 {
			list = append(list, Message{Name: attack, Text: attack, Fields: []MessageField{{Name: attack, Value: attack, From: 3, To: 1 << 20}}, Bytes: make([]byte, i)})
		}
		return list
	}
	answer(m, m.askMessages())
	if n := len(m.views[0].(*checksView).tape.list); n != maxShown {
		t.Errorf("%d messages are kept", n)
	}
	press(m, "4", "G")
	for _, size := range append(sizes, tea.WindowSizeMsg{Width: 200, Height: 60}, tea.WindowSizeMsg{Width: 40, Height: 10}) {
		m.Update(size)
		whole(t, m)
		press(m, "tab")
		whole(t, m)
	}
}
