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
func (t *tally) listReport(no uint16, now uint32) List {
	l := t.lists[no]
	steps := t.steps(no)
	out := List{
		Host: t.names.name(l.key.host), Application: l.key.app.String(), Count: countAt(steps, now),
		Requests: l.requests, Served: l.served, First: fromUnix(l.first), Last: fromUnix(l.last),
		Whole: l.first+window <= now, Ceiling: catalog.ServerOnlyCeiling,
		Crossings: append([]Crossing{}, l.crossings(steps, now)...), Forecast: t.forecast(no, steps, now),
		Clones: []Clone{}, Several: []Several{}, Refused: t.refusals(no, now), Lapses: []Lapse{},
	}
	if l.raised != 0 {
		out.Ceiling = catalog.WindowsCeiling
		if l.raised > l.first {
			out.Grown = fromUnix(l.raised)
		}
	}
	b := listBuilder{t: t, no: no, now: now, steps: steps, out: &out, firsts: map[int32]int64{}, byName: map[int32][]int32{}}
	for i, c := range t.clients.all {
		if c.key.list == no {
			b.client(i, c)
		}
	}
	b.end()
	out.Course, out.MoreDays = l.course(steps, now, b.firsts)
	return out
}

// listBuilder goes through the clients of a list once.
type listBuilder struct {
	t        *tally
	no       uint16
	now      uint32
	steps    []step
	out      *List
	firsts   map[int32]int64 // clients by the day of their first request, if not yet licensed
	byName   map[int32][]int32
	lapses   []lapse
	products [maxProducts + 8]Share
	states   [8]Share
	unseen   [len(unseenDays)]int
	offsets  []Offset
	bands    [len(bandMinutes) + 1]int
	needs    uint8
}

type lapse struct {
	at      uint32
	client  int32
	minutes bool // by the minutes that the client reported
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
	if kms.LicenseStatus(c.firstStatus) != kms.Licensed && kms.LicenseStatus(c.status) != kms.Licensed && c.requests-c.refused >= 3 && recent {
		b.out.Stuck++
	}
	for k, days := range unseenDays {
		if b.now-min(c.last, b.now) > uint32(days)*86400 {
			b.unseen[k]++
		}
	}
	b.lapse(i, c)
	b.clock(c)
	if c.has&hasNames != 0 {
		b.clone(i, c)
	} else if c.name != noName && recent {
		b.byName[c.name] = append(b.byName[c.name], i)
	}
}

func (s *Share) add(recent bool) {
	s.Clients++
	if recent {
		s.Recent++
	}
}

func (b *listBuilder) lapse(i int32, c *client) {
	if at, byMinutes, ok := lapseOf(c, b.steps); ok {
		b.lapses = append(b.lapses, lapse{at, i, byMinutes})
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
	uses := b.t.aliases[i]
	k := Clone{
		CMID: c.key.cmid.String(), Requests: int64(c.requests), First: fromUnix(c.first), Last: fromUnix(c.last),
		Certain: len(uses) > 2,
	}
	for n, u := range uses {
		k.Machines = append(k.Machines, b.t.names.name(u.name))
		if b.recent(u.last) {
			k.Recent++
		}
		for _, v := range uses[:n] {
			if u.first <= v.last && v.first <= u.last {
				k.Certain = true
			}
		}
	}
	slices.Sort(k.Machines)
	if k.Certain && k.Recent > 1 && b.recent(c.served) {
		b.out.Hidden += k.Recent - 1
	}
	b.out.Clones = append(b.out.Clones, k)
	if len(b.out.Clones) > 64*maxListed {
		b.cutClones()
	}
}

func (b *listBuilder) cutClones() {
	slices.SortStableFunc(b.out.Clones, func(x, y Clone) int {
		return cmp.Or(-cmp.Compare(x.Recent, y.Recent), -cmp.Compare(len(x.Machines), len(y.Machines)), cmp.Compare(x.CMID, y.CMID))
	})
	if n := len(b.out.Clones) - maxListed; n > 0 {
		b.out.MoreClones += n
		b.out.Clones = b.out.Clones[:maxListed]
	}
}

func (b *listBuilder) end() {
	out := b.out
	out.Needed = int(b.needs)
	b.cutClones()
	b.severals()
	slices.SortFunc(b.lapses, func(x, y lapse) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.client, y.client)) })
	for _, x := range b.lapses {
		if x.at <= b.now {
			out.Lapsed++
			continue
		}
		if len(out.Lapses) == maxLapses {
			break
		}
		out.Lapses = append(out.Lapses, b.lapseReport(x))
	}
	for k, days := range unseenDays {
		out.NotSeen = append(out.NotSeen, NotSeen{days, b.unseen[k]})
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

func (b *listBuilder) lapseReport(x lapse) Lapse {
	c := b.t.clients.at(x.client)
	out := Lapse{
		Machine: b.t.names.name(c.name), CMID: c.key.cmid.String(), Product: b.t.productName(c.product),
		LastSeen: fromUnix(c.last), At: fromUnix(x.at), Rule: "180 days after it was last served",
	}
	if x.minutes {
		out.Rule = "by the minutes it reported"
	}
	return out
}

// severals lists the machines that came with several ids: reinstalled ones,
// desktops that start anew each day, names given twice.
func (b *listBuilder) severals() {
	for name, ids := range b.byName {
		if len(ids) < 2 {
			continue
		}
		s := Several{Machine: b.t.names.name(name)}
		for _, i := range ids[:min(len(ids), maxListed)] {
			c := b.t.clients.at(i)
			s.IDs = append(s.IDs, IDUse{c.key.cmid.String(), fromUnix(c.first), fromUnix(c.last)})
		}
		b.out.Several = append(b.out.Several, s)
	}
	slices.SortFunc(b.out.Several, func(x, y Several) int {
		return cmp.Or(-cmp.Compare(len(x.IDs), len(y.IDs)), cmp.Compare(x.Machine, y.Machine))
	})
	if n := len(b.out.Several) - maxListed; n > 0 {
		b.out.MoreSever, b.out.Several = n, b.out.Several[:maxListed]
	}
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
			Clients: len(x.clients), Still: still[code], First: fromUnix(x.first), Last: fromUnix(x.last), Machines: []string{},
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
