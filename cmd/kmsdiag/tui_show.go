package main

import (
	"context"
	"errors"
	"os"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
	"github.com/kmsdiag/kmsdiag/tui"
)

// showScreen opens the interactive program on a saved run.
func (a *app) showScreen(ctx context.Context, name string, with evidence.Set) error {
	if why := a.noScreen(); why != "" {
		return usagef("--tui needs a terminal, and %s; kmsdiag show without it shows the same as text", why)
	}
	if name == "-" {
		return usagef("--tui needs the keyboard: give the saved run as a file, not on standard input")
	}
	f, err := os.Open(name)
	if err != nil {
		return usagef("reading a saved run: %v", err)
	}
	var events keptEvents
	err = errors.Join(report.Replay(f, &events), f.Close())
	if err != nil {
		return usagef("%s: %v", name, err)
	}
	if len(events) == 0 {
		return usagef("%s: it holds no run of checks; kmsdiag show without --tui shows what it holds", name)
	}
	if a.style().Accessible {
		return usagef("a saved run needs no questions: kmsdiag show %s --accessible reads it line by line", name)
	}
	return a.savedProgram(ctx, tui.Options{Saved: events, With: with})
}

// keptEvents keeps what is replayed.
type keptEvents []run.Event

// Event implements [report.Renderer].
func (k *keptEvents) Event(e run.Event) error { *k = append(*k, e); return nil }

// Close implements [report.Renderer].
func (k *keptEvents) Close() error { return nil }
