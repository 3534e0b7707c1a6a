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
	oneSided   int
	kinds      []*lateExchange
	seen       map[netip.Addr]bool
	lastHwID   kms.HwID
	lastHwText string
}

// A HostIdentity is what an answer showed of its host.
type HostIdentity struct {
	EPID   string
	HwID   string // V6 only
	Office bool   // answered a request for Office: its key has an ePID of its own
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
	if x.OneSided {
		h.oneSided++
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
	h.signs(x)
	office := x.Req != nil && isOffice(x.Req.AppID)
	hwid := ""
	if r.Outer.Major() == 6 {
		if r.HwID != h.lastHwID || h.lastHwText == "" {
			h.lastHwID, h.lastHwText = r.HwID, r.HwID.String()
		}
		hwid = h.lastHwText
	}
	for i := range h.EPIDs {
		k := &h.EPIDs[i]
		if k.EPID == r.EPID && k.Office == office && (hwid == "" || k.HwID == "" || k.HwID == hwid) {
			if k.HwID == "" {
				k.HwID = hwid
			}
			return false
		}
	}
	if len(h.EPIDs) == 16 {
		return false
	}
	h.EPIDs = append(h.EPIDs, HostIdentity{EPID: r.EPID, HwID: hwid, Office: office, Packet: x.Answer.First, File: x.File})
	return true
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
	switch dialOutcome(c) {
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
