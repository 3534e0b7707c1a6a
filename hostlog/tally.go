package hostlog

import (
	"math"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// Bounds of what is kept. Whatever the size of a log, memory stays below some
// 150 MB.
const (
	maxClients  = 1 << 19
	maxLists    = 256
	maxProducts = 1024
	maxSpans    = 1 << 20 // beyond one for each id
	maxDays     = 1 << 15
	maxResults  = 64
	maxAsked    = 1 << 14 // clients told apart for one result
)

// tally adds up requests.
type tally struct {
	seen      seen
	names     nameTable
	lists     []*list
	byList    map[listKey]uint16
	products  []product
	byProduct map[productKey]uint16
	index     clientIndex
	clients   clients
	spans     map[int32][]span
	spare     int // spans in there
	aliases   map[int32]*aliases
	moreNames int // in there, beyond the first of each id
	probe     probe
	requests  int64
	doubles   int64 // entries left out because they were read before
	untimed   int64 // requests without any time
	capped    bool  // ids were left out
	lost      bool  // stretches of time, days or results were left out
	since     uint32
	until     uint32 // 0: no end
	outside   int64  // requests left out because they are older or newer
	oldest    uint32 // of those
	latest    uint32
	first     uint32
	newest    uint32
	firstHost int32              // the first that an entry named
	hosts     int                // named so far; 2 for more
	nameless  bool               // an entry named none
	numbers   map[int32]*numbers // by host
	stands    []int32            // the name that stands for each machine
	hostOf    map[int32]int32    // which host a name is of
}

// listKey is what a host keeps a list for.
type listKey struct {
	host int32 // name of the host; noName: not known
	app  application
}

// application is one of those that a host counts by itself.
type application uint8

const (
	appWindows application = iota
	appOffice
	appOffice2010
	appUnknown
)

func (a application) String() string {
	switch a {
	case appWindows:
		return "Windows"
	case appOffice:
		return "Office"
	case appOffice2010:
		return "Office 2010"
	}
	return "unknown product"
}

// product is an activation id that clients asked for.
type product struct {
	sku  kms.GUID // zero for those beyond the bound
	name string   // "" where the catalogue has none
	app  application
}

// productKey tells products apart. What the catalogue does not know goes to an
// application by the minimum that was asked for.
type productKey struct {
	sku kms.GUID
	app application
}

// probe is what came under the one client id of every kmsdiag.
type probe struct {
	requests    int64
	first, last uint32
	machines    []string
}

// list adds up the requests of one list.
type list struct {
	key      listKey
	requests int64
	served   int64
	days     map[int32]*dayTally
	results  map[uint32]*result
	offsets  map[int16]int64 // requests by client clock less host clock, in minutes
	raised   uint32          // first request with N above 5: the list grew to hold 50
	needs    int             // the largest N of served requests
	first    uint32
	last     uint32
}

type dayTally struct {
	renewals, attempts, refused int64
	first, last                 uint32
}

// result adds up what was refused with one code.
type result struct {
	requests    int64
	first, last uint32
	clients     map[int32]struct{}
	products    map[uint16]int64
	sample      []evidence.HostRequestEvent
}

// maxSample is how many requests of a result are kept as evidence.
const maxSample = 5

func newTally() *tally {
	return &tally{
		seen: newSeen(), names: newNames(), byList: map[listKey]uint16{}, byProduct: map[productKey]uint16{},
		index: newIndex(), spans: map[int32][]span{}, aliases: map[int32]*aliases{}, hostOf: map[int32]int32{}, firstHost: noName, numbers: map[int32]*numbers{},
	}
}

// add counts a request.
func (t *tally) add(src *source, host []byte, r *Request, base timeBase) {
	h := t.host(host)
	src.mixed = src.mixed || src.host != h && src.host != noName && h != noName
	if h != noName {
		src.host = h
	}
	src.numbers.add(r.Record, unixOrZero(r.Time))
	if r.Time.IsZero() {
		t.requests++
		t.untimed++
		return
	}
	if t.seen.again(src.number, r, base) {
		t.doubles++
		return
	}
	at := unix(r.Time)
	if at < t.since || t.until != 0 && at > t.until {
		t.outside++
		t.oldest, t.latest = earliest(t.oldest, at), max(t.latest, at)
		return
	}
	t.requests++
	t.first, t.newest = earliest(t.first, at), max(t.newest, at)
	if r.CMID == kms.ProbeCMID {
		t.probe.add(at, string(r.Machine))
		return
	}
	p := t.product(r)
	l, no, ok := t.list(h, t.products[p].app)
	if !ok {
		return
	}
	l.requests++
	l.first, l.last = earliest(l.first, at), max(l.last, at)
	name := t.names.add(r.Machine)
	i := t.client(clientKey{r.CMID, no})
	t.lost = !l.day(at, r) || t.lost
	if i != noClient {
		t.note(i, at, name, p, r, l, base)
	}
	if r.HRESULT != 0 {
		t.lost = !l.refuse(i, at, p, r, host, src) || t.lost
		return
	}
	l.served++
	l.needs = max(l.needs, r.N)
	if r.N > catalog.ServerN {
		l.raised = earliest(l.raised, at)
	}
}

func earliest(a, b uint32) uint32 {
	if a == 0 {
		return b
	}
	return min(a, b)
}

func (p *probe) add(at uint32, machine string) {
	p.requests++
	p.first, p.last = earliest(p.first, at), max(p.last, at)
	for _, m := range p.machines {
		if strings.EqualFold(m, machine) {
			return
		}
	}
	if len(p.machines) < maxNamesEach {
		p.machines = append(p.machines, machine)
	}
}

// product finds the product asked for. One that the catalogue does not know is
// counted for Windows where its minimum is that of Windows clients.
func (t *tally) product(r *Request) uint16 {
	key := productKey{r.SKU, unknownApp(r.N)}
	if i, ok := t.byProduct[key]; ok {
		return i
	}
	p := product{sku: r.SKU, app: key.app}
	if k, ok := catalog.ProductByActivationID(r.SKU.String()); ok {
		p.name, p.app = k.Name, applicationOf(k.Group.AppID)
	} else if len(t.products) >= maxProducts {
		key.sku, p.sku = kms.GUID{}, kms.GUID{}
		if i, ok := t.byProduct[key]; ok {
			return i
		}
	}
	i := uint16(len(t.products))
	t.products = append(t.products, p)
	t.byProduct[key] = i
	return i
}

func applicationOf(appID string) application {
	switch appID {
	case catalog.WindowsAppID:
		return appWindows
	case catalog.OfficeAppID:
		return appOffice
	case catalog.Office2010AppID:
		return appOffice2010
	}
	return appUnknown
}

func unknownApp(n int) application {
	if n > catalog.ServerN {
		return appWindows
	}
	return appUnknown
}

func (t *tally) list(host int32, app application) (*list, uint16, bool) {
	key := listKey{host, app}
	if i, ok := t.byList[key]; ok {
		return t.lists[i], i, true
	}
	if len(t.lists) >= maxLists {
		t.lost = true
		return nil, 0, false
	}
	i := uint16(len(t.lists))
	l := &list{key: key, days: map[int32]*dayTally{}, results: map[uint32]*result{}, offsets: map[int16]int64{}}
	t.lists = append(t.lists, l)
	t.byList[key] = i
	return l, i, true
}

// host is the name of a log's host. Exports of Event Viewer name none: their
// entries are of the first host that is named anywhere.
func (t *tally) host(name []byte) int32 {
	h := t.machineOf(t.names.add(name))
	switch {
	case h == noName && t.hosts == 0:
		t.nameless = true
		return noName
	case h == noName:
		t.nameless = true
		return t.firstHost
	case t.hosts == 0:
		t.firstHost, t.hosts = h, 1
		for i, l := range t.lists {
			l.key.host = h
			t.byList[l.key] = uint16(i)
		}
	case h != t.firstHost:
		t.hosts = 2
	}
	return h
}

// machineOf is the name under which a host is known, in whatever form it stands
// in an entry.
func (t *tally) machineOf(h int32) int32 {
	if h == noName {
		return h
	}
	if of, ok := t.hostOf[h]; ok {
		return of
	}
	for _, of := range t.hostOf {
		if t.names.same(of, h) {
			t.hostOf[h] = of
			return of
		}
	}
	if len(t.hostOf) < maxLists {
		t.hostOf[h] = h
	}
	return h
}

// noClient stands for a client beyond the bound.
const noClient = -1

func (t *tally) client(key clientKey) int32 {
	at, i := t.index.find(&t.clients, &key)
	if i >= 0 {
		return i
	}
	if t.clients.n >= maxClients {
		t.capped = true
		return noClient
	}
	i, c := t.clients.add()
	c.key, c.name = key, noName
	t.index.put(&t.clients, at, i)
	return i
}

// note adds a request to its client.
func (t *tally) note(i int32, at uint32, name int32, p uint16, r *Request, l *list, base timeBase) {
	c := t.clients.at(i)
	name = t.alias(i, c, at, name)
	c.requests++
	if c.first == 0 || at < c.first {
		c.first, c.firstStatus = at, uint8(min(r.Status, math.MaxUint8))
	}
	if at >= c.last {
		c.last, c.lastHR, c.product = at, r.HRESULT, p
		c.minutes = int32(min(r.Minutes, math.MaxInt32))
		c.status, c.n = uint8(min(r.Status, math.MaxUint8)), uint8(min(r.N, math.MaxUint8))
		if name != noName {
			c.name = name
		}
		c.has &^= hasVM
		if r.VM {
			c.has |= hasVM
		}
	}
	t.clock(c, at, r, l, base)
	if r.HRESULT != 0 {
		c.refused++
		return
	}
	c.serve(at, r.Status != kms.Licensed)
	t.cover(i, c, at)
}

// cover adds a served request to the stretches of time in which the id counts.
func (t *tally) cover(i int32, c *client, at uint32) {
	if c.span == (span{}) {
		c.span = span{at, at}
		return
	}
	if c.has&hasSpans == 0 && c.span.holds(at) {
		c.span = c.span.with(at)
		return
	}
	rest := t.spans[i]
	t.spare -= len(rest)
	all := merge(append(rest, c.span), at)
	if n := len(all) - 1; t.spare+n > maxSpans {
		all, t.lost = all[n:], true
	}
	n := len(all) - 1
	c.span = all[n]
	t.spare += n
	c.has &^= hasSpans
	if n > 0 {
		c.has |= hasSpans
		t.spans[i] = all[:n]
	} else {
		delete(t.spans, i)
	}
}

// day counts a request of a day.
func (l *list) day(at uint32, r *Request) bool {
	no := int32(at / 86400)
	d := l.days[no]
	if d == nil {
		if len(l.days) >= maxDays {
			return false
		}
		d = &dayTally{first: at}
		l.days[no] = d
	}
	d.first, d.last = min(d.first, at), max(d.last, at)
	switch {
	case r.HRESULT != 0:
		d.refused++
	case r.Status == kms.Licensed:
		d.renewals++
	default:
		d.attempts++
	}
	return true
}

// refuse counts a request that was not served.
func (l *list) refuse(i int32, at uint32, p uint16, r *Request, host []byte, src *source) bool {
	x := l.results[r.HRESULT]
	if x == nil {
		if len(l.results) >= maxResults {
			return false
		}
		x = &result{clients: map[int32]struct{}{}, products: map[uint16]int64{}}
		l.results[r.HRESULT] = x
	}
	x.requests++
	x.first, x.last = earliest(x.first, at), max(x.last, at)
	x.products[p]++
	if _, known := x.clients[i]; known || i == noClient || len(x.clients) >= maxAsked {
		return true
	}
	x.clients[i] = struct{}{}
	if len(x.sample) < maxSample {
		x.sample = append(x.sample, src.event(host, r))
	}
	return true
}
