package tui

import (
	"context"
	"maps"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// matrices are what the hosts of a session serve, as far as they were asked.
type matrices struct {
	byPlace map[string]*matrixRun // the last one of each place, by its key
	draft   *matrixRun            // planned, and not begun
	running *matrixRun            // nil: none
	sent    []run.Traffic         // by all of them
}

// matrixRun asks one place which products it serves. It goes on while its view is
// covered by another.
type matrixRun struct {
	place   matrixPlace
	round   int  // the run's, in which it was begun
	planned bool // plan holds something
	plan    run.MatrixPlan
	rows    []run.MatrixRow // in the order of asking
	row     int             // asked now; -1 while connecting
	doing   string
	since   time.Time   // when it began to ask for the row
	end     *run.Matrix // nil until the end
	running bool
	stop    context.CancelFunc
	done    chan struct{}        // closed once nothing is sent any more
	last    chan run.MatrixEvent // its end, for whoever leaves before the end comes

	changes int
	veiled  *matrixRun // the same under pseudonyms, as of veiledAt
	veiler  *report.Mask
	veilAt  int
}

// matrixMsg are the steps of a matrix that came since the last one.
type matrixMsg struct {
	of     *matrixRun
	events []run.MatrixEvent
	more   tea.Cmd // nil: it has ended
}

// matrixPlanMsg is what asking a place would send.
type matrixPlanMsg struct {
	of   *matrixRun
	plan run.MatrixPlan
}

// planMatrix makes a place the one to be asked next, and has it said what that
// would send. Nothing of KMS is sent for it.
func (m *Model) planMatrix(p matrixPlace) tea.Cmd {
	x := &matrixRun{place: p}
	m.matrices.draft = x
	plan, ctx := m.svc.MatrixPlan, m.ctx
	return func() tea.Msg { return matrixPlanMsg{x, plan(ctx, p.endpoints())} }
}

func (m *Model) takeMatrixPlan(msg matrixPlanMsg) tea.Cmd {
	msg.of.plan, msg.of.planned = msg.plan, true
	msg.of.changes++
	return nil
}

// startMatrix asks what was planned. The plan is on screen by then.
func (m *Model) startMatrix() tea.Cmd {
	x := m.matrices.draft
	ctx, stop := context.WithCancel(m.ctx)
	x.rows, x.row, x.doing, x.since = slices.Clone(x.plan.Rows), -1, "", m.now
	x.round, x.running, x.stop, x.done = m.round, true, stop, make(chan struct{})
	x.last = make(chan run.MatrixEvent, 1)
	x.changes++
	if m.matrices.byPlace == nil {
		m.matrices.byPlace = map[string]*matrixRun{}
	}
	m.matrices.draft, m.matrices.running, m.matrices.byPlace[x.place.key] = nil, x, x
	stream := make(chan run.MatrixEvent, batch)
	svc, plan, all := m.svc.Matrix, x.plan, m.ctx
	work := func() {
		defer close(x.done)
		defer close(stream)
		svc(ctx, plan, func(e run.MatrixEvent) {
			if e.Matrix != nil && len(x.last) == 0 {
				x.last <- e
			}
			select {
			case stream <- e:
			case <-all.Done(): // nobody reads any more
			}
		})
	}
	return tea.Batch(
		func() tea.Msg { go work(); return nextMatrix(x, stream)() },
		m.startTicks(),
	)
}

// nextMatrix waits for steps and takes all that are there. One such command is
// under way at a time.
func nextMatrix(x *matrixRun, stream <-chan run.MatrixEvent) tea.Cmd {
	return func() tea.Msg {
		e, ok := <-stream
		if !ok {
			return matrixMsg{of: x}
		}
		msg := matrixMsg{of: x, events: []run.MatrixEvent{e}, more: nextMatrix(x, stream)}
		for len(msg.events) < batch {
			select {
			case e, ok := <-stream:
				if !ok {
					msg.more = nil
					return msg
				}
				msg.events = append(msg.events, e)
			default:
				return msg
			}
		}
		return msg
	}
}

// takeMatrix digests steps, whether the view is open or not.
func (m *Model) takeMatrix(msg matrixMsg) tea.Cmd {
	x := msg.of
	learned := false
	for _, e := range msg.events {
		x.apply(e)
		if e.Matrix != nil {
			m.counts.take(e.Matrix.Learned)
			m.matrices.sent = run.AddTraffic(m.matrices.sent, e.Matrix.Traffic)
			learned = true
		}
	}
	if msg.more == nil {
		x.running = false
		x.stop()
		if m.matrices.running == x {
			m.matrices.running = nil
		}
	}
	x.changes++
	for _, v := range m.views {
		if v, ok := v.(*matrixView); ok && msg.more == nil {
			v.settled(x)
		}
	}
	if learned {
		return tea.Batch(msg.more, m.joinMatrices())
	}
	return msg.more
}

// fromMatrix is the source of joined evidence that the matrices feed.
const fromMatrix = "product matrix"

// joinMatrices makes what the matrices of this round learned part of the evidence.
func (m *Model) joinMatrices() tea.Cmd {
	var all evidence.Set
	for _, key := range slices.Sorted(maps.Keys(m.matrices.byPlace)) {
		if x := m.matrices.byPlace[key]; x.end != nil && x.round == m.round {
			all.Add(x.end.Learned)
		}
	}
	return m.join(fromMatrix, all)
}

// leaveMatrices takes their evidence away: a new round looks at the same hosts,
// and what it sees is newer.
func (m *Model) leaveMatrices() {
	was := m.judging
	m.judging = true // the run judges when it has answers
	m.join(fromMatrix, evidence.Set{})
	m.judging = was
}

// apply takes in one step.
func (x *matrixRun) apply(e run.MatrixEvent) {
	switch {
	case e.Plan != nil:
		x.plan, x.rows = *e.Plan, slices.Clone(e.Plan.Rows)
	case e.Progress != nil:
		if e.Progress.Row != x.row {
			x.row, x.since = e.Progress.Row, e.Time
		}
		x.doing = e.Progress.Text
	case e.Row != nil:
		if i := e.Row.Index; i >= 0 && i < len(x.rows) {
			x.rows[i] = *e.Row
		}
	case e.Matrix != nil:
		x.end = e.Matrix
		if len(e.Matrix.Rows) == len(x.rows) {
			x.rows = slices.Clone(e.Matrix.Rows)
		}
	}
}

// working tells whether a row is asked for now.
func (x *matrixRun) working(i int) bool { return x.running && x.end == nil && x.row == i }

// settledRows is how many rows have an answer, or will have none, of those that
// were to be asked.
func (x *matrixRun) settledRows() (n, of int) {
	for i := range x.rows {
		if i < len(x.plan.Rows) && x.plan.Rows[i].Status != run.MatrixWaiting {
			continue
		}
		of++
		if x.rows[i].Status != run.MatrixWaiting {
			n++
		}
	}
	return n, of
}

// counts are the rows by state.
func (x *matrixRun) counts() map[run.MatrixStatus]int {
	n := map[run.MatrixStatus]int{}
	for i := range x.rows {
		n[x.rows[i].Status]++
	}
	return n
}

// veil brings the masked copy up to date.
func (x *matrixRun) veil(mask *report.Mask) {
	if x.veiled != nil && x.veiler == mask && x.veilAt == x.changes {
		return
	}
	c := *x
	c.veiled = nil
	c.plan = report.Masked(mask, x.plan)
	c.rows = report.Masked(mask, x.rows)
	if x.end != nil {
		c.end = report.Masked(mask, x.end)
	}
	c.doing, c.place.name = mask.Text(x.doing), mask.Text(x.place.name)
	x.veiled, x.veiler, x.veilAt = &c, mask, x.changes
}

// veilMatrices brings every masked copy up to date; drawing changes nothing.
func (m *Model) veilMatrices() {
	if m.matrices.draft != nil {
		m.matrices.draft.veil(m.veil.mask)
	}
	for _, x := range m.matrices.byPlace {
		x.veil(m.veil.mask)
	}
}

// shownMatrix is a matrix as the screen shows it.
func (m *Model) shownMatrix(x *matrixRun) *matrixRun {
	if m.veil != nil && x != nil && x.veiled != nil {
		return x.veiled
	}
	return x
}

// endMatrix stops the matrix that runs, if one does, and waits until nothing is
// sent any more.
func (m *Model) endMatrix() {
	x := m.matrices.running
	if x == nil {
		return
	}
	x.stop()
	wait, cancel := context.WithTimeout(context.WithoutCancel(m.ctx), leaveAfter)
	defer cancel()
	select {
	case <-x.done:
	case <-wait.Done():
	}
	select {
	case e := <-x.last:
		if x.end == nil {
			m.takeMatrix(matrixMsg{of: x, events: []run.MatrixEvent{e}})
		}
	default: // it did not stop in time
	}
}

// answered tells whether a matrix came to its end.
func (x *matrices) answered() bool {
	for _, one := range x.byPlace {
		if one.end != nil {
			return true
		}
	}
	return false
}

// Matrices are what hosts were found to serve, in the order of asking: what leaving
// prints behind the run. While names are hidden they are masked.
func (m *Model) Matrices() []run.Matrix {
	var list []run.Matrix
	for _, x := range m.matrices.byPlace {
		if x.end != nil {
			list = append(list, *x.end)
		}
	}
	slices.SortFunc(list, func(a, b run.Matrix) int { return a.Started.Compare(b.Started) })
	if m.hidden {
		list = m.mask.Matrices(list)
	}
	return list
}
