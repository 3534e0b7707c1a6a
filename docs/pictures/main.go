// Command pictures makes the pictures of the README from real sessions: it runs
// the program over simulated sites in a terminal (tmux), presses keys as a user
// would, and draws the screens as SVG.
//
//	go run ./docs/pictures            all of them, into docs/pictures
//
// It needs tmux and runs for about half a minute.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// shot is one picture: what to run, what to press and what must be on the screen
// before it is taken.
type shot struct {
	name   string
	title  string
	size   [2]int // columns, lines
	args   string
	script []action
}

// action presses keys, then waits for a text.
type action struct {
	keys  []string
	await string
}

var shots = []shot{
	{
		"checks", "One of two hosts is silent: the rows, the cause, the cure",
		[2]int{100, 30},
		"demo --tui one-of-two-ill",
		[]action{{nil, "done in"}},
	},
	{
		"explain", "The page of a code, its causes held against the run",
		[2]int{100, 30},
		"demo --tui one-of-two-ill",
		[]action{{nil, "done in"}, {[]string{"e"}, "WHAT THIS RUN SAYS"}},
	},
	{
		"count", "A host that counts too few clients",
		[2]int{80, 24},
		"demo --tui count-too-low",
		[]action{{nil, "done in"}, {[]string{"u"}, "kmsdiag count"}},
	},
	{
		"capture", "A packet capture: conversations, messages, fields, bytes",
		[2]int{100, 30},
		"capture --tui capture/testdata/captures/" + captureFile,
		[]action{{nil, "read to the end"}, {[]string{"2", "up", "tab", "down", "down", "down", "down", "down"}, "KMS RE"}},
	},
}

// captureFile is the recorded session that the picture of a capture shows.
const captureFile = "workstation_names.pcap"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := takeAll(ctx, filepath.Join("docs", "pictures")); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func takeAll(ctx context.Context, into string) error {
	dir, err := os.MkdirTemp("", "pictures")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	program := filepath.Join(dir, "kmsdiag")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/kmsdiag").CombinedOutput(); err != nil {
		return fmt.Errorf("building: %w\n%s", err, out)
	}
	for _, s := range shots {
		screen, err := s.take(ctx, program, filepath.Join(dir, s.name+".sock"))
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		picture := draw(screen, s.size[0], s.size[1], s.title)
		if err := os.WriteFile(filepath.Join(into, s.name+".svg"), []byte(picture), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// take runs the session and returns the screen with its colours.
func (s shot) take(ctx context.Context, program, socket string) (string, error) {
	tmux := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "tmux", append([]string{"-S", socket, "-f", os.DevNull}, args...)...)
		cmd.Env = append(os.Environ(), "TMUX=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("tmux %s: %w: %s", args[0], err, out)
		}
		return string(out), nil
	}
	line := "env TERM=xterm-256color LANG=C.UTF-8 KMSDIAG_NO_RECENT=1 " + program + " " + s.args + "; exec cat"
	if _, err := tmux("new-session", "-d", "-s", "k", "-x", fmt.Sprint(s.size[0]), "-y", fmt.Sprint(s.size[1]), line); err != nil {
		return "", err
	}
	defer tmux("kill-server") //nolint:errcheck // it is gone either way
	for _, a := range s.script {
		for _, k := range a.keys {
			if _, err := tmux("send-keys", "-t", "k", k); err != nil {
				return "", err
			}
		}
		if err := await(ctx, tmux, a.await); err != nil {
			return "", err
		}
	}
	return tmux("capture-pane", "-e", "-p", "-t", "k")
}

// patience is how long a screen may take.
const patience = 15 * time.Second

func await(ctx context.Context, tmux func(...string) (string, error), text string) error {
	ctx, stop := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%q does not appear within %s", text, patience))
	defer stop()
	for {
		screen, err := tmux("capture-pane", "-p", "-t", "k")
		switch {
		case err != nil:
			return errors.Join(context.Cause(ctx), err)
		case strings.Contains(screen, text):
			return nil
		}
		t := time.NewTimer(50 * time.Millisecond)
		select {
		case <-ctx.Done():
			t.Stop()
			return fmt.Errorf("%w; the screen is\n%s", context.Cause(ctx), screen)
		case <-t.C:
		}
	}
}
