package checks

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// MatrixOptions say what a capability matrix asks about.
type MatrixOptions struct {
	Classes   []catalog.Class      // classes of products to ask about; empty: all
	Endpoints []run.MatrixEndpoint // known already, to be tried in this order; empty: those that the target leads to
}

// MatrixPlan says what [Matrix] will send to the endpoints in opts, or else to
// those of the host or domain in env.Target, which it finds as the checks do. That
// takes DNS questions at most, nothing to the host itself. Without an endpoint the
// plan's Problem says why; Matrix then asks nobody.
func MatrixPlan(ctx context.Context, env *Env, opts MatrixOptions) run.MatrixPlan {
	world := env.complete()
	p := run.MatrixPlan{
		Schema: run.Schema, Kind: run.KindMatrixPlan, Version: env.Version, Target: evidence.Clean(matrixTarget(env.Target)),
		Machine: evidence.Clean(world.Local.Machine(ctx).Name), Started: world.Now().UTC(),
		Endpoints: []run.MatrixEndpoint{}, Rows: matrixRows(opts), Sends: []string{}, Sent: []string{},
	}
	found := foundEndpoints{endpoints: cleanEndpoints(opts.Endpoints)}
	if len(found.endpoints) > 0 {
		p.Target = found.endpoints[0].Host
	} else {
		found = findEndpoints(ctx, world)
	}
	p.Endpoints = append(p.Endpoints, found.endpoints...)
	p.Sent = append(p.Sent, found.sent...)
	p.Problem = evidence.Clean(found.problem)
	for _, row := range p.Rows {
		if row.Status == run.MatrixWaiting {
			p.Requests++
		}
	}
	if p.Problem == "" && p.Requests == 0 {
		p.Problem = "there is nothing to ask for"
	}
	p.AtMost = p.Requests + maxLower + maxRepeats
	p.Binds = p.AtMost + len(p.Endpoints)
	if p.Problem == "" {
		p.Sends = matrixSends(p)
	}
	return p
}

// matrixTarget is the one thing that the user named.
func matrixTarget(t run.Target) string {
	switch {
	case len(t.Args) > 0:
		return t.Args[0]
	case len(t.Hosts) > 0:
		return hostText(t.Hosts[0])
	case len(t.Domains) > 0:
		return t.Domains[0]
	case len(t.Names) > 0:
		return t.Names[0]
	}
	return "this machine's domain"
}

// matrixRows lists every counted id in the order of asking. Servers and Office
// come before clients: those ask with an N of 25, which makes a list grow that
// so far held the 10 entries of a host for servers alone; whoever stops early
// has not done that.
func matrixRows(opts MatrixOptions) []run.MatrixRow {
	var asked, left []run.MatrixRow
	for _, class := range []catalog.Class{catalog.Server, catalog.Office, catalog.Client} {
		for _, g := range catalog.Groups() {
			if g.Class != class || len(opts.Classes) > 0 && !slices.Contains(opts.Classes, class) {
				continue
			}
			if row := matrixRow(g); row.Status == run.MatrixWaiting {
				asked = append(asked, row)
			} else {
				left = append(left, row)
			}
		}
	}
	rows := append(asked, left...)
	for i := range rows {
		rows[i].Index = i
	}
	return rows
}

func matrixRow(g catalog.Group) run.MatrixRow {
	product := g.Representative()
	row := run.MatrixRow{
		Group: g.ID, Name: g.Title(), Class: string(g.Class), CountedID: g.CountedID,
		Application: catalog.ApplicationName(g.AppID), Releases: []string{},
		Product: product.Name, ActivationID: product.ActivationID,
		Needs: g.N, Protocol: versionOf(product).String(), Status: run.MatrixWaiting,
	}
	if !g.CountedIDGenuine {
		row.CountedID = "" // the catalogue's is a stand-in that nobody sends
	}
	for _, r := range g.Releases() {
		row.Releases = append(row.Releases, r.Name())
	}
	row.Releases = slices.Compact(row.Releases)
	if row.Why = g.WhyNotAsked(); row.Why != "" {
		row.Status = run.MatrixNotAsked
		for _, k := range catalog.HostKeysForGroup(g) {
			row.Cure = append(row.Cure, hostKeyRef(k, g))
		}
	}
	return row
}

// hostKeyRef says what a key's list names of a group.
func hostKeyRef(k catalog.HostKey, g catalog.Group) run.HostKeyRef {
	ref := run.HostKeyRef{ID: k.ID, Name: k.Name, Releases: []string{}, Source: k.Source.Name()}
	for _, r := range k.CoversGroup(g) {
		ref.Releases = append(ref.Releases, r.Name())
	}
	ref.Releases = slices.Compact(ref.Releases)
	return ref
}

// maxMatrixEndpoints bounds how many addresses are tried until one answers.
const maxMatrixEndpoints = 8

// foundEndpoints is where a target leads.
type foundEndpoints struct {
	endpoints []run.MatrixEndpoint // in the order in which a client may try them
	sent      []string             // what finding them sent
	problem   string               // why there are none
}

// cleanEndpoints are the first of the endpoints that a caller knows.
func cleanEndpoints(known []run.MatrixEndpoint) []run.MatrixEndpoint {
	var list []run.MatrixEndpoint
	for _, e := range known[:min(len(known), maxMatrixEndpoints)] {
		if e.Host == "" {
			e.Host = e.Address.Addr().String()
		}
		list = append(list, run.MatrixEndpoint{Host: evidence.Clean(e.Host), Domain: evidence.Clean(e.Domain), Address: e.Address})
	}
	return list
}

// findEndpoints runs the checks that discover a target's endpoints.
func findEndpoints(ctx context.Context, env *Env) foundEndpoints {
	var hosts []string // keys of hosts, and of endpoints that belong to none, in order
	below := map[string][]run.MatrixEndpoint{}
	var failed []string
	collect := func(e run.Event) {
		switch {
		case e.Found != nil && e.Found.Subject.Kind == run.Host:
			hosts = append(hosts, e.Found.Subject.Key)
		case e.Found != nil && e.Found.Subject.Kind == run.Endpoint:
			s := e.Found.Subject
			key := s.Parent
			if !slices.Contains(hosts, key) {
				key = s.Key
				hosts = append(hosts, key)
			}
			below[key] = append(below[key], run.MatrixEndpoint{Host: evidence.Clean(s.Host), Domain: evidence.Clean(s.Domain), Address: s.Addr})
		case e.Finished != nil && (e.Finished.Status == run.Fail || e.Finished.Status == run.Skip):
			failed = append(failed, colon(e.Finished.Subject.Name(), e.Finished.Summary))
		}
	}
	summary := Run(ctx, env, []*Check{DNSConfig, DNSSRV, DNSAddress}, Options{}, collect)
	found := foundEndpoints{sent: summary.Sent}
	seen := map[netip.AddrPort]bool{}
	for _, key := range hosts {
		for _, e := range below[key] {
			if !seen[e.Address] && len(found.endpoints) < maxMatrixEndpoints {
				seen[e.Address] = true
				found.endpoints = append(found.endpoints, e)
			}
		}
	}
	switch {
	case len(found.endpoints) > 0:
	case summary.Stopped:
		found.problem = "stopped before a host was found"
	case len(failed) > 0:
		found.problem = strings.Join(failed[:min(len(failed), 3)], "; ")
	default:
		found.problem = "no KMS host was found"
	}
	return found
}

// matrixSends announces the traffic of a plan.
func matrixSends(p run.MatrixPlan) []string {
	first := p.Endpoints[0]
	line := "a TCP connection and an RPC bind to " + first.Name()
	if more := len(p.Endpoints) - 1; more > 0 {
		line += fmt.Sprintf("; where it does not answer, to the next address (%d more)", more)
	}
	to := "to it"
	if len(p.Endpoints) > 1 {
		to = "to the first that answers"
	}
	lines := []string{line, fmt.Sprintf("%s %s, one for each counted id, all under the one client id of every kmsdiag; %d at most, with repeated ones and those in a lower protocol version; each is an event 12290 on the host",
		plural(p.Requests, "KMS request"), to, p.AtMost)}
	if n := asksForMany(p); n > 0 {
		lines = append(lines, fmt.Sprintf("%d of them, the last, ask with N %d: a list that only servers asked for may grow from %d entries to %d",
			n, catalog.ClientN, catalog.ServerOnlyCeiling, catalog.WindowsCeiling))
	}
	return lines
}

// asksForMany counts the rows that ask for the larger count.
func asksForMany(p run.MatrixPlan) int {
	n := 0
	for _, row := range p.Rows {
		if row.Status == run.MatrixWaiting && row.Needs == catalog.ClientN {
			n++
		}
	}
	return n
}

const (
	matrixLimit = 5 * time.Second // for one request, its connection and bind included
	maxLower    = 2               // requests in lower protocol versions, once a matrix
	maxRepeats  = 3               // requests sent again because a connection in use was lost
	maxDeaf     = 2               // rows in a row without an answer, after which no more is asked
	maxSame     = 3               // rows refused in a row with one code that is not about the product
)
