package capture

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// A Report is what a capture adds up to.
type Report struct {
	Files    []string
	Counters Counters
	Clients  []*Client // by the time of their first request
	More     int64     // requests of clients beyond the bound of the inventory
	Hosts    []*Host   // in the order in which they were asked
	Results  []run.Result
	Evidence evidence.Set
	Broken   []error  // where files broke
	Ignore   []string // ids of facts that [Report.Events] shows but does not count
}

// report ends the tally.
func (t *tally) report(c Counters) *Report {
	r := t.judged(c)
	for _, k := range t.clients {
		r.Clients = append(r.Clients, k)
	}
	slices.SortFunc(r.Clients, func(a, b *Client) int {
		return cmp.Or(cmp.Compare(a.First, b.First), slices.Compare(a.CMID[:], b.CMID[:]))
	})
	return r
}

// judged is the report without its clients.
func (t *tally) judged(c Counters) *Report {
	t.samples.settle()
	t.nameHosts()
	r := &Report{Files: t.files, Counters: c, More: t.moreClients, Hosts: t.hostOrder, Broken: t.broken}
	j := judge{t: t, c: c}
	for _, f := range facts {
		j.result = run.Result{Check: f.id, Subject: site, Status: run.Pass, Started: stamp(c.FirstTime)}
		f.judge(&j)
		if j.result.Status == run.Skip {
			j.result.Root = ""
		}
		r.Results = append(r.Results, j.result)
		r.Evidence.Add(j.result.Evidence)
	}
	return r
}

var site = run.Subject{Key: "site", Kind: run.Site}

// nameHosts puts the names that DNS gave into the evidence.
func (t *tally) nameHosts() {
	set := &t.samples.set
	for i := range set.Dials {
		set.Dials[i].Host, set.Dials[i].Domain = t.nameOf(set.Dials[i].Address)
	}
	for i := range set.Binds {
		set.Binds[i].Host, set.Binds[i].Domain = t.nameOf(set.Binds[i].Address)
	}
	for i := range set.Exchanges {
		set.Exchanges[i].Host, set.Exchanges[i].Domain = t.nameOf(set.Exchanges[i].Address)
	}
	for _, h := range t.hostOrder {
		h.Names = t.names[h.Address.Addr()]
	}
}

// nameOf returns the name by which DNS led to a host, and the domain whose SRV
// record named it. A host without a name is called by its address.
func (t *tally) nameOf(a netip.AddrPort) (name, domain string) {
	names := t.names[a.Addr()]
	for _, n := range names {
		if p, ok := t.published[strings.ToLower(n)]; ok {
			return n, p.domain
		}
	}
	if len(names) > 0 {
		return names[0], ""
	}
	return a.Addr().String(), ""
}

// FactIDs are the ids of what is asked of every capture.
func FactIDs() []string {
	ids := make([]string, len(facts))
	for i, f := range facts {
		ids[i] = f.id
	}
	return ids
}

// Plan is the event that begins the stream of a capture.
func Plan(version string, now time.Time, sources ...string) run.Event {
	names := make([]string, len(sources))
	for i, s := range sources {
		names[i] = filepath.Base(s)
	}
	p := &run.Plan{Schema: run.Schema, Version: version, Title: "capture of " + strings.Join(names, ", "), Started: now}
	for _, f := range facts {
		p.Checks = append(p.Checks, run.Planned{ID: f.id, Title: f.title, Group: "CAPTURE", Scope: run.Site})
	}
	return run.Event{Time: now, Plan: p}
}

// Events are the results and the summary that end the stream of a capture.
func (r *Report) Events(now time.Time, took time.Duration, stopped bool) []run.Event {
	out := []run.Event{{Time: now, Found: &run.Found{Subject: site}}}
	s := &run.Summary{Counts: map[run.Status]int{}, Stopped: stopped, Took: took}
	for i := range r.Results {
		res := &r.Results[i]
		if res.Ignored = slices.Contains(r.Ignore, res.Check); !res.Ignored {
			s.Counts[res.Status]++
			s.Worst = run.Worse(s.Worst, res.Status)
		}
		out = append(out, run.Event{Time: now, Finished: res})
	}
	s.Ignored = r.Ignore
	all := diagnose.Diagnose(&r.Evidence)
	for _, c := range all {
		switch c.Verdict {
		case diagnose.Found, diagnose.Possible:
			s.Causes = append(s.Causes, c)
		case diagnose.RuledOut:
			s.RuledOut = append(s.RuledOut, c)
		}
	}
	if r.quiet() {
		s.Conclusion = r.silence()
	} else {
		c := diagnose.Conclude(&r.Evidence, all)
		s.Proved, s.NotTested = c.Proved, c.NotTested
		s.Conclusion = c.Text
	}
	return append(out, run.Event{Time: now, Summary: s})
}

// quiet tells whether the capture holds nothing of KMS.
func (r *Report) quiet() bool {
	return r.Counters.Exchanges == 0 && len(r.Hosts) == 0 && r.Counters.DNS == 0
}

// silence words a capture without KMS.
func (r *Report) silence() string {
	c := r.Counters
	switch {
	case c.Packets == 0:
		return "The capture holds no packets."
	case c.UnknownLink == c.Packets:
		return fmt.Sprintf("No packet could be read: %s is not understood.", c.FrameLink)
	case c.TCP == 0:
		return fmt.Sprintf("The capture holds %s, none of TCP, and no look-up of KMS.", plural(c.Packets, "packet"))
	}
	return fmt.Sprintf("The capture holds %s and %s, none of KMS, and no look-up of KMS.", plural(c.Packets, "packet"), plural(c.Connections, "TCP connection"))
}

// BrokenText says where the files broke, if one did.
func (r *Report) BrokenText() string {
	var parts []string
	for _, err := range r.Broken {
		parts = append(parts, brokenText(err))
	}
	return strings.Join(parts, "; ")
}

// brokenText says where a file broke.
func brokenText(err error) string {
	var b *BrokenError
	if errors.As(err, &b) {
		return fmt.Sprintf("%s breaks off at byte %d, after packet %d: %v", filepath.Base(b.File), b.Offset, b.Packet, b.Err)
	}
	return err.Error()
}
