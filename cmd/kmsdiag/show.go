package main

import (
	"encoding/json"
	"errors"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

const showLong = `Show reads a run that was saved with -o jsonl or -o json and shows it again, in any
format, with the exit code of the run; it does so with what kmsdiag products HOST
saved, too. FILE is - for standard input. With --with, pasted text is judged together
with what the run saw.`

func (a *app) newShow() *cobra.Command {
	var o outputOptions
	var with []string
	var onScreen bool
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Show a saved run again, in any format",
		Long:  showLong,
		Example: `  kmsdiag show run.jsonl
  kmsdiag show run.jsonl -o short --redact
  kmsdiag check corp.example -o jsonl | kmsdiag show -
  kmsdiag show run.jsonl --with dlv.txt
  kmsdiag show run.jsonl --tui`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("show needs one FILE, or - for standard input, and got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "-" && slices.Contains(with, "-") {
				return usagef("--with -: standard input is the saved run already")
			}
			set, err := a.with(cmd.Context(), with)
			if err != nil {
				return err
			}
			if onScreen {
				return a.showScreen(cmd.Context(), args[0], set)
			}
			return a.show(o, args[0], set, len(with) > 0)
		},
	}
	cmd.Flags().SortFlags = false
	o.add(cmd)
	formats := append(slices.Clone(report.Formats), "wide", "csv")
	flag := cmd.Flags().Lookup("output")
	flag.Value, flag.Usage = choice(&o.format, formats...), "`FORMAT`: text, short, json or jsonl; of a capture also wide or csv, of a matrix also csv"
	cmd.Flags().BoolVar(&onScreen, "tui", false, "in the interactive program")
	cmd.Flags().StringSliceVar(&with, "with", nil, "`FILE` with pasted text, judged together with what the run saw")
	return cmd
}

func (a *app) show(o outputOptions, name string, with evidence.Set, again bool) error {
	from := a.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return usagef("reading a saved run: %v", err)
		}
		defer f.Close() //nolint:errcheck // only read
		from = f
	}
	o.mask = report.NewMask()
	to, err := a.showRenderer(o, with)
	if err != nil {
		return err
	}
	last := &lastSummary{Renderer: to, matrix: savedMatrix{open: func() (report.MatrixRenderer, error) { return a.savedMatrix(o, name, again) }}}
	if again {
		last.judge = func(results []run.Result, old run.Summary) run.Summary {
			s := checks.Summarise(results, checks.Options{With: with, Ignore: old.Ignored})
			s.Stopped, s.Took, s.Sent = old.Stopped, old.Took, old.Sent
			return s
		}
	}
	if err := report.Replay(from, last); err != nil {
		if gone(err) {
			return err
		}
		var usage *usageError
		if errors.As(err, &usage) {
			return err
		}
		return usagef("%s: %v", name, err)
	}
	if last.matrix.MatrixRenderer != nil && !last.ran {
		return a.closeMatrix(&last.matrix, name)
	}
	if err := last.Close(); errors.Is(err, report.ErrNoRecords) {
		return usagef("%s: %v", name, err)
	} else if err != nil {
		return err
	}
	if last.open {
		return usagef("%s: the run has no summary: it was cut off before its end", name)
	}
	a.code = o.exitCode(last.summary)
	return a.showMatrices(o, last.behind)
}

// showRenderer is renderer, with the forms that a capture alone has.
func (a *app) showRenderer(o outputOptions, with evidence.Set) (report.Renderer, error) {
	switch {
	case o.format == "csv" && o.redact:
		return nil, usagef("--redact with -o csv masks a capture as it is read, not a saved one: kmsdiag capture FILE -o csv --redact")
	case o.format == "csv":
		return report.SavedCSV(a.stdout), nil
	case o.format == "wide":
		return nil, usagef("-o wide needs the packets: kmsdiag capture FILE -o wide; a saved capture is shown as text or csv")
	}
	return a.renderer(o, a.stdout, with)
}

// lastSummary remembers the summary that passes by, and judges the run again
// where judge is set.
type lastSummary struct {
	report.Renderer
	judge   func([]run.Result, run.Summary) run.Summary
	results []run.Result
	summary run.Summary
	open    bool // the last run has no summary
	ran     bool // there is a run
	matrix  savedMatrix
	behind  []run.MatrixEvent // of what hosts serve, saved behind the run
}

// MatrixEvent passes an event of a capability matrix on, or keeps it where it
// belongs to a run.
func (l *lastSummary) MatrixEvent(e run.MatrixEvent) error {
	if l.ran {
		l.behind = append(l.behind, e)
		return nil
	}
	return l.matrix.event(e)
}

// Event passes an event on.
func (l *lastSummary) Event(e run.Event) error {
	l.ran, l.open = true, e.Summary == nil
	switch {
	case e.Plan != nil:
		l.results = nil
	case e.Finished != nil && l.judge != nil:
		l.results = append(l.results, *e.Finished)
	case e.Summary != nil:
		l.summary = *e.Summary
		if l.judge != nil {
			l.summary = l.judge(l.results, *e.Summary)
			e.Summary = &l.summary
		}
	}
	return l.Renderer.Event(e)
}

// Line passes a line of a capture on to whoever wants it.
func (l *lastSummary) Line(kind string, line json.RawMessage) error {
	if to, ok := l.Renderer.(report.LineRenderer); ok {
		return to.Line(kind, line)
	}
	return nil
}
