//go:build integration && linux

package integration

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// TestIntegrationLongAnswers asks for more records than a datagram without EDNS0
// holds (16), or one with it (40).
func TestIntegrationLongAnswers(t *testing.T) {
	t.Parallel()
	needs(t, "ip", "dnsmasq", "named")
	for _, tt := range []struct {
		records int
		edns    bool // whether the answer is cut with EDNS0 too
	}{{16, false}, {40, true}} {
		t.Run(fmt.Sprint(tt.records), func(t *testing.T) {
			t.Parallel()
			l, host, z := newLink(t), startKMS(t), hosts(tt.records)
			host.serve(t, l.server, way{}, "0.0.0.0:1688")
			l.server.dnsmasq(t, dnsmasqAddr, z.dnsmasq...)
			l.server.named(t, namedAddr, "", corpZone(z.named...))
			o := l.client.check(t, "corp.example", "--dns", dnsmasqAddr, "--dns", namedAddr)
			o.expect(t, 0, "", "")
			for _, server := range []string{dnsmasqAddr, namedAddr} {
				plain, edns := o.srv(t, evidence.SRVKMS, server, false), o.srv(t, evidence.SRVKMS, server, true)
				if !plain.TCP || len(plain.Records) != tt.records || edns.TCP != tt.edns || len(edns.Records) != tt.records {
					t.Errorf("%s: plain %d records, TCP %t; EDNS0 %d records, TCP %t; want %d, TCP true and %t",
						server, len(plain.Records), plain.TCP, len(edns.Records), edns.TCP, tt.records, tt.edns)
				}
			}
			if n := len(host.site.Requests()); n != tt.records || len(o.set.Exchanges) != tt.records {
				t.Errorf("%d requests arrived, %d are reported, want one a host", n, len(o.set.Exchanges))
			}
		})
	}
}

// TestIntegrationLongAnswersWithoutTCP is the same behind a filter that passes
// UDP alone: what the cut answer holds is looked at, and the cut is said. BIND
// sends an empty answer where EDNS0 allowed a long one, which is not "no record".
func TestIntegrationLongAnswersWithoutTCP(t *testing.T) {
	t.Parallel()
	needs(t, "ip", "nft", "dnsmasq", "named")
	for server, rule := range map[string]string{dnsmasqAddr: "reject with tcp reset", namedAddr: "drop"} {
		t.Run(server, func(t *testing.T) {
			t.Parallel()
			l, host, z := newLink(t), startKMS(t), hosts(40)
			host.serve(t, l.server, way{}, "0.0.0.0:1688")
			l.server.dnsmasq(t, dnsmasqAddr, z.dnsmasq...)
			l.server.named(t, namedAddr, "", corpZone(z.named...))
			l.server.filter(t, "tcp dport 53 "+rule)
			o := l.client.check(t, "corp.example", "--dns", server)
			o.expect(t, 0, "", "")
			plain, edns := o.srv(t, evidence.SRVKMS, server, false), o.srv(t, evidence.SRVKMS, server, true)
			if n := len(plain.Records); plain.TCP || n == 0 || n >= 40 {
				t.Errorf("%d records, TCP %t; want those that fit", n, plain.TCP)
			}
			switch n := len(edns.Records); {
			case server == dnsmasqAddr && n <= len(plain.Records):
				t.Errorf("%d records with EDNS0, %d without", n, len(plain.Records))
			case server == namedAddr && (n > 0 || edns.Outcome != evidence.DNSSilent):
				t.Errorf("with EDNS0 %s, %d records; want what TCP came to", edns.Outcome, n)
			}
			want := []string{"answer-cut", "client-order", "several-equal-hosts"}
			if got := o.notes("dns.srv"); !slices.Equal(got, want) {
				t.Errorf("notes %v, want %v", got, want)
			}
		})
	}
}
