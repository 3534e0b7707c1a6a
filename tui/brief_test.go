package tui

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/run"
)

// briefOf is the brief detail of the row under the cursor.
func briefOf(m *Model, width, height int) []string {
	return strings.Split(ansi.Strip(strings.Join(m.views[0].(*checksView).inBrief(m, width, height), "\n")), "\n")
}

// Nothing is cut while lines of the pane are left: whatever is short of its end
// fills the pane.
func TestBriefDetailCutsNothingBeforeThePaneIsFull(t *testing.T) {
	for _, name := range []string{"one-of-two-ill", "stale-srv", "garbage", "middlebox", "emulator", "host-key-too-old", "resolvers-disagree", "count-too-low", "port-silent"} {
		m := modelOf(t, recordedRun(t, name))
		for _, width := range []int{36, 40, 46, 76, 96} {
			for height := 3; height < briefBelow; height++ {
				lines := briefOf(m, width, height)
				if len(lines) > height {
					t.Fatalf("%s: %d lines in %d", name, len(lines), height)
				}
				for _, l := range lines[1:] {
					if strings.HasSuffix(l, "..") && len(lines) < height {
						t.Errorf("%s at %dx%d: %q is cut, with %d lines to spare", name, width, height, l, height-len(lines))
					}
				}
			}
		}
	}
}

// What is only possible is tested before it is cured.
func TestTestStandsBeforeAFixOfWhatIsOnlyPossible(t *testing.T) {
	m := modelOf(t, recordedRun(t, "one-of-two-ill"))
	for _, text := range []string{
		strings.Join(briefOf(m, 76, 7), "\n"), strings.Join(briefOf(m, 40, 5), "\n"),
		detailOf(t, m, "tcp.connect", "192.0.2.6:1688"),
	} {
		test, fix := strings.Index(text, "\nTEST"), strings.Index(text, "\nFIX")
		if test < 0 || fix < test {
			t.Errorf("TEST at %d, FIX at %d:\n%s", test, fix, text)
		}
	}
	m.causes[0].Verdict = diagnose.Found
	if text := strings.Join(briefOf(m, 76, 7), "\n"); strings.Contains(text, "\nTEST") || !strings.Contains(text, "\nFIX") {
		t.Errorf("a test of what was found:\n%s", text)
	}
}

// A ticket is prose: whole when zoomed, begun in brief.
func TestTicketIsShownWhole(t *testing.T) {
	m := modelOf(t, recordedRun(t, "middlebox"))
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	c := m.views[0].(*checksView)
	fix := m.causesOf(c.current(m))[0].Remedies[0]
	if fix.Shell != "ticket" {
		t.Fatalf("the first remedy is no ticket: %+v", fix)
	}
	flat := func(lines []string) string {
		return strings.Join(strings.Fields(ansi.Strip(strings.Join(lines, " "))), " ")
	}
	for _, width := range []int{60, 76} {
		text := flat(c.detail(m, width))
		for _, line := range fix.Commands {
			if !strings.Contains(text, strings.Join(strings.Fields(line), " ")) {
				t.Errorf("at width %d %q is missing or broken in\n%s", width, line, text)
			}
		}
	}
	if text := flat(briefOf(m, 76, 10)); !strings.Contains(text, "as a ticket: "+fix.Text+" Pass TCP from") {
		t.Errorf("the ticket does not begin in brief:\n%s", text)
	}
}

func TestPlacesOfSteps(t *testing.T) {
	for _, c := range []struct{ who, shell, want, short string }{
		{"KMS host", "PowerShell", "on the KMS host, in PowerShell", "KMS host, PowerShell"},
		{"client", "sh", "on the client, in a shell", "client, shell"},
		{"client", "cmd", "on the client, in cmd", "client, cmd"},
		{"DNS", "PowerShell", "on the DNS server, in PowerShell", "DNS server, PowerShell"},
		{"network", "ticket", "as a ticket", "ticket"},
		{"directory", "", "in the directory", "directory"},
		{"image", "cmd", "in the image, in cmd", "image, cmd"},
		{"licensing portal", "", "at the licensing portal", "licensing portal"},
		{"cloud", "sh", "in the cloud, in a shell", "cloud, shell"},
	} {
		s := diagnose.Step{Who: c.who, Shell: c.shell}
		if got := where(s); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.who, c.shell, got, c.want)
		}
		if got := whereShort(s); got != c.short {
			t.Errorf("%s %s in short: %q, want %q", c.who, c.shell, got, c.short)
		}
	}
}

func TestCommandsBreakAtBlanks(t *testing.T) {
	const command = "Get-DnsServerResourceRecord -ZoneName corp.example | Where-Object { $_.RecordData.DomainName -eq 'KMSHOST.' }"
	words := map[string]bool{}
	for _, w := range strings.Fields(command) {
		words[w] = true
	}
	for width := 40; width <= 120; width++ {
		d := &textBlock{look: modelOf(t, nil).look, width: width}
		d.command("", command)
		for _, w := range strings.Fields(ansi.Strip(strings.Join(d.lines, "\n"))) {
			if !words[w] {
				t.Errorf("at width %d %q is torn out of a word", width, w)
			}
		}
		for _, l := range d.lines {
			if l = ansi.Strip(l); strings.HasPrefix(l, "   ") || strings.HasSuffix(l, " ") {
				t.Errorf("at width %d %q keeps the blank of a break", width, l)
			}
		}
	}
	if head := cutWords("x"+strings.Repeat("y", 50), 20); len(head) != 20 {
		t.Errorf("a word without blanks: %q", head)
	}
	if head := cutWords("    "+strings.Repeat("y", 50), 20); len(head) != 20 {
		t.Errorf("an indented word without blanks: %q", head)
	}
}

// The list says what is wrong with a row that was warned about, not only what it
// saw.
func TestWarnedRowSaysWhatIsWrong(t *testing.T) {
	m := modelOf(t, recordedRun(t, "resolvers-disagree"))
	for _, size := range sizes[1:] {
		m.Update(size)
		frame := whole(t, m)
		if !strings.Contains(frame, "the DNS servers") {
			t.Errorf("%dx%d:\n%s", size.Width, size.Height, frame)
		}
	}
	note := func(s run.Status, text string) run.Note { return run.Note{Status: s, Text: text} }
	for _, c := range []struct {
		status run.Status
		notes  []run.Note
		want   string
	}{
		{run.Warn, nil, "seen"},
		{run.Warn, []run.Note{note(run.Pass, "fine"), note(run.Warn, "odd"), note(run.Fail, "bad")}, "odd; seen"},
		{run.Fail, []run.Note{note(run.Pass, "fine"), note(run.Fail, "bad")}, "seen; bad"},
		{run.Fail, []run.Note{note(run.Pass, "fine")}, "seen"},
		{run.Pass, []run.Note{note(run.Warn, "odd")}, "seen"},
	} {
		if got := wrongFirst(run.Result{Status: c.status, Summary: "seen", Notes: c.notes}).Summary; got != c.want {
			t.Errorf("%s %v: %q, want %q", c.status, c.notes, got, c.want)
		}
	}
}

func TestDNSOutcomesInWords(t *testing.T) {
	text := detailOf(t, modelOf(t, recordedRun(t, "resolvers-disagree")), "dns.srv", "corp.example")
	for _, want := range []string{"answered, says 192.0.2.2", "the name does not exist, says 192.0.2.3"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}
