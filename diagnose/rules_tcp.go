package diagnose

import (
	"fmt"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

var tcpRules = []rule{
	{"firewall-block-1688", firewallBlock},
	{"off-network-no-vpn", offNetwork},
	{"asymmetric-return-path", asymmetricReturn},
	{"ztna-synthetic-address", ztnaSynthetic},
	{"network-not-ready-at-boot", notReadyAtBoot},
	{"kms-unreachable-unspecified", unreachableUnspecified},
}

// firewallBlock: an ICMP answer of a filter or a refusal by this machine's own
// policy shows it; silence and resets only allow it.
func firewallBlock(c *clues) []judgement {
	var js []judgement
	said := c.where(func(e *endpoint) bool {
		return e.all(evidence.Prohibited, evidence.PortUnreachable, evidence.LocalRefusal) && !e.all(evidence.LocalRefusal)
	})
	if len(said) > 0 {
		js = append(js, c.judge(Found, atStrong, 0xC004F074, said, c.tries(said)...))
	}
	if own := c.where(func(e *endpoint) bool { return e.all(evidence.LocalRefusal) }); len(own) > 0 {
		j := c.judge(Found, atStrong, 0xC004F074, own, c.tries(own)...)
		j.when = "here"
		js = append(js, j)
	}
	for _, s := range c.silent {
		if s.cloud {
			js = append(js, c.judge(Possible, atEvidence+2, 0xC004F074, s.ends, s.because()...))
			continue
		}
		score := atEvidence + 5 // nothing is known of the host
		switch {
		case s.up && s.neighbour:
			score = atEvidence - 2
		case s.up:
			score = atEvidence + 3
		case s.neighbour:
			score = atEvidence - 3
		case s.elsewhere:
			score = atEvidence
		}
		j := c.judge(Possible, score, 0xC004F074, s.ends, s.because()...)
		if s.neighbour {
			j.against = append(j.against, Finding{c.seenFrom("another host in the same subnet answers on its KMS port"), c.openOrigin()})
		}
		js = append(js, j)
	}
	for _, e := range c.ends {
		dead, alive := e.split()
		if dead == nil {
			continue
		}
		js = append(js, c.judge(Possible, atStrong, 0xC004F074, []*endpoint{e}, e.tried(dead),
			Finding{fmt.Sprintf("%s accepts a connection from %s", e.name(), alive.Local.Addr()), alive.Origin}))
	}
	if reset := c.where(func(e *endpoint) bool { return e.all(evidence.Refused, evidence.RejectedByICMP) }); len(reset) > 0 {
		js = append(js, c.judge(Possible, atEvidence-20, 0xC004F074, reset, c.tries(reset)...))
	}
	if lost := c.where(func(e *endpoint) bool { return e.all(evidence.Unreachable) && !c.absent(e) }); len(lost) > 0 {
		js = append(js, c.judge(Possible, atEvidence-5, 0xC004F074, lost, c.tries(lost)...))
	}
	if len(js) == 0 {
		return c.reached()
	}
	for i := range js {
		if js[i].when == "" {
			js[i].when = "away"
		}
	}
	return js
}

// split finds a source that gets no answer from an endpoint after another had
// connected to it: before that, the service may only have been down.
func (e *endpoint) split() (dead, alive *evidence.Dial) {
	if e.tally[evidence.Open] == 0 || e.tally[evidence.Open] == len(e.dials) {
		return nil, nil
	}
	for _, d := range e.with(evidence.Open) {
		if alive == nil || started(d).Before(started(alive)) {
			alive = d
		}
	}
	for _, d := range e.with(evidence.Silent, evidence.Prohibited, evidence.PortUnreachable) {
		if !started(d).Before(started(alive)) {
			return d, alive
		}
	}
	return nil, nil
}

// started is when a dial began, the zero time where that is not known.
func started(d *evidence.Dial) time.Time {
	if len(d.Tries) == 0 {
		return time.Time{}
	}
	return d.Tries[0].Started
}

// openOrigin is where an open KMS port was seen.
func (c *clues) openOrigin() evidence.Origin {
	for _, e := range c.ends {
		if e.open() {
			return e.origin()
		}
	}
	return evidence.Origin{}
}

// reached rules a cause out when every endpoint that was tried accepted a
// connection.
func (c *clues) reached() []judgement {
	if !c.allOpen() {
		return nil
	}
	return pass(Finding{c.seenFrom("every KMS port that was tried accepts connections"), c.openOrigin()})
}

// allOpen tells whether endpoints were tried, and each accepted a connection.
func (c *clues) allOpen() bool {
	n := 0
	for _, e := range c.ends {
		switch {
		case e.open():
			n++
		case len(e.dials) > 0 && !e.all(evidence.NoFamily):
			return false
		}
	}
	return n > 0
}

// seenFrom says of open ports from where they were seen to be open: a capture
// shows what its clients met, not what this machine would.
func (c *clues) seenFrom(text string) string {
	here, captured := false, false
	for _, e := range c.ends {
		if e.open() {
			captured = captured || e.origin().File != ""
			here = here || e.origin().File == ""
		}
	}
	switch {
	case !captured:
		return text + " from here"
	case here:
		return text + ", from here or as the capture shows"
	}
	return text + ", as the capture shows"
}

func offNetwork(c *clues) []judgement {
	var js []judgement
	if far := c.where(func(e *endpoint) bool {
		return e.all(evidence.NoRoute, evidence.Unreachable) && !c.absent(e) && e.host.cloud == nil
	}); len(far) > 0 {
		js = append(js, c.judge(Possible, atEvidence+1, 0xC004F074, far, c.tries(far)...))
	}
	if unsent := c.unsent(); len(unsent) > 0 {
		js = append(js, judgement{verdict: Possible, score: atEvidence + 4, code: 0xC004F074, because: unsent})
	}
	for _, s := range c.silent {
		if s.up || s.elsewhere || s.cloud {
			continue
		}
		js = append(js, c.judge(Possible, atEvidence-18, 0xC004F074, s.ends, s.because()...))
	}
	if absent := c.where(c.absent); len(js) == 0 && len(absent) > 0 {
		return pass(Finding{absent[0].name() + ": the address belongs to a network that this machine is on", absent[0].origin()})
	}
	if len(js) == 0 {
		return c.reached()
	}
	return js
}

func asymmetricReturn(c *clues) []judgement {
	half := c.where(func(e *endpoint) bool { return len(e.with(evidence.HalfOpen)) > 0 })
	if len(half) == 0 {
		return nil
	}
	because := firsts(half, func(e *endpoint) Finding { return e.tried(e.with(evidence.HalfOpen)[0]) })
	return one(c.judge(Found, atStrong, 0xC004F074, half, because...))
}

func ztnaSynthetic(c *clues) []judgement {
	fake := c.where(func(e *endpoint) bool { return isSynthetic(e.addr.Addr()) })
	if len(fake) == 0 {
		if with := c.where(func(e *endpoint) bool { return e.addr.Addr().IsValid() }); len(with) > 0 {
			return pass(Finding{"no address is from a range that agents make up (100.64.0.0/10, 198.18.0.0/15)", with[0].origin()})
		}
		return nil
	}
	var broken, mute []*endpoint
	for _, e := range fake {
		switch {
		case e.open() && !e.bound():
			broken = append(broken, e)
		case !e.open() && len(e.dials) > 0:
			mute = append(mute, e)
		}
	}
	say := func(e *endpoint) Finding {
		text := e.addr.Addr().String() + " is from a range that agents make up, not a server's own"
		if len(e.binds) > 0 {
			text += "; connected, then the bind failed (" + string(e.binds[len(e.binds)-1].Outcome) + ")"
		}
		return Finding{text, e.origin()}
	}
	var js []judgement
	if len(broken) > 0 {
		js = append(js, c.judge(Possible, atStrong, 0xC004F074, broken, firsts(broken, say)...))
	}
	if len(mute) > 0 {
		js = append(js, c.judge(Possible, atEvidence-4, 0xC004F074, mute, firsts(mute, say)...))
	}
	return js
}

func notReadyAtBoot(c *clues) []judgement {
	for i := range c.set.LogEvents {
		e := &c.set.LogEvents[i]
		noDNS := e.Code == 0x8007267C || e.Code == 0x8007007B || e.Code == 0x8007232A
		if e.Trigger == "NetworkAvailable" && noDNS && !c.anyLicensed() {
			return one(judgement{verdict: Possible, score: atEvidence, code: e.Code, because: []Finding{{
				fmt.Sprintf("event %d: the attempt was triggered by the network coming up and failed with 0x%08X", e.ID, e.Code), e.Origin,
			}}})
		}
	}
	return nil
}

// unreachableUnspecified holds while nothing but a general code is known; a
// look at the network replaces it.
func unreachableUnspecified(c *clues) []judgement {
	if len(c.ends) == 0 && len(c.set.SRV) == 0 {
		return nil
	}
	odd := c.where(func(e *endpoint) bool {
		return e.all(evidence.DialOther) || e.bindEnded(evidence.BindOther) || e.unanswered(evidence.ExchangeOther) != nil
	})
	if len(odd) > 0 {
		return one(c.judge(Possible, atEvidence-10, 0xC004F074, odd, firsts(odd, (*endpoint).ending)...))
	}
	var o evidence.Origin
	if len(c.ends) > 0 {
		o = c.ends[0].origin()
	} else {
		o = c.set.SRV[0].Origin
	}
	return pass(Finding{"the network was looked at: see the other causes", o})
}
