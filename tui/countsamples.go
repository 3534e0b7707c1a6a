package tui

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// countList is one of the lists in which a host counts its clients.
type countList uint8

const (
	windowsList countList = iota // clients and servers together
	officeList
	unknownList // the source does not say which
)

// countSample is what a host's count was at a time.
type countSample struct {
	host  string // name and address; of a paste what it says, or nothing
	list  countList
	at    time.Time // zero: not known
	count int       // as the host stated it
	probe bool      // one of count is this program's probe
	from  string    // "request", "slmgr /dlv of the host", "event 12289", "events 12290"
}

// maxSamples bounds what is kept of a session; the oldest go first.
const maxSamples = 2048

// counts are the samples of a session: seen in its own runs, given by what was
// pasted, caught by a capture.
type counts struct {
	seen, given, caught []countSample

	sorted []countSeries // what series made of them last; nil when they changed
}

// take keeps the counts of a result.
func (c *counts) take(set evidence.Set) {
	if list := samplesIn(set); len(list) > 0 {
		c.seen, c.sorted = newest(append(c.seen, list...)), nil
	}
}

// give keeps the counts of joined evidence, in place of what was there.
func (c *counts) give(set evidence.Set) { c.given, c.sorted = samplesIn(set), nil }

// forget drops what the runs and the capture before gave.
func (c *counts) forget(runs, captures bool) {
	if runs {
		c.seen = nil
	}
	if captures {
		c.caught = nil
	}
	c.sorted = nil
}

// catch keeps the counts among the records of a capture.
func (c *counts) catch(items []captureItem) {
	for i := range items {
		if s := items[i].sample; s.from != "" {
			c.caught, c.sorted = append(c.caught, s), nil
		}
	}
	c.caught = newest(c.caught)
}

// newest are the samples that are kept.
func newest(list []countSample) []countSample {
	if n := len(list) - maxSamples; n > 0 {
		return slices.Delete(list, 0, n)
	}
	return list
}

// countSeries is the course of one list of one host.
type countSeries struct {
	host    string
	list    countList
	from    string
	samples []countSample // by time; those without one first
}

// last is the sample to judge.
func (s countSeries) last() countSample { return s.samples[len(s.samples)-1] }

// series sorts the samples by host and list, the hosts of the run first. It is
// asked for by every frame, and sorts when something changed.
func (c *counts) series() []countSeries {
	if c.sorted != nil {
		return c.sorted
	}
	type place struct {
		host string
		list countList
		log  bool
	}
	at := map[place]int{}
	var out []countSeries
	for _, s := range slices.Concat(c.seen, c.given, c.caught) {
		p := place{s.host, s.list, s.from == fromHostLog}
		i, known := at[p]
		if !known {
			i = len(out)
			at[p] = i
			out = append(out, countSeries{host: s.host, list: s.list, from: s.from})
		}
		out[i].samples = append(out[i].samples, s)
	}
	for i := range out {
		slices.SortStableFunc(out[i].samples, func(a, b countSample) int { return a.at.Compare(b.at) })
		out[i].from = out[i].last().from
	}
	c.sorted = out
	return out
}

// Where samples come from.
const (
	fromRequest  = "an answer to a request"
	fromHostSelf = "the host's own slmgr /dlv"
	fromEvent    = "event 12289 of a client"
	fromCaptured = "a captured answer"
	fromHostLog  = "events 12290 of the host"
)

// samplesIn are the counts in evidence.
func samplesIn(set evidence.Set) []countSample {
	var list []countSample
	for _, e := range set.Exchanges {
		if s, ok := sampleOf(e); ok {
			list = append(list, s)
		}
	}
	for _, h := range set.Hosts {
		if h.Count != nil && *h.Count >= 0 && *h.Count < 1<<31 {
			list = append(list, countSample{list: listLike(h.Product, int(*h.Count)), count: int(*h.Count), from: fromHostSelf})
		}
	}
	for _, e := range set.ClientAnswers {
		if e.HRESULT == 0 && e.Count >= 0 {
			list = append(list, countSample{list: listLike("", e.Count), at: cmp.Or(e.Time, e.ClientTime), count: e.Count, from: fromEvent})
		}
	}
	list = append(list, logSamples(set.HostRequests)...)
	return newest(list)
}

// listLike tells the list of a count from the name of the host key, or from a
// count that the Office list does not reach.
func listLike(hostKey string, count int) countList {
	switch {
	case strings.Contains(hostKey, "Office"):
		return officeList
	case strings.Contains(hostKey, "Windows"), count > catalog.OfficeCeiling:
		return windowsList
	}
	return unknownList
}

// sampleOf reads the count of an exchange.
func sampleOf(e evidence.Exchange) (countSample, bool) {
	if e.Outcome != evidence.Served && e.Outcome != evidence.Unverified || e.Count >= 1<<31 || e.Origin.File != "" {
		return countSample{}, false // those of a capture come with its records
	}
	s := countSample{host: evidence.Clean(e.Host), at: e.SentAt, count: int(e.Count), probe: e.Probe, from: fromRequest}
	if e.Address.IsValid() {
		if a, err := netip.ParseAddr(e.Host); e.Host == "" || err == nil && a == e.Address.Addr() {
			s.host = e.Address.String()
		} else {
			s.host += " " + e.Address.String()
		}
	}
	s.list = listOf(e.Application)
	return s, true
}

// captureSample reads the count of a captured exchange; it is zero where there is
// none.
func captureSample(x *capture.Exchange) countSample {
	if !x.HasHRESULT() || x.HRESULT != 0 || x.Resp == nil || !x.Resp.Decoded || x.Resp.Count >= 1<<31 {
		return countSample{}
	}
	s := countSample{host: x.Host.String(), list: unknownList, count: int(x.Resp.Count), from: fromCaptured, probe: x.Resp.CMID == kms.ProbeCMID}
	if at := cmp.Or(x.Answered, x.Requested); at > 0 {
		s.at = time.Unix(0, at).UTC()
	}
	if x.Req != nil && x.Req.Decoded {
		s.list = listOf(x.Req.AppID.String())
	}
	return s
}

// listOf is the list in which a host counts the clients of an application.
func listOf(appID string) countList {
	switch strings.ToLower(appID) {
	case catalog.OfficeAppID, catalog.Office2010AppID:
		return officeList
	}
	return windowsList
}

// logSamples follows how many clients a host's own log shows within the time in
// which it counts them. It is a lower bound: a log begins somewhere, and of a long
// one a part is kept.
func logSamples(events []evidence.HostRequestEvent) []countSample {
	type visit struct {
		at   time.Time
		list countList
		cmid string
	}
	var visits []visit
	for _, e := range events {
		at := cmp.Or(e.Time, e.ClientTime)
		if at.IsZero() || e.CMID == "" {
			continue
		}
		v := visit{at: at, cmid: e.CMID, list: windowsList}
		if p, ok := catalog.ProductByActivationID(e.ActivationID); ok && p.Group.Class == catalog.Office {
			v.list = officeList
		}
		visits = append(visits, v)
	}
	slices.SortStableFunc(visits, func(a, b visit) int { return a.at.Compare(b.at) })
	var out []countSample
	for _, list := range []countList{windowsList, officeList} {
		var window []visit // visits that still count, oldest first
		times := map[string]int{}
		for _, v := range visits {
			if v.list != list {
				continue
			}
			window = append(window, v)
			times[v.cmid]++
			for v.at.Sub(window[0].at) > catalog.CountWindow {
				if times[window[0].cmid]--; times[window[0].cmid] == 0 {
					delete(times, window[0].cmid)
				}
				window = window[1:]
			}
			out = append(out, countSample{list: list, at: v.at, count: len(times), from: fromHostLog})
		}
	}
	return out
}
