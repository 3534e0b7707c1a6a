package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/directory"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

const adbaLong = `Adba reads the activation objects of a domain's forest from a domain controller,
over LDAP, and says which host key and which products each covers, and whether KMS
hosts are published beside them. Nothing is written to the directory.

A domain controller shows them to a user who is logged on; any user of the domain
will do. The password comes from --password-file, from KMSDIAG_LDAP_PASSWORD, or is
asked for on the terminal; there is no flag for it. It is sent over TLS alone.

Without --user, on Windows, it is the user of this session (--user self), who logs on
with a Kerberos ticket, over TLS as well, and is named before anything is sent. On
other systems, and with --anonymous, the domain controller is asked without a name,
which shows little.

With --dc no domain controller is looked for in DNS; DNS is still asked for KMS hosts.

The exit code is 3 where the objects could not all be read, where none of them tells
what it activates, and where there are none. Where they were not all read, the
line that this command prints shows them in Windows PowerShell; kmsdiag explain -
reads what it prints.`

const adbaExample = `  kmsdiag adba corp.example --user auditor@corp.example
  kmsdiag adba corp.example --user 'CORP\auditor' --password-file secret.txt --ldaps
  kmsdiag adba corp.example --user self --dc dc01.corp.example
  kmsdiag adba corp.example --dc dc01.corp.example --ca-file root.pem -o json
  kmsdiag adba corp.example --redact`

// adbaOptions are the flags of adba.
type adbaOptions struct {
	format    string
	redact    bool
	servers   []string
	dns       []string
	user      string
	file      string
	anonymous bool
	ldaps     bool
	startTLS  bool
	caFile    string
	insecure  bool
	timeout   time.Duration
}

func (a *app) newADBA() *cobra.Command {
	var o adbaOptions
	cmd := &cobra.Command{
		Use:     "adba DOMAIN",
		Short:   "What the activation objects of Active Directory cover",
		Long:    adbaLong,
		Example: adbaExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("adba needs one DOMAIN, such as corp.example, and got %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("dc") && len(o.servers) == 0 {
				return usagef("--dc needs a domain controller: a name or an address")
			}
			return a.adba(cmd.Context(), o, args[0])
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.VarP(choice(&o.format, "text", "json", "csv"), "output", "o", "`FORMAT`: text, json or csv")
	complete(cmd, "output", "text", "json", "csv")
	f.BoolVar(&o.redact, "redact", false, "names, addresses and ids as stable pseudonyms")
	f.StringSliceVar(&o.servers, "dc", nil, "`HOST` or HOST:PORT of a domain controller to ask instead of those in DNS")
	f.StringSliceVar(&o.dns, "dns", nil, "`ADDRESS` of a DNS server to ask instead of the configured ones")
	f.StringVar(&o.user, "user", "", "`NAME` to log on with: user@domain, DOMAIN\\user, a distinguished name, or self for the user of this Windows session (also "+envUser+")")
	f.StringVar(&o.file, "password-file", "", "`FILE` with the password in its first line; - is standard input")
	f.BoolVar(&o.anonymous, "anonymous", false, "ask without a name, whatever "+envUser+" says")
	f.BoolVar(&o.startTLS, "starttls", false, "encrypt with StartTLS on port 389 (the default)")
	f.BoolVar(&o.ldaps, "ldaps", false, "encrypt from the first byte, on port 636")
	f.StringVar(&o.caFile, "ca-file", "", "`FILE` with the certificates to trust, in PEM form, instead of the system's")
	f.BoolVar(&o.insecure, "insecure-tls", false, "take any certificate: whoever answers gets the password")
	f.Var(durationValue{&o.timeout, time.Millisecond}, "timeout", "limit of each step of a conversation (default 5s)")
	return cmd
}

// adba reads the activation objects of a domain's forest.
func (a *app) adba(ctx context.Context, o adbaOptions, domain string) error {
	target, err := adbaTarget(o, domain)
	if err != nil {
		return err
	}
	servers, err := parseTarget(nil, checks.TargetFlags{Hosts: o.servers})
	if err != nil {
		return usagef("--dc %s: want HOST, HOST:PORT or an address", strings.Join(o.servers, ","))
	}
	if len(servers.Hosts) > checks.MaxControllers {
		return usagef("--dc %s: at most %d domain controllers are asked", strings.Join(o.servers, ","), checks.MaxControllers)
	}
	access, err := a.access(ctx, o)
	if err != nil {
		return err
	}
	if o.format == "text" && !o.redact {
		a.sayWho(access)
	}
	env := &checks.Env{Target: target, Version: buildVersion(), Directory: &checks.Directory{Access: access, Servers: servers.Hosts}}
	done, err := a.debugging(env)
	defer done()
	if err != nil {
		return err
	}
	var plan run.Plan
	var results []run.Result
	summary := checks.Run(ctx, env, checks.ActivationPlan(env.Directory), checks.Options{}, func(e run.Event) {
		switch {
		case e.Plan != nil:
			plan = *e.Plan
			if o.format == "text" && !o.redact {
				a.say("will send: %s", evidence.Clean(strings.Join(plan.Sends, "; ")))
			}
		case e.Finished != nil:
			results = append(results, *e.Finished)
		}
	})
	if summary.Stopped {
		a.code = exitStopped
		return ctx.Err()
	}
	x := report.NewADBA(target.Domains[0], plan, results, summary)
	if !x.Known() || !x.Told() {
		a.code = exitFailed
	}
	if o.redact {
		x = report.RedactedADBA(x)
	}
	switch o.format {
	case "json":
		return x.JSON(a.stdout)
	case "csv":
		return x.CSV(a.stdout)
	}
	return x.Text(a.stdout, a.style())
}

// adbaTarget makes the target: one domain, whatever DNS says of the name.
func adbaTarget(o adbaOptions, domain string) (run.Target, error) {
	t, err := parseTarget(nil, checks.TargetFlags{Domains: []string{domain}, DNS: o.dns})
	if err != nil {
		if _, wrong := parseTarget(nil, checks.TargetFlags{DNS: o.dns}); wrong != nil {
			return t, asUsage(wrong)
		}
		return t, usagef("DOMAIN %q: %s", domain, lastCause(err))
	}
	return t, nil
}

// lastCause is the innermost sentence of an error.
func lastCause(err error) string {
	text := err.Error()
	if i := strings.Index(text, ": "); i >= 0 {
		return text[i+2:]
	}
	return text
}

// access collects how to log on.
func (a *app) access(ctx context.Context, o adbaOptions) (directory.Access, error) {
	access := directory.Access{Insecure: o.insecure, Step: o.timeout, Mode: directory.StartTLS}
	if o.ldaps && o.startTLS {
		return access, usagef("--ldaps and --starttls exclude each other")
	}
	if o.ldaps {
		access.Mode = directory.LDAPS
	}
	if o.caFile != "" {
		if o.insecure {
			return access, usagef("--ca-file and --insecure-tls exclude each other")
		}
		roots, err := directory.LoadRoots(o.caFile)
		if err != nil {
			return access, usagef("--ca-file: %w", err)
		}
		access.Roots = roots
	}
	user, source, err := o.reader(isWindows)
	if err != nil || user == "" {
		return access, err
	}
	if user == selfUser {
		err := asSelf(&access, source)
		return access, err
	}
	access.User = user
	switch file := os.Getenv(envPasswordFile); {
	case o.file != "":
		if access.Password, err = a.readPassword(o.file); err != nil {
			return access, usagef("--password-file %s: %w", o.file, plainFileError(err))
		}
	case os.Getenv(envPassword) != "":
		access.Password = directory.Secret(os.Getenv(envPassword))
	case file != "":
		if access.Password, err = a.readPassword(file); err != nil {
			return access, usagef("%s: %s: %w", envPasswordFile, file, plainFileError(err))
		}
	default:
		access.Password, err = a.askPassword(ctx, access.User)
	}
	return access, err
}
