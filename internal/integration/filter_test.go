//go:build integration && linux

package integration

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// TestIntegrationFilters puts packet filters before a host that serves. Its
// other ports refuse, unless the rules say otherwise.
func TestIntegrationFilters(t *testing.T) {
	t.Parallel()
	needs(t, "ip", "nft")
	const stopped, filtered, away = "kms-host-service-stopped", "firewall-block-1688", "off-network-no-vpn"
	reject := func(how string) string { return "tcp dport 1688 reject with " + how }
	for _, tt := range []struct {
		name    string
		rules   string
		address string
		cause   string
		verdict diagnose.Verdict
		outcome evidence.DialOutcome
		icmp    string
		alive   run.Status // of tcp.alive; "": the question does not arise
	}{
		{"silent, host up", "tcp dport 1688 drop", hostAddr, stopped, diagnose.Possible, evidence.Silent, "", run.Pass},
		{"silent, host up 6", "tcp dport 1688 drop", hostAddr6, stopped, diagnose.Possible, evidence.Silent, "", run.Pass},
		{"all silent", "tcp dport {135, 445, 1688} drop", hostAddr, filtered, diagnose.Possible, evidence.Silent, "", run.Warn},
		{"all silent 6", "tcp dport {135, 445, 1688} drop", hostAddr6, filtered, diagnose.Possible, evidence.Silent, "", run.Warn},
		{"reset", reject("tcp reset"), hostAddr, stopped, diagnose.Possible, evidence.Refused, "", ""},
		{"reset 6", reject("tcp reset"), hostAddr6, stopped, diagnose.Possible, evidence.Refused, "", ""},
		{"port unreachable", reject("icmp type port-unreachable"), hostAddr, filtered, diagnose.Found, evidence.PortUnreachable, "3/3 from 10.77.0.5", ""},
		{"net prohibited", reject("icmp type net-prohibited"), hostAddr, filtered, diagnose.Found, evidence.Prohibited, "3/9 from 10.77.0.5", ""},
		{"host prohibited", reject("icmp type host-prohibited"), hostAddr, filtered, diagnose.Found, evidence.Prohibited, "3/10 from 10.77.0.5", ""},
		{"admin prohibited", reject("icmp type admin-prohibited"), hostAddr, filtered, diagnose.Found, evidence.Prohibited, "3/13 from 10.77.0.5", ""},
		{"net unreachable", reject("icmp type net-unreachable"), hostAddr, away, diagnose.Possible, evidence.Unreachable, "3/0 from 10.77.0.5", ""},
		{"host unreachable", reject("icmp type host-unreachable"), hostAddr, away, diagnose.Possible, evidence.Unreachable, "3/1 from 10.77.0.5", ""},
		{"port unreachable 6", reject("icmpv6 type port-unreachable"), hostAddr6, filtered, diagnose.Found, evidence.PortUnreachable, "1/4 from fd77::5", ""},
		{"admin prohibited 6", reject("icmpv6 type admin-prohibited"), hostAddr6, filtered, diagnose.Found, evidence.Prohibited, "1/1 from fd77::5", ""},
		{"policy fail 6", reject("icmpv6 type policy-fail"), hostAddr6, filtered, diagnose.Found, evidence.Prohibited, "1/5 from fd77::5", ""},
		{"reject route 6", reject("icmpv6 type reject-route"), hostAddr6, filtered, diagnose.Found, evidence.Prohibited, "1/6 from fd77::5", ""},
		{"no route 6", reject("icmpv6 type no-route"), hostAddr6, away, diagnose.Possible, evidence.Unreachable, "1/0 from fd77::5", ""},
		{"addr unreachable 6", reject("icmpv6 type addr-unreachable"), hostAddr6, away, diagnose.Possible, evidence.Unreachable, "1/3 from fd77::5", ""},
	} {
		t.Run(strings.NewReplacer(" ", "-", ",", "").Replace(tt.name), func(t *testing.T) {
			t.Parallel()
			l, host := newLink(t), startKMS(t)
			at := net.JoinHostPort(tt.address, "1688")
			host.serve(t, l.server, way{}, at)
			l.server.filter(t, tt.rules)
			o := l.client.check(t, tt.address)
			o.expect(t, 3, tt.cause, tt.verdict)
			if o.top().Code != 0xC004F074 {
				t.Errorf("a client would show 0x%08X", o.top().Code)
			}
			d := o.dial(t, at)
			last := d.Tries[len(d.Tries)-1]
			if d.Outcome != tt.outcome || last.ICMP != tt.icmp || last.Detail != "" {
				t.Errorf("%s, ICMP %q %q; want %s, %q", d.Outcome, last.ICMP, last.Detail, tt.outcome, tt.icmp)
			}
			if want := map[bool]int{true: 3, false: 1}[tt.outcome == evidence.Silent]; len(d.Tries) != want {
				t.Errorf("%d tries, want %d", len(d.Tries), want)
			}
			expectTicket(t, o, l.own(tt.address), d)
			alive := run.Status("")
			for _, r := range o.Results {
				if r.Check == "tcp.alive" {
					alive = r.Status
				}
			}
			if alive != tt.alive {
				t.Errorf("tcp.alive %q, want %q", alive, tt.alive)
			}
			if len(host.site.Requests()) > 0 {
				t.Error("a request passed the filter")
			}
		})
	}
}

// own is the client's address of the other's family.
func (l link) own(other string) string {
	if strings.Contains(other, ":") {
		return "fd77::1"
	}
	return clientAddr
}

// expectTicket looks for the ticket of a blocked port: who, to whom, on which
// port, what came back, and when each try was.
func expectTicket(t *testing.T, o outcome, from string, d evidence.Dial) {
	t.Helper()
	for _, c := range o.Summary.Causes {
		if c.ID != "firewall-block-1688" {
			continue
		}
		text := ticket(c)
		want := []string{"TCP from " + from, "to " + d.Address.Addr().String(), fmt.Sprintf("port %d", d.Port)}
		for _, try := range d.Tries {
			want = append(want, try.Started.UTC().Format("2006-01-02 15:04:05.0")+" UTC")
			if try.ICMP != "" {
				want = append(want, "ICMP "+try.ICMP)
			}
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("the ticket lacks %q:\n%s", w, text)
			}
		}
		return
	}
	t.Error("no ticket: a filter is not among the causes")
}

// TestIntegrationHostDown has an address behind which nobody is.
func TestIntegrationHostDown(t *testing.T) {
	t.Parallel()
	needs(t, "ip", "dnsmasq")
	l := newLink(t)
	l.server.dnsmasq(t, dnsmasqAddr, "srv-host=_vlmcs._tcp.corp.example,old.corp.example,1688",
		"host-record=old.corp.example,10.77.0.99,fd77::99")
	for family, own := range map[string]string{"-4": "3/1 from 10.77.0.1", "-6": "1/3 from fd77::1"} {
		t.Run("ip"+family, func(t *testing.T) {
			t.Parallel()
			o := l.client.check(t, family, "corp.example", "--dns", dnsmasqAddr)
			o.expect(t, 3, "srv-stale-host", diagnose.Possible)
			at := map[string]string{"-4": "10.77.0.99:1688", "-6": "[fd77::99]:1688"}[family]
			d := o.dial(t, at)
			last := d.Tries[len(d.Tries)-1]
			if d.Outcome != evidence.Unreachable || last.ICMP != own || last.Detail == "" {
				t.Errorf("%s, ICMP %q %q; want this machine's own %q, and that it says so", d.Outcome, last.ICMP, last.Detail, own)
			}
		})
	}
}

// TestIntegrationOneAddressOfSeveral has a host with several addresses of which
// one is filtered.
func TestIntegrationOneAddressOfSeveral(t *testing.T) {
	t.Parallel()
	needs(t, "ip", "nft", "dnsmasq")
	for _, tt := range []struct {
		name, addresses, rules string
		verdict                diagnose.Verdict
		open, dead             string
	}{
		{"two IPv4", "10.77.0.5,fd77::5,10.77.0.6", "ip daddr 10.77.0.6 tcp dport {135, 445, 1688} drop", diagnose.Found, "10.77.0.5:1688", "10.77.0.6:1688"},
		{"IPv6 filtered", "10.77.0.5,fd77::5", "ip6 version 6 tcp dport 1688 drop", diagnose.Possible, "10.77.0.5:1688", "[fd77::5]:1688"},
		{"IPv4 filtered", "10.77.0.5,fd77::5", "ip version 4 tcp dport 1688 drop", diagnose.Possible, "[fd77::5]:1688", "10.77.0.5:1688"},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			l, host := newLink(t), startKMS(t)
			host.serve(t, l.server, way{}, "10.77.0.5:1688", "10.77.0.6:1688", "[fd77::5]:1688")
			options := []string{"srv-host=_vlmcs._tcp.corp.example,kms01.corp.example,1688"}
			for a := range strings.SplitSeq(tt.addresses, ",") {
				options = append(options, "host-record=kms01.corp.example,"+a)
			}
			l.server.dnsmasq(t, dnsmasqAddr, options...)
			l.server.filter(t, tt.rules)
			o := l.client.check(t, "corp.example", "--dns", dnsmasqAddr)
			o.expect(t, 3, "dns-address-wrong-nic", tt.verdict)
			if d := o.dial(t, tt.dead); d.Outcome != evidence.Silent {
				t.Errorf("%s: %s, want silence", tt.dead, d.Outcome)
			}
			if r := o.result(t, "kms.request", tt.open); r.Status != run.Pass || o.dial(t, tt.open).Outcome != evidence.Open {
				t.Errorf("%s: %s", tt.open, r.Summary)
			}
			if r := o.result(t, "kms.request", tt.dead); r.Status != run.Skip || r.Root != "tcp.connect "+tt.dead {
				t.Errorf("%s: %s, root %q", tt.dead, r.Status, r.Root)
			}
		})
	}
}
