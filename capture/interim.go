package capture

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// maxOpen bounds the connections under way that an interim report looks at.
const maxOpen = 400

// Interim returns what was found so far, while reading goes on. Its evidence and
// results are copies; it has no clients, and of hosts no more than their names. It
// may be called by any goroutine, but only of an analyzer with [Options.Interim].
func (a *Analyzer) Interim() *Report {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.p.settle()
	defer a.p.mu.Unlock()
	t := a.sum.copied()
	n := 0
	for _, s := range a.e.flows.slots {
		if s.at == 0 {
			continue
		}
		f := a.e.flows.at(s.at - 1)
		if !f.onPort && (f.conv == nil || !f.conv.kms) {
			continue
		}
		var c Connection
		a.e.connection(f, &c)
		t.samples.connection(&c)
		if n++; n == maxOpen {
			break
		}
	}
	r := t.judged(a.e.count)
	hosts := r.Hosts
	r.Files, r.Broken, r.Hosts = slices.Clone(r.Files), slices.Clone(r.Broken), make([]*Host, len(hosts))
	for i, h := range hosts {
		r.Hosts[i] = &Host{Address: h.Address, Names: h.Names}
	}
	return r
}

// copied is a tally that can be summed up while the other goes on. What the
// judging of facts only reads is shared.
func (t *tally) copied() *tally {
	c := *t
	c.samples.set = evidence.Set{}
	c.samples.set.Add(t.samples.set)
	c.samples.dials, c.samples.binds = maps.Clone(t.samples.dials), map[bindKey]*lateBind{}
	for key, k := range t.samples.binds {
		late := *k
		c.samples.binds[key] = &late
	}
	return &c
}

// interims calls Interim of the job every now and then until stop is called,
// which waits for it.
func (j *Job) interims(ctx context.Context, a *Analyzer) (stop func()) {
	if j.Interim == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		every := time.NewTicker(interimEvery)
		defer every.Stop()
		seen := int64(-1)
		for {
			select {
			case <-ctx.Done():
				return
			case <-every.C:
			}
			a.mu.Lock()
			n := a.e.count.Exchanges + a.e.count.Connections + a.e.count.DNS
			packets := a.e.count.Packets
			a.mu.Unlock()
			if now := n + packets; now != seen {
				seen = now
				j.Interim(a.Interim())
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

const interimEvery = time.Second
