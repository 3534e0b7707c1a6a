//go:build integration && linux

package integration

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// terminal runs a command under tmux in 80 columns and 24 rows, and returns what
// the screen and its history hold when it ended, with escape sequences. Lines
// that the terminal broke are joined again.
func terminal(t *testing.T, name string, env []string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	socket := t.TempDir() + "/tmux"
	tmux := func(args ...string) string {
		c := exec.CommandContext(ctx, "tmux", append([]string{"-u", "-S", socket, "-f", "/dev/null"}, args...)...)
		c.Env = append(plainEnviron(), "LC_ALL=C.UTF-8", "TERM=xterm-256color")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("tmux %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	script := fmt.Sprintf("env -u LC_ALL %s %s %s; tmux -S %s wait-for -S ended; exec sleep 60",
		strings.Join(env, " "), name, strings.Join(args, " "), socket)
	tmux("new-session", "-d", "-x", "80", "-y", "24", script)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Second)
		defer cancel()
		_ = exec.CommandContext(ctx, "tmux", "-S", socket, "kill-server").Run()
	})
	tmux("wait-for", "ended")
	return tmux("capture-pane", "-p", "-e", "-J", "-S", "-")
}

var colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)

func TestIntegrationTerminal(t *testing.T) {
	t.Parallel()
	whole := unbroken(t)
	for _, tt := range []struct {
		name   string
		env    []string
		marks  []string // that must be there
		absent []string
		colour bool
	}{
		{"UTF-8", []string{"LANG=en_GB.UTF-8"}, []string{"√ dns.srv", "× tcp.connect"}, []string{"[ok]", "[FAIL]"}, true},
		{"NO_COLOR", []string{"LANG=en_GB.UTF-8", "NO_COLOR=0"}, []string{"√ dns.srv", "× tcp.connect"}, nil, false},
		{"Japanese", []string{"LANG=ja_JP.UTF-8"}, []string{"[ok]", "[FAIL]", "[skip]"}, []string{"√", "×", "‼"}, true},
		{"C locale", []string{"LANG=C"}, []string{"[ok]", "[FAIL]"}, []string{"√", "×", "‼"}, true},
		{"dumb", []string{"LANG=en_GB.UTF-8", "TERM=dumb"}, []string{"[ok]", "[FAIL]"}, []string{"√", "×", "‼"}, false},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			raw := terminal(t, program, tt.env, "demo", "port-silent")
			text := colour.ReplaceAllString(raw, "")
			if coloured := raw != text; coloured != tt.colour {
				t.Errorf("coloured %t, want %t", coloured, tt.colour)
			}
			for line := range strings.Lines(text) {
				if n := utf8.RuneCountInString(strings.TrimRight(line, " \n")); n > 80 && !whole[strings.TrimSpace(line)] {
					t.Errorf("%d columns: %q", n, line)
				}
			}
			for _, m := range tt.marks {
				if !strings.Contains(text, m) {
					t.Errorf("no %q in\n%s", m, text)
				}
			}
			for _, m := range tt.absent {
				if strings.Contains(text, m) {
					t.Errorf("%q in\n%s", m, text)
				}
			}
			if !strings.Contains(text, "SIMULATION port-silent") || !strings.Contains(text, "CAUSE 1, possible") {
				t.Errorf("not the whole report:\n%s", text)
			}
		})
	}
}

// unbroken are the lines that may be longer than the screen: commands, which are
// to be copied whole, and sentences that hold one.
func unbroken(t *testing.T) map[string]bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	o := finish(t, exec.CommandContext(ctx, program, "demo", "port-silent", "-o", "json"))
	lines := map[string]bool{}
	for _, c := range o.Summary.Causes {
		steps := c.Remedies
		if c.Next != nil {
			steps = append(steps, *c.Next)
		}
		for _, step := range steps {
			lines["then: "+step.Verify], lines["undo: "+step.Undo] = true, true
			for _, command := range step.Commands {
				lines[command] = true
			}
		}
	}
	return lines
}
