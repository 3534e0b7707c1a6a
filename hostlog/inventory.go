package hostlog

import (
	"iter"
	"math"
	"slices"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
)

// Client is what the log tells of one client id in one list.
type Client struct {
	Host          string
	Application   string
	CMID          string
	Machine       string   // of its last request
	Machines      []string // names it came with, if several; at most 64
	MoreMachines  int      // names beyond those
	AtLeast       bool     // ... and there are more, not counted
	Superseded    bool     // its machine asked later under another id
	Product       string
	ActivationID  string // empty where it was unreadable
	N             int
	VM            bool
	LicenseStatus int
	MinutesLeft   int64
	First, Last   time.Time
	Served        time.Time // last request that was served; zero: none
	Requests      int64
	Refused       int64
	HRESULT       uint32 // of its last request
	Offset        time.Duration
	HasOffset     bool      // Offset is known: client clock less host clock
	Counted       bool      // in the 30 days before now
	Leaves        time.Time // when it leaves the count if it does not ask again; zero: not counted
	Lapses        time.Time // when its activation ends if it is not renewed; zero: not known to be activated
}

// Clients yields every client of the lists reported, in the order in which they
// were met. The probe is none of them.
func (r *Report) Clients() iter.Seq[Client] {
	return func(yield func(Client) bool) {
		t := r.tally
		steps := make([][]step, len(t.lists))
		for no, l := range t.lists {
			if r.shows(l) {
				steps[no] = append([]step{}, t.steps(uint16(no))...) // not nil: nobody may have been served
			}
		}
		now := unix(r.Now)
		follow := make([]followers, len(t.lists))
		for i, c := range t.clients.all {
			if steps[c.key.list] == nil {
				continue
			}
			f := &follow[c.key.list]
			if f.latest == nil {
				*f = t.followers(c.key.list)
			}
			if !yield(t.describe(i, c, f.superseded(i, c), steps[c.key.list], now)) {
				return
			}
		}
	}
}

func (t *tally) describe(i int32, c *client, superseded bool, steps []step, now uint32) Client {
	l := t.lists[c.key.list]
	out := Client{
		Host: t.names.name(l.key.host), Application: l.key.app.String(), CMID: c.key.cmid.String(), Machine: t.names.name(c.name),
		Product: t.productName(c.product), N: int(c.n), VM: c.has&hasVM != 0, LicenseStatus: int(c.status), MinutesLeft: int64(c.minutes),
		First: fromUnix(c.first), Last: fromUnix(c.last), Requests: int64(c.requests), Refused: int64(c.refused), HRESULT: c.lastHR,
		Offset: time.Duration(c.offset) * time.Second, HasOffset: c.has&hasOffset != 0, Superseded: superseded,
	}
	if sku := t.products[c.product].sku; sku != (kms.GUID{}) {
		out.ActivationID = sku.String()
	}
	if c.served != 0 {
		out.Served = fromUnix(c.served)
	}
	if c.has&hasNames != 0 {
		a := t.aliases[i]
		for _, u := range a.list {
			out.Machines = append(out.Machines, t.names.name(u.name))
		}
		out.MoreMachines, out.AtLeast = len(a.more), a.capped
		slices.Sort(out.Machines)
	}
	if c.span != (span{}) && c.span.from <= now && now < c.span.to+window {
		out.Counted, out.Leaves = true, fromUnix(c.span.to+window)
	}
	if at, _, ok := lapseOf(c, steps); ok && !out.Superseded {
		out.Lapses = fromUnix(at)
	}
	return out
}

// later adds seconds to a time without running over its end.
func later(at, seconds uint32) uint32 {
	if at > math.MaxUint32-seconds {
		return math.MaxUint32
	}
	return at + seconds
}
