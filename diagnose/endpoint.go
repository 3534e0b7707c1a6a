package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

const defaultPort = 1688

// endedAs tells whether a dial ended in one of the outcomes. What a tool calls
// failed, without saying how, may have been silence: Test-NetConnection is such
// a tool.
func endedAs(d evidence.DialOutcome, outcomes []evidence.DialOutcome) bool {
	return slices.Contains(outcomes, d) || d == evidence.DialFailed && slices.Contains(outcomes, evidence.Silent)
}

// with returns the dials that ended in one of the outcomes.
func (e *endpoint) with(outcomes ...evidence.DialOutcome) []*evidence.Dial {
	var out []*evidence.Dial
	for _, d := range e.dials {
		if endedAs(d.Outcome, outcomes) {
			out = append(out, d)
		}
	}
	return out
}

// open tells whether a connection to the endpoint was made, by anybody.
func (e *endpoint) open() bool {
	return len(e.exchanges) > 0 || len(e.binds) > 0 || e.tally[evidence.Open] > 0
}

// all tells whether the endpoint was dialled and every source ended so.
func (e *endpoint) all(outcomes ...evidence.DialOutcome) bool {
	n := 0
	for o, times := range e.tally {
		if endedAs(o, outcomes) {
			n += times
		}
	}
	return len(e.dials) > 0 && !e.open() && n == len(e.dials)
}

// bound tells whether an RPC bind was accepted.
func (e *endpoint) bound() bool {
	if len(e.exchanges) > 0 {
		return true
	}
	for _, b := range e.binds {
		if b.Outcome == evidence.BindAccepted {
			return true
		}
	}
	return false
}

// served returns the latest exchange that the host served.
func (e *endpoint) served() *evidence.Exchange {
	return e.last(func(x *evidence.Exchange) bool { return x.Outcome == evidence.Served })
}

func (e *endpoint) last(is func(*evidence.Exchange) bool) *evidence.Exchange {
	for _, x := range slices.Backward(e.exchanges) {
		if is(x) {
			return x
		}
	}
	return nil
}

// name is how a sentence calls the endpoint: "kms01 10.0.0.5:1688".
func (e *endpoint) name() string {
	host := e.host.shown
	switch {
	case !e.addr.Addr().IsValid():
		return fmt.Sprintf("%s:%d", host, e.port())
	case host == e.addr.Addr().String():
		return e.addr.String()
	}
	return host + " " + e.addr.String()
}

func (e *endpoint) port() uint16 {
	if p := e.addr.Port(); p != 0 {
		return p
	}
	return defaultPort
}

// values are what a page's placeholders stand for, about this endpoint.
func (e *endpoint) values(c *clues) map[string]string {
	v := map[string]string{"host": e.host.name, "target": e.host.name, "port": fmt.Sprint(e.port()), "client": c.client(e)}
	if a := e.addr.Addr(); a.IsValid() {
		v["address"] = a.String()
	}
	e.host.published(v)
	if len(e.host.domains) > 0 {
		v["domain"] = e.host.domains[0].name
	}
	var outcomes, times []string
	for _, d := range e.dials {
		if d.Outcome == evidence.Open {
			continue
		}
		text := triedText(d)
		if slices.Contains(outcomes, text) || len(outcomes) == maxEach {
			continue // the times are those of the tries that were counted
		}
		outcomes = append(outcomes, text)
		for _, t := range d.Tries {
			if len(times) < maxEach && !t.Started.IsZero() {
				times = append(times, utc(t.Started))
			}
		}
	}
	if text, when := e.lost(); text != "" {
		outcomes, times = append(outcomes, text), append(times, when)
	}
	times = slices.DeleteFunc(times, func(t string) bool { return t == "" })
	v["outcome"], v["times"] = strings.Join(outcomes, "; "), strings.Join(times, ", ")
	return v
}

// lost says how and when the RPC ended that brought no answer of a KMS; "" where
// one did.
func (e *endpoint) lost() (text, when string) {
	var started time.Time
	switch b := e.lastBind(); {
	case len(e.exchanges) > 0:
		x := e.lastSeen()
		if x == nil || x.Answered() {
			return "", ""
		}
		text, started = exchangeEnd(x), x.SentAt
	case b != nil && !e.bound():
		text, started = bindText(b), b.Started
	}
	if !started.IsZero() {
		when = utc(started)
	}
	return text, when
}

// ending is the finding of how far the endpoint was reached.
func (e *endpoint) ending() Finding {
	if len(e.exchanges)+len(e.binds) > 0 {
		return e.rpcFinding()
	}
	return e.tried(e.dials[0])
}

func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.0") + " UTC" }

// client is the address connections to the endpoint came from, or would.
func (c *clues) client(e *endpoint) string {
	for _, d := range e.dials {
		if d.Outcome != evidence.Open && d.Local.IsValid() {
			return d.Local.Addr().String()
		}
	}
	for _, d := range e.dials {
		if d.Local.IsValid() {
			return d.Local.Addr().String()
		}
	}
	if a := c.source(e.addr.Addr()); a.IsValid() {
		return a.String()
	}
	return ""
}

// source is the own address that reaches a peer: one seen on a connection of
// this run, or the machine's only address of that family; not valid if unknown.
func (c *clues) source(peer netip.Addr) netip.Addr {
	if !peer.IsValid() {
		return netip.Addr{}
	}
	if c.sources == nil {
		c.sources = map[bool]netip.Addr{}
		count := map[bool]int{}
		for a := range c.own {
			if !a.IsLoopback() && !a.IsLinkLocalUnicast() {
				c.sources[a.Is4()] = a
				count[a.Is4()]++
			}
		}
		for v4, n := range count {
			if n > 1 {
				delete(c.sources, v4)
			}
		}
		for i := range c.set.Dials {
			if d := &c.set.Dials[i]; d.Origin.Live() && d.Local.IsValid() {
				c.sources[d.Local.Addr().Is4()] = d.Local.Addr()
			}
		}
	}
	known := c.sources[peer.Is4()]
	net := subnetOf(peer)
	if subnetOf(known) == net {
		return known
	}
	var beside netip.Addr // an own address in the peer's subnet
	for a := range c.own {
		if subnetOf(a) == net && (!beside.IsValid() || a.Less(beside)) {
			beside = a
		}
	}
	if beside.IsValid() {
		return beside
	}
	return known
}

// triedText says how a connection attempt ended.
func triedText(d *evidence.Dial) string {
	tries := ""
	if n := len(d.Tries); n > 1 {
		tries = fmt.Sprintf(" to %d tries", n)
	}
	switch d.Outcome {
	case evidence.Open:
		return "open"
	case evidence.Refused:
		return "refused by a reset"
	case evidence.Silent:
		return "no answer at all" + tries
	case evidence.Unreachable:
		if noNeighbour(d) {
			return "no neighbour answered for the address: nothing that has it is up on this network"
		}
		if perhapsNeighbour(d) {
			return "the host is unreachable, by ICMP or because no neighbour answered: the system does not tell"
		}
		return "ICMP says the host or network is unreachable" + icmp(d)
	case evidence.PortUnreachable:
		return "rejected with ICMP port unreachable" + icmp(d)
	case evidence.Prohibited:
		return "a filter answered that it is prohibited" + icmp(d)
	case evidence.RejectedByICMP:
		return "refused, by a reset or by ICMP"
	case evidence.NoRoute:
		return "this machine has no route there"
	case evidence.LocalRefusal:
		return "this machine's own policy or firewall refused the connection"
	case evidence.DialFailed:
		return "no connection; the tool does not say whether it was refused or met silence"
	case evidence.HalfOpen:
		return "SYN-ACK sent again and again, never acknowledged"
	}
	if n := len(d.Tries); n > 0 && d.Tries[n-1].Detail != "" {
		return evidence.Clean(d.Tries[n-1].Detail)
	}
	return string(d.Outcome)
}

// noNeighbour tells whether the machine that dialled is on the network of the
// address and found nobody there who has it. The words are those of package
// checks.
func noNeighbour(d *evidence.Dial) bool {
	return d.Outcome == evidence.Unreachable && tells(d, "no neighbour answered")
}

// perhapsNeighbour holds where the system says the same of an answer by ICMP and
// of a neighbour that is not there.
func perhapsNeighbour(d *evidence.Dial) bool {
	return d.Outcome == evidence.Unreachable && tells(d, "for want of a neighbour")
}

func tells(d *evidence.Dial, words string) bool {
	return slices.ContainsFunc(d.Tries, func(t evidence.Try) bool { return strings.Contains(t.Detail, words) })
}

// absent holds for an own host whose address nobody on this network has.
func (c *clues) absent(e *endpoint) bool {
	if e.host.cloud != nil || !e.all(evidence.Unreachable) {
		return false
	}
	d := e.dials[0]
	return noNeighbour(d) || perhapsNeighbour(d) && c.sameSubnet(e)
}

func icmp(d *evidence.Dial) string {
	for _, t := range d.Tries {
		if t.ICMP != "" {
			return " (ICMP " + evidence.Clean(t.ICMP) + ")"
		}
	}
	return ""
}

// up returns the observation that shows the host to be running, apart from its
// KMS port, if there is one.
func (h *host) up() (Finding, bool) {
	for _, d := range h.alive {
		if d.Outcome == evidence.Open {
			return Finding{fmt.Sprintf("%s answers on port %d: the host is up", h.shown, dialPort(d)), d.Origin}, true
		}
	}
	for _, d := range h.alive {
		if d.Outcome == evidence.Refused {
			return Finding{fmt.Sprintf("%s refuses port %d at once: something is up at that address", h.shown, dialPort(d)), d.Origin}, true
		}
	}
	for _, e := range h.ends {
		if e.open() {
			return Finding{e.name() + " accepts connections: the host is up", e.origin()}, true
		}
	}
	for _, p := range h.pings {
		if p.Answered {
			return Finding{h.shown + " answers ping: the host is up", p.Origin}, true
		}
	}
	return Finding{}, false
}

// quiet returns the observation that nothing else of the host answered either.
func (h *host) quiet() (Finding, bool) {
	if _, up := h.up(); up || len(h.alive) == 0 {
		return Finding{}, false
	}
	d := h.alive[0]
	return Finding{fmt.Sprintf("no other port of %s answered either (port %d tried)", h.shown, dialPort(d)), d.Origin}, true
}

func dialPort(d *evidence.Dial) uint16 {
	if d.Port != 0 {
		return d.Port
	}
	return d.Address.Port()
}

// tried is the finding of a dial.
func (e *endpoint) tried(d *evidence.Dial) Finding {
	return Finding{e.name() + ": " + triedText(d), d.Origin}
}
