package tui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/diagnose"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// conversation is the line-by-line twin of the program, for a screen reader: the
// run a sentence a line, then numbered choices. Nothing is repainted, and no
// sequence that a terminal acts on is written.
type conversation struct {
	lines <-chan string // what the user types; closed at its end
	out   io.Writer
	svc   Services
	opts  Options

	run    *session
	ask    Request
	pasted evidence.Set
	hidden bool
	mask   *report.Mask // the session's, from when names were hidden first
	err    error        // of writing

	matrices []run.Matrix  // what hosts were found to serve: the last answers of each
	sent     []run.Traffic // by asking for it
}

// Converse runs the line program until the user leaves, input ends, or the
// context does. It returns the summary of the last run, nil where there was none.
func Converse(ctx context.Context, in io.Reader, out io.Writer, svc Services, opts Options) (*run.Summary, error) {
	c := &conversation{
		lines: typed(ctx, in), out: out, svc: svc, opts: opts, run: newSession(), pasted: opts.With,
		ask: Request{Target: opts.Target, NoRequest: opts.NoRequest || opts.Target.NoRequest},
	}
	c.opts.Style.Accessible = true
	err := c.round(ctx, nil)
	for err == nil && ctx.Err() == nil {
		var leave bool
		if leave, err = c.choose(ctx); leave {
			break
		}
	}
	return c.run.summary, errors.Join(err, c.err)
}

// maxTyped bounds one line from the user, in bytes; what is longer ends the
// session's input.
const maxTyped = 1 << 20

// typed reads lines without holding up whoever waits for one: a stopped session
// does not wait for the enter key.
func typed(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		scan := bufio.NewScanner(in)
		scan.Buffer(nil, maxTyped)
		for scan.Scan() {
			select {
			case lines <- scan.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// line waits for a line; it is not ok where input or the session has ended.
func (c *conversation) line(ctx context.Context) (text string, ok bool) {
	select {
	case text, ok = <-c.lines:
	case <-ctx.Done():
	}
	return text, ok
}

func (c *conversation) say(format string, args ...any) {
	_, err := fmt.Fprintf(c.out, format+"\n", args...)
	c.err = errors.Join(c.err, err)
}

// round runs the checks and speaks as they finish.
func (c *conversation) round(ctx context.Context, wanted func(run.Subject) bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c.run.begin(wanted, false)
	ask := c.ask
	ask.Wanted, ask.With = wanted, c.pasted
	r := c.renderer()
	return errors.Join(c.svc.Run(ctx, ask, func(e run.Event) {
		c.run.apply(e)
		if e.Summary != nil && wanted != nil && c.svc.Judge != nil {
			sum := c.svc.Judge(c.run.results(), c.pasted)
			sum.Stopped, sum.Took, sum.Sent, sum.Unfinished = e.Summary.Stopped, e.Summary.Took, e.Summary.Sent, e.Summary.Unfinished
			c.run.summary, e.Summary = &sum, &sum
		}
		if err := r.Event(e); err != nil {
			c.err = err
			stop()
		}
	}), r.Close())
}

func (c *conversation) renderer() report.Renderer {
	r := report.Accessible(c.out, c.opts.Style)
	if c.hidden {
		r = report.RedactBy(c.mask, r)
	}
	return r
}

// choice is something to do next.
type choice struct {
	does string
	do   func(context.Context) error
}

// choices are what makes sense now; the last one leaves.
func (c *conversation) choices() []choice {
	var list []choice
	add := func(does string, do func(context.Context) error) { list = append(list, choice{does, do}) }
	seen := map[uint32]bool{}
	if sum := c.run.summary; sum != nil {
		for _, cause := range sum.Causes {
			if cause.Code == 0 || seen[cause.Code] || len(seen) == 3 {
				continue
			}
			seen[cause.Code] = true
			code := kmserr.Code(cause.Code)
			add("explain "+code.String(), func(context.Context) error { return c.explain(code) })
		}
	}
	add("explain another code", c.explainOther)
	add("show the evidence", func(context.Context) error { c.evidence(); return nil })
	if c.run.count(run.Fail)+c.run.count(run.Warn)+c.run.count(run.Skip) > 0 {
		add("run what failed again", func(ctx context.Context) error { return c.round(ctx, c.run.unwell()) })
	}
	if does := c.productsChoice(); does != "" {
		add(does, c.products)
	}
	add("run all again", func(ctx context.Context) error { return c.round(ctx, nil) })
	if c.svc.Read != nil && c.svc.Judge != nil {
		add("paste what a tool printed", c.paste)
	}
	if c.svc.Heal != nil {
		add("repair the simulated site", func(context.Context) error { return c.heal() })
	}
	if c.svc.Save != nil {
		add("save a report", c.save)
	}
	if c.hidden {
		add("show names", func(context.Context) error { c.hidden = false; c.say("Names are shown."); return nil })
	} else {
		add("hide names", func(context.Context) error { c.hide(); return nil })
	}
	return append(list, choice{does: "leave"})
}

// choose asks once and does what was chosen; it tells whether that is to leave.
func (c *conversation) choose(ctx context.Context) (leave bool, err error) {
	list := c.choices()
	var words []string
	for i, ch := range list {
		words = append(words, fmt.Sprintf("%d %s.", i+1, ch.does))
	}
	c.say("%s", strings.Join(words, "  "))
	answer, ok := c.askLine(ctx, "Choice: ")
	if !ok {
		return true, nil
	}
	n := 0 // of what was chosen; none where the answer is no number
	if parsed, err := strconv.Atoi(strings.TrimSuffix(answer, ".")); err == nil {
		n = parsed
	}
	switch {
	case strings.EqualFold(answer, "q"), strings.EqualFold(answer, "quit"), strings.EqualFold(answer, "leave"):
		return true, nil
	case answer == "":
		return false, nil
	case n < 1 || n > len(list):
		c.say("%s is no choice: type a number from 1 to %d, then enter.", typeset.Cut(typeset.Printable(answer), 40), len(list))
		return false, nil
	case list[n-1].do == nil:
		return true, nil
	}
	return false, list[n-1].do(ctx)
}

// askLine asks for a line; it is not ok where input has ended.
func (c *conversation) askLine(ctx context.Context, question string) (line string, ok bool) {
	_, err := io.WriteString(c.out, question)
	c.err = errors.Join(c.err, err)
	if line, ok = c.line(ctx); !ok {
		c.say("")
	}
	return strings.TrimSpace(line), ok && c.err == nil
}

func (c *conversation) explain(code kmserr.Code) error {
	x := report.NewExplanation()
	x.Codes = append(x.Codes, report.PageOf(code))
	if sum := c.run.summary; sum != nil {
		for _, cause := range append(sum.Causes, sum.RuledOut...) {
			if cause.Code == uint32(code) && cause.Verdict == diagnose.Found {
				c.say("This run found behind it: %s.", typeset.Printable(c.shownText(cause.Title)))
			}
		}
	}
	return x.Text(c.out, report.Style{Glyphs: report.ASCII, Accessible: true, Width: 80})
}

func (c *conversation) explainOther(ctx context.Context) error {
	answer, ok := c.askLine(ctx, "Code, in any notation: ")
	if !ok || answer == "" {
		return nil
	}
	code, err := kmserr.Parse(answer)
	if err != nil {
		c.say("%s.", typeset.Printable(err.Error()))
		return nil
	}
	return c.explain(code)
}

// evidence says everything that was observed.
func (c *conversation) evidence() {
	set := c.pasted
	for _, r := range c.run.results() {
		set.Add(r.Evidence)
	}
	if c.hidden {
		set = report.Masked(c.mask, set)
	}
	facts := set.Facts()
	for _, f := range facts {
		c.say("%s: %s.", typeset.Printable(f.Origin.String()), typeset.Printable(f.Text))
	}
	if len(facts) == 0 {
		c.say("Nothing was observed yet.")
	}
}

// paste reads lines up to one that holds a dot alone, and judges the run again.
func (c *conversation) paste(ctx context.Context) error {
	c.say("Paste the text, then a line with a single dot.")
	var b strings.Builder
	for {
		line, ok := c.line(ctx)
		if strings.TrimSpace(line) == "." || !ok || b.Len() > maxTyped {
			break
		}
		b.WriteString(line + "\n")
	}
	p, err := c.svc.Read(ctx, b.String())
	if err != nil {
		c.say("Nothing was read: %v.", err)
		return nil
	}
	if len(p.Kinds) == 0 {
		c.say("Nothing that kmsdiag knows was recognised in it.")
		return nil
	}
	c.pasted.Add(p.Set)
	if c.hidden {
		c.mask.Learn(p.Set)
	}
	sum := c.svc.Judge(c.run.results(), c.pasted)
	if old := c.run.summary; old != nil {
		sum.Stopped, sum.Took, sum.Sent = old.Stopped, old.Took, old.Sent
	}
	c.run.summary = &sum
	c.say("Read: %s.", strings.Join(p.Kinds, ", "))
	r := c.renderer()
	return errors.Join(r.Event(run.Event{Summary: &sum}), r.Close())
}

func (c *conversation) heal() error {
	if err := c.svc.Heal(); err != nil {
		c.say("The site was not repaired: %v.", err)
		return nil
	}
	c.say("The simulated site is repaired. Run what failed again.")
	return nil
}
