package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// The DNS rules about the servers that a machine asks.

func dnsServerUnreachable(c *clues) []judgement {
	type server struct {
		failed   []Finding
		answered bool
		doubtful bool // the fault may be this machine's, or the question's
	}
	servers := map[netip.AddrPort]*server{}
	var order []netip.AddrPort
	anyAnswer := false
	note := func(resolver netip.AddrPort, outcome evidence.DNSOutcome, detail string, f Finding) {
		s, ok := servers[resolver]
		if !ok {
			s = &server{}
			servers[resolver] = s
			order = append(order, resolver)
		}
		if outcome.Answered() {
			s.answered, anyAnswer = true, true
			return
		}
		if outcome == evidence.DNSOther && !resolver.IsValid() { // a paste: the tool does not say what failed
			return
		}
		s.failed = append(s.failed, f)
		s.doubtful = s.doubtful || outcome == evidence.DNSOther || outcome == evidence.DNSUnreachable && ownNetwork(detail)
	}
	var unanswered []*evidence.SRVAnswer // of domains that no server told anything of
	for _, d := range c.domains {
		told := slices.ContainsFunc(d.kms, func(a *evidence.SRVAnswer) bool { return a.Outcome.Answered() })
		for _, a := range d.kms {
			if !told && a.Resolver.IsValid() {
				unanswered = append(unanswered, a)
			}
			note(a.Resolver, a.Outcome, a.Detail, Finding{srvText(a), a.Origin})
		}
	}
	for i := range c.set.Addresses {
		if a := &c.set.Addresses[i]; !a.HostsFile {
			note(a.Resolver, a.Outcome, a.Detail, Finding{addressText(a), a.Origin})
		}
	}
	if len(order) == 0 {
		return nil
	}
	j := judgement{verdict: Found, score: atStrong, code: 0x8007232A}
	if anyAnswer {
		j.verdict, j.score, j.code = Possible, atEvidence-15, 0
	}
	for _, r := range order {
		if s := servers[r]; len(s.failed) > 0 && !s.answered {
			if s.doubtful && j.verdict == Found {
				j.verdict, j.score = Possible, atEvidence+2
			}
			if r.IsValid() {
				j.subjects = append(j.subjects, r.Addr().String())
				j.values = append(j.values, c.aboutResolver(r, c.firstDomain()))
			}
			j.because = append(j.because, s.failed[0])
		}
	}
	if len(j.because) == 0 && len(unanswered) > 0 { // the servers answer, but not this question
		j.score = atEvidence - 2
		for _, a := range unanswered[:min(len(unanswered), maxFindings)] {
			j.subjects = append(j.subjects, a.Resolver.Addr().String())
			j.values = append(j.values, c.aboutResolver(a.Resolver, a.Domain))
			j.because = append(j.because, Finding{srvText(a), a.Origin})
		}
		j.subjects = slices.Compact(j.subjects)
	}
	if len(j.because) == 0 {
		text := "the DNS server that was asked answered"
		if len(order) > 1 {
			text = fmt.Sprintf("%d DNS servers asked, each answered", len(order))
		}
		return pass(Finding{text, c.dnsOrigin()})
	}
	return one(j)
}

// aboutResolver is what placeholders stand for in a cause about a DNS server.
func (c *clues) aboutResolver(r netip.AddrPort, domain string) map[string]string {
	v := map[string]string{"resolver": r.Addr().String(), "domain": domain}
	if from := c.source(r.Addr()); from.IsValid() {
		v["client"] = from.String()
	}
	return v
}

// ownNetwork tells by the words of the system whether a question did not leave
// this machine or its network: then nothing is said of the server.
func ownNetwork(detail string) bool {
	detail = strings.ToLower(detail)
	for _, words := range []string{"network is unreachable", "unreachable network", "not permitted", "permission denied", "invalid argument", "forbidden by its access permissions"} {
		if strings.Contains(detail, words) {
			return true
		}
	}
	return false
}

// unsent returns the DNS questions for which this machine had no way.
func (c *clues) unsent() []Finding {
	var out []Finding
	var seen []netip.AddrPort
	for i := range c.set.SRV {
		a := &c.set.SRV[i]
		if a.Outcome == evidence.DNSUnreachable && ownNetwork(a.Detail) && !slices.Contains(seen, a.Resolver) && len(seen) < maxFindings {
			seen = append(seen, a.Resolver)
			out = append(out, Finding{"the question did not leave this network: " + evidence.Clean(a.Detail) + by(a.Resolver, a.Outcome), a.Origin})
		}
	}
	return out
}

func (c *clues) firstDomain() string {
	if len(c.domains) == 0 {
		return ""
	}
	return c.domains[0].name
}

func (c *clues) dnsOrigin() evidence.Origin {
	if len(c.set.SRV) > 0 {
		return c.set.SRV[0].Origin
	}
	return c.set.Addresses[0].Origin
}

func clientNoDNSServer(c *clues) []judgement {
	for i := range c.set.Configs {
		if r := &c.set.Configs[i]; len(r.Resolvers) == 0 && r.Stub == "" && r.Problem == "" {
			return one(judgement{
				verdict: Found, score: atStrong, code: 0x8007267C,
				because: []Finding{{"this machine has no DNS server configured", r.Origin}},
			})
		}
	}
	for i := range c.set.Configs {
		if r := &c.set.Configs[i]; len(r.Resolvers) == 0 && r.Stub == "" && r.Problem != "" {
			return one(judgement{
				verdict: Possible, score: atEvidence, code: 0x8007267C,
				because: []Finding{{"no DNS server of this machine could be read: " + evidence.Clean(r.Problem), r.Origin}},
			})
		}
	}
	with, without := c.adapters(func(a *evidence.Adapter) bool { return len(a.Servers) > 0 }), c.adapters(func(a *evidence.Adapter) bool { return a.NoServers })
	switch {
	case len(with) == 0 && len(without) > 0:
		return one(judgement{
			verdict: Found, score: atStrong, code: 0x8007267C,
			because: []Finding{{"no adapter of the client has a DNS server", without[0].Origin}},
		})
	case len(with) > 0:
		return pass(Finding{"the client has DNS servers: " + evidence.Clean(strings.Join(with[0].Servers, ", ")), with[0].Origin})
	}
	for i := range c.set.Configs {
		if r := &c.set.Configs[i]; len(r.Resolvers) > 0 {
			return pass(Finding{fmt.Sprintf("this machine has %d DNS servers", len(r.Resolvers)), r.Origin})
		}
	}
	return nil
}

func (c *clues) adapters(is func(*evidence.Adapter) bool) []*evidence.Adapter {
	var out []*evidence.Adapter
	for i := range c.set.Adapters {
		if is(&c.set.Adapters[i]) {
			out = append(out, &c.set.Adapters[i])
		}
	}
	return out
}
