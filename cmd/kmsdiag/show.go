package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

const showLong = `Show reads a run that was saved with -o jsonl or -o json and shows it again, in any
format, with the exit code of the run. FILE is - for standard input.`

func (a *app) newShow() *cobra.Command {
	var o outputOptions
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Show a saved run again, in any format",
		Long:  showLong,
		Example: `  kmsdiag show run.jsonl
  kmsdiag show run.jsonl -o short --redact
  kmsdiag check corp.example -o jsonl | kmsdiag show -`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("show needs one FILE, or - for standard input, and got %d", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.show(o, args[0]) },
	}
	cmd.Flags().SortFlags = false
	o.add(cmd)
	return cmd
}

func (a *app) show(o outputOptions, name string) error {
	from := a.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return usagef("reading a saved run: %v", err)
		}
		defer f.Close() //nolint:errcheck // only read
		from = f
	}
	to, err := a.renderer(o, a.stdout)
	if err != nil {
		return err
	}
	last := &lastSummary{Renderer: to}
	if err := report.Replay(from, last); err != nil {
		if gone(err) {
			return err
		}
		return usagef("%s: %v", name, err)
	}
	if err := last.Close(); err != nil {
		return err
	}
	if last.open {
		return usagef("%s: the run has no summary: it was cut off before its end", name)
	}
	a.code = o.exitCode(last.summary)
	return nil
}

// lastSummary remembers the summary that passes by.
type lastSummary struct {
	report.Renderer
	summary run.Summary
	open    bool // the last run has no summary
}

// Event passes an event on.
func (l *lastSummary) Event(e run.Event) error {
	l.open = e.Summary == nil
	if e.Summary != nil {
		l.summary = *e.Summary
	}
	return l.Renderer.Event(e)
}
