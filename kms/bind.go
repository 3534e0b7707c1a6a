package kms

import (
	"context"
	"errors"
	"fmt"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// Interface is the RPC interface of KMS; its one method is opnum 0.
var Interface = dcerpc.Syntax{UUID: dcerpc.MustParseUUID("51c82175-844e-4750-b0d8-ec255555bc06"), Major: 1}

// maxFragment is the largest fragment that Windows clients offer, in bytes.
const maxFragment = 5840

// A BindResult is what became of a bind. With an error it holds what was learnt
// until then.
type BindResult struct {
	Outcomes         []ContextOutcome // one for each offered context, in order
	Accepted         dcerpc.Encoding  // of the calls to come; [dcerpc.EncodingUnknown] if none was accepted
	ContextID        uint16           // of the calls to come
	Features         int              // mask of granted bind time features; -1 when none were negotiated
	MaxXmit, MaxRecv uint16           // largest fragments that the host sends and receives, in bytes
	AssocGroup       uint32
	SecondaryAddress string          // the host's port in decimal
	Nak              *dcerpc.BindNak // of a bind_nak
	Auth             bool            // the answer had an authentication trailer, which KMS has not
	Sent, Received   []byte          // whole PDUs
	Timings          []Timing
}

// A ContextOutcome is the fate of one offered context.
type ContextOutcome struct {
	ID      uint16
	Offered dcerpc.Syntax
	Result  dcerpc.ContextResult
}

// ErrBound says that [Conn.Bind] succeeded before.
var ErrBound = errors.New("the connection is bound already")

// Bind offers the KMS interface in NDR32 and NDR64 and asks for bind time
// features. It settles for NDR32 if the host takes both. The error is one of the
// four types of this package, or [ErrBound].
func (c *Conn) Bind(ctx context.Context) (BindResult, error) {
	if c.bound {
		return BindResult{Features: -1}, ErrBound
	}
	offer := c.offer()
	h := dcerpc.NewHeader(dcerpc.TypeBind, firstCallID)
	h.Flags |= dcerpc.FlagMultiplex
	b := BindResult{Features: -1, Sent: offer.Append(nil, h)}
	m, err := c.roundTrip(ctx, SendBind, AwaitBindAck, b.Sent, &b.Timings)
	b.Received = m.Bytes
	if err != nil {
		return b, err
	}
	b.Auth = m.AuthLen > 0
	if err := b.read(m.PDU, offer); err != nil {
		c.err = byBlame(AwaitBindAck, err)
		return b, c.err
	}
	c.bound, c.contextID, c.syntax = true, b.ContextID, b.Accepted
	return b, nil
}

// byBlame wraps what a PDU says, or what is wrong with it.
func byBlame(p Phase, err error) error {
	var decode *DecodeError
	if errors.As(err, &decode) {
		return &ReplyError{p, err}
	}
	return &RefusedError{Phase: p, Err: err}
}

func (c *Conn) offer() dcerpc.Bind {
	syntaxes := c.Offer
	if syntaxes == nil {
		syntaxes = []dcerpc.Syntax{
			dcerpc.SyntaxNDR32, dcerpc.SyntaxNDR64,
			dcerpc.SyntaxBTFN(dcerpc.FeatureSecurityContextMultiplexing | dcerpc.FeatureKeepConnectionOnOrphan),
		}
	}
	b := dcerpc.Bind{MaxXmit: maxFragment, MaxRecv: maxFragment}
	for i, s := range syntaxes {
		b.Contexts = append(b.Contexts, dcerpc.Context{ID: uint16(i), Abstract: Interface, Transfer: []dcerpc.Syntax{s}})
	}
	return b
}

// read takes the answer to a bind apart.
func (b *BindResult) read(p dcerpc.PDU, offer dcerpc.Bind) error {
	switch p.Type {
	case dcerpc.TypeBindAck:
	case dcerpc.TypeBindNak:
		nak, err := dcerpc.ParseBindNak(p)
		if err != nil {
			return err
		}
		b.Nak = &nak
		return &dcerpc.BindNakError{Reason: nak.Reason}
	case dcerpc.TypeFault:
		return readFault(p)
	default:
		return unexpected("header.type", 2, "%s in answer to a bind", p.Type)
	}
	ack, err := dcerpc.ParseBindAck(p)
	if err != nil {
		return err
	}
	b.MaxXmit, b.MaxRecv, b.AssocGroup, b.SecondaryAddress = ack.MaxXmit, ack.MaxRecv, ack.AssocGroup, ack.SecondaryAddress
	for i, r := range ack.Results[:min(len(ack.Results), len(offer.Contexts))] {
		b.Outcomes = append(b.Outcomes, ContextOutcome{offer.Contexts[i].ID, offer.Contexts[i].Transfer[0], r})
	}
	switch {
	case p.CallID != firstCallID:
		return unexpected("header.call_id", 12, "call %d in answer to call %d", p.CallID, firstCallID)
	case len(ack.Results) != len(offer.Contexts):
		return unexpected("bind_ack.n_results", len(p.Raw)-len(p.Body), "%d results for %d contexts", len(ack.Results), len(offer.Contexts))
	}
	return b.choose()
}

// choose settles on a context.
func (b *BindResult) choose() error {
	for _, o := range b.Outcomes {
		if mask, ok := o.Result.Features(); ok {
			b.Features = int(mask)
		}
		e := o.Offered.Encoding()
		if o.Result.Result != dcerpc.Acceptance || e == dcerpc.EncodingUnknown {
			continue
		}
		if o.Result.Transfer != o.Offered {
			return unexpected("bind_ack.transfer_syntax", dcerpc.HeaderSize, "%s accepted in answer to %s", o.Result.Transfer, o.Offered)
		}
		if b.Accepted == dcerpc.EncodingUnknown || e == dcerpc.NDR32 {
			b.Accepted, b.ContextID = e, o.ID
		}
	}
	if b.Accepted == dcerpc.EncodingUnknown {
		return &NoContextError{b.Outcomes}
	}
	return nil
}

// readFault returns the fault that p is.
func readFault(p dcerpc.PDU) error {
	f, err := dcerpc.ParseFault(p)
	if err != nil {
		return err
	}
	return &dcerpc.FaultError{Status: f.Status}
}

// unexpected words a well-formed PDU that answers something else.
func unexpected(field string, offset int, format string, args ...any) error {
	return &DecodeError{
		Field: field, Offset: offset,
		Err: fmt.Errorf("%w: %s", dcerpc.ErrUnexpected, fmt.Sprintf(format, args...)),
	}
}
