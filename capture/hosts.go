package capture

import (
	"net/netip"
	"slices"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// Bounds of the hosts that are followed, and of the clients told apart for each.
const (
	maxHosts       = 4096
	maxHostClients = 8192
)

// A Host is one address and port that was asked for KMS.
type Host struct {
	Address  netip.AddrPort
	Names    []string // by DNS answers in the capture
	Requests int
	Outcomes map[Outcome]int
	HRESULTs map[uint32]int
	EPIDs    []HostIdentity
	Clients  int // distinct addresses that asked, up to a bound
	Low      int // served requests with a count below what the product needs
	Silent   int // connection attempts without any answer
	Reset    int // connection attempts refused by a reset
	HalfOpen int // SYN-ACKs that nobody acknowledged
	ICMP     int
	Opened   int
	MinCount uint32
	MaxCount uint32
	Signs    []Sign // of an emulator

	counted    bool
	turns      map[kms.GUID]*countTurn // by counted id
	foreign    int                     // refused binds for other interfaces than that of KMS
	oneSided   int
	cutOff     int // requests that were open when the capture ended
	stillOpen  int // connection attempts that were
	kinds      []*lateExchange
	seen       map[netip.Addr]bool
	lastHwID   kms.HwID
	lastHwText string
}

// A HostIdentity is what an answer showed of its host.
type HostIdentity struct {
	EPID   string
	HwID   string // V6 only
	Office bool   // answered a request for Office
	Key    string // whose key answered: "Windows", or the counted id of a generation of Office, each of which has a key of its own; "" where the request is not known
	Packet int64
	File   string
}

// A Sign is a reason to think that a host is no Microsoft host. One alone
// proves nothing.
type Sign struct {
	ID     string
	Text   string
	Packet int64
	File   string
}

func (t *tally) host(a netip.AddrPort) *Host {
	h := t.hosts[a]
	if h == nil {
		if len(t.hosts) == maxHosts {
			return &Host{Address: a, Outcomes: map[Outcome]int{}, HRESULTs: map[uint32]int{}, seen: map[netip.Addr]bool{}}
		}
		h = &Host{Address: a, Outcomes: map[Outcome]int{}, HRESULTs: map[uint32]int{}, seen: map[netip.Addr]bool{}}
		t.hosts[a] = h
		t.hostOrder = append(t.hostOrder, h)
	}
	return h
}

// exchange adds a request to its host; known says that this client asked it
// before. fresh says that it showed an identity that was not known.
func (h *Host) exchange(x *Exchange, known bool) (fresh bool) {
	h.Requests++
	h.Outcomes[x.Outcome]++
	switch {
	case x.OneSided:
		h.oneSided++
	case x.CutOff:
		h.cutOff++
	}
	if !known && len(h.seen) < maxHostClients && !h.seen[x.Client.Addr()] {
		h.seen[x.Client.Addr()] = true
		h.Clients++
	}
	if x.Outcome == Refused && len(h.HRESULTs) < 64 {
		h.HRESULTs[x.HRESULT]++
	}
	if x.Resp == nil || !x.Resp.Decoded || x.Outcome == Invalid {
		return false
	}
	r := x.Resp
	if !h.counted || r.Count < h.MinCount {
		h.MinCount = r.Count
	}
	h.MaxCount, h.counted = max(h.MaxCount, r.Count), true
	if x.Req != nil && x.Outcome == OK && r.Count < x.Req.NPolicy {
		h.Low++
	}
	if x.Req != nil && x.Outcome == OK {
		h.turn(x)
	}
	h.signs(x)
	office, key := false, ""
	if x.Req != nil && x.Req.Decoded {
		office, key = isOffice(x.Req.AppID), "Windows"
		if office {
			key = x.Req.CountedID.String()
		}
	}
	hwid := ""
	if r.Outer.Major() == 6 {
		if r.HwID != h.lastHwID || h.lastHwText == "" {
			h.lastHwID, h.lastHwText = r.HwID, r.HwID.String()
		}
		hwid = h.lastHwText
	}
	for i := range h.EPIDs {
		k := &h.EPIDs[i]
		if k.EPID == r.EPID && k.Key == key && (hwid == "" || k.HwID == "" || k.HwID == hwid) {
			if k.HwID == "" {
				k.HwID = hwid
			}
			return false
		}
	}
	if len(h.EPIDs) == 16 {
		return false
	}
	h.EPIDs = append(h.EPIDs, HostIdentity{EPID: r.EPID, HwID: hwid, Office: office, Key: key, Packet: x.Answer.First, File: x.File})
	return true
}

// A countTurn follows how the count for one counted id came to suffice.
type countTurn struct {
	low   int   // answers with a count below the minimum
	since int64 // capture time from which on every count sufficed; 0: the newest does not, or no time is known
	now   bool  // the newest count suffices
}

func (h *Host) turn(x *Exchange) {
	t := h.turns[x.Req.CountedID]
	if t == nil {
		if len(h.turns) == 64 {
			return
		}
		if h.turns == nil {
			h.turns = map[kms.GUID]*countTurn{}
		}
		t = &countTurn{}
		h.turns[x.Req.CountedID] = t
	}
	switch enough := x.Resp.Count >= x.Req.NPolicy; {
	case !enough:
		t.low, t.since, t.now = t.low+1, 0, false
	case !t.now:
		t.since, t.now = x.Answered, true
	}
}

// suffices tells whether the newest count for everything is enough, though it
// was not before, and since when.
func (h *Host) suffices() (since int64, ok bool) {
	if h.Low == 0 {
		return 0, false
	}
	for _, t := range h.turns {
		switch {
		case t.low == 0:
		case !t.now:
			return 0, false
		default:
			since = max(since, t.since)
		}
	}
	return since, true
}

var windowsApp = dcerpc.MustParseUUID(catalog.WindowsAppID)

func isOffice(app kms.GUID) bool { return app != windowsApp }

// defaultHwID is what vlmcsd answers unless it is told otherwise.
var defaultHwID = kms.HwID{0x3A, 0x1C, 0x04, 0x96, 0x00, 0xB6, 0x00, 0x76}

// pyGroup is the association group that py-kms gives every client.
const pyGroup = 0x1063BF3F

// signs looks for what hosts of Microsoft do not do.
func (h *Host) signs(x *Exchange) {
	if len(h.Signs) == 8 {
		return
	}
	r := x.Resp
	if r.Outer.Major() == 6 && r.HwID == defaultHwID {
		h.sign(x.File, x.Answer.First, "default-hwid", "its hardware id 3A1C049600B60076 is the default of an emulator")
	}
	if x.Group == pyGroup {
		h.sign(x.File, x.Answer.First, "constant-group", "it gives every client the same association group, as an emulator does")
	}
	if took := time.Duration(x.Answered - x.Requested); r.Outer.Major() == 4 && x.Requested > 0 && took > 950*time.Millisecond && took < 1200*time.Millisecond {
		h.sign(x.File, x.Answer.First, "slow-v4", "it takes a second for an answer in V4, as an emulator does")
	}
	if slices.Contains(x.FailedChecks, kms.CheckIVDiffers) {
		h.sign(x.File, x.Answer.First, "same-iv", "its V6 answer repeats the request's initialisation vector")
	}
	if x.Req != nil && x.Req.Decoded && x.Outcome == OK {
		if clockOffset(x).Abs() > clockLimit {
			h.sign(x.File, x.Answer.First, "no-clock-check", "it served a request whose time is more than four hours off the capture's clock")
		}
	}
}

func (h *Host) sign(file string, packet int64, id, text string) {
	if len(h.Signs) < 8 && !slices.ContainsFunc(h.Signs, func(s Sign) bool { return s.ID == id }) {
		h.Signs = append(h.Signs, Sign{id, text, packet, file})
	}
}

// connection adds a connection attempt to its host.
func (h *Host) connection(c *Connection) {
	if c.HostFirst && c.Exchanges == 1 && c.KMSInterface && !c.RSTHost {
		h.sign(c.File, c.Span.Last, "closes-at-once", "it closes the connection after one answer, which Microsoft's hosts leave to the client")
	}
	if c.Bind.otherRefused() {
		h.foreign++
	}
	switch dialOutcome(c) {
	case "":
		h.stillOpen++
	case evidence.Open:
		h.Opened++
	case evidence.Silent:
		h.Silent++
	case evidence.Refused:
		h.Reset++
	case evidence.HalfOpen:
		h.HalfOpen++
	default:
		h.ICMP++
	}
}
