package capture

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
)

// Bounds of the inventory.
const (
	maxClients  = 100_000
	maxAliases  = 6 // machine names, addresses and products kept for a client
	maxMachines = 100_000
	stormGap    = int64(10 * time.Minute) // requests closer than this are no schedule of Windows
	stormSize   = 6                       // requests so close that make a storm
)

// A Client is one client machine id and what it asked: the unit that a host
// counts.
type Client struct {
	CMID     kms.GUID
	Previous kms.GUID // zero unless it says that its id changed
	Machines []Machine
	Products []ProductUse
	Host     netip.AddrPort // asked last
	First    int64          // capture time of the first request, nanoseconds since 1970
	Last     int64
	Requests int
	Renewals int // requests of a client that says it is licensed
	Served   int
	VM       bool
	Clock    time.Duration // the client's clock minus the capture's, where it differed most
	Clones   int           // machines that use the id, when more than one does
	Versions []kms.Version

	file      string
	firstHost *Host
	office    bool // first asked for a product of Office
	back      bool // the first machine asked again after another
	burst     int  // requests in the current run of close ones
	worst     int
	stormSpan Span
	run       Span
}

// A Machine is a name at an address.
type Machine struct {
	Name    string
	Address netip.Addr
	Packet  int64
}

// A ProductUse is what a client said of one product, and was told.
type ProductUse struct {
	ActivationID kms.GUID
	CountedID    kms.GUID
	Status       kms.LicenseStatus
	Minutes      uint32 // left in that status when asked last; 0 may mean for ever
	Last         int64
	Outcome      Outcome
	HRESULT      uint32
	Count        uint32
	NPolicy      uint32
}

// DaysLeft returns the days of the licence state left at a time, nanoseconds
// since 1970; false where the client gave none.
func (p ProductUse) DaysLeft(now int64) (int, bool) {
	if p.Minutes == 0 {
		return 0, false
	}
	left := int64(p.Minutes)*60 - (now-p.Last)/1e9
	return int(left / 86400), true
}

// start is the first packet of the client's first request.
func (c *Client) start() int64 {
	if len(c.Machines) == 0 {
		return 0
	}
	return c.Machines[0].Packet
}

// A sighting is enough of an exchange to make evidence of it later.
type sighting struct {
	file    string
	request Span
	client  netip.AddrPort
	host    netip.AddrPort
	name    string
	at      int64
}

// shortName is a machine's name without its domain, in lower case.
func shortName(name string) string {
	name, _, _ = strings.Cut(strings.ToLower(name), ".")
	return name
}

// see adds a request to its client. It returns the client, or nil when the
// inventory is full; whether the machine is another one for this id; whether the
// machine is known for it; and whether all of this is known, host included.
func (t *tally) see(x *Exchange, h *Host) (c *Client, another, machine, known bool) {
	r := &x.Req.Request
	c = t.clients[r.CMID]
	if c == nil {
		if len(t.clients) == maxClients {
			t.moreClients++
			return nil, false, false, false
		}
		c = &Client{CMID: r.CMID, First: x.Requested, Host: x.Host, file: x.File, firstHost: h, office: isOffice(r.AppID), run: x.Request}
		t.clients[r.CMID] = c
	}
	c.Requests++
	if c.Requests > 1 && x.Requested-c.Last < stormGap && x.Requested >= c.Last {
		c.burst++
		c.run.Last = x.Request.Last
		if c.burst > c.worst {
			c.worst, c.stormSpan = c.burst, c.run
		}
	} else {
		c.burst, c.run = 0, x.Request
	}
	sameHost := c.Host == x.Host
	c.Last, c.Host = max(c.Last, x.Requested), x.Host
	if !r.PreviousCMID.IsZero() {
		c.Previous = r.PreviousCMID
	}
	if r.LicenseStatus == kms.Licensed {
		c.Renewals++
	}
	if x.Outcome == OK {
		c.Served++
	}
	c.VM = c.VM || r.VMInfo != 0
	if !slices.Contains(c.Versions, x.Req.Outer) && len(c.Versions) < maxAliases {
		c.Versions = append(c.Versions, x.Req.Outer)
	}
	another, machine = c.machine(r.Workstation, x.Client.Addr(), x.Request.First)
	c.product(x)
	return c, another, machine, machine && sameHost
}

// machine notes a name and an address; another if no machine known for the id
// has either, known if one has both.
func (c *Client) machine(name string, a netip.Addr, packet int64) (another, known bool) {
	for i, m := range c.Machines {
		if m.Address == a && m.Name == name {
			c.back = c.back || i == 0 && c.Clones > 1
			return false, true
		}
	}
	short := shortName(name)
	same := len(c.Machines) == 0
	for _, m := range c.Machines {
		same = same || m.Address == a || shortName(m.Name) == short
	}
	if len(c.Machines) < maxAliases {
		c.Machines = append(c.Machines, Machine{name, a, packet})
	}
	if same {
		if len(c.Machines) == 1 {
			c.Clones = 1
		}
		return false, false
	}
	c.Clones++
	return true, false
}

func (c *Client) product(x *Exchange) {
	r := &x.Req.Request
	i := slices.IndexFunc(c.Products, func(p ProductUse) bool { return p.ActivationID == r.SKUID })
	if i < 0 {
		if len(c.Products) == maxAliases {
			return
		}
		i = len(c.Products)
		c.Products = append(slices.Grow(c.Products, 1)[:i], ProductUse{ActivationID: r.SKUID, CountedID: r.CountedID})
	}
	p := &c.Products[i]
	p.Status, p.Minutes, p.Last = r.LicenseStatus, r.RemainingMinutes, x.Requested
	p.Outcome, p.HRESULT, p.NPolicy = x.Outcome, x.HRESULT, r.NPolicy
	if x.Resp != nil && x.Resp.Decoded {
		p.Count = x.Resp.Count
	}
}

// Cloned tells whether several machines use the client's id: more than two, or
// two in turns. Two in a row may be one that was renamed and moved.
func (c *Client) Cloned() bool { return c.Clones > 2 || c.Clones == 2 && c.back }

// Name returns the machine name seen last.
func (c *Client) Name() string {
	for _, m := range slices.Backward(c.Machines) {
		if m.Name != "" {
			return m.Name
		}
	}
	return ""
}
