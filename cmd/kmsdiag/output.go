package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// outputOptions say how a run is shown and what makes its exit code.
type outputOptions struct {
	format  string
	redact  bool
	verbose bool
	failOn  string
	mask    *report.Mask // the pseudonyms of redact, where several outputs share them
}

func defaultOutput() outputOptions { return outputOptions{format: "text", failOn: "fail"} }

func (o *outputOptions) add(cmd *cobra.Command) {
	cmd.Flags().VarP(choice(&o.format, report.Formats...), "output", "o", "`FORMAT`: text, short, json or jsonl")
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "notes of what is well, and every remedy of every possible cause")
	cmd.Flags().BoolVar(&o.redact, "redact", false, "names, addresses and ids as stable pseudonyms")
	cmd.Flags().Var(choice(&o.failOn, "fail", "warn", "never"), "fail-on", "`WHAT` makes the exit code: fail, warn or never")
	complete(cmd, "output", report.Formats...)
	complete(cmd, "fail-on", "fail", "warn", "never")
}

// exitCode is the exit code of a run; a function of its summary alone.
func (o outputOptions) exitCode(s run.Summary) int {
	switch {
	case s.Stopped:
		return exitStopped
	case o.failOn == "never":
		return exitOK
	case s.Worst == run.Fail:
		return exitFailed
	case s.Worst == run.Warn && o.failOn == "warn":
		return exitWarned
	}
	return exitOK
}

// renderer returns what shows the run on standard output.
func (a *app) renderer(o outputOptions, w io.Writer, with ...evidence.Set) (report.Renderer, error) {
	style := a.style()
	style.Verbose = o.verbose
	r, err := report.New(o.format, w, style)
	if err != nil {
		return nil, err
	}
	switch {
	case o.redact && o.mask != nil:
		o.mask.Learn(with...)
		r = report.RedactBy(o.mask, r)
	case o.redact:
		r = report.Redact(r, with...)
	}
	return r, nil
}

func (a *app) style() report.Style { return a.look.Style(a.screen) }

// sink feeds events to a renderer. Its first error ends the run.
type sink struct {
	to   report.Renderer
	stop context.CancelFunc
	err  error
}

func (s *sink) event(e run.Event) {
	if s.err != nil {
		return
	}
	if s.err = s.to.Event(e); s.err != nil {
		s.stop()
	}
}

// close ends the output and returns the first error of writing it.
func (s *sink) close() error {
	if s.err != nil {
		return s.err
	}
	return s.to.Close()
}
