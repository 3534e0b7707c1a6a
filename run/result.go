package run

import (
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// Status is how a check ended. The empty status means that it did not run; it
// is never shown as a "no".
type Status string

// The statuses, from good to bad; skip is neither.
const (
	Pass Status = "pass"
	Warn Status = "warn"
	Fail Status = "fail"
	Skip Status = "skip" // a prerequisite failed or does not apply; Summary says which
)

// Worse returns the worse of two statuses: fail, warn, pass, skip, none.
func Worse(a, b Status) Status {
	rank := map[Status]int{"": 0, Skip: 1, Pass: 2, Warn: 3, Fail: 4}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// Result is the answer to one question about one subject.
type Result struct {
	Check    string        `json:"check"`
	Subject  Subject       `json:"subject"`
	Status   Status        `json:"status"`
	Summary  string        `json:"summary"` // one line: what was seen, never why
	Notes    []Note        `json:"notes,omitempty"`
	Evidence evidence.Set  `json:"evidence"`
	Started  time.Time     `json:"started"`
	Took     time.Duration `json:"took"`           // nanoseconds in JSON
	Root     string        `json:"root,omitempty"` // of a skip: the check and subject that is the reason
	Ignored  bool          `json:"ignored,omitempty"`

	// Command is what to type elsewhere to learn what could not be learned here,
	// on one line. It is shown as it stands: never wrapped, never cut.
	Command string `json:"command,omitempty"`
}

// Note is something noticed beside the main answer, such as a CNAME as SRV
// target. A note with status warn or fail has raised the result to at least that.
type Note struct {
	ID     string `json:"id"` // stable kebab-case id
	Status Status `json:"status"`
	Text   string `json:"text"`
}
