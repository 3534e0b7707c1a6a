package kms

import (
	"bytes"
	"errors"
	"testing"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

func TestBindOffersWhatWindowsDoes(t *testing.T) {
	c := playing(t, func(p *peer) { p.bind(ackNDR64) })
	b, err := c.Bind(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Sent, recordedBind) {
		t.Errorf("sent\n%x, want\n%x", b.Sent, recordedBind)
	}
	if !bytes.Equal(b.Received, ackNDR64) {
		t.Errorf("received %x", b.Received)
	}
	if b.Accepted != dcerpc.NDR64 || b.ContextID != 1 || b.Features != 3 || b.SecondaryAddress != "1688" ||
		b.MaxXmit != 5840 || b.MaxRecv != 5840 || b.AssocGroup != 0x436a3d87 || b.Auth || b.Nak != nil {
		t.Errorf("%+v", b)
	}
	if len(b.Outcomes) != 3 || b.Outcomes[0].Result.Reason != dcerpc.ReasonTransferSyntax ||
		b.Outcomes[1].Offered != dcerpc.SyntaxNDR64 || b.Outcomes[2].ID != 2 {
		t.Errorf("%v", b.Outcomes)
	}
	if len(b.Timings) != 2 || b.Timings[0].Phase != SendBind || b.Timings[1].Phase != AwaitBindAck ||
		b.Timings[0].Start.IsZero() || b.Timings[1].Took <= 0 {
		t.Errorf("%v", b.Timings)
	}
	if _, err := c.Bind(t.Context()); !errors.Is(err, ErrBound) {
		t.Errorf("second bind: %v", err)
	}
}

func TestBindPrefersNDR32(t *testing.T) {
	both := dcerpc.BindAck{Results: []dcerpc.ContextResult{
		{Transfer: dcerpc.SyntaxNDR64}, {Transfer: dcerpc.SyntaxNDR32},
	}}.Append(nil, dcerpc.NewHeader(dcerpc.TypeBindAck, 2))
	c := playing(t, func(p *peer) { p.bind(both) })
	c.Offer = []dcerpc.Syntax{dcerpc.SyntaxNDR64, dcerpc.SyntaxNDR32}
	b, err := c.Bind(t.Context())
	if err != nil || b.Accepted != dcerpc.NDR32 || b.ContextID != 1 || b.Features != -1 {
		t.Errorf("%+v, %v", b, err)
	}
}

func TestBindRefused(t *testing.T) {
	ack := func(callID uint32, results ...dcerpc.ContextResult) []byte {
		return dcerpc.BindAck{Results: results}.Append(nil, dcerpc.NewHeader(dcerpc.TypeBindAck, callID))
	}
	no := dcerpc.ContextResult{Result: dcerpc.ProviderRejection, Reason: dcerpc.ReasonTransferSyntax}
	refused := func(is func(error) bool) func(error) bool {
		return func(err error) bool {
			var r *RefusedError
			return errors.As(err, &r) && r.Err != nil && is(err)
		}
	}
	garbled := func(field string) func(error) bool {
		return func(err error) bool {
			var r *ReplyError
			var d *DecodeError
			return errors.As(err, &r) && r.Phase == AwaitBindAck && errors.As(err, &d) && d.Field == field
		}
	}
	for _, tc := range []struct {
		name   string
		answer []byte
		is     func(error) bool
	}{
		{"wrong interface", ackWrongInterface, refused(func(err error) bool {
			var n *NoContextError
			return errors.As(err, &n) && n.NoInterface() && !n.NoSyntax()
		})},
		{"no common syntax", ack(2, no, no, no), refused(func(err error) bool {
			var n *NoContextError
			return errors.As(err, &n) && !n.NoInterface() && n.NoSyntax()
		})},
		{"bind_nak", recordedNak, refused(func(err error) bool {
			var n *dcerpc.BindNakError
			return errors.As(err, &n) && n.Reason == dcerpc.NakProtocolVersion
		})},
		{"fault", recordedFault, refused(func(err error) bool {
			var f *dcerpc.FaultError
			return errors.As(err, &f) && f.Status == dcerpc.FaultUnknownInterface
		})},
		{"other call", ack(3, no, no, no), garbled("header.call_id")},
		{"two results", ack(2, no, no), garbled("bind_ack.n_results")},
		{"four results", ack(2, no, no, no, no), garbled("bind_ack.n_results")},
		{"other syntax", ack(2, dcerpc.ContextResult{Transfer: dcerpc.SyntaxNDR64}, no, no), garbled("bind_ack.transfer_syntax")},
		{"a response", answerPDU(dcerpc.NDR32, 2, 0, nil, OK), garbled("header.type")},
		{"cut results", shorten(ackNDR64, 2), garbled("bind_ack.transfer_syntax.version")},
		{"cut bind_nak", shorten(recordedNak, 4), garbled("bind_nak.reject_reason")},
		{"cut fault", shorten(recordedFault, 6), garbled("fault.status")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := playing(t, func(p *peer) { p.bind(tc.answer) })
			b, err := c.Bind(t.Context())
			if !tc.is(err) {
				t.Fatalf("%#v: %v", err, err)
			}
			if !bytes.Equal(b.Received, tc.answer) || b.Accepted != dcerpc.EncodingUnknown && tc.name != "other syntax" {
				t.Errorf("%+v", b)
			}
			if _, err := c.Do(t.Context(), Request{Version: V4}); !tc.is(err) {
				t.Errorf("after a failed bind: %v", err)
			}
		})
	}
}

// shorten cuts n bytes off a PDU, with its length.
func shorten(pdu []byte, n int) []byte {
	b := bytes.Clone(pdu[:len(pdu)-n])
	b[8] -= byte(n)
	return b
}

func TestBindReportsAuthTrailer(t *testing.T) {
	ack := bytes.Clone(ackNDR64)
	ack = append(ack, 10, 2, 0, 0, 0, 0, 0, 0, 'N', 'T', 'L', 'M')
	ack[8] += 12
	ack[10] = 4
	c := playing(t, func(p *peer) { p.bind(ack) })
	if b, err := c.Bind(t.Context()); err != nil || !b.Auth || b.Accepted != dcerpc.NDR64 {
		t.Errorf("%+v, %v", b, err)
	}
}
