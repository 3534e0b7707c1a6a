package checks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
	"github.com/kmsdiag/kmsdiag/run"
)

const rpcBindID = "rpc.bind"

// RPCBind asks whether KMS answers on an endpoint: it binds to the KMS
// interface, which no host counts, over the connection of [TCPConnect], and
// leaves the bound connection to [KMSRequest].
var RPCBind = &Check{
	ID: rpcBindID, Title: "a KMS service answers on the port",
	Group: Handshake, Scope: run.Endpoint, Needs: []*Check{TCPConnect}, Timeout: 5 * time.Second,
	Slow: "the connection is open, but the bind has no answer yet; a working host takes under 50 ms",
	Run:  runRPCBind,
}

func runRPCBind(ctx context.Context, ask Ask) Answer {
	var a Answer
	s := ask.openSession(ctx, rpcBindID, &a.Evidence)
	if s == nil {
		a.Status, a.Summary = run.Fail, "the connection was lost and not opened again: "+dialSummary(a.Evidence.Dials[0])
		if a.Evidence.Dials[0].Outcome == evidence.Cancelled {
			a.Status, a.Summary = run.Skip, "stopped"
		}
		return a
	}
	bind, err := ask.bind(ctx, rpcBindID, s)
	a.Evidence.Binds = append(a.Evidence.Binds, bind)
	a.Summary = bindSummary(bind)
	switch {
	case err == nil:
		a.Status = run.Pass
		ask.sessions.put(ask.Subject.Key, s)
		return a
	case errors.Is(ctx.Err(), context.Canceled):
		a.Status, a.Summary = run.Skip, "stopped"
	default:
		a.Status = run.Fail
	}
	s.close()
	return a
}

// bind binds the session's connection and notes how it went.
func (a Ask) bind(ctx context.Context, check string, s *session) (evidence.Bind, error) {
	s.rpc = kms.NewConn(s.conn)
	b := evidence.Bind{
		Origin: a.origin(check), Host: a.Subject.Host, Domain: a.Subject.Domain, Address: a.Subject.Addr,
		Outcome: evidence.BindAccepted, Started: a.now().UTC(), Connect: s.connect,
	}
	result, err := s.rpc.Bind(ctx)
	b.Features, b.MaxXmit, b.MaxRecv, b.Group = result.Features, result.MaxXmit, result.MaxRecv, result.AssocGroup
	for _, o := range result.Outcomes {
		if o.Result.Result == dcerpc.Acceptance {
			b.Accepted = append(b.Accepted, o.Result.Transfer.String())
		}
	}
	for _, t := range result.Timings {
		b.Took += t.Took
	}
	if err != nil {
		explainBind(&b, result.Received, err)
		return b, err
	}
	b.Syntax = result.Accepted.String()
	s.bind, s.used = b, a.now()
	return b, nil
}

// explainBind sorts the error of a bind into the evidence.
func explainBind(b *evidence.Bind, received []byte, err error) {
	var (
		nothing   *kms.NoContextError
		nak       *dcerpc.BindNakError
		fault     *dcerpc.FaultError
		notRPC    *dcerpc.NotRPCError
		reply     *kms.ReplyError
		gaveUp    *kms.GaveUpError
		transport *kms.TransportError
	)
	b.Detail = err.Error()
	switch {
	case errors.As(err, &nothing):
		b.Detail = nothing.Error()
		switch {
		case nothing.NoInterface():
			b.Outcome = evidence.BindNoInterface
		case nothing.NoSyntax():
			b.Outcome = evidence.BindNoSyntax
		default:
			b.Outcome = evidence.BindRejected
		}
	case errors.As(err, &nak):
		b.Outcome, b.Reason, b.Detail = evidence.BindNak, uint16(nak.Reason), nak.Reason.String()
	case errors.As(err, &fault):
		b.Outcome, b.Status, b.Detail = evidence.BindFault, uint32(fault.Status), fault.Status.String()
	case errors.As(err, &notRPC):
		b.Outcome, b.First, b.LooksLike, b.Detail = evidence.BindNotRPC, notRPC.First, notRPC.Looks, ""
	case errors.As(err, &reply):
		b.Outcome, b.Detail = evidence.BindGarbled, reply.Err.Error()
	case errors.As(err, &gaveUp) && !errors.Is(gaveUp, context.Canceled):
		b.Outcome, b.Detail = evidence.BindSilent, partly(received)
	case errors.As(err, &transport) && transport.Reset():
		b.Outcome, b.Detail = evidence.BindReset, partly(received)
	case errors.As(err, &transport) && transport.Closed():
		b.Outcome, b.Detail = evidence.BindClosed, partly(received)
	default:
		b.Outcome = evidence.BindOther
	}
}

// partly says how much of an answer came before it broke off; "" for nothing.
func partly(received []byte) string {
	if len(received) == 0 {
		return ""
	}
	return "only " + plural(len(received), "byte") + " of an answer came"
}

// bindSummary says in a line how a bind ended.
func bindSummary(b evidence.Bind) string {
	detail := evidence.Clean(b.Detail)
	switch b.Outcome {
	case evidence.BindAccepted:
		return fmt.Sprintf("%s, fragment %d", b.Syntax, b.MaxRecv)
	case evidence.BindNoInterface:
		return "RPC answers, but not KMS: the interface is not known there"
	case evidence.BindNoSyntax:
		return "RPC answers, but no common transfer syntax"
	case evidence.BindRejected:
		return colon("the bind was rejected", detail)
	case evidence.BindNak:
		return colon("bind_nak", detail)
	case evidence.BindFault:
		return colon("RPC fault", detail)
	case evidence.BindSilent:
		if detail != "" {
			return fmt.Sprintf("connected, then %s within %s", detail, roundClock(b.Took))
		}
		return fmt.Sprintf("connected, then silent: no answer to the bind within %s", roundClock(b.Took))
	case evidence.BindClosed:
		if detail != "" {
			return "the connection was closed after the bind: " + detail
		}
		return "the connection was closed after the bind, without an answer"
	case evidence.BindReset:
		return colon("the connection was reset after the bind", detail)
	case evidence.BindNotRPC:
		first := fmt.Sprintf("% x", b.First[:min(len(b.First), 16)])
		if b.LooksLike != "" {
			return fmt.Sprintf("not RPC: looks like %s (%s)", b.LooksLike, first)
		}
		return "not RPC: the first bytes are " + first
	case evidence.BindGarbled:
		return colon("a malformed answer to the bind", detail)
	}
	return colon("the bind failed", detail)
}
