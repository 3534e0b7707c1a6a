package report

import (
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/hostlog"
)

// TestHostLogWithoutCount draws nothing where no client was ever counted.
func TestHostLogWithoutCount(t *testing.T) {
	days := func(n int) []hostlog.Day {
		return []hostlog.Day{{Day: "2026-11-22", Uncertain: true}, {Day: "2026-11-23", Count: n, Uncertain: true}}
	}
	for n, drawn := range map[int]bool{0: false, 3: true} {
		for _, accessible := range []bool{false, true} {
			r := &hostlog.Report{Lists: []hostlog.List{{Application: "Windows", Needed: 25, Course: days(n), Forecast: hostlog.Forecast{Days: make([]int, 30)}}}}
			out := hostLog(t, "text", Style{Accessible: accessible}, false, r)
			if has := strings.Contains(out, "client ids of 30 days") || strings.Contains(out, "The count went from"); has != drawn {
				t.Errorf("count %d, accessible %v: drawn %v\n%s", n, accessible, has, out)
			}
		}
	}
}
