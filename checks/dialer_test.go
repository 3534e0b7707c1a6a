package checks

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// closedPort returns an address on which nobody listens.
func closedPort(t *testing.T, host string) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Skip(err)
	}
	addr := l.Addr().(*net.TCPAddr).AddrPort()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return addr
}

func TestSystemDialerRefused(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1"} {
		t.Run(strings.ReplaceAll(host, ":", "_"), func(t *testing.T) {
			_, err := SystemDialer{}.DialContext(t.Context(), "tcp", closedPort(t, host).String())
			var e *DialError
			if !errors.As(err, &e) || e.Outcome != evidence.Refused || e.ICMP != "" {
				t.Errorf("got %#v, want a reset and no ICMP message", err)
			}
		})
	}
}

func TestSystemDialerOpen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	before := openFiles(t)
	for range 8 {
		conn, err := SystemDialer{}.DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		far, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if n, err := far.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("the peer read %d bytes and %v, want the end: a duplicate keeps the connection open", n, err)
		}
		_ = far.Close()
	}
	if after := openFiles(t); after > before+2 {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// openFiles counts this process's descriptors where the system lists them.
func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

func TestSystemDialerWantsLiteral(t *testing.T) {
	for _, address := range []string{"localhost:1688", "127.0.0.1", "", "127.0.0.1:http"} {
		_, err := SystemDialer{}.DialContext(t.Context(), "tcp", address)
		var e *DialError
		if !errors.As(err, &e) || e.Outcome != evidence.DialOther {
			t.Errorf("%q: got %v", address, err)
		}
	}
}

func TestSystemDialerCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := SystemDialer{}.DialContext(ctx, "tcp", "127.0.0.1:1")
	var e *DialError
	if !errors.As(err, &e) || e.Outcome != evidence.Cancelled || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestICMPOutcome(t *testing.T) {
	for _, tt := range []struct {
		notice icmpNotice
		want   evidence.DialOutcome
		text   string
	}{
		{icmpNotice{typ: 3, code: 0}, evidence.Unreachable, "3/0"},
		{icmpNotice{typ: 3, code: 1, from: netip.MustParseAddr("10.0.0.1")}, evidence.Unreachable, "3/1 from 10.0.0.1"},
		{icmpNotice{typ: 3, code: 2}, evidence.Unreachable, "3/2"},
		{icmpNotice{typ: 3, code: 3}, evidence.PortUnreachable, "3/3"},
		{icmpNotice{typ: 3, code: 9}, evidence.Prohibited, "3/9"},
		{icmpNotice{typ: 3, code: 10}, evidence.Prohibited, "3/10"},
		{icmpNotice{typ: 3, code: 13}, evidence.Prohibited, "3/13"},
		{icmpNotice{typ: 11, code: 0}, evidence.Unreachable, "11/0"},
		{icmpNotice{v6: true, typ: 1, code: 0}, evidence.Unreachable, "1/0"},
		{icmpNotice{v6: true, typ: 1, code: 1, from: netip.MustParseAddr("2001:db8::1")}, evidence.Prohibited, "1/1 from 2001:db8::1"},
		{icmpNotice{v6: true, typ: 1, code: 3}, evidence.Unreachable, "1/3"},
		{icmpNotice{v6: true, typ: 1, code: 4}, evidence.PortUnreachable, "1/4"},
		{icmpNotice{v6: true, typ: 1, code: 5}, evidence.Prohibited, "1/5"},
		{icmpNotice{v6: true, typ: 1, code: 6}, evidence.Prohibited, "1/6"},
		{icmpNotice{v6: true, typ: 3, code: 0}, evidence.Unreachable, "3/0"},
	} {
		if got := tt.notice.outcome(); got != tt.want || tt.notice.String() != tt.text {
			t.Errorf("%+v: got %s, %q; want %s, %q", tt.notice, got, tt.notice, tt.want, tt.text)
		}
	}
}

func TestExplainDial(t *testing.T) {
	remote := netip.MustParseAddr("192.0.2.9")
	refused := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	late := &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
	port := &icmpNotice{typ: 3, code: 3, from: remote, errno: syscall.ECONNREFUSED}
	admin := &icmpNotice{typ: 3, code: 13, from: remote, errno: syscall.EHOSTUNREACH}
	rejected := evidence.RejectedByICMP // where the system cannot tell
	if runtime.GOOS == "linux" {
		rejected = evidence.Refused
	}
	blackhole := evidence.DialOther
	if runtime.GOOS == "linux" {
		blackhole = evidence.NoRoute
	}
	for _, tt := range []struct {
		name   string
		notice *icmpNotice
		err    error
		want   evidence.DialOutcome
		icmp   string
	}{
		{"reset", nil, refused, rejected, ""},
		{"port unreachable", port, refused, evidence.PortUnreachable, "3/3 from 192.0.2.9"},
		{"a notice that did not decide", admin, refused, rejected, ""},
		{"a notice before silence", admin, late, evidence.Prohibited, "3/13 from 192.0.2.9"},
		{"silence", nil, late, evidence.Silent, ""},
		{"the context's limit", nil, context.DeadlineExceeded, evidence.Silent, ""},
		{"a blackhole route", nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EINVAL)}, blackhole, ""},
		{"anything else", nil, errors.New("out of luck"), evidence.DialOther, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := explainDial(t.Context(), remote, tt.notice, tt.err)
			if e.Outcome != tt.want || e.ICMP != tt.icmp || !errors.Is(e, tt.err) {
				t.Errorf("got %s (%q), want %s (%q)", e.Outcome, e.ICMP, tt.want, tt.icmp)
			}
			if !strings.Contains(e.Error(), string(tt.want)) || !strings.Contains(e.Error(), tt.icmp) {
				t.Errorf("error text %q", e)
			}
		})
	}
}

func TestHasFamily(t *testing.T) {
	if !hasFamily(netip.MustParseAddr("127.0.0.1")) || !hasFamily(netip.MustParseAddr("::1")) {
		t.Error("loopback is always there")
	}
	if ownAddress(netip.MustParseAddr("192.0.2.200")) {
		t.Error("a documentation address is not this machine's")
	}
	if !ownAddress(netip.MustParseAddr("127.0.0.1")) {
		t.Error("127.0.0.1 is this machine's")
	}
}
