package hostlog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/run"
)

// numbered gives requests their numbers, as the log of one host has them.
func numbered(reqs []req) []req {
	slices.SortStableFunc(reqs, func(a, b req) int { return a.at.Compare(b.at) })
	for i := range reqs {
		reqs[i].record = int64(i + 1)
	}
	return reqs
}

// without leaves out the entries between two times before noon.
func without(reqs []req, from, to time.Duration) []req {
	return slices.DeleteFunc(reqs, func(r req) bool { return r.at.After(noon.Add(-from)) && r.at.Before(noon.Add(-to)) })
}

const aDay = 24 * time.Hour

// TestMissingEntriesWeaken looks at a count that is too low in a log of which
// something is missing: it may be enough in truth.
func TestMissingEntriesWeaken(t *testing.T) {
	t.Parallel()
	reqs := numbered(steady(20))
	evtx := evtxOf(reqs...)
	spoilt := slices.Clone(evtx)
	for i := range chunkSize / 2 {
		spoilt[fileHeaderSize+chunkSize+i] = 0xA5
	}
	cut := without(slices.Clone(reqs), 25*aDay, 12*aDay)
	anew := numbered(slices.Clone(cut))
	for _, test := range []struct {
		name   string
		file   []byte
		fact   string // that names what is missing
		says   string
		status run.Status
		sure   Sure
		cause  diagnose.Verdict
	}{
		{"whole", evtx, "", "", run.Fail, Counted, diagnose.Found},
		{"numbers jump", xmlOf(cut...), "read.hole", "their numbers jump from", run.Warn, Inferred, diagnose.Possible},
		{"a chunk is lost", spoilt, "read.damage", "is incomplete", run.Warn, Inferred, diagnose.Possible},
		{"cut", evtx[:len(evtx)-chunkSize], "read.damage", "is incomplete", run.Warn, Inferred, diagnose.Possible},
		{"a silence", textOf("2006-01-02T15:04:05.000", 0, cut...), "read.silence", "the log was cleared, the host was off, or a file is missing", run.Warn, Inferred, diagnose.Possible},
		{"a silence without a jump", xmlOf(anew...), "read.quiet", "the host was off, or no client reached it", run.Fail, Counted, diagnose.Found},
	} {
		r := read(t, Options{}, test.file)
		low := fact(r, "count.low")
		if low == nil || low.Status != test.status || low.Sure != test.sure || strings.Contains(low.Text, "at least") != (test.sure == Inferred) {
			t.Errorf("%s: %+v", test.name, low)
		}
		if test.fact != "" {
			if f := fact(r, test.fact); f == nil || f.Status != run.Warn || !strings.Contains(f.Text, test.says) {
				t.Errorf("%s: %s: %+v", test.name, test.fact, f)
			}
		}
		at := slices.IndexFunc(r.Causes, func(c diagnose.Cause) bool { return c.ID == "count-below-threshold" })
		if at < 0 || r.Causes[at].Verdict != test.cause {
			t.Errorf("%s: causes %+v, want %s", test.name, r.Causes, test.cause)
		}
		if whole := test.sure == Counted; r.Lists[0].Whole != whole || (len(r.Lists[0].Holes) == 0) != (test.fact == "") {
			t.Errorf("%s: whole %v, holes %+v", test.name, r.Lists[0].Whole, r.Lists[0].Holes)
		}
	}
}

// TestTwoExportsFillEachOther: what one file lacks stands in the other.
func TestTwoExportsFillEachOther(t *testing.T) {
	t.Parallel()
	reqs := numbered(steady(20))
	a, b := xmlOf(without(slices.Clone(reqs), 40*aDay, 20*aDay)...), evtxOf(without(slices.Clone(reqs), 90*aDay, 38*aDay)...)
	if r := read(t, Options{}, a, b); len(r.Lists[0].Holes) != 0 || !r.Lists[0].Whole || r.Requests != int64(len(reqs)) {
		t.Errorf("%d requests, %+v", r.Requests, r.Lists[0].Holes)
	}
	if r := read(t, Options{}, a); len(r.Lists[0].Holes) != 1 || r.Lists[0].Holes[0].Missing != 60 || r.Lists[0].Holes[0].After.IsZero() {
		t.Errorf("%+v", r.Lists[0].Holes)
	}
}

// TestLapsesOfGrace: who is in grace ends first, by its own minutes.
func TestLapsesOfGrace(t *testing.T) {
	t.Parallel()
	reqs := steady(30)
	for i := range 10 { // served all along, never licensed
		reqs = append(reqs, with(renewal(noon.Add(-time.Duration(i)*2*time.Hour), 700), func(r *req) { r.status, r.minutes = 2, 3*1440+int64(i)*120 }))
	}
	reqs = append(reqs,
		with(renewal(noon.Add(-aDay), 701), func(r *req) { r.status, r.minutes, r.hr = 3, 2*1440, 0xC004F042 }),
		with(renewal(noon.Add(-aDay), 702), func(r *req) { r.status, r.minutes = 2, 40000 }), // served once: activated
		with(renewal(noon.Add(-10*aDay), 703), func(r *req) { r.minutes, r.hr = 4*1440, 0xC004F042 }),
	)
	r := read(t, Options{}, xmlOf(reqs...))
	l := r.Lists[0]
	if len(l.Lapses) < 2 || l.Lapses[0].CMID != id(701) || !l.Lapses[0].At.Equal(noon.Add(aDay)) || l.Lapses[0].Grace != "additional grace" ||
		l.Lapses[1].CMID != id(700) || !l.Lapses[1].At.Equal(noon.Add(3*aDay)) || l.Lapses[1].Grace != "initial grace" {
		t.Errorf("%+v", l.Lapses)
	}
	for c := range r.Clients() {
		if c.CMID == id(702) && !c.Lapses.Equal(noon.Add(179*aDay)) || c.CMID == id(700) && !c.Lapses.Equal(noon.Add(3*aDay)) {
			t.Errorf("%s lapses %v", c.CMID, c.Lapses)
		}
	}
	if f := fact(r, "lapse.first"); f == nil || f.Status != run.Warn || !strings.Contains(f.Text, "additional grace ends, by the minutes it reported") {
		t.Errorf("%+v", f)
	}
	if f := fact(r, "lapsed"); f == nil || !strings.Contains(f.Text, "pc703.corp.example on 2026-11-17") {
		t.Errorf("%+v", f)
	}
}

// TestSupersededIDs: the old id of a machine that was installed anew neither
// lapses nor is missed.
func TestSupersededIDs(t *testing.T) {
	t.Parallel()
	reqs := steady(30)
	for i := range reqs {
		if reqs[i].cmid == id(7) && reqs[i].at.Before(noon.Add(-40*aDay)) {
			reqs[i].cmid = id(900)
		}
	}
	r := read(t, Options{}, xmlOf(reqs...))
	l := r.Lists[0]
	if l.Superseded != 1 || l.Clients != 31 || l.Lapses[0].CMID == id(900) || l.NotSeen[2].Clients != 0 || fact(r, "ids.superseded") == nil {
		t.Errorf("%d superseded, lapses %+v, not seen %+v", l.Superseded, l.Lapses[0], l.NotSeen)
	}
	for c := range r.Clients() {
		if c.Superseded != (c.CMID == id(900)) || c.Superseded && !c.Lapses.IsZero() {
			t.Errorf("%+v", c)
		}
	}
	// A machine of that name in another domain is another one.
	for i := range reqs {
		if reqs[i].cmid == id(900) {
			reqs[i].machine = "pc007.dmz.example"
		}
	}
	if l := read(t, Options{}, xmlOf(reqs...)).Lists[0]; l.Superseded != 0 {
		t.Errorf("two domains: %d superseded", l.Superseded)
	}
}

// TestManyClones counts the machines of one id beyond those it names.
func TestManyClones(t *testing.T) {
	t.Parallel()
	var reqs []req
	for i := range 2000 {
		reqs = append(reqs, with(renewal(noon.Add(-time.Duration(i)*time.Minute), 1), func(r *req) { r.machine = fmt.Sprintf("az%d", i) }))
	}
	r := read(t, Options{}, xmlOf(reqs...))
	k := r.Lists[0].Clones[0]
	if k.Names != 2000 || len(k.Machines) != maxNamesEach || k.Recent != 2000 || k.AtLeast || r.Lists[0].Hidden != 1999 {
		t.Errorf("%d names, %d listed, hidden %d", k.Names, len(k.Machines), r.Lists[0].Hidden)
	}
	if f := fact(r, "clones"); !strings.Contains(f.Text, "1999 machines are not counted") || !strings.Contains(f.Text, "and 1997 more") {
		t.Errorf("%s", f.Text)
	}
	tally := newTally()
	tally.moreNames = maxMoreNames - 1
	src := &source{tally: tally, host: noName}
	for _, x := range reqs[:70] {
		var q Request
		if !parseList([]byte(x.list()), &q) {
			t.Fatal(x.list())
		}
		q.Time = x.at
		tally.add(src, nil, &q, baseHost)
	}
	rep := &Report{tally: tally}
	rep.fill(Options{})
	if l := rep.Lists[0]; !l.Clones[0].AtLeast || !l.HiddenAtLeast || !strings.Contains(fact(rep, "clones").Text, "at least 64 machines are not counted") || fact(rep, "clones").Sure != Inferred {
		t.Errorf("%+v", fact(rep, "clones"))
	}
}

// TestNamesOfOneMachine tells machines by their names.
func TestNamesOfOneMachine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"ALPHA", "alpha.corp.example", true},
		{"alpha.corp.example", "ALPHA.corp.example.", true},
		{"web01.corp.example", "web01.dmz.example", false},
		{"LONGCOMPUTERNAM", "longcomputername-01.corp.example", true},
		{"LONGCOMPUTERNA", "longcomputername-01.corp.example", false},
		{"longcomputername-01.corp.example", "longcomputername-02.corp.example", false},
		{"10.0.0.1", "10.0.0.2", false},
	} {
		var reqs []req
		for k := range 6 {
			reqs = append(reqs, with(renewal(noon.Add(-time.Duration(k)*aDay), 1), func(r *req) {
				if r.machine = test.a; k%2 == 1 {
					r.machine = test.b
				}
			}))
		}
		if l := read(t, Options{}, xmlOf(reqs...)).Lists[0]; (len(l.Clones) == 0) != test.same {
			t.Errorf("%s, %s: %+v", test.a, test.b, l.Clones)
		}
	}
}

// TestClocksOfLocalTimes: a zone that was made from the clients' times says
// nothing of the host's clock.
func TestClocksOfLocalTimes(t *testing.T) {
	t.Parallel()
	off := func(hr uint32) []req {
		reqs := steady(30)
		for i := range reqs {
			reqs[i].hr, reqs[i].client = hr, reqs[i].at.Add(-5*time.Hour)
		}
		return reqs
	}
	text := func(reqs []req) *Report { return read(t, Options{}, textOf("2006-01-02T15:04:05.000", 0, reqs...)) }
	r := text(off(0))
	if f := fact(r, "clocks"); f == nil || f.Sure != Inferred || !strings.Contains(f.Text, "with each other; the host's cannot be compared") {
		t.Errorf("%+v", f)
	}
	for name, r := range map[string]*Report{"text": text(off(0xC004F06C)), "xml": read(t, Options{}, xmlOf(off(0xC004F06C)...))} {
		f := fact(r, "clocks")
		if name == "text" && f != nil || name == "xml" && f.Status != run.Warn {
			t.Errorf("%s: %+v", name, f)
		}
		if f = fact(r, "clocks.host"); f == nil || f.Status != run.Warn || !strings.Contains(f.Text, "30 of 30 clients were refused") {
			t.Errorf("%s: %+v", name, f)
		}
		if c := r.Causes[0]; c.ID != "client-clock-skew" || c.Remedies[0].Who != "KMS host" {
			t.Errorf("%s: %+v", name, c)
		}
	}
	one := append(steady(30), with(renewal(noon, 601), func(r *req) { r.hr, r.client = 0xC004F06C, r.at.Add(-6*time.Hour) }),
		with(renewal(noon, 602), func(r *req) { r.client = r.at.Add(2 * time.Hour) }))
	r = read(t, Options{}, xmlOf(one...))
	if f := fact(r, "clocks"); !strings.HasSuffix(f.Text, "off the host's: pc601.corp.example -360 min") || fact(r, "clocks.host") != nil {
		t.Errorf("%+v", f)
	}
	if c := r.Causes[0]; c.Remedies[0].Who != "client" {
		t.Errorf("%+v", c)
	}
}

// TestSummerTimeToTheEntry reads local times around each change of a year: every
// entry has its true time, though one client's clock is an hour off.
func TestSummerTimeToTheEntry(t *testing.T) {
	t.Parallel()
	for _, zone := range []struct {
		name           string
		winter, summer time.Duration
	}{{"Berlin", time.Hour, 2 * time.Hour}, {"New York", -5 * time.Hour, -4 * time.Hour}, {"Lord Howe", 10*time.Hour + 30*time.Minute, 11 * time.Hour}} {
		for _, newestFirst := range []bool{false, true} {
			var reqs []req
			var file []byte
			for i := range 700 {
				r := renewal(noon.Add(time.Duration(i-700)*11*time.Hour), i%40)
				if r.client = r.at; i%41 == 0 {
					r.machine, r.cmid, r.client = "off", id(800), r.at.Add(-time.Hour)
				}
				reqs = append(reqs, r)
			}
			if newestFirst {
				slices.Reverse(reqs)
			}
			for _, r := range reqs {
				offset := zone.winter
				if m := r.at.Month(); m >= time.April && m <= time.October {
					offset = zone.summer
				}
				file = append(file, textOf("2006-01-02 15:04:05", offset, r)...)
			}
			r := read(t, Options{}, xmlOf(reqs...), file)
			if wrong := r.Requests - int64(len(reqs)); wrong > 3 || !strings.Contains(r.Sources[1].Times, " and ") {
				t.Errorf("%s, newest first %v: %d entries have another time; %s", zone.name, newestFirst, wrong, r.Sources[1].Times)
			}
		}
	}
}

// TestSameSecond: entries that differ by their numbers alone are two; in a form
// without numbers the other file's are meant.
func TestSameSecond(t *testing.T) {
	t.Parallel()
	reqs := numbered([]req{renewal(noon, 1), renewal(noon, 1), renewal(noon, 1), renewal(noon, 2)})
	xml, evtx, text := xmlOf(reqs...), evtxOf(reqs...), textOf("2006-01-02T15:04:05.000", 0, reqs...)
	for i, files := range [][][]byte{{xml}, {evtx}, {xml, evtx}, {xml, text}, {text, evtx}, {xml, evtx, text}} {
		if r := read(t, Options{}, files...); r.Requests != 4 {
			t.Errorf("%d: %d requests", i, r.Requests)
		}
	}
}

// TestZerosInAText are what a crash leaves.
func TestZerosInAText(t *testing.T) {
	t.Parallel()
	reqs := fleet(20, 2)
	for name, file := range map[string][]byte{"csv": csvOf("1/2/2006 3:04:05 PM", 0, reqs...), "text": textOf("2006-01-02T15:04:05.000", 0, reqs...), "xml": xmlOf(reqs...)} {
		for _, at := range []int{0, 500} {
			torn := slices.Insert(slices.Clone(file), at, make([]byte, 512)...)
			if r := read(t, Options{}, torn); r.Requests < int64(len(reqs))-1 || r.Sources[0].Format != name {
				t.Errorf("%s at %d: %d requests, read as %s", name, at, r.Requests, r.Sources[0].Format)
			}
		}
	}
}

// TestSinceIsSaid: that the log begins late is not its fault.
func TestSinceIsSaid(t *testing.T) {
	t.Parallel()
	r := read(t, Options{Since: noon.Add(-10 * aDay)}, xmlOf(steady(30)...))
	if f := fact(r, "count.enough"); f == nil || strings.Contains(f.Text, "log begins") || !strings.Contains(f.Text, "only the 7 days before were looked at") {
		t.Errorf("%+v", f)
	}
	_, err := Read(t.Context(), []Input{{"log", strings.NewReader(string(xmlOf(renewal(noon, 1))))}}, Options{Since: noon.Add(aDay)})
	var none *NoRequestsError
	if !errors.As(err, &none) || strings.Contains(err.Error(), "writes them") || !strings.Contains(err.Error(), "2026-11-23") {
		t.Errorf("%v", err)
	}
}
