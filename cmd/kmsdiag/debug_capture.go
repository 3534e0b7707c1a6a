package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
)

// captureBegins logs where packets come from and which of them are taken.
func (l *debugLog) captureBegins(job capture.Job) {
	if l == nil {
		return
	}
	if job.Interface == "" {
		l.say("reading %s, every packet; nothing is sent", evidence.Clean(strings.Join(job.Files, ", ")))
		return
	}
	what := "every TCP packet"
	if !job.AllTCP {
		ports := []string{"1688"}
		for _, p := range slices.Compact(slices.Sorted(slices.Values(job.Ports))) {
			ports = append(ports, fmt.Sprint(p))
		}
		what = "TCP of ports " + strings.Join(ports, ", ") + " and of those that SRV answers name"
	}
	l.say("capturing on %s: %s, DNS, ICMP errors; nothing is sent", evidence.Clean(job.Interface), what)
}

// records logs what was found in packets, an entry each, as it is found.
func (l *debugLog) records(records []capture.Record) {
	if l == nil {
		return
	}
	for _, r := range records {
		switch {
		case r.Exchange != nil:
			x := r.Exchange
			outcome, asked := report.ExchangeText(x)
			l.say("exchange %d of connection %d, packets %d to %d, %s > %s: %s", x.Number, x.Conn,
				firstPacket(x), max(x.Request.Last, x.Answer.Last), x.Client, x.Host, strings.TrimRight(outcome+", "+asked, ", "))
		case r.Connection != nil:
			c := r.Connection
			l.say("connection %d, packets %d to %d, %s > %s: %s", c.Number, c.Span.First, c.Span.Last, c.Client, c.Host, report.ConnectionText(c))
		case r.Lookup != nil:
			q := r.Lookup
			l.say("look-up %d, packets %d to %d, %s > %s: %s %s", q.Number, q.Question, q.Answer, q.Client, q.Resolver, q.Type, report.LookupText(q))
		}
	}
}

// captureEnds logs what was read, and why no more.
func (l *debugLog) captureEnds(r *capture.Report, err error) {
	if l == nil {
		return
	}
	if r != nil {
		l.say("%s", r.Counters.Describe())
		if broken := r.BrokenText(); broken != "" {
			l.say("%s", evidence.Clean(broken))
		}
	}
	if err != nil {
		l.say("the capture ended: %v", err)
	}
}

// firstPacket is where an exchange begins; of some the request was not captured.
func firstPacket(x *capture.Exchange) int64 {
	if x.Request.First != 0 {
		return x.Request.First
	}
	return x.Answer.First
}
