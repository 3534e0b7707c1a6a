package hostlog

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// lapses says whose activation ends first.
func (f *factList) lapses(now time.Time) {
	l := f.list
	if l.Lapsed > 0 {
		var who []string
		for _, x := range l.LapsedNewest {
			who = append(who, fmt.Sprintf("%s on %s", x.who(), day(x.At)))
		}
		if n := l.Lapsed - len(who); n > 0 {
			who = append(who, fmt.Sprintf("and %d earlier", n))
		}
		n, basis := plural(l.Lapsed, "client"), basisLapse
		switch {
		case l.ClientsAtLeast:
			n = "at least " + n
		case l.lapsedAtMost:
			n, basis = "at most "+n, basis+"; entries since some were last seen are missing"
		}
		f.add("lapsed", run.Warn, Inferred, basis, "%s whose activation or grace has ended, unless retired or served elsewhere: %s", n, strings.Join(who, ", "))
	}
	if len(l.Lapses) == 0 {
		return
	}
	x := l.Lapses[0]
	st := run.Pass
	if x.At.Sub(now) < 30*24*time.Hour {
		st = run.Warn
	}
	if x.later {
		f.add("lapse.first", st, Inferred, basisLapse, "the first to lapse would be %s on %s, %s; it may be later: last seen %s, and entries since then are missing",
			x.who(), day(x.At), x.Rule, day(x.LastSeen))
		return
	}
	f.add("lapse.first", st, Inferred, basisLapse, "the first to lapse is %s on %s, %s; last seen %s", x.who(), day(x.At), x.Rule, day(x.LastSeen))
}

// who names the client.
func (x *Lapse) who() string {
	if x.Machine == "" {
		return x.CMID
	}
	return evidence.Clean(x.Machine)
}

// unseen says how many clients did not ask. A time of which entries are missing
// gives no more than an upper bound.
func (f *factList) unseen() {
	l := f.list
	if n := l.Superseded; n > 0 {
		f.add("ids.superseded", run.Pass, Inferred, basisNames+"; a new installation or slmgr /rearm makes a new id",
			"%s of machines that asked later under another: left out of what is said about lapses and about clients that did not ask", were(n, "client id"))
	}
	var parts []string
	sure, basis := Counted, "the time of each client's last entry; an activated client asks every 7 days"
	for _, n := range l.NotSeen {
		if n.Clients == 0 {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s for more than %d days", atMost(n.atMost && !l.ClientsAtLeast, fmt.Sprint(n.Clients)), n.Days))
		if n.atMost && sure == Counted {
			sure, basis = Inferred, basis+"; entries are missing in which some may have asked"
		}
	}
	if len(parts) > 0 {
		f.add("not-seen", run.Pass, sure, basis,
			"of %s did not ask: %s", atLeast(l.ClientsAtLeast, plural(l.Clients-l.Superseded, "client")), strings.Join(parts, ", "))
	}
}

// graceWords says when the first grace of a client ends, and of how many.
func (r *Report) graceWords() string {
	var first *Lapse
	all := 0
	for i := range r.Lists {
		l := &r.Lists[i]
		all += l.grace
		for k := range l.Lapses {
			if x := &l.Lapses[k]; x.Grace != "" && (first == nil || x.At.Before(first.At)) {
				first = x
			}
		}
	}
	switch {
	case first == nil:
		return ""
	case all == 1:
		return fmt.Sprintf("%s is in a grace period, which ends on %s.", first.who(), day(first.At))
	}
	return fmt.Sprintf("%d clients are in a grace period; the first to end is that of %s, on %s.", all, first.who(), day(first.At))
}
