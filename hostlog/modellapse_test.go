package hostlog

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
)

// ids are the requests of each client id, oldest first.
func (s simulation) ids() map[string][]req {
	ids := map[string][]req{}
	for _, r := range s.reqs {
		ids[r.cmid] = append(ids[r.cmid], r)
	}
	return ids
}

// ends tells when a client's activation or grace ends, by going through what it
// asked, one request after the other: each one that was served while the count
// sufficed activates it for 180 days; whatever a later one says of its state
// holds from then on.
func (s simulation) ends(reqs []req) (at time.Time) {
	tried := false // was just served with a count that suffices, and not licensed
	var served time.Time
	n := reqs[len(reqs)-1].n
	for _, r := range reqs {
		licensed := r.status == 1
		left := time.Time{}
		if r.minutes > 0 && (licensed || r.status == 2 || r.status == 3 || r.status == 4 || r.status == 6) {
			left = r.at.Add(time.Duration(r.minutes) * time.Minute)
		}
		failed := tried && !licensed && r.at.Sub(served) < catalog.Validity
		switch {
		case licensed && !served.IsZero() && s.count(served) >= n:
			at = served.Add(catalog.Validity)
		default:
			at = left
		}
		if r.hr == 0 {
			served, tried = r.at, !licensed && s.count(r.at) >= n
			if s.count(r.at) >= n && !failed {
				at = r.at.Add(catalog.Validity)
			} else {
				at = left
			}
		}
	}
	return at
}

// replaced tells whether the machine of an id asked later under another one.
func (s simulation) replaced(cmid string) bool {
	ids := s.ids()
	mine := ids[cmid]
	for _, r := range mine {
		if r.machine != mine[0].machine {
			return false
		}
	}
	for other, reqs := range ids {
		if other == cmid {
			continue
		}
		for _, r := range reqs {
			if r.machine == mine[0].machine {
				if r.at.After(mine[len(mine)-1].at) {
					return true
				}
				break // it began earlier
			}
		}
	}
	return false
}

func (s simulation) checkLapses(t *testing.T, seed uint64, l *List) {
	t.Helper()
	var want []string
	lapsed, replaced := 0, 0
	for cmid, reqs := range s.ids() {
		if s.replaced(cmid) {
			replaced++
			continue
		}
		switch at := s.ends(reqs); {
		case at.IsZero():
		case !at.After(s.now):
			lapsed++
		default:
			want = append(want, fmt.Sprint(at.Format(time.RFC3339), cmid))
		}
	}
	slices.Sort(want)
	var got []string
	for _, x := range l.Lapses {
		got = append(got, fmt.Sprint(x.At.Format(time.RFC3339), x.CMID))
	}
	slices.Sort(got)
	want = want[:min(len(want), maxLapses)]
	if lapsed != l.Lapsed || replaced != l.Superseded || !slices.Equal(got, want) {
		t.Fatalf("seed %d: %d superseded, lapses %d %v\nthe model has %d, %d %v", seed, l.Superseded, l.Lapsed, got, replaced, lapsed, want)
	}
}
