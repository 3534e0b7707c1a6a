//go:build !linux && !windows

package checks

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// dialSystem makes one try; these systems do not pass ICMP messages on.
func dialSystem(ctx context.Context, network, address string) (net.Conn, *icmpNotice, error) {
	d := net.Dialer{KeepAlive: -1}
	conn, err := d.DialContext(ctx, network, address)
	return conn, nil, err
}

// classify reads the error number of a failure.
func classify(err error, remote netip.Addr) (evidence.DialOutcome, string) {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return evidence.DialOther, ""
	}
	switch errno {
	case syscall.ECONNREFUSED, syscall.ECONNRESET:
		if remote.IsLoopback() {
			return evidence.Refused, ""
		}
		return evidence.RejectedByICMP, "a reset or an ICMP message: this system does not tell which"
	case syscall.ETIMEDOUT:
		return evidence.Silent, ""
	case syscall.EHOSTUNREACH, syscall.EHOSTDOWN:
		return evidence.Unreachable, "host unreachable or prohibited, by ICMP or for want of a neighbour: this system does not tell which"
	case syscall.ENETUNREACH:
		return evidence.NoRoute, "by this machine's own routes, as far as the system tells"
	case syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT:
		return evidence.NoFamily, ""
	case syscall.EACCES, syscall.EPERM:
		return evidence.LocalRefusal, "a policy or firewall of this machine"
	}
	return evidence.DialOther, ""
}
