package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// clues is the evidence sorted by what it is about: hosts with their endpoints,
// and domains. It is built once for all rules, in time linear in the set.
type clues struct {
	set      *evidence.Set
	hosts    []*host
	byHost   map[string]*host
	ends     []*endpoint
	byEnd    map[endKey]*endpoint
	domains  []*domain
	byDomain map[string]*domain
	own      map[netip.Addr]bool   // addresses of the machine the run was made from
	named    map[netip.Addr]string // the host an address was answered for; "" where several were
	sources  map[bool]netip.Addr   // own address by family (true: IPv4), where it is known
	silent   []silence
	codes    []sighting

	windowsWorks, officeWorks bool // a volume licence of that kind is activated

	answer *Finding // an answer of a KMS host that somebody saw, wherever from
}

// host is a KMS host: an SRV target, a host the user named, or one a capture
// or a paste speaks of.
type host struct {
	name    string // as the evidence spells it first
	shown   string // in sentences: cleaned, and without its domain where that is clear
	domains []*domain
	srv     []srvRef
	lookups []*evidence.AddressAnswer
	ends    []*endpoint
	alive   []*evidence.Dial // to other ports, to see whether it is up
	pings   []*evidence.Ping
	clocks  []*evidence.ClockSample
	cloud   *catalog.Cloud // the public cloud whose KMS it is
}

type srvRef struct {
	record evidence.SRVRecord
	answer *evidence.SRVAnswer
}

type endKey struct {
	host string
	addr netip.AddrPort
}

// endpoint is one address and port of a host. The address is not valid where a
// paste names only the host.
type endpoint struct {
	host      *host
	addr      netip.AddrPort
	dials     []*evidence.Dial // to the KMS port, the latest of each source
	binds     []*evidence.Bind
	exchanges []*evidence.Exchange
	from      map[netip.Addr]int // source to its place in dials
	tally     map[evidence.DialOutcome]int
	newest    map[string]*evidence.Exchange // the latest served one of each count
}

// domain is a DNS domain whose SRV record was asked for.
type domain struct {
	name     string
	kms      []*evidence.SRVAnswer // _vlmcs._tcp, without the EDNS comparison
	misspelt []*evidence.SRVAnswer
	dc       []*evidence.SRVAnswer
}

// hostKey compares host names: case and a final dot do not matter.
func hostKey(name string) string {
	return strings.TrimSuffix(strings.ToLower(strings.TrimSpace(name)), ".")
}

func gather(set *evidence.Set) *clues {
	c := &clues{
		set: set, byHost: map[string]*host{}, byEnd: map[endKey]*endpoint{},
		byDomain: map[string]*domain{}, own: map[netip.Addr]bool{}, named: map[netip.Addr]string{},
	}
	for i := range set.Machines {
		for _, a := range set.Machines[i].Addresses {
			c.own[a.Unmap()] = true
		}
	}
	for i := range set.SRV {
		c.addSRV(&set.SRV[i])
	}
	for i := range set.Addresses {
		a := &set.Addresses[i]
		h := c.host(a.Host)
		h.lookups = append(h.lookups, a)
		c.nameAddresses(a)
	}
	for i := range set.Dials {
		c.addDial(&set.Dials[i])
	}
	for i := range set.Binds {
		b := &set.Binds[i]
		e := c.end(b.Host, b.Address, b.Domain)
		e.binds = append(e.binds, b)
	}
	for i := range set.Exchanges {
		x := &set.Exchanges[i]
		e := c.end(x.Host, x.Address, x.Domain)
		e.exchanges = append(e.exchanges, x)
	}
	for i := range set.Pings {
		h := c.host(set.Pings[i].Host)
		h.pings = append(h.pings, &set.Pings[i])
	}
	for i := range set.Clocks {
		if s := &set.Clocks[i]; s.KMS {
			h := c.host(s.Of)
			h.clocks = append(h.clocks, s)
		}
	}
	c.order()
	c.nameHosts()
	c.silent = c.findSilence()
	c.answer = c.findAnswer()
	c.findWorking()
	c.codes = c.findCodes()
	return c
}

func (c *clues) host(name string) *host {
	key := hostKey(name)
	h, ok := c.byHost[key]
	if !ok {
		h = &host{name: strings.TrimSuffix(name, ".")}
		c.byHost[key] = h
		c.hosts = append(c.hosts, h)
	}
	return h
}

func (c *clues) end(name string, addr netip.AddrPort, domainName string) *endpoint {
	if name == "" {
		name = addr.Addr().String()
	}
	key := endKey{hostKey(name), addr}
	e, ok := c.byEnd[key]
	if !ok {
		h := c.host(name)
		e = &endpoint{host: h, addr: addr}
		c.byEnd[key] = e
		c.ends = append(c.ends, e)
		h.ends = append(h.ends, e)
	}
	if domainName != "" {
		e.host.belongs(c.domain(domainName))
	}
	return e
}

func (c *clues) domain(name string) *domain {
	key := hostKey(name)
	d, ok := c.byDomain[key]
	if !ok {
		d = &domain{name: strings.TrimSuffix(name, ".")}
		c.byDomain[key] = d
		c.domains = append(c.domains, d)
	}
	return d
}

func (c *clues) addSRV(a *evidence.SRVAnswer) {
	if a.Purpose == evidence.SRVBareName {
		return
	}
	d := c.domain(a.Domain)
	switch a.Purpose {
	case evidence.SRVMisspelt:
		d.misspelt = append(d.misspelt, a)
		return
	case evidence.SRVDC:
		d.dc = append(d.dc, a)
		return
	}
	if a.EDNS { // a comparison; Windows clients ask without it
		return
	}
	d.kms = append(d.kms, a)
	for _, r := range a.Records {
		if absent(r) {
			continue
		}
		h := c.host(r.Target)
		h.srv = append(h.srv, srvRef{r, a})
		h.belongs(d)
	}
}

// absent tells whether a record declares that the service is not there (RFC
// 2782, a target of ".").
func absent(r evidence.SRVRecord) bool { return r.Target == "." || r.Target == "" }

func (h *host) belongs(d *domain) {
	for _, known := range h.domains {
		if known == d {
			return
		}
	}
	h.domains = append(h.domains, d)
}

func (c *clues) addDial(d *evidence.Dial) {
	if d.Outcome == evidence.Cancelled {
		return
	}
	addr := d.Address
	if d.Purpose == evidence.DialAlive || d.Purpose == "" && !c.kmsPort(d) {
		h := c.host(firstOf(d.Host, addr.Addr().String()))
		h.alive = append(h.alive, d)
		return
	}
	if !addr.IsValid() && d.Port != 0 {
		addr = netip.AddrPortFrom(netip.Addr{}, d.Port)
	}
	c.end(c.nameOf(d), addr, d.Domain).add(d)
}

// nameOf is the host a dial went to. In a paste a port may have been tried by
// address after a look-up named the host.
func (c *clues) nameOf(d *evidence.Dial) string {
	a, err := netip.ParseAddr(d.Host)
	if err != nil || !d.Origin.Pasted() {
		return d.Host
	}
	if name, ok := c.named[a.Unmap()]; ok && name != "" {
		return name
	}
	return d.Host
}

// nameAddresses notes the one host that each address was answered for.
func (c *clues) nameAddresses(answer *evidence.AddressAnswer) {
	for _, a := range answer.Addresses {
		a = a.Unmap()
		if name, ok := c.named[a]; ok && hostKey(name) != hostKey(answer.Host) {
			c.named[a] = "" // several names: nothing is told
			continue
		}
		c.named[a] = answer.Host
	}
}

// kmsPort tells whether a dial without a purpose, as a paste has it, went to a
// KMS port.
func (c *clues) kmsPort(d *evidence.Dial) bool {
	port := d.Port
	if port == 0 {
		port = d.Address.Port()
	}
	if port == defaultPort {
		return true
	}
	if h := c.byHost[hostKey(d.Host)]; h != nil {
		for _, s := range h.srv {
			if s.record.Port == port {
				return true
			}
		}
	}
	return false
}

// add keeps the latest dial of each source: a service that answers now counts,
// not that it was silent before. A check dials from this machine alone.
func (e *endpoint) add(d *evidence.Dial) {
	var source netip.Addr
	if !d.Origin.Live() {
		source = d.Local.Addr()
	}
	if e.from == nil {
		e.from, e.tally = map[netip.Addr]int{}, map[evidence.DialOutcome]int{}
	}
	e.tally[d.Outcome]++
	if i, ok := e.from[source]; ok {
		e.tally[e.dials[i].Outcome]--
		e.dials[i] = d
		return
	}
	e.from[source] = len(e.dials)
	e.dials = append(e.dials, d)
}

// order sorts hosts by name and their endpoints by address: the order in which
// checks finish differs from run to run.
func (c *clues) order() {
	slices.SortStableFunc(c.hosts, func(a, b *host) int { return strings.Compare(hostKey(a.name), hostKey(b.name)) })
	c.ends = c.ends[:0]
	for _, h := range c.hosts {
		slices.SortStableFunc(h.ends, func(a, b *endpoint) int { return a.addr.Compare(b.addr) })
		c.ends = append(c.ends, h.ends...)
	}
}

// nameHosts gives every host the name that sentences use.
func (c *clues) nameHosts() {
	short := func(h *host) string {
		label, rest, _ := strings.Cut(h.name, ".")
		if _, err := netip.ParseAddr(h.name); err == nil || rest == "" {
			return h.name
		}
		return label
	}
	uses := map[string]int{}
	for _, h := range c.hosts {
		uses[strings.ToLower(short(h))]++
	}
	for _, h := range c.hosts {
		h.cloud = cloudOf(h)
		h.shown = evidence.Clean(h.name)
		if s := short(h); uses[strings.ToLower(s)] == 1 && h.cloud == nil {
			h.shown = evidence.Clean(s)
		}
	}
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
