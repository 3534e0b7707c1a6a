package checks

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// announce makes the plan event: what will be asked, and what will be sent to
// whom in general words, since the hosts are not yet known.
func (r *runner) announce(ctx context.Context, at time.Time) *run.Plan {
	config := r.env.config(ctx)
	machine := r.env.Local.Machine(ctx)
	p := &run.Plan{
		Schema: run.Schema, Version: r.env.Version, Target: r.env.Target,
		Title: evidence.Clean(titleOf(r.env.Target, config)), Machine: evidence.Clean(machine.Name),
		Product: r.env.Product.Name, Sends: r.sends(config), Started: at.UTC(),
	}
	if len(machine.Addresses) > 0 {
		p.Address = machine.Addresses[0].String()
	}
	for _, c := range r.sel.run {
		if r.sel.shown[c] {
			p.Checks = append(p.Checks, run.Planned{ID: c.ID, Title: c.Title, Group: c.Group, Scope: c.Scope, Slow: c.Slow})
		}
	}
	return p
}

// titleOf says what a run is about.
func titleOf(t run.Target, config evidence.ResolverConfig) string {
	var names []string
	names = append(names, t.Domains...)
	names = append(names, t.Names...)
	for _, h := range t.Hosts {
		names = append(names, h.Host)
	}
	if len(names) == 0 {
		for _, s := range suffixOrder(config.Suffixes) {
			names = append(names, s.Name)
		}
	}
	switch {
	case len(names) > 4:
		return strings.Join(names[:3], ", ") + " and " + plural(len(names)-3, "other")
	case len(names) > 0:
		return strings.Join(names, ", ")
	}
	return "this machine"
}

// sends announces the traffic of the checks that will run.
func (r *runner) sends(config evidence.ResolverConfig) []string {
	planned := map[*Check]bool{}
	for _, c := range r.sel.run {
		planned[c] = r.willRun(c)
	}
	clock := planned[KMSClock] && planned[KMSRequest] && !r.env.Target.NoRequest
	var lines []string
	references := r.env.Target.NTP[:min(len(r.env.Target.NTP), maxReferences)]
	if clock && slices.ContainsFunc(references, clockByName) || asksDNS(r.env.Target) && (planned[DNSConfig] || planned[DNSSRV] || planned[ADBASite] || planned[DNSAddress]) {
		if to := resolverNames(config); to != "" {
			line := "DNS questions to " + to
			if r.env.Directory.named() && !planned[ADBASite] {
				line += besideNamed(r.env)
			}
			lines = append(lines, line)
		}
	}
	if planned[ADBAObjects] && r.env.Directory != nil {
		lines = append(lines, directoryLine(r.env.Directory))
	}
	if planned[TCPConnect] {
		line := "TCP connections to the KMS port of each host"
		if planned[TCPAlive] {
			line += ", to 135 and 445 where that is silent"
		}
		lines = append(lines, line)
	}
	switch {
	case planned[KMSRequest] && !r.env.Target.NoRequest:
		lines = append(lines, requestsLine(r.env))
	case planned[RPCBind]:
		lines = append(lines, "an RPC bind to each host, no KMS request")
	}
	if clock {
		line := "one SNTP question to each host"
		if len(references) > 0 {
			line += " and to " + strings.Join(references, ", ")
		}
		lines = append(lines, line)
	}
	return lines
}

// willRun tells whether a check of the plan will have a chance to run: nothing
// that it needs on the same subject, or on the run itself, is left out.
func (r *runner) willRun(c *Check) bool {
	if !slices.Contains(r.sel.run, c) {
		return false
	}
	for _, need := range c.Needs {
		if need.Scope != c.Scope && need.Scope != run.Site {
			continue
		}
		if r.sel.leftOut[need] || slices.Contains(r.sel.run, need) && !r.willRun(need) {
			return false
		}
	}
	return true
}

// requestsLine announces the requests to a host: one, and those that a refusal
// leads to, each with a bind of its own where the host closes the connection.
func requestsLine(env *Env) string {
	line := "an RPC bind and 1 KMS request"
	if env.Product.Name != "" {
		line += " (" + env.Product.Name + ")"
	}
	line += " to each host, a second one where it refuses the product"
	if lower := len(lowerVersions(productAsked(env))); lower > 0 {
		line += fmt.Sprintf(", up to %d more where it refuses V%d", lower, versionOf(productAsked(env)).Major())
	}
	return line
}

// asksDNS tells whether a target leaves anything to ask DNS for: addresses do not.
func asksDNS(t run.Target) bool {
	if len(t.Names)+len(t.Domains) > 0 || len(t.Hosts) == 0 {
		return true
	}
	return slices.ContainsFunc(t.Hosts, func(h run.HostPort) bool {
		_, err := netip.ParseAddr(h.Host)
		return err != nil
	})
}

func resolverNames(config evidence.ResolverConfig) string {
	var names []string
	for _, r := range config.Resolvers {
		names = append(names, resolverName(r.Address))
	}
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}
