package capture

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"golang.org/x/net/bpf"
)

// tcpBytes is a TCP segment from port 50000 to 1688.
func tcpBytes(payload string) []byte {
	b := make([]byte, 20, 20+len(payload))
	binary.BigEndian.PutUint16(b, 50000)
	binary.BigEndian.PutUint16(b[2:], 1688)
	b[12], b[13] = 5<<4, flagACK
	return append(b, payload...)
}

func ip4(payload []byte, options int) []byte {
	b := make([]byte, 20+options)
	b[0], b[8], b[9] = 4<<4|byte(5+options/4), 64, protoTCP
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)+len(payload)))
	copy(b[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	return append(b, payload...)
}

func ip6(next byte, payload []byte) []byte {
	b := make([]byte, 40)
	b[0], b[6], b[7] = 6<<4, next, 64
	binary.BigEndian.PutUint16(b[4:], uint16(len(payload)))
	b[8], b[23], b[24], b[39] = 0xfd, 1, 0xfd, 2
	return append(b, payload...)
}

func ether(kind uint16, payload []byte, tags ...uint16) []byte {
	b := make([]byte, 12)
	for i, tag := range tags {
		tpid := uint16(0x8100)
		if i+1 < len(tags) {
			tpid = 0x88a8
		}
		b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, tpid), tag)
	}
	return append(binary.BigEndian.AppendUint16(b, kind), payload...)
}

func TestLayers(t *testing.T) {
	segment := tcpBytes("hello")
	v4, v6 := ip4(segment, 0), ip6(protoTCP, segment)
	extended := ip6(0, append([]byte{60, 0, 0, 0, 0, 0, 0, 0, protoTCP, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, segment...))
	atomic := ip6(44, append([]byte{protoTCP, 0, 0, 0, 0, 0, 0, 9}, segment...))
	sll := append(append(make([]byte, 14), 0x08, 0x00), v4...)
	sll2 := append(append([]byte{0x86, 0xdd}, make([]byte, 18)...), v6...)
	sllTagged := append(append(make([]byte, 14), 0x81, 0x00), append([]byte{0, 9, 8, 0}, v4...)...)
	for _, tt := range []struct {
		name string
		link LinkType
		b    []byte
		tags []uint16
	}{
		{"Ethernet", LinkEthernet, ether(etherIPv4, v4), nil},
		{"Ethernet with padding", LinkEthernet, append(ether(etherIPv4, v4), 0, 0, 0), nil},
		{"802.1Q", LinkEthernet, ether(etherIPv4, v4, 110), []uint16{110}},
		{"QinQ", LinkEthernet, ether(etherIPv6, v6, 200, 31), []uint16{200, 31}},
		{"IPv4 options", LinkEthernet, ether(etherIPv4, ip4(segment, 12)), nil},
		{"IPv6 extension headers", LinkEthernet, ether(etherIPv6, extended), nil},
		{"IPv6 atomic fragment", LinkEthernet, ether(etherIPv6, atomic), nil},
		{"SLL", LinkSLL, sll, nil},
		{"SLL with a tag", LinkSLL, sllTagged, []uint16{9}},
		{"SLL2", LinkSLL2, sll2, nil},
		{"raw IPv4", LinkRaw, v4, nil},
		{"raw IPv6", LinkIPv6, v6, nil},
		{"raw, another number", LinkRawBSD, v6, nil},
		{"BSD loopback", LinkNull, append([]byte{2, 0, 0, 0}, v4...), nil},
		{"BSD loopback of a big-endian machine", LinkNull, append([]byte{0, 0, 0, 2}, v4...), nil},
		{"BSD loopback, IPv6 of macOS", LinkNull, append([]byte{30, 0, 0, 0}, v6...), nil},
		{"OpenBSD loopback", LinkLoop, append([]byte{0, 0, 0, 24}, v6...), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var f frame
			var parts fragments
			b, kind, why := f.link(tt.link, tt.b)
			if why == taken {
				why = f.network(b, kind, 0, 0, &parts)
			}
			if why != taken || f.proto != protoTCP || !bytes.Equal(f.payload, segment) || f.wire != len(segment) {
				t.Errorf("reason %d, protocol %d, %q of %d bytes", why, f.proto, f.payload, f.wire)
			}
			if len(tt.tags) != f.tagged || tt.tags != nil && !bytes.Equal(tagBytes(tt.tags), tagBytes(f.tags[:f.tagged])) {
				t.Errorf("tags %v, want %v", f.tags[:f.tagged], tt.tags)
			}
			for n := range tt.b { // no prefix is more than cut, and none panics
				var f frame
				if b, kind, why := f.link(tt.link, tt.b[:n]); why == taken {
					f.network(b, kind, len(tt.b)-n, 0, &parts)
				}
			}
		})
	}
}

func tagBytes(tags []uint16) (b []byte) {
	for _, t := range tags {
		b = binary.BigEndian.AppendUint16(b, t)
	}
	return b
}

func TestIPv6Fragments(t *testing.T) {
	segment := tcpBytes("a payload that is cut into pieces of sixteen bytes")
	var parts fragments
	var done []byte
	for at := len(segment) &^ 15; at >= 0; at -= 16 {
		end := min(at+16, len(segment))
		head := []byte{protoTCP, 0, byte(at >> 8), byte(at), 1, 2, 3, 4}
		if end < len(segment) {
			head[3] |= 1
		}
		// A destination options header stands before the fragment header.
		b := ip6(60, append(append([]byte{44, 0, 0, 0, 0, 0, 0, 0}, head...), segment[at:end]...))
		var f frame
		switch why := f.network(b, etherIPv6, 0, 0, &parts); why {
		case taken:
			done = f.payload
			if f.proto != protoTCP || !f.fragment {
				t.Errorf("protocol %d, from fragments: %v", f.proto, f.fragment)
			}
		case incomplete:
		default:
			t.Fatalf("reason %d", why)
		}
	}
	if !bytes.Equal(done, segment) {
		t.Errorf("%q, want %q", done, segment)
	}
}

// FuzzLayers compares the layers taken off with what gopacket takes off, where
// both understand the packet.
func FuzzLayers(f *testing.F) {
	segment := tcpBytes("hello")
	f.Add(ether(etherIPv4, ip4(segment, 0)))
	f.Add(ether(etherIPv6, ip6(protoTCP, segment), 7))
	f.Add(ether(etherIPv4, ip4(segment, 8), 1, 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		var fr frame
		var parts fragments
		rest, kind, why := fr.link(LinkEthernet, b)
		if why == taken {
			why = fr.network(rest, kind, 0, 0, &parts)
		}
		if len(fr.payload) > 1<<16 || fr.wire < 0 {
			t.Fatalf("payload of %d bytes, %d on the wire", len(fr.payload), fr.wire)
		}
		if why != taken || fr.proto != protoTCP || fr.wire != len(fr.payload) || kind != etherIPv4 {
			return
		}
		p := gopacket.NewPacket(b, layers.LayerTypeEthernet, gopacket.NoCopy)
		ip, _ := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		if p.ErrorLayer() != nil || ip == nil || p.Metadata().Truncated {
			return
		}
		if !bytes.Equal(ip.Payload, fr.payload) || !ip.SrcIP.Equal(net.IP(fr.src.netip().AsSlice())) {
			t.Errorf("payload %x from %s, gopacket says %x from %s", fr.payload, fr.src.netip(), ip.Payload, ip.SrcIP)
		}
	})
}

func TestFilterLetsKMSPass(t *testing.T) {
	run := func(link LinkType, o LiveOptions, b []byte) bool {
		t.Helper()
		raw, err := filter(link, o)
		if err != nil {
			t.Fatal(err)
		}
		prog, ok := bpf.Disassemble(raw)
		if !ok {
			t.Fatal("the filter does not disassemble")
		}
		vm, err := bpf.NewVM(prog)
		if err != nil {
			t.Fatal(err)
		}
		n, err := vm.Run(b)
		if err != nil {
			t.Fatal(err)
		}
		return n > 0
	}
	kms := LiveOptions{Ports: []uint16{1688, 17688}}
	port := func(b []byte, source, destination uint16) []byte {
		b = bytes.Clone(b)
		binary.BigEndian.PutUint16(b, source)
		binary.BigEndian.PutUint16(b[2:], destination)
		return b
	}
	web := port(tcpBytes("x"), 50000, 443)
	udp := func(b []byte) []byte { b[9] = protoUDP; return b }
	icmp := func(kind byte) []byte { b := ip4([]byte{kind, 1, 0, 0, 0, 0, 0, 0}, 0); b[9] = protoICMP; return b }
	later := ip4(tcpBytes("x"), 0)
	later[7] = 9
	for _, tt := range []struct {
		name string
		link LinkType
		o    LiveOptions
		b    []byte
		want bool
	}{
		{"to the port", LinkEthernet, kms, ether(etherIPv4, ip4(tcpBytes("x"), 0)), true},
		{"from another KMS port", LinkEthernet, kms, ether(etherIPv4, ip4(port(tcpBytes("x"), 17688, 1), 0)), true},
		{"with IP options", LinkEthernet, kms, ether(etherIPv4, ip4(tcpBytes("x"), 20)), true},
		{"IPv6", LinkEthernet, kms, ether(etherIPv6, ip6(protoTCP, tcpBytes("x"))), true},
		{"VLAN", LinkEthernet, kms, ether(etherIPv4, ip4(tcpBytes("x"), 0), 5), true},
		{"QinQ", LinkEthernet, kms, ether(etherIPv6, ip6(protoTCP, tcpBytes("x")), 5, 6), true},
		{"web", LinkEthernet, kms, ether(etherIPv4, ip4(web, 0)), false},
		{"web, tagged", LinkEthernet, kms, ether(etherIPv4, ip4(web, 0), 5), false},
		{"web over IPv6", LinkEthernet, kms, ether(etherIPv6, ip6(protoTCP, web)), false},
		{"all TCP", LinkEthernet, LiveOptions{AllTCP: true}, ether(etherIPv4, ip4(web, 0)), true},
		{"DNS", LinkEthernet, kms, ether(etherIPv4, udp(ip4(port(tcpBytes(""), 50000, 53), 0))), true},
		{"other UDP", LinkEthernet, kms, ether(etherIPv4, udp(ip4(web, 0))), false},
		{"ICMP unreachable", LinkEthernet, kms, ether(etherIPv4, icmp(3)), true},
		{"ping", LinkEthernet, kms, ether(etherIPv4, icmp(8)), false},
		{"a later fragment", LinkEthernet, kms, ether(etherIPv4, later), true},
		{"extension header", LinkEthernet, kms, ether(etherIPv6, ip6(0, make([]byte, 30))), true},
		{"ARP", LinkEthernet, kms, ether(0x0806, make([]byte, 40)), false},
		{"raw", LinkRaw, kms, ip4(tcpBytes("x"), 0), true},
		{"raw web", LinkRaw, kms, ip4(web, 0), false},
		{"loopback", LinkNull, kms, append([]byte{30, 0, 0, 0}, ip6(protoTCP, tcpBytes("x"))...), true},
	} {
		if got := run(tt.link, tt.o, tt.b); got != tt.want {
			t.Errorf("%s: passes %v, want %v", tt.name, got, tt.want)
		}
	}
	if _, err := filter(LinkType(147), kms); err == nil {
		t.Error("a filter for an unknown link type")
	}
}
