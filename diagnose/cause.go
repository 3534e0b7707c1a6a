package diagnose

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// Verdict says what the evidence says of a cause.
type Verdict string

// The verdicts, from the strongest to none.
const (
	Found    Verdict = "found"     // the evidence shows it
	Possible Verdict = "possible"  // it explains what was seen, and so may something else
	RuledOut Verdict = "ruled out" // the evidence speaks against it
	Untested Verdict = "untested"  // nothing was looked at that could show it
)

// Cause is one explanation of what was observed, with its verdict.
type Cause struct {
	ID       string    `json:"id"` // stable, kebab-case
	Title    string    `json:"title"`
	Layer    string    `json:"layer"` // dns, tcp, rpc, kms-host, kms-client, count, time, key, office, cloud, adba, os
	Verdict  Verdict   `json:"verdict"`
	NoFault  bool      `json:"no_fault,omitempty"` // nothing is wrong: it only looks so
	Subjects []string  `json:"subjects,omitempty"` // hosts or domains it is about, as named in the evidence
	Because  []Finding `json:"because"`
	Against  []Finding `json:"against"`
	Code     uint32    `json:"code,omitempty"`       // what a Windows client would show; 0 where none
	Inner    uint32    `json:"inner_code,omitempty"` // what its event 12288 holds, where that is another code
	Explain  string    `json:"explanation,omitempty"`
	Remedies []Step    `json:"remedies"`       // found and possible causes only; the page has them for every cause
	Next     *Step     `json:"next,omitempty"` // the test that would settle it

	score int // rank within a verdict; higher first
}

// About names the subjects behind a colon where the title does not; empty where
// it names them all.
func (c Cause) About() string {
	var names []string
	for _, n := range c.Subjects {
		if !strings.Contains(c.Title, n) {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names, ", ")
}

// Finding is an observation for or against a cause.
type Finding struct {
	Text   string          `json:"text"`
	Origin evidence.Origin `json:"origin"`
}

// Step is one thing to do: a remedy or a test.
type Step struct {
	Who      string   `json:"who"`                // client, KMS host, DNS, network, cloud, directory, licensing portal, image
	Shell    string   `json:"shell,omitempty"`    // cmd, PowerShell, sh, ticket; empty: no command
	Text     string   `json:"text,omitempty"`     // what to do, in words
	Commands []string `json:"commands,omitempty"` // exactly what to type, or the ticket's lines; placeholders filled where known
	Verify   string   `json:"verify,omitempty"`   // how to see that it worked
	Undo     string   `json:"undo,omitempty"`     // how to take it back

	when []string // the cases it is for, as rules name them; none: every case
}
