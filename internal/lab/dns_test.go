package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/checks"
)

var (
	ns01 = netip.AddrPortFrom(addrNS01, 53)
	ns02 = netip.AddrPortFrom(addrNS02, 53)
)

// resolve asks one question as the checks would.
func resolve(t testing.TB, site *Site, name string, qtype uint16, server netip.AddrPort, network string, edns bool) (*dns.Msg, error) {
	t.Helper()
	q := new(dns.Msg).SetQuestion(dns.Fqdn(name), qtype)
	if edns {
		q.SetEdns0(4096, false)
	}
	m, _, err := site.Env(checks.Env{}).DNS.Exchange(testContext(t), q, server, network)
	return m, err
}

func TestZone(t *testing.T) {
	l := corp(nil, nil, published("kms01", 0), published("kms02", 10))
	l.Resolvers[0].Records = append(l.Resolvers[0].Records,
		"kms.corp.example. 300 IN CNAME kms01.corp.example.",
		"loop.corp.example. 300 IN CNAME loop.corp.example.",
		"kms01.corp.example. 300 IN AAAA 2001:db8::5",
		"elsewhere.example. 300 IN A 198.51.100.7")
	l.Resolvers[1].Records = nil
	site := startLayout(t, l)
	tests := []struct {
		name   string
		qtype  uint16
		server netip.AddrPort
		want   string
	}{
		{"_vlmcs._tcp.corp.example", dns.TypeSRV, ns01, "NOERROR aa: SRV SRV / + A AAAA A"},
		{"_VLMCS._TCP.Corp.Example", dns.TypeSRV, ns01, "NOERROR aa: SRV SRV / + A AAAA A"},
		{"_vlmcs._tcp.corp.example", dns.TypeSRV, ns02, "NXDOMAIN: / +"},
		{"_vlmcs._tcp", dns.TypeSRV, ns01, "NXDOMAIN: / +"},
		{"_tcp.corp.example", dns.TypeSRV, ns01, "NOERROR aa: / SOA +"},
		{"nobody.corp.example", dns.TypeA, ns01, "NXDOMAIN aa: / SOA +"},
		{"kms02.corp.example", dns.TypeAAAA, ns01, "NOERROR aa: / SOA +"},
		{"kms01.corp.example", dns.TypeAAAA, ns01, "NOERROR aa: AAAA / +"},
		{"kms.corp.example", dns.TypeA, ns01, "NOERROR aa: CNAME A / +"},
		{"elsewhere.example", dns.TypeA, ns01, "NOERROR: A / +"},
		{"corp.example", dns.TypeNS, ns01, "NOERROR aa: NS NS / +"},
	}
	for _, tt := range tests {
		for _, network := range []string{"udp", "tcp"} {
			m, err := resolve(t, site, tt.name, tt.qtype, tt.server, network, false)
			if err != nil {
				t.Errorf("%s over %s: %v", tt.name, network, err)
				continue
			}
			if got := shape(m); got != tt.want {
				t.Errorf("%s %s at %s: %s, want %s", dns.TypeToString[tt.qtype], tt.name, tt.server, got, tt.want)
			}
		}
	}
	if m, err := resolve(t, site, "loop.corp.example", dns.TypeA, ns01, "udp", false); err != nil || len(m.Answer) > 10 {
		t.Errorf("loop of aliases: %v, %v", m, err)
	}
	if got := len(site.Questions()); got != 2*len(tests)+1 {
		t.Errorf("%d questions recorded, %d asked", got, 2*len(tests)+1)
	}
}

// shape tells an answer's code and the types of its records, by section.
func shape(m *dns.Msg) string {
	types := func(rrs []dns.RR) string {
		var s []string
		for _, rr := range rrs {
			s = append(s, dns.TypeToString[rr.Header().Rrtype])
		}
		return strings.Join(s, " ")
	}
	aa := ""
	if m.Authoritative {
		aa = " aa"
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%s%s: %s / %s + %s", dns.RcodeToString[m.Rcode], aa, types(m.Answer), types(m.Ns), types(m.Extra))), " ")
}

func TestTruncation(t *testing.T) {
	l := corp(nil, nil)
	for i := range 40 {
		l.Resolvers[0].Records = append(l.Resolvers[0].Records, published(fmt.Sprintf("kms-in-a-branch-office-%02d", i), i))
	}
	l.Resolvers[1].Fault = DNSTruncated
	l.Resolvers[1].Records = append(l.Resolvers[1].Records, published("kms01", 0))
	site := startLayout(t, l)
	tests := []struct {
		name    string
		server  netip.AddrPort
		network string
		edns    bool
		cut     bool
		records int
	}{
		{"512 bytes", ns01, "udp", false, true, -1},
		{"4096 bytes", ns01, "udp", true, false, 40},
		{"TCP", ns01, "tcp", false, false, 40},
		{"always cut", ns02, "udp", false, true, 0},
		{"always cut, TCP", ns02, "tcp", false, false, 1},
	}
	for _, tt := range tests {
		m, err := resolve(t, site, "_vlmcs._tcp.corp.example", dns.TypeSRV, tt.server, tt.network, tt.edns)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if m.Truncated != tt.cut || tt.records >= 0 && len(m.Answer) != tt.records || (m.IsEdns0() != nil) != tt.edns {
			t.Errorf("%s: TC %v, %d records, EDNS %v", tt.name, m.Truncated, len(m.Answer), m.IsEdns0() != nil)
		}
	}
}

func TestDNSFaults(t *testing.T) {
	for fault, rcode := range map[DNSFault]int{DNSServFail: dns.RcodeServerFailure, DNSRefused: dns.RcodeRefused} {
		l := corp(nil, nil, published("kms01", 0))
		l.Resolvers[0].Fault = fault
		m, err := resolve(t, startLayout(t, l), "_vlmcs._tcp.corp.example", dns.TypeSRV, ns01, "udp", true)
		if err != nil || m.Rcode != rcode || len(m.Answer) != 0 {
			t.Errorf("%s: %v, %v", fault, m, err)
		}
	}
	l := corp(nil, nil)
	l.Resolvers[0].Fault = DNSMalformed
	if m, err := resolve(t, startLayout(t, l), "corp.example", dns.TypeSOA, ns01, "udp", false); err == nil {
		t.Errorf("malformed: %v", m)
	}
}

func TestDNSLoss(t *testing.T) {
	l := corp(nil, nil, published("kms01", 0))
	l.Resolvers[0].Drop = 1
	site := startLayout(t, l)
	ctx, cancel := context.WithTimeout(testContext(t), 50*time.Millisecond)
	defer cancel()
	ns := site.Env(checks.Env{}).DNS
	q := new(dns.Msg).SetQuestion("_vlmcs._tcp.corp.example.", dns.TypeSRV)
	if _, _, err := ns.Exchange(ctx, q, ns01, "udp"); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("first: %v", err)
	}
	if m, _, err := ns.Exchange(testContext(t), q, ns01, "udp"); err != nil || len(m.Answer) != 1 {
		t.Errorf("second: %v, %v", m, err)
	}
}

// Nothing comes back from a silent server, nor from an address that the layout
// does not know; the question ends with its context, cancelled or expired.
func TestDNSSilence(t *testing.T) {
	l := corp(nil, nil)
	l.Resolvers[0].Fault = DNSSilent
	site := startLayout(t, l)
	ns := site.Env(checks.Env{}).DNS
	q := new(dns.Msg).SetQuestion("corp.example.", dns.TypeSOA)
	for _, server := range []string{"192.0.2.2:53", "203.0.113.9:53", "192.0.2.2:5353", "[2001:db8::53]:53"} {
		ctx, cancel := context.WithCancel(testContext(t))
		time.AfterFunc(20*time.Millisecond, cancel)
		if m, _, err := ns.Exchange(ctx, q, netip.MustParseAddrPort(server), "udp"); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, %v", server, m, err)
		}
	}
}

func TestZoneErrors(t *testing.T) {
	for _, record := range []string{"corp.example. IN", "; a comment", ""} {
		l := corp(nil, nil, record)
		if site, err := Start(testContext(t), Scenario{Layout: l}); err == nil {
			site.Close()
			t.Errorf("%q is taken for a record", record)
		}
	}
}
