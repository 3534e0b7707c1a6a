package capture

import (
	"encoding/binary"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// udp takes the datagram in e.frame.
func (e *engine) udp() {
	fr := &e.frame
	b := fr.payload
	if len(b) < 8 {
		return
	}
	sp, dp := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	if sp != dnsPort && dp != dnsPort {
		return
	}
	if n := int(binary.BigEndian.Uint16(b[4:])); n >= 8 && n <= len(b) {
		b = b[:n]
	}
	e.dns.message(e, b[8:], fr.src, fr.dst, sp, dp, false)
}

// dnsStream is what a DNS connection over TCP holds of messages that are not
// whole.
type dnsStream struct {
	buf  [2][]byte
	lost [2]bool // the boundaries of messages are not known any more
}

// stream takes the next bytes of a DNS connection: messages with their length
// before them (RFC 1035, section 4.2.2).
func (d *resolver) stream(e *engine, f *flow, end int, b []byte, missing int) {
	if f.dns == nil {
		f.dns = &dnsStream{}
	}
	s := f.dns
	if s.lost[end] {
		return
	}
	if len(s.buf[end]) > 0 {
		s.buf[end] = append(s.buf[end], b...)
		b = s.buf[end]
	}
	src, dst, sp, dp := f.key.a, f.key.b, f.key.pa, f.key.pb
	if end == 1 {
		src, dst, sp, dp = dst, src, dp, sp
	}
	for len(b) >= 2 {
		n := 2 + int(binary.BigEndian.Uint16(b))
		if n > len(b) {
			break
		}
		d.message(e, b[2:n], src, dst, sp, dp, true)
		b = b[n:]
	}
	s.lost[end] = missing > 0 || len(b) > maxPDU
	if s.lost[end] {
		b = nil
	}
	s.buf[end] = append(s.buf[end][:0], b...)
}

// message takes a DNS message. The end on port 53 is the server.
func (d *resolver) message(e *engine, b []byte, src, dst address, sp, dp uint16, tcp bool) {
	if len(b) < 12 {
		return
	}
	answer := b[2]&0x80 != 0
	// Questions other than those of interest are recognised before anything is
	// unpacked.
	kind, ok := asked(b)
	if !ok {
		return
	}
	key := questionKey{client: src, server: dst, port: sp, id: binary.BigEndian.Uint16(b), kind: kind, tcp: tcp}
	if answer {
		key.client, key.server, key.port = dst, src, dp
	}
	var m dns.Msg
	if err := m.Unpack(b); err != nil && (len(m.Question) == 0 || !answer) {
		return
	} else if err != nil && len(m.Answer) == 0 && !m.Truncated {
		d.answered(e, key, &m, evidence.DNSMalformed)
		return
	}
	if len(m.Question) != 1 || len(m.Answer) > maxRecords {
		return
	}
	if !answer {
		d.question(e, key, &m)
		return
	}
	d.answered(e, key, &m, outcomeOf(&m, kind))
}

// asked returns the type of the only question of a message if it is SRV with a
// name of KMS, A or AAAA.
func asked(b []byte) (kind uint16, ok bool) {
	if binary.BigEndian.Uint16(b[4:]) != 1 {
		return 0, false
	}
	name := b[12:]
	n := 0
	for n < len(name) && name[n] != 0 && name[n] < 64 && n < 255 {
		n += int(name[n]) + 1
	}
	if n+5 > len(name) || name[n] != 0 {
		return 0, false
	}
	kind = binary.BigEndian.Uint16(name[n+1:])
	switch kind {
	case dns.TypeA, dns.TypeAAAA:
		return kind, true
	case dns.TypeSRV:
		label := strings.ToLower(string(name[1:min(1+int(name[0]), len(name))]))
		return kind, label == "_vlmcs" || label == "_vmlcs" || label == "_ldap"
	}
	return 0, false
}

func outcomeOf(m *dns.Msg, kind uint16) evidence.DNSOutcome {
	switch m.Rcode {
	case dns.RcodeSuccess:
		for _, rr := range m.Answer {
			if rr.Header().Rrtype == kind {
				return evidence.DNSAnswered
			}
		}
		return evidence.DNSNoData
	case dns.RcodeNameError:
		return evidence.DNSNoName
	case dns.RcodeServerFailure:
		return evidence.DNSServFail
	case dns.RcodeRefused:
		return evidence.DNSRefused
	}
	return evidence.DNSOther
}

// question remembers a question until its answer comes.
func (d *resolver) question(e *engine, key questionKey, m *dns.Msg) {
	d.expire(e)
	if d.open[key] != nil {
		return // sent again
	}
	q := m.Question[0]
	l := &Lookup{
		File: e.file, Client: netip.AddrPortFrom(key.client.netip(), key.port), Resolver: netip.AddrPortFrom(key.server.netip(), dnsPort), TCP: key.tcp,
		Name: strings.TrimSuffix(q.Name, "."), Type: dns.TypeToString[q.Qtype], Outcome: evidence.DNSSilent,
		Asked: e.at.Time, Question: e.at.Number, EDNS: m.IsEdns0() != nil,
	}
	d.open[key] = l
	d.order = append(d.order, key)
	e.matched = e.matched || q.Qtype == dns.TypeSRV || d.targets[strings.ToLower(l.Name)]
}

// answered joins an answer with its question.
func (d *resolver) answered(e *engine, key questionKey, m *dns.Msg, outcome evidence.DNSOutcome) {
	l := d.open[key]
	if l == nil {
		if len(m.Question) == 0 {
			return
		}
		l = &Lookup{
			File: e.file, Client: netip.AddrPortFrom(key.client.netip(), key.port), Resolver: netip.AddrPortFrom(key.server.netip(), dnsPort), TCP: key.tcp,
			Name: strings.TrimSuffix(m.Question[0].Name, "."), Type: dns.TypeToString[key.kind],
		}
	}
	delete(d.open, key)
	l.Outcome, l.Answered, l.Answer, l.Truncated = outcome, e.at.Time, e.at.Number, m.Truncated
	if outcome == evidence.DNSOther {
		l.Detail = dns.RcodeToString[m.Rcode]
	}
	d.records(l, m.Answer)
	for _, rr := range m.Extra {
		switch rr.(type) {
		case *dns.A, *dns.AAAA:
			if key.kind == dns.TypeSRV { // addresses that came along
				d.additional(l, rr)
			}
		}
	}
	d.settle(e, l)
}

// additional remembers an address that an SRV answer brought along.
func (d *resolver) additional(l *Lookup, rr dns.RR) {
	extra := &Lookup{
		File: l.File, Client: l.Client, Resolver: l.Resolver, TCP: l.TCP, Name: strings.TrimSuffix(rr.Header().Name, "."),
		Type: dns.TypeToString[rr.Header().Rrtype], Outcome: l.Outcome, Asked: l.Asked, Answered: l.Answered, Question: l.Question, Answer: l.Answer,
	}
	d.records(extra, []dns.RR{rr})
	l.along = append(l.along, extra)
}

func (d *resolver) records(l *Lookup, answer []dns.RR) {
	for i, rr := range answer {
		if h := rr.Header(); i == 0 || h.Ttl < l.TTL {
			l.TTL = h.Ttl
		}
		switch r := rr.(type) {
		case *dns.SRV:
			target := strings.TrimSuffix(r.Target, ".")
			if r.Target == "." {
				target = "."
			}
			l.SRV = append(l.SRV, evidence.SRVRecord{Target: target, Port: r.Port, Priority: r.Priority, Weight: r.Weight, TTL: r.Hdr.Ttl})
		case *dns.A:
			if a, ok := netip.AddrFromSlice(r.A); ok {
				l.Addresses = append(l.Addresses, a.Unmap())
			}
		case *dns.AAAA:
			if a, ok := netip.AddrFromSlice(r.AAAA); ok {
				l.Addresses = append(l.Addresses, a.Unmap())
			}
		case *dns.CNAME:
			l.CNAMEs = append(l.CNAMEs, strings.TrimSuffix(r.Target, "."))
		}
	}
}
