package main

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"

	"github.com/charmbracelet/x/term"

	"github.com/kmsdiag/kmsdiag/diagnose"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/evidence/windows"
	"github.com/kmsdiag/kmsdiag/report"
)

// What kmsdiag reads, for a sentence about something else.
const pasteWanted = "want text: output of slmgr, ospp, nslookup or other tools, log entries, or words"

// readPaste reads pasted text from a file, or standard input for "-".
func (a *app) readPaste(ctx context.Context, name string) (windows.Paste, error) {
	if name == "-" {
		return pasted(windows.Read(ctx, a.stdin, "standard input"))
	}
	f, err := os.Open(name)
	if err != nil {
		return windows.Paste{}, usagef("reading pasted text: %v", err)
	}
	defer f.Close() //nolint:errcheck // only read
	return pasted(windows.Read(ctx, f, name))
}

// pasted sorts the errors of a paste: text that is none was given wrongly.
func pasted(p windows.Paste, err error) (windows.Paste, error) {
	var binary *windows.BinaryError
	if errors.Is(err, windows.ErrEmpty) {
		return p, usagef("%w; %s. slmgr by itself opens a window and prints nothing into a pipe: cscript //nologo %%windir%%\\System32\\slmgr.vbs /dlv does", err, pasteWanted)
	}
	if errors.As(err, &binary) {
		return p, usagef("%w; %s", err, pasteWanted)
	}
	return p, err
}

// with reads the evidence of --with.
func (a *app) with(ctx context.Context, files []string) (evidence.Set, error) {
	var set evidence.Set
	for _, name := range files {
		p, err := a.readPaste(ctx, name)
		if err != nil {
			return set, err
		}
		set.Add(p.Set)
	}
	return set, nil
}

// maxFacts bounds the facts of an explanation; a host's log has millions.
const maxFacts = 500

// explainPaste explains a paste: its codes, what was read, the causes, and the
// lines that nobody understood.
func explainPaste(p windows.Paste) *report.Explanation {
	x := report.NewExplanation()
	for _, code := range codesOf(p.Set) {
		x.Codes = append(x.Codes, report.PageOf(code))
	}
	x.Facts = p.Set.Facts()
	if n := len(x.Facts) - maxFacts; n > 0 {
		x.Facts, x.MoreFacts = x.Facts[:maxFacts], n
	}
	if x.Facts == nil {
		x.Facts = []evidence.Fact{}
	}
	causes := diagnose.Diagnose(&p.Set)
	x.Causes = candidates(causes)
	x.Conclusion = diagnose.Conclude(&p.Set, causes).Text
	for _, l := range p.Unread {
		x.Unread = append(x.Unread, l.Text)
	}
	x.MoreUnread = p.Truncated.UnreadLines
	return x
}

// codesOf lists the failing codes of a paste, each once, those that were stated
// first.
func codesOf(set evidence.Set) []kmserr.Code {
	var codes []kmserr.Code
	seen := map[uint32]bool{0: true}
	add := func(code uint32) {
		if seen[code] {
			return
		}
		seen[code] = true
		if _, listed := kmserr.Lookup(kmserr.Code(code)); listed {
			codes = append(codes, kmserr.Code(code))
		}
	}
	for _, c := range set.Codes {
		add(c.Code)
	}
	for _, c := range set.Actions {
		add(c.Code)
	}
	for _, l := range set.Licenses {
		add(l.Reason)
	}
	for _, e := range set.ClientRequests {
		add(e.HRESULT)
	}
	for _, e := range set.ClientAnswers {
		add(e.HRESULT)
	}
	for _, e := range set.HostRequests {
		add(e.HRESULT)
	}
	for _, e := range set.LogEvents {
		add(e.Code)
	}
	return codes
}

// faulty tells whether causes speak of a fault.
func faulty(causes []diagnose.Cause) bool {
	return len(causes) > 0 && !causes[0].NoFault
}

// explainWords explains words that are more than a search: they hold an
// observation of some kind.
func (a *app) explainWords(ctx context.Context, o explainOptions, text string) (done bool, err error) {
	p, err := windows.ReadString(ctx, text, "arguments")
	if err != nil || !observes(p.Set) {
		return false, nil //nolint:nilerr // no paste: the words are looked up
	}
	o.failOn = "never" // words on the command line are a question
	return true, a.explainedPaste(o, p)
}

// observes tells whether a set holds more than codes.
func observes(set evidence.Set) bool {
	set.Codes = nil
	return len(set.Facts()) > 0
}

// explainText explains pasted text from a file or from standard input.
func (a *app) explainText(ctx context.Context, o explainOptions, name string) error {
	// A paste is read once and then the process ends: collecting seldom saves a
	// fifth of the time, and the limit keeps a long log in bounds.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(128 << 20)
	p, err := a.readPaste(ctx, name)
	if err != nil {
		return err
	}
	return a.explainedPaste(o, p)
}

func (a *app) explainedPaste(o explainOptions, p windows.Paste) error {
	x := explainPaste(p)
	if o.failOn != "never" && faulty(x.Causes) {
		a.code = exitFailed
	}
	return a.explained(o, x, p.Set)
}

// isTerminal tells whether a reader is somebody at a keyboard.
func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	return ok && term.IsTerminal(f.Fd())
}
