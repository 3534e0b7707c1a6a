package report_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/report"
)

// TestSavedCSV holds that the CSV of a saved stream is that of the capture.
func TestSavedCSV(t *testing.T) {
	for _, file := range []string{"v6_loopback.pcap", "bad_responses.pcap", "dns_srv_failover.pcap", "rpc_faults.pcap", "one_direction.pcap", "midstream_start.pcap"} {
		var b strings.Builder
		to := report.SavedCSV(&b)
		if err := report.Replay(strings.NewReader(shown(t, file, "jsonl", false)), to); err != nil {
			t.Fatal(err)
		}
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		if want := shown(t, file, "csv", false); b.String() != want {
			t.Errorf("%s:\n%s\nwant:\n%s", file, b.String(), want)
		}
	}
	if err := report.SavedCSV(&strings.Builder{}).Close(); !errors.Is(err, report.ErrNoRecords) {
		t.Errorf("a run without a capture: %v", err)
	}
}
