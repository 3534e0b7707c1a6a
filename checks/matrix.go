package checks

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// Matrix asks the first endpoint of a plan that answers for one counted id after
// another and returns what it serves. All requests go under [kms.ProbeCMID] over
// one connection, or over another where the host closed the first, each with its
// products' own N policy and protocol version, and never more than the plan
// announces. After a refusal of the version it learns once which lower one the
// host speaks.
//
// A host that gives no answer twice in a row is not asked on; what was learned
// until then is kept. A host that refuses everything for a reason that has
// nothing to do with products is left alone as well.
//
// Emit is called from the calling goroutine, in the order that [run.MatrixEvent]
// promises. When ctx ends the rows that are left stay unasked, and the matrix
// says that it was stopped.
func Matrix(ctx context.Context, env *Env, plan run.MatrixPlan, emit func(run.MatrixEvent)) run.Matrix {
	a := newMatrixAsker(env, plan, emit)
	defer a.env.sessions.closeAll()
	a.tell(run.MatrixEvent{Plan: &plan})
	switch {
	case plan.Problem != "":
		a.giveUp(plan.Problem)
		a.m.Problem = plan.Problem
	case a.connect(ctx):
		a.askAll(ctx)
		a.request.done()
	}
	a.finish(ctx)
	a.tell(run.MatrixEvent{Matrix: &a.m})
	return a.m
}

// matrixAsker fills a matrix.
type matrixAsker struct {
	env  *Env
	plan run.MatrixPlan
	emit func(run.MatrixEvent)
	m    run.Matrix

	request  *requester     // to the endpoint that answered
	observed []evidence.Set // at the endpoints before it
	row      int            // asked now; -1 while connecting
	onConn   int            // answers over the connection in use
	repeats  int
	speaks   kms.Version // what the host was found to speak after it refused a higher version
	lowered  bool        // that was tried
	deaf     int         // rows in a row without an answer
	same     int         // rows in a row refused with the same code, about something else than the product
	sameCode uint32
	keys     []matrixKey
}

func newMatrixAsker(env *Env, plan run.MatrixPlan, emit func(run.MatrixEvent)) *matrixAsker {
	world := env.complete()
	world.sessions = newSessions()
	a := &matrixAsker{env: world, plan: plan, emit: emit, row: -1}
	a.m = run.Matrix{
		Schema: run.Schema, Kind: run.KindMatrix, Version: plan.Version, Target: plan.Target, Machine: plan.Machine,
		Started: world.Now().UTC(), AtMost: plan.AtMost, Counts: map[run.MatrixStatus]int{},
		Rows: append([]run.MatrixRow{}, plan.Rows...), Keys: []run.MatrixKey{}, Sent: []string{}, Notes: []string{},
	}
	return a
}

func (a *matrixAsker) tell(e run.MatrixEvent) {
	e.Time = a.env.Now().UTC()
	a.emit(e)
}

func (a *matrixAsker) progress(text string) {
	a.tell(run.MatrixEvent{Progress: &run.MatrixProgress{Row: a.row, Text: evidence.Clean(text)}})
}

// limit is what one request may take, its connection and bind included.
func (a *matrixAsker) limit() time.Duration {
	if a.env.Timeout > 0 {
		return a.env.Timeout
	}
	return matrixLimit
}

// connect binds to the first endpoint that answers and tells whether there is one.
func (a *matrixAsker) connect(ctx context.Context) bool {
	var problems []string
	for _, e := range a.plan.Endpoints {
		problem := a.connectTo(ctx, e)
		if problem == "" {
			a.m.Host, a.m.Domain, a.m.Endpoint = e.Host, e.Domain, e.Address
			a.m.Address = localAddress(a.request.session.conn).Addr()
			return true
		}
		a.observed = append(a.observed, a.request.answer.Evidence)
		a.request = nil
		if ctx.Err() != nil {
			return false
		}
		problems = append(problems, colon(e.Name(), problem))
		a.progress(problems[len(problems)-1])
	}
	a.m.Problem = strings.Join(problems, "; ")
	a.giveUp("the host did not answer")
	return false
}

func (a *matrixAsker) connectTo(ctx context.Context, e run.MatrixEndpoint) (problem string) {
	subject := endpointSubject(e.Address, "")
	subject.Host, subject.Domain = e.Host, e.Domain
	ask := Ask{Env: a.env, Subject: subject, Progress: a.progress}
	a.request = &requester{Ask: ask, workstation: a.env.sessions.machineName(ctx, a.env.Local), brisk: true}
	a.progress("connecting to " + e.Name())
	conn, dial := dialKMS(ctx, ask)
	seen := &a.request.answer.Evidence
	seen.Dials = append(seen.Dials, dial)
	if conn == nil {
		return dialSummary(dial)
	}
	a.env.sessions.put(subject.Key, &session{conn: conn, used: ask.now(), connect: dial.Took})
	limited, cancel := context.WithTimeout(ctx, a.limit())
	defer cancel()
	if problem := a.request.connect(limited); problem != "" {
		return strings.TrimPrefix(problem, "no bind for the request: ")
	}
	return ""
}

// askAll asks for the rows that wait, until there is a reason to stop.
func (a *matrixAsker) askAll(ctx context.Context) {
	for i := range a.m.Rows {
		if ctx.Err() != nil {
			return
		}
		if a.m.Rows[i].Status != run.MatrixWaiting {
			continue
		}
		a.row = i
		a.progress("asking")
		a.ask(ctx, &a.m.Rows[i])
		if ctx.Err() != nil {
			return
		}
		a.tellRow(i)
		if a.stopEarly() {
			return
		}
	}
}

// ask settles a row.
func (a *matrixAsker) ask(ctx context.Context, row *run.MatrixRow) {
	product, _ := catalog.ProductByActivationID(row.ActivationID)
	row.Started = a.env.Now().UTC()
	e, problem := a.send(ctx, product, versionOf(product))
	if problem != "" {
		row.Status, row.Why = run.MatrixNoAnswer, evidence.Clean(problem)
		a.deaf++
		return
	}
	a.settle(row, e)
	if refusedVersion(e) && !a.lowered {
		a.lower(ctx, row, product)
	}
	if row.HRESULT == uint32(kms.ErrInvalidData) && a.speaks != 0 {
		row.Why += fmt.Sprintf("; it answers V%d", a.speaks.Major())
	}
	a.judgeRefusal(row)
}

func refusedVersion(e evidence.Exchange) bool {
	return e.Outcome == evidence.HostRefused && e.HRESULT == uint32(kms.ErrInvalidData)
}

// lower learns once which lower protocol version the host understands.
func (a *matrixAsker) lower(ctx context.Context, row *run.MatrixRow, product catalog.Product) {
	for _, v := range lowerVersions(product) {
		a.lowered = true
		a.progress(fmt.Sprintf("refused in V%d, trying V%d", versionOf(product).Major(), v.Major()))
		e, problem := a.send(ctx, product, v)
		switch {
		case problem != "" || !e.Answered():
			return
		case !refusedVersion(e):
			a.speaks, row.Speaks = v, v.String()
			return
		}
	}
}

// send makes one request, and once more over a new connection where the one in
// use turns out to be lost. The problem says why none could be sent.
func (a *matrixAsker) send(ctx context.Context, product catalog.Product, version kms.Version) (evidence.Exchange, string) {
	for {
		if a.m.Requests >= a.plan.AtMost {
			return evidence.Exchange{}, "not asked: as many requests were sent as were announced"
		}
		if a.request.session == nil {
			a.onConn = 0
		}
		limited, cancel := context.WithTimeout(ctx, a.limit())
		e, problem := a.request.send(limited, product, version, false)
		cancel()
		if e == nil {
			return evidence.Exchange{}, problem
		}
		a.m.Requests++
		lost := (e.Outcome == evidence.ExchangeClosed || e.Outcome == evidence.ExchangeReset) && e.Detail == ""
		if !lost || a.onConn == 0 || a.repeats >= maxRepeats || ctx.Err() != nil {
			a.onConn++
			return *e, ""
		}
		a.repeats++
		a.progress("the connection was lost, asking again over another")
	}
}

// stopEarly tells whether asking on would be of no use, and says so in the rows
// that are left.
func (a *matrixAsker) stopEarly() bool {
	switch {
	case a.deaf >= maxDeaf:
		a.giveUp(fmt.Sprintf("not asked any more: the host gave no answer %d times in a row", a.deaf))
	case a.same >= maxSame:
		a.giveUp(fmt.Sprintf("not asked any more: the host refused %d products in a row with %s, which says nothing about products", a.same, nameHRESULT(a.sameCode)))
	default:
		return false
	}
	return true
}

// giveUp settles the rows that still wait: nobody asks for them.
func (a *matrixAsker) giveUp(why string) {
	for i := range a.m.Rows {
		if row := &a.m.Rows[i]; row.Status == run.MatrixWaiting {
			row.Status, row.Why = run.MatrixNotAsked, evidence.Clean(why)
			a.tellRow(i)
		}
	}
}

// tellRow emits a copy of a row, which later findings do not change.
func (a *matrixAsker) tellRow(i int) {
	row := a.m.Rows[i]
	a.tell(run.MatrixEvent{Row: &row})
}
