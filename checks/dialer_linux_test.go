package checks

import (
	"encoding/binary"
	"net"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// extendedError builds struct sock_extended_err with an offender.
func extendedError(errno syscall.Errno, origin, typ, code uint8, from netip.Addr) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(errno))
	b = append(b, origin, typ, code, 0)
	b = append(b, make([]byte, 8)...)
	switch {
	case from.Is4():
		b = binary.NativeEndian.AppendUint16(b, unix.AF_INET)
		b = append(b, 0, 0)
		b = append(b, from.AsSlice()...)
		return append(b, make([]byte, 8)...)
	case from.Is6():
		b = binary.NativeEndian.AppendUint16(b, unix.AF_INET6)
		b = append(b, make([]byte, 6)...)
		b = append(b, from.AsSlice()...)
		return append(b, make([]byte, 4)...)
	}
	return b
}

func TestParseExtendedError(t *testing.T) {
	v4, v6 := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("2001:db8::1")
	for _, tt := range []struct {
		name string
		raw  []byte
		want icmpNotice
		ok   bool
	}{
		{"IPv4", extendedError(unix.EHOSTUNREACH, 2, 3, 13, v4), icmpNotice{false, 3, 13, v4, unix.EHOSTUNREACH}, true},
		{"IPv6", extendedError(unix.EACCES, 3, 1, 1, v6), icmpNotice{true, 1, 1, v6, unix.EACCES}, true},
		{"no offender", extendedError(unix.ECONNREFUSED, 2, 3, 3, netip.Addr{}), icmpNotice{typ: 3, code: 3, errno: unix.ECONNREFUSED}, true},
		{"cut offender", extendedError(unix.ECONNREFUSED, 2, 3, 3, v4)[:20], icmpNotice{typ: 3, code: 3, errno: unix.ECONNREFUSED}, true},
		{"of local origin", extendedError(unix.EMSGSIZE, 1, 0, 0, v4), icmpNotice{}, false},
		{"cut", extendedError(unix.ECONNREFUSED, 2, 3, 3, v4)[:15], icmpNotice{}, false},
		{"empty", nil, icmpNotice{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := parseExtendedError(tt.raw); got != tt.want || ok != tt.ok {
				t.Errorf("got %+v, %v; want %+v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func FuzzParseExtendedError(f *testing.F) {
	f.Add(extendedError(unix.EHOSTUNREACH, 2, 3, 13, netip.MustParseAddr("10.0.0.1")))
	f.Add(extendedError(unix.EACCES, 3, 1, 1, netip.MustParseAddr("2001:db8::1")))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		n, ok := parseExtendedError(b)
		if ok && (len(b) < 16 || n.typ != b[5] || n.code != b[6]) {
			t.Errorf("%x: %+v", b, n)
		}
	})
}

// TestOpenConnectionIgnoresICMP shows that the error queue is on for the attempt
// alone: with it a stray ICMP message would end an open connection.
func TestOpenConnectionIgnoresICMP(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Skip(err)
		}
		defer func() { _ = l.Close() }()
		conn, err := SystemDialer{}.DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		raw, err := conn.(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		level, option := unix.IPPROTO_IP, unix.IP_RECVERR
		if host == "::1" {
			level, option = unix.IPPROTO_IPV6, unix.IPV6_RECVERR
		}
		var on int
		if e := raw.Control(func(fd uintptr) { on, err = unix.GetsockoptInt(int(fd), level, option) }); e != nil || err != nil || on != 0 {
			t.Errorf("%s: RECVERR is %d (%v, %v)", host, on, e, err)
		}
	}
}
