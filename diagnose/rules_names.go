package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// The DNS rules about suffixes, zones and the names of hosts.

func dnsSuffixMissing(c *clues) []judgement {
	published := slices.ContainsFunc(c.domains, (*domain).has)
	for i := range c.set.SRV {
		a := &c.set.SRV[i]
		if a.Purpose == evidence.SRVBareName && usable(a) && !published {
			return one(judgement{verdict: Possible, score: atStrong, code: 0x8007232B, because: []Finding{{
				"the record answers under the bare name _vlmcs._tcp, which no client asks for: a client appends a DNS suffix", a.Origin,
			}}})
		}
	}
	if published {
		return nil
	}
	for i := range c.set.Configs {
		r := &c.set.Configs[i]
		if len(r.Suffixes) == 0 && len(c.domains) == 0 && len(c.hosts) == 0 && r.Problem == "" {
			return one(judgement{verdict: Possible, score: atEvidence - 10, code: 0x8007007B, because: []Finding{{
				"this machine has no DNS suffix, and no domain was named: there is no name to ask for", r.Origin,
			}}})
		}
	}
	if bare := c.adapters(func(a *evidence.Adapter) bool { return a.Suffix == "" && len(a.Addresses) > 0 }); len(bare) > 0 {
		named := c.adapters(func(a *evidence.Adapter) bool { return a.Suffix != "" })
		joined := slices.ContainsFunc(c.set.Systems, func(s evidence.System) bool {
			return s.Domain != "" || s.DomainJoined != nil && *s.DomainJoined
		})
		if len(named) == 0 && !joined {
			return one(judgement{verdict: Possible, score: atEvidence, code: 0x8007007B, because: []Finding{{
				"no adapter of the client has a DNS suffix", bare[0].Origin,
			}}})
		}
	}
	return nil
}

// addressText says what was answered to an A or AAAA question.
func addressText(a *evidence.AddressAnswer) string {
	kind, host := "A", evidence.Clean(a.Host)
	if a.Family == 6 {
		kind = "AAAA"
	}
	switch a.Outcome {
	case evidence.DNSAnswered:
		return fmt.Sprintf("%s has %d %s records%s", host, len(a.Addresses), kind, by(a.Resolver, a.Outcome))
	case evidence.DNSNoName:
		return host + " does not exist" + by(a.Resolver, a.Outcome)
	case evidence.DNSNoData:
		return fmt.Sprintf("%s has no %s record%s", host, kind, by(a.Resolver, a.Outcome))
	}
	why := string(a.Outcome)
	if a.Outcome == evidence.DNSOther {
		why = firstOf(evidence.Clean(a.Detail), why)
	}
	return fmt.Sprintf("the %s question for %s failed (%s)%s", kind, host, why, by(a.Resolver, a.Outcome))
}

// resolves tells whether any look-up of the host gave an address; asked is false
// where none was made, definite where a server said that there is none.
func (h *host) resolves() (resolves, asked, definite bool) {
	if _, err := netip.ParseAddr(h.name); err == nil {
		return true, false, false
	}
	for _, a := range h.lookups {
		asked = true
		if len(a.Addresses) > 0 {
			return true, true, true
		}
		definite = definite || a.Outcome.Answered()
	}
	return false, asked, definite
}

func (h *host) notResolved() []Finding {
	var out []Finding
	for _, a := range h.lookups {
		// Of a name that does not exist, the answers for A and AAAA say the same.
		f := Finding{addressText(a), a.Origin}
		said := slices.ContainsFunc(out, func(o Finding) bool { return o.Text == f.Text })
		if len(a.Addresses) == 0 && !said {
			out = append(out, f)
		}
	}
	return out
}

func (h *host) values(c *clues) map[string]string {
	if len(h.ends) > 0 {
		return h.ends[0].values(c)
	}
	v := map[string]string{"host": h.name, "target": h.name}
	if len(h.domains) > 0 {
		v["domain"] = h.domains[0].name
	}
	for _, a := range h.lookups {
		if a.Resolver.IsValid() {
			v["resolver"] = a.Resolver.Addr().String()
		}
	}
	if len(h.srv) > 0 {
		v["port"] = fmt.Sprint(h.srv[0].record.Port)
	}
	h.published(v)
	return v
}

// published adds what the SRV record of the host says, so that a remedy can be
// undone.
func (h *host) published(v map[string]string) {
	if len(h.srv) > 0 {
		r := h.srv[0].record
		v["priority"], v["weight"] = fmt.Sprint(r.Priority), fmt.Sprint(r.Weight)
	}
}

// aboutHosts is about for hosts without endpoints.
func (c *clues) aboutHosts(verdict Verdict, score int, code uint32, hosts []*host, because ...Finding) judgement {
	j := judgement{verdict: verdict, score: score, code: code, because: because}
	for _, h := range hosts {
		j.subjects = append(j.subjects, evidence.Clean(h.name))
		if len(j.values) < maxEach {
			j.values = append(j.values, h.values(c))
		}
	}
	return j
}

func hostnameUnresolvable(c *clues) []judgement {
	var missing, failed, split []*host
	var because, unsure, disagree []Finding
	asked := 0
	var first evidence.Origin
	for _, h := range c.hosts {
		ok, was, definite := h.resolves()
		if !was {
			continue
		}
		if asked++; asked == 1 {
			first = h.lookups[0].Origin
		}
		switch {
		case !ok && definite:
			missing = append(missing, h)
			because = append(because, h.notResolved()...)
		case !ok:
			failed = append(failed, h)
			unsure = append(unsure, h.notResolved()...)
		default:
			if f, ok := h.disagreement(); ok {
				split = append(split, h)
				disagree = append(disagree, f)
			}
		}
	}
	var js []judgement
	if len(missing) > 0 {
		js = append(js, c.aboutHosts(Found, atStrong, 0xC004F074, missing, because...))
	}
	if len(failed) > 0 {
		js = append(js, c.aboutHosts(Possible, atEvidence, 0xC004F074, failed, unsure...))
	}
	if len(split) > 0 {
		js = append(js, c.aboutHosts(Possible, atEvidence-5, 0xC004F074, split, disagree...))
	}
	if len(js) == 0 && asked > 0 {
		return pass(Finding{fmt.Sprintf("each of the %d host names asked for has an address", asked), first})
	}
	return js
}

// disagreement finds a server that says a name does not exist, which another
// server resolves. Many servers deny the whole name when asked for AAAA, so one
// that gave an address itself does not count; nor does the hosts file.
func (h *host) disagreement() (Finding, bool) {
	knows := map[netip.AddrPort]bool{}
	for _, a := range h.lookups {
		if len(a.Addresses) > 0 && !a.HostsFile && a.Resolver.IsValid() {
			knows[a.Resolver] = true
		}
	}
	for _, a := range h.lookups {
		denies := a.Outcome == evidence.DNSNoName && !a.HostsFile && a.Resolver.IsValid()
		if denies && len(knows) > 0 && !knows[a.Resolver] {
			return Finding{addressText(a) + ", while another server knows it", a.Origin}, true
		}
	}
	return Finding{}, false
}

// related tells whether one domain is within the other.
func related(a, b string) bool {
	a, b = "."+hostKey(a), "."+hostKey(b)
	return strings.HasSuffix(a, b) || strings.HasSuffix(b, a)
}

// srvWrongZone: the record is known to another server, or in another zone.
// Somebody who pastes look-ups of two zones compares them; a live run asks for
// whatever suffixes there are.
func srvWrongZone(c *clues) []judgement {
	var js []judgement
	for _, d := range c.domains {
		j := judgement{subjects: []string{evidence.Clean(d.name)}, values: d.about(c), code: 0x8007232B}
		empty := d.empty()
		switch {
		case empty == nil:
			continue
		case d.has():
			j.verdict, j.score, j.when = Found, atStrong, "disagree"
			for _, a := range d.kms {
				if a.Outcome.Answered() {
					j.because = append(j.because, Finding{srvText(a), a.Origin})
				}
				if a == empty && a.Resolver.IsValid() {
					j.values[0]["resolver"] = a.Resolver.Addr().String()
				}
			}
		case c.expected(d):
			i := slices.IndexFunc(c.domains, (*domain).has)
			if i < 0 {
				continue
			}
			other := c.domains[i]
			k := slices.IndexFunc(other.kms, usable)
			j.values[0]["zone"] = other.name
			j.verdict, j.score = Possible, atEvidence
			if empty.Origin.Pasted() || related(d.name, other.name) {
				j.verdict, j.score, j.when = Found, atEvidence+2, "elsewhere"
			}
			j.because = []Finding{{srvText(empty), empty.Origin}, {srvText(other.kms[k]), other.kms[k].Origin}}
		default:
			continue
		}
		js = append(js, j)
	}
	if len(js) == 0 && slices.ContainsFunc(c.domains, (*domain).has) {
		return pass(Finding{"every DNS server that was asked knows the record", c.dnsOrigin()})
	}
	return js
}
