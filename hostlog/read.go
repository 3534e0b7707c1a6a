package hostlog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// Options say what of a log is looked at.
type Options struct {
	Now         time.Time // what the last 30 days end with; zero: the newest entry. Later entries are left out
	Since       time.Time // entries before are left out; zero: none
	Today       time.Time // entries more than a day later are taken for mistakes of a clock; zero: none is
	Application string    // "windows" or "office": the lists to report; "": all
}

// NoRequestsError says that nothing of what was read is an event 12290.
type NoRequestsError struct {
	Sources []Source
	LeftOut int64 // requests outside the time asked about

	First, Last time.Time // of those
}

// Error implements error.
func (e *NoRequestsError) Error() string {
	var names []string
	var others, unread int64
	var damage []string
	for _, s := range e.Sources {
		names = append(names, s.Name)
		others += s.Others
		unread += s.Unread
		for _, g := range s.Damage[:min(len(s.Damage), 1)] {
			damage = append(damage, s.Name+": "+g.What+": "+g.Why)
		}
	}
	text := "no event 12290 in " + strings.Join(names, ", ")
	switch {
	case e.LeftOut > 0:
		text = fmt.Sprintf("none of the %s in %s is of the time asked about; they are from %s to %s", plural(int(e.LeftOut), "request"), strings.Join(names, ", "), day(e.First), day(e.Last))
		return strings.Join(append([]string{text}, damage...), "; ")
	case unread > 0:
		text = fmt.Sprintf("%s that shows its list of values (%d without, as tables and cut messages have them)", text, unread)
	case others > 0:
		text += fmt.Sprintf(" (%s)", plural(int(others), "other event"))
	}
	if len(damage) > 0 {
		text += "; " + strings.Join(damage, "; ")
	}
	return text + `: a KMS host writes them to its log "Key Management Service"; save that as .evtx`
}

// Read reads files and reports what they tell. It returns a *[FormatError] where
// none of them is a log, and a *[NoRequestsError] where they hold no event 12290.
// When ctx ends, what was read until then is reported, as stopped.
func Read(ctx context.Context, inputs []Input, o Options) (*Report, error) {
	t := newTally()
	if !o.Since.IsZero() {
		t.since = unix(o.Since)
	}
	switch {
	case !o.Now.IsZero():
		t.until = unix(o.Now)
	case !o.Today.IsZero():
		t.until = unix(o.Today.Add(24 * time.Hour))
	}
	r := &Report{Schema: run.Schema, Kind: Kind, Since: o.Since, tally: t, Sources: []Source{}}
	var failed error
	for i, in := range inputs {
		s := &source{number: i, tally: t, host: noName, info: Source{Name: in.Name}}
		err := s.read(ctx, in)
		s.end()
		s.info.Complete = err == nil && len(s.info.Damage) == 0
		r.Sources = append(r.Sources, s.info)
		if ctx.Err() != nil {
			r.Stopped = true
			break
		}
		if err != nil && failed == nil {
			failed = err
		}
	}
	if t.requests == 0 && t.probe.requests == 0 {
		switch {
		case r.Stopped:
			return nil, context.Cause(ctx)
		case failed != nil:
			return nil, failed
		}
		return nil, &NoRequestsError{r.Sources, t.outside, fromUnix(t.oldest), fromUnix(t.latest)}
	}
	r.fill(o)
	return r, nil
}

// read reads one file. What goes wrong after its beginning is a gap.
func (s *source) read(ctx context.Context, in Input) error {
	br, count, err := s.open(ctx, in)
	if err != nil {
		s.gap(Gap{What: "the file", Why: err.Error()})
		return err
	}
	switch s.info.Format {
	case "evtx":
		err = (&evtxReader{src: s}).read(br)
	case "xml":
		err = (&xmlReader{src: s}).read(br)
	case "csv":
		err = (&csvReader{src: s}).read(br)
	default:
		err = (&textReader{src: s}).read(br)
	}
	s.info.Bytes = count.n
	if err != nil {
		s.gap(Gap{What: "what follows", Why: reason(err), Offset: count.n})
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	return nil
}

func reason(err error) string {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return "reading was stopped"
	}
	return "reading failed: " + err.Error()
}

// fill works everything out.
func (r *Report) fill(o Options) {
	t := r.tally
	r.Requests, r.Duplicates, r.Untimed, r.LeftOut = t.requests, t.doubles, t.untimed, t.outside
	if t.first != 0 {
		r.First, r.Newest = fromUnix(t.first), fromUnix(t.newest)
	}
	now := t.newest
	if !o.Now.IsZero() {
		now, r.NowGiven = unix(o.Now), true
	}
	r.Now = fromUnix(now)
	if p := t.probe; p.requests > 0 {
		r.Probe = &Probe{kms.ProbeCMID.String(), p.requests, fromUnix(p.first), fromUnix(p.last), p.machines}
	}
	r.Lists, r.Limits = []List{}, []string{}
	damaged := slices.ContainsFunc(r.Sources, func(s Source) bool { return !s.Complete || s.Unread > 0 })
	holes := map[int32][]hole{}
	for no, l := range t.lists {
		if o.Application == "" || strings.HasPrefix(strings.ToLower(l.key.app.String()), o.Application) {
			h := l.key.host
			if _, known := holes[h]; !known {
				holes[h] = t.holes(h, damaged, now)
			}
			x := t.listReport(uint16(no), holes[h], now)
			x.since = !o.Since.IsZero() && x.First.Sub(o.Since) < catalog.CountWindow
			r.Lists = append(r.Lists, x)
		}
	}
	for i := range r.Lists {
		r.Lists[i].Clocks.Coarse = r.coarse()
	}
	r.limits()
	r.facts()
	r.explain()
}

// coarse tells whether times were read whose zone had to be inferred.
func (r *Report) coarse() bool {
	for _, s := range r.Sources {
		if strings.Contains(s.Times, "local times") {
			return true
		}
	}
	return false
}

// limits says what was too much to keep.
func (r *Report) limits() {
	t := r.tally
	add := func(is bool, text string) {
		if is {
			r.Limits = append(r.Limits, text)
		}
	}
	add(t.capped, fmt.Sprintf("more than %d client ids: those met later are in no count of clients, so counts are lower bounds", maxClients))
	add(t.names.full(), "too many machine names: those met later are shown without a name and take no part in the search for shared ids")
	add(t.seen.full, fmt.Sprintf("more than %d entries: duplicates among later ones count as requests twice; clients and counts are not affected", maxSeen))
	add(t.outside > 0 && !r.NowGiven && r.Since.IsZero(), entriesAre(t.outside, "")+" left out, dated later than tomorrow: the host's clock was wrong then, or this machine's is")
	add(t.nameless && t.hosts > 1, "entries that name no host were counted for "+t.names.name(t.firstHost)+", though there are several hosts")
	add(t.lost, "too many stretches of time, days, lists or codes: the oldest or rarest were left out")
}
