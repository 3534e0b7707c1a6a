package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

func TestDetailFrames(t *testing.T) {
	for name, at := range map[string]struct{ run, check, subject string }{
		"skipped":  {"one-of-two-ill", "rpc.bind", "192.0.2.6:1688"},
		"served":   {"healthy", "kms.request", "192.0.2.5:1688"},
		"count":    {"count-too-low", "kms.count", "192.0.2.5:1688"},
		"disagree": {"resolvers-disagree", "dns.srv", "corp.example"},
		"clock":    {"clock-skew", "kms.request", "192.0.2.6:1688"},
		"service":  {"wrong-service", "rpc.bind", "192.0.2.5:1688"},
	} {
		t.Run(name, func(t *testing.T) {
			frames(t, func() *Model {
				m := modelOf(t, recordedRun(t, at.run))
				goTo(t, m, at.check, at.subject)
				m.views[0].(*checksView).zoom = true
				return m
			})
		})
	}
}

// detailOf is the whole detail of a row, as text.
func detailOf(t testing.TB, m *Model, check, subject string) string {
	t.Helper()
	goTo(t, m, check, subject)
	return ansi.Strip(strings.Join(m.views[0].(*checksView).detail(m, 100), "\n"))
}

func TestDetailSays(t *testing.T) {
	for _, c := range []struct {
		run, check, subject string
		want, not           []string
	}{
		{
			"one-of-two-ill", "tcp.connect", "192.0.2.6:1688",
			[]string{"FAILED", "WHY", "FIX", "Start-Service sppsvc", "0xC004F074", "TEST", "try 3", "nothing came back within 1.3 s", "COMPARE   kms01 192.0.2.5:1688: open", "RULED OUT", "has no SRV record", "ALSO SEEN WITH THIS CODE"},
			[]string{"PROVES"},
		},
		{
			"one-of-two-ill", "kms.count", "192.0.2.6:1688",
			[]string{"skipped", "ROOT      tcp.connect kms02", "enter goes to tcp.connect"},
			[]string{"FIX", "RULED OUT"},
		},
		{
			"one-of-two-ill", "tcp.connect", "192.0.2.5:1688",
			[]string{"PROVES    the KMS port accepts connections, asked from 192.0.2.17", "not that KMS is what listens", "open after"},
			[]string{"WHY", "kms-host", "not running"},
		},
		{
			"count-too-low", "kms.count", "192.0.2.5:1688",
			[]string{"WHY", "0xC004F038"},
			[]string{"no cause is known"},
		},
		{
			"clock-skew", "kms.request", "192.0.2.5:1688",
			[]string{"0xC004F06C", "four hours apart", "refused"},
			nil,
		},
		{
			"resolvers-disagree", "dns.srv", "corp.example",
			[]string{"priority 0", "kms02.corp.example:1688", "says 192.0.2.3"},
			nil,
		},
	} {
		got := detailOf(t, modelOf(t, recordedRun(t, c.run)), c.check, c.subject)
		for _, w := range c.want {
			if !strings.Contains(got, w) {
				t.Errorf("%s, %s %s: %q is missing in\n%s", c.run, c.check, c.subject, w, got)
			}
		}
		for _, w := range c.not {
			if strings.Contains(got, w) {
				t.Errorf("%s, %s %s: %q is in\n%s", c.run, c.check, c.subject, w, got)
			}
		}
	}
}

func TestCausesOfARow(t *testing.T) {
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	because := func(check, subject string) []diagnose.Finding {
		return []diagnose.Finding{{Text: "seen", Origin: evidence.Origin{Check: check, Subject: subject}}}
	}
	here := answerKey{"tcp.connect", "192.0.2.6:1688"}
	both := append(because("dns.srv", "corp.example"), because(here.check, here.subject)...)
	m.causes = []diagnose.Cause{
		{ID: "other-host", Verdict: diagnose.Found, Subjects: []string{"kms01.corp.example"}, Because: because(here.check, here.subject)},
		{ID: "aside", Verdict: diagnose.Possible, Because: both},
		{ID: "possible", Verdict: diagnose.Possible, Subjects: []string{"kms02.corp.example"}, Because: because(here.check, here.subject)},
		{ID: "found", Verdict: diagnose.Found, Subjects: []string{"192.0.2.6"}, Because: both},
		{ID: "ruled-out", Verdict: diagnose.RuledOut, Against: because(here.check, here.subject)},
		{ID: "near", Verdict: diagnose.Found, Because: because("tcp.alive", here.subject)},
	}
	for _, hidden := range []bool{false, true} {
		if hidden {
			press(m, "p")
		}
		var ids []string
		for _, c := range m.causesOf(m.shown().byKey[here]) {
			ids = append(ids, c.ID)
		}
		if got := strings.Join(ids, " "); got != "found possible aside" {
			t.Errorf("hidden %v: %s", hidden, got)
		}
	}
	// Without a cause that names the row, those about its subject stand in.
	if got := m.causesOf(m.run.byKey[answerKey{"rpc.bind", "192.0.2.6:1688"}]); len(got) != 4 || got[0].ID != "found" {
		t.Errorf("%+v", got)
	}
}

func TestSkippedRowLeadsToItsRoot(t *testing.T) {
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	goTo(t, m, "kms.request", "192.0.2.6:1688")
	press(m, "enter")
	c := m.views[0].(*checksView)
	if c.cursor != (answerKey{"tcp.connect", "192.0.2.6:1688"}) || c.zoom {
		t.Errorf("enter leads to %v, zoomed %v", c.cursor, c.zoom)
	}
	press(m, "enter")
	if !c.zoom {
		t.Error("a second enter does not zoom")
	}
}

func TestLongCommandsAreComplete(t *testing.T) {
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	command := "Get-WinEvent " + strings.Repeat("-LogName 'Key Management Service' ", 40) + "END"
	m.causes[0].Remedies = []diagnose.Step{{Who: "KMS host", Shell: "PowerShell", Text: "Look.", Commands: []string{command}}}
	goTo(t, m, "tcp.connect", "192.0.2.6:1688")
	for _, width := range []int{36, 76, 96} {
		text := ""
		for _, l := range m.views[0].(*checksView).detail(m, width) {
			text += strings.TrimPrefix(l, strings.Repeat(" ", labelCells+2))
		}
		if !strings.Contains(strings.ReplaceAll(text, " ", ""), strings.ReplaceAll(command, " ", "")) {
			t.Errorf("at width %d the command is not whole:\n%s", width, text)
		}
	}
}

func TestDetailOfHostileEvidence(t *testing.T) {
	attack := "\x1b[2J\u202e\u200b\n" + strings.Repeat("x", 64<<10)
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	r := m.run.byKey[answerKey{"tcp.connect", "192.0.2.6:1688"}].result
	r.Command = attack
	r.Evidence.SRV = []evidence.SRVAnswer{{Name: attack, Detail: attack, CNAMEs: []string{attack}, Records: []evidence.SRVRecord{{Target: attack}}}}
	r.Evidence.Addresses = []evidence.AddressAnswer{{Host: attack, Detail: attack}}
	r.Evidence.Dials = append(r.Evidence.Dials, evidence.Dial{Host: attack, Tries: []evidence.Try{{ICMP: attack, Detail: attack, Outcome: evidence.DialOutcome(attack)}}})
	r.Evidence.Binds = []evidence.Bind{{Detail: attack, LooksLike: attack, First: []byte(attack)}}
	r.Evidence.Exchanges = []evidence.Exchange{{Product: attack, EPID: attack, Detail: attack, Failed: []string{attack}, HRESULT: 1, Outcome: evidence.HostRefused}}
	press(m, "enter", "pgdown")
	for _, size := range append(sizes, tea.WindowSizeMsg{Width: 200, Height: 60}) {
		m.Update(size)
		whole(t, m)
	}
	if r.Status != run.Fail {
		t.Error("the row changed")
	}
}

// TestBriefDetail holds that cause, fix and code stand in every screen that shows
// a detail at all, without a key pressed.
func TestBriefDetail(t *testing.T) {
	for _, size := range []tea.WindowSizeMsg{{Width: 40, Height: 16}, {Width: 80, Height: 20}, {Width: 80, Height: 24}, {Width: 80, Height: 40}, {Width: 160, Height: 50}} {
		m := modelOf(t, recordedRun(t, "one-of-two-ill"))
		m.Update(size)
		frame := whole(t, m)
		for _, want := range []string{"FAILED", "WHY", "FIX", "CODE", "0xC004F074"} {
			if !strings.Contains(frame, want) {
				t.Errorf("%dx%d: %s is not on the screen:\n%s", size.Width, size.Height, want, frame)
			}
		}
		press(m, "tab", "end")
		if frame := whole(t, m); strings.Contains(frame, "in brief") {
			t.Errorf("%dx%d: the focused detail is still brief:\n%s", size.Width, size.Height, frame)
		}
	}
}
