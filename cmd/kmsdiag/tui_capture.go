package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
	"github.com/kmsdiag/kmsdiag/tui"
)

// captureServices connects the program to packets. Ports are those of KMS beside
// 1688.
func (a *app) captureServices(svc *tui.Services, o *captureOptions) {
	svc.Interfaces = capture.Interfaces
	svc.Files = captureFiles
	svc.Capture = func(ctx context.Context, ask tui.CaptureRequest, emit func(tui.CaptureEvent)) (err error) {
		started := time.Now()
		// What a capture of millions of packets keeps would otherwise grow with its garbage.
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(200 << 20))
		job := job(o, ask)
		talks := report.NewConversations()
		if o != nil {
			a.talks.Store(talks)
		}
		a.log.captureBegins(job)
		job.Options = capture.Options{Steps: true, Records: func(records []capture.Record, _ []byte) {
			a.log.records(records)
			talks.Records(records)
			emit(tui.CaptureEvent{Records: records})
		}}
		job.Progress = func(p capture.Progress) { emit(tui.CaptureEvent{Progress: &p}) }
		tell := func(r *capture.Report, final bool) {
			talks.Hosts(r)
			now := time.Now()
			events := append([]run.Event{capture.Plan(buildVersion(), started, sourcesOf(ask)...)}, r.Events(now, now.Sub(started), false)...)
			emit(tui.CaptureEvent{Result: &tui.CaptureResult{Evidence: r.Evidence, Events: events, Counters: r.Counters, Broken: r.BrokenText(), Final: final}})
		}
		job.Interim = func(r *capture.Report) { tell(r, false) }
		job.Tap = ask.Tap
		if ask.Tap != nil {
			defer func() {
				_, stopped := ask.Tap.Stop()
				err = errors.Join(err, stopped)
			}()
		}
		r, err := job.Run(ctx)
		a.log.captureEnds(r, err)
		if r != nil && (err == nil || r.Counters.Packets > 0) {
			tell(r, true) // also of one that broke off
		}
		return err
	}
	svc.WritePackets = func(ctx context.Context, ask tui.CaptureRequest, name string) (int64, error) {
		switch {
		case name == "":
			return ask.Tap.Stop()
		case ask.Interface != "":
			return 0, ask.Tap.Start(name)
		}
		tap := &capture.Tap{}
		if err := tap.Start(name); err != nil {
			return 0, err
		}
		job := job(o, tui.CaptureRequest{Files: ask.Files})
		job.Tap = tap
		_, err := job.Run(ctx)
		n, stopped := tap.Stop()
		return n, errors.Join(err, stopped)
	}
}

// job is what the user asked for, with the flags of the command.
func job(o *captureOptions, ask tui.CaptureRequest) capture.Job {
	job := capture.Job{Interface: ask.Interface, Files: ask.Files, Follow: ask.Follow, Stdin: os.Stdin}
	if o != nil {
		job.Ports, job.AllTCP, job.Duration, job.Count = o.job.Ports, o.job.AllTCP, o.job.Duration, o.job.Count
	}
	job.Ports = append(slices.Clone(job.Ports), ask.Ports...)
	return job
}

func sourcesOf(ask tui.CaptureRequest) []string {
	if ask.Interface != "" {
		return []string{ask.Interface}
	}
	return ask.Files
}

// captureFiles lists the directories and files that a path may go on to, in the
// order of their names.
func captureFiles(prefix string) []string {
	dir, name := filepath.Split(prefix)
	from := dir
	if from == "" {
		from = "."
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return nil
	}
	var list []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), name) || strings.HasPrefix(e.Name(), ".") && name == "" {
			continue
		}
		path := dir + e.Name()
		if e.IsDir() {
			path += string(filepath.Separator)
		}
		list = append(list, path)
	}
	return list
}

// captureScreen opens the interactive program in its capture view.
func (a *app) captureScreen(ctx context.Context, o *captureOptions) error {
	if why := a.noScreen(); why != "" {
		return usagef("--tui needs a terminal, and %s; kmsdiag capture without it shows the same as text", why)
	}
	if a.style().Accessible {
		return usagef("--tui draws a screen; kmsdiag capture --accessible without it says a sentence a line")
	}
	ask := &tui.CaptureRequest{Files: o.job.Files, Interface: o.job.Interface, Follow: o.job.Follow, Ports: o.job.Ports}
	env, err := checkEnv(checkOptions{}, nil)
	if err != nil {
		return asUsage(err)
	}
	if env.Directory, err = a.directoryFromEnviron(nil); err != nil {
		return err
	}
	log, done, err := a.openLog(o.job.Files...)
	defer done()
	if err != nil {
		return err
	}
	if log != nil {
		log.over(env)
	}
	var svc tui.Services
	a.captureServices(&svc, o)
	return a.screenProgram(ctx, env, svc, tui.Options{Capture: ask})
}

// checkScreen tells what of the flags does not go with --tui.
func (o *captureOptions) checkScreen() error {
	switch {
	case slices.Contains(o.job.Files, "-"):
		return usagef("--tui needs standard input for keys; save the packets to a file first, or use --follow FILE")
	case o.job.Write != "" || o.exchange > 0 || o.clients || o.list:
		return usagef("--tui goes without --write, --exchange, --clients and --list-interfaces; w writes packets from the screen")
	}
	return nil
}
