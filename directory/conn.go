package directory

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// Bounds of what a server can make this package read.
const (
	MaxBytes   = 8 << 20 // of one conversation
	MaxObjects = 500     // activation objects; a forest has a handful

	maxPacket  = 256 << 10 // bytes of one LDAP message; an activation object takes about 1 KiB
	maxNesting = 24
)

func init() {
	// The decoder has these limits for the whole program, far too generous for
	// what is asked here; nothing else in it decodes BER.
	ber.MaxPacketLengthBytes = maxPacket
	ber.MaxNestingDepth = maxNesting
}

var errTooMuch = errors.New("the server sent more than is read")

// boundConn is a connection that remembers how it ended, since the LDAP library
// keeps only the words, and that ends when a server sends too much.
type boundConn struct {
	net.Conn
	left  atomic.Int64
	once  sync.Once
	cause atomic.Pointer[error] // of the first failed read or write
}

func newBoundConn(c net.Conn) *boundConn {
	b := &boundConn{Conn: c}
	b.left.Store(MaxBytes)
	return b
}

// Read implements [net.Conn].
func (b *boundConn) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if b.left.Add(-int64(n)) < 0 {
		n, err = 0, errTooMuch
	}
	if err != nil {
		b.failed(err)
	}
	return n, err
}

// Write implements [net.Conn].
func (b *boundConn) Write(p []byte) (int, error) {
	n, err := b.Conn.Write(p)
	if err != nil {
		b.failed(err)
	}
	return n, err
}

func (b *boundConn) failed(err error) { b.once.Do(func() { b.cause.Store(&err) }) }

// ended returns why reading or writing failed first; nil when neither did.
func (b *boundConn) ended() error {
	if err := b.cause.Load(); err != nil {
		return *err
	}
	return nil
}

// limit gives the next step its time, no more than ctx has left.
func (b *boundConn) limit(ctx context.Context, step time.Duration) {
	at := time.Now().Add(step)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(at) {
		at = deadline
	}
	_ = b.SetDeadline(at) // of a closed connection: the next read says so
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || isReset(err)
}
