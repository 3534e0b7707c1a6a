package diagnose

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

var dnsRules = []rule{
	{"srv-record-missing", srvRecordMissing},
	{"dns-server-unreachable", dnsServerUnreachable},
	{"client-no-dns-server", clientNoDNSServer},
	{"dns-suffix-missing", dnsSuffixMissing},
	{"kms-hostname-unresolvable", hostnameUnresolvable},
	{"srv-wrong-zone", srvWrongZone},
}

// has tells whether a resolver knew a usable KMS record of the domain.
func (d *domain) has() bool {
	return slices.ContainsFunc(d.kms, usable)
}

func usable(a *evidence.SRVAnswer) bool {
	return slices.ContainsFunc(a.Records, func(r evidence.SRVRecord) bool { return !absent(r) })
}

// empty returns the first definite answer without a usable record.
func (d *domain) empty() *evidence.SRVAnswer {
	for _, a := range d.kms {
		if a.Outcome.Answered() && !usable(a) {
			return a
		}
	}
	return nil
}

// isActiveDirectory returns the answer that shows domain controllers.
func (d *domain) isActiveDirectory() *evidence.SRVAnswer {
	for _, a := range d.dc {
		if a.Outcome == evidence.DNSAnswered {
			return a
		}
	}
	return nil
}

// expected tells whether somebody means the domain to have a KMS record: a
// domain that is only one suffix of several is not missed while another has one.
func (c *clues) expected(d *domain) bool {
	searched := false
	for i := range c.set.Configs {
		for _, s := range c.set.Configs[i].Suffixes {
			if hostKey(s.Name) == hostKey(d.name) && s.Source != "--domain" {
				searched = true
			}
		}
	}
	return !searched || !slices.ContainsFunc(c.domains, (*domain).has)
}

// about is what placeholders stand for in a cause about a domain; the host is
// the one that serves, where the evidence has one alone.
func (d *domain) about(c *clues) values {
	v := map[string]string{"domain": d.name}
	var serving []*host
	for _, h := range c.hosts {
		if h.answered(served) != nil {
			serving = append(serving, h)
		}
	}
	if len(serving) == 1 {
		v["host"], v["target"] = serving[0].name, serving[0].name
	}
	return values{v}
}

// srvText says what a resolver answered to an SRV question.
func srvText(a *evidence.SRVAnswer) string {
	name := evidence.Clean(a.Name)
	if name == "" {
		name = "_vlmcs._tcp." + evidence.Clean(a.Domain)
	}
	var what string
	switch a.Outcome {
	case evidence.DNSAnswered:
		what = fmt.Sprintf("has %d SRV records", len(a.Records))
		if len(a.Records) == 1 {
			what = "has 1 SRV record"
		}
		if !usable(a) {
			what = "has an SRV record that declares the service absent"
		}
	case evidence.DNSNoName:
		what = "does not exist"
	case evidence.DNSNoData:
		what = "exists without an SRV record"
	case evidence.DNSServFail:
		what = "failed: the server answered SERVFAIL"
	case evidence.DNSRefused:
		what = "failed: the server refused to answer"
	case evidence.DNSSilent:
		what = "failed: no answer within the limit"
	case evidence.DNSUnreachable:
		what = "failed: the server is not reachable"
	case evidence.DNSMalformed:
		what = "failed: the answer was no answer to this question"
	default:
		what = firstOf(evidence.Clean(a.Detail), string(a.Outcome))
	}
	return name + " " + what + by(a.Resolver)
}

func by(resolver netip.AddrPort) string {
	switch {
	case !resolver.IsValid():
		return ""
	case resolver.Port() == 53:
		return ", says " + resolver.Addr().String()
	}
	return ", says " + resolver.String()
}

func srvRecordMissing(c *clues) []judgement {
	var js []judgement
	for _, d := range c.domains {
		a := d.empty()
		if d.has() || a == nil || !c.expected(d) {
			continue
		}
		j := judgement{verdict: Found, score: atEvidence, subjects: []string{evidence.Clean(d.name)}, values: d.about(c), code: 0x8007232B}
		if a.Outcome == evidence.DNSNoData {
			j.code = 0x8007251D
		}
		for _, a := range d.kms {
			if a.Outcome.Answered() {
				j.because = append(j.because, Finding{srvText(a), a.Origin})
			}
		}
		for _, m := range d.misspelt {
			if m.Outcome == evidence.DNSAnswered {
				j.score = atStrong
				j.because = append(j.because, Finding{srvText(m) + ": the letters of _vlmcs are swapped, no client asks for this name", m.Origin})
			}
		}
		if dc := d.isActiveDirectory(); dc != nil && a.Outcome != evidence.DNSAnswered {
			j.verdict, j.score = Possible, atEvidence-4
			j.against = append(j.against, Finding{evidence.Clean(d.name) + " is an Active Directory domain: normal if AD-based activation is used", dc.Origin})
		}
		js = append(js, j)
	}
	if len(js) > 0 {
		return js
	}
	for i := range c.set.Licenses {
		if l := &c.set.Licenses[i]; l.DiscoveryFailed && !licensed(*l) {
			return one(judgement{
				verdict: Possible, score: atEvidence, code: 0xC004F074,
				because: []Finding{{"the client found no KMS name by DNS auto-discovery", l.Origin}},
			})
		}
	}
	for i := range c.set.Hosts {
		if h := &c.set.Hosts[i]; h.Publishing == "disabled" {
			return one(judgement{
				verdict: Possible, score: atEvidence - 4, code: 0x8007232B,
				because: []Finding{{"the KMS host's DNS publishing is disabled", h.Origin}},
			})
		}
	}
	if len(c.domains) > 0 && !slices.ContainsFunc(c.domains, func(d *domain) bool { return !d.has() }) {
		return pass(Finding{srvText(c.domains[0].kms[0]), c.domains[0].kms[0].Origin})
	}
	return nil
}

func dnsServerUnreachable(c *clues) []judgement {
	type server struct {
		failed   []Finding
		answered bool
	}
	servers := map[netip.AddrPort]*server{}
	var order []netip.AddrPort
	anyAnswer := false
	note := func(resolver netip.AddrPort, outcome evidence.DNSOutcome, f Finding) {
		s, ok := servers[resolver]
		if !ok {
			s = &server{}
			servers[resolver] = s
			order = append(order, resolver)
		}
		if outcome.Answered() {
			s.answered, anyAnswer = true, true
		} else if outcome != evidence.DNSOther {
			s.failed = append(s.failed, f)
		}
	}
	for _, d := range c.domains {
		for _, a := range d.kms {
			note(a.Resolver, a.Outcome, Finding{srvText(a), a.Origin})
		}
	}
	for i := range c.set.Addresses {
		if a := &c.set.Addresses[i]; !a.HostsFile {
			note(a.Resolver, a.Outcome, Finding{addressText(a), a.Origin})
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
			if r.IsValid() {
				j.subjects = append(j.subjects, r.Addr().String())
				j.values = append(j.values, map[string]string{"resolver": r.Addr().String(), "domain": c.firstDomain()})
			}
			j.because = append(j.because, s.failed[0])
		}
	}
	if len(j.because) == 0 {
		return pass(Finding{fmt.Sprintf("%d DNS servers asked, each answered", len(order)), c.dnsOrigin()})
	}
	return one(j)
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
