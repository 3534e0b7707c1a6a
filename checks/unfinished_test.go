package checks

import (
	"context"
	"slices"
	"testing"

	"github.com/kmsdiag/kmsdiag/run"
)

// A stopped run names what was under way and what had not begun.
func TestStoppedRunNamesWhatIsOpen(t *testing.T) {
	verifyNoLeak(t)
	ctx, stop := context.WithCancel(t.Context())
	site := finds("site", run.Site, nil, run.Pass, testHosts(2)...)
	slow := &Check{ID: "host.slow", Title: "it answers", Group: Reach, Scope: run.Host, Needs: []*Check{site}, Run: func(ctx context.Context, ask Ask) Answer {
		stop()
		<-ctx.Done()
		return Answer{}
	}}
	next := finds("host.next", run.Host, []*Check{slow}, run.Pass)
	r := record(ctx, nil, []*Check{site, slow, next}, Options{})
	want := []string{"host.slow kms000", "host.slow kms001", "host.next kms000", "host.next kms001"}
	if !r.summary.Stopped || !slices.Equal(r.summary.Unfinished, want) {
		t.Errorf("stopped %v, unfinished %q; want %q", r.summary.Stopped, r.summary.Unfinished, want)
	}
	whole := record(t.Context(), nil, []*Check{site}, Options{})
	if len(whole.summary.Unfinished) != 0 {
		t.Errorf("a run to the end leaves %q open", whole.summary.Unfinished)
	}
}
