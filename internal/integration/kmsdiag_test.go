//go:build integration && linux

package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// outcome is what a finished `kmsdiag check -o json` said.
type outcome struct {
	report.Object
	exit int
	took time.Duration
	set  evidence.Set // of all results
}

// patience bounds one run of kmsdiag; the longest checks here take a third of it.
const patience = 40 * time.Second

// joined is the configuration of a machine that belongs to corp.example.
var joined = etc{resolv: "search corp.example\nnameserver 10.77.0.2\n", hosts: "127.0.0.1 localhost\n"}

// check runs `kmsdiag check -o json` inside the namespace.
func (n netns) check(t *testing.T, args ...string) outcome {
	t.Helper()
	return n.checkWith(t, joined, args...)
}

// checkWith is check on a machine with another configuration.
func (n netns) checkWith(t *testing.T, files etc, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return finish(t, n.commandWith(ctx, t, files, program, append([]string{"check", "-o", "json"}, args...)...))
}

// finish runs a command that ends in a report on standard output.
func finish(t *testing.T, c *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr, c.Env = &stdout, &stderr, plainEnviron()
	start := time.Now()
	err := c.Run()
	o := outcome{took: time.Since(start)}
	o.ended(t, err, stdout.Bytes(), stderr.String())
	return o
}

// ended takes what a process left behind.
func (o *outcome) ended(t *testing.T, err error, stdout []byte, stderr string) {
	t.Helper()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		o.exit = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	if stderr != "" {
		t.Errorf("standard error: %s", stderr)
	}
	o.read(t, stdout)
}

// plainEnviron is this process's environment without what changes kmsdiag's ways.
func plainEnviron() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return strings.HasPrefix(name, "KMSDIAG_") || name == "NO_COLOR" || name == "LANG" || strings.HasPrefix(name, "LC_")
	})
}

var schema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	return jsonschema.NewCompiler().Compile("../../docs/schema/kmsdiag-1.schema.json")
})

// read takes the report, which must follow the schema.
func (o *outcome) read(t *testing.T, text []byte) {
	t.Helper()
	s, err := schema()
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("exit %d, no JSON: %v\n%.500s", o.exit, err, text)
	}
	if err := s.Validate(value); err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal(text, &o.Object); err != nil {
		t.Fatal(err)
	}
	if o.Plan == nil || o.Summary == nil {
		t.Fatalf("a report without plan or summary:\n%.500s", text)
	}
	for _, r := range o.Results {
		o.set.Add(r.Evidence)
	}
}

// expect compares the exit code, the first cause ("" for none) and its verdict.
func (o outcome) expect(t *testing.T, exit int, cause string, verdict diagnose.Verdict) {
	t.Helper()
	top := o.top()
	if o.exit != exit || top.ID != cause || top.Verdict != verdict {
		t.Errorf("exit %d, first cause %q %s; want exit %d, %q %s", o.exit, top.ID, top.Verdict, exit, cause, verdict)
		o.show(t)
	}
}

// top is the first cause, or a zero one.
func (o outcome) top() diagnose.Cause {
	if len(o.Summary.Causes) == 0 {
		return diagnose.Cause{}
	}
	return o.Summary.Causes[0]
}

// show logs the rows and the causes; of many rows, those that did not pass.
func (o outcome) show(t *testing.T) {
	t.Helper()
	for _, r := range o.Results {
		if r.Status == run.Pass && len(o.Results) > 40 {
			continue
		}
		t.Logf("%-4s %-12s %s: %s", r.Status, r.Check, r.Subject.Name(), r.Summary)
		for _, n := range r.Notes {
			t.Logf("       %s %s: %s", n.Status, n.ID, n.Text)
		}
	}
	for _, c := range o.Summary.Causes {
		t.Logf("cause %s %s %v", c.Verdict, c.ID, c.Subjects)
	}
	t.Logf("sent: %s", strings.Join(o.Summary.Sent, "; "))
}

// result is the one result of a check whose subject's key begins so.
func (o outcome) result(t *testing.T, check, subject string) run.Result {
	t.Helper()
	var found []run.Result
	for _, r := range o.Results {
		if r.Check == check && strings.HasPrefix(r.Subject.Key, subject) {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		o.show(t)
		t.Fatalf("%d results of %s on %q, want 1", len(found), check, subject)
	}
	return found[0]
}

// notes are the ids of a check's notes about all its subjects, sorted, each once.
func (o outcome) notes(check string) []string {
	var ids []string
	for _, r := range o.Results {
		for _, n := range r.Notes {
			if r.Check == check {
				ids = append(ids, n.ID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// srv is the answer of a resolver to the plain question of a purpose.
func (o outcome) srv(t *testing.T, purpose evidence.SRVPurpose, resolver string, edns bool) evidence.SRVAnswer {
	t.Helper()
	for _, a := range o.set.SRV {
		if a.Purpose == purpose && a.Resolver.Addr() == netip.MustParseAddr(resolver) && a.EDNS == edns {
			return a
		}
	}
	o.show(t)
	t.Fatalf("no %s answer of %s (EDNS0: %t)", purpose, resolver, edns)
	return evidence.SRVAnswer{}
}

// dial is the attempt to reach an address's KMS port.
func (o outcome) dial(t *testing.T, address string) evidence.Dial {
	t.Helper()
	for _, d := range o.set.Dials {
		if d.Purpose == evidence.DialKMS && d.Address == netip.MustParseAddrPort(address) {
			return d
		}
	}
	o.show(t)
	t.Fatalf("no attempt to reach %s", address)
	return evidence.Dial{}
}

// exchange is the only KMS request of the run.
func (o outcome) exchange(t *testing.T) evidence.Exchange {
	t.Helper()
	if len(o.set.Exchanges) != 1 {
		o.show(t)
		t.Fatalf("%d KMS requests, want 1", len(o.set.Exchanges))
	}
	return o.set.Exchanges[0]
}

// ticket is the first remedy of a cause that is a ready ticket.
func ticket(c diagnose.Cause) string {
	for _, step := range c.Remedies {
		if step.Shell == "ticket" {
			return strings.Join(step.Commands, "\n")
		}
	}
	return ""
}
