package run

import (
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
)

// Schema names the version of the event stream and of the JSON report.
const Schema = "kmsdiag/1"

// Event is one step of a run; exactly one of the fields behind Time is set.
//
// The order is promised: the plan is first, the summary last, a subject is found
// before anything is said about it, started comes before finished. A stream
// without its progress events is complete.
type Event struct {
	Time     time.Time `json:"time"`
	Plan     *Plan     `json:"plan,omitempty"`
	Found    *Found    `json:"found,omitempty"`
	Started  *Started  `json:"started,omitempty"`
	Progress *Progress `json:"progress,omitempty"`
	Finished *Result   `json:"finished,omitempty"`
	Summary  *Summary  `json:"summary,omitempty"`
}

// Plan is the first event: what will be asked, and what will be sent to whom.
type Plan struct {
	Schema  string    `json:"schema"`  // "kmsdiag/1"
	Version string    `json:"version"` // of kmsdiag
	Target  Target    `json:"target"`
	Title   string    `json:"title"`             // what the run is about, "corp.example"
	Machine string    `json:"machine,omitempty"` // name of this machine
	Address string    `json:"address,omitempty"` // its address towards the target, where known
	Product string    `json:"product,omitempty"` // the product a request will ask for
	Sends   []string  `json:"sends,omitempty"`   // announced traffic, a line each
	Checks  []Planned `json:"checks,omitempty"`
	Started time.Time `json:"started"`
}

// Planned is one check of the plan.
type Planned struct {
	ID    string `json:"id"`
	Title string `json:"title"` // an assertion: "the KMS port accepts connections"
	Group string `json:"group"` // DISCOVER, REACH, HANDSHAKE, JUDGE
	Scope Kind   `json:"scope"`
	Slow  string `json:"slow,omitempty"` // what to say when it takes more than three seconds
}

// Found announces a subject and the checks it adds, so that a total can grow.
type Found struct {
	Subject Subject  `json:"subject"`
	Checks  []string `json:"checks,omitempty"`
}

// Started says that a check began on a subject.
type Started struct {
	Check   string `json:"check"`
	Subject string `json:"subject"` // key
}

// Progress says how far a check is; it may be lost without harm.
type Progress struct {
	Check   string `json:"check"`
	Subject string `json:"subject"`
	Text    string `json:"text"` // "attempt 2 of 3"
}

// Summary is the last event. Renderers print it; none computes its own.
type Summary struct {
	Worst      Status           `json:"worst"`            // of the results that were not ignored
	Counts     map[Status]int   `json:"counts"`           // results by status
	Causes     []diagnose.Cause `json:"causes,omitempty"` // ranked, best first: found and possible
	RuledOut   []diagnose.Cause `json:"ruled_out,omitempty"`
	Proved     []string         `json:"proved,omitempty"`     // what was shown to work, for whom, from where
	NotTested  []string         `json:"not_tested,omitempty"` // what nobody looked at
	Unfinished []string         `json:"unfinished,omitempty"` // of a stopped run: checks without an answer, "tcp.connect kms02.corp.example 10.0.0.6:1688"
	Ignored    []string         `json:"ignored,omitempty"`    // ids of checks and causes that are shown but were not counted
	Conclusion string           `json:"conclusion"`           // the verdict in words, a sentence a line
	Sent       []string         `json:"sent,omitempty"`       // what was sent to whom
	Stopped    bool             `json:"stopped,omitempty"`    // the user stopped the run
	Took       time.Duration    `json:"took"`

	// Traffic is Sent in numbers, for who adds up several runs. It is not saved.
	Traffic []Traffic `json:"-"`
}
