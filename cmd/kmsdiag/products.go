package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// productsOptions are the flags of products.
type productsOptions struct {
	format  string
	redact  bool
	verbose bool
	yes     bool
	classes []string
	target  checks.TargetFlags
	timeout time.Duration
}

const productsLong = `Products lists what can be activated by KMS: which products share a counted id,
the count they need, the protocol they speak, and how their published keys end.

With HOST, a name, an address, HOST:PORT or a domain, it asks that host for each
counted id in turn and shows which are served, at which count, which are refused,
and which host key would cure that. It says beforehand how many requests that
takes and asks on a terminal; elsewhere it wants --yes. All requests go under the
one client id of every kmsdiag, servers and Office first, so that a host counts
one client at most in each of its lists. Products whose counted id is not publicly
known are not asked for.

The exit code is 0 when something is served and every request was answered: what
a host refuses is an answer. It is 3 when the host did not answer, stopped half
way, or serves nothing.`

func (a *app) newProducts() *cobra.Command {
	var o productsOptions
	cmd := &cobra.Command{
		Use:   "products [HOST]",
		Short: "What can be activated, or which of it a host serves",
		Long:  productsLong,
		Example: `  kmsdiag products
  kmsdiag products kms01.corp.example
  kmsdiag products 10.0.0.5:1688 --yes -o csv
  kmsdiag products corp.example --class server,office`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.target.PortGiven = cmd.Flags().Changed("port")
			if len(args) > 1 {
				return usagef("products takes one HOST, and got %d", len(args))
			}
			return a.products(cmd.Context(), o, args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.VarP(choice(&o.format, report.MatrixFormats...), "output", "o", "`FORMAT`: text, json, jsonl or csv")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "every edition, and the reason of every refusal")
	f.BoolVar(&o.redact, "redact", false, "names, addresses and ids as stable pseudonyms")
	f.BoolVarP(&o.yes, "yes", "y", false, "send the requests without asking")
	f.StringSliceVar(&o.classes, "class", nil, "`CLASSES` of products: server, client, office (default all)")
	f.BoolVarP(&o.target.Only4, "ipv4", "4", false, "IPv4 alone")
	f.BoolVarP(&o.target.Only6, "ipv6", "6", false, "IPv6 alone")
	f.StringSliceVar(&o.target.DNS, "dns", nil, "`ADDRESS` of a DNS server to ask instead of the configured ones")
	f.IntVar(&o.target.Port, "port", 0, "`PORT` of the host, where SRV names none (default 1688)")
	f.Var(durationValue{&o.timeout, time.Millisecond}, "timeout", "limit of one request (default 5s)")
	f.BoolVar(&o.target.NoRequest, "no-request", false, "send no KMS request: with HOST that leaves nothing to do")
	complete(cmd, "output", report.MatrixFormats...)
	complete(cmd, "class", "server", "client", "office")
	return cmd
}

func (a *app) products(ctx context.Context, o productsOptions, args []string) error {
	classes, err := classesOf(o.classes)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		style := a.style()
		style.Verbose = o.verbose
		return report.NewProductTable(classes...).Write(a.stdout, o.format, style)
	}
	target, err := parseTarget(args, o.target)
	if err != nil {
		return asUsage(err)
	}
	switch {
	case o.target.NoRequest:
		return usagef("products HOST sends KMS requests, which --no-request forbids; kmsdiag check %s --no-request stops after the RPC bind", args[0])
	case os.Getenv("KMSDIAG_NO_REQUEST") != "":
		return usagef("products HOST sends KMS requests, which KMSDIAG_NO_REQUEST forbids; kmsdiag check %s stops after the RPC bind", args[0])
	case !o.yes && !isTerminal(a.stdin):
		return usagef("products HOST sends a KMS request for each counted id: there is nobody here to ask, so it wants --yes")
	}
	env := &checks.Env{Target: target, Version: buildVersion(), Timeout: o.timeout}
	return a.matrix(ctx, env, o, classes)
}

// classesOf reads --class.
func classesOf(words []string) ([]catalog.Class, error) {
	var classes []catalog.Class
	for _, w := range words {
		c := catalog.Class(strings.ToLower(strings.TrimSpace(w)))
		if c.N() == 0 {
			return nil, usagef("--class %s: want server, client or office", w)
		}
		classes = append(classes, c)
	}
	return classes, nil
}

// matrix asks a host for one product after another and shows what it serves.
func (a *app) matrix(ctx context.Context, env *checks.Env, o productsOptions, classes []catalog.Class) error {
	done, err := a.debugging(env)
	defer done()
	if err != nil {
		return err
	}
	style := a.style()
	style.Verbose = o.verbose
	r, err := report.NewMatrix(o.format, a.stdout, style)
	if err != nil {
		return err
	}
	if o.redact {
		r = report.RedactMatrix(r)
	}
	plan := checks.MatrixPlan(ctx, env, checks.MatrixOptions{Classes: classes})
	if plan.Problem == "" && !o.yes {
		if ok, err := a.confirm(ctx, plan); err != nil || !ok {
			return err
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	m := checks.Matrix(ctx, env, plan, func(e run.MatrixEvent) {
		if failed == nil {
			if failed = r.Event(e); failed != nil {
				stop()
			}
		}
	})
	a.code = matrixCode(m)
	if failed != nil {
		return failed
	}
	return r.Close()
}

// matrixCode is the exit code of a matrix.
func matrixCode(m run.Matrix) int {
	switch {
	case m.Stopped:
		return exitStopped
	case m.Complete():
		return exitOK
	}
	return exitFailed
}

// confirm says what will be sent and asks whether to. It tells whether the
// answer was yes; anything else is a no, and the exit code that of a stop.
func (a *app) confirm(ctx context.Context, plan run.MatrixPlan) (bool, error) {
	a.say("This will send:")
	for _, line := range plan.Sends {
		a.say("  - %s", tame(line))
	}
	if _, err := fmt.Fprintf(a.stderr, "Send %d KMS requests? [y/N] ", plan.Requests); err != nil {
		return false, err
	}
	answer := make(chan string, 1)
	go func() { answer <- firstLine(a.stdin) }() // ends with the process where nobody answers
	select {
	case <-ctx.Done():
		a.say("")
		a.code = exitStopped
		return false, nil
	case line := <-answer:
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return true, nil
		}
	}
	a.say("Nothing was sent to the host.")
	a.code = exitStopped
	return false, nil
}

func firstLine(r io.Reader) string {
	line, _ := bufio.NewReader(r).ReadString('\n') //nolint:errcheck // what came before the end is the answer
	return line
}
