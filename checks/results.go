package checks

import (
	"sync"

	"github.com/kmsdiag/kmsdiag/run"
)

// results holds what a run knows so far. The runner writes it, checks read it
// as their [Prior].
type results struct {
	mu     sync.RWMutex
	parent map[string]string // key of a subject to the key of its parent
	byKey  map[resultKey]*run.Result
	all    map[string][]*run.Result
}

type resultKey struct{ check, subject string }

func newResults() *results {
	return &results{
		parent: map[string]string{},
		byKey:  map[resultKey]*run.Result{},
		all:    map[string][]*run.Result{},
	}
}

func (r *results) addSubject(s run.Subject) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.parent[s.Key] = s.Parent
}

// add takes a result, which is not changed any more.
func (r *results) add(one *run.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byKey[resultKey{one.Check, one.Subject.Key}] = one
	r.all[one.Check] = append(r.all[one.Check], one)
}

// Of implements [Prior].
func (r *results) Of(check *Check, subject run.Subject) (run.Result, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for key := subject.Key; ; {
		if one, ok := r.byKey[resultKey{check.ID, key}]; ok {
			return *one, true
		}
		up, ok := r.parent[key]
		if !ok || up == "" || up == key {
			return run.Result{}, false
		}
		key = up
	}
}

// All implements [Prior].
func (r *results) All(check *Check) []run.Result {
	r.mu.RLock()
	defer r.mu.RUnlock()
	list := make([]run.Result, 0, len(r.all[check.ID]))
	for _, one := range r.all[check.ID] {
		list = append(list, *one)
	}
	return list
}
