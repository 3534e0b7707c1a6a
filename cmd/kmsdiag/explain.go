package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kmsdiag/kmsdiag/diagnose"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
)

const explainLong = `Explain says what a status code means, which causes stand behind it and what to do
next. It takes a code in any notation, the id of a cause, or words to search for.
With - it reads text from standard input and explains the codes in it.`

const explainExample = `  kmsdiag explain 0xC004F074
  kmsdiag explain -1073418124
  kmsdiag explain slui.exe 0x2a 0xC004F038
  kmsdiag explain firewall-block-1688
  kmsdiag explain clock skew
  kmsdiag explain --list
  kmsdiag explain --list kms-host`

// explainOptions are the flags of explain.
type explainOptions struct {
	format  string
	redact  bool
	verbose bool
	list    bool
}

func (a *app) newExplain() *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:     "explain CODE...",
		Short:   "What a status code or a cause means",
		Long:    explainLong,
		Example: explainExample,
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case o.list:
				return a.explainList(o, args)
			case len(args) == 0:
				return usagef("explain needs a code, the id of a cause, words, or - for standard input")
			case len(args) == 1 && args[0] == "-":
				return a.explainText(o)
			}
			return a.explain(o, args)
		},
	}
	cmd.Flags().SortFlags = false
	cmd.Flags().VarP(choice(&o.format, "text", "json"), "output", "o", "`FORMAT`: text or json")
	complete(cmd, "output", "text", "json")
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "every remedy of every possible cause")
	cmd.Flags().BoolVar(&o.redact, "redact", false, "names, addresses and ids as stable pseudonyms")
	cmd.Flags().BoolVar(&o.list, "list", false, "list the areas of codes, or the codes of the areas given")
	return cmd
}

// explain answers the arguments: causes by id, codes, or words.
func (a *app) explain(o explainOptions, args []string) error {
	if causes := causesByID(args); len(causes) > 0 {
		return a.explained(o, causePages(causes))
	}
	if codes := codesIn(args); len(codes) > 0 {
		return a.explainCodes(o, codes)
	}
	query := strings.Join(args, " ")
	var garbled *kmserr.ParseError
	if _, err := kmserr.Parse(query); errors.As(err, &garbled) && len(garbled.Near) > 0 && mistyped(query) {
		return asUsage(err)
	}
	if found := search(query); len(found.Items) > 0 {
		return a.listing(found, o.format)
	}
	_, err := kmserr.Parse(query)
	return usagef("nothing is known of %.80q: %v", query, err)
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

// codesIn reads the arguments as codes: one each, or one with words around it.
func codesIn(args []string) []kmserr.Code {
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
	text := strings.Join(args, " ")
	if c, err := kmserr.Parse(text); err == nil {
		return []kmserr.Code{c}
	}
	for _, m := range kmserr.Find(text) {
		codes = append(codes, m.Code)
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
			if o.format == "text" {
				continue
			}
		}
		x.Codes = append(x.Codes, report.PageOf(c))
		set.Codes = append(set.Codes, evidence.Code{Origin: evidence.Origin{Paste: "arguments"}, Code: uint32(c), Context: "stated"})
	}
	x.Causes = candidates(&set)
	if len(x.Codes) > 0 {
		if err := a.explained(o, x); err != nil {
			return err
		}
	}
	return asUsage(unknown)
}

// candidates are the causes that evidence speaks for, best first.
func candidates(set *evidence.Set) []diagnose.Cause {
	list := []diagnose.Cause{}
	for _, c := range diagnose.Diagnose(set) {
		if c.Verdict == diagnose.Found || c.Verdict == diagnose.Possible {
			list = append(list, c)
		}
	}
	return list
}

// maxText bounds what is read from standard input, in bytes.
const maxText = 16 << 20

// explainText answers for the codes in text.
func (a *app) explainText(o explainOptions) error {
	text, err := io.ReadAll(io.LimitReader(a.stdin, maxText+1))
	switch {
	case err != nil:
		return fmt.Errorf("reading standard input: %w", err)
	case len(text) > maxText:
		return usagef("the text on standard input is longer than %d MB", maxText>>20)
	}
	return a.explained(o, explainPaste(string(text), "standard input"))
}

// explainPaste collects the codes of a text, with their lines.
func explainPaste(text, name string) *report.Explanation {
	x := report.NewExplanation()
	var set evidence.Set
	seen := map[kmserr.Code]bool{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		found := kmserr.Find(line)
		if len(found) == 0 && line != "" {
			x.Unread = append(x.Unread, line)
		}
		for _, m := range found {
			origin := evidence.Origin{Paste: name, Line: n, Text: line}
			set.Codes = append(set.Codes, evidence.Code{Origin: origin, Code: uint32(m.Code), Context: "stated"})
			if seen[m.Code] {
				continue
			}
			seen[m.Code] = true
			page := report.PageOf(m.Code)
			x.Codes = append(x.Codes, page)
			x.Facts = append(x.Facts, report.Fact{Text: page.Code + ": " + page.Title, Origin: origin})
		}
	}
	x.Causes = candidates(&set)
	return x
}

// explained prints an explanation.
func (a *app) explained(o explainOptions, x *report.Explanation) error {
	if o.redact {
		x = report.Redacted(x)
	}
	if o.format == "json" {
		return x.JSON(a.stdout)
	}
	style := a.style()
	style.Verbose = o.verbose
	return x.Text(a.stdout, style)
}
