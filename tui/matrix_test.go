package tui

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/exp/golden"
	"go.uber.org/goleak"

	"github.com/kmsdiag/kmsdiag/run"
)

// recordedMatrix reads the steps of a saved matrix.
func recordedMatrix(t testing.TB, name string) []run.MatrixEvent {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "matrix", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	var events []run.MatrixEvent
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e run.MatrixEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	if len(events) == 0 || lines.Err() != nil {
		t.Fatal("no steps", lines.Err())
	}
	return events
}

// matrixServices play a recorded matrix; sent counts the times that it was.
func matrixServices(m *Model, events []run.MatrixEvent) (sent *int) {
	sent = new(int)
	m.svc.MatrixPlan = func(_ context.Context, endpoints []run.MatrixEndpoint) run.MatrixPlan {
		p := *events[0].Plan
		p.Endpoints, p.Sends, p.Target = endpoints, slices.Clone(p.Sends), endpoints[0].Host
		for i := range p.Sends {
			p.Sends[i] = strings.ReplaceAll(p.Sends[i], events[0].Plan.Endpoints[0].Name(), endpoints[0].Name())
		}
		return p
	}
	m.svc.Matrix = func(ctx context.Context, _ run.MatrixPlan, emit func(run.MatrixEvent)) {
		*sent++
		for _, e := range events {
			emit(e)
		}
	}
	return sent
}

// matrixModel is a program over the run of a scenario, whose first host can be
// asked.
func matrixModel(t testing.TB, scenario string, names ...string) (m *Model, sent *int) {
	t.Helper()
	m = modelOf(t, recordedRun(t, scenario))
	m.ticks = true // nothing that waits for the clock
	m.svc.Run = noRun
	sent = matrixServices(m, recordedMatrix(t, scenario))
	act(m, names...)
	return m, sent
}

// act presses keys and does what they lead to.
func act(m *Model, names ...string) {
	for _, n := range names {
		_, cmd := m.Update(keyPress(n))
		answer(m, cmd)
	}
}

// partly is a program that has begun to ask, up to a number of rows.
func partly(t testing.TB, scenario string, rows int) *Model {
	m, _ := matrixModel(t, scenario, "m")
	if len(matrixPlaces(m.run)) > 1 {
		act(m, "1", "down")
	}
	press(m, "enter")
	for _, e := range recordedMatrix(t, scenario) {
		m.Update(matrixMsg{of: m.matrices.running, events: []run.MatrixEvent{e}, more: func() tea.Msg { return nil }})
		if e.Row != nil {
			rows--
		}
		if rows < 0 && e.Progress != nil {
			m.now = e.Time
			return m
		}
	}
	t.Fatal("the matrix is over before that")
	return nil
}

// finished is a program that has asked kms01.
func finished(t testing.TB, scenario string, names ...string) *Model {
	t.Helper()
	m, _ := matrixModel(t, scenario, "m")
	if m.top().(*matrixView).asking && len(matrixPlaces(m.run)) > 1 {
		act(m, "1")
		for !strings.HasPrefix(m.matrices.draft.place.name, "kms01") {
			act(m, "down")
		}
	}
	act(m, "enter")
	act(m, names...)
	return m
}

// asked is a program that asks a host which answers some rows and then nothing
// more, until it is stopped. More waits for the next step.
func asked(t testing.TB, rows int) (m *Model, more tea.Cmd) {
	t.Helper()
	events := recordedMatrix(t, "one-of-two-ill")
	m, _ = matrixModel(t, "one-of-two-ill", "m")
	m.svc.Matrix = func(ctx context.Context, plan run.MatrixPlan, emit func(run.MatrixEvent)) {
		end := run.Matrix{Rows: slices.Clone(plan.Rows), Conclusion: "Stopped before the end: the rest was not asked."}
		left := rows
		for _, e := range events {
			if left == 0 {
				break
			}
			emit(e)
			if e.Row != nil {
				end.Rows[e.Row.Index] = *e.Row
				left--
			}
		}
		<-ctx.Done()
		for i := range end.Rows {
			if end.Rows[i].Status == run.MatrixWaiting {
				end.Rows[i].Status, end.Rows[i].Why = run.MatrixNotAsked, "stopped before"
			}
		}
		end.Stopped = true
		emit(run.MatrixEvent{Matrix: &end})
	}
	_, more = m.Update(keyPress("enter"))
	for n := 0; n < rows; n, _ = m.matrices.running.settledRows() {
		_, more = m.Update(more())
	}
	return m, more
}

func stoppedMatrix(t testing.TB) *Model {
	t.Helper()
	m, more := asked(t, 3)
	press(m, "esc")
	answer(m, more)
	return m
}

func TestMatrixFrames(t *testing.T) {
	for name, make := range map[string]func(testing.TB) *Model{
		"plan":    func(t testing.TB) *Model { m, _ := matrixModel(t, "one-of-two-ill", "m"); return m },
		"choose":  func(t testing.TB) *Model { m, _ := matrixModel(t, "one-of-two-ill", "m", "1", "down"); return m },
		"no plan": func(t testing.TB) *Model { m, _ := matrixModel(t, "one-of-two-ill"); press(m, "m"); return m },
		"running": func(t testing.TB) *Model { return partly(t, "one-of-two-ill", 12) },
		"mixed":   func(t testing.TB) *Model { return finished(t, "one-of-two-ill") },
		"refused": func(t testing.TB) *Model { return finished(t, "host-key-too-old", "n") },
		"few": func(t testing.TB) *Model {
			return finished(t, "count-too-low", "G", "up", "up", "up", "up", "up", "up", "up", "up")
		},
		"no host":  func(t testing.TB) *Model { return finished(t, "port-refused") },
		"zoomed":   func(t testing.TB) *Model { return finished(t, "host-key-too-old", "enter") },
		"verdict":  func(t testing.TB) *Model { return finished(t, "one-of-two-ill", "3") },
		"filtered": func(t testing.TB) *Model { return finished(t, "one-of-two-ill", "/", "2", "0", "1", "6", "enter") },
		"hidden":   func(t testing.TB) *Model { return finished(t, "one-of-two-ill", "p") },
		"again":    func(t testing.TB) *Model { return finished(t, "one-of-two-ill", "R") },
		"stopped":  stoppedMatrix,
		"no request": func(t testing.TB) *Model {
			m, _ := matrixModel(t, "one-of-two-ill")
			m.ask.NoRequest = true
			act(m, "m")
			return m
		},
	} {
		t.Run(name, func(t *testing.T) { frames(t, func() *Model { return make(t) }) })
	}
}

// Nothing of KMS is sent before somebody agreed, and nothing where the session
// stops at the bind.
func TestMatrixSendsAfterEnterAlone(t *testing.T) {
	m, sent := matrixModel(t, "one-of-two-ill", "m", "tab", "down", "tab", "R", "1", "y", "Y", "esc")
	if *sent != 0 || len(m.views) != 1 {
		t.Fatalf("%d matrices before enter, %d views", *sent, len(m.views))
	}
	act(m, "m", "enter")
	if *sent != 1 || m.top().(*matrixView).asking {
		t.Fatalf("%d matrices after enter", *sent)
	}
	act(m, "enter", "esc", "R")
	if *sent != 1 || !m.top().(*matrixView).asking || !strings.Contains(m.frame(), "It was asked before") {
		t.Fatalf("R asks before it said so: %d\n%s", *sent, m.frame())
	}
	act(m, "esc")
	if m.top().(*matrixView).asking || m.matrices.byPlace[m.top().(*matrixView).key] == nil {
		t.Error("esc from the plan does not come back to the answers")
	}
	act(m, "R", "enter")
	if *sent != 2 {
		t.Errorf("%d matrices after asking again", *sent)
	}
	m.ask.NoRequest = true
	act(m, "R", "enter")
	if *sent != 2 || !strings.Contains(m.note, "--no-request") {
		t.Errorf("%d matrices where the session stops at the bind; note %q", *sent, m.note)
	}
}

func TestMatrixAsksTheHostUnderTheCursor(t *testing.T) {
	m, _ := matrixModel(t, "one-of-two-ill")
	for check, want := range map[string]string{"tcp.connect": "kms02", "kms.request": "kms01"} {
		for _, r := range m.run.rows {
			if r.key.check == check && strings.HasPrefix(r.subject.Host, want) {
				m.views[0].(*checksView).cursor = r.key
			}
		}
		act(m, "m")
		if got := m.matrices.draft.place.name; !strings.HasPrefix(got, want) || m.top().(*matrixView).whom {
			t.Errorf("%s of %s asks %s", check, want, got)
		}
		act(m, "esc")
	}
	m.views[0].(*checksView).cursor = m.run.rows[0].key // of the site
	act(m, "m")
	if v := m.top().(*matrixView); !v.whom || !strings.HasPrefix(m.matrices.draft.place.name, "kms01") {
		t.Errorf("with two hosts the well one is not offered, but %s", m.matrices.draft.place.name)
	}
}

func TestMatrixWithoutAHost(t *testing.T) {
	m := modelOf(t, recordedRun(t, "no-srv"))
	m.svc.Run = noRun
	press(m, "m")
	if !strings.Contains(m.note, "not part of this session") {
		t.Errorf("note %q", m.note)
	}
	matrixServices(m, recordedMatrix(t, "count-too-low"))
	press(m, "m")
	if len(m.views) != 1 || !strings.Contains(m.note, "no address of a KMS host is known") {
		t.Errorf("note %q, %d views", m.note, len(m.views))
	}
}

// Esc stops, what was learned stays, and no goroutine is left.
func TestMatrixStops(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	m, more := asked(t, 3)
	press(m, "R")
	if !strings.Contains(m.note, "esc stops it") {
		t.Errorf("R while it is asked: %q", m.note)
	}
	press(m, "esc")
	answer(m, more)
	x := m.matrices.byPlace[m.top().(*matrixView).key]
	n := x.counts()
	if x.running || m.matrices.running != nil || n[run.MatrixServed] != 3 || n[run.MatrixWaiting] != 0 {
		t.Errorf("after esc: %+v, running %v", n, x.running)
	}
	act(m, "esc", "m")
	if v, ok := m.top().(*matrixView); !ok || v.asking {
		t.Error("what was learned is lost when the view closes")
	}
}

// Leaving in the middle waits for the end of the traffic.
func TestMatrixEndsWithTheProgram(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	m, _ := asked(t, 2)
	x := m.matrices.running
	m.endMatrix()
	select {
	case <-x.done:
	default:
		t.Error("the host is still asked")
	}
}

// The cursor goes along with the row that is asked for, until it is moved.
func TestMatrixFollows(t *testing.T) {
	m := partly(t, "one-of-two-ill", 20)
	m.Update(tea.WindowSizeMsg{Width: 44, Height: 12})
	x := m.matrices.running
	if frame := ansi.Strip(whole(t, m)); !strings.Contains(frame, "> "+m.look.busyMark(m.now)+" "+x.rows[x.row].Name[:10]) {
		t.Errorf("the running row is not on screen:\n%s", frame)
	}
	press(m, "home")
	if v := m.top().(*matrixView); v.index(x, v.shown(x)) != 0 {
		t.Error("the cursor does not stay where it was put")
	}
}

func TestMatrixCopies(t *testing.T) {
	m := finished(t, "host-key-too-old")
	v := m.top().(*matrixView)
	cure, proof := v.copyText(m, false), v.copyText(m, true)
	if !strings.Contains(cure, "0xC004F042") || !strings.Contains(cure, "Cure: ") || strings.Contains(cure, "\n") {
		t.Errorf("cure %q", cure)
	}
	for _, want := range []string{"kms01.corp.example 192.0.2.5:1688", "counted id", "N policy 5", "2026-11-23 12:04:15 UTC"} {
		if !strings.Contains(proof, want) {
			t.Errorf("%q is not in the evidence:\n%s", want, proof)
		}
	}
	act(m, "p")
	if text := v.copyText(m, false) + v.copyText(m, true); strings.Contains(text, "kms01") || strings.Contains(text, "PC-0417") {
		t.Errorf("hidden names are copied: %s", text)
	}
	press(m, "G") // never asked
	if v.copyText(m, true) != "" {
		t.Error("evidence of what was not asked")
	}
}

func TestMatrixHidesNames(t *testing.T) {
	for _, m := range []*Model{finished(t, "one-of-two-ill", "p"), finished(t, "one-of-two-ill", "p", "R"), finished(t, "port-refused", "p", "3")} {
		for _, size := range sizes {
			m.Update(size)
			for _, secret := range []string{"kms01", "kms02", "corp.example", "PC-0417", "192.0.2."} {
				if frame := m.frame(); strings.Contains(frame, secret) {
					t.Fatalf("%s is shown:\n%s", secret, frame)
				}
			}
		}
	}
}

// Without colours no two states of a row look the same.
func TestMatrixStatesWithoutColour(t *testing.T) {
	seen := map[string]run.MatrixStatus{}
	m := partly(t, "one-of-two-ill", 2)
	x, v := m.matrices.running, m.top().(*matrixView)
	for i, status := range []run.MatrixStatus{run.MatrixWaiting, run.MatrixServed, run.MatrixRefused, run.MatrixInvalid, run.MatrixNoAnswer, run.MatrixNotAsked, "running"} {
		row := x.rows[0]
		row.Status, row.Code, row.Why, row.Count, row.Others = status, "0xC004F042", "", new(int), new(int)
		x.rows[i], x.row = row, 6
		line := ansi.Strip(v.rowLine(m, x, i, 20, 40, false))
		if other, known := seen[line]; known {
			t.Errorf("%s looks like %s: %q", status, other, line)
		}
		seen[line] = status
	}
}

func TestMatrixHostileIsWhole(t *testing.T) {
	attack := "\x1b[2J\x1b]0;x\x07\u202ekms\u200b\r\n\t日本語" + strings.Repeat("x", 64<<10)
	events := recordedMatrix(t, "host-key-too-old")
	spoil := func(rows []run.MatrixRow) {
		for i := range rows {
			r := &rows[i]
			r.Name, r.Why, r.EPID, r.Key, r.Code, r.Class = attack, attack, attack, attack, attack, attack
			r.Releases, r.Unlisted = []string{attack}, []string{attack}
			r.Cure = []run.HostKeyRef{{Name: attack, Source: attack}}
			r.Index = i * 7777
		}
	}
	m, _ := matrixModel(t, "one-of-two-ill")
	for _, e := range events {
		switch {
		case e.Plan != nil:
			spoil(e.Plan.Rows)
			e.Plan.Sends, e.Plan.Machine = []string{attack}, attack
		case e.Progress != nil:
			e.Progress.Text, e.Progress.Row = attack, e.Progress.Row*99-5
		case e.Row != nil:
			e.Row.Index = -1
		case e.Matrix != nil:
			spoil(e.Matrix.Rows)
			e.Matrix.Conclusion, e.Matrix.Notes, e.Matrix.Sent = attack, []string{attack}, []string{attack}
			e.Matrix.Keys = []run.MatrixKey{{Application: attack, EPID: attack}}
		}
	}
	matrixServices(m, events)
	for _, steps := range [][]string{{"m"}, {"enter"}, {"2"}, {"enter"}, {"3"}, {"p"}, {"R"}} {
		act(m, steps...)
		for _, size := range append(sizes, tea.WindowSizeMsg{Width: 40, Height: 10}, tea.WindowSizeMsg{Width: 200, Height: 60}) {
			m.Update(size)
			whole(t, m)
		}
	}
}

func TestMatrixEverySizeIsWhole(t *testing.T) {
	for name, m := range map[string]*Model{
		"plan": finished(t, "one-of-two-ill", "R"), "choose": finished(t, "one-of-two-ill", "R", "1"), "done": finished(t, "one-of-two-ill"),
		"detail": finished(t, "one-of-two-ill", "2"), "verdict": finished(t, "one-of-two-ill", "3"), "running": partly(t, "one-of-two-ill", 9),
		"filter": finished(t, "one-of-two-ill", "/", "8"),
	} {
		for w := 36; w <= 200; w += 7 {
			for _, h := range []int{1, 9, 10, 11, 12, 15, 16, 17, 24, 31, 50, 60} {
				m.Update(tea.WindowSizeMsg{Width: w, Height: h})
				whole(t, m)
				if t.Failed() {
					t.Fatal(name)
				}
			}
		}
	}
}

func TestConversationProducts(t *testing.T) {
	svc := recordedServices(t, "healthy")
	m, _ := matrixModel(t, "one-of-two-ill")
	sent := matrixServices(m, recordedMatrix(t, "host-key-too-old"))
	svc.MatrixPlan, svc.Matrix = m.svc.MatrixPlan, m.svc.Matrix
	out, _ := converse(t, svc, "")
	choice := ""
	for _, c := range strings.Split(out, "  ") {
		if n, does, _ := strings.Cut(c, " "); strings.HasPrefix(does, "ask which products") {
			choice = strings.TrimSuffix(n, ".")
		}
	}
	out, _ = converse(t, svc, choice+"\n1\nno\n"+choice+"\n9\n"+choice+"\n1\nyes\nleave\n")
	golden.RequireEqual(t, out)
	if *sent != 1 {
		t.Errorf("asked %d times, agreed to once", *sent)
	}
	svc.Matrix = nil
	if out, _ := converse(t, svc, ""); strings.Contains(out, "ask which products") {
		t.Error("offered where it cannot be done")
	}
}

// BenchmarkMatrixFrame is a key press and the frame after it, at 160x50.
func BenchmarkMatrixFrame(b *testing.B) {
	m := finished(b, "one-of-two-ill")
	m.Update(tea.WindowSizeMsg{Width: 160, Height: 50})
	b.ReportAllocs()
	for b.Loop() {
		m.Update(keyPress("down"))
		_ = m.View().Content
	}
}
