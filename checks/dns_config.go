package checks

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

const dnsConfigID = "dns.config"

// DNSConfig asks which DNS servers and suffixes this machine uses. It finds out
// what the target means: an argument that DNS has to decide about becomes a
// domain or a host, and without arguments each of this machine's suffixes is a
// domain, in the order in which a client asks.
var DNSConfig = &Check{
	ID: dnsConfigID, Title: "this machine knows its DNS servers and its domain",
	Group: Discover, Scope: run.Site, Timeout: dnsLimit,
	Slow: "a DNS server has not answered yet",
	Run:  runDNSConfig,
}

// config returns the resolver configuration in force: what --dns and --domain
// say goes before what the machine is configured with.
func (e *Env) config(ctx context.Context) evidence.ResolverConfig {
	c := e.Local.Resolvers(ctx)
	c.Resolvers, c.Suffixes = slices.Clone(c.Resolvers), slices.Clone(c.Suffixes)
	if len(e.Target.Resolvers) > 0 {
		c.Resolvers, c.Stub, c.Problem = nil, "", ""
		for _, a := range e.Target.Resolvers {
			c.Resolvers = append(c.Resolvers, evidence.Resolver{Address: a, Source: "--dns"})
		}
	}
	for i, d := range e.Target.Domains {
		c.Suffixes = slices.Insert(c.Suffixes, i, evidence.Suffix{Name: d, Source: "--domain"})
	}
	return c
}

// servers returns the DNS servers to ask, each once.
func servers(ctx context.Context, ask Ask) []netip.AddrPort {
	var config evidence.ResolverConfig
	if r, ok := ask.Prior.Of(DNSConfig, ask.Subject); ok && len(r.Evidence.Configs) > 0 {
		config = r.Evidence.Configs[0]
	} else {
		config = ask.config(ctx)
	}
	return addressesIn(config)
}

func addressesIn(config evidence.ResolverConfig) []netip.AddrPort {
	var list []netip.AddrPort
	for _, r := range config.Resolvers {
		if !slices.Contains(list, r.Address) {
			list = append(list, r.Address)
		}
	}
	return list
}

func runDNSConfig(ctx context.Context, ask Ask) Answer {
	config := ask.config(ctx)
	config.Origin = ask.origin(dnsConfigID)
	machine := ask.Local.Machine(ctx)
	machine.Origin = config.Origin
	var a Answer
	a.Evidence.Configs = []evidence.ResolverConfig{config}
	a.Evidence.Machines = []evidence.Machine{machine}
	note := func(id string, status run.Status, text string) {
		a.Notes = append(a.Notes, run.Note{ID: id, Status: status, Text: text})
	}
	if config.Stub != "" {
		note("local-stub", run.Pass, "the local stub "+config.Stub+" stands before the DNS servers; a client's questions go through it")
	}
	if machine.OS == "darwin" && len(ask.Target.Resolvers) == 0 {
		note("macos-resolvers", run.Pass, "macOS may have more DNS servers for certain domains than resolv.conf shows")
	}
	if machine.Container != "" {
		note("behind-nat", run.Pass, "this is a "+machine.Container+" behind its host's address translation: what works from here was not tested from the LAN")
	}
	t := ask.Target
	if len(config.Resolvers) == 0 {
		return withoutServers(a, config, t)
	}
	prober := prober{ask: ask, servers: addressesIn(config)}
	for _, d := range prober.decideAll(ctx, t.Names) {
		a.Found = append(a.Found, d.subject)
		if d.why != "" {
			note("taken-as-host", run.Pass, d.why)
		}
	}
	if len(t.Names)+len(t.Domains)+len(t.Hosts) == 0 {
		suffixes := suffixOrder(config.Suffixes)
		if len(suffixes) == 0 {
			a.Status, a.Summary = run.Fail, "no domain: this machine has no DNS suffix, so a client here has no name to ask for"
			return a
		}
		published := prober.published(ctx, suffixes)
		for i, s := range suffixes {
			a.Found = append(a.Found, domainSubject(s.Name, "this machine's "+s.Source))
			if len(suffixes) > 1 && published[i] {
				note(suffixPublishedID, run.Pass, publishedText(s.Name))
			}
		}
	}
	a.Status, a.Summary = run.Pass, describeConfig(config, a.Found, t)
	if config.Problem != "" {
		note("config-problem", run.Warn, config.Problem)
	}
	return a
}

// withoutServers is the answer of a machine that has no DNS server. Where only
// addresses were asked about it does not matter.
func withoutServers(a Answer, config evidence.ResolverConfig, t run.Target) Answer {
	for _, name := range t.Names {
		a.Found = append(a.Found, domainSubject(name, "named by the user"))
	}
	problem := config.Problem
	if problem == "" {
		problem = "no DNS server is configured on this machine"
	}
	if len(t.Hosts) > 0 && len(t.Names)+len(t.Domains) == 0 {
		a.Status, a.Summary = run.Skip, "not needed for hosts: "+problem
		return a
	}
	a.Status, a.Summary = run.Fail, problem
	return a
}

func describeConfig(c evidence.ResolverConfig, found []run.Subject, t run.Target) string {
	var about []string
	for _, s := range found {
		about = append(about, s.Name())
	}
	about = append(about, t.Domains...)
	to := "resolver "
	if len(c.Resolvers) > 1 {
		to = "resolvers "
	}
	var names []string
	for _, r := range c.Resolvers {
		names = append(names, resolverName(r.Address))
	}
	return strings.Join(append(about, to+strings.Join(names, ", ")), ", ")
}

// prober asks the questions that settle what the target means. They are asked
// once, since the checks that follow ask them again with care.
type prober struct {
	ask     Ask
	servers []netip.AddrPort
}

// proberTime is twice dnsTry: askOnce leaves half of it for a cut answer.
const proberTime = 2 * dnsTry

// maxProbes bounds how many names are decided at a time.
const maxProbes = 16

// first asks every server at once and returns the best reply: records before a
// definite "none", and that before no answer.
func (p prober) first(ctx context.Context, q question) dnsReply {
	ctx, cancel := context.WithTimeout(ctx, proberTime)
	defer cancel()
	q.tries = 1
	replies := make([]dnsReply, len(p.servers))
	var wg sync.WaitGroup
	for i, server := range p.servers {
		wg.Go(func() {
			replies[i] = askDNS(ctx, p.ask, q, server)
			if replies[i].outcome == evidence.DNSAnswered {
				cancel()
			}
		})
	}
	wg.Wait()
	best := replies[0]
	for _, r := range replies[1:] {
		if r.outcome == evidence.DNSAnswered && best.outcome != evidence.DNSAnswered ||
			r.outcome.Answered() && !best.outcome.Answered() {
			best = r
		}
	}
	return best
}

// decided is what a name turned out to be; why is empty for a domain.
type decided struct {
	subject run.Subject
	why     string
}

// decideAll decides about the names side by side, and answers in their order.
func (p prober) decideAll(ctx context.Context, names []string) []decided {
	list := make([]decided, len(names))
	slots := make(chan struct{}, maxProbes)
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			list[i].subject, list[i].why = p.decide(ctx, name)
		})
	}
	wg.Wait()
	return list
}

// decide tells whether a name is a domain or a host: SRV records make it a
// domain, addresses without SRV records a host, neither a domain without SRV.
func (p prober) decide(ctx context.Context, name string) (subject run.Subject, why string) {
	asDomain := domainSubject(name, "named by the user")
	srv := p.first(ctx, question{name: kmsOwner(name), qtype: dns.TypeSRV})
	if srv.outcome != evidence.DNSNoName && srv.outcome != evidence.DNSNoData {
		return asDomain, ""
	}
	for _, qtype := range addressTypes(p.ask.Target.Family) {
		if r := p.first(ctx, question{name: name, qtype: qtype}); r.outcome == evidence.DNSAnswered {
			return hostSubject("", name, p.ask.Target.Port, "named by the user"),
				fmt.Sprintf("%s has addresses but no SRV record: taken as a host; --domain %s asks about it as a domain", name, name)
		}
	}
	for _, a := range p.ask.Local.HostsFile(ctx, name) {
		return hostSubject("", name, p.ask.Target.Port, "named by the user"),
			fmt.Sprintf("%s is in the hosts file (%s) and has no SRV record: taken as a host", name, a)
	}
	return asDomain, ""
}

// maxSuffixes bounds how many suffixes are asked about.
const maxSuffixes = 8

// suffixOrder lists the suffixes, each once, in the order in which a client asks:
// the primary one, then the others in theirs.
func suffixOrder(suffixes []evidence.Suffix) []evidence.Suffix {
	var list []evidence.Suffix
	for _, primary := range []bool{true, false} {
		for _, s := range suffixes {
			known := slices.ContainsFunc(list, func(o evidence.Suffix) bool { return strings.EqualFold(o.Name, s.Name) })
			if s.Primary == primary && s.Name != "" && !known && len(list) < maxSuffixes {
				list = append(list, s)
			}
		}
	}
	return list
}

// published tells of each of several suffixes whether any server has an SRV
// record for it. One alone is not asked about: the checks that follow do that.
func (p prober) published(ctx context.Context, suffixes []evidence.Suffix) []bool {
	found := make([]bool, len(suffixes))
	if len(suffixes) < 2 {
		return found
	}
	var wg sync.WaitGroup
	for i, s := range suffixes {
		wg.Go(func() {
			found[i] = p.first(ctx, question{name: kmsOwner(s.Name), qtype: dns.TypeSRV}).outcome == evidence.DNSAnswered
		})
	}
	wg.Wait()
	return found
}

const suffixPublishedID = "suffix-published"

func publishedText(suffix string) string { return "KMS hosts are published under the suffix " + suffix }

// otherSuffix returns the first of this machine's suffixes under which KMS hosts
// are published, other than the asked domain, and whether a client asks there
// before it asks for the domain. It is empty when the domain is none of several
// suffixes, or no other one has a record.
func otherSuffix(ask Ask) (name string, before bool) {
	r, ok := ask.Prior.Of(DNSConfig, ask.Subject)
	if !ok || len(r.Evidence.Configs) == 0 {
		return "", false
	}
	before = true
	for _, s := range suffixOrder(r.Evidence.Configs[0].Suffixes) {
		if strings.EqualFold(s.Name, ask.Subject.Domain) {
			before = false
			continue
		}
		if slices.ContainsFunc(r.Notes, func(n run.Note) bool { return n.ID == suffixPublishedID && n.Text == publishedText(s.Name) }) {
			return s.Name, before
		}
	}
	return "", false
}

func addressTypes(family int) []uint16 {
	switch family {
	case 4:
		return []uint16{dns.TypeA}
	case 6:
		return []uint16{dns.TypeAAAA}
	}
	return []uint16{dns.TypeA, dns.TypeAAAA}
}
