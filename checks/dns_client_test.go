package checks

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// dnsServer runs a real DNS server on one UDP and TCP port of loopback.
func dnsServer(t *testing.T, handle dns.HandlerFunc) netip.AddrPort {
	t.Helper()
	for range 20 {
		packets, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", packets.LocalAddr().String())
		if err != nil { // the TCP port of this number is taken
			_ = packets.Close()
			continue
		}
		for _, s := range []*dns.Server{{PacketConn: packets, Handler: handle}, {Listener: listener, Handler: handle}} {
			done := make(chan struct{})
			started := make(chan struct{})
			s.NotifyStartedFunc = func() { close(started) }
			go func() { defer close(done); _ = s.ActivateAndServe() }()
			<-started
			t.Cleanup(func() { _ = s.Shutdown(); <-done })
		}
		return packets.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	t.Fatal("no port that is free for UDP and TCP")
	return netip.AddrPort{}
}

// rawUDP answers each datagram with what reply makes of it.
func rawUDP(t *testing.T, reply func(question []byte) [][]byte) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			for _, answer := range reply(b[:n]) {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func askReal(t *testing.T, server netip.AddrPort, q question) dnsReply {
	t.Helper()
	env := &Env{DNS: NewExchanger()}
	if q.name == "" {
		q.name, q.qtype = "_vlmcs._tcp.corp.example", dns.TypeSRV
	}
	return askDNS(t.Context(), Ask{Env: env}, q, server)
}

func srvRecord(n int) dns.RR {
	rr, err := dns.NewRR(fmt.Sprintf("_vlmcs._tcp.corp.example. 60 IN SRV 0 0 1688 kms%02d.corp.example.", n))
	if err != nil {
		panic(err)
	}
	return rr
}

func TestExchangeWithARealServer(t *testing.T) {
	verifyNoLeak(t)
	for _, c := range []struct {
		name    string
		handle  func(m *dns.Msg, q *dns.Msg, tcp bool)
		outcome evidence.DNSOutcome
		records int
		tcp     bool
	}{
		{"answers", func(m, _ *dns.Msg, _ bool) { m.Answer = append(m.Answer, srvRecord(1)) }, evidence.DNSAnswered, 1, false},
		{"has no data", func(_, _ *dns.Msg, _ bool) {}, evidence.DNSNoData, 0, false},
		{"knows no such name", func(m, _ *dns.Msg, _ bool) { m.Rcode = dns.RcodeNameError }, evidence.DNSNoName, 0, false},
		{"fails", func(m, _ *dns.Msg, _ bool) { m.Rcode = dns.RcodeServerFailure }, evidence.DNSServFail, 0, false},
		{"refuses", func(m, _ *dns.Msg, _ bool) { m.Rcode = dns.RcodeRefused }, evidence.DNSRefused, 0, false},
		{"refuses without the question", func(m, _ *dns.Msg, _ bool) { m.Rcode, m.Question = dns.RcodeRefused, nil }, evidence.DNSRefused, 0, false},
		{"does not implement", func(m, _ *dns.Msg, _ bool) { m.Rcode = dns.RcodeNotImplemented }, evidence.DNSOther, 0, false},
		{"cuts", func(m, _ *dns.Msg, tcp bool) {
			for i := range 60 {
				m.Answer = append(m.Answer, srvRecord(i))
			}
			if !tcp {
				m.Truncate(dns.MinMsgSize)
			}
		}, evidence.DNSAnswered, 60, true},
		{"sends more than may be", func(m, _ *dns.Msg, _ bool) {
			for i := range 60 {
				m.Answer = append(m.Answer, srvRecord(i))
			}
		}, evidence.DNSAnswered, 60, false},
		{"sends a large datagram", func(m, _ *dns.Msg, tcp bool) {
			for i := range 200 {
				m.Answer = append(m.Answer, srvRecord(i))
			}
		}, evidence.DNSAnswered, 200, true},
		{"sends records without end", func(m, _ *dns.Msg, _ bool) {
			for i := range 800 {
				m.Answer = append(m.Answer, srvRecord(i))
			}
			m.Ns, m.Extra = m.Answer[:8], m.Answer[:8]
		}, evidence.DNSAnswered, maxRecords + 1, true},
		{"answers another question", func(m, _ *dns.Msg, _ bool) {
			m.Question[0].Name = "_vlmcs._tcp.evil.example."
			m.Answer = append(m.Answer, srvRecord(1))
		}, evidence.DNSMalformed, 0, false},
		{"asks back", func(m, _ *dns.Msg, _ bool) { m.Response = false }, evidence.DNSMalformed, 0, false},
		{"repeats no question", func(m, _ *dns.Msg, _ bool) { m.Question = nil }, evidence.DNSMalformed, 0, false},
		{"spells it in capitals", func(m, _ *dns.Msg, _ bool) {
			m.Question[0].Name = strings.ToUpper(m.Question[0].Name)
			m.Answer = append(m.Answer, srvRecord(1))
		}, evidence.DNSAnswered, 1, false},
		{"follows aliases", func(m, _ *dns.Msg, _ bool) {
			for i, text := range []string{
				"_vlmcs._tcp.corp.example. 60 IN CNAME a.example.", "a.example. 60 IN CNAME B.example.", "b.example. 60 IN SRV 0 0 1688 kms01.corp.example.",
			} {
				rr, err := dns.NewRR(text)
				if err != nil {
					panic(fmt.Sprint(i, err))
				}
				m.Answer = append(m.Answer, rr)
			}
		}, evidence.DNSAnswered, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := dnsServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
				m := new(dns.Msg)
				m.SetReply(q)
				_, tcp := w.RemoteAddr().(*net.TCPAddr)
				c.handle(m, q, tcp)
				_ = w.WriteMsg(m)
			})
			r := askReal(t, server, question{})
			if r.outcome != c.outcome || len(r.records) != c.records || r.tcp != c.tcp {
				t.Errorf("%s (%s), %d records, tcp %t; want %s, %d, %t", r.outcome, r.detail, len(r.records), r.tcp, c.outcome, c.records, c.tcp)
			}
			if c.name == "follows aliases" && strings.Join(r.cnames, " ") != "a.example B.example" {
				t.Errorf("aliases %q", r.cnames)
			}
		})
	}
}

func TestPlainQuestionCarriesNoOPT(t *testing.T) {
	sizes := make(chan uint16, 2)
	server := dnsServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
		size := uint16(0)
		if opt := q.IsEdns0(); opt != nil {
			size = opt.UDPSize()
		}
		sizes <- size
		m := new(dns.Msg)
		_ = w.WriteMsg(m.SetReply(q))
	})
	askReal(t, server, question{})
	askReal(t, server, question{name: "corp.example", qtype: dns.TypeA, edns: true})
	if plain, with := <-sizes, <-sizes; plain != 0 || with != ednsSize {
		t.Errorf("UDP sizes %d and %d, want none and %d", plain, with, ednsSize)
	}
}

func TestDatagramsThatAreNoAnswer(t *testing.T) {
	verifyNoLeak(t)
	good := func(question []byte) []byte {
		var q, m dns.Msg
		if q.Unpack(question) != nil {
			return nil
		}
		m.SetReply(&q)
		m.Answer = append(m.Answer, srvRecord(1))
		b, _ := m.Pack()
		return b
	}
	withID := func(question []byte, rest string) []byte { return append(question[:2:2], rest...) }
	for _, c := range []struct {
		name    string
		reply   func([]byte) [][]byte
		outcome evidence.DNSOutcome
	}{
		{"noise", func(q []byte) [][]byte { return [][]byte{withID(q, "HTTP/1.1 400 Bad Request")} }, evidence.DNSMalformed},
		{"cut in the header", func(q []byte) [][]byte { return [][]byte{withID(q, "\x81")} }, evidence.DNSMalformed},
		{"forged first", func(q []byte) [][]byte {
			forged := good(q)
			binary.BigEndian.PutUint16(forged, binary.BigEndian.Uint16(forged)+1)
			return [][]byte{{}, {1}, forged, good(q)}
		}, evidence.DNSAnswered},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := askReal(t, rawUDP(t, c.reply), question{}); r.outcome != c.outcome {
				t.Errorf("%s (%s), want %s", r.outcome, r.detail, c.outcome)
			}
		})
	}
}

func TestUnreachableIsNotSilent(t *testing.T) {
	verifyNoLeak(t)
	r := askReal(t, closedUDP(t), question{})
	if r.outcome != evidence.DNSUnreachable {
		t.Errorf("closed port: %s (%s)", r.outcome, r.detail)
	}
	server := rawUDP(t, func([]byte) [][]byte { return nil })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, _, err := NewExchanger().Exchange(ctx, new(dns.Msg).SetQuestion("corp.example.", dns.TypeA), server, "udp")
	if outcome, detail := failedDNS(err); outcome != evidence.DNSSilent {
		t.Errorf("no answer: %s (%s), %v", outcome, detail, err)
	}
}

func closedUDP(t *testing.T) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestExchangeStopsWhenCancelled(t *testing.T) {
	verifyNoLeak(t)
	asked := make(chan struct{})
	server := rawUDP(t, func([]byte) [][]byte { close(asked); return nil })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	_, _, err := NewExchanger().Exchange(ctx, new(dns.Msg).SetQuestion("corp.example.", dns.TypeA), server, "udp")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestStreamThatEndsEarly(t *testing.T) {
	verifyNoLeak(t)
	for _, sends := range []string{"", "\x00", "\x00\x20half"} {
		address := serveLoopback(t, func(c net.Conn) {
			b := make([]byte, 512)
			_, _ = c.Read(b)
			_, _ = c.Write([]byte(sends))
		})
		_, _, err := NewExchanger().Exchange(t.Context(), new(dns.Msg).SetQuestion("corp.example.", dns.TypeA), netip.MustParseAddrPort(address), "tcp")
		var malformed *MalformedError
		if !errors.As(err, &malformed) {
			t.Errorf("%q: error %v, want a MalformedError", sends, err)
		}
	}
}

func TestExchangeWantsANetwork(t *testing.T) {
	_, _, err := NewExchanger().Exchange(t.Context(), new(dns.Msg), netip.AddrPort{}, "sctp")
	if err == nil || !strings.Contains(err.Error(), "want udp or tcp") {
		t.Errorf("error %v", err)
	}
}

// TestRunAgainstRealServers runs the discovery over sockets, with one server
// that answers and one whose port is closed.
func TestRunAgainstRealServers(t *testing.T) {
	verifyNoLeak(t)
	zone := &fakeDNS{zone: corpZone()}
	good := dnsServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
		m, _, err := zone.Exchange(context.Background(), q, netip.AddrPort{}, "udp")
		if err == nil {
			_ = w.WriteMsg(m)
		}
	})
	env := &Env{
		Target: run.Target{Domains: []string{"corp.example"}, Resolvers: []netip.AddrPort{good, closedUDP(t)}},
		Local:  corpLocal(), DNS: NewExchanger(),
	}
	r := record(t.Context(), env, discovery(), Options{})
	r.order(t)
	srv := r.result(t, "dns.srv", "")
	if srv.Status != run.Warn || !hasNote(srv, "resolver-failed", run.Warn) || len(r.subjects(run.Endpoint)) != 2 {
		t.Errorf("%s %q %+v, endpoints %q", srv.Status, srv.Summary, srv.Notes, r.subjects(run.Endpoint))
	}
}

func FuzzReadAnswer(f *testing.F) {
	question := new(dns.Msg).SetQuestion("_vlmcs._tcp.corp.example.", dns.TypeSRV)
	question.Id = 7
	answer := new(dns.Msg).SetReply(question)
	answer.Answer = []dns.RR{srvRecord(1), srvRecord(2)}
	answer.SetEdns0(ednsSize, false)
	for _, m := range []*dns.Msg{question, answer} {
		b, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := readAnswer(slices.Clone(b), question)
		if err != nil {
			var malformed *MalformedError
			if !errors.As(err, &malformed) {
				t.Errorf("error %v of another type", err)
			}
			return
		}
		if len(m.Answer) > maxRecords+1 || len(m.Ns) > maxAuthority || len(m.Extra) > maxAdditional {
			t.Errorf("%d, %d and %d records", len(m.Answer), len(m.Ns), len(m.Extra))
		}
		q := asked(question)
		records, aliases := follow(m, q)
		if len(aliases) > maxAliases {
			t.Errorf("%d aliases", len(aliases))
		}
		for _, rr := range records {
			if rr.Header().Rrtype != dns.TypeSRV {
				t.Errorf("a record of type %d", rr.Header().Rrtype)
			}
		}
		a := srvEvidence(Ask{Env: &Env{}}, dnsSRVID, evidence.SRVKMS, q, netip.AddrPort{}, dnsReply{msg: m, records: records})
		for _, h := range clientOrder(a.Records) {
			if s := hostSubject("corp.example", h.Target, h.Port, ""); s.Key == "" || s.Key != evidence.Clean(s.Key) && len(s.Key) < 200 {
				t.Errorf("subject %q", s.Key)
			}
		}
	})
}

func asked(m *dns.Msg) question {
	return question{name: trimDot(m.Question[0].Name), qtype: m.Question[0].Qtype}
}
