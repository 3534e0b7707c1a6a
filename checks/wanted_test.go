package checks

import (
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/run"
)

// A subject that is not wanted gets no answer, and neither does what needs one;
// the others are asked as ever.
func TestWantedSubjectsAlone(t *testing.T) {
	verifyNoLeak(t)
	site := finds("site", run.Site, nil, run.Pass, testHosts(3)...)
	host := finds("host.first", run.Host, []*Check{site}, run.Pass)
	after := finds("host.second", run.Host, []*Check{host}, run.Pass)
	opts := Options{Wanted: func(s run.Subject) bool { return s.Kind != run.Host || strings.HasPrefix(s.Key, "kms001") }}
	r := record(t.Context(), nil, []*Check{site, host, after}, opts)
	r.order(t)
	r.result(t, "host.first", "kms001:1688")
	r.result(t, "host.second", "kms001:1688")
	if n := r.summary.Counts[run.Pass]; n != 3 || len(r.summary.Counts) != 1 {
		t.Errorf("%v: want the site and the two answers about kms001", r.summary.Counts)
	}
	for _, e := range r.events {
		if e.Started != nil && strings.HasPrefix(e.Started.Subject, "kms000") {
			t.Errorf("%s was asked", e.Started.Subject)
		}
	}
}
