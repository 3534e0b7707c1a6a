package checks

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

const tcpAliveID = "tcp.alive"

// alivePorts are two that most Windows hosts open to their network: the RPC
// endpoint mapper and SMB.
var alivePorts = []uint16{135, 445}

// TCPAlive asks whether a host whose KMS port is silent answers elsewhere: one
// connection attempt each to 135 and 445.
var TCPAlive = &Check{
	ID: tcpAliveID, Title: "the silent host answers on another port",
	Group: Reach, Scope: run.Endpoint, After: []*Check{TCPConnect}, Timeout: 4 * time.Second,
	Slow: "still waiting for an answer on 135 or 445",
	When: func(ask Ask) bool {
		prior, ok := ask.Prior.Of(TCPConnect, ask.Subject)
		return ok && len(prior.Evidence.Dials) > 0 && prior.Evidence.Dials[0].Outcome == evidence.Silent
	},
	Run: runTCPAlive,
}

func runTCPAlive(ctx context.Context, ask Ask) Answer {
	limit := tryPlan(runtime.GOOS)[0]
	dials := make([]evidence.Dial, len(alivePorts))
	var wg sync.WaitGroup
	for i, port := range alivePorts {
		dials[i] = newDial(ask, tcpAliveID, evidence.DialAlive, netip.AddrPortFrom(ask.Subject.Addr.Addr(), port))
		wg.Go(func() {
			if conn := tryDial(ctx, ask, &dials[i], limit); conn != nil {
				_ = conn.Close()
			}
		})
	}
	wg.Wait()
	var a Answer
	a.Evidence.Dials = dials
	a.Status, a.Summary = judgeAlive(dials)
	return a
}

// judgeAlive says what attempts on other ports tell of the host.
func judgeAlive(dials []evidence.Dial) (run.Status, string) {
	var answers, refuses, rest []string
	stopped := true
	for _, d := range dials {
		port := fmt.Sprint(d.Port)
		switch {
		case d.Outcome == evidence.Open:
			answers = append(answers, port)
		case d.Outcome == evidence.Refused, d.Outcome == evidence.RejectedByICMP, icmpFrom(d, d.Address.Addr()):
			refuses = append(refuses, port)
		default:
			rest = append(rest, port+" "+dialSummary(d))
		}
		stopped = stopped && d.Outcome == evidence.Cancelled
	}
	switch {
	case stopped:
		return run.Skip, "stopped"
	case len(answers) > 0:
		return run.Pass, "answers on " + strings.Join(answers, " and ") + ": the host is up"
	case len(refuses) > 0:
		return run.Pass, "refuses on " + strings.Join(refuses, " and ") + ": the host is up"
	}
	return run.Warn, strings.Join(rest, ", ") + ": the host may not be up, or drops these too"
}

// icmpFrom tells whether the address itself sent the ICMP message that ended
// the attempt.
func icmpFrom(d evidence.Dial, a netip.Addr) bool {
	for _, try := range d.Tries {
		if strings.HasSuffix(try.ICMP, " from "+a.String()) {
			return true
		}
	}
	return false
}
