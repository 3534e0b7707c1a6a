package checks

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// dialSystem makes one try. When it fails, the notice is the ICMP message about
// it, or nil: a reset leaves none.
func dialSystem(ctx context.Context, network, address string) (net.Conn, *icmpNotice, error) {
	// net closes its socket before it reports a failure, and the error queue goes
	// with it. A duplicate keeps both until the queue was read.
	dup := -1
	drop := func() {
		if dup >= 0 {
			_ = unix.Close(dup)
			dup = -1
		}
	}
	defer drop()
	d := net.Dialer{
		KeepAlive: -1,
		Control: func(network, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) {
				drop()
				if wantErrors(int(fd), network, 1) != nil {
					return // an old kernel: error numbers have to do
				}
				if got, err := unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0); err == nil {
					dup = got
				}
			})
		},
	}
	conn, err := d.DialContext(ctx, network, address)
	if dup < 0 {
		return conn, nil, err
	}
	if err != nil {
		return nil, readNotice(dup, err), err
	}
	// An open connection must survive a stray ICMP message (RFC 1122, 4.2.3.9).
	_ = wantErrors(dup, familyOf(conn), 0)
	return conn, nil, nil
}

func familyOf(conn net.Conn) string {
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok && a.IP.To4() == nil {
		return "tcp6"
	}
	return "tcp4"
}

func wantErrors(fd int, network string, on int) error {
	if network == "tcp6" {
		return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, on)
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, on)
}

// readNotice looks through the socket's error queue for the message that made
// the try fail, or else for the first one.
func readNotice(fd int, failure error) *icmpNotice {
	var first *icmpNotice
	payload, control := make([]byte, 64), make([]byte, 512)
	for range 16 { // a queue that does not end is someone's flood
		_, n, _, _, err := unix.Recvmsg(fd, payload, control, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err != nil {
			break
		}
		messages, err := unix.ParseSocketControlMessage(control[:n])
		if err != nil {
			continue
		}
		for _, m := range messages {
			if m.Header.Type != unix.IP_RECVERR && m.Header.Type != unix.IPV6_RECVERR {
				continue
			}
			notice, ok := parseExtendedError(m.Data)
			if !ok {
				continue
			}
			if errors.Is(failure, notice.errno) {
				return &notice
			}
			if first == nil {
				first = &notice
			}
		}
	}
	return first
}

// parseExtendedError reads struct sock_extended_err with the offender's address
// behind it (ip(7)). Only errors that came as ICMP messages are of interest.
func parseExtendedError(b []byte) (icmpNotice, bool) {
	const size, originICMP, originICMP6 = 16, 2, 3
	if len(b) < size || b[4] != originICMP && b[4] != originICMP6 {
		return icmpNotice{}, false
	}
	n := icmpNotice{
		v6: b[4] == originICMP6, typ: b[5], code: b[6],
		errno: syscall.Errno(binary.NativeEndian.Uint32(b)),
	}
	offender := b[size:]
	if len(offender) < 2 {
		return n, true
	}
	switch family := binary.NativeEndian.Uint16(offender); {
	case family == unix.AF_INET && len(offender) >= 8:
		n.from = netip.AddrFrom4([4]byte(offender[4:8]))
	case family == unix.AF_INET6 && len(offender) >= 24:
		n.from = netip.AddrFrom16([16]byte(offender[8:24])).Unmap()
	}
	return n, true
}

// classify reads the error number of a failure without an ICMP message.
func classify(err error, _ netip.Addr) (evidence.DialOutcome, string) {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return evidence.DialOther, ""
	}
	switch errno {
	case unix.ECONNREFUSED, unix.ECONNRESET:
		return evidence.Refused, ""
	case unix.ETIMEDOUT:
		return evidence.Silent, ""
	case unix.ENETUNREACH, unix.EHOSTUNREACH, unix.EINVAL: // the last from a route of type blackhole
		return evidence.NoRoute, "this machine's own answer, not ICMP"
	case unix.EADDRNOTAVAIL, unix.EAFNOSUPPORT:
		return evidence.NoFamily, ""
	case unix.EACCES, unix.EPERM:
		return evidence.LocalRefusal, "this machine's own answer, not ICMP"
	}
	return evidence.DialOther, ""
}
