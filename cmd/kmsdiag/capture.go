package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// captureOptions are the flags of capture.
type captureOptions struct {
	job      capture.Job
	format   string
	failOn   string
	ignore   []string
	verbose  bool
	redact   bool
	list     bool
	clients  bool
	screen   bool
	exchange int64
	ports    []string
}

const captureLong = `Capture reads packets, from files or from an interface, and tells who asks which
KMS host for what, what the host answers, and what is wrong.

FILE is a pcap or pcapng file, gzip or zstd or plain, or - for standard input. KMS is
found on any port. A live capture takes the KMS ports and DNS alone, and needs
the right to capture.`

const captureExample = `  kmsdiag capture trace.pcapng
  kmsdiag capture day1.pcap.gz day2.pcap.gz -o wide
  kmsdiag capture trace.pcap --exchange 3      one exchange, byte by byte
  kmsdiag capture trace.pcap --clients         the inventory of clients
  kmsdiag capture --tui trace.pcap             on the screen, live too
  kmsdiag capture -i eth0 --duration 10m --write kms.pcapng
  tcpdump -w - | kmsdiag capture -`

func (a *app) newCapture() *cobra.Command {
	var o captureOptions
	cmd := &cobra.Command{
		Use:     "capture [FILE]...",
		Short:   "Read packets and tell what KMS clients and hosts said",
		Long:    captureLong,
		Example: captureExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.job.Files = args
			return a.capture(cmd.Context(), &o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.VarP(choice(&o.format, report.CaptureFormats...), "output", "o", "`FORMAT`: text, wide, short, json, jsonl or csv")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "notes of what is well, and every remedy of every possible cause")
	f.Int64Var(&o.exchange, "exchange", 0, "show exchange `N` field by field, decrypted")
	f.BoolVar(&o.clients, "clients", false, "the inventory: each client with its products and days left")
	f.BoolVar(&o.screen, "tui", false, "the interactive program: conversations, messages, fields, bytes")
	f.BoolVar(&o.redact, "redact", false, "names, addresses and ids as stable pseudonyms")
	f.Var(choice(&o.failOn, "fail", "warn", "never"), "fail-on", "`WHAT` makes the exit code: fail, warn or never")
	f.StringSliceVar(&o.ignore, "ignore", nil, "`IDS` of rows to show but not to count, such as capture.count")
	f.BoolVar(&o.job.Follow, "follow", false, "wait for the file to grow")
	f.StringVarP(&o.job.Interface, "interface", "i", "", "capture live on `NAME`")
	f.BoolVar(&o.list, "list-interfaces", false, "list the interfaces and do nothing")
	f.Var(durationValue{&o.job.Duration, time.Millisecond}, "duration", "end a live capture after this long")
	f.Int64Var(&o.job.Count, "count", 0, "end after `N` packets")
	f.StringSliceVar(&o.ports, "port", nil, "more TCP `PORTS` of KMS")
	f.BoolVar(&o.job.AllTCP, "all-tcp", false, "live: take every TCP packet, to find KMS on any port")
	f.StringVar(&o.job.Write, "write", "", "write the packets of KMS to `FILE`, pcapng if it ends so")
	f.BoolVar(&o.job.WriteAll, "write-all", false, "with --write: every packet")
	complete(cmd, "output", report.CaptureFormats...)
	complete(cmd, "fail-on", "fail", "warn", "never")
	return cmd
}

// check tells what does not go together.
func (o *captureOptions) check() error {
	files := len(o.job.Files)
	switch {
	case o.job.Interface != "" && files > 0:
		return usagef("give files or --interface, not both")
	case o.job.Interface == "" && files == 0 && !o.list && !o.screen:
		return usagef("capture needs a FILE, - for standard input, or --interface NAME; --list-interfaces lists them")
	case o.job.Interface == "" && (o.job.AllTCP || o.job.Duration > 0):
		return usagef("--all-tcp and --duration belong to --interface")
	case o.job.Follow && files != 1:
		return usagef("--follow goes with one FILE")
	case o.job.WriteAll && o.job.Write == "":
		return usagef("--write-all goes with --write FILE")
	case o.job.Write != "" && o.redact:
		return usagef("--redact masks what is shown, not packets: leave out --write, or --redact")
	case o.exchange < 0 || o.job.Count < 0:
		return usagef("--exchange and --count want a number from 1 on")
	case o.exchange > 0 && o.clients:
		return usagef("--exchange and --clients exclude each other")
	}
	for _, id := range o.ignore {
		if ids := capture.FactIDs(); !slices.Contains(ids, id) {
			if near := nearest(id, ids); near != "" {
				return usagef("--ignore %s: a capture has no such row; did you mean %s?", id, near)
			}
			return usagef("--ignore %s: a capture has no such row; its rows are %s", id, strings.Join(ids, ", "))
		}
	}
	stdin := 0
	for _, name := range o.job.Files {
		if name == "-" {
			stdin++
		}
	}
	if stdin > 1 {
		return usagef("- is standard input, which can be read only once")
	}
	for _, p := range o.ports {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return usagef("--port %s: want a number from 1 to 65535", p)
		}
		o.job.Ports = append(o.job.Ports, uint16(n))
	}
	return nil
}

func (a *app) capture(ctx context.Context, o *captureOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.screen {
		if err := o.checkScreen(); err != nil {
			return err
		}
		return a.captureScreen(ctx, o)
	}
	if o.list {
		return a.listInterfaces()
	}
	// What a reader drops is small beside what it keeps: collecting more rarely costs some
	// megabytes and saves time. The limit keeps a large inventory below 200 MB.
	defer debug.SetGCPercent(debug.SetGCPercent(300))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(140 << 20))
	w := bufio.NewWriterSize(a.stdout, 64<<10)
	view, err := o.view(a, w)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var broken error // of the output
	keep := func(err error) {
		if err != nil && broken == nil {
			broken = err
			stop()
		}
	}
	live := o.job.Interface != "" || o.job.Follow || len(o.job.Files) == 1 && o.job.Files[0] == "-"
	o.job.Stdin = os.Stdin
	o.job.Options.Encode = view.Encode()
	o.job.Options.Records = func(records []capture.Record, encoded []byte) {
		a.log.records(records)
		keep(view.Records(records, encoded))
		if live {
			keep(w.Flush())
		}
	}
	if term.IsTerminal(os.Stderr.Fd()) {
		o.job.Progress = a.progress
		defer func() { _, _ = fmt.Fprint(a.stderr, "\r\x1b[K") }()
	}
	sources := o.job.Files
	if o.job.Interface != "" {
		sources = []string{o.job.Interface}
	}
	log, logged, err := a.openLog(o.job.Files...)
	defer logged()
	if err != nil {
		return err
	}
	log.captureBegins(o.job)
	started := time.Now()
	keep(view.Begin(capture.Plan(buildVersion(), started, sources...)))
	r, err := o.job.Run(ctx)
	log.captureEnds(r, err)
	switch {
	case broken != nil:
		return broken
	case err != nil:
		return captureFailed(err)
	}
	r.Ignore = o.ignore
	events := r.Events(time.Now(), time.Since(started), ctx.Err() != nil && !live)
	if err := view.End(r, events); err != nil {
		return err
	}
	a.code = outputOptions{failOn: o.failOn}.exitCode(*events[len(events)-1].Summary)
	return w.Flush()
}

// captureFailed tells apart what the caller can mend.
func captureFailed(err error) error {
	var format *capture.FormatError
	var path *fs.PathError
	var allowed *capture.PrivilegeError
	var iface *net.OpError
	var onto *capture.OverwriteError
	if errors.As(err, &onto) || errors.As(err, &format) || errors.As(err, &path) && path.Op == "open" || errors.As(err, &allowed) || errors.As(err, &iface) {
		return asUsage(err)
	}
	return err
}

// view returns what shows the capture.
func (o *captureOptions) view(a *app, w io.Writer) (report.CaptureRenderer, error) {
	style := a.style()
	style.Verbose = o.verbose
	switch {
	case o.exchange > 0:
		return &exchangeView{w: w, o: o, style: style}, nil
	case o.clients:
		return &clientsView{w: w, o: o, style: style}, nil
	}
	return report.NewCapture(o.format, w, style, o.redact)
}

// quiet is the part of a view that shows nothing until the end.
type quiet struct{}

// Begin shows nothing.
func (quiet) Begin(run.Event) error { return nil }

// Encode does nothing.
func (quiet) Encode() func([]capture.Record, []byte) []byte { return nil }

// Records shows nothing.
func (quiet) Records([]capture.Record, []byte) error { return nil }

// clientsView shows the inventory.
type clientsView struct {
	quiet
	w     io.Writer
	o     *captureOptions
	style report.Style
}

// End shows the clients.
func (v *clientsView) End(r *capture.Report, _ []run.Event) error {
	return report.Clients(v.o.format, v.w, v.style, v.o.redact, r)
}

// exchangeView shows one exchange.
type exchangeView struct {
	quiet
	w     io.Writer
	o     *captureOptions
	style report.Style
	found *capture.Exchange
}

// Records looks for the exchange.
func (v *exchangeView) Records(records []capture.Record, _ []byte) error {
	for _, r := range records {
		if r.Exchange != nil && r.Exchange.Number == v.o.exchange {
			v.found = r.Exchange.Clone()
		}
	}
	return nil
}

// End shows the exchange.
func (v *exchangeView) End(r *capture.Report, _ []run.Event) error {
	if v.found == nil {
		return usagef("--exchange %d: the capture holds %d exchanges", v.o.exchange, r.Counters.Exchanges)
	}
	return report.Exchange(v.w, v.style, v.o.redact, v.found)
}

func (a *app) listInterfaces() error {
	list, err := capture.Interfaces()
	if err != nil {
		return captureFailed(err)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, i := range list {
		state := "down"
		if i.Up {
			state = "up"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", i.Name, state, strings.Join(i.Addresses, " "), i.Description)
	}
	return w.Flush()
}

// progress rewrites one line of the terminal: bytes, rate, time left.
func (a *app) progress(p capture.Progress) {
	took := time.Since(p.Started).Seconds()
	if took <= 0 {
		return
	}
	rate := float64(p.Read) / took
	text := p.Counters.Describe()
	if p.Read > 0 {
		text = fmt.Sprintf("%s  %.0f MB at %.0f MB/s  %s", p.Source, float64(p.Read)/1e6, rate/1e6, text)
	}
	if p.Size > 0 && rate > 0 {
		left := time.Duration(float64(p.Size-p.Read) / rate * float64(time.Second))
		text = fmt.Sprintf("%3.0f %%  %s left  %s", 100*float64(p.Read)/float64(p.Size), left.Round(time.Second), text)
	}
	if width := a.screen.Width; width > 1 && len(text) >= width {
		text = text[:width-1]
	}
	_, _ = fmt.Fprintf(a.stderr, "\r%s\x1b[K", text)
}
