package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Leaving a capture prints what kmsdiag capture prints, its log says what was
// read, and nothing was sent without a target.
func TestLeavingPrintsTheCapture(t *testing.T) {
	file, err := filepath.Abs(filepath.Join("..", "..", "capture", "testdata", "captures", "refused_c004f042.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	c := openConsole(t, 100, 200, "", "capture --tui "+file+" --debug log.txt")
	c.await("read to the end")
	c.press("R")
	c.await("will be sent", "nothing was sent")
	c.press("Escape")
	c.await("1 Conversations")
	c.press("q")
	c.await("EXIT 3")
	screen, _, _ := strings.Cut(c.all(), "EXIT ")
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.dir, "kmsdiag"), "capture", file)
	cmd.Env = append(os.Environ(), "LANG=C.UTF-8")
	plain, _ := cmd.Output() // it exits with 3
	if got, want := letters(screen), letters(string(plain)); got != want || !strings.Contains(screen, "CONVERSATIONS") {
		t.Errorf("the screen left\n%s\nthe command printed\n%s", screen, plain)
	}
	log, err := os.ReadFile(filepath.Join(c.dir, "log.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(log); !strings.Contains(text, "reading "+file) || !strings.Contains(text, "exchange 2 of connection 2, ") || strings.Contains(text, "connecting") {
		t.Errorf("the log of a capture that was looked at:\n%s", text)
	}
}

// letters are those of a text without what differs from run to run, and without
// the blanks that depend on its width.
func letters(text string) string {
	return strings.ReplaceAll(changing.ReplaceAllString(strings.Join(strings.Fields(text), " "), ""), " ", "")
}

// Names that were hidden on the screen are hidden in what leaving prints.
func TestLeavingHidesTheCapture(t *testing.T) {
	file, err := filepath.Abs(filepath.Join("..", "..", "capture", "testdata", "captures", "dns_srv_failover.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	c := openConsole(t, 100, 100, "", "capture --tui "+file)
	c.await("read to the end")
	c.press("p", "w")
	c.await("the file will hold the real names")
	c.press("-")
	c.press("Enter")
	c.await("kmsdiag.pcapng-")
	info, err := os.Stat(filepath.Join(c.dir, "kmsdiag.pcapng-"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("packets with real names: %v, %v", info, err)
	}
	c.press("q")
	c.await("EXIT 3")
	_, left, _ := strings.Cut(c.all(), "CONVERSATIONS")
	if left == "" {
		t.Fatal("no conversations are printed")
	}
	for _, secret := range []string{"corp.test", "kms-dead"} {
		if strings.Contains(left, secret) {
			t.Errorf("%s is printed:\n%s", secret, left)
		}
	}
}
