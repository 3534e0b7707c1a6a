//go:build integration && linux

package integration

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// TestIntegrationServed goes to a host that serves, on good ways and bad ones.
func TestIntegrationServed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		way   way
		rules string
	}{
		{name: "healthy"},
		{name: "delayed", way: way{delay: 300 * time.Millisecond}},
		{name: "bytewise", way: way{bytewise: true}},
		{name: "lossy", rules: "tcp dport 1688 numgen inc mod 3 1 drop"},
		{name: "first SYN lost", rules: "tcp dport 1688 tcp flags syn numgen inc mod 1000 0 drop"},
	} {
		for family, address := range map[string]string{"4": hostAddr, "6": hostAddr6} {
			t.Run(strings.ReplaceAll(tt.name, " ", "-")+"-ipv"+family, func(t *testing.T) {
				t.Parallel()
				l, host := newLink(t), startKMS(t)
				at := net.JoinHostPort(address, "1688")
				host.serve(t, l.server, tt.way, at)
				if tt.rules != "" {
					l.server.filter(t, tt.rules)
				}
				o := l.client.check(t, address)
				o.expect(t, 0, "", "")
				x := o.exchange(t)
				if x.Outcome != evidence.Served || len(x.Failed) > 0 || len(x.Verified) == 0 || x.Count != 50 {
					t.Errorf("%s, count %d, failed %v, verified %v", x.Outcome, x.Count, x.Failed, x.Verified)
				}
				if x.Took < tt.way.delay || x.BindTook < tt.way.delay {
					t.Errorf("bind %v, request %v: less than the way's %v", x.BindTook, x.Took, tt.way.delay)
				}
				if got := host.site.Requests(); len(got) != 1 || got[0].CMID != kms.ProbeCMID.String() {
					t.Errorf("the host received %+v, want one request of the probe", got)
				}
			})
		}
	}
}

// TestIntegrationConnectionEnds ends the connection in the middle of what the
// host says.
func TestIntegrationConnectionEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		way      way
		cause    string
		bind     evidence.BindOutcome
		exchange evidence.ExchangeOutcome // "": the request was not sent
		detail   string                   // of the last of both
	}{
		{"instead of bind_ack", way{cut: 1}, "middlebox-l7-inspection", evidence.BindClosed, "", ""},
		{"instead of bind_ack, reset", way{cut: 1, reset: true}, "middlebox-l7-inspection", evidence.BindReset, "", ""},
		{"in the bind_ack", way{cut: 1, keep: 20}, "middlebox-l7-inspection", evidence.BindClosed, "", "only 20 bytes of an answer came"},
		{"in its header", way{cut: 1, keep: 9}, "middlebox-l7-inspection", evidence.BindClosed, "", "only 9 bytes of an answer came"},
		{"instead of the answer", way{cut: 2}, "emulator-server-fault", evidence.BindAccepted, evidence.ExchangeClosed, ""},
		{"instead of the answer, reset", way{cut: 2, reset: true}, "emulator-server-fault", evidence.BindAccepted, evidence.ExchangeReset, ""},
		{"in the answer", way{cut: 2, keep: 100}, "emulator-server-fault", evidence.BindAccepted, evidence.ExchangeClosed, "only 100 bytes of an answer came"},
	} {
		t.Run(strings.NewReplacer(" ", "-", ",", "").Replace(tt.name), func(t *testing.T) {
			t.Parallel()
			l, host := newLink(t), startKMS(t)
			host.serve(t, l.server, tt.way, net.JoinHostPort(hostAddr, "1688"))
			o := l.client.check(t, hostAddr)
			o.expect(t, 3, tt.cause, diagnose.Possible)
			if len(o.set.Binds) != 1 || o.set.Binds[0].Outcome != tt.bind {
				t.Fatalf("binds %+v, want %s", o.set.Binds, tt.bind)
			}
			detail := o.set.Binds[0].Detail
			if tt.exchange == "" {
				if len(o.set.Exchanges)+len(host.site.Requests()) > 0 {
					t.Error("a request was sent")
				}
			} else {
				x := o.exchange(t)
				if detail = x.Detail; x.Outcome != tt.exchange {
					t.Errorf("%s, want %s", x.Outcome, tt.exchange)
				}
			}
			if detail != tt.detail {
				t.Errorf("detail %q, want %q", detail, tt.detail)
			}
		})
	}
}
