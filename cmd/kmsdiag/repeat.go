package main

import (
	"context"
	"time"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// requestPause is how long a repeated run waits until it sends requests again:
// each one writes an event on the host.
const requestPause = 2 * time.Hour

// Pauses between the attempts of --wait: each is twice the one before.
const (
	firstPause   = 2 * time.Second
	longestPause = 30 * time.Second
)

// checkWait tries until a run passes or the time is up, and shows the last run.
// Attempts that come to nothing are told on standard error. Once a host has
// answered a request with anything but service, trying again would only repeat
// the request, so that ends the wait as well.
func (a *app) checkWait(ctx context.Context, env *checks.Env, opts checks.Options, o checkOptions) error {
	r, err := a.renderer(o.output, a.stdout, opts.With)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(o.wait)
	pause := a.pause
	for attempt := 1; ; attempt++ {
		var events []run.Event
		summary := checks.Run(ctx, env, checks.Planned(env), opts, func(e run.Event) { events = append(events, e) })
		a.code = o.output.exitCode(summary)
		left := time.Until(deadline)
		if a.code == exitOK || a.code == exitStopped || left <= 0 {
			return showAll(r, events)
		}
		if requested(events) {
			a.say("not waiting any longer: a host was reached, and trying again would repeat the KMS request")
			return showAll(r, events)
		}
		pause = min(pause, left)
		a.say("attempt %d: %d failed; trying again in %s, until %s UTC",
			attempt, summary.Counts[run.Fail], pause.Round(time.Second), deadline.UTC().Format("15:04:05"))
		if !sleep(ctx, pause) {
			a.code = exitStopped
			return showAll(r, events)
		}
		pause = min(2*pause, longestPause)
	}
}

func showAll(r report.Renderer, events []run.Event) error {
	for _, e := range events {
		if err := r.Event(e); err != nil {
			return err
		}
	}
	return r.Close()
}

// requested tells whether a run sent a KMS request.
func requested(events []run.Event) bool {
	for _, e := range events {
		if e.Finished != nil && len(e.Finished.Evidence.Exchanges) > 0 {
			return true
		}
	}
	return false
}

// checkEvery repeats until the user stops it. Repetition repeats the bind;
// requests are sent again after [requestPause].
func (a *app) checkEvery(ctx context.Context, env *checks.Env, opts checks.Options, o checkOptions) error {
	var to report.Renderer
	if o.output.format == "text" {
		style := a.style()
		style.Verbose = o.output.verbose
		to = report.Changes(a.stdout, style)
		if o.output.redact {
			to = report.Redact(to, opts.With)
		}
	} else {
		var err error
		if to, err = a.renderer(o.output, a.stdout, opts.With); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	out := &sink{to: to, stop: stop}
	tick := time.NewTicker(o.every)
	defer tick.Stop()
	var asked time.Time
	for {
		again := *env
		if asked.IsZero() || time.Since(asked) >= requestPause {
			asked = time.Now()
		} else {
			again.Target.NoRequest = true
		}
		summary := checks.Run(ctx, &again, checks.Planned(&again), opts, out.event)
		a.code = o.output.exitCode(summary)
		select {
		case <-ctx.Done():
			if out.err == nil {
				a.code = exitStopped
			}
			return out.close()
		case <-tick.C:
		}
	}
}

// sleep waits; it tells whether it was left alone.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
