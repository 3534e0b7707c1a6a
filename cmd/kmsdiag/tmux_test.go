package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// console is a terminal with the program in it, as a user has one.
type console struct {
	t      *testing.T
	socket string
	dir    string
}

// openConsole starts a command line of the program in a terminal of a size. The
// test is skipped where tmux is missing.
func openConsole(t *testing.T, width, height int, env, args string) *console {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("needs tmux; .ci/run installs it")
	}
	if testing.Short() {
		t.Skip("runs the whole program")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "kmsdiag")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	c := &console{t: t, socket: filepath.Join(dir, "tmux"), dir: dir}
	line := fmt.Sprintf("cd %s; env TERM=xterm-256color LANG=C.UTF-8 XDG_CONFIG_HOME=%s %s ./kmsdiag %s; echo \"EXIT $?\"; exec cat", dir, dir, env, args)
	c.tmux("new-session", "-d", "-s", "k", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), line)
	c.tmux("set-option", "-t", "k", "history-limit", "5000")
	t.Cleanup(func() {
		// The test's context has ended by now.
		_ = exec.CommandContext(context.Background(), "tmux", "-S", c.socket, "kill-server").Run()
	})
	return c
}

func (c *console) tmux(args ...string) string {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "tmux", append([]string{"-S", c.socket, "-f", os.DevNull}, args...)...)
	cmd.Env = append(os.Environ(), "TMUX=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("tmux %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (c *console) screen() string { return c.tmux("capture-pane", "-p", "-t", "k") }

// all is the screen with what has scrolled off it.
func (c *console) all() string { return c.tmux("capture-pane", "-p", "-J", "-S", "-", "-t", "k") }

func (c *console) press(keys ...string) {
	c.t.Helper()
	for _, k := range keys {
		c.tmux("send-keys", "-t", "k", k)
	}
}

// await waits until the screen shows every text, and returns it.
func (c *console) await(texts ...string) string {
	c.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	screen, missing := "", ""
	for time.Now().Before(deadline) {
		screen, missing = c.screen(), ""
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				missing = text
			}
		}
		if missing == "" {
			return screen
		}
		time.Sleep(30 * time.Millisecond)
	}
	c.t.Fatalf("%q does not appear; the screen is\n%s", missing, screen)
	return ""
}

// A user meets a fault, reads the page of its code, repairs it, runs what failed
// again and leaves with the result.
func TestScreenFromFaultToCure(t *testing.T) {
	c := openConsole(t, 80, 24, "", "demo --tui one-of-two-ill")
	failed := c.await("1 FAILED", "done in", "> × tcp.connect", "verdict")
	for _, line := range strings.Split(strings.TrimRight(failed, "\n"), "\n") {
		if n := len([]rune(line)); n != 80 && n != 0 {
			t.Errorf("a line of %d cells: %q", n, line)
		}
	}
	c.press("e")
	c.await("┌─ kmsdiag explain", "LIKELY CAUSES")
	c.press("Escape")
	c.await("┌─ kmsdiag ──", "2 Detail")
	c.press("d")
	c.await("┌─ kmsdiag causes", "licensing service on the KMS host")
	c.press("Escape")
	c.await("┌─ kmsdiag ──", "2 Detail")
	c.press("H")
	c.await("repaired")
	c.press("r")
	c.await("was FAILED", "done in", "served by kms01 and kms02")
	c.press("q")
	c.await("EXIT 0")
	if all := strings.Join(strings.Fields(c.all()), " "); !strings.Contains(all, "served by kms01 and kms02") || strings.Contains(all, "1 failed") {
		t.Errorf("leaving printed\n%s", all)
	}
}

var changing = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d(\.\d+)?)?|<?\d+(\.\d+)? m?s\b|within \d+ms|\d+\.\d+ s|127\.0\.0\.1:\d+`)

// Leaving prints what a check would have printed.
func TestLeavingPrintsTheCheck(t *testing.T) {
	for _, scenario := range []string{"count-too-low", "healthy"} {
		t.Run(scenario, func(t *testing.T) {
			c := openConsole(t, 100, 200, "", "demo --tui "+scenario)
			c.await("done in")
			c.press("q")
			c.await("EXIT ")
			screen, _, _ := strings.Cut(c.all(), "EXIT ")
			cmd := exec.CommandContext(t.Context(), filepath.Join(c.dir, "kmsdiag"), "demo", scenario)
			cmd.Env = append(os.Environ(), "LANG=C.UTF-8")
			plain, _ := cmd.Output() // the exit code is that of the scenario
			got, want := sortedRows(screen), sortedRows(string(plain))
			if got != want {
				t.Errorf("the screen left\n%s\nthe check printed\n%s", got, want)
			}
		})
	}
}

// sortedRows is a text as its words in order of the alphabet, without what differs
// from run to run: checks that go side by side finish in any order, and lines
// break where the terminal ends.
func sortedRows(text string) string {
	words := strings.Fields(changing.ReplaceAllString(strings.Join(strings.Fields(text), " "), " "))
	slices.Sort(words)
	return strings.Join(words, " ")
}

// What a host was asked for is printed on leaving, and counted as sent.
func TestLeavingPrintsTheMatrix(t *testing.T) {
	c := openConsole(t, 100, 30, "", "demo --tui healthy")
	c.await("done in")
	c.press("m")
	c.await("Nothing is sent before enter")
	c.press("Enter")
	c.await("answered for, to a client")
	c.press("q")
	c.await("EXIT 0")
	all := strings.Join(strings.Fields(c.all()), " ")
	one := regexp.MustCompile(`What \S+ serves.*?sent: .*?(\d+) KMS requests to`).FindStringSubmatch(all)
	whole := regexp.MustCompile(`sent: [^;]*;.*?(\d+) KMS requests`).FindStringSubmatch(all)
	if one == nil || whole == nil {
		t.Fatalf("leaving printed\n%s", c.all())
	}
	asked, _ := strconv.Atoi(one[1])
	if sent, _ := strconv.Atoi(whole[1]); asked == 0 || sent != asked+2 {
		t.Errorf("%d requests of %d to two hosts and %d beside:\n%s", sent, sent-asked, asked, c.all())
	}
}

// Names hidden on the screen are the same in what leaving prints.
func TestLeavingPrintsThePseudonymsOfTheScreen(t *testing.T) {
	c := openConsole(t, 160, 50, "", "demo --tui one-of-two-ill")
	c.await("1 FAILED", "done in")
	c.press("p")
	screen := c.await("(names hidden)", "is silent.")
	c.press("q")
	c.await("EXIT 3")
	silent := regexp.MustCompile(`(host-\d+) is silent\.`)
	address := regexp.MustCompile(`tcp\.connect +host-\d\S* (198\.51\.100\.\d+):1688 +(?:FAILED|silent)`)
	printed := c.all()
	for what, re := range map[string]*regexp.Regexp{"name": silent, "address": address} {
		a, b := re.FindStringSubmatch(screen), re.FindStringSubmatch(printed)
		if a == nil || b == nil || a[1] != b[1] {
			t.Errorf("the %s of what is silent: %q on\n%s\n%q in\n%s", what, a, screen, b, printed)
		}
	}
	if !strings.Contains(printed, "(redacted)") || strings.Contains(printed, "kms02") {
		t.Errorf("printed\n%s", printed)
	}
}

// What is pasted presses no command, and joins the evidence.
func TestScreenTakesAPaste(t *testing.T) {
	c := openConsole(t, 100, 30, "", "demo --tui healthy")
	c.await("done in")
	c.press("v")
	c.await("paste")
	c.tmux("set-buffer", "-t", "k", "Name: Windows(R), Enterprise edition\nDescription: Windows(R) Operating System, VOLUME_MAK channel\nPartial Product Key: 12345\nLicense Status: Notification\nNotification Reason: 0xC004F034.\nq\nR\n")
	c.tmux("paste-buffer", "-t", "k")
	c.await("0xC004F034")
	c.press("C-c")
	c.await("EXIT ")
}

// Every way of forbidding colour is heeded, and East Asian terminals get ASCII.
func TestScreenWithoutColours(t *testing.T) {
	c := openConsole(t, 80, 24, "NO_COLOR=yes LANG=ja_JP.UTF-8", "demo --tui count-too-low")
	screen := c.await("1 FAILED", "[FAIL]")
	if strings.ContainsAny(screen, "√×│─") {
		t.Errorf("marks that take two cells in such a terminal:\n%s", screen)
	}
	if coloured := c.tmux("capture-pane", "-e", "-p", "-t", "k"); regexp.MustCompile(`\x1b\[[0-9;]*\b(3[0-7]|9[0-7])m`).MatchString(coloured) {
		t.Errorf("colours in spite of NO_COLOR:\n%q", coloured)
	}
	c.press("q")
	c.await("EXIT 3")
}
