package checks

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/windows"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// dialSystem makes one try; Windows does not pass ICMP messages on.
func dialSystem(ctx context.Context, network, address string) (net.Conn, *icmpNotice, error) {
	d := net.Dialer{KeepAlive: -1}
	conn, err := d.DialContext(ctx, network, address)
	return conn, nil, err
}

// classify reads the Winsock error number of a failure.
func classify(err error, remote netip.Addr) (evidence.DialOutcome, string) {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return evidence.DialOther, ""
	}
	switch errno {
	case windows.WSAECONNREFUSED, windows.WSAECONNRESET:
		if remote.IsLoopback() {
			return evidence.Refused, ""
		}
		return evidence.RejectedByICMP, "a reset or an ICMP message: Windows does not tell which"
	case windows.WSAETIMEDOUT:
		return evidence.Silent, ""
	case windows.WSAEHOSTUNREACH, windows.WSAEHOSTDOWN:
		return evidence.Unreachable, "host unreachable or prohibited, by ICMP or for want of a neighbour: Windows does not tell which"
	case windows.WSAENETUNREACH:
		return evidence.NoRoute, "by this machine's own routes, as far as Windows tells"
	case windows.WSAEADDRNOTAVAIL, windows.WSAEAFNOSUPPORT:
		return evidence.NoFamily, ""
	case windows.WSAEACCES:
		return evidence.LocalRefusal, "a policy or firewall of this machine"
	}
	return evidence.DialOther, ""
}
