//go:build integration && linux

package integration

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// TestIntegrationTraffic holds what a check sends against what it says it sent.
func TestIntegrationTraffic(t *testing.T) {
	t.Parallel()
	needs(t, "ip", "nft", "dnsmasq", "named")
	l, host := newLink(t), startKMS(t)
	// kms01 serves on IPv4 and IPv6, kms02 is silent, kms03 refuses, kms04 rejects.
	host.serve(t, l.server, way{}, "10.77.0.5:1688", "[fd77::5]:1688")
	l.server.filter(t, "ip daddr 10.77.0.6 tcp dport 1688 drop\nip daddr 10.77.0.8 tcp dport 1688 reject with icmp type admin-prohibited")
	var z zone
	z.kms(0, 0, 1688, "kms01", "10.77.0.5")
	z.kms(0, 0, 1688, "kms02", "10.77.0.6")
	z.kms(0, 0, 1688, "kms03", "10.77.0.7")
	z.kms(0, 0, 1688, "kms04", "10.77.0.8")
	z = z.with("host-record=kms01.corp.example,fd77::5", "kms01 AAAA fd77::5")
	l.server.dnsmasq(t, dnsmasqAddr, z.dnsmasq...)
	l.server.named(t, namedAddr, "", corpZone(z.named...))
	l.server.mute(t, "10.77.0.4:53")
	long := hosts(20) // cut over UDP
	l.server.dnsmasq(t, "10.77.0.9", long.dnsmasq...)
	served := []string{"10.77.0.5:1688", "[fd77::5]:1688"}
	bind, request := dcerpc.TypeBind, dcerpc.TypeRequest

	for _, tt := range []struct {
		name   string
		args   string
		exit   int
		served []string // endpoints that get a bind and a request
		bound  []string // endpoints that get a bind alone
	}{
		{"address", "10.77.0.5", 0, served[:1], nil},
		{"no request", "10.77.0.5 --no-request", 0, nil, served[:1]},
		{"site", "corp.example --dns 10.77.0.2 --dns 10.77.0.3 --dns 10.77.0.4", 3, served, nil},
		{"site, no request", "corp.example --dns 10.77.0.2 --no-request", 3, nil, served},
		{"site, IPv6", "corp.example --dns 10.77.0.3 -6", 3, served[1:], nil},
		{"records alone", "corp.example --dns 10.77.0.2 --only dns.srv", 0, nil, nil},
		{"over TCP", "corp.example --dns 10.77.0.9 --only dns.srv", 0, nil, nil},
		{"other server for the time", "10.77.0.5 --ntp 10.77.0.9", 0, served[:1], nil},
	} {
		t.Run(strings.NewReplacer(" ", "-", ",", "").Replace(tt.name), func(t *testing.T) {
			before := len(host.site.Requests())
			record := l.client.sniff(t)
			o := l.client.check(t, strings.Fields(tt.args)...)
			a := record.account(t)
			if o.exit != tt.exit {
				t.Errorf("exit %d, want %d", o.exit, tt.exit)
			}
			binds, requests := map[netip.AddrPort]int{}, map[netip.AddrPort]int{}
			streams := 0
			for at := range a.streams {
				if at.Port() != 53 {
					streams++
				}
			}
			for _, at := range tt.served {
				requests[netip.MustParseAddrPort(at)] = 1
				if got := a.pdus(t, at); !slices.Equal(got, []dcerpc.PacketType{bind, request}) {
					t.Errorf("PDUs to %s: %v, want a bind and a request", at, got)
				}
			}
			for _, at := range tt.bound {
				if got := a.pdus(t, at); !slices.Equal(got, []dcerpc.PacketType{bind}) {
					t.Errorf("PDUs to %s: %v, want a bind alone", at, got)
				}
			}
			for _, at := range slices.Concat(tt.served, tt.bound) {
				binds[netip.MustParseAddrPort(at)] = 1
				if n := len(a.connections[netip.MustParseAddrPort(at)]); n != 1 {
					t.Errorf("%d connections to %s, want 1", n, at)
				}
			}
			if streams != len(tt.served)+len(tt.bound) {
				t.Errorf("bytes went to %d endpoints", streams)
			}
			if want := a.sent(binds, requests); !slices.Equal(o.Summary.Sent, want) {
				t.Errorf("the report says\n%s\nthe wire says\n%s", strings.Join(o.Summary.Sent, "\n"), strings.Join(want, "\n"))
			}
			if len(a.strange) > 0 {
				t.Errorf("other traffic:\n%s", strings.Join(a.strange, "\n"))
			}
			arrived := host.site.Requests()[before:]
			if len(arrived) != len(tt.served) {
				t.Errorf("%d requests arrived, want %d", len(arrived), len(tt.served))
			}
			for _, r := range arrived {
				if r.CMID != kms.ProbeCMID.String() || r.NPolicy != 25 {
					t.Errorf("a request of %s with N %d", r.CMID, r.NPolicy)
				}
			}
		})
	}
}
