package tui

import (
	"context"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/run"
)

// keysShown are the keys of a footer.
func keysShown(m *Model) string {
	out := " "
	for _, b := range m.top().footer(m) {
		out += b.Help().Key + " "
	}
	return out
}

func TestTestIsOfferedOnlyWhereItCanRun(t *testing.T) {
	m := liveModel(t, "one-of-two-ill")
	press(m, "d")
	v := m.top().(*causesView)
	offered, denied := 0, 0
	for i := range m.causes {
		v.choose(m, i)
		can := m.testOf(m.causes[i]).who == "" && m.causes[i].Verdict != diagnose.RuledOut
		if can != strings.Contains(keysShown(m), " T ") {
			t.Errorf("%s (%s): can run %v, footer %s", m.causes[i].ID, m.causes[i].Verdict, can, keysShown(m))
		}
		if can {
			offered++
			continue
		}
		denied++
		if press(m, "T"); !strings.HasPrefix(m.note, "T: ") || m.busy() {
			t.Errorf("%s: T answers %q", m.causes[i].ID, m.note)
		}
	}
	if denied == 0 {
		t.Errorf("%d offered, %d denied: nothing was tried", offered, denied)
	}
	m.causes = []diagnose.Cause{{ID: "clock-skew", Verdict: diagnose.Possible, Title: "x", Next: &diagnose.Step{Who: "client", Shell: "cmd", Commands: []string{"kmsdiag check 192.0.2.6"}}}}
	m.run.news++
	m.veil = nil
	v.choose(m, 0)
	if !strings.Contains(keysShown(m), " T ") {
		t.Errorf("a test that can run is not offered: %s", keysShown(m))
	}
}

func TestKeysThatCannotWorkAnswer(t *testing.T) {
	well, ill := "healthy", "one-of-two-ill"
	for _, c := range []struct {
		run  string
		keys []string
		want string
	}{
		{well, []string{"n"}, "n: nothing failed and nothing is warned about"},
		{well, []string{"N"}, "N: nothing failed and nothing is warned about"},
		{well, []string{"a"}, "a: no row is folded"},
		{ill, []string{"a"}, ""},
		{ill, []string{"n"}, ""},
		{ill, []string{"a", "a"}, ""},
		{ill, []string{"space"}, "space: only a capture can be paused"},
		{ill, []string{"f"}, "f: only a capture can be followed"},
		{ill, []string{"w"}, "w: no capture is on this screen"},
		{ill, []string{"x"}, "x: no bytes are on this screen"},
		{ill, []string{"]"}, "]: only the causes (d) and a page (e) have more than one"},
		{ill, []string{"delete"}, "del: no paste is on this screen"},
		{ill, []string{"d", "/"}, "/: nothing can be filtered here"},
		{ill, []string{"d", "]"}, ""},
		{ill, []string{"d", "space"}, "space: only a capture can be paused"},
		{ill, []string{"d", "n"}, "n: only the checks, the products and a capture have failures to go to"},
		{ill, []string{"u", "T"}, "T: only a failed row and its cause have a test"},
		{well, []string{"T"}, "T: no cause is known that this row speaks for, and so no test"},
	} {
		m := liveModel(t, c.run)
		press(m, c.keys...)
		if m.note != c.want {
			t.Errorf("%s, %v: %q, want %q", c.run, c.keys, m.note, c.want)
		}
	}
}

func TestHelpListsWhatCannotWorkNow(t *testing.T) {
	m := liveModel(t, "healthy")
	press(m, "?")
	help := strings.Join(m.top().(*helpView).lines(m, 120), "\n")
	_, reasons, ok := strings.Cut(help, "NOT AVAILABLE NOW")
	if !ok {
		t.Fatalf("no such part in\n%s", help)
	}
	for _, want := range []string{"n N ", "nothing failed", "a ", "no row is folded", "space", "T ", "H "} {
		if !strings.Contains(reasons, want) {
			t.Errorf("%q is missing in\n%s", want, reasons)
		}
	}
	// The help is about the view that it was asked in.
	m = liveModel(t, "one-of-two-ill")
	press(m, "d", "?")
	help = strings.Join(m.top().(*helpView).lines(m, 120), "\n")
	if _, reasons, _ := strings.Cut(help, "NOT AVAILABLE NOW"); strings.Contains(reasons, "]") || !strings.Contains(reasons, "nothing can be filtered here") {
		t.Errorf("in the causes:\n%s", reasons)
	}
	// Of a run without an address of a host.
	m = liveModel(t, "no-srv")
	press(m, "?")
	help = strings.Join(m.top().(*helpView).lines(m, 120), "\n")
	if _, reasons, _ := strings.Cut(help, "NOT AVAILABLE NOW"); !strings.Contains(reasons, "no address of a KMS host is known") {
		t.Errorf("without a host:\n%s", reasons)
	}
}

// liveModel is a program with a run that could be made again.
func liveModel(t testing.TB, name string) *Model {
	t.Helper()
	m := modelOf(t, recordedRun(t, name))
	m.svc.Run, m.svc.Read = noRun, noRead
	m.svc.MatrixPlan = func(context.Context, []run.MatrixEndpoint) run.MatrixPlan { return run.MatrixPlan{} }
	m.svc.Matrix = func(context.Context, run.MatrixPlan, func(run.MatrixEvent)) {}
	return m
}
