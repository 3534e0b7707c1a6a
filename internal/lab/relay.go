package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Relay forwards TCP connections between two loopback sockets and can make the
// way worse: slow, cut into single bytes, or lossy.
type Relay struct {
	manner RelayManner
	target string
	addr   netip.AddrPort
	stop   func() bool

	ln     net.Listener
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
}

// RelayManner is how a [Relay] forwards. The zero value forwards faithfully.
type RelayManner struct {
	Delay     time.Duration // before each piece, in each direction
	Bytewise  bool          // one byte a write
	LoseAfter int           // bytes a direction carries before it loses all that follow; 0: it loses nothing
}

// ErrNotLoopback says that a relay was asked to reach beyond this machine.
var ErrNotLoopback = errors.New("not a loopback address")

// StartRelay listens on loopback and forwards to target, an address literal and
// port on loopback. It ends with ctx or with [Relay.Close].
func StartRelay(ctx context.Context, target string, manner RelayManner) (*Relay, error) {
	to, err := netip.ParseAddrPort(target)
	if err != nil {
		return nil, fmt.Errorf("lab: relay to %q: %w", target, err)
	}
	if !to.Addr().IsLoopback() {
		return nil, fmt.Errorf("lab: relay to %s: %w", target, ErrNotLoopback)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp4", loopback)
	if err != nil {
		return nil, fmt.Errorf("lab: relay to %s: %w", target, err)
	}
	r := &Relay{manner: manner, target: target, ln: ln, addr: boundTo(ln.Addr()), conns: map[net.Conn]struct{}{}}
	ctx, r.cancel = context.WithCancel(ctx)
	r.wg.Go(func() { r.accept(ctx) })
	r.stop = context.AfterFunc(ctx, r.shut)
	return r, nil
}

// Addr returns the loopback address on which the relay listens.
func (r *Relay) Addr() netip.AddrPort { return r.addr }

// Close ends every connection and waits until nothing of the relay runs.
func (r *Relay) Close() {
	r.stop()
	r.cancel()
	r.shut()
	r.wg.Wait()
}

func (r *Relay) shut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	_ = r.ln.Close()
	for c := range r.conns {
		_ = c.Close()
	}
}

func (r *Relay) accept(ctx context.Context) {
	for {
		near, err := r.ln.Accept()
		if err != nil {
			return
		}
		var d net.Dialer
		far, err := d.DialContext(ctx, "tcp4", r.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		if !r.keep(near, far) {
			return
		}
		var both sync.WaitGroup
		both.Go(func() { r.forward(ctx, far, near) })
		both.Go(func() { r.forward(ctx, near, far) })
		r.wg.Go(func() {
			both.Wait()
			r.drop(near, far)
		})
	}
}

func (r *Relay) keep(conns ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		if r.closed {
			_ = c.Close()
			continue
		}
		r.conns[c] = struct{}{}
	}
	return !r.closed
}

func (r *Relay) drop(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range conns {
		delete(r.conns, c)
		_ = c.Close()
	}
}

// forward copies one direction until its source ends, and passes that end on.
func (r *Relay) forward(ctx context.Context, to, from net.Conn) {
	defer func() {
		if c, ok := to.(*net.TCPConn); ok {
			_ = c.CloseWrite()
		}
	}()
	var buf [4096]byte
	piece := buf[:]
	if r.manner.Bytewise {
		piece = buf[:1]
	}
	carried := 0
	for {
		n, err := from.Read(piece)
		if n > 0 {
			if r.manner.Delay > 0 && wait(ctx, r.manner.Delay) != nil {
				return
			}
			if lose := r.manner.LoseAfter; lose > 0 {
				keep := max(0, min(n, lose-carried))
				carried += n
				n = keep
			}
			if _, err := to.Write(piece[:n]); err != nil {
				// The far end is gone; what the near end still says is read and lost.
				_, _ = io.Copy(io.Discard, from)
				return
			}
		}
		if err != nil {
			return
		}
	}
}
