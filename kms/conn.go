package kms

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"time"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// A Conn asks a KMS host over one connection: first [Conn.Bind], then any number
// of [Conn.Do]. It adds no round trip of its own: no alter_context, no retry. It
// must not be used by several goroutines at once.
//
// A call ends when its context does, whatever the peer sends or does not send,
// and reads at most 64 KiB. After an error other than a refusal or a failed
// verification the connection is of no more use: further calls return that
// error.
type Conn struct {
	// Offer lists the transfer syntaxes to offer, one a context; nil means
	// NDR32, NDR64 and bind time feature negotiation, as Windows does.
	Offer []dcerpc.Syntax
	// Rand supplies initialisation vectors; nil means crypto/rand.
	Rand io.Reader

	nc        net.Conn
	r         *dcerpc.Reader
	bound     bool
	contextID uint16          // of the calls
	syntax    dcerpc.Encoding // of the calls
	callID    uint32          // of the next call
	err       error           // why the connection is of no more use
}

// firstCallID is the call id of the bind and of the first request, as Windows
// counts.
const firstCallID = 2

// NewConn returns a Conn over nc, which it owns from then on. The reads and
// writes of Conn set the deadlines of nc.
func NewConn(nc net.Conn) *Conn {
	return &Conn{nc: nc, r: dcerpc.NewReader(nc), callID: firstCallID}
}

// Close closes the connection.
func (c *Conn) Close() error { return c.nc.Close() }

// WaitClose waits for the peer to close the connection and tells whether it did
// before ctx ended. Some emulators close after each answer; Windows waits for
// its client to close.
func (c *Conn) WaitClose(ctx context.Context) bool {
	release, err := c.watch(ctx)
	if err != nil {
		return false
	}
	_, err = c.r.ReadPDU()
	release()
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	t := &TransportError{AwaitResponse, err}
	return t.Closed() || t.Reset()
}

// watch makes reads and writes fail as soon as ctx ends, until release is called.
func (c *Conn) watch(ctx context.Context) (release func(), err error) {
	if err := c.nc.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(fired)
		_ = c.nc.SetDeadline(time.Unix(1, 0)) // long past; a closed connection needs none
	})
	return func() {
		if !stop() {
			<-fired // or it would hit the next call
		}
	}, nil
}

// roundTrip sends pdu and reads the message that answers it. It appends the two
// phases to timings.
func (c *Conn) roundTrip(ctx context.Context, send, await Phase, pdu []byte, timings *[]Timing) (dcerpc.Message, error) {
	if c.err != nil {
		return dcerpc.Message{}, c.err
	}
	if ctx.Err() != nil {
		return dcerpc.Message{}, &GaveUpError{send, context.Cause(ctx), ctx.Err()}
	}
	release, err := c.watch(ctx)
	if err != nil {
		return dcerpc.Message{}, c.broken(ctx, send, err)
	}
	defer release()
	err = timed(timings, send, func() error {
		_, err := c.nc.Write(pdu)
		return err
	})
	if err != nil {
		return dcerpc.Message{}, c.broken(ctx, send, err)
	}
	var m dcerpc.Message
	err = timed(timings, await, func() error {
		c.r.Begin()
		m, err = c.r.ReadMessage()
		return err
	})
	if err != nil {
		return m, c.broken(ctx, await, err)
	}
	return m, nil
}

// broken sorts an error of the stream by who is to blame, and keeps it.
func (c *Conn) broken(ctx context.Context, p Phase, err error) error {
	var notRPC *dcerpc.NotRPCError
	var decode *DecodeError
	switch {
	case errors.As(err, &notRPC), errors.As(err, &decode):
		c.err = &ReplyError{p, err}
	case ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded):
		c.err = &GaveUpError{p, context.Cause(ctx), errors.Join(ctx.Err(), err)}
	default:
		c.err = &TransportError{p, err}
	}
	return c.err
}

// timed runs f and notes how long it took.
func timed(timings *[]Timing, p Phase, f func() error) error {
	start := time.Now()
	err := f()
	*timings = append(*timings, Timing{p, start, time.Since(start)})
	return err
}

// newIV draws an initialisation vector.
func (c *Conn) newIV() (iv [16]byte, err error) {
	from := c.Rand
	if from == nil {
		from = rand.Reader
	}
	_, err = io.ReadFull(from, iv[:])
	return iv, err
}
