package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// loopback is where every socket of the lab is bound.
const loopback = "127.0.0.1:0"

// A door is how one TCP port of the layout answers a connection attempt.
type door func(context.Context) (net.Conn, error)

// stage is one layout with its open sockets. A site has one at a time.
type stage struct {
	layout    Layout
	log       *journal
	now       func() time.Time
	ctx       context.Context // ends with the stage
	cancel    context.CancelFunc
	doors     map[netip.AddrPort]door
	servers   map[netip.AddrPort]*nameserver
	clocks    map[string]string // SNTP servers: the loopback socket for each "address:port"
	blackHole string            // a loopback UDP socket that never answers

	wg      sync.WaitGroup
	mu      sync.Mutex
	closed  bool
	closers []func()
	conns   map[net.Conn]struct{}
}

func openStage(ctx context.Context, l Layout, log *journal, now func() time.Time) (*stage, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &stage{
		layout: l, log: log, now: now, ctx: ctx, cancel: cancel,
		doors:   map[netip.AddrPort]door{},
		servers: map[netip.AddrPort]*nameserver{},
		clocks:  map[string]string{},
		conns:   map[net.Conn]struct{}{},
	}
	if err := s.open(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stage) open() error {
	hole, err := s.serveUDP(func([]byte) []byte { return nil })
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	s.blackHole = hole
	for _, r := range s.layout.Resolvers {
		ns, err := startNameserver(s.ctx, r, s.log)
		if err != nil {
			return err
		}
		if err := ns.serve(s); err != nil {
			return err
		}
		s.servers[netip.AddrPortFrom(r.Address, 53)] = ns
	}
	for _, h := range s.layout.Hosts {
		if err := s.openHost(h); err != nil {
			return fmt.Errorf("lab: host %s: %w", h.Name, err)
		}
	}
	return nil
}

func (s *stage) openHost(h Host) error {
	for port, service := range h.Ports {
		d, err := service.door(s, h)
		if err != nil {
			return fmt.Errorf("port %d: %w", port, err)
		}
		for _, a := range h.Addresses {
			s.doors[netip.AddrPortFrom(a, port)] = d
		}
	}
	if !h.Time {
		return nil
	}
	addr, err := s.serveUDP(func(q []byte) []byte { return sntpAnswer(q, s.now().Add(h.Ahead)) })
	if err != nil {
		return fmt.Errorf("SNTP: %w", err)
	}
	for _, a := range h.Addresses {
		s.clocks[netip.AddrPortFrom(a, 123).String()] = addr
	}
	return nil
}

// lookup returns an IPv4 address of a name in the first resolver's zone.
func (s *stage) lookup(name string) netip.Addr {
	if len(s.layout.Resolvers) == 0 {
		return netip.Addr{}
	}
	first := s.servers[netip.AddrPortFrom(s.layout.Resolvers[0].Address, 53)]
	for _, rr := range first.zone[dns.CanonicalName(name)] {
		if a, ok := rr.(*dns.A); ok {
			addr, _ := netip.AddrFromSlice(a.A.To4())
			return addr
		}
	}
	return netip.Addr{}
}

// serveUDP answers datagrams on a loopback socket and returns its address. A nil
// answer is none.
func (s *stage) serveUDP(answer func([]byte) []byte) (string, error) {
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(s.ctx, "udp4", loopback)
	if err != nil {
		return "", err
	}
	s.onClose(func() { _ = pc.Close() })
	s.wg.Go(func() {
		var q [512]byte
		for {
			n, from, err := pc.ReadFrom(q[:])
			if err != nil {
				return // closed with the stage
			}
			if a := answer(q[:n]); a != nil {
				_, _ = pc.WriteTo(a, from)
			}
		}
	})
	return pc.LocalAddr().String(), nil
}

// listen opens a loopback listener whose connections are handed to serve, each
// in a goroutine and closed when serve returns, and returns the door to it.
func (s *stage) listen(serve func(context.Context, net.Conn)) (door, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(s.ctx, "tcp4", loopback)
	if err != nil {
		return nil, err
	}
	s.onClose(func() { _ = ln.Close() })
	s.wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return // closed with the stage
			}
			if !s.track(c) {
				return
			}
			s.wg.Go(func() {
				defer s.untrack(c)
				serve(s.ctx, c)
			})
		}
	})
	return doorTo(ln.Addr().String()), nil
}

func doorTo(addr string) door {
	return func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp4", addr)
	}
}

// track remembers an open connection, so that close can end it; it closes the
// connection and returns false when the stage is closed already.
func (s *stage) track(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

func (s *stage) untrack(c net.Conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	_ = c.Close()
}

func (s *stage) onClose(f func()) {
	s.mu.Lock()
	s.closers = append(s.closers, f)
	s.mu.Unlock()
}

// close shuts every socket and waits for every goroutine of the stage.
func (s *stage) close() {
	s.cancel()
	s.mu.Lock()
	s.closed = true
	closers := s.closers
	s.closers = nil
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	for _, f := range closers {
		f()
	}
	s.wg.Wait()
}

var errClosed = errors.New("the lab is closed")

// wait sleeps for d, or until the stage or ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
