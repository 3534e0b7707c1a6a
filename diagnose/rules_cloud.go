package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
)

var cloudRules = []rule{
	{"cloud-kms-stale-link-local-route", staleLinkLocal},
	{"cloud-kms-no-egress", cloudNoEgress},
	{"cloud-kms-forced-tunnel", cloudForcedTunnel},
	{"cloud-kms-ip-changed", cloudAddressChanged},
	{"cloud-imds-attestation-blocked", none},
}

// inside tells whether the evidence places the client in a cloud: from outside,
// a cloud's KMS cannot be tested.
func (c *clues) inside(cloud string) bool {
	return slices.ContainsFunc(c.set.Systems, func(s evidence.System) bool {
		return s.Cloud != "" && strings.HasPrefix(cloud, s.Cloud)
	})
}

// fromOutside is the caveat where nothing says that the client is in the cloud.
func (c *clues) fromOutside(ends []*endpoint) []Finding {
	cloud := ends[0].host.cloud
	if c.inside(cloud.ID) {
		return nil
	}
	return []Finding{{fmt.Sprintf("%s serves machines inside %s alone: from elsewhere it is not testable", ends[0].host.shown, cloud.Provider), ends[0].origin()}}
}

func (c *clues) cloudEnds(is func(*endpoint) bool) []*endpoint {
	return c.where(func(e *endpoint) bool { return e.host.cloud != nil && is(e) })
}

func (c *clues) cloudReached() []judgement {
	if ok := c.cloudEnds((*endpoint).open); len(ok) > 0 && len(c.cloudEnds(func(e *endpoint) bool { return !e.open() })) == 0 {
		return pass(Finding{ok[0].name() + " accepts connections from here", ok[0].origin()})
	}
	return nil
}

func linkLocal(e *endpoint) bool { return e.addr.Addr().IsLinkLocalUnicast() }

func staleLinkLocal(c *clues) []judgement {
	for i := range c.set.Routes {
		r := &c.set.Routes[i]
		if !strings.HasPrefix(r.Destination, "169.254.169.") {
			continue
		}
		gateway, err := netip.ParseAddr(r.Gateway)
		if err != nil || c.onLink(gateway) {
			continue
		}
		return one(judgement{verdict: Found, score: atStrong, code: 0xC004F074, because: []Finding{{fmt.Sprintf(
			"the route to %s goes by %s, which is in no subnet of this machine", evidence.Clean(r.Destination), gateway), r.Origin}}})
	}
	dead := c.cloudEnds(func(e *endpoint) bool {
		return linkLocal(e) && e.all(evidence.Silent, evidence.NoRoute, evidence.Unreachable)
	})
	if len(dead) == 0 {
		return c.cloudReached()
	}
	j := c.judge(Possible, atEvidence+6, 0xC004F074, dead, c.tries(dead)...)
	j.against = c.fromOutside(dead)
	return one(j)
}

// onLink tells whether an address is near one of the client's own; without any
// adapter in the evidence nothing can be said against it.
func (c *clues) onLink(a netip.Addr) bool {
	known := false
	for i := range c.set.Adapters {
		for _, text := range c.set.Adapters[i].Addresses {
			own, err := netip.ParseAddr(text)
			if err != nil || !own.Is4() || !a.Is4() {
				continue
			}
			known = true
			if p, err := own.Prefix(20); err == nil && p.Contains(a) {
				return true
			}
		}
	}
	return !known
}

func cloudNoEgress(c *clues) []judgement {
	dead := c.cloudEnds(func(e *endpoint) bool {
		return !linkLocal(e) && e.all(evidence.Silent, evidence.NoRoute, evidence.Unreachable)
	})
	if len(dead) == 0 {
		return c.cloudReached()
	}
	j := c.judge(Possible, atEvidence+5, 0xC004F074, dead, c.tries(dead)...)
	j.against = c.fromOutside(dead)
	return one(j)
}

func cloudForcedTunnel(c *clues) []judgement {
	var js []judgement
	cut := c.cloudEnds(func(e *endpoint) bool {
		return e.all(evidence.Refused) || e.bindEnded(evidence.BindReset, evidence.BindClosed, evidence.BindSilent) || e.unanswered(lostAnswers...) != nil
	})
	say := func(e *endpoint) Finding {
		switch {
		case !e.open():
			return e.tried(e.dials[0])
		case e.unanswered(lostAnswers...) != nil:
			return exchangeText(e, e.unanswered(lostAnswers...))
		}
		return e.bindFinding()
	}
	if len(cut) > 0 {
		j := c.judge(Possible, atStrong-4, 0xC004F074, cut, firsts(cut, say)...)
		j.against = c.fromOutside(cut)
		js = append(js, j)
	}
	dead := c.cloudEnds(func(e *endpoint) bool {
		return strings.HasPrefix(e.host.cloud.ID, "azure") && e.all(evidence.Silent, evidence.Unreachable)
	})
	if len(dead) > 0 {
		j := c.judge(Possible, atEvidence+3, 0xC004F074, dead, c.tries(dead)...)
		j.against = c.fromOutside(dead)
		js = append(js, j)
	}
	if len(js) == 0 {
		return c.cloudReached()
	}
	return js
}

// cloudAddressChanged: an address that the provider has left is still in use.
func cloudAddressChanged(c *clues) []judgement {
	old := c.cloudEnds(func(e *endpoint) bool {
		k, ok := catalog.CloudKMS(e.addr.Addr().String())
		return ok && k.State != "current" && k.State != "field knowledge" && !e.open() && len(e.dials) > 0
	})
	if len(old) == 0 {
		return c.cloudReached()
	}
	return one(c.judge(Possible, atEvidence+7, 0xC004F074, old, firsts(old, func(e *endpoint) Finding {
		f := e.tried(e.dials[0])
		f.Text += "; the provider's names lead to other addresses now"
		return f
	})...))
}
