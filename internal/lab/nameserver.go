package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/miekg/dns"
)

// nameserver is one simulated DNS server: a UDP and a TCP socket on loopback
// that share a zone.
type nameserver struct {
	at    netip.Addr // its address in the layout
	fault DNSFault
	drop  atomic.Int64 // UDP questions still to be lost
	zone  zone
	log   *journal
	udp   *dns.Server
	tcp   *dns.Server
	udpAt netip.AddrPort // the loopback sockets that stand for port 53
	tcpAt netip.AddrPort
}

func startNameserver(ctx context.Context, r Resolver, log *journal) (*nameserver, error) {
	z, err := parseZone(r.Records)
	if err != nil {
		return nil, fmt.Errorf("lab: zone of %s: %w", r.Address, err)
	}
	s := &nameserver{at: r.Address, fault: r.Fault, zone: z, log: log}
	s.drop.Store(int64(r.Drop))
	var lc net.ListenConfig
	pc, err := lc.ListenPacket(ctx, "udp4", loopback)
	if err != nil {
		return nil, fmt.Errorf("lab: DNS server %s: %w", r.Address, err)
	}
	ln, err := lc.Listen(ctx, "tcp4", loopback)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lab: DNS server %s: %w", r.Address, err), pc.Close())
	}
	s.udpAt, s.tcpAt = boundTo(pc.LocalAddr()), boundTo(ln.Addr())
	s.udp = &dns.Server{PacketConn: pc, Handler: s}
	s.tcp = &dns.Server{Listener: ln, Handler: s}
	return s, nil
}

// boundTo returns the address of a socket; those of the net package parse.
func boundTo(a net.Addr) netip.AddrPort {
	at, _ := netip.ParseAddrPort(a.String())
	return at
}

// serve runs both sockets until the stage closes.
func (s *nameserver) serve(stage *stage) error {
	for _, server := range []*dns.Server{s.udp, s.tcp} {
		up := make(chan struct{})
		failed := make(chan error, 1)
		server.NotifyStartedFunc = func() { close(up) }
		stage.wg.Go(func() { failed <- server.ActivateAndServe() })
		select {
		case <-up:
			stage.onClose(func() { _ = server.Shutdown() })
		case err := <-failed:
			return fmt.Errorf("lab: DNS server %s: %w", s.at, err)
		}
	}
	return nil
}

// ServeDNS answers one question as the server's fault and zone say.
func (s *nameserver) ServeDNS(w dns.ResponseWriter, q *dns.Msg) {
	if len(q.Question) != 1 {
		_ = w.WriteMsg(new(dns.Msg).SetRcode(q, dns.RcodeFormatError))
		return
	}
	udp := w.LocalAddr().Network() == "udp"
	s.log.question(Question{
		Resolver: s.at,
		Network:  w.LocalAddr().Network(),
		Name:     strings.TrimSuffix(q.Question[0].Name, "."),
		Type:     dns.TypeToString[q.Question[0].Qtype],
		EDNS:     q.IsEdns0() != nil,
	})
	if udp && s.drop.Add(-1) >= 0 {
		return
	}
	m := new(dns.Msg)
	m.RecursionAvailable = true
	switch s.fault {
	case DNSSilent:
		return
	case DNSMalformed:
		_, _ = w.Write([]byte{byte(q.Id >> 8), byte(q.Id), 0x84, 0, 0, 1, 0xff})
		return
	case DNSServFail:
		m.SetRcode(q, dns.RcodeServerFailure)
	case DNSRefused:
		m.SetRcode(q, dns.RcodeRefused)
	default:
		m.SetReply(q)
		s.zone.answer(m, q.Question[0])
	}
	if opt := q.IsEdns0(); opt != nil {
		m.SetEdns0(1232, false)
	}
	if udp {
		if s.fault == DNSTruncated {
			m.Answer, m.Ns, m.Truncated = nil, nil, true
		}
		size := dns.MinMsgSize
		if opt := q.IsEdns0(); opt != nil {
			size = max(size, int(opt.UDPSize()))
		}
		m.Truncate(size)
	}
	_ = w.WriteMsg(m)
}

// zone is the resource records of a server by lower-case owner name.
type zone map[string][]dns.RR

func parseZone(lines []string) (zone, error) {
	z := zone{}
	for _, line := range lines {
		rr, err := dns.NewRR(line)
		if err != nil {
			return nil, err
		}
		if rr == nil {
			return nil, fmt.Errorf("no record in %q", line)
		}
		owner := dns.CanonicalName(rr.Header().Name)
		z[owner] = append(z[owner], rr)
	}
	return z, nil
}

// answer fills in the records for a question, the records that a Windows DNS
// server adds (addresses of SRV targets), and the SOA record of a negative
// answer (RFC 2308).
func (z zone) answer(m *dns.Msg, q dns.Question) {
	name := dns.CanonicalName(q.Name)
	soa := z.authority(name)
	m.Authoritative = soa != nil
	const aliases = 8 // a loop of aliases ends the answer
	for range aliases {
		var alias string
		for _, rr := range z[name] {
			switch {
			case rr.Header().Rrtype == q.Qtype:
				m.Answer = append(m.Answer, rr)
			case rr.Header().Rrtype == dns.TypeCNAME:
				m.Answer = append(m.Answer, rr)
				alias = dns.CanonicalName(rr.(*dns.CNAME).Target)
			}
		}
		if alias == "" {
			break
		}
		name = alias
	}
	for _, rr := range m.Answer {
		if srv, ok := rr.(*dns.SRV); ok {
			for _, extra := range z[dns.CanonicalName(srv.Target)] {
				if t := extra.Header().Rrtype; t == dns.TypeA || t == dns.TypeAAAA {
					m.Extra = append(m.Extra, extra)
				}
			}
		}
	}
	if !z.exists(name) {
		m.Rcode = dns.RcodeNameError
	}
	if len(m.Answer) == 0 && soa != nil {
		m.Ns = append(m.Ns, soa)
	}
}

// authority returns the SOA record of the zone that holds a name, or nil.
func (z zone) authority(name string) dns.RR {
	for off, end := 0, false; !end; off, end = dns.NextLabel(name, off) {
		for _, rr := range z[name[off:]] {
			if rr.Header().Rrtype == dns.TypeSOA {
				return rr
			}
		}
	}
	return nil
}

// exists tells whether a name has records or names below it.
func (z zone) exists(name string) bool {
	for owner := range z {
		if dns.IsSubDomain(name, owner) {
			return true
		}
	}
	return false
}
