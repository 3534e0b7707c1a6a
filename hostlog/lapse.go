package hostlog

import (
	"cmp"
	"slices"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/kms"
)

// validity is how long an activation lasts, in seconds.
const validity = uint32(catalog.Validity / time.Second)

// graces are the licence statuses with time left that are no activation.
var graces = map[uint8]string{
	uint8(kms.OOBGrace): "initial grace", uint8(kms.OOTGrace): "additional grace",
	uint8(kms.NonGenuineGrace): "non-genuine grace", uint8(kms.ExtendedGrace): "extended grace",
}

// lapseOf works out when a client's activation or grace ends. A client judges
// the count itself: one that was served while the count sufficed is activated
// for 180 days from then, unless its next request says that it is not. Otherwise
// what it said of its time left still runs, which byMinutes tells.
func lapseOf(c *client, steps []step) (at uint32, byMinutes, ok bool) {
	licensed := kms.LicenseStatus(c.status) == kms.Licensed
	enough := func(at uint32) bool { return at != 0 && countAt(steps, at) >= int(c.n) }
	unheeded := !licensed && c.has&hasPleaBefore != 0 && c.last-c.before < validity && enough(c.before)
	switch {
	case enough(c.served) && (licensed || c.served == c.last && !unheeded):
		return later(c.served, validity), false, true
	case c.minutes > 0 && c.minutes <= int32(catalog.Validity/time.Minute) && (licensed || graces[c.status] != ""):
		return later(c.last, uint32(c.minutes)*60), true, true
	}
	return 0, false, false
}

type lapse struct {
	at      uint32
	client  int32
	minutes bool // by the minutes that the client reported
}

func (b *listBuilder) lapse(i int32, c *client) {
	if at, byMinutes, ok := lapseOf(c, b.steps); ok {
		b.lapses = append(b.lapses, lapse{at, i, byMinutes})
	}
}

// lapsed puts the lapses in order: those to come, the first ones, and those that
// were, the newest ones.
func (b *listBuilder) lapsed() {
	out := b.out
	slices.SortFunc(b.lapses, func(x, y lapse) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.client, y.client)) })
	for _, x := range b.lapses {
		if x.at <= b.now {
			out.Lapsed++
			out.lapsedAtMost = out.lapsedAtMost || b.later(x)
			continue
		}
		if x.minutes && graces[b.t.clients.at(x.client).status] != "" {
			out.grace++
		}
		if len(out.Lapses) == maxLapses {
			continue
		}
		out.Lapses = append(out.Lapses, b.lapseReport(x))
	}
	for k := out.Lapsed - 1; k >= max(0, out.Lapsed-fewest); k-- {
		out.LapsedNewest = append(out.LapsedNewest, b.lapseReport(b.lapses[k]))
	}
}

// later tells whether a client may have asked since it was last seen.
func (b *listBuilder) later(x lapse) bool {
	return unseen(b.holes, b.t.clients.at(x.client).last, b.now)
}

func (b *listBuilder) lapseReport(x lapse) Lapse {
	c := b.t.clients.at(x.client)
	out := Lapse{
		Machine: b.t.names.name(c.name), CMID: c.key.cmid.String(), Product: b.t.productName(c.product),
		later: b.later(x), LastSeen: fromUnix(c.last), At: fromUnix(x.at), Rule: "180 days after it was last served",
	}
	if x.minutes {
		out.Rule = "by the minutes it reported"
		if out.Grace = graces[c.status]; out.Grace != "" {
			out.Rule = "when its " + out.Grace + " ends, by the minutes it reported"
		}
	}
	return out
}

// followers knows of each machine the id under which it began to ask last: the
// ids that it used until then are superseded, as by a new installation.
type followers struct {
	machines []int32
	latest   []follower
}

type follower struct {
	first  uint32
	client int32
}

// followers looks through the clients of a list.
func (t *tally) followers(no uint16) followers {
	f := followers{t.machines(), make([]follower, len(t.names.end))}
	for i, c := range t.clients.all {
		if c.key.list != no {
			continue
		}
		if c.has&hasNames == 0 {
			f.see(c.name, c.first, i)
			continue
		}
		for _, u := range t.aliases[i].list {
			f.see(u.name, u.first, i)
		}
	}
	return f
}

func (f *followers) see(name int32, first uint32, i int32) {
	if name == noName {
		return
	}
	if x := &f.latest[f.machines[name]]; first > x.first {
		*x = follower{first, i}
	}
}

// superseded tells whether the machine of an id asked later under another one.
// An id of several machines is not: each of them is somewhere else.
func (f *followers) superseded(i int32, c *client) bool {
	if c.name == noName || c.has&hasNames != 0 {
		return false
	}
	x := f.latest[f.machines[c.name]]
	return x.client != i && x.first > c.last
}

// machines is nameTable.machines, worked out once.
func (t *tally) machines() []int32 {
	if len(t.stands) != len(t.names.end) {
		t.stands = t.names.machines()
	}
	return t.stands
}
