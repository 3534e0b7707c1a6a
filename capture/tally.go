package capture

import (
	"net/netip"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// clockLimit is the difference of clocks at which a host refuses a client.
const clockLimit = catalog.ClockTolerance

// tally adds up what a run finds, in bounded memory. Its methods are called by
// one goroutine at a time.
type tally struct {
	files         []string
	broken        []error
	clients       map[kms.GUID]*Client
	moreClients   int64
	cloned        []*Client
	machines      map[machineKey]*Client     // the first id of each machine
	changed       map[machineKey]*machineIDs // machines with several ids
	changes       []*machineIDs              // the same in the order of discovery
	hosts         map[netip.AddrPort]*Host
	hostOrder     []*Host
	asked         map[netip.Addr]*Host // by client, the first one
	wandering     map[netip.Addr]bool  // clients that asked several hosts
	firstWanderer struct {
		addr   netip.Addr
		packet int64
	}
	samples     samples
	names       map[netip.Addr][]string // by DNS answers
	published   map[string]publication  // lower-case SRV targets of KMS
	answeredSRV bool
	outcomes    [len(outcomeNames)]int64
	low         int64 // served with a count below the minimum
	lookups     int64
	oneSided    int64 // requests of which only the client's direction was captured
	cutOff      int64 // requests that were open when the capture ended
	lone        int64 // answers with S_OK whose requests were not captured
	oldVersion  int64 // requests in an older protocol than the product's own
	oldest      oldUse
	versions    map[kms.GUID]productVersion // by activation id
	far         []clockSighting
	firsts      int64 // requests of clients that are not licensed
	renewals    int64
	kmsConns    int64
	cutKMS      int64 // segments of KMS connections that the snap length cut
	noTimes     bool
}

type machineKey struct {
	name string
	addr netip.Addr
}

// machineIDs are the ids that one machine used.
type machineIDs struct {
	name string
	addr netip.Addr
	file string
	ids  []machineID
}

type machineID struct {
	cmid   kms.GUID
	packet int64
}

type publication struct {
	domain string
	record evidence.SRVRecord
}

type oldUse struct {
	file    string
	packet  int64
	product string
	version kms.Version
	wanted  uint16
}

// productVersion is the protocol version a product's own clients ask in.
type productVersion struct {
	name  string
	major uint16
}

type clockSighting struct {
	sighting
	off time.Duration
}

func newTally() *tally {
	return &tally{
		clients: map[kms.GUID]*Client{}, machines: map[machineKey]*Client{}, changed: map[machineKey]*machineIDs{},
		hosts: map[netip.AddrPort]*Host{}, asked: map[netip.Addr]*Host{}, wandering: map[netip.Addr]bool{}, names: map[netip.Addr][]string{}, published: map[string]publication{},
		versions: map[kms.GUID]productVersion{}, samples: newSamples(),
	}
}

func (t *tally) add(r *Record) {
	switch {
	case r.Exchange != nil:
		t.exchange(r.Exchange)
	case r.Connection != nil && r.Connection.KMS:
		t.connection(r.Connection)
	case r.Lookup != nil:
		t.lookup(r.Lookup)
	}
}

// clockOffset is the client's clock minus the capture's.
func clockOffset(x *Exchange) time.Duration {
	if x.Req == nil || !x.Req.Decoded || x.Requested == 0 {
		return 0
	}
	return x.Req.ClientTime.Time().Sub(time.Unix(0, x.Requested))
}

func (t *tally) exchange(x *Exchange) {
	t.outcomes[x.Outcome]++
	switch {
	case x.OneSided:
		t.oneSided++
	case x.CutOff:
		t.cutOff++
	case x.Outcome == ResponseOnly && x.HRESULT == 0:
		t.lone++
	}
	h := t.host(x.Host)
	var c *Client
	another, known := false, false
	if x.Req != nil && x.Req.Decoded {
		var machine bool
		c, another, machine, known = t.see(x, h)
		if !machine {
			t.machineOf(x, c)
		}
		t.clock(x, c)
		t.protocol(x)
		if x.Req.LicenseStatus == kms.Licensed {
			t.renewals++
		} else {
			t.firsts++
		}
		if x.Outcome == OK && x.Resp.Count < x.Req.NPolicy {
			t.low++
		}
	}
	fresh := h.exchange(x, known)
	if another {
		if c.Clones == 2 && len(t.cloned) < maxSampled {
			t.cloned = append(t.cloned, c)
			t.samples.first(c)
		}
	}
	if !known {
		t.spread(x, h)
	}
	t.samples.exchange(x, h, fresh, another || c != nil && c.Clones > 1 && c.Requests < 12)
}

// machineOf follows the ids of a machine. A machine that says what its id was
// before has changed it on purpose.
func (t *tally) machineOf(x *Exchange, c *Client) {
	r := &x.Req.Request
	if c == nil || r.Workstation == "" || !r.PreviousCMID.IsZero() || r.CMID == kms.ProbeCMID {
		return
	}
	key := machineKey{r.Workstation, x.Client.Addr()}
	first := t.machines[key]
	switch {
	case first == nil:
		if len(t.machines) < maxMachines {
			t.machines[key] = c
		}
		return
	case first.CMID == r.CMID, first.office != isOffice(r.AppID): // Office on Windows 7 has an id of its own
		return
	}
	m := t.changed[key]
	if m == nil {
		if len(t.changed) == maxSampled {
			return
		}
		m = &machineIDs{name: r.Workstation, addr: x.Client.Addr(), file: x.File, ids: []machineID{{first.CMID, first.start()}}}
		t.changed[key] = m
		t.changes = append(t.changes, m)
	}
	for _, id := range m.ids {
		if id.cmid == r.CMID {
			return
		}
	}
	if len(m.ids) < maxAliases {
		m.ids = append(m.ids, machineID{r.CMID, x.Request.First})
	}
}

func (t *tally) clock(x *Exchange, c *Client) {
	if x.Requested == 0 {
		t.noTimes = true
		return
	}
	off := clockOffset(x)
	if c != nil && off.Abs() > c.Clock.Abs() {
		c.Clock = off
	}
	if off.Abs() > clockLimit && len(t.far) < maxSampled {
		for _, f := range t.far {
			if f.client.Addr() == x.Client.Addr() {
				return
			}
		}
		t.far = append(t.far, clockSighting{sighting{x.File, x.Request, x.Client, x.Host, x.Req.Workstation, x.Requested}, off})
	}
}

// protocol compares the version asked in with that of the product.
func (t *tally) protocol(x *Exchange) {
	if x.Req.Outer.Major() >= 6 {
		return
	}
	own, known := t.versions[x.Req.SKUID]
	if !known {
		if p, ok := catalog.ProductByActivationID(x.Req.SKUID.String()); ok {
			own = productVersion{p.Name, p.Group.Major}
		}
		if len(t.versions) < maxHosts {
			t.versions[x.Req.SKUID] = own
		}
	}
	if own.major <= x.Req.Outer.Major() {
		return
	}
	t.oldVersion++
	if t.oldest.packet == 0 {
		t.oldest = oldUse{x.File, x.Request.First, own.name, x.Req.Outer, own.major}
	}
}

// spread finds clients that ask several hosts.
func (t *tally) spread(x *Exchange, h *Host) {
	a := x.Client.Addr()
	first := t.asked[a]
	switch {
	case first == nil:
		if len(t.asked) < maxMachines {
			t.asked[a] = h
		}
	case first != h && len(t.wandering) < maxMachines:
		if len(t.wandering) == 0 {
			t.firstWanderer.addr, t.firstWanderer.packet = a, x.Request.First
		}
		t.wandering[a] = true
	}
}

func (t *tally) connection(c *Connection) {
	t.kmsConns++
	t.cutKMS += int64(c.Truncated)
	t.host(c.Host).connection(c)
	t.samples.connection(c)
}

func (t *tally) lookup(l *Lookup) {
	t.lookups++
	if l.Type == "SRV" && kmsService(l.Name) && l.Outcome.Answered() {
		t.answeredSRV = true
	}
	for _, r := range l.SRV {
		if kmsService(l.Name) && len(t.published) < maxHosts {
			t.published[strings.ToLower(r.Target)] = publication{domainOf(l.Name), r}
		}
	}
	for _, a := range l.Addresses {
		if names := t.names[a]; len(names) < maxAliases && len(t.names) < maxMachines {
			if !containsFold(names, l.Name) {
				t.names[a] = append(names, l.Name)
			}
		}
	}
	t.samples.lookup(l)
}

func containsFold(list []string, s string) bool {
	for _, v := range list {
		if strings.EqualFold(v, s) {
			return true
		}
	}
	return false
}

// domainOf cuts the service labels off an SRV name.
func domainOf(name string) string {
	rest := strings.SplitN(name, ".", 3)
	if len(rest) < 3 {
		return ""
	}
	return rest[2]
}
