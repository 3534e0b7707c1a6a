package dcerpc

import (
	"errors"
	"fmt"
)

// What a [DecodeError] wraps.
var (
	ErrTruncated  = errors.New("truncated")               // fewer bytes than the field needs
	ErrVersion    = errors.New("not DCE/RPC version 5")   // 5.0 and 5.1 are connection-oriented DCE/RPC
	ErrType       = errors.New("unknown PDU type")        // or not the type that a parser wants
	ErrDataRep    = errors.New("unknown representation")  // integer order, character set or float format
	ErrLength     = errors.New("impossible length")       // a length that contradicts another
	ErrMismatch   = errors.New("contradicts another one") // two fields that must agree do not
	ErrFragment   = errors.New("fragment out of order")   // first and last flags do not fit together
	ErrTooLarge   = errors.New("larger than the limit")   // a bound of this package or its caller
	ErrUnexpected = errors.New("not what was asked for")  // well-formed, but no answer to what was sent
)

// A DecodeError says which field of which bytes cannot be right.
type DecodeError struct {
	Field  string // "header.frag_length", "stub.max_count"; the part before the dot is what Offset counts in
	Offset int    // byte offset of the field from the start of the PDU, of the stub, or of the message
	Err    error  // why: one of the errors above, possibly wrapped with the values
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("%s at offset %d: %v", e.Field, e.Offset, e.Err)
}

// Unwrap returns Err.
func (e *DecodeError) Unwrap() error { return e.Err }

// fail is short for a DecodeError with values beside its reason.
func fail(field string, offset int, err error, format string, args ...any) error {
	return &DecodeError{field, offset, fmt.Errorf("%w: %s", err, fmt.Sprintf(format, args...))}
}

// A FaultError is a fault PDU in the place of an answer.
type FaultError struct {
	Status FaultStatus
}

func (e *FaultError) Error() string { return "RPC fault " + e.Status.String() }

// A BindNakError is a bind_nak PDU in the place of a bind_ack.
type BindNakError struct {
	Reason NakReason
}

func (e *BindNakError) Error() string { return "bind_nak: " + e.Reason.String() }
