package checks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// counts are questions by whom they were sent to.
type counts struct {
	dns    map[netip.AddrPort]int
	clocks map[string]int // by address or name, without SNTP's own port
	clock  string         // what a question in clocks is called
}

// tally counts the DNS and SNTP questions that go out, so that what a run says
// it sent includes tries that no evidence shows.
type tally struct {
	next Exchanger
	udp  Dialer
	mu   sync.Mutex
	sent counts
}

func newTally(next Exchanger, udp Dialer) *tally {
	return &tally{next: next, udp: udp, sent: counts{dns: map[netip.AddrPort]int{}, clocks: map[string]int{}, clock: "SNTP question"}}
}

// Exchange implements [Exchanger].
func (t *tally) Exchange(ctx context.Context, msg *dns.Msg, server netip.AddrPort, network string) (*dns.Msg, time.Duration, error) {
	answer, took, err := t.next.Exchange(ctx, msg, server, network)
	var op *net.OpError
	if network == "udp" && errors.As(err, &op) && op.Op == "dial" {
		return answer, took, err // no route: a datagram was never sent
	}
	t.mu.Lock()
	t.sent.dns[server]++
	t.mu.Unlock()
	return answer, took, err
}

// DialContext implements [Dialer] for clock queries: one datagram a socket.
func (t *tally) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := t.udp.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if host, port, err := net.SplitHostPort(address); err == nil && port == "123" {
		address = host
	}
	t.mu.Lock()
	t.sent.clocks[address]++
	t.mu.Unlock()
	return conn, nil
}

func (t *tally) counts() counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return counts{maps.Clone(t.sent.dns), maps.Clone(t.sent.clocks), t.sent.clock}
}

// questionsIn counts the questions that evidence of live checks shows: of those
// for the time only the answered ones.
func questionsIn(set evidence.Set) counts {
	n := counts{map[netip.AddrPort]int{}, map[string]int{}, "answered SNTP question"}
	count := func(o evidence.Origin, server netip.AddrPort) {
		if o.Live() && server.IsValid() {
			n.dns[server]++
		}
	}
	for _, a := range set.SRV {
		count(a.Origin, a.Resolver)
		if a.TCP {
			count(a.Origin, a.Resolver)
		}
	}
	for _, a := range set.Addresses {
		count(a.Origin, a.Resolver)
	}
	for _, c := range set.Clocks {
		if c.Origin.Live() && c.Method == "SNTP" && c.Than == "this machine" {
			n.clocks[c.Of]++
		}
	}
	return n
}

// sentLines says what was sent to whom, a kind of traffic a line.
func sentLines(questions counts, observed ...evidence.Set) []string {
	return run.TrafficLines(traffic(questions, observed...))
}

// traffic counts what was sent to whom. Only evidence of live checks counts: a
// capture or a paste sends nothing.
func traffic(questions counts, observed ...evidence.Set) []run.Traffic {
	connections, binds, requests := map[netip.AddrPort]int{}, map[netip.AddrPort]int{}, map[netip.AddrPort]int{}
	conversations := map[netip.AddrPort]int{}
	for _, set := range observed {
		for _, d := range set.DirectoryReads {
			if d.Origin.Live() && d.Address.IsValid() {
				conversations[d.Address]++
			}
		}
		for _, d := range set.Dials {
			if !d.Origin.Live() {
				continue
			}
			for _, try := range d.Tries {
				if try.Outcome != evidence.NoFamily && try.Outcome != evidence.NoRoute && try.Outcome != evidence.LocalRefusal {
					connections[d.Address]++
				}
			}
		}
		for _, b := range set.Binds {
			if b.Origin.Live() {
				binds[b.Address]++
			}
		}
		for _, x := range set.Exchanges {
			if x.Origin.Live() {
				requests[x.Address]++
			}
		}
	}
	var list []run.Traffic
	list = appendSent(list, "DNS question", questions.dns, resolverName)
	list = appendSent(list, "LDAP conversation", conversations, netip.AddrPort.String)
	list = appendSent(list, "TCP connection attempt", connections, netip.AddrPort.String)
	list = appendSent(list, "RPC bind", binds, netip.AddrPort.String)
	list = appendSent(list, "KMS request", requests, netip.AddrPort.String)
	return appendSent(list, questions.clock, questions.clocks, evidence.Clean)
}

// resolverName leaves out the port where it is DNS's own.
func resolverName(a netip.AddrPort) string {
	if a.Port() == 53 {
		return a.Addr().String()
	}
	return a.String()
}

// appendSent adds what was sent of one kind, by its receiver's name.
func appendSent[K comparable](list []run.Traffic, what string, n map[K]int, name func(K) string) []run.Traffic {
	from := len(list)
	for to, times := range n {
		list = append(list, run.Traffic{What: what, To: name(to), Times: times})
	}
	slices.SortFunc(list[from:], func(a, b run.Traffic) int { return cmp.Compare(a.To, b.To) })
	return list
}

// plural counts things: "1 record", "2 records".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if strings.HasSuffix(what, "address") {
		return fmt.Sprintf("%d %ses", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}
