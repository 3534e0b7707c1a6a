package capture

import (
	"bytes"
	"net/netip"
	"slices"

	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// An Outcome says how a KMS call ended.
type Outcome uint8

// The outcomes. Before a message is opened a call is Answered; opening decides
// between OK, Refused and Invalid.
const (
	Unanswered   Outcome = iota // no answer in the capture
	Answered                    // not opened yet
	OK                          // S_OK, and every check passed
	Refused                     // an HRESULT other than 0
	Faulted                     // an RPC fault
	Invalid                     // S_OK, but a check failed
	Garbled                     // an answer whose stub cannot be read
	ResponseOnly                // the request is not in the capture
)

var outcomeNames = [...]string{
	Unanswered: "unanswered", Answered: "answered", OK: "ok", Refused: "error",
	Faulted: "fault", Invalid: "invalid_response", Garbled: "invalid_response", ResponseOnly: "response_only",
}

// String returns the name that JSON uses: "ok", "error", "invalid_response".
func (o Outcome) String() string { return outcomeNames[o] }

// A Span is where in a capture something lies: packet numbers from the first to
// the last, counted from 1. Both are 0 if it was not captured.
type Span struct{ First, Last int64 }

// An Exchange is one KMS request with its answer, as far as they were captured.
type Exchange struct {
	File    string
	Number  int64 // among the exchanges of a run, counted from 1
	Conn    int64 // number of the connection
	Client  netip.AddrPort
	Host    netip.AddrPort
	CallID  uint32
	Context uint16

	Requested int64 // capture time of the packet that completed the request, nanoseconds since 1970; 0: none
	Answered  int64 // and of the answer
	Request   Span
	Answer    Span

	Outcome   Outcome
	HRESULT   uint32 // valid unless Unanswered, Faulted or Garbled
	Fault     uint32 // RPC fault status, with Faulted
	Syntax    dcerpc.Encoding
	BindSeen  bool // a bind to the KMS interface was captured on this connection
	ReqFrags  int  // PDUs of the request
	RespFrags int  // PDUs of the answer

	// The opened messages; nil where there is none or it is no KMS message.
	Req  *kms.OpenedRequest
	Resp *kms.OpenedResponse
	// The messages as captured, and where in their first PDU they begin.
	ReqMessage, RespMessage []byte
	ReqOffset, RespOffset   int

	FailedChecks []kms.CheckID
	BindTook     int64 // bind to bind_ack, nanoseconds; 0: not seen
	ConnectTook  int64 // SYN to SYN-ACK, nanoseconds; 0: not seen
	Group        uint32
	Ended        HostEnd // how the host ended the connection, with Unanswered
	OneSided     bool    // nothing of the host was captured
	CutOff       bool    // the capture ended before an answer could be expected
}

// A HostEnd says how a host ended a connection.
type HostEnd uint8

// How a host ends a connection.
const (
	NotEnded HostEnd = iota
	Closed           // FIN
	Reset            // RST
)

// HasHRESULT tells whether an answer with a return value was captured.
func (x *Exchange) HasHRESULT() bool {
	switch x.Outcome {
	case OK, Refused, Invalid, Answered:
		return true
	case ResponseOnly:
		return x.Resp != nil || x.HRESULT != 0
	}
	return false
}

// open opens the messages, into memory that is used again, and decides the
// outcome.
func (x *Exchange) open(req *kms.OpenedRequest, resp *kms.OpenedResponse) {
	if x.ReqMessage != nil && req.Reopen(x.ReqMessage) == nil {
		x.Req = req
	}
	if x.RespMessage != nil && x.Outcome != Garbled {
		if resp.Reopen(x.RespMessage, x.Req) == nil {
			x.Resp = resp
		} else {
			x.FailedChecks = append(x.FailedChecks, kms.CheckDecodable)
		}
	}
	if x.Req != nil {
		x.failed(x.Req.Verification)
	}
	if x.Resp != nil {
		x.failed(x.Resp.Verification)
	}
	switch {
	case x.Outcome == Garbled:
		x.FailedChecks = append(x.FailedChecks, kms.CheckDecodable)
	case x.Outcome != Answered:
	case x.Request.First == 0:
		x.Outcome = ResponseOnly
	case x.HRESULT != 0:
		x.Outcome = Refused
	case x.invalid() || x.Resp == nil:
		x.Outcome = Invalid
	default:
		x.Outcome = OK
	}
}

// failed collects the names of failed checks, and of the one that is only a
// note.
func (x *Exchange) failed(v kms.Verification) {
	for i := range v {
		c := &v[i]
		switch {
		case c.Status == kms.Failed && c.ID != kms.CheckReqExactSize,
			c.Status == kms.Noted && c.ID == kms.CheckIVDiffers:
			x.FailedChecks = append(x.FailedChecks, c.ID)
		}
	}
}

func (x *Exchange) invalid() bool {
	for _, id := range x.FailedChecks {
		if id != kms.CheckIVDiffers {
			return true
		}
	}
	return false
}

// Clone returns a copy that stays valid after the record was handed on.
func (x *Exchange) Clone() *Exchange {
	c := *x
	c.ReqMessage, c.RespMessage = bytes.Clone(x.ReqMessage), bytes.Clone(x.RespMessage)
	if x.Req != nil {
		r := *x.Req
		r.Clear, r.Verification = bytes.Clone(r.Clear), slices.Clone(r.Verification)
		c.Req = &r
	}
	if x.Resp != nil {
		r := *x.Resp
		r.Clear, r.Verification = bytes.Clone(r.Clear), slices.Clone(r.Verification)
		c.Resp = &r
	}
	return &c
}
