package checks

import (
	"context"
	"time"

	"github.com/kmsdiag/kmsdiag/run"
)

// Check is one question, asked about every subject of its scope.
type Check struct {
	ID      string // stable: "tcp.connect"
	Title   string // an assertion: "the KMS port accepts connections"
	Group   string // DISCOVER, REACH, HANDSHAKE or JUDGE
	Scope   run.Kind
	Needs   []*Check      // each must have passed or warned on the subject or its nearest ancestor
	After   []*Check      // waited for, whatever they say
	Timeout time.Duration // for one subject; 0: the run's default
	Slow    string        // what to say when it takes more than three seconds

	// Offered tells whether a run asks the question without being told to by the
	// check's id; nil means always. A check that is not offered is not in the plan.
	Offered func(context.Context, *Env) bool

	// When tells whether the question arises at all; nil means always. A check
	// whose question does not arise has no result and no row.
	When func(Ask) bool
	Run  func(context.Context, Ask) Answer
}

// Ask is a question put to a check: about whom, with what, and what is known.
type Ask struct {
	*Env
	Subject  run.Subject
	Prior    Prior
	Progress func(text string) // says how far it is; may be called from any goroutine
}

// Prior looks up results that are already there.
type Prior interface {
	// Of returns the result of a check on a subject or on its nearest ancestor
	// that has one, and whether there is one.
	Of(check *Check, subject run.Subject) (run.Result, bool)
	// All returns every result of a check so far, in the order of finishing.
	All(check *Check) []run.Result
}

// Answer is what a check found: its result, and the subjects it discovered.
// The runner fills in the result's check, subject and times.
type Answer struct {
	run.Result
	Found []run.Subject
	Idle  time.Duration // spent after the answer was there; the time it took excludes it
}

// The groups of checks, in the order in which they are shown.
const (
	Discover  = "DISCOVER"
	Reach     = "REACH"
	Handshake = "HANDSHAKE"
	Judge     = "JUDGE"
)
