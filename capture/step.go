package capture

import "net/netip"

// A Step is one thing that an end of a connection on a KMS port, or with the
// KMS interface, did. Steps are handed on as they happen, where
// [Options.Steps] asks for them: a connection itself is a record only when it is
// over.
type Step struct {
	Conn   int64 // number of the connection
	Client netip.AddrPort
	Host   netip.AddrPort

	FromClient bool
	Kind       StepKind
	Time       int64 // of the packet that completed it, nanoseconds since 1970; 0: not known
	Packet     int64 // its number
	Data       []byte
	Length     int // bytes on the wire; Data holds fewer of a long one
	ICMP       *ICMPNote
}

// A StepKind says what was done.
type StepKind uint8

// The kinds of steps.
const (
	StepSYN    StepKind = iota // also sent again
	StepSYNACK                 // also sent again
	StepFIN
	StepRST
	StepICMP  // an error about the connection; FromClient is false
	StepPDU   // Data is a whole PDU of DCE/RPC, up to a bound
	StepOther // Data are the first bytes of what is not RPC
)

// maxStepBytes bounds the bytes of a step; KMS messages stay below 400.
const maxStepBytes = 2048

// step hands on what an end of a flow did.
func (e *engine) step(f *flow, end int, kind StepKind, at origin, data []byte) {
	if !e.steps || !f.onPort && (f.conv == nil || !f.conv.kms && !f.conv.shaped) {
		return
	}
	ci := f.roles()
	*e.out.step() = Step{
		Conn: f.number, Client: f.end(ci), Host: f.end(1 - ci), FromClient: ci == end, Kind: kind,
		Time: at.time, Packet: at.number, Data: e.out.keep(data[:min(len(data), maxStepBytes)]), Length: len(data),
	}
	e.out.full(e)
}

// signalled hands on the flags of a segment.
func (e *engine) signalled(f *flow, end int, flags byte) {
	at := origin{e.at.Time, e.at.Number}
	switch {
	case flags&(flagSYN|flagACK) == flagSYN|flagACK:
		e.step(f, end, StepSYNACK, at, nil)
	case flags&flagSYN != 0:
		e.step(f, end, StepSYN, at, nil)
	case flags&flagRST != 0:
		e.step(f, end, StepRST, at, nil)
	case flags&flagFIN != 0:
		e.step(f, end, StepFIN, at, nil)
	}
}

// refused hands on an ICMP error about a flow.
func (e *engine) refused(f *flow, n ICMPNote) {
	if !e.steps {
		return
	}
	ci := f.roles()
	*e.out.step() = Step{
		Conn: f.number, Client: f.end(ci), Host: f.end(1 - ci), Kind: StepICMP, Time: n.Time, Packet: n.Number, ICMP: &n,
	}
	e.out.full(e)
}
