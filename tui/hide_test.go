package tui

import (
	"context"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// rendered is what a report of events says.
func rendered(t *testing.T, format string, events []run.Event) string {
	t.Helper()
	var b strings.Builder
	r, err := report.New(format, &b, report.Style{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := r.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// failing is the pseudonym and the address of what fails, on a screen or in a
// report: "host-2 198.51.100.4".
func failing(t *testing.T, text string) string {
	t.Helper()
	m := regexp.MustCompile(`tcp\.connect +(host-\d+)\S* (198\.51\.100\.\d+):1688 +(?:FAILED|silent)`).FindStringSubmatch(ansi.Strip(text))
	if m == nil {
		t.Fatalf("nothing fails in\n%s", text)
	}
	return m[1] + " " + m[2]
}

// One host has one pseudonym: on screen, whenever names are hidden, in what is
// saved and in what leaving prints.
func TestHiddenNamesAreTheSameEverywhere(t *testing.T) {
	// Recordings of other runs and texts met before shift the numbers.
	for name, before := range map[string]func(m *Model){
		"at once":       func(*Model) {},
		"hidden before": func(m *Model) { press(m, "p", "p") },
		"after others": func(m *Model) {
			press(m, "p")
			m.shownText("192.0.2.200 and 192.0.2.6, then 192.0.2.201")
			press(m, "p")
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := modelOf(t, recordedRun(t, "one-of-two-ill"))
			var saved []run.Event
			m.svc.Save = func(_ string, events []run.Event, _ []run.Matrix) (string, error) {
				saved = events
				return "kmsdiag.txt", nil
			}
			before(m)
			press(m, "p")
			m.Update(tea.WindowSizeMsg{Width: 160, Height: 50})
			screen := failing(t, m.frame())
			press(m, "s")
			_, cmd := m.Update(keyPress("enter"))
			m.Update(cmd())
			for what, events := range map[string][]run.Event{"saved": saved, "printed": m.Events()} {
				text := rendered(t, "text", events)
				if got := failing(t, text); got != screen {
					t.Errorf("%s: %s fails, on screen %s", what, got, screen)
				}
				if !strings.Contains(text, "(redacted)") || strings.Contains(text, "corp.example") || strings.Contains(text, "kms02") {
					t.Errorf("%s:\n%s", what, text)
				}
			}
			press(m, "esc", "p", "p")
			if again := failing(t, m.frame()); again != screen {
				t.Errorf("hidden again, %s fails, before %s", again, screen)
			}
			press(m, "p")
			if text := rendered(t, "text", m.Events()); !strings.Contains(text, "corp.example") || strings.Contains(text, "redacted") {
				t.Errorf("printed though names are shown:\n%s", text)
			}
		})
	}
}

// What is typed or remembered is a name that no answer told.
func TestHiddenTargetForm(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m, _ := asking(t, "healthy")
		m.svc.Recent = func() ([]string, error) {
			return []string{"secret-host.evil.example:1688", "secretdomain", "10.9.8.7"}, nil
		}
		m.svc.Announce = func(_ context.Context, r Request) ([]string, error) {
			return []string{"DNS questions about " + strings.Join(r.Target.Domains, " ")}, nil
		}
		typeKeys(m, "p", "t")
		check := func(what string, secrets ...string) {
			t.Helper()
			frame := ansi.Strip(whole(t, m))
			for _, secret := range append(secrets, "secret", "10.9.8.7", "corp.example") {
				if strings.Contains(frame, secret) {
					t.Errorf("%s: %s is on the screen:\n%s", what, secret, frame)
				}
			}
		}
		check("opened")
		press(m, letters(" other.invalid")...) // shown while it is typed
		if frame := m.frame(); !strings.Contains(frame, "other.invalid") {
			t.Errorf("what is typed does not show:\n%s", frame)
		}
		typeKeys(m, "tab")
		check("typed", "other.invalid")
		typeKeys(m, "shift+tab")
		check("back", "other.invalid")
		typeKeys(m, append(letters(" bad..name"), "enter", "tab")...)
		check("wrong", "bad..name", "other.invalid")
	})
}

// A tool in another language names hosts in lines that nobody understands.
func TestHiddenPasteInAnotherLanguage(t *testing.T) {
	const text = "名称: Windows(R), Enterprise edition\n许可证状态: 已授权\n密钥管理服务客户端信息\n" +
		"    来自 DNS 的 KMS 计算机名称: kms.vircloud.net:1688\n    KMS 计算机 IP 地址: 192.168.100.1\n客户端: DESKTOP-3F2K1"
	for name, keys := range map[string][]string{"hidden first": {"p", "v"}, "hidden after": {"v"}} {
		t.Run(name, func(t *testing.T) {
			m := modelOf(t, recordedRun(t, "healthy"))
			m.svc.Read, m.svc.Judge = readAll, judgeAll
			press(m, keys...)
			pasteText(t, m, text)
			if !m.hidden {
				m.pop()
				press(m, "p", "v")
			}
			m.Update(tea.WindowSizeMsg{Width: 160, Height: 50})
			frame := ansi.Strip(whole(t, m))
			if strings.Contains(frame, "vircloud") || strings.Contains(frame, "192.168.") || strings.Contains(frame, "3F2K1") || !strings.Contains(frame, ":1688") {
				t.Errorf("the host's name:\n%s", frame)
			}
			m.paste.lines = append(m.paste.lines, "到 kms.half-typed.exam")
			if frame := ansi.Strip(m.frame()); strings.Contains(frame, "half-typed") {
				t.Errorf("a name that is being pasted:\n%s", frame)
			}
		})
	}
}

// A name that is met late is hidden in what was masked before.
func TestNamesMetLateAreHidden(t *testing.T) {
	s := run.Subject{Key: "192.0.2.5:1688", Kind: run.Endpoint, Host: "192.0.2.5", Addr: netip.MustParseAddrPort("192.0.2.5:1688")}
	m := modelOf(t, []run.Event{
		{Plan: &run.Plan{Title: "192.0.2.5", Checks: []run.Planned{{ID: "tcp.connect", Group: "REACH"}}}},
		{Found: &run.Found{Subject: s, Checks: []string{"tcp.connect"}}},
		{Finished: &run.Result{Check: "tcp.connect", Subject: s, Status: run.Fail, Summary: "answers as Payroll7"}},
		{Summary: &run.Summary{Worst: run.Fail, Conclusion: "Payroll7 is silent."}},
	})
	press(m, "p")
	if frame := m.frame(); !strings.Contains(frame, "Payroll7") {
		t.Fatalf("nobody can know that it is a name:\n%s", frame)
	}
	m.mask.LearnTargets("Payroll7")
	m.Update(nil)
	if frame := m.frame(); strings.Contains(frame, "Payroll7") {
		t.Errorf("it is known now:\n%s", frame)
	}
}
