package evidence

import (
	"net/netip"
	"time"
)

// BindOutcome is how the RPC bind ended.
type BindOutcome string

// The outcomes of an RPC bind.
const (
	BindAccepted    BindOutcome = "accepted"
	BindNoInterface BindOutcome = "no-interface" // an RPC service, but not KMS (result 2, reason 1)
	BindNoSyntax    BindOutcome = "no-syntax"    // no common transfer syntax (result 2, reason 2)
	BindRejected    BindOutcome = "rejected"     // another rejection of every context
	BindNak         BindOutcome = "bind_nak"
	BindFault       BindOutcome = "fault"
	BindSilent      BindOutcome = "silent"  // connected, then no answer within the limit
	BindClosed      BindOutcome = "closed"  // the peer closed after the bind (FIN)
	BindReset       BindOutcome = "reset"   // the peer reset the connection
	BindNotRPC      BindOutcome = "not-rpc" // bytes that are not DCE/RPC
	BindGarbled     BindOutcome = "garbled" // DCE/RPC, but malformed
	BindOther       BindOutcome = "other"   // Detail says what
)

// Bind is one RPC bind to a KMS port (MS-RPCE bind and bind_ack).
type Bind struct {
	Origin    Origin         `json:"origin"`
	Host      string         `json:"host"`
	Domain    string         `json:"domain,omitempty"`
	Address   netip.AddrPort `json:"address"`
	Outcome   BindOutcome    `json:"outcome"`
	Detail    string         `json:"detail,omitempty"`
	Syntax    string         `json:"syntax,omitempty"`     // the syntax in use, "NDR32" or "NDR64"
	Accepted  []string       `json:"accepted,omitempty"`   // every accepted syntax
	Features  int            `json:"features"`             // bind-time feature mask granted; -1 when not negotiated
	MaxXmit   uint16         `json:"max_xmit,omitempty"`   // bytes
	MaxRecv   uint16         `json:"max_recv,omitempty"`   // bytes
	Group     uint32         `json:"group,omitempty"`      // association group id
	Reason    uint16         `json:"reason,omitempty"`     // bind_nak reject reason
	Status    uint32         `json:"status,omitempty"`     // fault status
	First     []byte         `json:"first,omitempty"`      // first bytes of an answer that is not RPC, at most 64
	LooksLike string         `json:"looks_like,omitempty"` // "TLS", "HTTP", "SSH", "SMTP"
	Started   time.Time      `json:"started,omitzero"`
	Connect   time.Duration  `json:"connect,omitempty"` // TCP connect
	Took      time.Duration  `json:"took,omitempty"`    // bind to bind_ack
}

// ExchangeOutcome is how a KMS request ended.
type ExchangeOutcome string

// The outcomes of a KMS request.
const (
	Served          ExchangeOutcome = "served"     // HRESULT 0 and every check of the answer passed
	Unverified      ExchangeOutcome = "unverified" // HRESULT 0, but the answer failed a check: see Failed
	HostRefused     ExchangeOutcome = "refused"    // an HRESULT other than 0
	ExchangeFault   ExchangeOutcome = "fault"      // RPC fault
	ExchangeSilent  ExchangeOutcome = "silent"     // no answer within the limit
	ExchangeClosed  ExchangeOutcome = "closed"     // closed after the request (FIN)
	ExchangeReset   ExchangeOutcome = "reset"      // reset after the request
	ExchangeGarbled ExchangeOutcome = "garbled"    // an answer that cannot be decoded
	ExchangeNoReply ExchangeOutcome = "no-reply"   // a capture holds no answer
	ExchangeUnseen  ExchangeOutcome = "unseen"     // a capture holds one direction alone, or ends too early: nothing to blame
	ExchangeOther   ExchangeOutcome = "other"      // Detail says what
)

// Exchange is one KMS request with its answer. Field names follow the KMS
// message layout; GUIDs are canonical lower-case text.
type Exchange struct {
	Origin  Origin          `json:"origin"`
	Host    string          `json:"host"`
	Domain  string          `json:"domain,omitempty"`
	Address netip.AddrPort  `json:"address"`
	Client  netip.AddrPort  `json:"client,omitzero"`
	Outcome ExchangeOutcome `json:"outcome"`
	Detail  string          `json:"detail,omitempty"`
	Probe   bool            `json:"probe,omitempty"`  // sent by kmsdiag with its constant client id
	Second  bool            `json:"second,omitempty"` // asked for another generation after a refusal

	// The request.
	Product       string    `json:"product,omitempty"` // name of the product asked for, by its activation id
	Version       string    `json:"version"`           // protocol version asked with, "6.0"
	Wanted        string    `json:"wanted,omitempty"`  // protocol version the product's own client would use
	Application   string    `json:"application,omitempty"`
	ActivationID  string    `json:"activation_id,omitempty"`
	CountedID     string    `json:"counted_id,omitempty"`
	CMID          string    `json:"cmid,omitempty"`
	PreviousCMID  string    `json:"previous_cmid,omitempty"`
	Workstation   string    `json:"workstation,omitempty"`
	NPolicy       uint32    `json:"n_policy,omitempty"`
	VM            bool      `json:"vm,omitempty"`
	LicenseStatus uint32    `json:"license_status"`
	MinutesLeft   uint32    `json:"minutes_left,omitempty"`
	ClientTime    time.Time `json:"client_time,omitzero"`
	SentAt        time.Time `json:"sent_at,omitzero"` // by this machine's or the capture's clock

	// The answer.
	HRESULT            uint32   `json:"hresult"`
	Status             uint32   `json:"status,omitempty"` // RPC fault status
	Count              uint32   `json:"count,omitempty"`
	ActivationInterval uint32   `json:"activation_interval,omitempty"` // minutes
	RenewalInterval    uint32   `json:"renewal_interval,omitempty"`    // minutes
	EPID               string   `json:"epid,omitempty"`
	HwID               string   `json:"hwid,omitempty"` // 16 hex digits; V6 only
	Syntax             string   `json:"syntax,omitempty"`
	Group              uint32   `json:"group,omitempty"`    // association group id of the bind
	Verified           []string `json:"verified,omitempty"` // names of the checks of the answer that passed
	Failed             []string `json:"failed,omitempty"`   // and that failed: which field, where, why
	SameIV             bool     `json:"same_iv,omitempty"`  // a V6 answer that reuses the request's IV
	Closed             bool     `json:"closed,omitempty"`   // the peer closed right after its answer

	Connect  time.Duration `json:"connect,omitempty"`
	BindTook time.Duration `json:"bind_took,omitempty"`
	Took     time.Duration `json:"took,omitempty"` // request to answer
}

// Answered tells whether the host gave a KMS answer: served, refused, one that
// failed verification, or one whose request a capture lacks.
func (e Exchange) Answered() bool {
	return e.Outcome == Served || e.Outcome == Unverified || e.Outcome == HostRefused || e.Outcome == ExchangeUnseen && e.EPID != ""
}

// ClockSample compares two clocks, and says which.
type ClockSample struct {
	Origin Origin        `json:"origin"`
	Of     string        `json:"of"`              // whose clock: a host name, "client 10.0.4.17"
	Than   string        `json:"than"`            // compared with: "this machine", "the capture's clock"
	Method string        `json:"method"`          // "SNTP", "client time in the request"
	Offset time.Duration `json:"offset"`          // of's clock minus than's clock
	Error  time.Duration `json:"error,omitempty"` // half the round trip
	KMS    bool          `json:"kms,omitempty"`   // Of is the KMS host itself
}
