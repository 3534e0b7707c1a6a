package lab

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// KMS is a port where a simulated KMS host answers. The zero value speaks
// everything and serves nothing: it has no host key.
type KMS struct {
	// Keys are the installed host keys by their id in package catalog, such as
	// "server-2022" and "office-2021". Only the counted ids that they cover are
	// served; others get 0xC004F042.
	Keys []string
	EPID string   // host extended PID, as it goes on the wire
	HwID kms.HwID // hardware hash, in V6 answers

	// The clients on the host's lists before the probe, one list an application.
	Windows, Office, Office2010 List

	Version   kms.Version // newest protocol version it speaks; 0 is V6. A newer request gets 0x8007000D
	OnlyNDR32 bool        // refuses NDR64
	NoBTFN    bool        // refuses bind time feature negotiation

	Fault   Fault
	Status  dcerpc.FaultStatus // with [FaultOnRequest]
	Nak     dcerpc.NakReason   // with [NakOnBind]
	HRESULT kms.HRESULT        // not 0: the answer to every request

	Manner Manner
	Way    Way
}

// List is one of a host's lists of clients.
type List struct {
	Clients  int // distinct clients of the last 30 days
	LargestN int // largest N policy asked for so far; the list holds twice that
}

// Manner is how an emulator differs from Microsoft's host. The zero value does
// not differ.
type Manner struct {
	SameIV     bool   // V6 answers reuse the request's IV, as V5 answers do
	AnyProduct bool   // serves every counted id
	AnyTime    bool   // does not look at the client's clock
	FixedCount uint32 // not 0: the count in every answer
	DoubleN    bool   // the count is twice the asked N from the first client on
	Group      uint32 // association group id; 0: a new one for each connection
	Closes     bool   // closes after each answer
}

// Way is how a host's bytes travel.
type Way struct {
	Piece    int           // bytes a write; 0: all at once
	Pause    time.Duration // between the pieces
	Fragment int           // stub bytes a response PDU; 0: one PDU
}

// Fault is what goes wrong on a KMS port.
type Fault string

// The faults of a KMS port, in the order of a session.
const (
	NoFault         Fault = ""
	SilentOnBind    Fault = "silent on bind" // accepts, reads, never answers
	CloseOnBind     Fault = "close on bind"  // FIN instead of a bind_ack
	ResetOnBind     Fault = "reset on bind"  // RST instead of a bind_ack
	NakOnBind       Fault = "bind_nak"       // KMS.Nak is the reason
	NoInterface     Fault = "no interface"   // an RPC service, but not KMS
	NoSyntax        Fault = "no syntax"      // no transfer syntax in common
	FaultOnRequest  Fault = "fault"          // KMS.Status is the status
	SilentOnRequest Fault = "silent on request"
	CloseOnRequest  Fault = "close on request"
	ResetOnRequest  Fault = "reset on request"
	GarbledAnswer   Fault = "garbled answer"  // bytes that are no PDU
	CutAnswer       Fault = "cut answer"      // half a PDU, then FIN
	FlippedBit      Fault = "flipped bit"     // one bit of the message differs
	WrongCMID       Fault = "wrong client id" // echoes another client's id
	WrongTime       Fault = "wrong time"      // echoes another client time
	WrongCallID     Fault = "wrong call id"   // of the RPC answer
	OddEPID         Fault = "odd ePID length" // which no text in UTF-16 has
)

// kmsHost is a KMS service that runs.
type kmsHost struct {
	KMS
	name    string
	now     func() time.Time
	log     *journal
	covered map[kms.GUID]bool // counted ids

	mu     sync.Mutex
	lists  map[kms.GUID]*List // by application id
	probed map[kms.GUID]bool  // whether the probe is on the list
}

var errNoHostKey = errors.New("no such host key")

func (k KMS) door(s *stage, h Host) (door, error) {
	host, err := newHost(s, h, k)
	if err != nil {
		return nil, err
	}
	return s.listen(host.session)
}

func newHost(s *stage, h Host, k KMS) (*kmsHost, error) {
	host := &kmsHost{
		KMS: k, name: h.Name, log: s.log,
		now:     func() time.Time { return s.now().Add(h.Ahead) },
		covered: map[kms.GUID]bool{},
		lists: map[kms.GUID]*List{
			dcerpc.MustParseUUID(catalog.WindowsAppID):    &k.Windows,
			dcerpc.MustParseUUID(catalog.OfficeAppID):     &k.Office,
			dcerpc.MustParseUUID(catalog.Office2010AppID): &k.Office2010,
		},
		probed: map[kms.GUID]bool{},
	}
	for _, key := range k.Keys {
		ids, err := coveredBy(key)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			host.covered[id] = true
		}
	}
	return host, nil
}

// coveredBy returns the counted ids that a host key serves.
func coveredBy(key string) ([]kms.GUID, error) {
	k, ok := catalog.HostKeyByID(key)
	if !ok {
		return nil, fmt.Errorf("%w: %q", errNoHostKey, key)
	}
	var ids []kms.GUID
	for _, g := range catalog.Groups() {
		if k.CoversGroup(g) != nil {
			ids = append(ids, dcerpc.MustParseUUID(g.CountedID))
		}
	}
	return ids, nil
}

// count puts the probe on an application's list and returns the list's length
// as an answer gives it: at most twice the largest N asked for.
func (h *kmsHost) count(application kms.GUID, n uint32) uint32 {
	switch {
	case h.Manner.FixedCount != 0:
		return h.Manner.FixedCount
	case h.Manner.DoubleN:
		return 2 * n
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	list := h.lists[application]
	if list == nil {
		list = &List{}
		h.lists[application] = list
	}
	if !h.probed[application] {
		h.probed[application] = true
		list.Clients++
	}
	list.LargestN = max(list.LargestN, int(n))
	return uint32(min(list.Clients, 2*list.LargestN))
}
