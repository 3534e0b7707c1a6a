package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/tui"
)

// A live capture from the screen listens on the ports of the command and on those
// that the run asks, and its log names them.
func TestScreenCapturePorts(t *testing.T) {
	given := &captureOptions{job: capture.Job{Ports: []uint16{1689}}}
	for _, c := range []struct {
		o    *captureOptions
		ask  tui.CaptureRequest
		want string
		log  string
	}{
		{nil, tui.CaptureRequest{Interface: "lo"}, "[]", "capturing on lo: TCP of ports 1688 and of"},
		{nil, tui.CaptureRequest{Interface: "lo", Ports: []uint16{21688}}, "[21688]", "TCP of ports 1688, 21688 and of"},
		{given, tui.CaptureRequest{Interface: "lo", Ports: []uint16{1689, 21688}}, "[1689 1689 21688]", "TCP of ports 1688, 1689, 21688 and of"},
	} {
		j := job(c.o, c.ask)
		if got := fmt.Sprint(j.Ports); got != c.want {
			t.Errorf("ports %s, want %s", got, c.want)
		}
		var out bytes.Buffer
		(&debugLog{w: &out}).captureBegins(j)
		if !strings.Contains(out.String(), c.log) {
			t.Errorf("the log says %q, want %q", out.String(), c.log)
		}
	}
	if n := len(given.job.Ports); n != 1 {
		t.Errorf("the command has %d ports now", n)
	}
}
