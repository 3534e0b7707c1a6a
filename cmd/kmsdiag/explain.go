package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/diagnose"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/evidence/windows"
	"github.com/kmsdiag/kmsdiag/report"
)

const explainLong = `Explain says what a status code means, which causes stand behind it and what to do
next. It takes a code in any notation, the id of a cause, or words to search for.

It also reads what Windows and its tools print: output of slmgr, ospp, nslookup,
ipconfig, w32tm and the like, log entries, or plain words, mixed in any order. Give
the text with --file FILE, or with - or a pipe on standard input; the answer is the
likely cause, why, the cure and the next test. The exit code is 3 where the text
speaks of a fault.`

const explainExample = `  kmsdiag explain 0xC004F074
  kmsdiag explain -1073418124
  kmsdiag explain slui.exe 0x2a 0xC004F038
  kmsdiag explain firewall-block-1688
  kmsdiag explain clock skew
  kmsdiag explain ping works, telnet to 1688 fails
  cscript //nologo %windir%\System32\slmgr.vbs /dlv | kmsdiag explain -
  kmsdiag explain --file ticket.txt
  kmsdiag explain --list
  kmsdiag explain --list kms-host`

// explainOptions are the flags of explain.
type explainOptions struct {
	format  string
	redact  bool
	verbose bool
	list    bool
	file    string
	failOn  string
}

var errNothingToExplain = usagef("explain needs a code, the id of a cause, words, --file FILE, or text on standard input")

func (a *app) newExplain() *cobra.Command {
	o := explainOptions{failOn: "fail"}
	cmd := &cobra.Command{
		Use:     "explain CODE...",
		Short:   "What a status code or a cause means",
		Long:    explainLong,
		Example: explainExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.list:
				return a.explainList(o, args)
			case o.file != "" && len(args) > 0:
				return usagef("--file %s: give a file or arguments, not both", o.file)
			case o.file != "":
				return a.explainText(cmd.Context(), o, o.file)
			case len(args) == 0 && isTerminal(a.stdin):
				return errNothingToExplain
			case len(args) == 0:
				err := a.explainText(cmd.Context(), o, "-")
				if errors.Is(err, windows.ErrEmpty) {
					return errNothingToExplain
				}
				return err
			case len(args) == 1 && args[0] == "-":
				return a.explainText(cmd.Context(), o, "-")
			}
			return a.explain(cmd.Context(), o, args)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().VarP(choice(&o.format, report.Formats...), "output", "o", "`FORMAT`: text, short, json or jsonl")
	complete(cmd, "output", report.Formats...)
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "every remedy of every possible cause")
	cmd.Flags().BoolVar(&o.redact, "redact", false, "names, addresses and ids as stable pseudonyms")
	cmd.Flags().StringVar(&o.file, "file", "", "read the text of `FILE`; - is standard input")
	cmd.Flags().Var(choice(&o.failOn, "fail", "never"), "fail-on", "`WHAT` in a text makes the exit code: fail or never")
	complete(cmd, "fail-on", "fail", "never")
	cmd.Flags().BoolVar(&o.list, "list", false, "list the areas of codes, or the codes of the areas given")
	return cmd
}

// explain answers the arguments: causes by id, codes, a text, or words.
func (a *app) explain(ctx context.Context, o explainOptions, args []string) error {
	if causes := causesByID(args); len(causes) > 0 {
		return a.explained(o, causePages(causes), evidence.Set{})
	}
	if codes := codesOnly(args); len(codes) > 0 {
		return a.explainCodes(o, codes)
	}
	query := strings.TrimSpace(strings.Join(args, " "))
	if query == "" {
		return errNothingToExplain
	}
	if codes := symbolsOnly(args); len(codes) > 0 {
		return a.explainCodes(o, codes)
	}
	if done, err := a.explainWords(ctx, o, query); done || err != nil {
		return err
	}
	if found := kmserr.Find(query); len(found) > 0 {
		var codes []kmserr.Code
		for _, m := range found {
			codes = append(codes, m.Code)
		}
		return a.explainCodes(o, codes)
	}
	var garbled *kmserr.ParseError
	if _, err := kmserr.Parse(query); errors.As(err, &garbled) && len(garbled.Near) > 0 && mistyped(query) && windows.Mask(query) == query {
		return asUsage(err)
	}
	if found := search(query); len(found.Items) > 0 {
		return a.listing(found, o.format)
	}
	return usagef("nothing is known of %.80q: want a code such as 0xC004F074, the id of a cause, or words; kmsdiag explain --list shows the areas", windows.Mask(query))
}

// mistyped tells whether a query was meant to be a code: one word, with digits.
func mistyped(query string) bool {
	return !strings.ContainsRune(query, ' ') && strings.ContainsAny(query, "0123456789")
}

// causesByID returns the pages of causes when every argument is one.
func causesByID(args []string) []diagnose.Page {
	var pages []diagnose.Page
	for _, arg := range args {
		p, ok := diagnose.Lookup(strings.ToLower(arg))
		if !ok {
			return nil
		}
		pages = append(pages, p)
	}
	return pages
}

func causePages(pages []diagnose.Page) *report.Explanation {
	x := report.NewExplanation()
	for _, p := range pages {
		c := diagnose.Cause{
			ID: p.ID, Title: p.Title, Layer: p.Layer, Verdict: diagnose.Untested, NoFault: p.NoFault,
			Explain: p.Explain, Remedies: p.Remedies, Next: p.Next,
		}
		if len(p.Codes) > 0 {
			c.Code = p.Codes[0]
		}
		x.Causes = append(x.Causes, c)
		x.Confusable = append(x.Confusable, p.Confusable...)
	}
	return x
}

// codesOnly reads the arguments as codes: one each, or one as a command line of
// slui has it. It returns nil where there are other words.
func codesOnly(args []string) []kmserr.Code {
	var codes []kmserr.Code
	for _, arg := range args {
		c, err := kmserr.Parse(arg)
		if err != nil {
			codes = nil
			break
		}
		codes = append(codes, c)
	}
	if len(codes) > 0 {
		return codes
	}
	if c, err := kmserr.Parse(strings.Join(args, " ")); err == nil {
		return []kmserr.Code{c}
	}
	return nil
}

// symbolsOnly reads the arguments as symbols of codes, such as SL_E_....
func symbolsOnly(args []string) []kmserr.Code {
	var codes []kmserr.Code
	all := kmserr.All()
	for _, arg := range args {
		i := slices.IndexFunc(all, func(e kmserr.Entry) bool { return strings.EqualFold(e.Symbol, arg) })
		if i < 0 {
			return nil
		}
		codes = append(codes, all[i].Code)
	}
	return codes
}

// explainCodes answers for codes. One that is not listed is an error, with what
// the number tells by itself.
func (a *app) explainCodes(o explainOptions, codes []kmserr.Code) error {
	x := report.NewExplanation()
	var set evidence.Set
	var unknown error
	for _, c := range codes {
		if _, err := kmserr.Get(c); err != nil {
			unknown = err
			if o.format == "text" || o.format == "short" {
				continue
			}
		}
		x.Codes = append(x.Codes, report.PageOf(c))
		set.Codes = append(set.Codes, evidence.Code{Origin: evidence.Origin{Paste: "arguments"}, Code: uint32(c), Context: "stated"})
	}
	x.Causes = candidates(diagnose.Diagnose(&set))
	if len(x.Codes) > 0 {
		if err := a.explained(o, x, set); err != nil {
			return err
		}
	}
	return asUsage(unknown)
}

// candidates are the causes that evidence speaks for, best first.
func candidates(causes []diagnose.Cause) []diagnose.Cause {
	list := []diagnose.Cause{}
	for _, c := range causes {
		if c.Verdict == diagnose.Found || c.Verdict == diagnose.Possible {
			list = append(list, c)
		}
	}
	return list
}

// explained prints an explanation.
func (a *app) explained(o explainOptions, x *report.Explanation, set evidence.Set) error {
	if o.redact {
		x = report.Redacted(x, set)
	}
	style := a.style()
	style.Verbose = o.verbose
	switch o.format {
	case "json":
		return x.JSON(a.stdout)
	case "jsonl":
		return x.JSONL(a.stdout)
	case "short":
		return x.Short(a.stdout, style)
	}
	return x.Text(a.stdout, style)
}
