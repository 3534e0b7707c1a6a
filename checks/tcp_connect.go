package checks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

const tcpConnectID = "tcp.connect"

// TCPConnect asks whether an endpoint accepts connections. It leaves the open
// connection to [RPCBind].
var TCPConnect = &Check{
	ID: tcpConnectID, Title: "the KMS port accepts connections",
	Group: Reach, Scope: run.Endpoint, Needs: []*Check{DNSAddress}, Timeout: 4 * time.Second,
	Slow: "nothing has come back yet, not even a refusal; a working host accepts within 50 ms",
	Run:  runTCPConnect,
}

func runTCPConnect(ctx context.Context, ask Ask) Answer {
	conn, dial := dialKMS(ctx, ask)
	var a Answer
	a.Evidence.Dials = []evidence.Dial{dial}
	a.Summary = dialSummary(dial)
	switch dial.Outcome {
	case evidence.Open:
		a.Status = run.Pass
		ask.sessions.put(ask.Subject.Key, &session{conn: conn, used: ask.now(), connect: dial.Took})
	case evidence.NoFamily, evidence.Cancelled:
		a.Status, a.Root = run.Skip, tcpConnectID+" "+ask.Subject.Key
	default:
		a.Status = run.Fail
	}
	return a
}

// tryPlan gives the limit of each try. One SYN a second is what Linux and macOS
// send by themselves, so an earlier second try would add nothing. Linux gives up
// on a neighbour three seconds after the first SYN and says so to the try that
// waits then, hence the longer last one. On Windows connect() goes on after a
// reset and returns only after one to two seconds: a shorter try would take a
// refused port for a silent one.
func tryPlan(goos string) []time.Duration {
	switch goos {
	case "windows":
		return []time.Duration{3500 * time.Millisecond}
	case "linux":
		return []time.Duration{time.Second, time.Second, 1250 * time.Millisecond}
	}
	return []time.Duration{time.Second, time.Second, time.Second}
}

// dialKMS connects to the endpoint, trying again as long as it stays silent.
func dialKMS(ctx context.Context, ask Ask) (net.Conn, evidence.Dial) {
	dial := newDial(ask, tcpConnectID, evidence.DialKMS, ask.Subject.Addr)
	plan := tryPlan(runtime.GOOS)
	for n, limit := range plan {
		if n > 0 {
			ask.progress(fmt.Sprintf("attempt %d of %d", n+1, len(plan)))
		}
		conn := tryDial(ctx, ask, &dial, limit)
		if conn != nil || dial.Outcome != evidence.Silent || ctx.Err() != nil {
			return conn, dial
		}
	}
	return nil, dial
}

// newDial begins the evidence of a connection attempt.
func newDial(ask Ask, check string, purpose evidence.DialPurpose, to netip.AddrPort) evidence.Dial {
	return evidence.Dial{
		Origin:  ask.origin(check),
		Purpose: purpose, Host: ask.Subject.Host, Domain: ask.Subject.Domain, Address: to, Port: to.Port(),
	}
}

// tryDial makes one try and notes it. It returns the connection, or nil.
func tryDial(ctx context.Context, ask Ask, dial *evidence.Dial, limit time.Duration) net.Conn {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := ask.now()
	conn, err := ask.Dialer.DialContext(limited, "tcp", dial.Address.String())
	try := evidence.Try{Started: start.UTC(), Took: ask.now().Sub(start), Outcome: evidence.Open}
	if err != nil {
		e := dialErrorOf(ctx, limited, dial.Address.Addr(), err)
		try.Outcome, try.ICMP, try.Detail = e.Outcome, e.ICMP, e.Detail
		if e.Outcome == evidence.DialOther {
			try.Detail = joinDetail(e.Detail, e.Err)
		}
		conn = nil
	} else {
		dial.Local = localAddress(conn)
	}
	dial.Tries = append(dial.Tries, try)
	dial.Outcome, dial.Took = try.Outcome, try.Took
	return conn
}

func joinDetail(detail string, err error) string {
	switch {
	case err == nil:
		return detail
	case detail == "":
		return err.Error()
	}
	return detail + ": " + err.Error()
}

// dialErrorOf gives the DialError in a dialer's error, or makes one. A run that
// was stopped is told from a try that reached its limit.
func dialErrorOf(ctx, limited context.Context, remote netip.Addr, err error) *DialError {
	if errors.Is(ctx.Err(), context.Canceled) {
		return &DialError{Outcome: evidence.Cancelled, Err: err}
	}
	var typed *DialError
	if errors.As(err, &typed) {
		return typed
	}
	return explainDial(limited, remote, nil, err)
}

// dialSummary says in a line how a connection attempt ended.
func dialSummary(d evidence.Dial) string {
	var last evidence.Try
	if len(d.Tries) > 0 {
		last = d.Tries[len(d.Tries)-1]
	}
	icmp := ""
	if last.ICMP != "" {
		icmp = "ICMP " + last.ICMP
	}
	switch d.Outcome {
	case evidence.Open:
		return "open"
	case evidence.Silent:
		if n := len(d.Tries); n > 1 {
			return fmt.Sprintf("silent, %d tries", n)
		}
		return fmt.Sprintf("silent for %s", d.Took.Round(100*time.Millisecond))
	case evidence.Refused:
		return "refused: a reset came back"
	case evidence.RejectedByICMP:
		return colon("refused", last.Detail)
	case evidence.PortUnreachable:
		return colon("rejected as port unreachable", icmp)
	case evidence.Prohibited:
		return colon("prohibited by a filter", icmp)
	case evidence.Unreachable:
		return colon(colon("unreachable", icmp), last.Detail)
	case evidence.NoRoute:
		return "this machine has no route there"
	case evidence.LocalRefusal:
		return "this machine itself forbids the connection"
	case evidence.NoFamily:
		return colon("not tested", last.Detail)
	case evidence.Cancelled:
		return "stopped"
	}
	return colon("no connection", evidence.Clean(last.Detail))
}

func colon(text, more string) string {
	if more == "" {
		return text
	}
	return text + ": " + more
}
