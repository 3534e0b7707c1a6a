package dcerpc

import "fmt"

// A ResultCode is the fate of an offered context.
type ResultCode uint16

// The result codes (C706, section 12.6.3.1; MS-RPCE, section 2.2.2.4).
const (
	Acceptance        ResultCode = 0
	UserRejection     ResultCode = 1
	ProviderRejection ResultCode = 2
	NegotiateAck      ResultCode = 3 // bind time feature negotiation
)

// String returns the name of the result.
func (r ResultCode) String() string {
	switch r {
	case Acceptance:
		return "acceptance"
	case UserRejection:
		return "user rejection"
	case ProviderRejection:
		return "provider rejection"
	case NegotiateAck:
		return "negotiate_ack"
	}
	return fmt.Sprintf("result %d", uint16(r))
}

// A ResultReason says why a context was rejected.
type ResultReason uint16

// The reasons (C706, section 12.6.3.1).
const (
	ReasonNotSpecified   ResultReason = 0
	ReasonAbstractSyntax ResultReason = 1 // no such interface here: an RPC server, but not the wanted one
	ReasonTransferSyntax ResultReason = 2 // none of the offered encodings
	ReasonLocalLimit     ResultReason = 3
)

var resultReasons = [...]string{
	"reason not specified", "abstract syntax not supported",
	"proposed transfer syntaxes not supported", "local limit exceeded",
}

// String returns the meaning of the reason.
func (r ResultReason) String() string {
	if int(r) < len(resultReasons) {
		return resultReasons[r]
	}
	return fmt.Sprintf("reason %d", uint16(r))
}

// String tells the fate of a context: "acceptance of NDR32", "provider
// rejection: abstract syntax not supported", "negotiate_ack 0x3".
func (r ContextResult) String() string {
	switch r.Result {
	case Acceptance:
		return "acceptance of " + r.Transfer.String()
	case NegotiateAck:
		return fmt.Sprintf("negotiate_ack %#x", uint16(r.Reason))
	}
	return r.Result.String() + ": " + r.Reason.String()
}

// A NakReason says why a server refused a bind as a whole.
type NakReason uint16

// The reject reasons (C706, section 12.6.3.1; MS-RPCE, section 2.2.2.5).
const (
	NakNotSpecified        NakReason = 0
	NakCongestion          NakReason = 1
	NakLocalLimit          NakReason = 2
	NakAddressUnknown      NakReason = 3
	NakProtocolVersion     NakReason = 4
	NakDefaultContext      NakReason = 5
	NakUserDataNotReadable NakReason = 6
	NakNoPSAP              NakReason = 7
	NakAuthType            NakReason = 8
	NakChecksum            NakReason = 9
)

var nakReasons = [...]string{
	"reason not specified", "temporary congestion", "local limit exceeded",
	"called address unknown", "protocol version not supported", "default context not supported",
	"user data not readable", "no PSAP available", "authentication type not recognised", "invalid checksum",
}

// String returns the meaning of the reason.
func (r NakReason) String() string {
	if int(r) < len(nakReasons) {
		return nakReasons[r]
	}
	return fmt.Sprintf("reason %d", uint16(r))
}

// A FaultStatus is the status of a fault PDU: an NCA status code of C706
// (appendix E) or a Windows error.
type FaultStatus uint32

// Status codes that a client of one method is likely to meet.
const (
	FaultAccessDenied      FaultStatus = 0x00000005
	FaultServerUnavailable FaultStatus = 0x000006BA
	FaultBadStubData       FaultStatus = 0x000006F7
	FaultUnspecified       FaultStatus = 0x1C000012
	FaultContextMismatch   FaultStatus = 0x1C00001A
	FaultNoMemory          FaultStatus = 0x1C00001B
	FaultOpRange           FaultStatus = 0x1C010002
	FaultUnknownInterface  FaultStatus = 0x1C010003
	FaultProtocol          FaultStatus = 0x1C01000B
	FaultOutArgsTooBig     FaultStatus = 0x1C010013
	FaultTooBusy           FaultStatus = 0x1C010014
)

var faultNames = map[FaultStatus]string{
	FaultAccessDenied:      "ERROR_ACCESS_DENIED",
	FaultServerUnavailable: "RPC_S_SERVER_UNAVAILABLE",
	FaultBadStubData:       "RPC_X_BAD_STUB_DATA",
	FaultUnspecified:       "nca_s_fault_unspec",
	FaultContextMismatch:   "nca_s_fault_context_mismatch",
	FaultNoMemory:          "nca_s_fault_remote_no_memory",
	FaultOpRange:           "nca_op_rng_error",
	FaultUnknownInterface:  "nca_unk_if",
	FaultProtocol:          "nca_proto_error",
	FaultOutArgsTooBig:     "nca_out_args_too_big",
	FaultTooBusy:           "nca_server_too_busy",
}

// Name returns the symbolic name of the status, or "" when it has none here.
func (s FaultStatus) Name() string { return faultNames[s] }

// String returns the number in hex and its name: "0x1C010003 (nca_unk_if)".
func (s FaultStatus) String() string {
	if n := s.Name(); n != "" {
		return fmt.Sprintf("0x%08X (%s)", uint32(s), n)
	}
	return fmt.Sprintf("0x%08X", uint32(s))
}
