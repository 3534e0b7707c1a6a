package diagnose

import (
	"fmt"
	"net/netip"
	"slices"

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

// withoutRecord names the servers that answered without a usable record.
func (d *domain) withoutRecord() []string {
	var out []string
	for _, a := range d.kms {
		if a.Outcome.Answered() && !usable(a) && a.Resolver.IsValid() {
			if s := resolverName(a.Resolver); !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
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
		what = "failed: " + firstOf(evidence.Clean(a.Detail), string(a.Outcome))
	}
	return name + " " + what + by(a.Resolver, a.Outcome)
}

// by names the server that an outcome comes from: one that did not speak was
// only asked.
func by(resolver netip.AddrPort, outcome evidence.DNSOutcome) string {
	switch {
	case !resolver.IsValid():
		return ""
	case outcome == evidence.DNSSilent || outcome == evidence.DNSUnreachable:
		return ", asked " + resolverName(resolver)
	}
	return ", says " + resolverName(resolver)
}

func resolverName(resolver netip.AddrPort) string {
	if resolver.Port() == 53 {
		return resolver.Addr().String()
	}
	return resolver.String()
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
