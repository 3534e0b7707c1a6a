package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// hostIsClientItself: a machine that asks itself is no fault by itself, as
// kmsdiag may run on the host; Windows' own client on that machine is the one
// that refuses the answer, with 0x8007000D.
func hostIsClientItself(c *clues) []judgement {
	s, refused := c.saw(0x8007000D)
	var on []Finding
	for _, e := range c.ends {
		switch {
		case e.addr.Addr().IsLoopback() && e.origin().File != "":
			on = append(on, Finding{e.name() + " is the client's own machine: Windows' own client refuses that path", e.origin()})
		case c.isOwn(e.addr.Addr()):
			on = append(on, Finding{e.name() + " is this machine itself: Windows' own client here would refuse that path", e.origin()})
		}
	}
	for i := range c.set.Licenses {
		l := &c.set.Licenses[i]
		if host := firstOf(l.RegisteredHost, l.HostAddress, l.DNSHost); isLoopbackName(host) {
			on = append(on, Finding{"the client's KMS host is " + evidence.Clean(host) + ", the client itself", l.Origin})
		}
	}
	for i := range c.set.ClientRequests {
		r := &c.set.ClientRequests[i]
		if isLoopbackName(r.Host) || sameMachine(r.Host, r.Machine) {
			on = append(on, Finding{"event 12288: the client asked " + evidence.Clean(r.Host) + ", itself", r.Origin})
		}
	}
	switch {
	case refused && len(on) > 0:
		return one(judgement{verdict: Found, score: atStrong, code: 0x8007000D, because: append(on, s.finding())})
	case len(on) > 0:
		return one(judgement{verdict: Untested, because: on})
	case refused && slices.ContainsFunc(c.set.Actions, func(a evidence.Action) bool { return a.Command == "/dlv" && a.Code == s.code }):
		return pass(Finding{"/dlv, which asks no host, fails with the same code", s.origin})
	case !refused && len(c.ends) > 0 && !slices.ContainsFunc(c.ends, (*endpoint).triedElsewhere):
		if slices.ContainsFunc(c.ends, (*endpoint).askedItself) {
			return nil
		}
		return pass(Finding{"no client in the capture asked an address of its own", c.ends[0].origin()})
	case !refused && len(c.ends) > 0:
		return pass(Finding{"no KMS host has an address of this machine", c.ends[0].origin()})
	}
	return nil
}

// askedItself tells whether a connection or a request came from the address that
// it went to.
func (e *endpoint) askedItself() bool {
	to := e.addr.Addr()
	return slices.ContainsFunc(e.dials, func(d *evidence.Dial) bool { return to.IsValid() && d.Local.Addr() == to }) ||
		slices.ContainsFunc(e.exchanges, func(x *evidence.Exchange) bool { return to.IsValid() && x.Client.Addr() == to })
}

func (c *clues) isOwn(a netip.Addr) bool {
	return a.IsValid() && (a.IsLoopback() || c.own[a.Unmap()])
}

// isLoopbackName tells whether a host, with or without a port, is loopback.
func isLoopbackName(name string) bool {
	name = hostKey(name)
	if h, _, ok := strings.Cut(name, ":"); ok && strings.Count(name, ":") == 1 {
		name = h
	}
	if name == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && a.IsLoopback()
}

// sameMachine compares machine names: one may be short, the other qualified.
func sameMachine(a, b string) bool {
	a, b = hostKey(a), hostKey(b)
	if a == "" || b == "" {
		return false
	}
	shortA, _, qualifiedA := strings.Cut(a, ".")
	shortB, _, qualifiedB := strings.Cut(b, ".")
	if qualifiedA && qualifiedB {
		return a == b
	}
	return shortA == shortB
}
