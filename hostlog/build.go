package hostlog

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/kmsdiag/kmsdiag/catalog"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// Bounds of the lists in a report. The CSV has every client.
const (
	maxLapses = 20
	maxListed = 100
	maxWorst  = 10
)

// list builds the report of one list.
func (t *tally) listReport(no uint16, known []hole, now uint32) List {
	l := t.lists[no]
	steps := t.steps(no)
	holes := append([]hole{{to: l.first}}, known...) // of the time before the log nothing is known
	out := List{
		Host: t.names.name(l.key.host), Application: l.key.app.String(), Count: countAt(steps, now),
		Requests: l.requests, Served: l.served, First: fromUnix(l.first), Last: fromUnix(l.last),
		Whole: !uncertain(holes, now), short: l.first+window > now, holed: missing(known, now-min(now, 2*window), now), ClientsAtLeast: t.capped, Ceiling: catalog.ServerOnlyCeiling,
		Crossings: append([]Crossing{}, l.crossings(steps, holes, now)...), Forecast: t.forecast(no, steps, holes, now),
		Clones: []Clone{}, Several: []Several{}, Refused: t.refusals(no, now), Lapses: []Lapse{}, LapsedNewest: []Lapse{},
	}
	if l.raised != 0 {
		out.Ceiling = catalog.WindowsCeiling
		if l.raised > l.first {
			out.Grown = fromUnix(l.raised)
		}
	}
	b := listBuilder{t: t, no: no, now: now, steps: steps, holes: known, out: &out, firsts: map[int32]int64{}, follow: t.followers(no), uses: make([]uint32, len(t.names.end))}
	for i, c := range t.clients.all {
		if c.key.list == no {
			b.client(i, c)
		}
	}
	b.end()
	out.Course, out.MoreDays = l.course(steps, holes, now, b.firsts)
	out.Holes = holeReports(known)
	return out
}

// listBuilder goes through the clients of a list once.
type listBuilder struct {
	t        *tally
	no       uint16
	now      uint32
	steps    []step
	holes    []hole
	out      *List
	firsts   map[int32]int64 // clients by the day of their first request, if not yet licensed
	follow   followers
	uses     []uint32 // ids of each machine in the last 30 days
	lapses   []lapse
	products [maxProducts + 8]Share
	states   [8]Share
	unseen   [len(unseenDays)]int
	offsets  []Offset
	bands    [len(bandMinutes) + 1]int
	needs    uint8
}

var (
	unseenDays  = [...]int{7, 14, 30, 90, 180}
	bandMinutes = [...]int{5, 60, 240}
)

func (b *listBuilder) recent(at uint32) bool { return at+window > b.now }

func (b *listBuilder) client(i int32, c *client) {
	b.out.Clients++
	if c.has&hasVM != 0 {
		b.out.Virtual++
	}
	recent := b.recent(c.last)
	b.products[c.product].add(recent)
	b.states[min(c.status, 7)].add(recent)
	if recent {
		b.needs = max(b.needs, c.n)
	}
	if c.served != 0 && kms.LicenseStatus(c.firstStatus) != kms.Licensed {
		b.firsts[int32(c.first/86400)]++
	}
	if b.follow.superseded(i, c) {
		b.out.Superseded++
	} else {
		b.present(i, c, recent)
	}
	b.clock(c)
	if c.has&hasNames != 0 {
		b.clone(i, c)
	} else if c.name != noName && recent {
		b.uses[b.follow.machines[c.name]]++
	}
}

// present looks at a client that was not replaced by another id of its machine.
func (b *listBuilder) present(i int32, c *client, recent bool) {
	if kms.LicenseStatus(c.firstStatus) != kms.Licensed && kms.LicenseStatus(c.status) != kms.Licensed && c.requests-c.refused >= 3 && recent {
		b.out.Stuck++
	}
	for k, days := range unseenDays {
		if b.now-min(c.last, b.now) > uint32(days)*86400 {
			b.unseen[k]++
		}
	}
	b.lapse(i, c)
}

func (s *Share) add(recent bool) {
	s.Clients++
	if recent {
		s.Recent++
	}
}

func (b *listBuilder) clock(c *client) {
	if c.has&hasOffset == 0 {
		return
	}
	b.out.Clocks.Compared++
	abs := max(c.offset, -c.offset)
	k := 0
	for k < len(bandMinutes) && abs > int32(bandMinutes[k]*60+minuteCut) {
		k++
	}
	b.bands[k]++
	if k > 0 {
		minutes := int(math.Round(float64(c.offset) / 60))
		b.offsets = append(b.offsets, Offset{b.t.names.name(c.name), c.key.cmid.String(), minutes, fromUnix(c.last)})
		if len(b.offsets) > 64*maxWorst {
			b.worst()
		}
	}
}

func (b *listBuilder) worst() {
	slices.SortStableFunc(b.offsets, func(x, y Offset) int {
		return cmp.Or(-cmp.Compare(max(x.Minutes, -x.Minutes), max(y.Minutes, -y.Minutes)), cmp.Compare(x.CMID, y.CMID))
	})
	b.offsets = b.offsets[:min(len(b.offsets), maxWorst)]
}

// clone describes an id with several names. A machine that was renamed leaves
// its old name for good: names that take turns are of several machines.
func (b *listBuilder) clone(i int32, c *client) {
	a := b.t.aliases[i]
	uses := a.list
	k := Clone{
		Names: a.count(), AtLeast: a.capped, Recent: a.since(b.now - min(b.now, window)),
		CMID: c.key.cmid.String(), Requests: int64(c.requests), First: fromUnix(c.first), Last: fromUnix(c.last),
		Certain: len(uses) > 2,
	}
	for n, u := range uses {
		k.Machines = append(k.Machines, b.t.names.name(u.name))
		for _, v := range uses[:n] {
			if u.first <= v.last && v.first <= u.last {
				k.Certain = true
			}
		}
	}
	slices.Sort(k.Machines)
	if k.Certain && k.Recent > 1 && b.recent(c.served) {
		b.out.Hidden += k.Recent - 1
		b.out.HiddenAtLeast = b.out.HiddenAtLeast || k.AtLeast
	}
	b.out.Clones = append(b.out.Clones, k)
	if len(b.out.Clones) > 64*maxListed {
		b.cutClones()
	}
}

func (b *listBuilder) cutClones() {
	slices.SortStableFunc(b.out.Clones, func(x, y Clone) int {
		return cmp.Or(-cmp.Compare(x.Recent, y.Recent), -cmp.Compare(x.Names, y.Names), cmp.Compare(x.CMID, y.CMID))
	})
	if n := len(b.out.Clones) - maxListed; n > 0 {
		b.out.MoreClones += n
		b.out.Clones = b.out.Clones[:maxListed]
	}
}

func (b *listBuilder) end() {
	out := b.out
	out.Needed = int(b.needs)
	if l := b.t.lists[b.no]; out.Needed == 0 && b.t.capped && b.recent(l.last) {
		out.Needed = l.needs // asked by clients that were not kept
	}
	b.cutClones()
	b.severals()
	b.lapsed()
	for k, days := range unseenDays {
		out.NotSeen = append(out.NotSeen, NotSeen{
			Days: days, Clients: b.unseen[k],
			atMost: unseen(b.holes, b.now-min(b.now, uint32(days)*86400), b.now),
		})
	}
	out.Products = b.t.productShares(b.products[:])
	for i, s := range b.states {
		if s.Clients > 0 {
			if s.Name = evidence.LicenseStatusName(i); s.Name == "" {
				s.Name = "unknown status"
			}
			out.States = append(out.States, s)
		}
	}
	byClients(out.States)
	b.worst()
	out.Clocks.Worst = append([]Offset{}, b.offsets...)
	out.Clocks.Bands = []Band{}
	for k, n := range b.bands {
		band := Band{Clients: n}
		if k < len(bandMinutes) {
			band.Minutes = bandMinutes[k]
		}
		out.Clocks.Bands = append(out.Clocks.Bands, band)
	}
	out.Clocks.Median = median(b.t.lists[b.no].offsets)
}

func (t *tally) productName(i uint16) string {
	p := t.products[i]
	switch {
	case p.name != "":
		return p.name
	case p.sku == (kms.GUID{}):
		return "other products"
	}
	return "product " + p.sku.String()
}

// productShares names the shares of products and adds up those of one name.
func (t *tally) productShares(shares []Share) []Share {
	sum := map[string]*Share{}
	list := []Share{}
	for i, s := range shares {
		if s.Clients == 0 || i >= len(t.products) {
			continue
		}
		name := t.productName(uint16(i))
		if sum[name] == nil {
			sum[name] = &Share{Name: name}
		}
		sum[name].Clients += s.Clients
		sum[name].Recent += s.Recent
	}
	for _, s := range sum {
		list = append(list, *s)
	}
	byClients(list)
	return list
}

func byClients(list []Share) {
	slices.SortFunc(list, func(a, b Share) int { return cmp.Or(-cmp.Compare(a.Clients, b.Clients), cmp.Compare(a.Name, b.Name)) })
}

// refusals lists what a list's clients were refused with.
func (t *tally) refusals(no uint16, now uint32) []Refusal {
	list := []Refusal{}
	still := map[uint32]int{}
	for _, c := range t.clients.all {
		if c.key.list == no && c.lastHR != 0 && c.last+window > now {
			still[c.lastHR]++
		}
	}
	for code, x := range t.lists[no].results {
		r := Refusal{
			Code: fmt.Sprintf("0x%08X", code), Title: "a code that is not in the catalogue", Causes: []string{}, Requests: x.requests,
			Clients: len(x.clients), AtLeast: len(x.clients) >= maxAsked, Still: still[code], First: fromUnix(x.first), Last: fromUnix(x.last), Machines: []string{},
		}
		if e, ok := kmserr.Lookup(kmserr.Code(code)); ok {
			r.Title = e.Title()
			if e.Page != nil {
				r.Causes = append(r.Causes, e.Page.Causes...)
			}
		}
		for _, s := range x.sample {
			r.Machines = append(r.Machines, s.Machine)
		}
		shares := make([]Share, len(t.products))
		for p, n := range x.products {
			shares[p].Clients = n
		}
		r.Products = t.productShares(shares)
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b Refusal) int {
		return cmp.Or(-cmp.Compare(a.Requests, b.Requests), cmp.Compare(a.Code, b.Code))
	})
	return list
}

// median is the middle of counted numbers.
func median(counts map[int16]int64) int {
	var total int64
	keys := make([]int16, 0, len(counts))
	for k, n := range counts {
		keys = append(keys, k)
		total += n
	}
	slices.Sort(keys)
	var sum int64
	for _, k := range keys {
		if sum += counts[k]; sum*2 >= total {
			return int(k)
		}
	}
	return 0
}
