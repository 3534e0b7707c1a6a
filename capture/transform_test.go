package capture_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/report"
)

// transform changes a capture packet by packet; packets that it drops are gone.
type transform func(i int, p capture.Packet) []capture.Packet

// ethernet returns the IP packet of an Ethernet frame, and the TCP segment in
// it; nil for other frames.
func ethernet(b []byte) (ip, tcp []byte) {
	if len(b) < 54 || b[12] != 8 || b[13] != 0 || b[23] != 6 {
		return nil, nil
	}
	ip = b[14:min(14+int(binary.BigEndian.Uint16(b[16:])), len(b))]
	return ip, ip[int(ip[0]&15)*4:]
}

// relink puts IP packets into another link layer.
func relink(link capture.LinkType, head ...byte) transform {
	return func(_ int, p capture.Packet) []capture.Packet {
		ip, _ := ethernet(p.Data)
		if ip == nil {
			return nil
		}
		p.Link, p.Data = link, append(append([]byte{}, head...), ip...)
		p.Wire = len(p.Data)
		return []capture.Packet{p}
	}
}

// tags puts VLAN tags into frames.
func tags(t ...byte) transform {
	return func(_ int, p capture.Packet) []capture.Packet {
		p.Data = append(append(append([]byte{}, p.Data[:12]...), t...), p.Data[12:]...)
		p.Wire = len(p.Data)
		return []capture.Packet{p}
	}
}

// fragment cuts IPv4 packets into pieces of n bytes, the last one first.
func fragment(n int) transform {
	return func(i int, p capture.Packet) []capture.Packet {
		ip, _ := ethernet(p.Data)
		if ip == nil {
			return []capture.Packet{p}
		}
		body := ip[20:]
		var out []capture.Packet
		for at := 0; at < len(body); at += n {
			end := min(at+n, len(body))
			b := append(append([]byte{}, p.Data[:34]...), body[at:end]...)
			binary.BigEndian.PutUint16(b[16:], uint16(20+end-at))
			binary.BigEndian.PutUint16(b[18:], uint16(i))
			flags := uint16(at / 8)
			if end < len(body) {
				flags |= 0x2000
			}
			binary.BigEndian.PutUint16(b[20:], flags)
			q := p
			q.Data, q.Wire = b, len(b)
			out = append([]capture.Packet{q}, out...)
		}
		return out
	}
}

// shift moves all sequence numbers so that they wrap within the connections.
func shift(by uint32) transform {
	return func(_ int, p capture.Packet) []capture.Packet {
		p.Data = append([]byte{}, p.Data...)
		_, tcp := ethernet(p.Data)
		if tcp == nil {
			return []capture.Packet{p}
		}
		client := binary.BigEndian.Uint16(tcp[2:]) == 1688
		move := func(at int, mine bool) {
			if mine == client {
				binary.BigEndian.PutUint32(tcp[at:], binary.BigEndian.Uint32(tcp[at:])+by)
			}
		}
		move(4, true)
		move(8, false)
		return []capture.Packet{p}
	}
}

// copies records every frame several times, as "any" does on a bridge.
func copies(n int) transform {
	return func(_ int, p capture.Packet) []capture.Packet {
		var out []capture.Packet
		for i := range n {
			q := p
			q.Data = append([]byte{}, p.Data...)
			q.Data[0] = byte(i)
			out = append(out, q)
		}
		return out
	}
}

// direction keeps what one side sent, or drops it.
func direction(client bool) transform {
	return func(_ int, p capture.Packet) []capture.Packet {
		_, tcp := ethernet(p.Data)
		if tcp == nil || (binary.BigEndian.Uint16(tcp[2:]) == 1688) != client {
			return nil
		}
		return []capture.Packet{p}
	}
}

// port moves KMS to another port.
func port(n uint16) transform {
	return func(_ int, p capture.Packet) []capture.Packet {
		p.Data = append([]byte{}, p.Data...)
		if _, tcp := ethernet(p.Data); tcp != nil {
			for _, at := range []int{0, 2} {
				if binary.BigEndian.Uint16(tcp[at:]) == 1688 {
					binary.BigEndian.PutUint16(tcp[at:], n)
				}
			}
		}
		return []capture.Packet{p}
	}
}

// snap cuts packets.
func snap(n int) transform {
	return func(_ int, p capture.Packet) []capture.Packet {
		p.Data = p.Data[:min(n, len(p.Data))]
		return []capture.Packet{p}
	}
}

// skipHandshake drops the packets before the first request of the capture.
func skipFirst(n int) transform {
	return func(i int, p capture.Packet) []capture.Packet {
		if i < n {
			return nil
		}
		return []capture.Packet{p}
	}
}

// messages reads a capture through a transform and describes its exchanges.
func messages(t *testing.T, name string, change transform) []string {
	t.Helper()
	packets, err := readAll(t, name, load(t, name))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	a := capture.New(capture.Options{Records: func(records []capture.Record, _ []byte) {
		for _, r := range records {
			if r.Exchange == nil {
				continue
			}
			var l map[string]any
			if err := json.Unmarshal(report.AppendRecord(nil, r), &l); err != nil {
				t.Error(err)
			}
			out = append(out, fmt.Sprint(l["call_id"], l["outcome"], l["hresult"], l["cmid"], l["workstation"], l["count"], l["epid"], l["failed_checks"], l["syntax"]))
		}
	}})
	a.Begin(name)
	n := int64(0)
	for i, p := range packets {
		for _, q := range change(i, p) {
			n++
			q.Number = n
			a.Feed(&q)
		}
	}
	a.Close()
	return out
}

func TestTransformedCaptures(t *testing.T) {
	same := func(_ int, p capture.Packet) []capture.Packet { return []capture.Packet{p} }
	for _, name := range []string{"v4_loopback.pcap", "reuse_v6_ndr64_n12.pcap", "reuse_v5_ndr32_n40.pcap", "tiny_mss_88.pcap", "rpc_fragments.pcap", "refused_c004f042.pcap", "port_reuse_same_tuple.pcap"} {
		want := strings.Join(messages(t, name, same), "\n")
		if want == "" {
			t.Fatal(name, "has no exchanges")
		}
		for what, change := range map[string]transform{
			"raw IP":          relink(capture.LinkRaw),
			"BSD loopback":    relink(capture.LinkNull, 2, 0, 0, 0),
			"Linux cooked v1": relink(capture.LinkSLL, 0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0),
			"QinQ":            tags(0x88, 0xa8, 0, 200, 0x81, 0, 0, 31),
			"IP fragments":    fragment(64),
			"every frame 3x":  copies(3),
			"port 443":        port(443),
		} {
			if got := strings.Join(messages(t, name, change), "\n"); got != want {
				t.Errorf("%s, %s:\n%s\nwant:\n%s", name, what, got, want)
			}
		}
		for by := range uint32(8) {
			if got := strings.Join(messages(t, name, shift(by<<29)), "\n"); got != want {
				t.Errorf("%s, sequence numbers moved by %d<<29:\n%s\nwant:\n%s", name, by, got, want)
			}
		}
		if got := messages(t, name, snap(128)); len(got) > 0 && !strings.Contains(name, "tiny") && !strings.Contains(name, "fragments") {
			t.Errorf("%s, cut to 128 bytes: %q", name, got)
		}
	}
}

func TestHalfOfAConversation(t *testing.T) {
	const name = "reuse_v6_ndr64_n12.pcap"
	for _, x := range messages(t, name, direction(true)) {
		if !strings.Contains(x, "unanswered") {
			t.Errorf("requests alone: %s", x)
		}
	}
	answers := messages(t, name, direction(false))
	if len(answers) != 12 {
		t.Errorf("%d answers alone, want 12", len(answers))
	}
	for _, x := range answers {
		if !strings.Contains(x, "response_only") || !strings.Contains(x, "0x00000000") || !strings.Contains(x, "03612-") {
			t.Errorf("answers alone: %s", x)
		}
	}
	// From the middle of the connection on: the handshake and the bind are
	// missing, and the first exchange in part.
	for n := 3; n < 14; n++ {
		got := messages(t, name, skipFirst(n))
		if len(got) < 9 || strings.Contains(strings.Join(got, ""), "invalid") {
			t.Errorf("from packet %d on: %d exchanges: %q", n, len(got), got)
		}
	}
}

// TestDNSOverTCP moves look-ups from UDP to TCP, the length cut off from the
// message.
func TestDNSOverTCP(t *testing.T) {
	const name = "dns_no_srv.pcap"
	_, want := analyze(t, corpus+"/"+name)
	packets, err := readAll(t, name, load(t, name))
	if err != nil {
		t.Fatal(err)
	}
	a := capture.New(capture.Options{})
	a.Begin(name)
	var seq [2]uint32
	var n int64
	send := func(p capture.Packet, payload []byte) {
		n++
		side := 0
		if binary.BigEndian.Uint16(p.Data[34:]) == 53 {
			side = 1
		}
		b := append([]byte{}, p.Data[:34]...)
		b[23] = 6
		binary.BigEndian.PutUint16(b[16:], uint16(40+len(payload)))
		tcp := make([]byte, 20)
		binary.BigEndian.PutUint16(tcp, []uint16{40000, 53}[side])
		binary.BigEndian.PutUint16(tcp[2:], []uint16{53, 40000}[side])
		binary.BigEndian.PutUint32(tcp[4:], seq[side])
		tcp[12], tcp[13] = 0x50, 0x10
		seq[side] += uint32(len(payload))
		b = append(append(b, tcp...), payload...)
		a.Feed(&capture.Packet{Number: n, Time: p.Time, Link: p.Link, Wire: len(b), Data: b})
	}
	for _, p := range packets {
		dns := p.Data[42:]
		send(p, []byte{byte(len(dns) >> 8)})
		send(p, append([]byte{byte(len(dns))}, dns[:5]...))
		send(p, dns[5:])
	}
	if got := a.Close(); got.Counters.DNS != want.Counters.DNS || want.Counters.DNS == 0 {
		t.Errorf("%d look-ups over TCP, %d over UDP", got.Counters.DNS, want.Counters.DNS)
	}
}

// TestLostPackets drops each packet of a conversation in turn: the other
// exchanges are still there.
func TestLostPackets(t *testing.T) {
	const name = "reuse_v6_ndr64_n12.pcap"
	for lost := range 36 {
		got := messages(t, name, func(i int, p capture.Packet) []capture.Packet {
			if i == lost {
				return nil
			}
			return []capture.Packet{p}
		})
		ok := 0
		for _, x := range got {
			if strings.Contains(x, "ok") {
				ok++
			}
		}
		if ok < 11 {
			t.Errorf("without packet %d: %d good exchanges of 12: %q", lost+1, ok, got)
		}
	}
}
