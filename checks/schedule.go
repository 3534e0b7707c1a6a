package checks

import (
	"slices"

	"github.com/kmsdiag/kmsdiag/run"
)

// schedule knows which questions of a run are open and what each waits for. It
// belongs to the runner's goroutine alone.
type schedule struct {
	checks []*Check
	nodes  map[string]*node
	order  []string // keys of the nodes as they were found
	tasks  map[taskKey]*task
	builds map[*Check][]*Check // what a check builds on, the check included
}

type node struct {
	subject  run.Subject
	parent   *node
	children []*node
}

// task is one check on one subject.
type task struct {
	check   *Check
	node    *node
	done    bool
	result  *run.Result // of a done task; nil when the question did not arise
	waiters []*task     // to look at again once this one is done
}

type taskKey struct {
	check *Check
	node  *node
}

func newSchedule(checks []*Check) *schedule {
	s := &schedule{
		checks: checks, nodes: map[string]*node{},
		tasks: map[taskKey]*task{}, builds: map[*Check][]*Check{},
	}
	for _, c := range checks {
		s.builds[c] = closure([]*Check{c})
	}
	return s
}

// add takes up a subject and returns the questions about it. The subject must
// be new and its parent known.
func (s *schedule) add(subject run.Subject) []*task {
	n := &node{subject: subject, parent: s.nodes[subject.Parent]}
	if n.parent != nil {
		n.parent.children = append(n.parent.children, n)
	}
	s.nodes[subject.Key] = n
	s.order = append(s.order, subject.Key)
	var added []*task
	for _, c := range s.checks {
		if c.Scope == subject.Kind {
			t := &task{check: c, node: n}
			s.tasks[taskKey{c, n}] = t
			added = append(added, t)
		}
	}
	return added
}

// blocker returns a task that t has to wait for, or nil when there is none.
func (s *schedule) blocker(t *task) *task {
	for _, d := range t.check.dependencies() {
		if kindRank[d.Scope] > kindRank[t.check.Scope] {
			if open := s.openBelow(t.node, s.builds[d]); open != nil {
				return open
			}
			continue
		}
		if other := s.above(t.node, d); other != nil && !other.done {
			return other
		}
	}
	return nil
}

// above returns the check's task on the node or on its ancestor of the right
// kind; nil when there is no such ancestor or the check is not in the plan.
func (s *schedule) above(n *node, c *Check) *task {
	for ; n != nil; n = n.parent {
		if n.subject.Kind == c.Scope {
			return s.tasks[taskKey{c, n}]
		}
	}
	return nil
}

// openBelow returns an open task of one of the checks on the node or below it.
// A check that could still discover something there is among those that the
// deepest one builds on, so nothing open means that nothing more will come.
func (s *schedule) openBelow(n *node, checks []*Check) *task {
	for _, c := range checks {
		if c.Scope != n.subject.Kind {
			continue
		}
		if t := s.tasks[taskKey{c, n}]; t != nil && !t.done {
			return t
		}
	}
	for _, child := range n.children {
		if t := s.openBelow(child, checks); t != nil {
			return t
		}
	}
	return nil
}

// unmet returns the skip of a task whose needs are not met, naming the root, and
// whether the question still arises. Both are zero and true when all is well.
func (s *schedule) unmet(t *task, leftOut map[*Check]bool) (skip *run.Result, arises bool) {
	for _, need := range t.check.Needs {
		if leftOut[need] {
			if !s.hasAncestor(t.node, need.Scope) {
				continue
			}
			return &run.Result{
				Status: run.Skip, Root: need.ID,
				Summary: "not run: needs " + need.ID + ", which was left out",
			}, true
		}
		other := s.above(t.node, need)
		if other == nil {
			continue
		}
		r := other.result
		switch {
		case r == nil:
			return nil, false
		case r.Status == run.Pass || r.Status == run.Warn:
		case r.Status == run.Skip && r.Root != "":
			return &run.Result{Status: run.Skip, Root: r.Root, Summary: r.Summary}, true
		default:
			outcome := "failed"
			if r.Status == run.Skip {
				outcome = "was skipped"
			}
			return &run.Result{
				Status: run.Skip, Root: need.ID + " " + r.Subject.Key,
				Summary: "not run: needs " + need.ID + ", which " + outcome,
			}, true
		}
	}
	return nil, true
}

func (s *schedule) hasAncestor(n *node, kind run.Kind) bool {
	for ; n != nil; n = n.parent {
		if n.subject.Kind == kind {
			return true
		}
	}
	return false
}

// shownOn lists the ids of the shown checks that a subject of the kind adds.
func (s selection) shownOn(kind run.Kind) []string {
	var ids []string
	for _, c := range s.run {
		if c.Scope == kind && s.shown[c] {
			ids = append(ids, c.ID)
		}
	}
	return slices.Clip(ids)
}
