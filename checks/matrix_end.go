package checks

import (
	"context"
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// finish completes the matrix: what is left when the user stopped it, what all
// answers together tell about each row, and the verdict.
func (a *matrixAsker) finish(ctx context.Context) {
	a.endStopped(ctx)
	for i := range a.m.Rows {
		row := &a.m.Rows[i]
		a.judgeRefusal(row)
		a.m.Counts[row.Status]++
	}
	for _, k := range a.keys {
		a.m.Keys = append(a.m.Keys, k.MatrixKey)
	}
	if a.request != nil {
		a.observed = append(a.observed, a.request.answer.Evidence)
	}
	a.m.Learned = a.learned()
	a.m.Took = a.env.Now().Sub(a.m.Started)
	a.m.Traffic = traffic(counts{}, a.observed...)
	a.m.Sent = append(append(a.m.Sent, a.plan.Sent...), run.TrafficLines(a.m.Traffic)...)
	a.m.Notes = append(a.m.Notes, a.notes()...)
	a.m.Conclusion = strings.Join(a.conclude(), "\n")
}

// endStopped settles what a stop left open. A stop after the last answer is none.
func (a *matrixAsker) endStopped(ctx context.Context) {
	if ctx.Err() == nil {
		return
	}
	a.m.Stopped = !a.m.Endpoint.IsValid()
	for i := range a.m.Rows {
		row := &a.m.Rows[i]
		switch {
		case row.Status == run.MatrixWaiting:
			a.m.Stopped = true
			row.Status, row.Why = run.MatrixNotAsked, "stopped before"
		case i == a.row && row.Status == run.MatrixNoAnswer:
			a.m.Stopped = true
			row.Why = "stopped while the answer was awaited"
		}
	}
}

// notes are the limits of the verdict and what was seen beside it.
func (a *matrixAsker) notes() []string {
	var notes []string
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	answered := a.m.Counts[run.MatrixServed] + a.m.Counts[run.MatrixRefused] + a.m.Counts[run.MatrixInvalid]
	if answered > 0 {
		add("each count includes this probe: one client more than there are, in each list that was asked, for 30 days")
	}
	if a.speaks != 0 {
		add("the host answers V%d and nothing newer: clients that speak a newer version are refused, whatever its key", a.speaks.Major())
	}
	unlisted, fallback := false, false
	for _, row := range a.m.Rows {
		unlisted = unlisted || len(row.Unlisted) > 0
		fallback = fallback || len(row.Releases) > 1 && row.Status == run.MatrixServed
	}
	switch {
	case unlisted:
		add("a host does not tell apart what shares a counted id: it serves releases that Microsoft's list does not name for its key")
	case fallback:
		add("a host does not tell apart what shares a counted id: one answer speaks for every release of a row")
	}
	if a.listJustGrew() {
		add("the list held at most %d entries while only servers asked; how many clients there are shows once it has grown", catalog.ServerOnlyCeiling)
	}
	if len(a.m.Keys) > 0 {
		add("an ePID tells the system and key of the day the host key was activated, not today's")
	}
	if a.repeats > 0 {
		add("%s sent again, because the host closed a connection in use", plural(a.repeats, "request"))
	}
	if a.request != nil && a.closes() {
		add("the host closes the connection after each answer; Windows keeps it open for further requests")
	}
	return notes
}

func (a *matrixAsker) closes() bool {
	n := 0
	for _, e := range a.request.answer.Evidence.Exchanges {
		if e.Closed {
			n++
		}
	}
	return n > 1
}

// listJustGrew tells whether servers met a list at the ceiling of those that only
// servers asked for, and clients less than they need.
func (a *matrixAsker) listJustGrew() bool {
	atCeiling, short := false, false
	for _, row := range a.m.Rows {
		if row.Status != run.MatrixServed || row.Count == nil {
			continue
		}
		atCeiling = atCeiling || row.Class == string(catalog.Server) && *row.Count == catalog.ServerOnlyCeiling
		short = short || row.Class == string(catalog.Client) && row.Missing > 0
	}
	return atCeiling && short
}

// conclude says the verdict in sentences.
func (a *matrixAsker) conclude() []string {
	m := &a.m
	if m.Problem != "" {
		return []string{"No product was asked for: " + m.Problem + "."}
	}
	from := evidence.Clean(m.Machine)
	if from == "" {
		from = "this machine"
	}
	asked := m.Counts[run.MatrixServed] + m.Counts[run.MatrixRefused] + m.Counts[run.MatrixInvalid]
	name := run.MatrixEndpoint{Host: m.Host, Address: m.Endpoint}.Name()
	var lines []string
	switch {
	case m.Stopped && asked == 0:
		return []string{"Stopped before the host answered."}
	case asked == 0:
		return []string{fmt.Sprintf("%s accepted the bind and answered none of %s.", name, plural(m.Requests, "request"))}
	}
	lines = append(lines, fmt.Sprintf("%s serves %d of the %s it answered for, to a client on %s.", name, m.Counts[run.MatrixServed], plural(asked, "counted id"), from))
	lines = append(lines, a.families()...)
	if a.same >= maxSame {
		lines = append(lines, fmt.Sprintf("It refused %d products in a row with %s, which says nothing about products, so the rest was not asked.", a.same, nameHRESULT(a.sameCode)))
	}
	if n := m.Counts[run.MatrixInvalid]; n > 0 {
		lines = append(lines, fmt.Sprintf("%s got an answer that a client would reject.", plural(n, "counted id")))
	}
	short, held := a.short()
	if short > 0 {
		lines = append(lines, fmt.Sprintf("Of what is served, the count is too low for %s: clients show 0xC004F038 until more have asked.", plural(short, "row")))
	}
	if held > 0 {
		lines = append(lines, fmt.Sprintf("The count of %s reaches what is needed only with this probe: the next client is activated while that is on the list, for 30 days.", plural(held, "row")))
	}
	switch n := m.Counts[run.MatrixNoAnswer]; {
	case m.Stopped:
		lines = append(lines, "Stopped before the end: the rest was not asked.")
	case n > 0 && a.deaf >= maxDeaf:
		lines = append(lines, fmt.Sprintf("%s without an answer, so the rest was not asked: what they would show is not known.", plural(n, "row")))
	case n > 0:
		lines = append(lines, fmt.Sprintf("%s without an answer: what %s would show is not known.", plural(n, "row"), map[bool]string{true: "it", false: "they"}[n == 1]))
	case a.deaf >= maxDeaf:
		lines = append(lines, "So the rest was not asked.")
	}
	return append(lines, "No PC's own licence, key or pinned host was looked at.")
}

// families says when a whole family is refused for want of a host key.
func (a *matrixAsker) families() []string {
	type tally struct{ served, mismatch, other int }
	var windows, office tally
	for _, row := range a.m.Rows {
		t := &windows
		if row.Class == string(catalog.Office) {
			t = &office
		}
		switch {
		case row.Status == run.MatrixServed:
			t.served++
		case row.HRESULT == uint32(kms.ErrKeyMismatch):
			t.mismatch++
		case row.Status != run.MatrixNotAsked:
			t.other++
		}
	}
	none := func(t tally) bool { return t.served == 0 && t.mismatch > 1 && t.other == 0 }
	switch {
	case none(windows) && office.served > 0:
		return []string{"It serves Office alone: every Windows product asked for is refused, as by a host without a Windows host key."}
	case none(office) && windows.served > 0:
		return []string{"It serves Windows alone: every Office product asked for is refused, as by a host without an Office host key."}
	case none(windows) && none(office):
		return []string{"It refuses every product asked for, as a host without a host key does."}
	}
	return nil
}

// short counts the served rows whose count is too low, and those where it is only
// with this probe that it is not.
func (a *matrixAsker) short() (short, held int) {
	for _, row := range a.m.Rows {
		switch {
		case row.Status != run.MatrixServed || row.Missing == 0:
		case row.HeldByProbe():
			held++
		default:
			short++
		}
	}
	return short, held
}
