package kms

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// A Phase is a step of the conversation with a host.
type Phase string

// The phases, in their order.
const (
	SendBind      Phase = "send bind"
	AwaitBindAck  Phase = "await bind_ack"
	SendRequest   Phase = "send request"
	AwaitResponse Phase = "await response"
	VerifyAnswer  Phase = "verify" // no waiting: opening and checking the answer
)

// A Timing is when a phase began and how long it took. A phase that failed is
// timed too.
type Timing struct {
	Phase Phase
	Start time.Time
	Took  time.Duration
}

// The methods of [Conn] return errors of four types, by who is to blame:
// TransportError, ReplyError, RefusedError and GaveUpError. Each wraps what
// lies below it.

// A TransportError is a connection that broke.
type TransportError struct {
	Phase Phase
	Err   error
}

func (e *TransportError) Error() string {
	what := e.Err.Error()
	switch {
	case e.Reset():
		what = "the peer reset the connection"
	case e.Closed():
		what = "the peer closed the connection"
	}
	return string(e.Phase) + ": " + what
}

// Unwrap returns Err.
func (e *TransportError) Unwrap() error { return e.Err }

// Closed tells whether the peer closed the connection in an orderly way (FIN),
// perhaps in the middle of a PDU.
func (e *TransportError) Closed() bool {
	return errors.Is(e.Err, io.EOF) || errors.Is(e.Err, io.ErrUnexpectedEOF)
}

// Reset tells whether the peer, or something on the way, reset the connection
// (RST).
func (e *TransportError) Reset() bool {
	const wsaConnAborted, wsaConnReset = 10053, 10054 // syscall.ECONNRESET is no Winsock number
	var no syscall.Errno
	if !errors.As(e.Err, &no) {
		return false
	}
	if runtime.GOOS == "windows" {
		return no == wsaConnAborted || no == wsaConnReset
	}
	return no == syscall.ECONNRESET || no == syscall.EPIPE
}

// A ReplyError is a reply that cannot be right. It wraps a
// [*dcerpc.NotRPCError], a [*DecodeError], or what [Verification.Err] returns.
type ReplyError struct {
	Phase Phase
	Err   error
}

func (e *ReplyError) Error() string { return fmt.Sprintf("%s: bad reply: %v", e.Phase, e.Err) }

// Unwrap returns Err.
func (e *ReplyError) Unwrap() error { return e.Err }

// A RefusedError is a host that said no.
type RefusedError struct {
	Phase   Phase
	HRESULT HRESULT // the host's verdict on a request, or 0
	Err     error   // a [*dcerpc.FaultError], [*dcerpc.BindNakError] or [*NoContextError], or nil with an HRESULT
}

func (e *RefusedError) Error() string {
	if e.Err != nil {
		return "the host refused: " + e.Err.Error()
	}
	return "the host refused: " + e.HRESULT.String()
}

// Unwrap returns Err.
func (e *RefusedError) Unwrap() error { return e.Err }

// A NoContextError is a bind_ack that accepts no context in which KMS could be
// spoken.
type NoContextError struct {
	Outcomes []ContextOutcome
}

func (e *NoContextError) Error() string {
	each := make([]string, len(e.Outcomes))
	for i, o := range e.Outcomes {
		each[i] = fmt.Sprintf("%s: %s", o.Offered, o.Result)
	}
	return "no context accepted (" + strings.Join(each, "; ") + ")"
}

// NoInterface tells whether the host speaks RPC but does not offer KMS on this
// port.
func (e *NoContextError) NoInterface() bool { return e.has(dcerpc.ReasonAbstractSyntax) }

// NoSyntax tells whether the host knows KMS but none of the offered encodings.
func (e *NoContextError) NoSyntax() bool {
	return !e.NoInterface() && e.has(dcerpc.ReasonTransferSyntax)
}

func (e *NoContextError) has(reason dcerpc.ResultReason) bool {
	for _, o := range e.Outcomes {
		_, feature := o.Offered.BTFN()
		rejected := o.Result.Result == dcerpc.UserRejection || o.Result.Result == dcerpc.ProviderRejection
		if !feature && rejected && o.Result.Reason == reason {
			return true
		}
	}
	return false
}

// A GaveUpError is a context that ended before the phase did.
type GaveUpError struct {
	Phase Phase
	Cause error // [context.Cause] of the context
	Err   error // how the wait ended; may say how much of an answer had come
}

func (e *GaveUpError) Error() string { return fmt.Sprintf("%s: gave up: %v", e.Phase, e.Cause) }

// Unwrap returns the cause and the error of the context.
func (e *GaveUpError) Unwrap() []error { return []error{e.Cause, e.Err} }
