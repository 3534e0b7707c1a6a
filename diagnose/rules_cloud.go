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
		text := ok[0].name() + " accepts connections from here"
		if ok[0].origin().File != "" {
			text = ok[0].name() + " accepts connections, as the capture shows"
		}
		return pass(Finding{text, ok[0].origin()})
	}
	return nil
}

// inCloud judges a client that is known to run in a cloud, and to get no answer,
// where nobody tried the cloud's KMS.
func (c *clues) inCloud(score int, clouds ...string) []judgement {
	if js := c.cloudReached(); js != nil {
		return js
	}
	general := slices.IndexFunc(c.codes, func(s sighting) bool { return isGeneral(s.code) })
	if general < 0 || c.telling() || len(c.ends) > 0 || len(c.pins()) > 0 {
		return nil
	}
	for i := range c.set.Systems {
		if s := &c.set.Systems[i]; slices.Contains(clouds, s.Cloud) {
			return one(judgement{verdict: Possible, score: score, code: c.codes[general].code, because: []Finding{
				{"the machine runs in a public cloud (" + s.Cloud + "), whose own KMS its images are set to", s.Origin}, c.codes[general].finding(),
			}})
		}
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
		return c.inCloud(atCode+2, "aws")
	}
	j := c.judge(Possible, atEvidence+6, 0xC004F074, dead, c.tries(dead)...)
	j.against = c.fromOutside(dead)
	return one(j)
}

// onLink tells whether an address is the default gateway or near one of the
// client's own addresses; where the evidence has neither, nothing can be said
// against it.
func (c *clues) onLink(a netip.Addr) bool {
	known := false
	for i := range c.set.Routes {
		r := &c.set.Routes[i]
		gateway, err := netip.ParseAddr(r.Gateway)
		if (r.Destination == "0.0.0.0" || r.Destination == "0.0.0.0/0") && err == nil && gateway.Is4() {
			known = true
			if gateway == a {
				return true
			}
		}
	}
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
		return c.inCloud(atGeneralCode, "azure", "gcp")
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
		return c.inCloud(atGeneralCode, "azure")
	}
	return js
}

// retiredPin finds a client set to an address that its provider has left.
func (c *clues) retiredPin() []judgement {
	for _, p := range c.pins() {
		_, err := netip.ParseAddr(p.host)
		if k, ok := catalog.CloudKMS(p.host); ok && err == nil && strings.HasPrefix(k.State, "older") && !c.anyLicensed() {
			return one(judgement{
				verdict: Possible, score: atEvidence + 7, code: 0xC004F074, subjects: []string{p.host}, values: values{{"host": p.host}},
				because: []Finding{{fmt.Sprintf("the client is set to %s, an address that %s has left", p.host, k.Provider), p.from}},
			})
		}
	}
	return c.cloudReached()
}

// cloudAddressChanged: an address that the provider has left is still in use.
func cloudAddressChanged(c *clues) []judgement {
	retired := func(e *endpoint) bool {
		k, ok := catalog.CloudKMS(e.addr.Addr().String())
		return ok && k.State != "current" && k.State != "field knowledge" && len(e.dials) > 0
	}
	old := c.cloudEnds(func(e *endpoint) bool { return retired(e) && !e.open() })
	if len(old) == 0 {
		let, cut := c.cloudEnds(retired), c.cloudEnds(func(e *endpoint) bool { return !retired(e) && !e.open() && len(e.dials) > 0 })
		if len(let) == 0 || len(cut) == 0 {
			return c.retiredPin()
		}
		j := c.judge(Possible, atEvidence+8, 0xC004F074, cut, c.tries(cut)...)
		j.because = append(j.because, Finding{let[0].name() + ", which the provider has left, is let through", let[0].origin()})
		return one(j)
	}
	return one(c.judge(Possible, atEvidence+7, 0xC004F074, old, firsts(old, func(e *endpoint) Finding {
		f := e.tried(e.dials[0])
		f.Text += "; the provider's names lead to other addresses now"
		return f
	})...))
}
