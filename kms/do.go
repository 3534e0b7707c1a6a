package kms

import (
	"context"
	"errors"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// An Exchange is one request with what came of it. With an error it holds what
// was learnt until then.
type Exchange struct {
	CallID         uint32
	Encoding       dcerpc.Encoding
	Request        *OpenedRequest      // as sent; nil if it was not
	Response       *OpenedResponse     // nil if none came, or one that is no answer
	HRESULT        HRESULT             // the host's verdict; means something only with Answered
	Answered       bool                // the host answered with a verdict
	Fault          *dcerpc.FaultStatus // the host answered with a fault
	Auth           bool                // the answer had an authentication trailer, which KMS has not
	Fragments      int                 // of the answer
	Sent, Received []byte              // whole PDUs, and what followed the last whole one
	RequestAt      int                 // offset of the KMS message in Sent, in bytes
	ResponseAt     int                 // offset of the KMS message in Received; 0 if there is none or it is fragmented
	Timings        []Timing
}

// Verification returns the checks of the answer, nil without one.
func (x Exchange) Verification() Verification {
	if x.Response == nil {
		return nil
	}
	return x.Response.Verification
}

// ErrNotBound says that [Conn.Do] was called before a successful [Conn.Bind].
var ErrNotBound = errors.New("no context is bound")

// Do asks r. A count below the product's threshold is no error: see
// [CheckCountPolicy]. Errors of the conversation are of the four types of this
// package; a request that cannot be sealed, or no Bind before, gives a plain
// error and sends nothing.
func (c *Conn) Do(ctx context.Context, r Request) (Exchange, error) {
	x := Exchange{CallID: c.callID, Encoding: c.syntax}
	switch {
	case c.err != nil:
		return x, c.err
	case !c.bound:
		return x, ErrNotBound
	}
	iv, err := c.newIV()
	if err != nil {
		return x, err
	}
	msg, err := r.Seal(iv)
	if err != nil {
		return x, err
	}
	req, err := OpenRequest(msg)
	if err != nil {
		return x, err
	}
	stub := dcerpc.AppendRequestStub(nil, c.syntax, msg)
	pdu := dcerpc.Request{ContextID: c.contextID, Stub: stub}.Append(nil, dcerpc.NewHeader(dcerpc.TypeRequest, x.CallID))
	c.callID++
	m, err := c.roundTrip(ctx, SendRequest, AwaitResponse, pdu, &x.Timings)
	x.Received = m.Bytes
	if len(x.Timings) > 0 {
		x.Request, x.Sent, x.RequestAt = req, pdu, len(pdu)-len(msg)
	}
	if err != nil {
		return x, err
	}
	x.Auth, x.Fragments = m.AuthLen > 0, m.Fragments
	err = timed(&x.Timings, VerifyAnswer, func() error { return c.read(&x, m) })
	return x, err
}

// read takes the answer to a request apart and checks it.
func (c *Conn) read(x *Exchange, m dcerpc.Message) error {
	stub, err := c.readStub(x, m)
	if err != nil {
		err = byBlame(AwaitResponse, err)
		if x.Fault == nil {
			c.err = err
		}
		return err
	}
	x.HRESULT, x.Answered = HRESULT(stub.HRESULT), true
	if stub.Message != nil {
		if m.Fragments == 1 {
			x.ResponseAt = dcerpc.StubOffset + stub.Offset
		}
		x.Response, err = OpenResponse(stub.Message, x.Request)
	}
	switch {
	case x.HRESULT != OK:
		return &RefusedError{Phase: VerifyAnswer, HRESULT: x.HRESULT}
	case err != nil:
		return &ReplyError{VerifyAnswer, err}
	case x.Response == nil:
		return &ReplyError{VerifyAnswer, unexpected("response stub.pointer", 4, "no message with %s", x.HRESULT)}
	}
	if err := x.Response.Verification.Err(); err != nil {
		return &ReplyError{VerifyAnswer, err}
	}
	return nil
}

// readStub returns the stub of the response, or why there is none.
func (c *Conn) readStub(x *Exchange, m dcerpc.Message) (dcerpc.ResponseStub, error) {
	var none dcerpc.ResponseStub
	switch m.Type {
	case dcerpc.TypeResponse:
	case dcerpc.TypeFault:
		err := readFault(m.PDU)
		var fault *dcerpc.FaultError
		if errors.As(err, &fault) {
			x.Fault = &fault.Status
		}
		return none, err
	default:
		return none, unexpected("header.type", 2, "%s in answer to a request", m.Type)
	}
	r, err := dcerpc.ParseResponse(m.PDU)
	switch {
	case err != nil:
		return none, err
	case m.CallID != x.CallID:
		return none, unexpected("header.call_id", 12, "call %d in answer to call %d", m.CallID, x.CallID)
	case r.ContextID != c.contextID:
		return none, unexpected("response.context_id", 20, "context %d in answer to context %d", r.ContextID, c.contextID)
	}
	return dcerpc.ParseResponseStub(m.Stub, c.syntax, m.BigEndian())
}
