package diagnose

import (
	"net/netip"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// silence is a group of endpoints from which nothing came back, alike in what
// else is known, so that one list of causes and remedies serves them all.
type silence struct {
	ends      []*endpoint
	up        bool // another port or a ping of the host answers
	neighbour bool // another host in the same subnet answers on its KMS port
	elsewhere bool // this client reaches some KMS port
	cloud     bool // the host is a public cloud's KMS
	srv       bool // SRV leads to it
}

// findSilence groups the silent endpoints. An endpoint that somebody else
// reaches is not among them, nor one of a host that another address answers for.
func (c *clues) findSilence() []silence {
	type traits struct{ up, neighbour, cloud, srv bool }
	elsewhere := false
	open := map[string]bool{} // subnets with an open KMS port
	for _, e := range c.ends {
		if e.open() {
			elsewhere = true
			if net := subnet(e); net != "" {
				open[net] = true
			}
		}
	}
	var order []traits
	groups := map[traits]*silence{}
	for _, e := range c.ends {
		if e.open() || len(e.with(evidence.Silent)) == 0 || e.host.otherOpen(e) {
			continue
		}
		_, up := e.host.up()
		t := traits{up, open[subnet(e)], e.host.cloud != nil, len(e.host.srv) > 0}
		g, ok := groups[t]
		if !ok {
			g = &silence{up: t.up, neighbour: t.neighbour, cloud: t.cloud, srv: t.srv, elsewhere: elsewhere}
			groups[t] = g
			order = append(order, t)
		}
		g.ends = append(g.ends, e)
	}
	out := make([]silence, 0, len(order))
	for _, t := range order {
		out = append(out, *groups[t])
	}
	return out
}

// subnet keys an address by its /24 or /64; "" where there is no address.
func subnet(e *endpoint) string { return subnetOf(e.addr.Addr()) }

func subnetOf(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	bits := 64
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// otherOpen tells whether another address of the host answers on its KMS port.
func (h *host) otherOpen(than *endpoint) bool {
	for _, e := range h.ends {
		if e.addr.Addr() != than.addr.Addr() && e.open() {
			return true
		}
	}
	return false
}

// because lists what was tried and what else the silent hosts answer.
func (s silence) because() []Finding {
	var out []Finding
	for _, e := range s.ends {
		for _, d := range e.dials[:1] {
			out = append(out, e.tried(d))
		}
		if f, up := e.host.up(); up {
			out = append(out, f)
		} else if f, ok := e.host.quiet(); ok {
			out = append(out, f)
		}
		if len(out) >= maxFindings {
			break
		}
	}
	return out
}

// about returns subjects and placeholder values of endpoints.
func (c *clues) about(ends []*endpoint) ([]string, values) {
	var subjects []string
	var v values
	seen := map[string]bool{}
	for _, e := range ends {
		if !seen[e.host.name] {
			seen[e.host.name] = true
			subjects = append(subjects, evidence.Clean(e.host.name))
		}
		if len(v) < maxEach {
			v = append(v, e.values(c))
		}
	}
	return subjects, v
}

// judge makes a judgement about endpoints.
func (c *clues) judge(verdict Verdict, score int, code uint32, ends []*endpoint, because ...Finding) judgement {
	j := judgement{verdict: verdict, score: score, code: code, because: because}
	j.subjects, j.values = c.about(ends)
	return j
}

// firsts returns a finding for each endpoint, bounded.
func firsts(ends []*endpoint, say func(*endpoint) Finding) []Finding {
	var out []Finding
	for _, e := range ends {
		if len(out) == maxFindings {
			break
		}
		out = append(out, say(e))
	}
	return out
}

// where returns the endpoints for which is holds.
func (c *clues) where(is func(*endpoint) bool) []*endpoint {
	var out []*endpoint
	for _, e := range c.ends {
		if is(e) {
			out = append(out, e)
		}
	}
	return out
}
