package diagnose

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// Conclusion is the honest verdict in words: what was proved, for whom and from
// where; what does not work; and what nobody looked at.
type Conclusion struct {
	Proved    []string `json:"proved,omitempty"`
	NotTested []string `json:"not_tested,omitempty"`
	Text      string   `json:"text"` // a sentence a line, the last about what was not tested
}

// Conclude puts a set and its diagnosis into words. An accepted request proves
// that its host serves this product, asked from this address with this clock;
// nothing is said about machines that were not looked at.
func Conclude(set *evidence.Set, causes []Cause) Conclusion {
	c := gather(set)
	asked := c.proved(func(x *evidence.Exchange) bool { return !x.Second })
	beside := c.proved(func(x *evidence.Exchange) bool { return x.Second })
	notTested := c.notTested()
	lines := slices.Concat(asked, c.failures(), beside, c.caveats())
	if len(lines) == 0 || c.pasted() {
		lines = append(lines, c.ofPaste(causes)...)
	}
	lines = append(lines, c.urgency(causes)...)
	lines = append(lines, notTestedLine(notTested))
	return Conclusion{Proved: slices.Concat(asked, beside), NotTested: notTested, Text: strings.Join(lines, "\n")}
}

// asking is who asked for what: exchanges that share it say one thing.
type asking struct {
	activationID, countedID string
	client                  netip.Addr
	live                    bool
}

func askingOf(x *evidence.Exchange) asking {
	return asking{x.ActivationID, x.CountedID, x.Client.Addr(), x.Origin.Live()}
}

// latest returns the endpoint's last answered exchange of each asking, the
// newest first.
func (e *endpoint) latest() []*evidence.Exchange {
	var out []*evidence.Exchange
	seen := map[asking]bool{}
	for _, x := range slices.Backward(e.exchanges) {
		if !x.Answered() || seen[askingOf(x)] {
			continue
		}
		seen[askingOf(x)] = true
		out = append(out, x)
	}
	return out
}

// proved groups the served exchanges by product and asking address. Live ones
// speak of a client that would ask as this machine did; captured ones of the
// client that did.
func (c *clues) proved(of func(*evidence.Exchange) bool) []string {
	type question struct {
		product, from string
		live          bool
	}
	var order []question
	hosts := map[question][]string{}
	for _, e := range c.ends {
		for _, x := range e.latest() {
			if !proves(x) || !of(x) {
				continue
			}
			q := question{product(x), c.asker(e, x), x.Origin.Live()}
			if hosts[q] == nil {
				order = append(order, q)
			}
			if !slices.Contains(hosts[q], e.host.shown) {
				hosts[q] = append(hosts[q], e.host.shown)
			}
		}
	}
	var out []string
	for i, q := range order {
		if i == maxEach {
			return append(out, fmt.Sprintf("%d more clients or products were served.", len(order)-i))
		}
		from := ""
		if q.from != "" {
			from = " from " + q.from
		}
		if q.live {
			out = append(out, fmt.Sprintf("A KMS client asking for %s%s would be served by %s.", q.product, from, list(hosts[q])))
		} else {
			out = append(out, fmt.Sprintf("A request for %s%s was served by %s.", q.product, from, list(hosts[q])))
		}
	}
	return out
}

// proves tells whether an answer would activate the product's own client: every
// check passed, in the version that client speaks, with a count that suffices.
func proves(x *evidence.Exchange) bool {
	return x.Outcome == evidence.Served && !uncounted(x) && int(x.Count) >= needed(x) && (x.Wanted == "" || x.Wanted == x.Version)
}

// uncounted tells whether the host stated no count: -1.
func uncounted(x *evidence.Exchange) bool { return x.Count == math.MaxUint32 }

// asker is the address a request came from.
func (c *clues) asker(e *endpoint, x *evidence.Exchange) string {
	if x.Client.IsValid() {
		return x.Client.Addr().String()
	}
	return evidence.Clean(c.client(e))
}

// failures says a sentence for each way in which hosts and domains fail.
func (c *clues) failures() []string {
	var out []string
	for _, d := range c.domains {
		switch {
		case d.has():
			if empty := d.withoutRecord(); len(empty) > 0 {
				out = append(out, fmt.Sprintf("Clients that ask %s find no KMS host for %s.", list(empty), evidence.Clean(d.name)))
			}
		case d.empty() != nil && d.isActiveDirectory() != nil:
			out = append(out, fmt.Sprintf("%s has no SRV record for KMS, as these DNS servers answer; normal if AD-based activation is used.", evidence.Clean(d.name)))
		case d.empty() != nil && c.expected(d):
			out = append(out, fmt.Sprintf("No KMS host is published for %s, as these DNS servers answer.", evidence.Clean(d.name)))
		case d.empty() == nil && len(d.kms) > 0:
			out = append(out, fmt.Sprintf("No DNS server answered for %s.", evidence.Clean(d.name)))
		}
	}
	for _, s := range []struct {
		is        func(*host) bool
		sole, all string
	}{
		{func(h *host) bool { ok, was, _ := h.resolves(); return was && !ok }, "has no address", "have no address"},
		{dead(evidence.Silent), "is silent", "are silent"},
		{dead(evidence.DialFailed), "accepts no connection", "accept no connection"},
		{dead(evidence.Refused, evidence.RejectedByICMP), "refuses the connection", "refuse the connection"},
		{dead(evidence.Prohibited, evidence.PortUnreachable), "is kept away by a filter", "are kept away by a filter"},
		{dead(evidence.LocalRefusal), "was not asked: this machine refuses the connection itself", "were not asked: this machine refuses the connections itself"},
		{func(h *host) bool {
			return dead(evidence.NoRoute, evidence.Unreachable)(h) && !slices.ContainsFunc(h.ends, c.absent) && !h.onlyCaptured()
		}, "cannot be reached from here", "cannot be reached from here"},
		{func(h *host) bool {
			return dead(evidence.NoRoute, evidence.Unreachable)(h) && !slices.ContainsFunc(h.ends, c.absent) && h.onlyCaptured()
		}, "could not be reached by the clients in the capture", "could not be reached by the clients in the capture"},
		{func(h *host) bool { return slices.ContainsFunc(h.ends, c.absent) && dead(evidence.Unreachable)(h) }, "is not on this network: no neighbour answered for its address", "are not on this network: no neighbour answered for their addresses"},
		{mute, "accepts connections and gives no KMS answer", "accept connections and give no KMS answer"},
	} {
		if names := c.shown(s.is); len(names) == 1 {
			out = append(out, names[0]+" "+s.sole+".")
		} else if len(names) > 1 {
			out = append(out, list(names)+" "+s.all+".")
		}
	}
	out = append(out, c.closedPorts()...)
	return append(out, c.weakAnswers()...)
}

// closedPorts says which port of an address is closed while another accepts
// connections.
func (c *clues) closedPorts() []string {
	var out []string
	for _, e := range c.ends {
		if len(e.dials) == 0 || e.open() || e.all(evidence.NoFamily) || len(out) == maxEach {
			continue
		}
		i := slices.IndexFunc(e.host.ends, func(o *endpoint) bool {
			return o.open() && o.addr.Addr() == e.addr.Addr()
		})
		if i >= 0 {
			out = append(out, fmt.Sprintf("%s accepts connections on port %d; port %d: %s.", e.host.shown, e.host.ends[i].port(), e.port(), triedText(e.dials[0])))
		}
	}
	return out
}

func (c *clues) shown(is func(*host) bool) []string {
	var names []string
	for _, h := range c.hosts {
		if is(h) {
			names = append(names, h.shown)
		}
	}
	return names
}

// dead holds for a host of which no endpoint accepts a connection, where the
// first one that was tried ended so.
func dead(outcomes ...evidence.DialOutcome) func(*host) bool {
	return func(h *host) bool {
		if slices.ContainsFunc(h.ends, (*endpoint).open) {
			return false
		}
		i := slices.IndexFunc(h.ends, func(e *endpoint) bool { return len(e.dials) > 0 && !e.all(evidence.NoFamily) })
		return i >= 0 && slices.ContainsFunc(h.ends[i].dials, func(d *evidence.Dial) bool { return slices.Contains(outcomes, d.Outcome) })
	}
}

// onlyCaptured tells whether all that is known of the host's endpoints was seen in
// a capture: nothing was tried from this machine.
func (h *host) onlyCaptured() bool {
	return len(h.ends) > 0 && !slices.ContainsFunc(h.ends, (*endpoint).triedElsewhere)
}

// triedElsewhere tells whether something is known of an endpoint that no capture
// shows.
func (e *endpoint) triedElsewhere() bool {
	return e.origin().File == "" || slices.ContainsFunc(e.dials, func(d *evidence.Dial) bool { return d.Origin.File == "" })
}

// mute holds for a host that was asked and gave no answer of a KMS.
func mute(h *host) bool {
	asked := false
	for _, e := range h.ends {
		if e.last(func(x *evidence.Exchange) bool { return x.Answered() }) != nil {
			return false
		}
		b := e.lastBind()
		asked = asked || e.lastSeen() != nil || b != nil && !e.bound()
	}
	return asked
}

// weakAnswers are answers that do not activate anybody, each with its reason.
func (c *clues) weakAnswers() []string {
	var out []string
	for _, e := range c.ends {
		told := map[string]bool{} // counts that grew
		for _, x := range e.latest() {
			text := weak(e.host.shown, x)
			if x.Outcome == evidence.Served && tooLow(x) && e.suffices(x) {
				key := fmt.Sprint(counter(x), needed(x))
				if told[key] {
					continue
				}
				told[key], text = true, e.grown(x)
			}
			if text != "" && !slices.Contains(out, text) && len(out) < maxEach {
				out = append(out, text)
			}
		}
	}
	return out
}

// grown says until when the count of an endpoint was too low for a product.
func (e *endpoint) grown(x *evidence.Exchange) string {
	n := needed(x)
	last := e.last(func(l *evidence.Exchange) bool {
		return l.Outcome == evidence.Served && counter(l) == counter(x) && needed(l) == n && tooLow(l)
	})
	until := ""
	if !last.SentAt.IsZero() {
		until = " until " + utc(last.SentAt)
	}
	return fmt.Sprintf("The count of %s was below %d%s; it suffices since.", e.host.shown, n, until)
}

// weak says why an answer activates nobody; "" for one that does.
func weak(host string, x *evidence.Exchange) string {
	switch {
	case proves(x):
		return ""
	case x.Outcome == evidence.HostRefused:
		return fmt.Sprintf("%s refuses %s with 0x%08X.", host, product(x), x.HRESULT)
	case x.Outcome == evidence.Unverified:
		return fmt.Sprintf("%s answers for %s, but its answer fails the checks a client makes.", host, product(x))
	case uncounted(x):
		return fmt.Sprintf("%s answers for %s and states no count: whether it would activate a client was not shown.", host, product(x))
	case int(x.Count) < needed(x):
		return fmt.Sprintf("%s answers for %s and counts %s; a client is activated from %d on.", host, product(x), counted(x), needed(x))
	}
	return fmt.Sprintf("%s answers for %s in protocol %s only; its clients ask in %s, which was not shown to work.",
		host, product(x), evidence.Clean(x.Version), evidence.Clean(x.Wanted))
}

// caveats say what a good answer does not show, where the evidence gives reason
// to.
func (c *clues) caveats() []string {
	var out []string
	var probe, own, local []string
	for _, e := range c.ends {
		x := e.served()
		if x == nil || !x.Origin.Live() {
			continue
		}
		if n := needed(x); x.Probe && int(x.Count) == n {
			probe = append(probe, fmt.Sprintf("%s reaches %d only with this probe.", e.host.shown, n))
		}
		if k := class(x); (k == catalog.Server || k == catalog.Client) && int(x.Count) >= needed(x) && x.Count < catalog.ClientN {
			probe = append(probe, fmt.Sprintf("Windows client editions need %d; %s counts %s.", catalog.ClientN, e.host.shown, counted(x)))
		}
		switch {
		case c.isOwn(e.addr.Addr()):
			own = append(own, e.host.shown)
		case c.sameSubnet(e):
			local = append(local, e.host.shown)
		}
	}
	if len(probe) > 0 {
		out = append(out, probe[:min(len(probe), maxEach)]...)
	}
	if len(own) > 0 {
		out = append(out, list(own)+" is this machine: Windows' own client here would refuse that path, and nothing was shown about the network.")
	}
	if len(local) > 0 {
		out = append(out, "Tested within the subnet of "+list(local)+": a rule that admits the local subnet alone would not have shown.")
	}
	for i := range c.set.Machines {
		if m := &c.set.Machines[i]; m.Container != "" && c.testedHere() {
			out = append(out, fmt.Sprintf("Tested from inside a %s, behind address translation: other machines may be filtered differently.", containerName(m.Container)))
		}
	}
	return out
}

// testedHere tells whether this machine tried something over the network itself.
func (c *clues) testedHere() bool {
	live := evidence.Origin.Live
	s := c.set
	return slices.ContainsFunc(s.SRV, func(a evidence.SRVAnswer) bool { return live(a.Origin) }) ||
		slices.ContainsFunc(s.Addresses, func(a evidence.AddressAnswer) bool { return live(a.Origin) }) ||
		slices.ContainsFunc(s.Dials, func(d evidence.Dial) bool { return live(d.Origin) })
}

func containerName(kind string) string {
	if kind == "wsl" {
		return "WSL system"
	}
	return "container"
}

func (c *clues) sameSubnet(e *endpoint) bool {
	from, err := netip.ParseAddr(c.client(e))
	return err == nil && subnet(e) != "" && subnet(e) == subnet(&endpoint{addr: netip.AddrPortFrom(from, 0)})
}
