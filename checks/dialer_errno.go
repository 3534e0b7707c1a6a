//go:build !linux

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
	case errRefused, errReset:
		if remote.IsLoopback() {
			return evidence.Refused, ""
		}
		return evidence.RejectedByICMP, "a reset or an ICMP message: " + systemName + " does not tell which"
	case errTimedOut:
		return evidence.Silent, ""
	case errHostUnreachable, errHostDown:
		return evidence.Unreachable, "host unreachable or prohibited, by ICMP or for want of a neighbour: " + systemName + " does not tell which"
	case errNetUnreachable:
		return evidence.NoRoute, "by this machine's own routes, as far as " + systemName + " tells"
	case errNoAddress, errNoFamily:
		return evidence.NoFamily, ""
	case errAccess, errNotPermitted:
		return evidence.LocalRefusal, "a policy or firewall of this machine"
	}
	return evidence.DialOther, ""
}
