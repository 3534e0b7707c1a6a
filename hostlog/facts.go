package hostlog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// Where statements come from, in words.
const (
	basisCount    = "distinct client ids served in the 30 days before; requests that were refused do not count"
	basisForecast = "each id leaves the count 30 days after it was last served; holds if nobody asks any more"
	basisRate     = "the last 60 days: of the ids counted 30 days ago so many are counted now, and so many are new"
	basisNames    = "client id and machine name stand in each entry"
	basisRequests = "the result and the licence status in each entry"
	basisLapse    = "180 days from the last request served while the count sufficed, or the minutes a client reported; a client may have asked another host since"
	basisClocks   = "the client's time in the request, to the minute, against the host's time of the entry"
)

// factList gathers the statements about one list.
type factList struct {
	list  *List
	facts []Fact
}

func (f *factList) add(id string, st run.Status, sure Sure, basis, format string, args ...any) {
	f.facts = append(f.facts, Fact{
		ID: id, Status: st, Host: f.list.Host, Application: f.list.Application,
		Text: fmt.Sprintf(format, args...), Sure: sure, Basis: basis,
	})
}

// facts says what was found, worst first.
func (r *Report) facts() {
	r.Facts, r.Worst = []Fact{}, run.Pass
	for i := range r.Lists {
		f := &factList{list: &r.Lists[i]}
		f.count(r.Now)
		f.course()
		f.forecast(r.Now)
		f.clones()
		f.severals()
		f.refused()
		f.clocks()
		f.lapses(r.Now)
		f.unseen()
		r.Facts = append(r.Facts, f.facts...)
	}
	r.readFacts()
	slices.SortStableFunc(r.Facts, func(a, b Fact) int { return cmp.Compare(severity(a.Status), severity(b.Status)) })
	for _, f := range r.Facts {
		r.Worst = run.Worse(r.Worst, f.Status)
	}
}

func severity(s run.Status) int {
	switch s {
	case run.Fail:
		return 0
	case run.Warn:
		return 1
	}
	return 2
}

// count judges the count at now.
func (f *factList) count(now time.Time) {
	l := f.list
	if l.Application == appUnknown.String() {
		f.add("count.unknown", run.Warn, Counted, "the activation ids are not in the catalogue, so that the application they count for is not known",
			"%s of products that are not in the catalogue: they add to the count of Windows or of Office", plural(l.Clients, "client"))
		return
	}
	if l.Needed == 0 {
		sure, tail := Counted, ""
		if l.holed {
			sure, tail = Inferred, "; entries are missing"
		}
		f.add("count.idle", run.Warn, sure, basisCount, "no client asked in the last 30 days; the last one did on %s%s", day(l.Last), tail)
		return
	}
	sure, basis := Counted, basisCount
	if !l.Whole {
		sure, basis = Inferred, basisCount+"; a lower bound, since entries are missing"
	}
	have := f.have(now)
	if l.Count < l.Needed && l.Stuck > 0 {
		have += fmt.Sprintf("; %s asked three times or more and never became licensed", plural(l.Stuck, "client"))
	}
	switch {
	case l.Count >= l.Needed && l.Count > l.Ceiling:
		f.add("count.enough", run.Pass, sure, basis, "%s; the host reports its ceiling, %d", have, l.Ceiling)
	case l.Count >= l.Needed:
		f.add("count.enough", run.Pass, sure, basis, "%s", have)
	case l.Whole || l.Stuck > 0 && !l.holed:
		f.add("count.low", run.Fail, sure, basis, "%s", have)
	default:
		f.add("count.low", run.Warn, sure, basis, "%s", have)
	}
	if l.Stuck > 0 && l.Count >= l.Needed {
		f.add("stuck", run.Warn, Counted, basisRequests, "%s that asked three times or more never became licensed, although the count suffices: the answers do not reach them, or they do not accept them", plural(l.Stuck, "client"))
	}
	if !l.Grown.IsZero() && now.Sub(l.Grown) < catalog.CountWindow {
		f.add("count.grown", run.Warn, Inferred, "a list holds twice the largest minimum it was asked with, and forgets the rest",
			"the first client that needs %d asked on %s: until then the host kept %d ids, so it may count fewer than the log has", catalog.ClientN, day(l.Grown), catalog.ServerOnlyCeiling)
	}
}

// have says the count at now, and what it lacks to be one.
func (f *factList) have(now time.Time) string {
	l := f.list
	if l.Whole {
		return fmt.Sprintf("%s in the last 30 days, %d needed", plural(l.Count, "client id"), l.Needed)
	}
	text := fmt.Sprintf("at least %s in the last 30 days, %d needed", plural(l.Count, "client id"), l.Needed)
	if l.Count == 0 {
		text = fmt.Sprintf("no client was served in what is known of the last 30 days, %d needed", l.Needed)
	}
	switch {
	case l.ClientsAtLeast:
		text += "; there are more ids than are kept"
	case l.holed:
		text += "; entries are missing, the host may count more"
	case l.since:
		text += fmt.Sprintf("; only the %s before were looked at, the host may count more", days(now.Sub(l.First)))
	default:
		text += fmt.Sprintf("; the log begins only %s before, the host may count more", days(now.Sub(l.First)))
	}
	return text
}

// course says when the count passed a threshold.
func (f *factList) course() {
	for _, n := range []int{catalog.ClientN, catalog.ServerN} {
		var last *Crossing
		downs, sure := 0, Counted
		for i := range f.list.Crossings {
			if c := &f.list.Crossings[i]; c.Threshold == n {
				last = c
				if !c.Up {
					downs++
				}
				if c.Uncertain {
					sure = Inferred
				}
			}
		}
		switch {
		case last == nil:
		case last.Up && last.Uncertain:
			f.add("course.up", run.Pass, Inferred, basisCount+"; entries of the 30 days before are missing", "at %d or more since %s at the latest", n, minute(last.At))
		case last.Up:
			text := ""
			if downs > 0 {
				text = fmt.Sprintf(", after falling below it %s", times(downs))
			}
			f.add("course.up", run.Pass, sure, basisCount, "at %d or more since %s%s", n, minute(last.At), text)
		case last.Uncertain:
			f.add("course.down", run.Warn, Inferred, basisCount+"; entries of the 30 days before are missing", "below %d since %s at the earliest, if at all", n, minute(last.At))
		default:
			f.add("course.down", run.Warn, sure, basisCount, "below %d since %s", n, minute(last.At))
		}
	}
}

// forecast says when the count will fall.
func (f *factList) forecast(now time.Time) {
	for _, x := range slices.Backward(f.list.Forecast.Falls) {
		if x.Threshold > f.list.Needed {
			continue
		}
		at, who, on := x.At, "", "on"
		if !f.list.Whole {
			on = "not before"
		} else if x.Machine != "" {
			who = ", with " + evidence.Clean(x.Machine)
		}
		st := run.Pass
		if at.Sub(now) < 7*24*time.Hour {
			st = run.Warn
		}
		f.add("forecast.ageing", st, Inferred, basisForecast, "if no client asked any more: below %d %s %s%s", x.Threshold, on, minute(at), who)
	}
	if f.list.holed && f.list.Count >= f.list.Needed && !f.list.short {
		f.add("forecast.rate", run.Pass, Inferred, basisRate, "the last two months are not compared: entries of them are missing")
	}
	rate := f.list.Forecast.Rate
	if rate == nil || f.list.Count < f.list.Needed {
		return
	}
	text := fmt.Sprintf("of %d ids counted 30 days ago %d still are, and %d are new", rate.Before, rate.Kept, rate.New)
	st := run.Pass
	var falls []string
	for _, x := range rate.Falls {
		if x.Threshold <= f.list.Needed {
			falls = append(falls, fmt.Sprintf("below %d by %s", x.Threshold, day(x.By)))
			if x.By.Sub(now) <= 3*catalog.CountWindow {
				st = run.Warn
			}
		}
	}
	if len(falls) > 0 {
		text += "; if it goes on so: " + strings.Join(falls, ", ")
	} else {
		text += fmt.Sprintf("; if it goes on so the count stays sufficient for a year (%.0f then)", rate.Months[len(rate.Months)-1])
	}
	f.add("forecast.rate", st, Extrapolated, basisRate, "%s", text)
}

// clones says which ids several machines share.
func (f *factList) clones() {
	l := f.list
	var sure, maybe, hidden []string
	for _, k := range l.Clones {
		text := fmt.Sprintf("%s by %s", k.CMID, namesOf(k.Machines, k.Names, k.AtLeast))
		switch {
		case k.Certain && k.Recent > 1:
			sure = append(sure, text)
		case k.Recent > 1:
			maybe = append(maybe, text)
		default:
			hidden = append(hidden, text)
		}
	}
	if len(sure) > 0 {
		st, tail, grade := run.Warn, "", Counted
		if l.Count < l.Needed && l.Whole {
			st = run.Fail
		}
		if l.Hidden > 0 {
			tail = fmt.Sprintf("; %s not counted because of it", were(l.Hidden, "machine"))
			if l.HiddenAtLeast {
				grade, tail = Inferred, "; at least"+tail[1:]
			}
		}
		f.add("clones", st, grade, basisNames+"; names that take turns, or three of them, are several machines",
			"%s shared by several machines in the last 30 days%s: %s", were(len(sure)+l.MoreClones, "client id"), tail, some(sure))
	}
	if len(maybe) > 0 {
		f.add("clones.maybe", run.Warn, Inferred, basisNames+"; one name stopped before the other began, as after a renaming",
			"%s used under two names, one after the other: renamed machines, or clones: %s", were(len(maybe), "client id"), some(maybe))
	}
	if len(hidden) > 0 {
		f.add("clones.past", run.Pass, Counted, basisNames, "%s had several machine names, not in the last 30 days: %s", plural(len(hidden), "client id"), some(hidden))
	}
}

func (f *factList) severals() {
	l := f.list
	if len(l.Several) == 0 {
		return
	}
	var list []string
	for _, s := range l.Several {
		list = append(list, fmt.Sprintf("%s (%d)", evidence.Clean(s.Machine), len(s.IDs)))
	}
	st, tail := run.Pass, ""
	if l.Count >= l.Needed && l.Count-l.extra < l.Needed {
		st, tail = run.Warn, "; without the additional ids the count would not suffice"
	}
	f.add("ids.several", st, Counted, basisNames+"; a new installation or slmgr /rearm makes a new id, and the old one counts for 30 days",
		"%s with several client ids in the last 30 days: %s%s", plural(len(l.Several)+l.MoreSever, "machine name"), some(list), tail)
}

func (f *factList) refused() {
	for _, r := range f.list.Refused {
		st, tail := run.Pass, ""
		switch {
		case r.Still > 0:
			st, tail = run.Fail, fmt.Sprintf("; for %s that was the last answer in 30 days", plural(r.Still, "client"))
		case f.list.Last.Sub(r.Last) < catalog.CountWindow:
			st, tail = run.Warn, "; all of them were served later"
		}
		f.add("refused."+r.Code, st, Counted, basisRequests, "%s of %s refused with %s, %s (last %s): %s%s",
			plural(int(r.Requests), "request"), atLeast(r.AtLeast, plural(r.Clients, "client")), r.Code, r.Title, minute(r.Last), namesOf(r.Machines, r.Clients, r.AtLeast), tail)
	}
}

func (f *factList) clocks() {
	c := f.list.Clocks
	if c.Compared == 0 {
		return
	}
	limit := int(catalog.ClockTolerance.Minutes())
	basis, whose, sure := basisClocks, "the host's", Counted
	if c.Coarse {
		basis, whose, sure = basisCoarse, "the other clients'", Inferred
	}
	suspect := f.list.clockSuspect()
	over := c.Bands[len(c.Bands)-1].Clients
	near := c.Bands[len(c.Bands)-2].Clients
	switch {
	case over > 0:
		f.add("clocks", run.Warn, sure, basis, "%s more than %d min off %s: %s", clocksOf(over), limit, whose, c.beyond(limit, over))
	case near > 0:
		f.add("clocks", run.Warn, sure, basis, "%s more than an hour off %s; beyond %d min the host refuses: %s", clocksOf(near), whose, limit, c.beyond(60, near))
	case c.Bands[1].Clients > 0:
		f.add("clocks", run.Pass, sure, basis, "%s more than 5 min off %s: %s", clocksOf(c.Bands[1].Clients), whose, c.beyond(5, c.Bands[1].Clients))
	case c.Coarse && suspect == 0:
		f.add("clocks", run.Pass, sure, basis, "%s in agreement with each other; the host's cannot be compared", clocksOf(c.Compared))
	case suspect == 0:
		f.add("clocks", run.Pass, sure, basis, "%s in agreement with the host's", clocksOf(c.Compared))
	}
	switch {
	case suspect > 0:
		f.add("clocks.host", run.Warn, Inferred, "so many clients are not wrong at once; the result in each entry",
			"%d of %s were refused because the clocks differ: look at the host's own clock first", suspect, plural(f.list.Clients, "client"))
	case c.Median > 5 || c.Median < -5:
		f.add("clocks.host", run.Warn, Inferred, basis, "half of all requests differ by %+d min or more: the host's own clock is off, or the entries' times are not in UTC", c.Median)
	}
}

const basisCoarse = "the entries' times are local ones and got their zone from the clients' clocks, so that only clients are compared, and a difference of up to 70 minutes is not seen"

// beyond names the clients of which a clock differs by more than so many
// minutes, and how many there are further.
func (c *Clocks) beyond(minutes, all int) string {
	var list []string
	for _, w := range c.Worst[:min(len(c.Worst), all)] {
		if max(w.Minutes, -w.Minutes) > minutes && len(list) < fewest {
			list = append(list, fmt.Sprintf("%s %+d min", evidence.Clean(w.Machine), w.Minutes))
		}
	}
	if n := all - len(list); n > 0 {
		list = append(list, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(list, "; ")
}

// suspicious is how many clients a host must have refused for the time, being
// most of its clients, for its own clock to be the first to look at.
const suspicious = 3

// clockSuspect counts the clients that were refused because the clocks differ,
// if they are most of the list's.
func (l *List) clockSuspect() int {
	for _, r := range l.Refused {
		if r.Code == badTime && r.Clients >= suspicious && 2*r.Clients > l.Clients {
			return r.Clients
		}
	}
	return 0
}

// badTime is the code of a request whose time differs from the host's by more
// than four hours.
const badTime = "0xC004F06C"

// readFacts says what is missing of the files.
func (r *Report) readFacts() {
	add := func(id string, st run.Status, format string, args ...any) {
		r.Facts = append(r.Facts, Fact{ID: id, Status: st, Text: fmt.Sprintf(format, args...), Sure: Counted, Basis: "the bytes of the files"})
	}
	for _, s := range r.Sources {
		if n := len(s.Damage) + s.MoreGaps; n > 0 {
			text := s.Damage[0].What + ": " + s.Damage[0].Why
			if n > 1 {
				text += fmt.Sprintf("; and %d more", n-1)
			}
			if s.LostBytes > 0 {
				text += fmt.Sprintf("; %d bytes missing in all", s.LostBytes)
			}
			add("read.damage", run.Warn, "%s is incomplete: %s", s.Name, text)
		}
		if s.Unread > 0 {
			tail := ""
			if s.FirstBad != "" {
				tail = ", first " + s.FirstBad
			}
			add("read.unread", run.Warn, "%s: %s 12290 without a list that can be read%s", s.Name, plural(int(s.Unread), "event"), tail)
		}
	}
	r.holeFacts(func(id string, st run.Status, sure Sure, basis, format string, args ...any) {
		r.Facts = append(r.Facts, Fact{ID: id, Status: st, Text: fmt.Sprintf(format, args...), Sure: sure, Basis: basis})
	})
	if p := r.Probe; p != nil {
		add("probe", run.Pass, "%s of kmsdiag itself (client id %s, from %s) left out of every count; a real host counts that id as one client",
			plural(int(p.Requests), "request"), p.CMID, names(p.Machines))
	}
	if r.Untimed > 0 {
		add("read.untimed", run.Warn, "%s in no count: without a readable time", were(int(r.Untimed), "request"))
	}
}
