package checks

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// TimeoutError says that a check was given up after its limit.
type TimeoutError struct {
	Check string // id
	Limit time.Duration
}

// Error says it in a line: "rpc.bind: no answer within 3s".
func (e *TimeoutError) Error() string {
	return fmt.Sprintf("%s: no answer within %s", e.Check, e.Limit)
}

// Timeout tells callers that look for timeouts that this is one.
func (e *TimeoutError) Timeout() bool { return true }

// perform runs one check on one subject within its limit, and turns a panic into
// a failed answer.
func perform(ctx context.Context, c *Check, ask Ask) (answer Answer) {
	limit := c.Timeout
	if ask.Timeout > 0 {
		limit = ask.Timeout
	}
	if limit <= 0 {
		limit = defaultTimeout
	}
	timeout := &TimeoutError{c.ID, limit}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, timeout)
	defer cancel()
	start := ask.now()
	returned := false
	defer func() {
		if !returned {
			answer = broken(c, recover())
		}
		answer.Check, answer.Subject = c.ID, ask.Subject
		answer.Started, answer.Took = start.UTC(), max(ask.now().Sub(start)-answer.Idle, 0)
		answer.Summary = evidence.Clean(answer.Summary)
		for i := range answer.Notes {
			n := &answer.Notes[i]
			n.Text = evidence.Clean(n.Text)
			if n.Status == run.Warn || n.Status == run.Fail {
				answer.Status = run.Worse(answer.Status, n.Status)
			}
		}
	}()
	answer = c.Run(ctx, ask)
	returned = true
	nameTimeout(ctx, timeout, &answer)
	return answer
}

// nameTimeout makes a failure that came from the limit say so. What the check
// itself said becomes a note.
func nameTimeout(ctx context.Context, timeout *TimeoutError, a *Answer) {
	if a.Status != run.Fail || !reached(ctx, timeout) {
		return
	}
	if a.Summary != "" && a.Summary != timeout.Error() {
		a.Notes = append(a.Notes, run.Note{ID: "at-timeout", Status: run.Fail, Text: a.Summary})
	}
	a.Summary = timeout.Error()
}

// reached tells whether the limit ended the context. A socket that was given the
// same deadline may report it an instant before the context does.
func reached(ctx context.Context, timeout *TimeoutError) bool {
	if cause := context.Cause(ctx); cause != nil {
		return errors.Is(cause, timeout)
	}
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline)
}

// broken is the answer of a check that did not return.
func broken(c *Check, value any) Answer {
	what := "it ended without an answer"
	if value != nil {
		what = fmt.Sprintf("panic: %v", value)
	}
	return Answer{Result: run.Result{
		Status:  run.Fail,
		Summary: "kmsdiag itself failed in " + c.ID + ", not the network; please report it with the note below",
		Notes: []run.Note{
			{ID: "panic", Status: run.Fail, Text: c.ID + ": " + what},
			{ID: "panic-stack", Status: run.Fail, Text: shortStack()},
		},
	}}
}

// shortStack names the functions and lines that lead to a panic, innermost first.
func shortStack() string {
	pcs := make([]uintptr, 24)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs)])
	var lines []string
	for len(lines) < 5 {
		f, more := frames.Next()
		if f.Function != "" && !strings.HasPrefix(f.Function, "runtime.") {
			name := f.Function[strings.LastIndex(f.Function, "/")+1:]
			file := f.File[strings.LastIndex(f.File, "/")+1:]
			lines = append(lines, fmt.Sprintf("%s %s:%d", name, file, f.Line))
		}
		if !more {
			break
		}
	}
	return strings.Join(lines, " < ")
}
