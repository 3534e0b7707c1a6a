package tui

import (
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/diagnose"
)

func TestOneRemedyIsCopied(t *testing.T) {
	words := diagnose.Step{Who: "KMS host", Text: "Look at it."}
	host := diagnose.Step{Who: "KMS host", Shell: "PowerShell", Text: "Do.", Commands: []string{"One", "Two\r\n"}}
	old := diagnose.Step{Who: "KMS host", Shell: "cmd", Text: "Do.", Commands: []string{"net start sppsvc"}}
	ticket := diagnose.Step{Who: "network", Shell: "ticket", Text: "For them:", Commands: []string{"Allow it.", "Seen: silent."}}
	shell := diagnose.Step{Who: "client", Shell: "sh", Commands: []string{"ip route"}}
	for _, c := range []struct {
		steps      []diagnose.Step
		want, name string
	}{
		{nil, "", "the fix"},
		{[]diagnose.Step{host}, "One\nTwo", "the fix"},
		{[]diagnose.Step{host, ticket, shell}, "# on the KMS host, PowerShell\nOne\nTwo", "fix 1 of 3, on the KMS host, in PowerShell"},
		{[]diagnose.Step{words, old}, "rem on the KMS host, cmd\nnet start sppsvc", "fix 2 of 2, on the KMS host, in cmd"},
		{[]diagnose.Step{ticket, host}, "Allow it.\nSeen: silent.", "fix 1 of 2, as a ticket"},
		{[]diagnose.Step{words, shell}, "# on the client, shell\nip route", "fix 2 of 2, on the client, in a shell"},
		{[]diagnose.Step{words, words}, "Look at it.", "fix 1 of 2, on the KMS host"},
	} {
		if got := commandsOf(c.steps...); got != c.want {
			t.Errorf("copied %q, want %q", got, c.want)
		}
		if got := fixName(c.steps...); got != c.name {
			t.Errorf("called %q, want %q", got, c.name)
		}
	}
}

// What lands in a console is of one place, whichever view it is copied from.
func TestCopiesFromViewsAreOfOnePlace(t *testing.T) {
	for _, way := range [][]string{{"y"}, {"d", "y"}, {"e", "y"}} {
		m := modelOf(t, recordedRun(t, "one-of-two-ill"))
		got := ""
		m.svc.Clipboard = func(text string) error { got = text; return nil }
		var last func()
		for i, k := range way {
			cmd := m.press(keyPress(k))
			if i == len(way)-1 && cmd != nil {
				last = func() { m.Update(cmd()) }
			}
		}
		if last == nil {
			t.Fatalf("%v: nothing is copied: %s", way, m.note)
		}
		last()
		if strings.Contains(got, "Allow TCP") || strings.Contains(got, "Outbound") || !strings.Contains(got, "Start-Service sppsvc") && way[0] != "e" {
			t.Errorf("%v copies\n%s", way, got)
		}
		if strings.HasPrefix(got, "#") && strings.Count(got, "\n# ") > 0 {
			t.Errorf("%v copies several remedies\n%s", way, got)
		}
		if !strings.Contains(m.note, "copied") || !strings.Contains(m.note, "KMS host") && strings.HasPrefix(got, "# on the KMS host") {
			t.Errorf("%v: note %q", way, m.note)
		}
	}
}
