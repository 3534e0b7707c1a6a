package hostlog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// Bounds of the evidence: what a rule needs to see of a fault.
const (
	maxClonesTold = 20
	maxUses       = 4
)

// explain gathers the evidence and asks for its causes, so that a log gives the
// same causes and remedies as a paste or a check.
func (r *Report) explain() {
	r.Evidence = r.evidence()
	causes := diagnose.Diagnose(&r.Evidence)
	r.Causes = []diagnose.Cause{}
	for _, c := range causes {
		if c.Verdict == diagnose.Found || c.Verdict == diagnose.Possible {
			r.Causes = append(r.Causes, c)
		}
	}
	r.conclude(causes)
}

// conclude puts the causes into words. Of the time that clients have left the
// evidence holds some requests only, each with the minutes of its own moment:
// that is said by the lists, which know every client.
func (r *Report) conclude(causes []diagnose.Cause) {
	set := r.Evidence
	set.HostRequests = slices.Clone(set.HostRequests)
	for i := range set.HostRequests {
		set.HostRequests[i].MinutesLeft = 0
	}
	r.Conclusion = diagnose.Conclude(&set, causes).Text
	if grace := r.graceWords(); grace != "" && len(r.Causes) > 0 {
		lines := strings.Split(r.Conclusion, "\n") // the last one says what was not tested
		r.Conclusion = strings.Join(slices.Insert(lines, len(lines)-1, grace), "\n")
	}
}

func (r *Report) evidence() evidence.Set {
	t := r.tally
	var set evidence.Set
	var names []string
	for _, s := range r.Sources {
		names = append(names, s.Name)
	}
	origin := evidence.Origin{Paste: strings.Join(names[:min(len(names), 3)], ", ")}
	total := evidence.HostLog{
		Origin: origin, Requests: r.Requests, First: r.First, Last: r.Newest, Capped: t.capped, Results: map[string]int{},
	}
	for no, l := range t.lists {
		if !r.shows(l) {
			continue
		}
		total.Results["0x00000000"] += int(l.served)
		for code, x := range l.results {
			total.Results[fmt.Sprintf("0x%08X", code)] += int(x.requests)
			set.HostRequests = append(set.HostRequests, x.sample...)
		}
		set.HostRequests = append(set.HostRequests, t.cloneEvents(uint16(no), origin)...)
	}
	for i := range r.Lists {
		l := &r.Lists[i]
		total.CMIDs += int64(l.Clients)
		for _, x := range l.Refused {
			if x.Code == badTime {
				total.Skewed += int64(x.Clients)
			}
		}
		if l.Application == appUnknown.String() || l.Needed == 0 || !l.Whole && l.short && l.Stuck == 0 {
			continue
		}
		total.Counts = append(total.Counts, evidence.HostCount{Host: l.Host, Application: l.Application, Count: l.Count, Needed: l.Needed, AtLeast: !l.Whole && l.holed})
	}
	for _, l := range r.Lists {
		for _, k := range l.Clones {
			if k.Certain {
				total.Shared++
			}
		}
		total.Shared += int64(l.MoreClones)
	}
	slices.SortStableFunc(set.HostRequests, func(a, b evidence.HostRequestEvent) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.CMID, b.CMID), cmp.Compare(a.Machine, b.Machine), cmp.Compare(a.HRESULT, b.HRESULT))
	})
	set.HostLogs = append(set.HostLogs, total)
	return set
}

// shows tells whether a list is one of those reported.
func (r *Report) shows(l *list) bool {
	host := r.tally.names.name(l.key.host)
	return slices.ContainsFunc(r.Lists, func(x List) bool { return x.Application == l.key.app.String() && x.Host == host })
}

// cloneEvents makes the requests by which a rule knows a shared id: the first
// and the last one of each name.
func (t *tally) cloneEvents(no uint16, origin evidence.Origin) []evidence.HostRequestEvent {
	var told []int32
	for i, c := range t.clients.all {
		if c.key.list == no && c.has&hasNames != 0 {
			told = append(told, i)
		}
	}
	slices.SortFunc(told, func(a, b int32) int {
		return cmp.Or(-cmp.Compare(t.aliases[a].count(), t.aliases[b].count()), -cmp.Compare(t.clients.at(a).last, t.clients.at(b).last), cmp.Compare(a, b))
	})
	var events []evidence.HostRequestEvent
	for _, i := range told[:min(len(told), maxClonesTold)] {
		c := t.clients.at(i)
		for _, u := range t.aliases[i].list[:min(len(t.aliases[i].list), maxUses)] {
			e := evidence.HostRequestEvent{
				Origin: origin, Time: fromUnix(u.first), Machine: t.names.name(u.name), CMID: c.key.cmid.String(), NPolicy: int(c.n),
				VM: c.has&hasVM != 0, LicenseStatus: int(c.status), MinutesLeft: int64(c.minutes),
			}
			if p := t.products[c.product]; p.name != "" {
				e.ActivationID = p.sku.String()
			}
			events = append(events, e)
			if u.last != u.first {
				e.Time = fromUnix(u.last)
				events = append(events, e)
			}
		}
	}
	return events
}
