package hostlog

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// threeClients have 25 others beside them: one asked last before the hole of a
// log, one behind it, one long before its activation would have ended.
func threeClients() []req {
	reqs := steady(25)
	return numbered(append(reqs, renewal(noon.Add(-50*aDay), 801), renewal(noon.Add(-10*aDay), 802), renewal(noon.Add(-250*aDay), 803)))
}

// TestHolesBoundWhoDidNotAsk: whoever asked last before entries that are missing
// may have asked in them.
func TestHolesBoundWhoDidNotAsk(t *testing.T) {
	t.Parallel()
	holed := without(threeClients(), 40*aDay, 20*aDay)
	for _, test := range []struct {
		name  string
		reqs  []req
		sure  Sure
		parts []string // of what is said about who did not ask
		not   string
		first string
		ended string
	}{
		{"whole", threeClients(), Counted, []string{"3 for more than 7 days", "2 for more than 30 days"}, "at most", "the first to lapse is pc801.corp.example on 2027-04-02, ", "1 client whose"},
		{"holed", holed, Inferred, []string{"3 for more than 7 days", "2 for more than 14 days", "at most 2 for more than 30 days", "at most 1 for more than 90 days"}, "at most 2 for more than 14", "the first to lapse would be pc801.corp.example on 2027-04-02, ", "at most 1 client whose"},
	} {
		r := read(t, Options{}, xmlOf(test.reqs...))
		f := fact(r, "not-seen")
		if f == nil || f.Sure != test.sure || strings.Contains(f.Text, test.not) || strings.Contains(f.Basis, "missing") != (test.sure == Inferred) {
			t.Errorf("%s: %+v", test.name, f)
			continue
		}
		for _, part := range test.parts {
			if !strings.Contains(f.Text+",", " "+part+",") {
				t.Errorf("%s: %q lacks %q", test.name, f.Text, part)
			}
		}
		if f := fact(r, "lapse.first"); f == nil || !strings.HasPrefix(f.Text, test.first) || strings.Contains(f.Text, "it may be later: last seen 2026-10-04") != (test.sure == Inferred) {
			t.Errorf("%s: %+v", test.name, f)
		}
		if f := fact(r, "lapsed"); f == nil || !strings.HasPrefix(f.Text, test.ended) {
			t.Errorf("%s: %+v", test.name, f)
		}
		for i, x := range r.Lists[0].Lapses {
			if want := test.sure == Inferred && x.LastSeen.Before(noon.Add(-20*aDay)); x.MayBeLater() != want {
				t.Errorf("%s: lapse %d may be later: %v, %+v", test.name, i, !want, x)
			}
		}
	}
	r := read(t, Options{}, xmlOf(holed...))
	if f := fact(r, "read.hole"); f == nil || !strings.Contains(f.Text, " entries of kms01.corp.example are missing between ") {
		t.Errorf("%+v", f)
	}
	if one := entriesAre(1, " of kms01"); one != "1 entry of kms01 is" {
		t.Error(one)
	}
}

// TestDamageBoundsWhoDidNotAsk: what cannot be read may be of any time.
func TestDamageBoundsWhoDidNotAsk(t *testing.T) {
	t.Parallel()
	file := evtxOf(threeClients()...)
	r := read(t, Options{}, file[:len(file)-chunkSize])
	if f := fact(r, "not-seen"); f == nil || f.Sure != Inferred || !strings.Contains(f.Text, "did not ask: at most ") {
		t.Errorf("%+v", f)
	}
}

// TestNobodyServed: a log of refused requests has no number of clients to give,
// and one of many clients in grace names how many they are.
func TestNobodyServed(t *testing.T) {
	t.Parallel()
	var reqs []req
	for i := range 40 {
		reqs = append(reqs, with(renewal(noon.Add(-time.Duration(i)*time.Hour), i), func(r *req) {
			r.status, r.minutes, r.hr, r.client = 2, 20*1440+int64(i)*60, 0xC004F06C, r.at.Add(-5*time.Hour)
		}))
	}
	r := read(t, Options{}, xmlOf(reqs...))
	f := fact(r, "count.low")
	if f == nil || !strings.HasPrefix(f.Text, "no client was served in what is known of the last 30 days, 25 needed; the log begins only ") {
		t.Errorf("%+v", f)
	}
	if f := fact(r, "refused.0xC004F06C"); f == nil || !strings.Contains(f.Text, " and 37 more; for 40 clients") {
		t.Errorf("%+v", f)
	}
	first := fmt.Sprintf("40 clients are in a grace period; the first to end is that of %s, on 2026-12-13.", r.Lists[0].Lapses[0].Machine)
	if !strings.Contains(r.Conclusion, "\n"+first+"\nNot tested: ") || strings.Contains(r.Conclusion, "more days") {
		t.Errorf("want %q in %q", first, r.Conclusion)
	}
	if r := read(t, Options{}, xmlOf(reqs[:1]...)); !strings.Contains(r.Conclusion, "\npc000.corp.example is in a grace period, which ends on 2026-12-13.\n") {
		t.Errorf("%q", r.Conclusion)
	}
	if r := read(t, Options{}, xmlOf(steady(30)...)); strings.Contains(r.Conclusion, "grace period") {
		t.Errorf("%q", r.Conclusion)
	}
}
