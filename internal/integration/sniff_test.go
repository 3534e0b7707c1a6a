//go:build integration && linux

package integration

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/sys/unix"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// sniffer sees every frame that leaves or crosses a namespace.
type sniffer struct{ fd int }

// sniff begins to record in the namespace, on all its interfaces.
func (n netns) sniff(t *testing.T) sniffer {
	t.Helper()
	var s sniffer
	n.enter(t, func() (err error) {
		all := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, unix.ETH_P_ALL))
		s.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(all))
		return err
	})
	t.Cleanup(func() { _ = unix.Close(s.fd) })
	if err := unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20); err != nil {
		t.Fatal(err)
	}
	return s
}

// account is what a namespace sent, apart from what finds neighbours.
type account struct {
	connections map[netip.AddrPort]map[uint16]int // by destination: SYNs by own port
	questions   map[netip.AddrPort]int            // datagrams, by destination
	streams     map[netip.AddrPort][]byte         // what went over TCP, by destination
	strange     []string                          // anything else
}

// account reads what was recorded since the last call. What a program sent is in
// the socket's queue before the program ends.
func (s sniffer) account(t *testing.T) account {
	t.Helper()
	a := account{map[netip.AddrPort]map[uint16]int{}, map[netip.AddrPort]int{}, map[netip.AddrPort][]byte{}, nil}
	seen := map[string]bool{}
	buf := make([]byte, 64<<10)
	for {
		n, from, err := unix.Recvfrom(s.fd, buf, 0)
		if errors.Is(err, unix.EAGAIN) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if l, ok := from.(*unix.SockaddrLinklayer); ok && l.Pkttype == unix.PACKET_OUTGOING {
			a.add(slices.Clone(buf[:n]), seen)
		}
	}
	stats, err := unix.GetsockoptTpacketStats(s.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil || stats.Drops > 0 {
		t.Fatalf("the record is not whole: %v, %+v", err, stats)
	}
	return a
}

// add takes one frame. Segments that were seen are repetitions.
func (a *account) add(frame []byte, seen map[string]bool) {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.NoCopy)
	var to netip.Addr
	switch ip := p.NetworkLayer().(type) {
	case *layers.IPv4:
		to, _ = netip.AddrFromSlice(ip.DstIP)
	case *layers.IPv6:
		to, _ = netip.AddrFromSlice(ip.DstIP)
	}
	switch l := p.TransportLayer().(type) {
	case *layers.TCP:
		at := netip.AddrPortFrom(to, uint16(l.DstPort))
		key := fmt.Sprint(at, l.SrcPort, l.Seq)
		switch {
		case l.SYN:
			if a.connections[at] == nil {
				a.connections[at] = map[uint16]int{}
			}
			a.connections[at][uint16(l.SrcPort)]++
		case len(l.Payload) > 0 && !seen[key]:
			seen[key] = true
			a.streams[at] = append(a.streams[at], l.Payload...)
		}
		return
	case *layers.UDP:
		a.questions[netip.AddrPortFrom(to, uint16(l.DstPort))]++
		return
	}
	switch l := p.Layer(layers.LayerTypeICMPv4).(type) {
	case *layers.ICMPv4:
		// The kernel says so to a name server whose answer comes when another's
		// was enough.
		if l.TypeCode != layers.CreateICMPv4TypeCode(layers.ICMPv4TypeDestinationUnreachable, layers.ICMPv4CodePort) {
			a.strange = append(a.strange, p.String())
		}
	default:
		if p.Layer(layers.LayerTypeARP) == nil && p.Layer(layers.LayerTypeICMPv6) == nil {
			a.strange = append(a.strange, p.String())
		}
	}
}

// attempts counts connections, each however often its SYN was repeated.
func (a account) attempts() map[netip.AddrPort]int {
	n := map[netip.AddrPort]int{}
	for at, ports := range a.connections {
		n[at] = len(ports)
	}
	return n
}

// pdus are the types of the DCE/RPC PDUs that were sent to an address.
func (a account) pdus(t *testing.T, at string) []dcerpc.PacketType {
	t.Helper()
	b := a.streams[netip.MustParseAddrPort(at)]
	var types []dcerpc.PacketType
	for len(b) > 0 {
		if len(b) < 16 {
			t.Fatalf("%d bytes behind the PDUs to %s", len(b), at)
		}
		size := int(binary.LittleEndian.Uint16(b[8:]))
		if size < 16 || size > len(b) {
			t.Fatalf("a PDU of %d bytes in %d to %s", size, len(b), at)
		}
		types, b = append(types, dcerpc.PacketType(b[2])), b[size:]
	}
	return types
}

// sent words the account as a report does; binds and requests are what the PDUs
// on the wire were found to be.
func (a account) sent(binds, requests map[netip.AddrPort]int) []string {
	dns, tcp, clock := map[netip.AddrPort]int{}, map[netip.AddrPort]int{}, map[netip.AddrPort]int{}
	for at, n := range a.questions {
		switch at.Port() {
		case 53:
			dns[at] += n
		default:
			clock[at] += n
		}
	}
	for at, n := range a.attempts() {
		if at.Port() == 53 {
			dns[at] += n
		} else {
			tcp[at] += n
		}
	}
	bare := func(at netip.AddrPort) string { return at.Addr().String() }
	var lines []string
	for _, kind := range []struct {
		what string
		n    map[netip.AddrPort]int
		name func(netip.AddrPort) string
	}{
		{"DNS question", dns, bare},
		{"TCP connection attempt", tcp, netip.AddrPort.String},
		{"RPC bind", binds, netip.AddrPort.String},
		{"KMS request", requests, netip.AddrPort.String},
		{"SNTP question", clock, bare},
	} {
		total := 0
		var each []string
		for _, at := range slices.SortedFunc(maps.Keys(kind.n), netip.AddrPort.Compare) {
			total += kind.n[at]
			each = append(each, fmt.Sprintf("%d to %s", kind.n[at], kind.name(at)))
		}
		what := kind.what
		if total != 1 {
			what += "s"
		}
		switch len(each) {
		case 0:
		case 1:
			_, to, _ := strings.Cut(each[0], " ")
			lines = append(lines, fmt.Sprintf("%d %s %s", total, what, to))
		default:
			lines = append(lines, fmt.Sprintf("%d %s (%s)", total, what, strings.Join(each, ", ")))
		}
	}
	return lines
}
