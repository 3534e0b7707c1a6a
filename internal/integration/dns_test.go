//go:build integration && linux

package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// The name servers of the tests: each serves the same zone.
const (
	dnsmasqAddr = "10.77.0.2"
	namedAddr   = "10.77.0.3"
)

// zone is corp.example in the words of both name servers.
type zone struct {
	dnsmasq []string // options
	named   []string // records
}

// host adds a name with an IPv4 address.
func (z *zone) host(name, address string) {
	z.dnsmasq = append(z.dnsmasq, fmt.Sprintf("host-record=%s.corp.example,%s", name, address))
	z.named = append(z.named, fmt.Sprintf("%s A %s", name, address))
}

// srv adds an SRV record at a service's name; an empty target is the root.
func (z *zone) srv(service string, priority, weight, port int, target string) {
	z.dnsmasq = append(z.dnsmasq, fmt.Sprintf("srv-host=%s.corp.example,%s.corp.example,%d,%d,%d", service, target, port, priority, weight))
	z.named = append(z.named, fmt.Sprintf("%s SRV %d %d %d %s", service, priority, weight, port, target))
}

// kms adds a KMS host with its address and its record.
func (z *zone) kms(priority, weight, port int, target, address string) {
	z.host(target, address)
	z.srv("_vlmcs._tcp", priority, weight, port, target)
}

// hosts is a zone with n KMS hosts at 10.77.1.1 and so on.
func hosts(n int) (z zone) {
	for i := 1; i <= n; i++ {
		z.kms(0, i, 1688, fmt.Sprintf("kms%02d", i), fmt.Sprintf("10.77.1.%d", i))
	}
	return z
}

// with adds what has a form of its own in each server.
func (z zone) with(dnsmasq, named string) zone {
	z.dnsmasq, z.named = append(z.dnsmasq, dnsmasq), append(z.named, named)
	return z
}

// TestIntegrationZones asks dnsmasq and BIND 9 about the same zones.
func TestIntegrationZones(t *testing.T) {
	t.Parallel()
	needs(t, "ip", "dnsmasq", "named")
	one := hosts(1)
	var three, duplicate, misspelt, directory, elsewhere zone
	three.kms(0, 50, 1688, "kms01", "10.77.1.1")
	three.kms(0, 20, 1688, "kms02", "10.77.1.2")
	three.kms(10, 0, 1689, "kms03", "10.77.1.3")
	duplicate.kms(0, 0, 1688, "kms01", "10.77.1.1")
	duplicate.srv("_vlmcs._tcp", 10, 0, 1688, "kms01")
	misspelt.host("kms01", "10.77.1.1")
	misspelt.srv("_vmlcs._tcp", 0, 0, 1688, "kms01")
	directory.host("dc01", "10.77.0.9")
	directory.srv("_ldap._tcp.dc._msdcs", 0, 100, 389, "dc01")
	elsewhere.host("kms01", "10.77.1.1")

	for _, tt := range []struct {
		name    string
		zone    zone
		exit    int
		cause   string
		verdict diagnose.Verdict
		code    uint32
		outcome evidence.DNSOutcome
		records int
		notes   []string // of dns.srv and dns.address
	}{
		{name: "one host", zone: one, outcome: evidence.DNSAnswered, records: 1},
		{
			name: "priorities", zone: three, outcome: evidence.DNSAnswered, records: 3,
			notes: []string{"client-order", "port-not-1688", "several-equal-hosts"},
		},
		{
			name: "duplicate", zone: duplicate, outcome: evidence.DNSAnswered, records: 2,
			notes: []string{"duplicate-record"},
		},
		{
			name: "alias as target", outcome: evidence.DNSAnswered, records: 1, notes: []string{"cname-target"},
			zone: elsewhere.with("cname=kms.corp.example,kms01.corp.example", "kms CNAME kms01").
				with("srv-host=_vlmcs._tcp.corp.example,kms.corp.example,1688", "_vlmcs._tcp SRV 0 0 1688 kms"),
		},
		{
			name: "target root", zone: elsewhere.with("srv-host=_vlmcs._tcp.corp.example", "_vlmcs._tcp SRV 0 0 0 ."),
			exit: 3, cause: "srv-record-missing", verdict: diagnose.Found, code: 0x8007232B,
			outcome: evidence.DNSAnswered, records: 1, notes: []string{"target-dot"},
		},
		{
			name: "no record", zone: elsewhere, exit: 3, cause: "srv-record-missing", verdict: diagnose.Found, code: 0x8007232B,
			outcome: evidence.DNSNoName,
		},
		{
			name: "no data", zone: elsewhere.with("txt-record=_vlmcs._tcp.corp.example,here", `_vlmcs._tcp TXT "here"`),
			exit: 3, cause: "srv-record-missing", verdict: diagnose.Found, code: 0x8007251D, outcome: evidence.DNSNoData,
		},
		{
			name: "misspelt", zone: misspelt, exit: 3, cause: "srv-record-missing", verdict: diagnose.Found, code: 0x8007232B,
			outcome: evidence.DNSNoName, notes: []string{"misspelt-record"},
		},
		{
			name: "active directory", zone: directory, cause: "adba-site", verdict: diagnose.Possible, outcome: evidence.DNSNoName,
		},
		{
			name: "target without address", zone: elsewhere.with(
				"srv-host=_vlmcs._tcp.corp.example,gone.corp.example,1688", "_vlmcs._tcp SRV 0 0 1688 gone"),
			exit: 3, cause: "kms-hostname-unresolvable", verdict: diagnose.Found, code: 0xC004F074,
			outcome: evidence.DNSAnswered, records: 1,
		},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			l, host := newLink(t), startKMS(t)
			host.serve(t, l.server, way{}, "10.77.1.1:1688", "10.77.1.2:1688", "10.77.1.3:1689")
			l.server.dnsmasq(t, dnsmasqAddr, tt.zone.dnsmasq...)
			l.server.named(t, namedAddr, "", corpZone(tt.zone.named...))
			for _, server := range []string{dnsmasqAddr, namedAddr} {
				o := l.client.check(t, "corp.example", "--dns", server)
				o.expect(t, tt.exit, tt.cause, tt.verdict)
				if o.top().Code != tt.code {
					t.Errorf("%s: a client would show 0x%08X, want 0x%08X", server, o.top().Code, tt.code)
				}
				for _, edns := range []bool{false, true} {
					a := o.srv(t, evidence.SRVKMS, server, edns)
					if a.Outcome != tt.outcome || len(a.Records) != tt.records || a.TCP {
						t.Errorf("%s, EDNS0 %t: %s, %d records, TCP %t; want %s, %d", server, edns, a.Outcome, len(a.Records), a.TCP, tt.outcome, tt.records)
					}
					// dnsmasq invents negative answers, and does not claim them.
					if want := server == namedAddr || a.Outcome == evidence.DNSAnswered; a.Authority != want {
						t.Errorf("%s, EDNS0 %t: authority %t, want %t", server, edns, a.Authority, want)
					}
				}
				if notes := slices.Concat(o.notes("dns.srv"), o.notes("dns.address")); !slices.Equal(notes, tt.notes) {
					t.Errorf("%s: notes %v, want %v", server, notes, tt.notes)
				}
			}
		})
	}
}
