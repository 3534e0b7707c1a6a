package capture

import (
	"context"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
)

// TestACaptureSpeaksOfItsClients reads every recording: what a diagnosis of
// packets stands on was met by the clients in them, not by the machine that reads
// them.
func TestACaptureSpeaksOfItsClients(t *testing.T) {
	names, err := filepath.Glob("testdata/captures/*.pcap*")
	if err != nil || len(names) < 50 {
		t.Fatalf("%d recordings, %v", len(names), err)
	}
	here := regexp.MustCompile(`(?i)\b(from here|this machine|tested from)\b`)
	ruledOut := 0
	for _, name := range names {
		job := Job{Files: []string{name}, Options: Options{Workers: 1}}
		r, err := job.Run(context.Background())
		if err != nil {
			continue // not a capture; what of it can be read is told elsewhere
		}
		events := r.Events(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), time.Second, false)
		sum := events[len(events)-1].Summary
		texts := []string{sum.Conclusion}
		for _, c := range append(append([]diagnose.Cause{}, sum.Causes...), sum.RuledOut...) {
			for _, f := range append(append([]diagnose.Finding{}, c.Because...), c.Against...) {
				texts = append(texts, f.Text)
			}
		}
		ruledOut += len(sum.RuledOut)
		for _, text := range texts {
			if here.MatchString(text) {
				t.Errorf("%s: %s", filepath.Base(name), text)
			}
		}
	}
	if ruledOut == 0 {
		t.Error("no recording rules a cause out")
	}
}
