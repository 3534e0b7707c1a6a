package checks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/run"
)

// All returns every check, in the order in which they are shown.
func All() []*Check {
	return []*Check{
		DNSConfig, ADBASite, DNSSRV, DNSAddress,
		TCPConnect, TCPAlive,
		RPCBind, KMSRequest,
		KMSCount, KMSClock, KMSIdentity,
		ClientLicense,
	}
}

// defaultTimeout limits a check that names no limit of its own.
const defaultTimeout = 10 * time.Second

var kindRank = map[run.Kind]int{run.Site: 0, run.Domain: 1, run.Host: 2, run.Endpoint: 3}

// Validate tells whether the checks make a plan: ids are unique and not empty,
// titles are there, groups and scopes are known ones, no check waits for itself,
// and none needs a check whose scope is deeper than its own, which would give it
// several answers instead of one.
func Validate(plan []*Check) error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	seen := map[string]*Check{}
	for _, c := range closure(plan) {
		if c.ID == "" {
			bad("a check titled %q has no id", c.Title)
		}
		if seen[c.ID] != nil {
			bad("%s: two checks have this id", c.ID)
		}
		seen[c.ID] = c
		if strings.TrimSpace(c.Title) == "" {
			bad("%s: no title", c.ID)
		}
		if c.Run == nil {
			bad("%s: nothing to run", c.ID)
		}
		rank, known := kindRank[c.Scope]
		if !known {
			bad("%s: unknown scope %q", c.ID, c.Scope)
		}
		if !slices.Contains([]string{Discover, Reach, Handshake, Judge}, c.Group) {
			bad("%s: unknown group %q", c.ID, c.Group)
		}
		for _, need := range c.Needs {
			if kindRank[need.Scope] > rank {
				bad("%s: needs %s, whose scope %s is deeper than %s", c.ID, need.ID, need.Scope, c.Scope)
			}
		}
		if cycle := findCycle(c, nil); cycle != "" {
			bad("%s: waits for itself: %s", c.ID, cycle)
		}
	}
	return errors.Join(problems...)
}

// findCycle returns a way from the last check of path back to its first one.
func findCycle(c *Check, path []*Check) string {
	if i := slices.Index(path, c); i == 0 {
		var ids []string
		for _, p := range append(path, c) {
			ids = append(ids, p.ID)
		}
		return strings.Join(ids, " > ")
	} else if i > 0 {
		return ""
	}
	path = append(path, c)
	for _, d := range c.dependencies() {
		if cycle := findCycle(d, path); cycle != "" {
			return cycle
		}
	}
	return ""
}

func (c *Check) dependencies() []*Check { return slices.Concat(c.Needs, c.After) }

// closure returns the checks and everything they build on, each once, the given
// ones first.
func closure(plan []*Check) []*Check {
	var all []*Check
	next := slices.Clone(plan)
	for len(next) > 0 {
		c := next[0]
		next = next[1:]
		if c == nil || slices.Contains(all, c) {
			continue
		}
		all = append(all, c)
		next = append(next, c.dependencies()...)
	}
	return all
}

// selection is the plan of one run.
type selection struct {
	run     []*Check        // to run, in the order of the plan
	shown   map[*Check]bool // those that have rows; the rest are only needed by them
	leftOut map[*Check]bool // by --skip
}

// offered leaves out the checks that this run asks only when they are named.
func offered(ctx context.Context, env *Env, plan []*Check, named []string) []*Check {
	return slices.DeleteFunc(slices.Clone(plan), func(c *Check) bool {
		return c.Offered != nil && !slices.Contains(named, c.ID) && !c.Offered(ctx, env)
	})
}

// choose applies --only and --skip. What an only-check builds on runs too, but
// is not shown.
func choose(plan []*Check, opts Options) selection {
	s := selection{shown: map[*Check]bool{}, leftOut: map[*Check]bool{}}
	var wanted []*Check
	for _, c := range plan {
		if len(opts.Only) == 0 || slices.Contains(opts.Only, c.ID) {
			wanted = append(wanted, c)
			s.shown[c] = true
		}
	}
	for _, c := range closure(append(slices.Clone(plan), wanted...)) {
		if slices.Contains(opts.Skip, c.ID) {
			s.leftOut[c] = true
			delete(s.shown, c)
		}
	}
	needed := closure(wanted)
	if len(opts.Only) == 0 {
		needed = wanted
	}
	for _, c := range append(slices.Clone(plan), needed...) {
		if slices.Contains(needed, c) && !s.leftOut[c] && !slices.Contains(s.run, c) {
			s.run = append(s.run, c)
		}
	}
	return s
}

// UnknownCheckError names a check id that no check has, and the nearest ones.
type UnknownCheckError struct {
	ID   string
	Near []string // known ids that resemble it; may be empty
}

// Error says it in a sentence.
func (e *UnknownCheckError) Error() string {
	text := fmt.Sprintf("no check is called %.40q", e.ID)
	if len(e.Near) > 0 {
		text += "; did you mean " + strings.Join(e.Near, " or ") + "?"
	}
	return text
}

// FindChecks tells whether every id names a check of the plan; if not it returns
// an [*UnknownCheckError] for the first that does not.
func FindChecks(plan []*Check, ids []string) error {
	for _, id := range ids {
		if !slices.ContainsFunc(plan, func(c *Check) bool { return c.ID == id }) {
			return &UnknownCheckError{id, nearest(plan, id)}
		}
	}
	return nil
}

func nearest(plan []*Check, id string) []string {
	var near []string
	_, tail, _ := strings.Cut(id, ".")
	for _, c := range plan {
		group, name, _ := strings.Cut(c.ID, ".")
		if strings.EqualFold(c.ID, id) || name == id || tail != "" && name == tail || group == id || closeTo(c.ID, id) {
			near = append(near, c.ID)
		}
	}
	return near[:min(len(near), 3)]
}

// closeTo tells whether two ids differ in at most two places: a letter too many,
// missing or wrong.
func closeTo(a, b string) bool {
	if len(b) > 2*len(a) {
		return false
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)] <= 2
}
