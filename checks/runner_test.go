package checks

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// stillLocal is the configuration of a machine without any network.
type stillLocal struct{}

func (stillLocal) Machine(context.Context) evidence.Machine { return evidence.Machine{Name: "pc-0417"} }

func (stillLocal) Resolvers(context.Context) evidence.ResolverConfig {
	return evidence.ResolverConfig{}
}
func (stillLocal) HostsFile(context.Context, string) []netip.Addr { return nil }

// recorded is a run as its events tell it.
type recorded struct {
	events  []run.Event
	summary run.Summary
}

func record(ctx context.Context, env *Env, plan []*Check, opts Options) recorded {
	if env == nil {
		env = &Env{}
	}
	if env.Local == nil {
		env.Local = stillLocal{}
	}
	if env.DNS == nil {
		env.DNS = &fakeDNS{}
	}
	var r recorded
	r.summary = Run(ctx, env, plan, opts, func(e run.Event) { r.events = append(r.events, e) })
	return r
}

// order checks what run.Event promises of the stream.
func (r recorded) order(t *testing.T) {
	t.Helper()
	found, started := map[string]bool{}, map[string]bool{}
	for i, e := range r.events {
		if (i == 0) != (e.Plan != nil) {
			t.Errorf("event %d is %s: the plan comes first, and once", i, e.Kind())
		}
		if (i == len(r.events)-1) != (e.Summary != nil) {
			t.Errorf("event %d of %d is %s: the summary comes last, and once", i, len(r.events), e.Kind())
		}
		if e.Time.IsZero() {
			t.Errorf("event %d has no time", i)
		}
		say := func(check, subject string, begins bool) {
			if !found[subject] {
				t.Errorf("event %d speaks of %q before it is found", i, subject)
			}
			if begins {
				started[check+" "+subject] = true
			}
		}
		switch {
		case e.Found != nil:
			if p := e.Found.Subject.Parent; p != "" && !found[p] {
				t.Errorf("%s is found before its parent %q", e.Found.Subject.Key, p)
			}
			if found[e.Found.Subject.Key] {
				t.Errorf("%s is found twice", e.Found.Subject.Key)
			}
			found[e.Found.Subject.Key] = true
		case e.Started != nil:
			say(e.Started.Check, e.Started.Subject, true)
		case e.Progress != nil:
			say(e.Progress.Check, e.Progress.Subject, false)
			if !started[e.Progress.Check+" "+e.Progress.Subject] {
				t.Errorf("event %d: progress of what has not started", i)
			}
		case e.Finished != nil:
			say(e.Finished.Check, e.Finished.Subject.Key, false)
			if e.Finished.Root == "" && !started[e.Finished.Check+" "+e.Finished.Subject.Key] {
				t.Errorf("event %d: %s finished without a start", i, e.Finished.Check)
			}
		}
	}
}

func (r recorded) result(t *testing.T, check, subject string) run.Result {
	t.Helper()
	for _, e := range r.events {
		if e.Finished != nil && e.Finished.Check == check && (subject == "" || e.Finished.Subject.Key == subject) {
			return *e.Finished
		}
	}
	t.Fatalf("no result of %s on %q", check, subject)
	return run.Result{}
}

func (r recorded) finished() []string {
	var ids []string
	for _, e := range r.events {
		if e.Finished != nil {
			ids = append(ids, e.Finished.Check+" "+e.Finished.Subject.Key)
		}
	}
	return ids
}

// finds returns a check that discovers the given subjects.
func finds(id string, scope run.Kind, needs []*Check, status run.Status, found ...run.Subject) *Check {
	return &Check{ID: id, Title: "t", Group: Discover, Scope: scope, Needs: needs, Run: func(context.Context, Ask) Answer {
		return Answer{Result: run.Result{Status: status, Summary: id + " " + string(status)}, Found: found}
	}}
}

func testHosts(n int) []run.Subject {
	var list []run.Subject
	for i := range n {
		list = append(list, hostSubject("", fmt.Sprintf("kms%03d", i), 0, ""))
	}
	return list
}

func TestRunOrderAndSkips(t *testing.T) {
	verifyNoLeak(t)
	site := finds("site", run.Site, nil, run.Pass, testHosts(2)...)
	fails := finds("host.fails", run.Host, []*Check{site}, run.Fail)
	child := finds("host.child", run.Host, []*Check{fails}, run.Pass)
	grandchild := finds("host.grandchild", run.Host, []*Check{child}, run.Pass)
	waits := finds("host.waits", run.Host, nil, run.Warn)
	waits.After = []*Check{fails}
	plan := []*Check{site, fails, child, grandchild, waits}
	if err := Validate(plan); err != nil {
		t.Fatal(err)
	}
	r := record(t.Context(), nil, plan, Options{})
	r.order(t)
	got := r.result(t, "host.grandchild", "kms000:1688")
	if got.Status != run.Skip || got.Summary != "not run: needs host.fails, which failed" || got.Root != "host.fails kms000:1688" {
		t.Errorf("grandchild %+v: want a skip that names the root", got)
	}
	r.result(t, "host.waits", "kms001:1688")
	want := map[run.Status]int{run.Pass: 1, run.Fail: 2, run.Skip: 4, run.Warn: 2}
	for status, n := range want {
		if r.summary.Counts[status] != n {
			t.Errorf("%d %s, want %d", r.summary.Counts[status], status, n)
		}
	}
	if r.summary.Worst != run.Fail || r.summary.Stopped {
		t.Errorf("summary %+v", r.summary)
	}
	plans := r.events[0].Plan
	if plans.Schema != run.Schema || len(plans.Checks) != len(plan) || plans.Machine != "pc-0417" {
		t.Errorf("plan %+v", plans)
	}
	if f := r.events[1].Found; f == nil || !slices.Equal(f.Checks, []string{"site"}) {
		t.Errorf("second event %+v, want the site with its check", r.events[1])
	}
}

func TestTimeoutIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := &Check{
			ID: "rpc.bind", Title: "t", Group: Reach, Scope: run.Site, Timeout: 3 * time.Second,
			Run: func(ctx context.Context, _ Ask) Answer {
				<-ctx.Done()
				return Answer{Result: run.Result{Status: run.Fail, Summary: "expected one reply, got none"}}
			},
		}
		r := record(t.Context(), nil, []*Check{silent}, Options{})
		got := r.result(t, "rpc.bind", "site")
		if got.Summary != "rpc.bind: no answer within 3s" || got.Took != 3*time.Second {
			t.Errorf("%q after %s", got.Summary, got.Took)
		}
		if !hasNote(got, "at-timeout", run.Fail) {
			t.Errorf("notes %+v: what the check saw is lost", got.Notes)
		}
		r = record(t.Context(), &Env{Timeout: 30 * time.Second}, []*Check{silent}, Options{})
		if got := r.result(t, "rpc.bind", "site"); got.Summary != "rpc.bind: no answer within 30s" {
			t.Errorf("%q: the run's limit goes before the check's", got.Summary)
		}
	})
}

func TestFailureBeforeTheLimitKeepsItsWords(t *testing.T) {
	r := record(t.Context(), nil, []*Check{finds("x", run.Site, nil, run.Fail)}, Options{})
	if got := r.result(t, "x", "site"); got.Summary != "x fail" {
		t.Errorf("%q", got.Summary)
	}
}

func TestTwentySilentOfTwoHundredTakeOneTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := finds("site", run.Site, nil, run.Pass, testHosts(200)...)
		var most, now atomic.Int64
		answers := &Check{
			ID: "host", Title: "t", Group: Reach, Scope: run.Host, Needs: []*Check{site}, Timeout: 4 * time.Second,
			Run: func(ctx context.Context, ask Ask) Answer {
				if n := now.Add(1); n > most.Load() {
					most.Store(n)
				}
				defer now.Add(-1)
				var a Answer
				a.Status = run.Pass
				if strings.HasSuffix(ask.Subject.Host, "7") {
					<-ctx.Done()
					a.Status = run.Fail
				} else {
					time.Sleep(20 * time.Millisecond)
				}
				return a
			},
		}
		begin := time.Now()
		r := record(t.Context(), nil, []*Check{site, answers}, Options{})
		if took := time.Since(begin); took > 4500*time.Millisecond {
			t.Errorf("took %s", took)
		}
		if n := r.summary.Counts[run.Fail]; n != 20 {
			t.Errorf("%d silent hosts", n)
		}
		if most.Load() > defaultParallel || most.Load() < defaultParallel/2 {
			t.Errorf("%d at a time, want up to %d", most.Load(), defaultParallel)
		}
	})
}

// TestIdleIsNotCounted shows that a row's time ends with the answer, whatever the
// check waits for behind it.
func TestIdleIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Check{ID: "x", Run: func(context.Context, Ask) Answer {
			time.Sleep(time.Millisecond)
			time.Sleep(closeWait)
			return Answer{Idle: closeWait}
		}}
		if a := perform(t.Context(), c, Ask{Env: &Env{}}); a.Took != time.Millisecond {
			t.Errorf("took %s", a.Took)
		}
	})
	h := &testHost{}
	address := mustAddrPort(h.start(t))
	env := testEnv()
	env.sessions = newSessions()
	defer env.sessions.closeAll()
	ask := Ask{Env: env, Subject: endpointSubject(address, ""), Prior: walked{}}
	a := KMSRequest.Run(t.Context(), ask)
	if a.Status != run.Pass || a.Idle < closeWait/2 {
		t.Errorf("%s %q, idle %s: the host keeps the connection open", a.Status, a.Summary, a.Idle)
	}
}

// BenchmarkRun measures what the runner itself costs: 200 hosts, ten checks each.
func BenchmarkRun(b *testing.B) {
	plan := []*Check{finds("site", run.Site, nil, run.Pass, testHosts(200)...)}
	for i := range 10 {
		plan = append(plan, finds(fmt.Sprintf("host.%d", i), run.Host, plan[len(plan)-1:], run.Pass))
	}
	env := &Env{Local: stillLocal{}, DNS: &fakeDNS{}}
	for b.Loop() {
		if s := Run(b.Context(), env, plan, Options{}, func(run.Event) {}); s.Counts[run.Pass] != 2001 {
			b.Fatalf("%v", s.Counts)
		}
	}
}

func TestPanicBecomesAResult(t *testing.T) {
	verifyNoLeak(t)
	bad := finds("bad", run.Site, nil, run.Pass)
	bad.Run = func(context.Context, Ask) Answer { var none []int; return Answer{Found: make([]run.Subject, none[3])} }
	badWhen := finds("bad.when", run.Site, nil, run.Pass)
	badWhen.When = func(Ask) bool { panic("when") }
	other := finds("other", run.Site, nil, run.Pass)
	after := finds("after", run.Site, []*Check{bad}, run.Pass)
	r := record(t.Context(), nil, []*Check{bad, badWhen, other, after}, Options{})
	got := r.result(t, "bad", "site")
	if got.Status != run.Fail || !strings.Contains(got.Summary, "please report") || !strings.Contains(got.Summary, "bad") {
		t.Errorf("%+v", got)
	}
	if !hasNote(got, "panic", run.Fail) || !hasNote(got, "panic-stack", run.Fail) || !strings.Contains(got.Notes[1].Text, "runner_test.go:") {
		t.Errorf("notes %+v: want the panic and where it was", got.Notes)
	}
	if r.result(t, "bad.when", "site").Status != run.Fail || r.result(t, "other", "site").Status != run.Pass {
		t.Error("the other checks did not go on")
	}
	if r.result(t, "after", "site").Status != run.Skip {
		t.Error("what needs the broken check ran")
	}
}

func TestCancelStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		first := finds("first", run.Site, nil, run.Pass)
		long := &Check{
			ID: "long", Title: "t", Group: Reach, Scope: run.Site, Needs: []*Check{first}, Timeout: time.Hour,
			Run: func(ctx context.Context, ask Ask) Answer {
				<-ctx.Done()
				d := evidence.Dial{Origin: ask.origin("long"), Address: netip.MustParseAddrPort("192.0.2.1:1688"), Tries: []evidence.Try{{Outcome: evidence.Cancelled}}}
				return Answer{Result: run.Result{Status: run.Fail, Summary: "cut short", Evidence: evidence.Set{Dials: []evidence.Dial{d}}}}
			},
		}
		never := finds("never", run.Site, []*Check{long}, run.Pass)
		time.AfterFunc(time.Second, cancel)
		begin := time.Now()
		r := record(ctx, nil, []*Check{first, long, never}, Options{})
		if took := time.Since(begin); took != time.Second {
			t.Errorf("stopped after %s", took)
		}
		r.order(t)
		if got := r.finished(); !slices.Equal(got, []string{"first site"}) {
			t.Errorf("results %q: an unfinished check has none", got)
		}
		if !r.summary.Stopped || r.summary.Worst != run.Pass {
			t.Errorf("summary %+v", r.summary)
		}
		if len(r.summary.Sent) != 1 || !strings.Contains(r.summary.Sent[0], "192.0.2.1:1688") {
			t.Errorf("sent %q: what a stopped check sent was sent", r.summary.Sent)
		}
	})
}

func TestCancelledBeforeTheStart(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no"))
	r := record(ctx, nil, []*Check{finds("x", run.Site, nil, run.Pass)}, Options{})
	r.order(t)
	if len(r.finished()) != 0 || !r.summary.Stopped {
		t.Errorf("finished %q, summary %+v", r.finished(), r.summary)
	}
}

func TestEndpointOfTwoNamesIsAskedOnce(t *testing.T) {
	site := finds("site", run.Site, nil, run.Pass, testHosts(2)...)
	address := netip.MustParseAddrPort("192.0.2.5:1688")
	first := finds("address", run.Host, []*Check{site}, run.Pass, endpointSubject(address, ""))
	connect := finds("connect", run.Endpoint, []*Check{first}, run.Pass)
	r := record(t.Context(), nil, []*Check{site, first, connect}, Options{Parallel: 1})
	r.order(t)
	if n := r.summary.Counts[run.Pass]; n != 4 {
		t.Errorf("%d passes, want 4: %q", n, r.finished())
	}
	var notes int
	for _, e := range r.events {
		if e.Finished != nil && hasNote(*e.Finished, "asked-once", run.Pass) {
			notes++
		}
	}
	if notes != 1 {
		t.Errorf("%d results say that the endpoint is asked once, want 1", notes)
	}
}

func TestAfterADeeperScope(t *testing.T) {
	site := finds("site", run.Site, nil, run.Pass, testHosts(30)...)
	host := finds("host", run.Host, []*Check{site}, run.Pass)
	var seen int
	sums := &Check{
		ID: "sum", Title: "t", Group: Judge, Scope: run.Site, After: []*Check{host},
		Run: func(_ context.Context, ask Ask) Answer {
			seen = len(ask.Prior.All(host))
			return Answer{Result: run.Result{Status: run.Pass}}
		},
	}
	r := record(t.Context(), nil, []*Check{sums, site, host}, Options{})
	r.order(t)
	if seen != 30 {
		t.Errorf("the sum saw %d of 30 hosts", seen)
	}
}

func TestPriorOfAncestor(t *testing.T) {
	site := finds("site", run.Site, nil, run.Warn, testHosts(1)...)
	var got run.Result
	var ok bool
	host := finds("host", run.Host, []*Check{site}, run.Pass)
	host.Run = func(_ context.Context, ask Ask) Answer {
		got, ok = ask.Prior.Of(site, ask.Subject)
		if _, none := ask.Prior.Of(host, ask.Subject); none {
			return Answer{Result: run.Result{Status: run.Fail}}
		}
		return Answer{Result: run.Result{Status: run.Pass}}
	}
	r := record(t.Context(), nil, []*Check{site, host}, Options{})
	if !ok || got.Check != "site" || got.Status != run.Warn || r.result(t, "host", "").Status != run.Pass {
		t.Errorf("prior %+v, %t", got, ok)
	}
}

func TestOnlySkipIgnore(t *testing.T) {
	site := finds("site", run.Site, nil, run.Pass, testHosts(1)...)
	aside := finds("aside", run.Host, nil, run.Fail)
	host := finds("host", run.Host, []*Check{site}, run.Fail)
	last := finds("last", run.Host, []*Check{host}, run.Pass)
	plan := []*Check{site, aside, host, last}
	all := func(o Options) recorded { return record(t.Context(), nil, plan, o) }

	r := all(Options{Only: []string{"last"}})
	r.order(t)
	if got := r.finished(); !slices.Equal(got, []string{"last kms000:1688"}) {
		t.Errorf("only last: rows %q", got)
	}
	if len(r.events[0].Plan.Checks) != 1 || r.result(t, "last", "").Root != "host kms000:1688" {
		t.Errorf("only last: %+v", r.result(t, "last", ""))
	}
	r = all(Options{Skip: []string{"host"}})
	if got := r.result(t, "last", ""); got.Status != run.Skip || got.Summary != "not run: needs host, which was left out" || got.Root != "host" {
		t.Errorf("skip host: %+v", got)
	}
	r = all(Options{Skip: []string{"aside"}, Ignore: []string{"host"}})
	if got := r.result(t, "host", ""); !got.Ignored || got.Status != run.Fail {
		t.Errorf("ignore host: %+v, want it shown and marked", got)
	}
	if r.summary.Worst != run.Pass || r.summary.Counts[run.Fail] != 0 || !slices.Equal(r.summary.Ignored, []string{"host"}) {
		t.Errorf("ignore host: summary %+v", r.summary)
	}
}

func TestQuestionThatDoesNotArise(t *testing.T) {
	no := finds("no", run.Site, nil, run.Pass)
	no.When = func(Ask) bool { return false }
	needs := finds("needs", run.Site, []*Check{no}, run.Pass)
	waits := finds("waits", run.Site, nil, run.Pass)
	waits.After = []*Check{no}
	r := record(t.Context(), nil, []*Check{no, needs, waits}, Options{})
	if got := r.finished(); !slices.Equal(got, []string{"waits site"}) {
		t.Errorf("rows %q, want only that of waits", got)
	}
}

func TestTextIsCleaned(t *testing.T) {
	c := finds("x", run.Site, nil, run.Pass, run.Subject{Key: "a\x1b[2J", Kind: run.Domain, Domain: "a\x1b[2J"})
	c.Run = func(_ context.Context, ask Ask) Answer {
		ask.Progress("50 %\u202e\x1b[1m")
		return Answer{Result: run.Result{
			Status: run.Pass, Summary: "host \x1b]0;x\x07", Notes: []run.Note{{ID: "n", Status: run.Warn, Text: "\x9b31m"}},
		}, Found: []run.Subject{{Key: "a\x1b[2J", Kind: run.Domain, Domain: "a\x1b[2J"}}}
	}
	r := record(t.Context(), nil, []*Check{c}, Options{})
	got := r.result(t, "x", "")
	text := got.Summary + got.Notes[0].Text
	for _, e := range r.events {
		if e.Found != nil {
			text += e.Found.Subject.Key + e.Found.Subject.Domain
		}
		if e.Progress != nil {
			text += e.Progress.Text
		}
	}
	if strings.ContainsAny(text, "\x1b\x07\u009b\u202e") {
		t.Errorf("%q holds what a terminal would obey", text)
	}
	if got.Status != run.Warn {
		t.Errorf("status %s: a note that warns raises it", got.Status)
	}
}
