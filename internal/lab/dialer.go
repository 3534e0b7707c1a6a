package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// dialer leads documentation addresses to the site's loopback sockets.
type dialer struct{ site *Site }

var _ checks.Dialer = dialer{}

// DialContext opens a connection to an address of the layout. An address that
// the layout does not know is silent: it waits for the end of ctx. Errors are of
// type [*checks.DialError].
func (d dialer) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, &checks.DialError{Outcome: evidence.DialOther, Detail: "the lab's dialer wants an address literal and a port", Err: err}
	}
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	d.site.log.dial(to)
	ctx, release := d.site.within(ctx)
	defer release()
	for {
		st, err := d.site.current()
		if err != nil {
			return nil, &checks.DialError{Outcome: evidence.DialOther, Err: err}
		}
		c, err := st.dial(ctx, to)
		if err != nil && st.ctx.Err() != nil && ctx.Err() == nil {
			continue // the site was healed meanwhile
		}
		return c, err
	}
}

// dial opens a connection to an address of the layout.
func (s *stage) dial(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	if !s.layout.Machine.has(to.Addr().Is4()) {
		return nil, &checks.DialError{Outcome: evidence.NoFamily}
	}
	open, known := s.doors[to]
	if !known {
		open = silent
	}
	c, err := open(ctx)
	if err != nil {
		return nil, dialError(ctx, err)
	}
	here := netip.AddrPortFrom(s.layout.Machine.towards(to.Addr()), boundTo(c.LocalAddr()).Port())
	return &conn{Conn: c, local: net.TCPAddrFromAddrPort(here), remote: net.TCPAddrFromAddrPort(to)}, nil
}

// silent is the door of an address where nothing answers.
func silent(ctx context.Context) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// dialError classifies the failure of a door. Texts of errors from loopback are
// left out: they name the wrong address.
func dialError(ctx context.Context, err error) error {
	var typed *checks.DialError
	switch {
	case errors.As(err, &typed):
		return typed
	case errors.Is(ctx.Err(), context.Canceled):
		return &checks.DialError{Outcome: evidence.Cancelled, Err: ctx.Err()}
	case ctx.Err() != nil:
		return &checks.DialError{Outcome: evidence.Silent, Err: ctx.Err()}
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return &checks.DialError{Outcome: evidence.DialOther, Err: err}
}

// towards returns the machine's own address of the family of a destination.
func (m Machine) towards(to netip.Addr) netip.Addr {
	for _, a := range m.Addresses {
		if a.Is4() == to.Is4() {
			return a
		}
	}
	return netip.Addr{}
}

// has tells whether the machine has an address of a family.
func (m Machine) has(v4 bool) bool {
	return slices.ContainsFunc(m.Addresses, func(a netip.Addr) bool { return a.Is4() == v4 })
}

// conn is a loopback connection under the names of the layout.
type conn struct {
	net.Conn
	local, remote net.Addr
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// Refused is a port that answers a connection attempt with a reset.
type Refused struct{}

func (Refused) door(s *stage, _ Host) (door, error) {
	addr, err := s.closedPort()
	if err != nil {
		return nil, err
	}
	to := doorTo(addr)
	return func(ctx context.Context) (net.Conn, error) {
		c, err := to(ctx)
		if err != nil && ctx.Err() == nil {
			err = &checks.DialError{Outcome: evidence.Refused}
		}
		return c, err
	}, nil
}

// closedPort returns a loopback port on which nothing listens, and on which
// nothing else will while the stage is open: it is the near end of a connection.
func (s *stage) closedPort() (string, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(s.ctx, "tcp4", loopback)
	if err != nil {
		return "", err
	}
	defer func() { _ = ln.Close() }()
	var d net.Dialer
	near, err := d.DialContext(s.ctx, "tcp4", ln.Addr().String())
	if err != nil {
		return "", fmt.Errorf("hold a port: %w", err)
	}
	far, err := ln.Accept()
	if err != nil {
		return "", errors.Join(fmt.Errorf("hold a port: %w", err), near.Close())
	}
	s.onClose(func() { _, _ = near.Close(), far.Close() })
	return near.LocalAddr().String(), nil
}

// clockDialer connects UDP sockets to the site's time servers. An address that
// serves no time takes what is sent and never answers.
type clockDialer struct{ site *Site }

var _ checks.Dialer = clockDialer{}

// DialContext takes an address literal or a name of the first resolver's zone.
func (d clockDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	st, err := d.site.current()
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		if addr = st.lookup(host); !addr.IsValid() {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
	}
	to, known := st.clocks[net.JoinHostPort(addr.Unmap().String(), port)]
	if !known {
		to = st.blackHole
	}
	var udp net.Dialer
	return udp.DialContext(ctx, "udp4", to)
}
