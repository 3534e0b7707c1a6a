package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"sync"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// The DNS rules about where SRV records lead.
var srvRules = []rule{
	{"srv-stale-host", srvStaleHost},
	{"dns-address-wrong-nic", addressWrongNIC},
	{"srv-rogue-kms-hosts", srvRogueHosts},
	{"srv-ddns-update-denied", ddnsUpdateDenied},
}

func (c *clues) srvHosts() []*host {
	var out []*host
	for _, h := range c.hosts {
		if len(h.srv) > 0 {
			out = append(out, h)
		}
	}
	return out
}

func (h *host) srvFinding() Finding {
	s := h.srv[0]
	return Finding{fmt.Sprintf("%s names %s, port %d", evidence.Clean(s.answer.Name), h.shown, s.record.Port), s.answer.Origin}
}

func srvStaleHost(c *clues) []judgement {
	var js []judgement
	var gone []*host
	var because []Finding
	for _, h := range c.srvHosts() {
		if ok, was, definite := h.resolves(); was && !ok && definite {
			gone = append(gone, h)
			because = append(because, h.srvFinding())
			because = append(because, h.notResolved()...)
		}
	}
	if len(gone) > 0 {
		js = append(js, c.aboutHosts(Possible, atEvidence+6, 0xC004F074, gone, because...))
	}
	for _, s := range c.silent {
		if !s.srv || s.cloud {
			continue
		}
		score := atEvidence - 6
		switch {
		case s.up:
			score = atEvidence - 15
		case s.elsewhere:
			score = atEvidence + 3
		}
		js = append(js, c.judge(Possible, score, 0xC004F074, s.ends, s.because()...))
	}
	refused := c.where(func(e *endpoint) bool {
		return len(e.host.srv) > 0 && e.all(evidence.Refused, evidence.RejectedByICMP)
	})
	if len(refused) > 0 {
		js = append(js, c.judge(Possible, atEvidence-14, 0xC004F074, refused, c.tries(refused)...))
	}
	if absent := c.where(func(e *endpoint) bool { return len(e.host.srv) > 0 && c.absent(e) }); len(absent) > 0 {
		js = append(js, c.judge(Possible, atEvidence+8, 0xC004F074, absent, c.tries(absent)...))
	}
	lost := c.where(func(e *endpoint) bool { return len(e.host.srv) > 0 && e.all(evidence.Unreachable) && !c.absent(e) })
	if len(lost) > 0 {
		js = append(js, c.judge(Possible, atEvidence+5, 0xC004F074, lost, c.tries(lost)...))
	}
	if len(js) == 0 {
		if open := c.where(func(e *endpoint) bool { return len(e.host.srv) > 0 && e.open() }); len(open) > 0 {
			return pass(Finding{"every SRV target that was tried accepts connections", open[0].origin()})
		}
	}
	return js
}

// tries says how each endpoint answered, the latest dial of one source.
func (c *clues) tries(ends []*endpoint) []Finding {
	return firsts(ends, func(e *endpoint) Finding { return e.tried(e.dials[0]) })
}

// origin is where the endpoint was last seen.
func (e *endpoint) origin() evidence.Origin {
	switch {
	case len(e.exchanges) > 0:
		return e.exchanges[len(e.exchanges)-1].Origin
	case len(e.binds) > 0:
		return e.binds[len(e.binds)-1].Origin
	case len(e.dials) > 0:
		return e.dials[0].Origin
	}
	return evidence.Origin{}
}

func addressWrongNIC(c *clues) []judgement {
	var js []judgement
	several := false
	for _, h := range c.hosts {
		var open, dead []*endpoint
		for _, e := range h.ends {
			switch {
			case e.open():
				open = append(open, e)
			case e.all(evidence.Silent, evidence.Refused, evidence.Unreachable, evidence.RejectedByICMP, evidence.Prohibited, evidence.PortUnreachable):
				dead = append(dead, e)
			}
		}
		several = several || len(open) > 1
		dead = slices.DeleteFunc(dead, func(d *endpoint) bool { // a closed port is no wrong address
			return slices.ContainsFunc(open, func(o *endpoint) bool { return o.addr.Addr() == d.addr.Addr() })
		})
		if len(open) == 0 || len(dead) == 0 {
			continue
		}
		verdict, score := Found, atStrong
		if open[0].addr.Addr().Is4() != dead[0].addr.Addr().Is4() {
			verdict, score = Possible, atEvidence // another family may have another path
		}
		because := append(c.tries(dead), Finding{open[0].name() + ": open", open[0].origin()})
		js = append(js, c.judge(verdict, score, 0, dead, because...))
	}
	if len(js) == 0 && several {
		return pass(Finding{"every address of each host accepts connections", c.ends[0].origin()})
	}
	return js
}

// deskName matches names that set-up gives to workstations by itself.
var deskName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(desktop|laptop|win|pc|ws|nb)-?[0-9a-z]{5,12}(\.|$)`)
})

func srvRogueHosts(c *clues) []judgement {
	hosts := c.srvHosts()
	if len(hosts) == 0 {
		return nil
	}
	if len(hosts) == 1 {
		return pass(hosts[0].srvFinding())
	}
	var odd, low []*host
	var because, counts []Finding
	serves := slices.ContainsFunc(hosts, func(h *host) bool { return h.answered(served) != nil })
	for _, h := range hosts {
		if f, ok := h.odd(serves); ok {
			odd = append(odd, h)
			because = append(because, h.srvFinding(), f)
		}
		if x := h.answered(func(x *evidence.Exchange) bool { return served(x) && int(x.Count) < needed(x) }); x != nil {
			low = append(low, h)
			counts = append(counts, Finding{fmt.Sprintf("%s counts %s, %d are needed", h.shown, counted(x), needed(x)), x.Origin})
		}
	}
	var js []judgement
	if len(odd) > 0 {
		js = append(js, c.aboutHosts(Possible, atEvidence+4, 0, odd, because...))
	}
	if len(low) > 1 {
		js = append(js, c.aboutHosts(Possible, atEvidence, 0xC004F038, low, counts...))
	}
	return js
}

// identified tells whether an answer shows its host's identity: one that failed
// verification may hold anybody's.
func identified(x *evidence.Exchange) bool {
	return x.EPID != "" && (x.Outcome == evidence.Served || x.Outcome == evidence.HostRefused)
}

func served(x *evidence.Exchange) bool { return x.Outcome == evidence.Served }

// answered returns the latest exchange with any endpoint of the host for which
// is holds.
func (h *host) answered(is func(*evidence.Exchange) bool) *evidence.Exchange {
	for _, e := range h.ends {
		if x := e.last(is); x != nil {
			return x
		}
	}
	return nil
}

// odd says why a published host does not look like one that was meant: it lacks
// what its neighbours have, runs a client system, or is named like a desk's.
func (h *host) odd(othersServe bool) (Finding, bool) {
	unfit := []uint32{0xC004F039, 0xC004F041, 0xC004F042}
	if x := h.answered(func(x *evidence.Exchange) bool { return slices.Contains(unfit, x.HRESULT) }); x != nil && othersServe && h.answered(served) == nil {
		return Finding{fmt.Sprintf("%s refuses %s with 0x%08X, while another published host serves", h.shown, product(x), x.HRESULT), x.Origin}, true
	}
	if x := h.answered(identified); x != nil {
		if epid, err := kms.ParseEPID(x.EPID); err == nil {
			if b, ok := catalog.BuildByNumber(int(epid.Build)); ok && b.Client && !b.Server {
				return Finding{fmt.Sprintf("the ePID of %s names a client system, %s", h.shown, b.Name), x.Origin}, true
			}
		}
	}
	if deskName().MatchString(h.name) {
		return Finding{h.shown + " is named like a workstation", h.srv[0].answer.Origin}, true
	}
	return Finding{}, false
}

func ddnsUpdateDenied(c *clues) []judgement {
	for i := range c.set.LogEvents {
		e := &c.set.LogEvents[i]
		if e.ID != 12293 {
			continue
		}
		j := judgement{
			verdict: Found, score: atEvidence + 10, code: 0x8007232B, inner: e.Code,
			because: []Finding{{fmt.Sprintf("event 12293 on the host: publishing the SRV record failed with 0x%08X", e.Code), e.Origin}},
		}
		if d := e.Fields["domain"]; d != "" {
			j.subjects, j.values = []string{evidence.Clean(d)}, values{{"domain": d}}
		}
		return one(j)
	}
	return nil
}
