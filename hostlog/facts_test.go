package hostlog

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

const month = 30 * 24 * time.Hour

// steady is a fleet of clients that ask each week for 12 weeks, up to noon.
func steady(clients int) []req {
	var list []req
	for w := range 12 {
		for c := range clients {
			list = append(list, renewal(noon.Add(-time.Duration(w)*7*24*time.Hour-time.Duration(c)*time.Minute), c))
		}
	}
	return list
}

func TestFacts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		reqs   []req
		id     string // of the fact that must be there
		status run.Status
		says   string
		cause  string // that diagnosis must name; "" for none
	}{
		{"healthy", steady(30), "count.enough", run.Pass, "30 client ids in the last 30 days, 25 needed", ""},
		{"more than the ceiling", steady(80), "count.enough", run.Pass, "reports its ceiling, 50", ""},
		{"too few", steady(20), "count.low", run.Fail, "20 client ids in the last 30 days, 25 needed", "count-below-threshold"},
		{"a short log", steady(20)[:20], "count.low", run.Warn, "the host may count more", ""},
		{"steady rate", steady(30), "forecast.rate", run.Pass, "of 30 ids counted 30 days ago 30 still are, and 0 are new", ""},
		{"ageing", steady(30), "forecast.ageing", run.Pass, "below 25 on", ""},
		{"clones", clonesOf(steady(10), false), "clones", run.Fail, "3 machines are not counted", "duplicate-cmid"},
		{"renamed", clonesOf(steady(30), true), "clones.maybe", run.Warn, "renamed machines, or clones", ""},
		{"reinstalled", append(steady(30), with(renewal(noon, 500), func(r *req) { r.machine = "pc001.corp.example" })), "ids.several", run.Pass, "pc001.corp.example (2)", ""},
		{"refused", append(steady(30), with(renewal(noon, 600), func(r *req) { r.hr, r.sku = 0xC004F042, server2022 })), "refused.0xC004F042", run.Fail, "that was the last answer", "host-key-too-old-for-client"},
		{"clock", append(steady(30), with(renewal(noon, 601), func(r *req) { r.hr, r.client = 0xC004F06C, r.at.Add(-6*time.Hour) })), "clocks", run.Warn, "-360 min", "client-clock-skew"},
		{"probe", append(steady(30), with(renewal(noon, 602), func(r *req) { r.cmid, r.machine = kms.ProbeCMID.String(), "admin-pc" })), "probe", run.Pass, "from admin-pc", ""},
		{"idle", append(steady(30), with(renewal(noon.Add(2*month), 1), func(r *req) { r.sku, r.n = office2021, 5 })), "count.idle", run.Warn, "no client asked in the last 30 days", ""},
		{"stuck", append(steady(30), stuck()...), "stuck", run.Warn, "1 client that asked three times or more never became licensed", ""},
	} {
		r := read(t, Options{}, xmlOf(test.reqs...))
		f := fact(r, test.id)
		if f == nil || f.Status != test.status || !strings.Contains(f.Text, test.says) || f.Sure == "" || f.Basis == "" {
			t.Errorf("%s: %s: %+v\nall: %+v", test.name, test.id, f, r.Facts)
		}
		var causes []string
		for _, c := range r.Causes {
			causes = append(causes, c.ID)
		}
		if test.cause != "" && !slices.Contains(causes, test.cause) || test.cause == "" && test.status != run.Fail && test.id != "clones.maybe" && len(causes) > 0 {
			t.Errorf("%s: causes %v, want %q", test.name, causes, test.cause)
		}
	}
}

func with(r req, change func(*req)) req {
	change(&r)
	return r
}

// clonesOf gives the first client's id to three further machines, or to one
// that is the first one's new name.
func clonesOf(reqs []req, renamed bool) []req {
	if renamed {
		var out []req
		for _, r := range reqs {
			if r.cmid == id(0) && r.at.After(noon.Add(-10*24*time.Hour)) {
				r.machine = "newname"
			}
			out = append(out, r)
		}
		return out
	}
	for w := range 4 {
		for k := range 3 {
			r := renewal(noon.Add(-time.Duration(w)*7*24*time.Hour-time.Duration(k+1)*time.Hour), 0)
			r.machine = fmt.Sprintf("clone%d", k)
			reqs = append(reqs, r)
		}
	}
	return reqs
}

func stuck() []req {
	var list []req
	for i := range 5 {
		list = append(list, with(renewal(noon.Add(-time.Duration(i)*2*time.Hour), 700), func(r *req) { r.status = 5 }))
	}
	return list
}

// TestListsAreApart keeps hosts and applications apart, as KMS hosts do.
func TestListsAreApart(t *testing.T) {
	t.Parallel()
	office := with(renewal(noon, 1), func(r *req) { r.sku, r.n = office2021, 5 })
	other := strings.ReplaceAll(string(xmlOf(renewal(noon, 1), renewal(noon, 2))), "kms01", "kms02")
	r := read(t, Options{}, xmlOf(renewal(noon, 1), office), []byte(other))
	var got []string
	for _, l := range r.Lists {
		got = append(got, fmt.Sprintf("%s %s %d", l.Host, l.Application, l.Clients))
	}
	// The same request at two hosts in one second is taken for one entry.
	want := []string{"kms01.corp.example Windows 1", "kms01.corp.example Office 1", "kms02.corp.example Windows 1"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if r := read(t, Options{Application: "office"}, xmlOf(renewal(noon, 1), office)); len(r.Lists) != 1 || r.Lists[0].Application != "Office" {
		t.Errorf("%+v", r.Lists)
	}
}

// TestTimeAskedAbout cuts a log at both ends.
func TestTimeAskedAbout(t *testing.T) {
	t.Parallel()
	log := xmlOf(steady(30)...)
	r := read(t, Options{Now: noon.Add(-2 * month)}, log)
	if !r.Now.Equal(noon.Add(-2*month)) || r.Newest.After(r.Now) || r.LeftOut == 0 || r.Lists[0].Count != 30 {
		t.Errorf("now %v, newest %v, %d left out, count %d", r.Now, r.Newest, r.LeftOut, r.Lists[0].Count)
	}
	if r = read(t, Options{Now: noon.Add(29 * 24 * time.Hour)}, log); r.Lists[0].Count != 30 || len(r.Lists[0].Forecast.Falls) == 0 {
		t.Errorf("29 days later: %d", r.Lists[0].Count)
	}
	if r = read(t, Options{Now: noon.Add(31 * 24 * time.Hour)}, log); r.Lists[0].Count != 0 || fact(r, "count.idle") == nil {
		t.Errorf("31 days later: %d", r.Lists[0].Count)
	}
	if r = read(t, Options{Since: noon.Add(-month)}, log); r.Lists[0].First.Before(noon.Add(-month)) {
		t.Errorf("begins %v", r.Lists[0].First)
	}
	r = read(t, Options{Today: noon}, append(log, xmlOf(renewal(noon.AddDate(20, 0, 0), 1))...))
	if !r.Now.Equal(noon) || len(r.Limits) != 1 {
		t.Errorf("a date of the future: now %v, %v", r.Now, r.Limits)
	}
	_, err := Read(t.Context(), []Input{{"log", strings.NewReader(string(log))}}, Options{Now: noon.AddDate(-1, 0, 0)})
	var none *NoRequestsError
	if !errors.As(err, &none) || !strings.Contains(err.Error(), "of the time asked about") {
		t.Errorf("%v", err)
	}
}

// TestReadingFails in the middle: what was read is reported.
func TestReadingFails(t *testing.T) {
	t.Parallel()
	broken := io.MultiReader(strings.NewReader(string(xmlOf(steady(30)...))), failing{})
	r, err := Read(t.Context(), []Input{{"log", broken}, {"other", strings.NewReader("PK\x03\x04")}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Requests != 360 || r.Sources[0].Complete || !strings.Contains(fmt.Sprint(r.Sources[0].Damage), "the disk is gone") || len(r.Sources[1].Damage) != 1 {
		t.Errorf("%d requests, %+v", r.Requests, r.Sources)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

// TestBounds reads more than is kept.
func TestBounds(t *testing.T) {
	t.Parallel()
	tally := newTally()
	src := &source{tally: tally}
	r := Request{N: 25, Status: kms.Licensed, Time: noon, ClientTime: noon, SKU: mustID(win11Enterprise)}
	for i := range maxClients + 10 {
		r.CMID = kms.GUID{byte(i), byte(i >> 8), byte(i >> 16), 1}
		tally.add(src, []byte("kms01"), &r, baseHost)
	}
	if tally.clients.n != maxClients || !tally.capped || tally.requests != maxClients+10 {
		t.Errorf("%d clients of %d requests, capped %v", tally.clients.n, tally.requests, tally.capped)
	}
	rep := &Report{tally: tally}
	rep.fill(Options{})
	if len(rep.Limits) != 1 || rep.Lists[0].Count != maxClients {
		t.Errorf("%v, count %d", rep.Limits, rep.Lists[0].Count)
	}
	if f := fact(rep, "count.enough"); f.Sure != Inferred || !strings.Contains(f.Text, "at least") || !rep.Lists[0].ClientsAtLeast || rep.Lists[0].Whole {
		t.Errorf("%+v", f)
	}
}
