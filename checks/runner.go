package checks

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/machine"
	"github.com/kmsdiag/kmsdiag/run"
)

// Options say which part of a plan to run and how to judge it.
type Options struct {
	Only     []string     // check ids; empty: all. What they build on runs too, unshown
	Skip     []string     // check ids to leave out
	Ignore   []string     // ids of checks and causes that are shown but not counted
	With     evidence.Set // evidence from elsewhere, such as pasted text, judged together with the run's own
	Parallel int          // checks at work at a time; 0: 64

	// Wanted tells which subjects are asked about; nil means all. A question about
	// another subject does not arise. It is called from the calling goroutine.
	Wanted func(run.Subject) bool
}

// defaultParallel lets a site of two hundred hosts, twenty of them silent, end
// in about one timeout without opening sockets by the thousand.
const defaultParallel = 64

// siteKey is the key of the subject at the root of every run.
const siteKey = "site"

// Run asks the plan's checks about the target in env and everything that is
// discovered on the way, and returns the summary that it also emits last.
//
// Emit is called from the calling goroutine, never at the same time twice, in
// the order that [run.Event] promises. When ctx is cancelled no check is begun
// any more and those at work are told to stop; they get no result, and the
// summary says that the run was stopped. Every goroutine has ended when Run
// returns.
func Run(ctx context.Context, env *Env, plan []*Check, opts Options, emit func(run.Event)) run.Summary {
	r := newRunner(env, offered(ctx, env.complete(), plan, opts.Only), opts, emit)
	defer r.env.sessions.closeAll()
	start := r.now()
	r.emit(run.Event{Plan: r.announce(ctx, start)})
	open := r.found(run.Subject{Key: siteKey, Kind: run.Site}, nil)
	for _, s := range namedSubjects(r.env.Target) {
		open = append(open, r.found(s, nil)...)
	}
	for _, t := range open {
		r.look(t)
	}
	r.loop(ctx)
	shown := make([]run.Result, 0, len(r.shown))
	for _, one := range r.shown {
		shown = append(shown, *one)
	}
	summary := summarise(shown, r.set, opts)
	if !r.stopped && len(opts.Only) == 0 && len(r.sel.leftOut) > 0 && !r.reachedHosts() {
		summary.Worst = run.Worse(summary.Worst, run.Warn)
		summary.Conclusion = "No KMS host was tested: checks that lead there were left out.\n" + summary.Conclusion
	}
	summary.Stopped = r.stopped
	if r.stopped {
		summary.Unfinished = r.unfinished()
	}
	summary.Took = r.now().Sub(start)
	summary.Traffic = traffic(r.tally.counts(), r.set, r.late)
	summary.Sent = run.TrafficLines(summary.Traffic)
	r.emit(run.Event{Summary: &summary})
	return summary
}

// unfinished names the questions that a stopped run left open. Whether those that
// had not begun would have arisen is not known.
func (r *runner) unfinished() []string {
	var names []string
	for _, c := range r.sel.run {
		for _, key := range r.schedule.order {
			n := r.schedule.nodes[key]
			if t := r.schedule.tasks[taskKey{c, n}]; t != nil && !t.done && r.sel.shown[c] {
				names = append(names, c.ID+" "+n.subject.Name())
			}
		}
	}
	return names
}

// reachedHosts tells whether there is a row about an endpoint, or one that
// explains why there is none.
func (r *runner) reachedHosts() bool {
	hosts := false
	for _, n := range r.schedule.nodes {
		hosts = hosts || n.subject.Kind == run.Host
	}
	return slices.ContainsFunc(r.shown, func(one *run.Result) bool {
		return one.Subject.Kind == run.Endpoint || one.Status == run.Fail || one.Check == dnsSRVID && !hosts
	})
}

type runner struct {
	env      *Env
	sel      selection
	opts     Options
	schedule *schedule
	results  *results
	tally    *tally

	shown []*run.Result // results with a row
	set   evidence.Set  // what the finished checks observed
	late  evidence.Set  // what stopped checks observed, which has no row

	queue    []*task // ready to run
	running  int
	limit    int
	messages chan message
	stopped  bool
	out      func(run.Event)

	discovered int // endpoints that checks found
}

// maxDiscovered bounds how many endpoints checks may add to a run: enough for
// [maxHosts] hosts with an IPv4 and an IPv6 address, and what a DNS server that
// names ever more cannot exceed.
const maxDiscovered = 2 * maxHosts

// message is what a worker tells the runner: progress, or its answer.
type message struct {
	task   *task
	text   string
	answer *Answer
}

func newRunner(env *Env, plan []*Check, opts Options, emit func(run.Event)) *runner {
	world := env.complete()
	world.sessions = newSessions()
	asked := newTally(world.DNS, world.UDP)
	world.DNS = asked
	if world.UDP != nil {
		world.UDP = asked
	}
	sel := choose(plan, opts)
	r := &runner{
		env: world, sel: sel, opts: opts, schedule: newSchedule(sel.run), results: newResults(),
		tally: asked, limit: opts.Parallel, messages: make(chan message, 16), out: emit,
	}
	if r.limit <= 0 {
		r.limit = defaultParallel
	}
	return r
}

// complete returns a copy of the environment in which nothing is missing.
func (e *Env) complete() *Env {
	full := *e
	if full.Dialer == nil {
		full.Dialer = SystemDialer{}
	}
	if _, system := full.Dialer.(SystemDialer); full.UDP == nil && system {
		full.UDP = &net.Dialer{}
	}
	if full.DNS == nil {
		full.DNS = NewExchanger()
	}
	if full.Local == nil {
		full.Local = NewLocalConfig()
	}
	if full.Machine == nil {
		full.Machine = machine.System()
	}
	if full.Now == nil {
		full.Now = time.Now
	}
	return &full
}

func (r *runner) now() time.Time { return r.env.Now() }

func (r *runner) emit(e run.Event) {
	e.Time = r.now().UTC()
	r.out(e)
}

// loop runs until nothing is open, or after a stop until nothing is at work.
func (r *runner) loop(ctx context.Context) {
	stop := ctx.Done()
	if ctx.Err() != nil {
		r.stopped = true
	}
	for {
		for !r.stopped && r.running < r.limit && len(r.queue) > 0 {
			t := r.queue[0]
			r.queue = r.queue[1:]
			r.launch(ctx, t)
		}
		if r.running == 0 {
			return
		}
		select {
		case m := <-r.messages:
			if ctx.Err() != nil {
				r.stopped = true
			}
			r.take(m)
		case <-stop:
			r.stopped, stop = true, nil
		}
	}
}

// take handles one message of a worker.
func (r *runner) take(m message) {
	if m.answer == nil {
		if !m.task.done && r.sel.shown[m.task.check] && !r.stopped {
			r.emit(run.Event{Progress: &run.Progress{
				Check: m.task.check.ID, Subject: m.task.node.subject.Key, Text: evidence.Clean(m.text),
			}})
		}
		return
	}
	r.running--
	if r.stopped {
		r.late.Add(m.answer.Evidence)
	} else {
		r.finish(m.task, *m.answer)
	}
}

// launch starts a worker on a task.
func (r *runner) launch(ctx context.Context, t *task) {
	r.running++
	if r.sel.shown[t.check] {
		r.emit(run.Event{Started: &run.Started{Check: t.check.ID, Subject: t.node.subject.Key}})
	}
	ask := r.ask(t)
	ask.Progress = func(text string) {
		select {
		case r.messages <- message{task: t, text: text}:
		default: // progress may be lost; a check never waits for a reader
		}
	}
	go func() {
		answer := broken(t.check, nil) // stays when the check ends its goroutine
		defer func() { r.messages <- message{task: t, answer: &answer} }()
		answer = perform(ctx, t.check, ask)
	}()
}

func (r *runner) ask(t *task) Ask {
	return Ask{Env: r.env, Subject: t.node.subject, Prior: r.results, Progress: func(string) {}}
}

// found takes up a subject, announces it and returns the questions about it. A
// subject that is already known is left as it is, and finder, the answer that
// names it again, gets a note.
func (r *runner) found(s run.Subject, finder *Answer) []*task {
	s.Key, s.Host, s.Domain, s.Note = evidence.Clean(s.Key), evidence.Clean(s.Host), evidence.Clean(s.Domain), evidence.Clean(s.Note)
	switch {
	case finder != nil:
		s.Parent = finder.Subject.Key
	case s.Kind != run.Site:
		s.Parent = siteKey
	}
	if known := r.schedule.nodes[s.Key]; known != nil {
		if finder != nil && known.subject.Parent != s.Parent {
			finder.Notes = append(finder.Notes, run.Note{
				ID: "asked-once", Status: run.Pass,
				Text: s.Key + " is already known through " + known.parentName() + ": it is asked once",
			})
		}
		return nil
	}
	if s.Kind == run.Endpoint && finder != nil {
		if r.discovered == maxDiscovered {
			finder.Status = run.Worse(finder.Status, run.Warn)
			finder.Notes = append(finder.Notes, run.Note{
				ID: "too-many-endpoints", Status: run.Warn,
				Text: fmt.Sprintf("%s is not tested: a run looks at %d addresses that DNS names", s.Key, maxDiscovered),
			})
			return nil
		}
		r.discovered++
	}
	added := r.schedule.add(s)
	r.results.addSubject(s)
	r.emit(run.Event{Found: &run.Found{Subject: s, Checks: r.sel.shownOn(s.Kind)}})
	return added
}

func (n *node) parentName() string {
	if n.parent == nil || n.parent.subject.Kind == run.Site {
		return "the arguments"
	}
	return n.parent.subject.Name()
}

// look decides what becomes of an open task: it waits, is skipped, falls away,
// or is ready to run.
func (r *runner) look(t *task) {
	if r.stopped {
		return
	}
	if b := r.schedule.blocker(t); b != nil {
		b.waiters = append(b.waiters, t)
		return
	}
	arises, broke := r.arises(t)
	if broke != nil {
		r.finish(t, *broke)
		return
	}
	if arises {
		var skip *run.Result
		if skip, arises = r.schedule.unmet(t, r.sel.leftOut); skip != nil {
			skip.Check, skip.Subject, skip.Started = t.check.ID, t.node.subject, r.now().UTC()
			r.finish(t, Answer{Result: *skip})
			return
		}
	}
	if !arises {
		r.close(t)
		return
	}
	r.queue = append(r.queue, t)
}

func (r *runner) arises(t *task) (arises bool, broke *Answer) {
	if r.opts.Wanted != nil && !r.opts.Wanted(t.node.subject) {
		return false, nil
	}
	if t.check.When == nil {
		return true, nil
	}
	defer func() {
		if v := recover(); v != nil {
			a := broken(t.check, v)
			a.Check, a.Subject, a.Started = t.check.ID, t.node.subject, r.now().UTC()
			broke = &a
		}
	}()
	return t.check.When(r.ask(t)), nil
}

// finish takes an answer: the subjects it found, its result, and then whoever
// can go on because of either.
func (r *runner) finish(t *task, a Answer) {
	open := a.Found
	a.Found = nil
	var next []*task
	for _, s := range open {
		if kindRank[s.Kind] > kindRank[t.check.Scope] {
			next = append(next, r.found(s, &a)...)
		}
	}
	a.Ignored = slices.Contains(r.opts.Ignore, t.check.ID)
	result := a.Result
	t.result = &result
	r.set.Add(result.Evidence)
	r.results.add(&result)
	if r.sel.shown[t.check] {
		r.shown = append(r.shown, &result)
		r.emit(run.Event{Finished: &result})
	}
	r.close(t, next...)
}

// close ends a task and looks at those that waited for it, and at others.
func (r *runner) close(t *task, others ...*task) {
	t.done = true
	next := append(others, t.waiters...)
	t.waiters = nil
	for _, w := range next {
		r.look(w)
	}
}
