package diagnose

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

var hostRules = []rule{
	{"kms-host-service-stopped", hostServiceStopped},
	{"kms-host-port-unavailable", hostPortUnavailable},
	{"kms-host-key-missing", hostKeyMissing},
	{"kms-host-not-activated", hostNotActivated},
	{"kms-host-profile-public", hostProfilePublic},
	{"kms-host-just-booted", hostJustBooted},
	{"kms-host-cannot-reach-microsoft", hostCannotReachMicrosoft},
	{"kms-host-is-client-itself", hostIsClientItself},
}

func hostServiceStopped(c *clues) []judgement {
	for i := range c.set.Services {
		s := &c.set.Services[i]
		if strings.EqualFold(s.Name, "sppsvc") && s.Where == "host" && s.State == "stopped" {
			return one(judgement{
				verdict: Found, score: atStrong, code: 0xC004F074,
				because: []Finding{{"sppsvc is stopped on the KMS host", s.Origin}},
			})
		}
		if strings.EqualFold(s.Name, "sppsvc") && s.Where == "host" && s.State == "running" {
			return pass(Finding{"sppsvc is running on the KMS host", s.Origin})
		}
	}
	var js []judgement
	for i := range c.set.Services {
		s := &c.set.Services[i]
		if strings.EqualFold(s.Name, "sppsvc") && s.Where == "" && s.State == "stopped" && s.Start != "disabled" {
			return one(judgement{
				verdict: Possible, score: atEvidence + 6, code: 0xC004F074,
				because: []Finding{{"sppsvc is stopped: on a KMS host that is the fault, on a client it is normal", s.Origin}},
			})
		}
	}
	for _, s := range c.silent {
		if s.cloud {
			continue
		}
		score := atEvidence - 1
		switch {
		case s.up:
			score = atEvidence + 6
		case s.neighbour:
			score = atEvidence + 4
		case s.elsewhere:
			score = atEvidence + 1
		}
		js = append(js, c.judge(Possible, score, 0xC004F074, s.ends, s.because()...))
	}
	if absent := c.where(c.absent); len(absent) > 0 {
		js = append(js, c.judge(Possible, atEvidence+3, 0xC004F074, absent, c.tries(absent)...))
	}
	if reset := c.where(refusedHere); len(reset) > 0 {
		js = append(js, c.judge(Possible, atEvidence+6, 0xC004F074, reset, c.tries(reset)...))
	}
	if len(js) == 0 {
		if !c.allOpen() {
			return nil
		}
		return pass(Finding{"every KMS port that was tried accepts connections so something listens there", c.openOrigin()})
	}
	return js
}

// refusedHere holds for an own host's port that answers with a reset.
func refusedHere(e *endpoint) bool {
	return e.all(evidence.Refused, evidence.RejectedByICMP) && e.host.cloud == nil
}

func hostPortUnavailable(c *clues) []judgement {
	var js []judgement
	for i := range c.set.Hosts {
		s := &c.set.Hosts[i]
		for _, h := range c.srvHosts() {
			if p := int(h.srv[0].record.Port); s.Port != 0 && p != s.Port {
				j := c.aboutHosts(Found, atStrong, 0xC004F074, []*host{h}, h.srvFinding(),
					Finding{fmt.Sprintf("the host says that it listens on port %d", s.Port), s.Origin})
				return one(j)
			}
		}
	}
	if strange := c.where(foreign); len(strange) > 0 {
		js = append(js, c.judge(Possible, atEvidence+4, 0xC004F074, strange, firsts(strange, (*endpoint).bindFinding)...))
	}
	other := c.where(func(e *endpoint) bool {
		return e.port() != defaultPort && e.all(evidence.Silent, evidence.Refused, evidence.RejectedByICMP)
	})
	if len(other) > 0 {
		j := c.judge(Possible, atEvidence+2, 0xC004F074, other, c.tries(other)...)
		j.because = append(j.because, Finding{fmt.Sprintf("port %d is not the usual 1688", other[0].port()), other[0].origin()})
		js = append(js, j)
	}
	if reset := c.where(func(e *endpoint) bool { return refusedHere(e) && e.port() == defaultPort }); len(reset) > 0 {
		js = append(js, c.judge(Possible, atEvidence-10, 0xC004F074, reset, c.tries(reset)...))
	}
	if len(js) == 0 {
		return c.spoken()
	}
	return js
}

// foreign holds for a port where something else than a KMS answers.
func foreign(e *endpoint) bool {
	b := e.lastBind()
	return b != nil && !e.bound() && (b.Outcome == evidence.BindNoInterface || b.Outcome == evidence.BindNotRPC)
}

func (e *endpoint) lastBind() *evidence.Bind {
	if len(e.binds) == 0 {
		return nil
	}
	return e.binds[len(e.binds)-1]
}

// spoken rules a cause out when every endpoint that was connected to spoke KMS.
func (c *clues) spoken() []judgement {
	var f []Finding
	for _, e := range c.ends {
		switch {
		case e.last(func(x *evidence.Exchange) bool { return x.Answered() }) != nil:
			f = append(f, Finding{e.name() + " gave a KMS answer", e.origin()})
		case e.open() && len(e.binds)+len(e.exchanges) > 0 || len(e.dials) > 0 && !e.open() && !e.all(evidence.NoFamily):
			return nil
		}
	}
	if len(f) == 0 {
		return nil
	}
	return pass(f...)
}

// refusedWith returns the endpoints whose latest answer was this HRESULT.
func (c *clues) refusedWith(code uint32) []*endpoint {
	return c.where(func(e *endpoint) bool {
		x := e.last(func(x *evidence.Exchange) bool { return x.Answered() })
		return x != nil && x.Outcome == evidence.HostRefused && x.HRESULT == code
	})
}

// refusedAs is the latest exchange that the host refused with this HRESULT.
func (e *endpoint) refusedAs(code uint32) *evidence.Exchange {
	return e.last(func(x *evidence.Exchange) bool { return x.HRESULT == code && x.Outcome == evidence.HostRefused })
}

func (e *endpoint) refusal(code uint32) Finding {
	x := e.refusedAs(code)
	return Finding{fmt.Sprintf("%s answered 0x%08X when asked for %s", e.name(), code, product(x)), x.Origin}
}

func refusals(ends []*endpoint, code uint32) []Finding {
	return firsts(ends, func(e *endpoint) Finding { return e.refusal(code) })
}

func hostKeyMissing(c *clues) []judgement {
	if ends := c.refusedWith(0xC004F039); len(ends) > 0 {
		return one(c.judge(Found, atStrong, 0xC004F039, ends, refusals(ends, 0xC004F039)...))
	}
	for i := range c.set.Hosts {
		if h := &c.set.Hosts[i]; !h.Enabled {
			return one(judgement{
				verdict: Found, score: atEvidence, code: 0xC004F039,
				because: []Finding{{"the machine says that it is no key management service", h.Origin}},
			})
		}
	}
	var js []judgement
	if none := c.where((*endpoint).notKMS); len(none) > 0 {
		js = append(js, c.judge(Possible, atEvidence+8, 0xC004F074, none, firsts(none, (*endpoint).rpcFinding)...))
	}
	if reset := c.where(refusedHere); len(reset) > 0 {
		js = append(js, c.judge(Possible, atEvidence-12, 0xC004F074, reset, c.tries(reset)...))
	}
	if len(js) == 0 {
		return c.spoken()
	}
	return js
}

func hostNotActivated(c *clues) []judgement {
	if ends := c.refusedWith(0xC004F041); len(ends) > 0 {
		return one(c.judge(Found, atStrong, 0xC004F041, ends, refusals(ends, 0xC004F041)...))
	}
	for i := range c.set.Hosts {
		if h := &c.set.Hosts[i]; h.Licensed != nil && h.Enabled {
			if !*h.Licensed {
				j := judgement{
					verdict: Found, score: atStrong, code: 0xC004F041,
					because: []Finding{{"the host key is installed and not activated", h.Origin}},
				}
				if s, used := c.saw(keyUsedUp); used {
					j.verdict, j.score = Possible, atEvidence-8
					j.because = append(j.because, s.finding())
				}
				return one(j)
			}
			return pass(Finding{"the host's own key is activated", h.Origin})
		}
	}
	return c.allServed()
}

const keyUsedUp = 0xC004C008 // the key has been activated as often as it may be

// allServed rules a cause out when every exchange that got an answer was served.
func (c *clues) allServed() []judgement {
	var f []Finding
	for _, e := range c.ends {
		x := e.last(func(x *evidence.Exchange) bool { return x.Answered() })
		switch {
		case x == nil:
		case x.Outcome != evidence.Served:
			return nil
		default:
			f = append(f, Finding{fmt.Sprintf("%s served a request for %s", e.name(), product(x)), x.Origin})
		}
	}
	if len(f) == 0 {
		return nil
	}
	return pass(f...)
}

func hostProfilePublic(c *clues) []judgement {
	if len(c.set.Hosts) > 0 {
		for i := range c.set.Systems {
			s := &c.set.Systems[i]
			if strings.EqualFold(s.Profile, "Public") {
				return one(judgement{
					verdict: Found, score: atStrong, code: 0xC004F074,
					because: []Finding{{"the KMS host's network profile is Public", s.Origin}},
				})
			}
		}
	}
	return c.silentThoughUp(-22)
}

// silentThoughUp allows a cause where a host is up and its KMS port silent.
func (c *clues) silentThoughUp(score int) []judgement {
	var js []judgement
	for _, s := range c.silent {
		if s.up && !s.cloud {
			js = append(js, c.judge(Possible, atEvidence+score, 0xC004F074, s.ends, s.because()...))
		}
	}
	if len(js) == 0 {
		return c.reached()
	}
	return js
}

// hostJustBooted also stands for a host that is too busy to accept a bind.
func hostJustBooted(c *clues) []judgement {
	if busy := c.where((*endpoint).busy); len(busy) > 0 {
		return one(c.judge(Possible, atEvidence+4, 0xC004F074, busy, firsts(busy, (*endpoint).bindFinding)...))
	}
	return c.silentThoughUp(-26)
}

// hostCannotReachMicrosoft: codes of Microsoft's activation service matter only
// on the host itself.
func hostCannotReachMicrosoft(c *clues) []judgement {
	onHost := len(c.set.Hosts) > 0
	for _, l := range c.set.Licenses {
		onHost = onHost || l.Channel == "CSVLK"
	}
	if s, ok := c.saw(0x80072EE7, 0x80072EFD, 0x80072F8F); ok && onHost {
		return one(judgement{verdict: Found, score: atEvidence, code: 0xC004F041, inner: s.code, because: []Finding{s.finding()}})
	}
	if ends := c.refusedWith(0xC004F041); len(ends) > 0 {
		return one(c.judge(Possible, atEvidence-20, 0xC004F041, ends, refusals(ends, 0xC004F041)...))
	}
	return nil
}
