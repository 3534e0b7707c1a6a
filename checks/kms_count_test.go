package checks

import (
	"math"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

func TestJudgeCount(t *testing.T) {
	const client, server, office = catalog.Client, catalog.Server, catalog.Office
	for _, tt := range []struct {
		class   catalog.Class
		count   uint32
		status  run.Status
		summary string
		notes   []string
	}{
		{client, 1, run.Fail, "1 with this probe, 0 without; Windows clients need 25: 25 more must ask", []string{"count-alone", "count-how-it-grows", "count-servers", "count-lists"}},
		{client, 4, run.Fail, "4 with this probe, 3 without; Windows clients need 25: 22 more must ask", []string{"count-how-it-grows", "count-servers"}},
		{client, 12, run.Fail, "12 with this probe, 11 without; Windows clients need 25: 14 more must ask", []string{"count-how-it-grows", "count-servers"}},
		{client, 24, run.Fail, "24 with this probe, 23 without; Windows clients need 25: 2 more must ask", nil},
		{client, 25, run.Warn, "25 with this probe, 24 without; Windows clients need 25: one short once the probe leaves the list", nil},
		{client, 26, run.Pass, "26 with this probe; clients need 25, servers 5", nil},
		{client, 50, run.Pass, "50 with this probe (a full list); clients need 25, servers 5", []string{"count-full-list"}},
		{client, 1000, run.Pass, "1000 with this probe; clients need 25, servers 5", []string{"count-over-ceiling"}},
		{server, 3, run.Fail, "3 with this probe, 2 without; servers need 5: 3 more must ask", nil},
		{server, 5, run.Warn, "5 with this probe, 4 without; servers need 5: one short once the probe leaves the list", []string{"count-clients"}},
		{server, 9, run.Pass, "9 with this probe; clients need 25, servers 5", []string{"count-clients"}},
		{server, 10, run.Pass, "10 with this probe (a full list)", []string{"count-full-list", "count-clients-unknown"}},
		{server, 11, run.Pass, "11 with this probe; clients need 25, servers 5", []string{"count-clients"}},
		{server, 40, run.Pass, "40 with this probe; clients need 25, servers 5", nil},
		{office, 4, run.Fail, "4 with this probe, 3 without; Office clients need 5: 2 more must ask", []string{"count-lists"}},
		{office, 5, run.Warn, "5 with this probe, 4 without", nil},
		{office, 10, run.Pass, "10 with this probe (a full list); Office needs 5", []string{"count-full-list"}},
		{office, 50, run.Pass, "50 with this probe; Office needs 5", []string{"count-over-ceiling"}},
		{client, 0, run.Fail, "0 with this probe", nil},
		{client, math.MaxUint32, run.Warn, "states no count", nil},
	} {
		a := judgeCount(evidence.Exchange{Probe: true, Count: tt.count, Outcome: evidence.Served}, tt.class)
		if a.Status != tt.status || !strings.Contains(a.Summary, tt.summary) {
			t.Errorf("%s %d: %s %q, want %s %q", tt.class, tt.count, a.Status, a.Summary, tt.status, tt.summary)
		}
		var ids []string
		for _, n := range a.Notes {
			ids = append(ids, n.ID)
			if n.Text == "" || n.Status == "" {
				t.Errorf("%s %d: note %+v", tt.class, tt.count, n)
			}
		}
		for _, want := range tt.notes {
			if !strings.Contains(" "+strings.Join(ids, " ")+" ", " "+want+" ") {
				t.Errorf("%s %d: notes %q, want %s", tt.class, tt.count, ids, want)
			}
		}
		if full := strings.Contains(strings.Join(ids, " "), "count-full-list"); full != strings.Contains(a.Summary, "full list") {
			t.Errorf("%s %d: full list said in one place only: %q %q", tt.class, tt.count, a.Summary, ids)
		}
	}
}

// TestCountNotes reads the two notes that must not be taken for health.
func TestCountNotes(t *testing.T) {
	e := evidence.Exchange{Probe: true, Count: 9, Outcome: evidence.Served}
	if a := judgeCount(e, catalog.Server); !hasNote(a.Result, "count-clients", run.Warn) {
		t.Errorf("nine clients are too few for Windows clients: %+v", a.Notes)
	}
	e.Count = 10
	if a := judgeCount(e, catalog.Server); !hasNote(a.Result, "count-clients-unknown", run.Pass) || hasNote(a.Result, "count-clients", run.Warn) {
		t.Errorf("a full list of ten says nothing of Windows clients: %+v", a.Notes)
	}
}

func TestCountOfAHost(t *testing.T) {
	h := &testHost{verdict: func(q *kms.OpenedRequest) (kms.Response, kms.HRESULT) { return answerTo(q, 12), kms.OK }}
	w := walk(t.Context(), testEnv(), h.start(t))
	w.expect(t, "kms.request", run.Pass, "V6, served, count 12")
	w.expect(t, "kms.count", run.Fail, "12 with this probe, 11 without; Windows clients need 25: 14 more must ask")
}
