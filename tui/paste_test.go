package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/evidence/windows"
	"github.com/kmsdiag/kmsdiag/run"
)

// judgeAll diagnoses as a run does.
func judgeAll(results []run.Result, with evidence.Set) run.Summary {
	var set evidence.Set
	for _, r := range results {
		set.Add(r.Evidence)
	}
	set.Add(with)
	causes := diagnose.Diagnose(&set)
	s := run.Summary{Conclusion: diagnose.Conclude(&set, causes).Text}
	for _, c := range causes {
		switch c.Verdict {
		case diagnose.Found, diagnose.Possible:
			s.Causes = append(s.Causes, c)
		case diagnose.RuledOut:
			s.RuledOut = append(s.RuledOut, c)
		}
	}
	return s
}

// readAll reads pasted text as the program does.
func readAll(ctx context.Context, text string) (Pasted, error) {
	p, err := windows.ReadString(ctx, text, "pasted text")
	out := Pasted{Set: p.Set, Truncated: p.Truncated.Any()}
	for _, k := range p.Kinds {
		out.Kinds = append(out.Kinds, string(k.Kind))
	}
	for _, l := range p.Unread {
		out.Unread = append(out.Unread, l.Text)
	}
	return out, err
}

// follow runs a command, and those that its messages lead to. It must run in a
// bubble of synctest, where pauses take no time.
func follow(m *Model, cmd tea.Cmd) {
	queue := []tea.Cmd{cmd}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if next == nil {
			continue
		}
		switch msg := next().(type) {
		case nil:
		case tea.BatchMsg:
			queue = append(queue, msg...)
		default:
			_, more := m.Update(msg)
			queue = append(queue, more)
		}
	}
}

// pasting is a program over a recorded run with the paste view open.
func pasting(t testing.TB, name string) *Model {
	m := modelOf(t, recordedRun(t, name))
	m.svc.Read, m.svc.Judge = readAll, judgeAll
	press(m, "v")
	return m
}

// pasteText gives a program text as one paste and lets it be read.
func pasteText(t *testing.T, m *Model, text string) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		_, cmd := m.Update(tea.PasteMsg{Content: text})
		follow(m, cmd)
	})
}

const wrongClock = "Name: Windows(R), Enterprise edition\r\nLicense Status: Notification\r\n" +
	"Product key BCDFG-HJKMP-QRTVW-XY234-6789B\r\nError: 0xC004F06C\r\nthe printer jams\r\n"

func TestPasteFrames(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "read": wrongClock, "cut": strings.Repeat(wrongClock, maxPaste/len(wrongClock)+2)} {
		t.Run(name, func(t *testing.T) {
			var pasted Pasted
			if text != "" {
				pasted, _ = readAll(t.Context(), wrongClock)
			}
			frames(t, func() *Model {
				m := pasting(t, "one-of-two-ill")
				if text != "" {
					m.svc.Read = func(context.Context, string) (Pasted, error) { return pasted, nil }
					pasteText(t, m, text)
				}
				return m
			})
		})
	}
}

func TestPastedTextChangesTheCauses(t *testing.T) {
	m := pasting(t, "one-of-two-ill")
	m.Update(tea.WindowSizeMsg{Width: 160, Height: 50})
	before := m.run.summary.Conclusion
	pasteText(t, m, wrongClock)
	frame := ansi.Strip(m.frame())
	for _, want := range []string{"+ possible: The clocks", "(new)", "slmgr /dl", "+ pasted text", "the printer jams"} {
		if !strings.Contains(frame, want) {
			t.Errorf("no %q in\n%s", want, frame)
		}
	}
	if strings.Contains(frame, "BCDFG") {
		t.Errorf("the product key is on screen:\n%s", frame)
	}
	m.take(t, pasteEscapeMsg{m.paste.strokes})
	if _, open := m.top().(*pasteView); open || !m.joined || len(m.pasted.Codes) == 0 {
		t.Errorf("after leaving: open %v, joined %v, %d codes", open, m.joined, len(m.pasted.Codes))
	}
	press(m, "v", "delete")
	synctest.Test(t, func(*testing.T) { follow(m, m.paste.take(m, pasteQuietMsg{m.paste.seen})) })
	if m.joined || len(m.pasted.Codes) != 0 || m.run.summary.Conclusion != before {
		t.Errorf("cleared, but joined %v, %d codes, conclusion %q", m.joined, len(m.pasted.Codes), m.run.summary.Conclusion)
	}
}

// take gives the paste view a message of its own.
func (m *Model) take(t *testing.T, msg pasteMsg) {
	t.Helper()
	synctest.Test(t, func(*testing.T) { _, cmd := m.Update(msg); follow(m, cmd) })
}

// TestPastedTextPressesNoCommand types what a console without bracketed paste
// makes of a paste, with everything in it that would press a command.
func TestPastedTextPressesNoCommand(t *testing.T) {
	m := pasting(t, "one-of-two-ill")
	ran := 0
	m.svc.Run = func(context.Context, Request, func(run.Event)) error { ran++; return nil }
	for _, r := range "qRrWHstdcmup?/\x1b\x1b[31mR\x1b:q\r\n\x04\t1\x7fJ" {
		switch r {
		case '\x1b':
			press(m, "esc")
			// The pause behind it ends when more has come.
			stale := pasteEscapeMsg{m.paste.strokes}
			press(m, "x", "backspace")
			m.take(t, stale)
		case '\r':
			press(m, "enter")
		case '\n':
			m.Update(tea.KeyPressMsg{Code: 'j', Mod: tea.ModCtrl})
		case '\x04':
			m.Update(tea.KeyPressMsg{Code: 'd', Mod: tea.ModCtrl})
		case '\t':
			press(m, "tab")
		case '\x7f':
			press(m, "backspace")
		default:
			press(m, string(r))
		}
	}
	if got, want := string(m.paste.buffer.text), "qRrWHstdcmup?/[31mR:q\n\tJ"; got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	if _, open := m.top().(*pasteView); !open || ran > 0 || len(m.views) != 2 || m.hidden {
		t.Errorf("a command was pressed: open %v, %d runs, %d views, hidden %v", open, ran, len(m.views), m.hidden)
	}
}

func TestEscLeavesOnceNothingFollows(t *testing.T) {
	m := pasting(t, "healthy")
	synctest.Test(t, func(*testing.T) {
		_, cmd := m.Update(keyPress("esc"))
		follow(m, cmd)
	})
	if _, open := m.top().(*pasteView); open {
		t.Error("esc with nothing behind it did not leave")
	}
}

func TestCtrlCLeavesTheProgram(t *testing.T) {
	m := pasting(t, "healthy")
	_, cmd := m.Update(keyPress("ctrl+c"))
	if cmd == nil {
		t.Fatal("no command")
	}
	if _, ok := cmd().(tea.QuitMsg); !ok {
		t.Error("ctrl+c did not leave")
	}
}

func TestHugePasteIsCutAndSaysSo(t *testing.T) {
	m := pasting(t, "healthy")
	m.svc.Read = func(context.Context, string) (Pasted, error) { return Pasted{Kinds: []string{"code"}}, nil }
	pasteText(t, m, strings.Repeat("é0xC004F074 ", 10<<20/13))
	if n := len(m.paste.buffer.text); n > maxPaste || n < maxPaste-utf8.UTFMax || !utf8.Valid(m.paste.buffer.text) {
		t.Errorf("%d bytes kept, of %d", n, maxPaste)
	}
	if frame := ansi.Strip(m.frame()); !strings.Contains(frame, "the first 4.0 MB are kept") {
		t.Errorf("the cut is not said:\n%s", frame)
	}
}

// TestFloodOfKeysIsNotDrawnForEach holds the frame while keys pour in.
func TestFloodOfKeysIsNotDrawnForEach(t *testing.T) {
	m := pasting(t, "healthy")
	m.View()
	painted := 0
	for range 20_000 {
		m.Update(keyPress("a"))
		if m.View(); !m.held {
			painted++
		}
	}
	if painted != 1 {
		t.Errorf("%d frames for keys between two paintings, want the first one's alone", painted)
	}
	m.take(t, pastePaintMsg{})
	if m.held || m.paste.painted != m.paste.seen {
		t.Error("the end of the flood is not painted")
	}
}

func TestTextIsReadOnceAtATime(t *testing.T) {
	m := pasting(t, "healthy")
	press(m, "a", "b")
	first := m.paste.take(m, pasteQuietMsg{m.paste.seen})
	press(m, "c")
	if again := m.paste.take(m, pasteQuietMsg{m.paste.seen}); again != nil {
		t.Error("a second reading began beside the first")
	}
	var read []string
	m.svc.Read = func(_ context.Context, text string) (Pasted, error) {
		read = append(read, text)
		return Pasted{}, nil
	}
	first()
	m.take(t, pasteReadMsg{})
	if len(read) != 1 || read[0] != "abc" {
		t.Errorf("then read %q, want the whole text once more", read)
	}
}

func TestUnreadablePasteSaysWhy(t *testing.T) {
	m := pasting(t, "healthy")
	m.svc.Read = func(context.Context, string) (Pasted, error) {
		return Pasted{}, errors.New("this is no text: it looks like a zip file")
	}
	pasteText(t, m, "PK\x03\x04")
	if frame := ansi.Strip(m.frame()); !strings.Contains(frame, "UNREADABLE") || !strings.Contains(frame, "zip file") {
		t.Errorf("no reason in\n%s", frame)
	}
}

func TestPasteOutsideATypingViewOpensIt(t *testing.T) {
	m := modelOf(t, recordedRun(t, "healthy"))
	m.svc.Read, m.svc.Judge = readAll, judgeAll
	m.Update(tea.PasteMsg{Content: "qqq"})
	if v, open := m.top().(*pasteView); !open || string(v.buffer.text) != "qqq" {
		t.Error("pasted text did not open the paste view")
	}
}

func TestHiddenNamesAreHiddenInThePaste(t *testing.T) {
	m := pasting(t, "one-of-two-ill")
	pasteText(t, m, "kms02.corp.example does not answer\n")
	m.toggleHidden()
	if frame := ansi.Strip(m.frame()); strings.Contains(frame, "kms02.corp.example") {
		t.Errorf("a name is on screen:\n%s", frame)
	}
}

func TestHostilePaste(t *testing.T) {
	attack := "\x1b[2J\x1b]0;gotcha\x07\u202ekms\u200b01\r\n\t日本語\x00\xff\x9b31m" + strings.Repeat("x", 64<<10)
	m := pasting(t, "one-of-two-ill")
	m.svc.Read = func(context.Context, string) (Pasted, error) {
		return Pasted{Kinds: []string{attack}, Unread: []string{attack, attack}}, errors.New(attack)
	}
	pasteText(t, m, attack)
	for w := 40; w <= 170; w += 13 {
		for h := 10; h <= 50; h += 8 {
			m.Update(tea.WindowSizeMsg{Width: w, Height: h})
			whole(t, m)
		}
	}
}

func TestChanges(t *testing.T) {
	list := func(ids string) (out []diagnose.Cause) {
		for _, id := range strings.Fields(ids) {
			v := diagnose.Found
			if strings.HasSuffix(id, "?") {
				v = diagnose.Possible
			} else if strings.HasSuffix(id, "!") {
				v = diagnose.RuledOut
			}
			out = append(out, diagnose.Cause{ID: strings.Trim(id, "?!"), Verdict: v})
		}
		return out
	}
	for _, c := range []struct{ before, after, want string }{
		{"a b?", "a b?", " a  b"},
		{"a b?", "c? a b?", "+c  a  b"}, // being pushed down is no change
		{"a b", "b a", "^b va"},
		{"a? b?", "a b?", "~a  b"},
		{"a b?", "a b!", " a -b"},
		{"a b?", "a", " a -b"},
		{"a! b", "a? b", "~a  b"},
		{"", "", ""},
	} {
		var got []string
		for _, ch := range changes(list(c.before), list(c.after)) {
			got = append(got, ch.mark+ch.cause.ID)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s -> %s: %q, want %q", c.before, c.after, strings.Join(got, " "), c.want)
		}
	}
}

func FuzzPasteTail(f *testing.F) {
	f.Add(wrongClock)
	f.Add(strings.Repeat("日本BCDFG-HJKMP-QRTVW-XY234-6789B\r\n", 400))
	f.Fuzz(func(t *testing.T, text string) {
		var b pasteBuffer
		b.add(text)
		for _, line := range b.tail() {
			if strings.ContainsAny(line, "\n\r\t") || !utf8.ValidString(line) {
				t.Errorf("line %q", line)
			}
		}
		b.back()
		if len(b.text) > 0 && len(b.text) >= len(text) {
			t.Error("nothing was taken away")
		}
	})
}

func BenchmarkPasteKey(b *testing.B) {
	m := pasting(b, "one-of-two-ill")
	m.Update(tea.WindowSizeMsg{Width: 160, Height: 50})
	m.View()
	k := keyPress("a")
	for b.Loop() {
		m.Update(k)
		m.View()
	}
}

func BenchmarkPastePaint(b *testing.B) {
	m := pasting(b, "one-of-two-ill")
	m.Update(tea.WindowSizeMsg{Width: 160, Height: 50})
	m.Update(tea.PasteMsg{Content: strings.Repeat(wrongClock, 100)})
	for b.Loop() {
		m.Update(pastePaintMsg{})
		m.paste.paint()
		_ = fmt.Sprint(len(m.frame()))
	}
}
