package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/hostlog"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

const hostlogLong = `Hostlog reads the log "Key Management Service" of a KMS host, in which event 12290
stands for every request, and tells how many clients the host counts and since
when, which machines share a client id, who is refused and why, whose clock is
off, and when the count or a machine's activation would lapse.

FILE is an .evtx file, or an export as XML, CSV or text, gzip or plain, or - for
standard input. Several files are put together; an entry that is in two of them
counts once. Nothing is sent anywhere.`

const hostlogExample = `  kmsdiag hostlog "Key Management Service.evtx"
  kmsdiag hostlog week1.evtx week2.xml.gz
  wevtutil qe "Key Management Service" /f:xml | kmsdiag hostlog -
  kmsdiag hostlog kms.evtx --application office
  kmsdiag hostlog kms.evtx --now 2026-11-01     as it was on that day
  kmsdiag hostlog kms.evtx -o csv > clients.csv`

// hostlogOptions are the flags of hostlog.
type hostlogOptions struct {
	format  string
	failOn  string
	app     string
	now     string
	since   string
	redact  bool
	verbose bool
}

func (a *app) newHostlog() *cobra.Command {
	var o hostlogOptions
	cmd := &cobra.Command{
		Use:     "hostlog FILE...",
		Short:   "What a KMS host's own log says about its clients",
		Long:    hostlogLong,
		Example: hostlogExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.hostlog(cmd.Context(), &o, args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.VarP(choice(&o.format, report.HostLogFormats...), "output", "o", "`FORMAT`: text, json or csv (a row for each client)")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "what each statement stands on, and longer lists")
	f.BoolVar(&o.redact, "redact", false, "names, addresses and ids as stable pseudonyms")
	f.Var(choice(&o.app, "all", "windows", "office"), "application", "show the count of `APP` alone: windows or office")
	f.StringVar(&o.since, "since", "", "leave out entries before `TIME`, such as 2026-10-01 or 2026-10-01T08:00:00Z")
	f.StringVar(&o.now, "now", "", "count the 30 days before `TIME` instead of before the newest entry; now is this moment")
	f.Var(choice(&o.failOn, "fail", "warn", "never"), "fail-on", "`WHAT` makes the exit code: fail, warn or never")
	complete(cmd, "output", report.HostLogFormats...)
	complete(cmd, "application", "windows", "office")
	complete(cmd, "fail-on", "fail", "warn", "never")
	return cmd
}

func (a *app) hostlog(ctx context.Context, o *hostlogOptions, files []string) error {
	if len(files) == 0 {
		return usagef(`hostlog needs a FILE, or - for standard input: the log "Key Management Service" of a KMS host`)
	}
	opts := hostlog.Options{Today: time.Now()}
	var err error
	if opts.Since, err = moment("since", o.since, opts.Today); err != nil {
		return err
	}
	if opts.Now, err = moment("now", o.now, opts.Today); err != nil {
		return err
	}
	if !opts.Now.IsZero() && opts.Since.After(opts.Now) {
		return usagef("--since %s is later than --now %s", o.since, o.now)
	}
	if o.app != "all" {
		opts.Application = o.app
	}
	// What a reader drops is small beside what it keeps; the limit keeps the
	// largest inventory below 200 MB.
	defer debug.SetGCPercent(debug.SetGCPercent(200))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(150 << 20))
	inputs, done, err := a.logFiles(files)
	if err != nil {
		return err
	}
	if o.redact {
		nameless(inputs)
	}
	defer done()
	r, err := hostlog.Read(ctx, inputs, opts)
	var format *hostlog.FormatError
	var none *hostlog.NoRequestsError
	switch {
	case errors.As(err, &format), errors.As(err, &none):
		return asUsage(err)
	case err != nil:
		return err
	}
	w := bufio.NewWriterSize(a.stdout, 64<<10)
	style := a.style()
	style.Verbose = o.verbose
	if err := report.HostLog(o.format, w, style, o.redact, r); err != nil {
		return err
	}
	a.code = outputOptions{failOn: o.failOn}.exitCode(run.Summary{Worst: r.Worst, Stopped: r.Stopped})
	return w.Flush()
}

// logFiles opens the files; - is standard input. A file that cannot be opened is
// a mistake of the command line.
func (a *app) logFiles(files []string) (inputs []hostlog.Input, done func(), err error) {
	var opened []*os.File
	done = func() {
		for _, f := range opened {
			_ = f.Close() // only read
		}
	}
	stdin := false
	for _, name := range files {
		if name == "-" {
			if stdin {
				done()
				return nil, nil, usagef("- is standard input, which can be read only once")
			}
			stdin = true
			inputs = append(inputs, hostlog.Input{Name: "standard input", From: a.stdin})
			continue
		}
		f, err := os.Open(name)
		if err == nil {
			var info os.FileInfo
			if info, err = f.Stat(); err == nil && info.IsDir() {
				err = &os.PathError{Op: "open", Path: name, Err: errors.New("is a folder; name the files in it")}
			}
			opened = append(opened, f)
		}
		if err != nil {
			done()
			return nil, nil, asUsage(err)
		}
		inputs = append(inputs, hostlog.Input{Name: name, From: f})
	}
	return inputs, done, nil
}

// nameless gives files numbers for names: exports are named after their host.
func nameless(inputs []hostlog.Input) {
	for i := range inputs {
		name, packed := strings.CutSuffix(strings.ToLower(inputs[i].Name), ".gz")
		end := filepath.Ext(name)
		if !slices.Contains([]string{".evtx", ".xml", ".csv", ".txt", ".log"}, end) {
			end = ""
		}
		if packed {
			end += ".gz"
		}
		inputs[i].Name = fmt.Sprintf("file-%d%s", i+1, end)
	}
}

// moment reads a time of a flag: a day, or a day and a time with its zone.
func moment(flag, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if s == "now" {
		return now.UTC(), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04Z07:00"} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		if t.Year() < 2000 || t.Year() > 2105 {
			return t, usagef("--%s %s: want a year from 2000 to 2105", flag, s)
		}
		if layout == time.DateOnly && flag == "now" {
			t = t.Add(24*time.Hour - time.Second) // the end of that day
		}
		return t.UTC(), nil
	}
	return time.Time{}, usagef("--%s %.40q: want a day such as 2026-11-23, or a time such as 2026-11-23T08:15:00Z (UTC)", flag, s)
}
