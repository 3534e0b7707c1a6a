package tui

import (
	"context"
	"fmt"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/run"
)

// eventsMsg are the events of a run that came since the last one.
type eventsMsg struct {
	round  int
	events []run.Event
	ended  bool
	err    error
}

// Rates of the program.
const (
	tickEvery = 250 * time.Millisecond
	batch     = 512         // events taken in at a time
	lookFirst = time.Second // between showing what will be sent to a target and sending it
)

type tickMsg time.Time

// noteMsg is a line for the user.
type noteMsg string

// startRun begins a round. Wanted limits it to some subjects; nil asks about all.
func (m *Model) startRun(wanted func(run.Subject) bool) tea.Cmd {
	if m.svc.Run == nil {
		m.note = "this is a saved run: there is nothing to run again"
		return nil
	}
	m.leaveMatrices()
	ask := m.ask
	ask.Wanted, ask.With = wanted, m.pasted
	return m.begin(ask)
}

func (m *Model) begin(ask Request) tea.Cmd {
	if m.nameless() {
		return m.nameTarget(nil, "")
	}
	m.stop()
	m.leaveCapture()
	ctx, stop := context.WithCancel(m.ctx)
	m.stop = stop
	m.round++
	m.run.begin(ask.Wanted, ask.BindOnly)
	m.judged = -1
	stream := make(chan run.Event, batch)
	failed := make(chan error, 1)
	svc, all, first := m.svc.Run, m.ctx, m.run.round == 1
	work := func() {
		defer close(stream)
		defer func() {
			if v := recover(); v != nil {
				// It must not take the terminal down with it.
				failed <- fmt.Errorf("the run broke off: %v; what was found stays, and R tries again", v)
			}
		}()
		var held time.Duration
		failed <- svc(ctx, ask, func(e run.Event) {
			if e.Summary != nil {
				sum := *e.Summary
				sum.Took -= held // nothing was at work then
				e.Summary = &sum
			}
			select {
			case stream <- e:
			case <-all.Done(): // nobody reads any more
			}
			if e.Plan != nil && first {
				// What will be sent can be read, and stopped, before it is sent.
				held = wait(ctx, lookFirst)
			}
		})
	}
	round := m.round
	return tea.Batch(
		func() tea.Msg { go work(); return next(round, stream, failed)() },
		m.startTicks(),
	)
}

// wait lets time pass, until the context ends, and returns how much it was.
func wait(ctx context.Context, d time.Duration) time.Duration {
	since := time.Now()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
	return time.Since(since)
}

// next waits for events and takes all that are there. One such command is under
// way at a time.
func next(round int, stream <-chan run.Event, failed <-chan error) tea.Cmd {
	return func() tea.Msg {
		msg := eventsMsg{round: round}
		for len(msg.events) < batch {
			var e run.Event
			var more bool
			if len(msg.events) == 0 {
				e, more = <-stream
			} else {
				select {
				case e, more = <-stream:
				default:
					return reply{msg, next(round, stream, failed)}
				}
			}
			if !more {
				msg.ended = true
				select {
				case msg.err = <-failed:
				default:
				}
				return reply{msg, nil}
			}
			msg.events = append(msg.events, e)
		}
		return reply{msg, next(round, stream, failed)}
	}
}

// reply is a message with the command that asks for the next one.
type reply struct {
	eventsMsg
	more tea.Cmd
}

// takeEvents digests events, and asks for the causes of what is known by now.
func (m *Model) takeEvents(msg eventsMsg) tea.Cmd {
	if msg.round != m.round {
		return nil
	}
	for _, e := range msg.events {
		m.run.apply(e)
		if e.Finished != nil {
			m.counts.take(e.Finished.Evidence)
		}
	}
	if msg.err != nil {
		m.run.running = false
		m.note = msg.err.Error()
		if m.run.plan == nil {
			return m.openForm() // nothing can be asked of such a target
		}
	}
	var cmd tea.Cmd
	if msg.ended {
		cmd = m.roundEnded()
	}
	return tea.Batch(cmd, m.judge(), m.askMessages())
}

// roundEnded settles what a finished round leaves open.
func (m *Model) roundEnded() tea.Cmd {
	m.run.running = false
	m.stop()
	if m.leaving {
		return tea.Quit
	}
	if c, ok := m.views[0].(*checksView); ok {
		c.settled(m)
	}
	if m.foundNothing() && len(m.views) == 1 && !m.isTyping() {
		return m.openFormBecause("Nothing to check was found: this machine has no DNS suffix, so a client here has no name to ask for. Name a domain or a host.")
	}
	return tea.Batch(m.remember(), m.watchAgain())
}

// judgedMsg is what the evidence so far adds up to.
type judgedMsg struct {
	round, news, joins int
	causes             []diagnose.Cause
	plain              []diagnose.Cause // without what was joined
	summary            *run.Summary     // of a round that ended, where it had to be made anew
}

// judge asks for the causes of all evidence, at most once at a time. After a
// partial round, or with a paste, the whole is summed up again.
func (m *Model) judge() tea.Cmd {
	news := m.run.news
	if m.judging || news == m.judged || m.svc.Judge == nil {
		return nil
	}
	m.judging = true
	results, with, judge := m.run.results(), m.pasted, m.svc.Judge
	round, running, joins := m.round, m.run.running, m.joins
	joined, given := m.joined, m.opts.With
	return func() tea.Msg {
		sum := judge(results, with)
		msg := judgedMsg{round: round, news: news, joins: joins, causes: slices.Concat(sum.Causes, sum.RuledOut)}
		msg.plain = msg.causes
		if joined {
			without := judge(results, given)
			msg.plain = slices.Concat(without.Causes, without.RuledOut)
		}
		if !running {
			msg.summary = &sum
		}
		return msg
	}
}

func (m *Model) takeJudgement(msg judgedMsg) tea.Cmd {
	m.judging = false
	if msg.round != m.round {
		return m.judge()
	}
	m.judged, m.causes, m.plain = msg.news, msg.causes, msg.plain
	if msg.joins != m.joins {
		m.judged = -1 // something was joined in the meantime
	}
	if msg.summary != nil {
		m.sumUp(*msg.summary)
	}
	return m.judge()
}

// sumUp takes a new judgement of the whole in place of the round's own, which
// knows neither of earlier rounds nor of what was joined since.
func (m *Model) sumUp(sum run.Summary) {
	if m.run.summary == nil || m.run.whole() && m.joins == 0 {
		return
	}
	was := m.run.summary
	sum.Stopped, sum.Took, sum.Sent, sum.Unfinished = was.Stopped, was.Took, was.Sent, was.Unfinished
	m.run.summary = &sum
	m.run.applied++
}

// stopRun ends the run and keeps what was found.
func (m *Model) stopRun() {
	if m.busy() {
		m.stop()
		m.note = "stopped: what was found stays; r takes up the rest, R runs all again"
	}
	m.watch = watch{}
}

func (m *Model) rerunAll() tea.Cmd { return m.startRun(nil) }

func (m *Model) rerunFailed() tea.Cmd {
	if m.run.plan != nil && m.run.well() {
		m.note = "nothing failed; R runs all again"
		return nil
	}
	return m.startRun(m.run.unwell())
}

// heal repairs the demo's site and says what to do next.
func (m *Model) heal() tea.Cmd {
	heal := m.svc.Heal
	m.repaired = true
	return func() tea.Msg {
		if err := heal(); err != nil {
			return noteMsg(fmt.Sprintf("repairing the site: %v", err))
		}
		return noteMsg("the simulated site is repaired: r runs what failed again")
	}
}

// startTicks begins the clock of running rows, once.
func (m *Model) startTicks() tea.Cmd {
	if m.ticks {
		return nil
	}
	m.ticks = true
	return tickCmd()
}

func tickCmd() tea.Cmd {
	return tea.Tick(tickEvery, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// ticking is a view that changes with time by itself.
type ticking interface{ live() bool }

func (m *Model) tick(time.Time) tea.Cmd {
	m.now = m.svc.Now()
	alive := m.busy() || m.watch.every > 0
	for _, v := range m.views {
		if t, ok := v.(ticking); ok && t.live() {
			alive = true
		}
	}
	if !alive {
		m.ticks = false
		return nil
	}
	return tickCmd()
}

// cutShort sums up a round whose own summary will not come any more, since the
// program was ended under it.
func (m *Model) cutShort() {
	sum := m.svc.Judge(m.run.results(), m.pasted)
	sum.Stopped, sum.Took = true, m.svc.Now().Sub(m.run.started)
	sum.Traffic = m.svc.Judge(m.run.fresh(), m.pasted).Traffic // earlier rounds are counted
	for _, r := range m.run.rows {
		if r.result == nil || r.old && m.run.asks(r) {
			sum.Unfinished = append(sum.Unfinished, r.key.check+" "+r.subject.Name())
		}
	}
	m.run.ends(run.Event{Time: m.svc.Now(), Summary: &sum})
}
