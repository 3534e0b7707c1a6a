package main

import (
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

const isWindows = runtime.GOOS == "windows"

const rootLong = `kmsdiag finds out why Windows or Office does not activate against a KMS host. It
asks DNS the way a client does, connects, binds, sends one KMS request, and says
what is wrong, why it thinks so, and what to type to cure it.

Without a command it checks the domain that this machine would use by itself.`

const rootExample = `  kmsdiag                                  the domain of this machine
  kmsdiag check corp.example               every host that a domain publishes
  kmsdiag check 10.0.0.5:1688              one address
  kmsdiag check kms01 --no-request         stop after the RPC bind
  kmsdiag explain 0xC004F074               what a code means
  kmsdiag explain --file dlv.txt           what slmgr, ospp or an event printed says
  kmsdiag products kms01                   which products a host serves
  kmsdiag adba corp.example                activation through Active Directory
  kmsdiag keys windows 11 pro              the key of an edition, and its commands
  kmsdiag hostlog kms.evtx                 what a KMS host's own log says
  kmsdiag capture trace.pcapng             KMS in a packet capture
  kmsdiag check -o jsonl > run.jsonl       save a run
  kmsdiag show run.jsonl -o short          and show it again, for a ticket
  kmsdiag demo                             a check of a simulated site`

const helpTail = `
Exit codes:
  0    nothing failed; warnings included
  1    kmsdiag itself failed
  2    it was called wrongly, or knows no such code
  3    something failed
  4    something warned, and --fail-on warn was given
  130  stopped

Environment:
  NO_COLOR             of any value: no colours
  TERM=dumb            no colours, plain marks
  ACCESSIBLE           of any value: as --accessible
  KMSDIAG_NO_REQUEST   of any value: as --no-request
  KMSDIAG_NO_RECENT    of any value: as tui --no-recent
  KMSDIAG_LDAP_USER    who reads activation objects in adba, and in check and tui,
                       which do not without; self is the user of this Windows session
  KMSDIAG_LDAP_PASSWORD, KMSDIAG_LDAP_PASSWORD_FILE
                       the password of another user, or the file of it

Limitations:
  A check says what this machine meets, from this place, for one product. No other
  PC's licence, key or pinned host is looked at; paste what it prints with --with.
`

const usageTemplate = `Usage:
  {{.UseLine}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
`

func (a *app) newRoot() *cobra.Command {
	demo, example := a.newDemo(), rootExample
	if demo == nil {
		example, _, _ = strings.Cut(example, "\n  kmsdiag demo") // its last line
	}
	root := &cobra.Command{
		Use:           "kmsdiag [command]",
		Short:         "Find out why Windows or Office does not activate against a KMS host",
		Long:          rootLong,
		Example:       example,
		Args:          noCommand,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if why := a.noScreen(); why != "" {
				a.say("kmsdiag: the interactive program needs a terminal, and %s; running kmsdiag check instead", why)
				return a.check(cmd.Context(), checkOptions{output: defaultOutput()}, nil)
			}
			return a.tui(cmd.Context(), tuiOptions{}, nil)
		},
	}
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetIn(a.stdin)
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpTemplate("{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}\n\n{{end}}{{.UsageString}}{{if not .HasParent}}" + helpTail + "{{end}}")
	root.SetFlagErrorFunc(flagError)
	flags := root.PersistentFlags()
	flags.SortFlags = false
	flags.Var(choice(&a.look.Color, "auto", "always", "never"), "color", "`WHEN` to use colours: auto, always or never")
	complete(root, "color", "auto", "always", "never")
	flags.BoolVar(&a.look.ASCII, "ascii", false, "marks of plain ASCII")
	flags.BoolVar(&a.look.Accessible, "accessible", false, "a sentence a line, for a screen reader (also ACCESSIBLE=1)")
	flags.StringVar(&a.debug, "debug", "", "write a log of every question, connection and byte to `FILE`")
	flags.BoolP("help", "h", false, "help for the command")
	for _, cmd := range []*cobra.Command{a.newTUI(), a.newCheck(), a.newCapture(), a.newExplain(), a.newHostlog(), a.newADBA(), a.newKeys(), a.newProducts(), a.newShow(), demo, a.newVersion()} {
		if cmd != nil {
			root.AddCommand(cmd)
		}
	}
	return root
}

// noCommand explains an argument where a command should stand.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	arg := args[0]
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	if near := nearest(arg, names); near != "" {
		return usagef("no command is called %q; did you mean %s?", arg, near)
	}
	if strings.ContainsAny(arg, ".:") {
		return usagef("no command is called %q; to check a host or a domain: kmsdiag check %s", arg, arg)
	}
	return usagef("no command is called %q; kmsdiag --help lists the commands", arg)
}
