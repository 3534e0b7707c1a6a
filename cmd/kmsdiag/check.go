package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/report"
)

// checkOptions are the flags of check.
type checkOptions struct {
	output  outputOptions
	target  checks.TargetFlags
	timeout time.Duration
	wait    time.Duration
	every   time.Duration
	only    []string
	skip    []string
	ignore  []string
	with    []string
	list    bool
}

const checkLong = `Check asks DNS for the KMS hosts of a domain, connects to every address of every
host, binds, sends one KMS request to each, and judges what came back.

ARG is an IP address or HOST:PORT, which is a host, or a name, of which DNS
decides: with an SRV record it is a domain, without one and with an address it is
a host. Without ARG it is the domain that this machine would use by itself.`

const checkExample = `  kmsdiag check corp.example
  kmsdiag check 10.0.0.5 --product "Windows Server 2022"
  kmsdiag check corp.example --dns 10.0.0.2 --only dns.srv
  kmsdiag check kms01.corp.example --wait 10m
  kmsdiag check corp.example --every 30s
  cscript //nologo %windir%\System32\slmgr.vbs /dlv | kmsdiag check corp.example --with -`

func (a *app) newCheck() *cobra.Command {
	var o checkOptions
	cmd := &cobra.Command{
		Use:     "check [ARG]...",
		Short:   "Check a domain, a host or an address",
		Long:    checkLong,
		Example: checkExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.target.PortGiven = cmd.Flags().Changed("port")
			if cmd.Flags().Changed("ntp") && len(o.target.NTP) == 0 {
				return usagef("--ntp needs a time server: a name or an address")
			}
			return a.check(cmd.Context(), o, args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	o.output.add(cmd)
	o.addTarget(cmd)
	f.Var(durationValue{&o.timeout, time.Millisecond}, "timeout", "limit of one check on one subject (default: each check's own)")
	f.Var(durationValue{&o.wait, time.Second}, "wait", "try again until it passes or this long")
	f.Var(durationValue{&o.every, time.Second}, "every", "repeat until interrupted, marking changes")
	f.StringSliceVar(&o.only, "only", nil, "check `IDS` to run; what they need runs too, unshown")
	f.StringSliceVar(&o.skip, "skip", nil, "check `IDS` to leave out")
	f.StringSliceVar(&o.ignore, "ignore", nil, "check and cause `IDS` to show but not to count")
	f.StringSliceVar(&o.with, "with", nil, "`FILE` with pasted text, judged together with what is seen; - is standard input")
	f.BoolVar(&o.list, "list-checks", false, "list the checks and do nothing")
	var ids []string
	for _, c := range everyCheck() {
		ids = append(ids, c.ID)
	}
	complete(cmd, "only", ids...)
	complete(cmd, "skip", ids...)
	return cmd
}

// addTarget adds the flags that say what to ask, and whom.
func (o *checkOptions) addTarget(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVarP(&o.target.Only4, "ipv4", "4", false, "IPv4 alone")
	f.BoolVarP(&o.target.Only6, "ipv6", "6", false, "IPv6 alone")
	f.StringSliceVar(&o.target.DNS, "dns", nil, "`ADDRESS` of a DNS server to ask instead of the configured ones")
	f.StringSliceVar(&o.target.Domains, "domain", nil, "a `DOMAIN`, whatever DNS says of the name")
	f.StringSliceVar(&o.target.Hosts, "host", nil, "a `HOST`, whatever DNS says of the name")
	f.IntVar(&o.target.Port, "port", 0, "`PORT` of the hosts, where SRV names none (default 1688)")
	f.StringVar(&o.target.Product, "product", "", "`PRODUCT` to ask for: a name, an id, or auto (default Windows 11 Enterprise)")
	f.StringSliceVar(&o.target.NTP, "ntp", nil, "time `SERVER` to compare this machine's clock with")
	f.BoolVar(&o.target.NoRequest, "no-request", false, "stop after the RPC bind")
}

func (a *app) check(ctx context.Context, o checkOptions, args []string) error {
	if o.list {
		return a.listChecks(o.output.format)
	}
	env, err := checkEnv(o, args)
	if err != nil {
		return asUsage(err)
	}
	if err := checkIDs(o); err != nil {
		return asUsage(err)
	}
	if env.Directory, err = a.directoryFromEnviron(o.only); err != nil {
		return err
	}
	if env.Directory != nil && !o.output.redact {
		a.sayWho(env.Directory.Access)
	}
	with, err := a.with(ctx, o.with)
	if err != nil {
		return err
	}
	done, err := a.debugging(env)
	defer done()
	if err != nil {
		return err
	}
	opts := checks.Options{Only: o.only, Skip: o.skip, Ignore: o.ignore, With: with}
	switch {
	case o.wait > 0 && o.every > 0:
		return usagef("--wait and --every exclude each other: the one ends when it passes, the other never")
	case o.wait > 0:
		return a.checkWait(ctx, env, opts, o)
	case o.every > 0:
		return a.checkEvery(ctx, env, opts, o)
	}
	r, err := a.renderer(o.output, a.stdout, with)
	if err != nil {
		return err
	}
	return a.checkOnce(ctx, env, opts, o.output, r)
}

// checkOnce runs the checks and shows them as they finish.
func (a *app) checkOnce(ctx context.Context, env *checks.Env, opts checks.Options, o outputOptions, r report.Renderer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	out := &sink{to: r, stop: stop}
	summary := checks.Run(ctx, env, checks.Planned(env), opts, out.event)
	a.code = o.exitCode(summary)
	return out.close()
}

// checkEnv makes the world of a check of what the user asked for.
func checkEnv(o checkOptions, args []string) (*checks.Env, error) {
	if os.Getenv("KMSDIAG_NO_REQUEST") != "" {
		o.target.NoRequest = true
	}
	target, err := parseTarget(args, o.target)
	if err != nil {
		return nil, err
	}
	product, err := productToAsk(o.target.Product)
	if err != nil {
		return nil, err
	}
	return &checks.Env{Target: target, Product: product, Version: buildVersion(), Timeout: o.timeout}, nil
}

// productToAsk finds the product of --product. Auto is a server product: it
// asks for the smaller count, which cannot enlarge the list of a host that
// serves servers alone.
func productToAsk(name string) (catalog.Product, error) {
	var found catalog.Choice
	switch strings.ToLower(name) {
	case "":
		found = catalog.DefaultClient()
	case "auto":
		found = catalog.DefaultServer()
	default:
		var err error
		if found, err = catalog.ProductByName(name); err != nil {
			return catalog.Product{}, fmt.Errorf("--product %s: %s", name, strings.TrimPrefix(err.Error(), "catalog: "))
		}
	}
	if !found.Product.Group.Askable() {
		return catalog.Product{}, fmt.Errorf("--product %s: a host cannot be asked for %s: it is not sold in volume, or the id its clients send is not public",
			name, found.Name())
	}
	p := found.Product
	p.Name = found.Name()
	return p, nil
}

// checkIDs tells whether the ids of --only, --skip and --ignore exist.
func checkIDs(o checkOptions) error {
	for _, f := range []struct {
		flag   string
		ids    []string
		causes bool // ids of causes count as well
	}{{"only", o.only, false}, {"skip", o.skip, false}, {"ignore", o.ignore, true}} {
		for _, id := range f.ids {
			if err := checkID(id, f.causes); err != nil {
				return fmt.Errorf("--%s %s: %w", f.flag, id, err)
			}
		}
	}
	return nil
}

func checkID(id string, causes bool) error {
	if _, isCause := diagnose.Lookup(id); isCause && causes {
		return nil
	}
	var unknown *checks.UnknownCheckError
	if !errors.As(checks.FindChecks(everyCheck(), []string{id}), &unknown) {
		return nil
	}
	near, what := unknown.Near, "no such check"
	if causes {
		what = "neither a check nor a cause"
		for _, p := range diagnose.Pages() {
			if nearest(id, []string{p.ID}) != "" {
				near = append(near, p.ID)
			}
		}
	}
	if len(near) > 0 {
		return fmt.Errorf("%s; did you mean %s?", what, strings.Join(near, " or "))
	}
	return fmt.Errorf("%s; check --list-checks lists the checks", what)
}

func (a *app) listChecks(format string) error {
	l := report.NewListing("")
	for _, c := range everyCheck() {
		title := c.Title
		if c == checks.ADBAObjects {
			title += " (where " + envUser + " names a user, and in kmsdiag adba)"
		}
		l.Items = append(l.Items, report.Item{Type: "check", ID: c.ID, Title: title, Group: c.Group})
	}
	return a.listing(l, format)
}

// listing prints a listing as text, or as JSON for both JSON formats.
func (a *app) listing(l *report.Listing, format string) error {
	if format == "json" || format == "jsonl" {
		return l.JSON(a.stdout)
	}
	return l.Text(a.stdout, a.style())
}
