package checks

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// scriptedDialer ends each try at an address as its script says; the last line
// of a script repeats.
type scriptedDialer struct {
	mu     sync.Mutex
	script map[string][]error // address to outcomes; nil is an open connection
	tries  map[string]int
}

// errSilence makes a try last until its limit.
var errSilence = errors.New("silence")

func (d *scriptedDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d.mu.Lock()
	if d.tries == nil {
		d.tries = map[string]int{}
	}
	steps := d.script[address]
	n := min(d.tries[address], len(steps)-1)
	d.tries[address]++
	d.mu.Unlock()
	if network != "tcp" || n < 0 {
		return nil, errors.New("not in the script: " + network + " " + address)
	}
	switch err := steps[n]; {
	case errors.Is(err, errSilence):
		<-ctx.Done()
		return nil, explainDial(ctx, netip.Addr{}, nil, ctx.Err())
	case err != nil:
		return nil, err
	}
	near, far := net.Pipe()
	go func() { _, _ = far.Read(make([]byte, 1)) }()
	return near, nil
}

// dialOnly asks tcp.connect and tcp.alive alone.
func dialOnly(ctx context.Context, d Dialer, progress func(string)) (connect run.Result, alive *run.Result) {
	env := &Env{Dialer: d, sessions: newSessions()}
	defer env.sessions.closeAll()
	subject := run.Subject{Kind: run.Endpoint, Key: "k", Host: "kms01", Addr: netip.MustParseAddrPort("192.0.2.5:1688")}
	w := walked{}
	ask := Ask{Env: env, Subject: subject, Prior: w, Progress: progress}
	limited, cancel := context.WithTimeout(ctx, TCPConnect.Timeout)
	defer cancel()
	w["tcp.connect"] = TCPConnect.Run(limited, ask).Result
	if TCPAlive.When(ask) {
		limited, cancel := context.WithTimeout(ctx, TCPAlive.Timeout)
		defer cancel()
		r := TCPAlive.Run(limited, ask).Result
		alive = &r
	}
	return w["tcp.connect"], alive
}

func TestTCPConnectOutcomes(t *testing.T) {
	const address = "192.0.2.5:1688"
	for _, tt := range []struct {
		name    string
		script  []error
		status  run.Status
		outcome evidence.DialOutcome
		summary string
		tries   int
	}{
		{"open", []error{nil}, run.Pass, evidence.Open, "open", 1},
		{"open at the second try", []error{errSilence, nil}, run.Pass, evidence.Open, "open", 2},
		{"refused", []error{&DialError{Outcome: evidence.Refused}}, run.Fail, evidence.Refused, "refused: a reset came back", 1},
		{"silent, then refused", []error{errSilence, &DialError{Outcome: evidence.Refused}}, run.Fail, evidence.Refused, "refused", 2},
		{"prohibited", []error{&DialError{Outcome: evidence.Prohibited, ICMP: "3/13 from 10.0.0.1"}}, run.Fail, evidence.Prohibited, "prohibited by a filter: ICMP 3/13 from 10.0.0.1", 1},
		{"port unreachable", []error{&DialError{Outcome: evidence.PortUnreachable, ICMP: "3/3 from 192.0.2.5"}}, run.Fail, evidence.PortUnreachable, "port unreachable: ICMP 3/3 from 192.0.2.5", 1},
		{"unreachable", []error{&DialError{Outcome: evidence.Unreachable, Detail: "cannot be told"}}, run.Fail, evidence.Unreachable, "unreachable: cannot be told", 1},
		{"reset or ICMP", []error{&DialError{Outcome: evidence.RejectedByICMP, Detail: "a reset or an ICMP message"}}, run.Fail, evidence.RejectedByICMP, "refused: a reset or an ICMP message", 1},
		{"no route", []error{&DialError{Outcome: evidence.NoRoute}}, run.Fail, evidence.NoRoute, "this machine has no route there", 1},
		{"forbidden here", []error{&DialError{Outcome: evidence.LocalRefusal}}, run.Fail, evidence.LocalRefusal, "this machine itself forbids", 1},
		{"no such family", []error{&DialError{Outcome: evidence.NoFamily, Detail: "no IPv6 address"}}, run.Skip, evidence.NoFamily, "not tested: no IPv6 address", 1},
		{"no type", []error{errors.New("out of luck\x1b[2J")}, run.Fail, evidence.DialOther, "no connection: out of luck?[2J", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, _ := dialOnly(t.Context(), &scriptedDialer{script: map[string][]error{address: tt.script, "192.0.2.5:135": {errSilence}, "192.0.2.5:445": {errSilence}}}, nil)
				d := r.Evidence.Dials[0]
				if r.Status != tt.status || d.Outcome != tt.outcome || !strings.Contains(r.Summary, tt.summary) || len(d.Tries) != tt.tries {
					t.Errorf("got %s %q, %s after %d tries; want %s %q, %s after %d", r.Status, r.Summary, d.Outcome, len(d.Tries), tt.status, tt.summary, tt.outcome, tt.tries)
				}
				if d.Origin.Check != "tcp.connect" || d.Origin.Subject != "k" || d.Host != "kms01" || d.Port != 1688 {
					t.Errorf("dial %+v", d)
				}
				if (r.Root != "") != (r.Status == run.Skip) {
					t.Errorf("root %q", r.Root)
				}
			})
		})
	}
}

func TestTCPConnectTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var progress []string
		start := time.Now()
		d := &scriptedDialer{script: map[string][]error{"192.0.2.5:1688": {errSilence}, "192.0.2.5:135": {errSilence}, "192.0.2.5:445": {errSilence}}}
		r, _ := dialOnly(t.Context(), d, func(text string) { progress = append(progress, text) })
		plan := tryPlan(runtime.GOOS)
		dial := r.Evidence.Dials[0]
		if len(dial.Tries) != len(plan) || dial.Outcome != evidence.Silent || dial.Took != plan[len(plan)-1] {
			t.Fatalf("%+v", dial)
		}
		at := start
		for i, try := range dial.Tries {
			if !try.Started.Equal(at) || try.Took != plan[i] || try.Outcome != evidence.Silent || try.Started.Location() != time.UTC {
				t.Errorf("try %d %+v, want from %s for %s", i, try, at, plan[i])
			}
			at = at.Add(plan[i])
		}
		if len(plan) == 3 && !slices.Equal(progress, []string{"attempt 2 of 3", "attempt 3 of 3"}) {
			t.Errorf("progress %q", progress)
		}
	})
}

func TestTryPlan(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows", "freebsd"} {
		var sum time.Duration
		for _, limit := range tryPlan(goos) {
			sum += limit
			if goos == "windows" && limit < 3*time.Second {
				t.Errorf("%s: a try of %s takes a refused port for a silent one", goos, limit)
			}
		}
		if sum >= TCPConnect.Timeout {
			t.Errorf("%s: %s for all tries, the check has %s", goos, sum, TCPConnect.Timeout)
		}
	}
}

func TestTCPConnectStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { time.Sleep(300 * time.Millisecond); cancel() }()
		r, alive := dialOnly(ctx, &scriptedDialer{script: map[string][]error{"192.0.2.5:1688": {errSilence}}}, nil)
		if r.Status != run.Skip || r.Evidence.Dials[0].Outcome != evidence.Cancelled || len(r.Evidence.Dials[0].Tries) != 1 || alive != nil {
			t.Errorf("%+v", r)
		}
	})
}

func TestTCPAlive(t *testing.T) {
	refused := &DialError{Outcome: evidence.Refused}
	for _, tt := range []struct {
		name       string
		p135, p445 error
		status     run.Status
		summary    string
	}{
		{"open and refused", refused, nil, run.Pass, "answers on 445: the host is up"},
		{"both open", nil, nil, run.Pass, "answers on 135 and 445: the host is up"},
		{"both refused", refused, refused, run.Pass, "refuses on 135 and 445: the host is up"},
		{"one silent", errSilence, refused, run.Pass, "refuses on 445: the host is up"},
		{"its own ICMP", errSilence, &DialError{Outcome: evidence.Prohibited, ICMP: "3/13 from 192.0.2.5"}, run.Pass, "refuses on 445: the host is up"},
		{"a router's ICMP", errSilence, &DialError{Outcome: evidence.Prohibited, ICMP: "3/13 from 192.0.2.1"}, run.Warn, "445 prohibited by a filter: ICMP 3/13 from 192.0.2.1: the host may not be up"},
		{"nothing", errSilence, errSilence, run.Warn, "may not be up, or drops these too"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &scriptedDialer{script: map[string][]error{
					"192.0.2.5:1688": {errSilence}, "192.0.2.5:135": {tt.p135}, "192.0.2.5:445": {tt.p445},
				}}
				start := time.Now()
				_, r := dialOnly(t.Context(), d, nil)
				took := time.Since(start)
				if r == nil {
					t.Fatal("tcp.alive did not run")
				}
				if r.Status != tt.status || !strings.Contains(r.Summary, tt.summary) {
					t.Errorf("%s %q, want %s %q", r.Status, r.Summary, tt.status, tt.summary)
				}
				if len(r.Evidence.Dials) != 2 || r.Evidence.Dials[0].Purpose != evidence.DialAlive || r.Evidence.Dials[0].Port != 135 || r.Evidence.Dials[1].Port != 445 {
					t.Errorf("%+v", r.Evidence.Dials)
				}
				if d.tries["192.0.2.5:135"] != 1 || d.tries["192.0.2.5:445"] != 1 || took > TCPConnect.Timeout+time.Second {
					t.Errorf("tries %v in %s", d.tries, took)
				}
			})
		})
	}
}

func TestTCPAliveOnlyAfterSilence(t *testing.T) {
	d := &scriptedDialer{script: map[string][]error{"192.0.2.5:1688": {&DialError{Outcome: evidence.Refused}}}}
	if _, alive := dialOnly(t.Context(), d, nil); alive != nil {
		t.Errorf("tcp.alive ran after a refusal: %+v", alive)
	}
}
