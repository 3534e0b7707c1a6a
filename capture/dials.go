package capture

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// dialOutcome says how a connection attempt went, as far as packets show; "" if
// the capture ended too early to tell.
func dialOutcome(c *Connection) evidence.DialOutcome {
	switch {
	case c.SYN == 0 && c.SYNACK == 0, c.ClientBytes > 0 || c.HostByte > 0:
		return evidence.Open
	case c.SYNACK > 0 && c.SYN > 0 && c.Acknowledged, c.SYNACK > 0 && c.FINClient:
		return evidence.Open
	case c.SYNACK > 1:
		return evidence.HalfOpen
	case c.SYNACK > 0:
		return evidence.Open
	case c.RSTHost:
		return evidence.Refused
	case c.ICMP != nil:
		return c.ICMP.Outcome()
	case c.FINClient || c.Acknowledged:
		return evidence.Open // only one direction was captured
	case c.CutOff:
		return ""
	}
	return evidence.Silent
}

// Outcome is what the error says of a connection attempt.
func (n *ICMPNote) Outcome() evidence.DialOutcome {
	switch {
	case n.V6 && n.Type == 1 && (n.Code == 1 || n.Code == 5), !n.V6 && n.Type == 3 && (n.Code == 9 || n.Code == 10 || n.Code == 13):
		return evidence.Prohibited
	case n.V6 && n.Type == 1 && n.Code == 4, !n.V6 && n.Type == 3 && n.Code == 3:
		return evidence.PortUnreachable
	}
	return evidence.Unreachable
}

// connection keeps what a connection says of reaching and binding a host.
func (s *samples) connection(c *Connection) {
	outcome := dialOutcome(c)
	if outcome != "" {
		s.dial(c, outcome)
	}
	if c.HasBind {
		s.bind(c)
	}
}

func (s *samples) dial(c *Connection, outcome evidence.DialOutcome) {
	key := dialKey{c.Client.Addr(), c.Host, outcome}
	if outcome == evidence.Open {
		key.client = c.Host.Addr() // open ones are told apart by host alone
	}
	at, known := s.dials[key]
	if known && outcome == evidence.Open {
		return
	}
	if !known && len(s.set.Dials) >= 2*maxSampled {
		return
	}
	d := evidence.Dial{
		Origin: evidence.Origin{File: c.File}, Purpose: evidence.DialKMS, Address: c.Host, Port: c.Host.Port(), Local: c.Client, Outcome: outcome,
	}
	syns := c.SYNs
	if syns == nil && c.SYN > 0 {
		syns = []origin{{c.First, c.Span.First}}
	}
	for i, syn := range syns {
		t := evidence.Try{Started: stamp(syn.time), Outcome: outcome}
		if i+1 < len(syns) {
			t.Outcome = evidence.Silent
		}
		if c.ICMP != nil {
			t.ICMP = fmt.Sprintf("%d/%d from %s", c.ICMP.Type, c.ICMP.Code, c.ICMP.From)
		}
		d.Tries = append(d.Tries, t)
		if len(d.Origin.Packets) < 8 {
			d.Origin.Packets = append(d.Origin.Packets, syn.number)
		}
	}
	if len(syns) == 0 {
		d.Origin.Packets = []int64{c.Span.First}
	}
	switch {
	case c.ICMP != nil:
		d.Origin.Packets = append(d.Origin.Packets, c.ICMP.Number)
	case c.Rejected != 0 && outcome == evidence.Refused:
		d.Origin.Packets = append(d.Origin.Packets, c.Rejected)
	}
	if c.Established > 0 && c.SYN > 0 {
		d.Took = time.Duration(c.Established - c.First)
	}
	if known {
		s.set.Dials[at] = d
		return
	}
	s.dials[key] = len(s.set.Dials)
	s.set.Dials = append(s.set.Dials, d)
}

// bind keeps the first bind of each outcome of a host, and the last one.
func (s *samples) bind(c *Connection) {
	outcome, _ := bindOutcome(c)
	if outcome == "" {
		return
	}
	key := bindKey{c.Host, outcome}
	switch k := s.binds[key]; {
	case k != nil:
		k.Connection, k.set = *c, true
	case len(s.set.Binds) < maxSampled:
		s.binds[key] = &lateBind{}
		s.set.Binds = append(s.set.Binds, *bindEvidence(c))
	}
}

// settleBinds turns the last bind of each kind into evidence.
func (s *samples) settleBinds() {
	var late []*lateBind
	for _, k := range s.binds {
		if k.set {
			late = append(late, k)
		}
	}
	slices.SortFunc(late, func(a, b *lateBind) int { return cmp.Compare(a.Number, b.Number) })
	for _, k := range late {
		s.set.Binds = append(s.set.Binds, *bindEvidence(&k.Connection))
	}
	clear(s.binds)
}

// bindOutcome says how a bind went; "" where the capture does not show it.
func bindOutcome(c *Connection) (evidence.BindOutcome, string) {
	n := &c.Bind
	switch {
	case !c.HasBind, n.Foreign: // or a client of something else
		return "", ""
	case n.Nak != nil:
		return evidence.BindNak, n.Nak.Reason.String()
	case n.Fault != nil:
		return evidence.BindFault, ""
	case n.syntaxes.n > 0:
		return evidence.BindAccepted, ""
	case n.NotRPC != nil:
		return evidence.BindNotRPC, ""
	case n.Rejected && n.Answered.number != 0:
		return rejection(n.Results)
	case n.Asked.number == 0, c.SYN > 0 && c.SYNACK == 0 && c.HostByte == 0: // one direction alone was captured
		return "", ""
	case c.RSTHost:
		return evidence.BindReset, ""
	case c.FINHost && c.HostByte == 0 && (!c.FINClient || c.HostFirst):
		return evidence.BindClosed, ""
	case c.HostByte == 0 && !c.FINClient && !c.CutOff:
		return evidence.BindSilent, ""
	}
	return "", ""
}

// otherRefused tells whether a bind for other interfaces than that of KMS was
// refused.
func (b *BindNote) otherRefused() bool {
	if !b.Foreign || b.syntaxes.n > 0 {
		return false
	}
	for _, r := range b.Results {
		if r.Result == dcerpc.Acceptance {
			return false
		}
	}
	return b.Nak != nil || len(b.Results) > 0
}

// bindEvidence says a bind in the words of evidence.
func bindEvidence(c *Connection) *evidence.Bind {
	n := &c.Bind
	b := &evidence.Bind{
		Origin: evidence.Origin{File: c.File}, Address: c.Host, Features: n.Features, MaxXmit: n.MaxXmit, MaxRecv: n.MaxRecv,
		Group: n.Group, Started: stamp(n.Asked.time), First: n.NotRPC,
	}
	b.Outcome, b.Detail = bindOutcome(c)
	for _, o := range []origin{n.Asked, n.Answered} {
		if o.number != 0 {
			b.Origin.Packets = append(b.Origin.Packets, o.number)
		}
	}
	if len(b.Origin.Packets) == 0 {
		b.Origin.Packets = []int64{c.Span.First, c.Span.Last}
	}
	if n.Asked.time > 0 && n.Answered.time > 0 {
		b.Took = time.Duration(n.Answered.time - n.Asked.time)
	}
	if c.Established > 0 {
		b.Connect = time.Duration(c.Established - c.First)
	}
	for _, s := range n.Syntaxes() {
		b.Accepted = append(b.Accepted, s.String())
		b.Syntax = s.String()
	}
	switch {
	case n.Nak != nil:
		b.Reason = uint16(n.Nak.Reason)
	case n.Fault != nil:
		b.Status = uint32(n.Fault.Status)
	case n.NotRPC != nil:
		b.LooksLike = dcerpc.Identify(n.NotRPC)
	}
	return b
}

// rejection says why no context was accepted.
func rejection(results []dcerpc.ContextResult) (evidence.BindOutcome, string) {
	outcome, detail := evidence.BindRejected, ""
	for _, r := range results {
		if r.Result == dcerpc.Acceptance || r.Result == dcerpc.NegotiateAck {
			continue
		}
		detail = r.String()
		switch r.Reason {
		case dcerpc.ReasonAbstractSyntax:
			return evidence.BindNoInterface, detail
		case dcerpc.ReasonTransferSyntax:
			outcome = evidence.BindNoSyntax
		}
	}
	return outcome, detail
}

// Trouble says in a few words why a connection brought no KMS conversation, or
// "" where it shows none.
func (c *Connection) Trouble() string {
	tries := ""
	if c.SYN > 1 {
		tries = fmt.Sprintf(", %d SYNs", c.SYN)
	}
	switch dialOutcome(c) {
	case evidence.Silent:
		return "silence" + tries
	case evidence.Refused:
		return "reset"
	case evidence.HalfOpen:
		return fmt.Sprintf("%d SYN-ACKs, never acknowledged", c.SYNACK)
	case evidence.Prohibited, evidence.PortUnreachable, evidence.Unreachable:
		return fmt.Sprintf("ICMP %d/%d from %s", c.ICMP.Type, c.ICMP.Code, c.ICMP.From)
	}
	outcome, detail := bindOutcome(c)
	if c.Bind.otherRefused() {
		return "bind for another interface, refused"
	}
	if c.CutOff && outcome == "" {
		return "still open when the capture ended"
	}
	if outcome == "" || outcome == evidence.BindAccepted {
		return ""
	}
	text := "bind: " + string(outcome)
	if detail != "" {
		text += ", " + detail
	}
	return text
}
