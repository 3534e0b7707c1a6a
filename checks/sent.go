package checks

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// tally counts the DNS questions that go out, so that what a run says it sent
// includes tries that no evidence shows.
type tally struct {
	next Exchanger
	mu   sync.Mutex
	sent map[netip.AddrPort]int
}

// Exchange implements [Exchanger].
func (t *tally) Exchange(ctx context.Context, msg *dns.Msg, server netip.AddrPort, network string) (*dns.Msg, time.Duration, error) {
	t.mu.Lock()
	t.sent[server]++
	t.mu.Unlock()
	return t.next.Exchange(ctx, msg, server, network)
}

func (t *tally) counts() map[netip.AddrPort]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.sent)
}

// questionsIn counts the DNS questions that evidence of live checks shows.
func questionsIn(set evidence.Set) map[netip.AddrPort]int {
	n := map[netip.AddrPort]int{}
	count := func(o evidence.Origin, server netip.AddrPort) {
		if o.Live() && server.IsValid() {
			n[server]++
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
	return n
}

// sentLines says what was sent to whom, a kind of traffic a line. Only evidence
// of live checks counts: a capture or a paste sends nothing.
func sentLines(questions map[netip.AddrPort]int, set evidence.Set) []string {
	connections, requests := map[netip.AddrPort]int{}, map[netip.AddrPort]int{}
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
	for _, x := range set.Exchanges {
		if x.Origin.Live() {
			requests[x.Address]++
		}
	}
	clocks := map[string]int{}
	for _, c := range set.Clocks {
		if c.Origin.Live() && c.Method == "SNTP" && c.Than == "this machine" {
			clocks[c.Of]++
		}
	}
	var lines []string
	lines = appendSent(lines, "DNS question", questions, cmpAddrPort, resolverName)
	lines = appendSent(lines, "TCP connection attempt", connections, cmpAddrPort, netip.AddrPort.String)
	lines = appendSent(lines, "KMS request", requests, cmpAddrPort, netip.AddrPort.String)
	return appendSent(lines, "answered SNTP question", clocks, cmp.Compare[string], evidence.Clean)
}

func cmpAddrPort(a, b netip.AddrPort) int { return a.Compare(b) }

// resolverName leaves out the port where it is DNS's own.
func resolverName(a netip.AddrPort) string {
	if a.Port() == 53 {
		return a.Addr().String()
	}
	return a.String()
}

// sentNames is how many receivers a line names before it only counts them.
const sentNames = 8

// appendSent adds "7 DNS questions (4 to 10.0.0.2, 3 to 10.0.0.3)".
func appendSent[K comparable](lines []string, what string, n map[K]int, order func(K, K) int, name func(K) string) []string {
	if len(n) == 0 {
		return lines
	}
	keys := slices.SortedFunc(maps.Keys(n), order)
	total := 0
	var parts []string
	for i, k := range keys {
		total += n[k]
		if i < sentNames {
			parts = append(parts, fmt.Sprintf("%d to %s", n[k], name(k)))
		}
	}
	if more := len(keys) - sentNames; more > 0 {
		parts = append(parts, fmt.Sprintf("the rest to %d others", more))
	}
	if len(keys) == 1 {
		return append(lines, fmt.Sprintf("%s to %s", plural(total, what), name(keys[0])))
	}
	return append(lines, fmt.Sprintf("%s (%s)", plural(total, what), strings.Join(parts, ", ")))
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
