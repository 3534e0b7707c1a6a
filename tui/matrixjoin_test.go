package tui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// learning is a program that asked kms01, whose answers told of an Office list
// with too few clients.
func learning(t *testing.T) *Model {
	t.Helper()
	m, _ := matrixModel(t, "one-of-two-ill")
	events := slices.Clone(recordedMatrix(t, "one-of-two-ill"))
	last := &events[len(events)-1]
	if last.Matrix == nil {
		t.Fatal("the matrix is not last")
	}
	office, _ := catalog.GroupByCountedID("86d50b16-4808-41af-b83b-b338274318b2") // Office LTSC 2021
	few := answered(last.Matrix.Host, 3, time.Hour, catalog.OfficeAppID)
	few.Origin = evidence.Origin{Check: "products", Subject: "host"}
	few.Address, few.NPolicy, few.Version = last.Matrix.Endpoint, 5, "6.0"
	few.CountedID, few.ActivationID = office.CountedID, office.Representative().ActivationID
	matrix := *last.Matrix
	matrix.Learned = evidence.Set{Exchanges: []evidence.Exchange{few}}
	last.Matrix = &matrix
	matrixServices(m, events)
	m.svc.Judge = judgeAll
	act(m, "m")
	if len(matrixPlaces(m.run)) > 1 {
		act(m, "1")
		for !strings.HasPrefix(m.matrices.draft.place.name, "kms01") {
			act(m, "down")
		}
	}
	act(m, "enter")
	return m
}

// What a matrix learns is evidence for the causes and the counts, until a new
// round looks at the hosts again. Its counts stay.
func TestMatrixIsJoined(t *testing.T) {
	m := learning(t)
	if got := m.joinedNames(); got != fromMatrix {
		t.Fatalf("joined %q", got)
	}
	if c, _ := named(m.causes, "count-below-threshold"); c.Verdict != diagnose.Found {
		t.Errorf("%s with the matrix", c.Verdict)
	}
	if c, _ := named(m.plain, "count-below-threshold"); c.Verdict == diagnose.Found {
		t.Errorf("%s without it", c.Verdict)
	}
	officeCounts := func() (counts []int) {
		for _, s := range m.counts.series() {
			for _, sample := range s.samples {
				if sample.list == officeList {
					counts = append(counts, sample.count)
				}
			}
		}
		return counts
	}
	if got := officeCounts(); !slices.Equal(got, []int{3}) {
		t.Errorf("counts of Office %v, want one of 3", got)
	}
	m.startRun(func(run.Subject) bool { return false })
	if got := m.joinedNames(); got != "" || len(m.pasted.Exchanges) > 0 {
		t.Errorf("a new round still stands on %q", got)
	}
	m.joinMatrices() // of a round before
	if got := m.joinedNames(); got != "" {
		t.Errorf("an older matrix came back as %q", got)
	}
	if got := officeCounts(); !slices.Equal(got, []int{3}) {
		t.Errorf("after it the counts of Office are %v", got)
	}
}
