package checks

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// DialError says how an attempt to open a TCP connection ended, as far as the
// system tells. Every [Dialer] of a run should return one.
type DialError struct {
	Outcome evidence.DialOutcome
	ICMP    string // type/code and sender, "3/13 from 10.0.0.1"; empty where no ICMP message was seen
	Detail  string // what more is known, for a person; may be empty
	Err     error  // the error underneath; may be nil
}

// Error gives the outcome with what is known of it.
func (e *DialError) Error() string {
	text := string(e.Outcome)
	if e.ICMP != "" {
		text += " (ICMP " + e.ICMP + ")"
	}
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the error underneath.
func (e *DialError) Unwrap() error { return e.Err }

// SystemDialer opens TCP connections with the system's own sockets: one try
// each, ended by the context. Its errors are of type [*DialError].
//
// On Linux the kinds of ICMP message are told apart, and from a reset, through
// the socket's error queue (ip(7), IP_RECVERR), which takes no privileges. The
// other systems fold them into a few error numbers; there the outcome names the
// class and Detail says that the kind cannot be told.
type SystemDialer struct{}

var _ Dialer = SystemDialer{}

// DialContext connects to an address literal and port, such as "10.0.0.5:1688".
func (SystemDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	remote, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, &DialError{Outcome: evidence.DialOther, Detail: "the system dialer wants an address literal and a port", Err: err}
	}
	conn, notice, err := dialSystem(ctx, network, address)
	if err == nil {
		return conn, nil
	}
	return nil, explainDial(ctx, remote.Addr(), notice, err)
}

// explainDial turns a failed try into a DialError. A notice decides when the
// system failed the try because of it, or when nothing else came back.
func explainDial(ctx context.Context, remote netip.Addr, notice *icmpNotice, err error) *DialError {
	timeout := isTimeout(err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &DialError{Outcome: evidence.Cancelled, Err: err}
	case notice != nil && (timeout || errors.Is(err, notice.errno)):
		e := &DialError{Outcome: notice.outcome(), ICMP: notice.String(), Err: err}
		if ownAddress(notice.from) {
			e.Detail = "this machine's own message: no neighbour answered for the address"
		}
		return e
	case timeout:
		return &DialError{Outcome: evidence.Silent, Err: err}
	}
	outcome, detail := classify(err, remote)
	switch noRoute, noAddress := outcome == evidence.NoRoute, outcome == evidence.NoFamily; {
	case (noRoute || noAddress) && !hasFamily(remote):
		outcome, detail = evidence.NoFamily, "this machine has no "+familyName(remote)+" address of its own"
	case noAddress:
		outcome, detail = evidence.DialOther, "no local address or port is free for the connection"
	}
	return &DialError{Outcome: outcome, Detail: detail, Err: err}
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

func familyName(a netip.Addr) string {
	if a.Unmap().Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// hasFamily tells whether this machine has an address of the other's family
// that reaches beyond its own link.
func hasFamily(remote netip.Addr) bool {
	if remote.IsLoopback() || remote.IsLinkLocalUnicast() {
		return true
	}
	for _, own := range ownAddresses() {
		if own.Is4() == remote.Unmap().Is4() && own.IsGlobalUnicast() {
			return true
		}
	}
	return false
}

func ownAddress(a netip.Addr) bool {
	for _, own := range ownAddresses() {
		if own == a.Unmap().WithZone("") {
			return true
		}
	}
	return false
}

func ownAddresses() []netip.Addr {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var own []netip.Addr
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own = append(own, p.Addr().Unmap().WithZone(""))
		}
	}
	return own
}
