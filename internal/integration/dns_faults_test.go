//go:build integration && linux

package integration

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// faults is a wire with name servers that fail in every way. 10.77.0.2 serves
// the zone above corp.example and resolves for others, 10.77.0.3 serves
// corp.example, 10.77.0.4 serves nothing, 10.77.0.5 serves the zone above without
// resolving, 10.77.0.6 passes on what 10.77.0.2 says, 10.77.0.7 is mute and
// nothing listens on 10.77.0.8.
func faults(t *testing.T) link {
	t.Helper()
	needs(t, "ip", "dnsmasq", "named")
	l, host, z := newLink(t), startKMS(t), hosts(1)
	host.serve(t, l.server, way{}, "10.77.1.1:1688")
	above := bindZone{"example", `corp NS ns.corp
ns.corp A 10.77.0.3
lame NS ns.lame
ns.lame A 10.77.0.4
mute NS ns.mute
ns.mute A 10.77.0.7`}
	l.server.named(t, "10.77.0.2", "recursion yes;", above, bindZone{"broken.example", "this is no record"})
	l.server.named(t, "10.77.0.3", "", corpZone(z.named...))
	l.server.named(t, "10.77.0.4", "")
	l.server.named(t, "10.77.0.5", "", above)
	l.server.dnsmasq(t, "10.77.0.6", "server=/broken.example/10.77.0.2", "server=/corp.example/10.77.0.2", "server=/mute.example/10.77.0.7")
	l.server.mute(t, "10.77.0.7:53")
	return l
}

// mute opens a UDP socket that takes what comes and never answers.
func (n netns) mute(t *testing.T, address string) {
	t.Helper()
	var c net.PacketConn
	n.enter(t, func() (err error) {
		c, err = (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", address)
		return err
	})
	t.Cleanup(func() { _ = c.Close() })
}

func TestIntegrationNameServerFaults(t *testing.T) {
	t.Parallel()
	l := faults(t)
	const unreachable = "dns-server-unreachable"
	for _, tt := range []struct {
		name    string
		domain  string
		servers string // the last is the one looked at
		exit    int
		cause   string // "" is none; "*" is any but a missing record
		verdict diagnose.Verdict
		outcome evidence.DNSOutcome
		detail  string
		notes   string // of dns.srv
	}{
		{name: "delegation followed", domain: "corp.example", servers: "10.77.0.2", outcome: evidence.DNSAnswered},
		{name: "forwarded", domain: "corp.example", servers: "10.77.0.6", outcome: evidence.DNSAnswered},
		{
			name: "delegation not followed", domain: "corp.example", servers: "10.77.0.5", exit: 3, cause: "*",
			outcome: evidence.DNSOther, detail: "only a referral to the name servers of corp.example",
		},
		{name: "lame delegation", domain: "lame.example", servers: "10.77.0.2", exit: 3, cause: unreachable, verdict: diagnose.Found, outcome: evidence.DNSServFail},
		{name: "mute delegation", domain: "mute.example", servers: "10.77.0.2", exit: 3, cause: unreachable, verdict: diagnose.Found, outcome: evidence.DNSSilent},
		{name: "broken zone", domain: "broken.example", servers: "10.77.0.2", exit: 3, cause: unreachable, verdict: diagnose.Found, outcome: evidence.DNSServFail},
		{name: "broken zone, forwarded", domain: "broken.example", servers: "10.77.0.6", exit: 3, cause: unreachable, verdict: diagnose.Found, outcome: evidence.DNSServFail},
		{name: "foreign zone at BIND", domain: "corp.example", servers: "10.77.0.4", exit: 3, cause: unreachable, verdict: diagnose.Found, outcome: evidence.DNSRefused},
		{name: "foreign zone at dnsmasq", domain: "other.example", servers: "10.77.0.6", exit: 3, cause: unreachable, verdict: diagnose.Found, outcome: evidence.DNSRefused},
		{name: "silent", domain: "corp.example", servers: "10.77.0.7", exit: 3, cause: unreachable, verdict: diagnose.Found, outcome: evidence.DNSSilent},
		{name: "silent behind dnsmasq", domain: "mute.example", servers: "10.77.0.6", exit: 3, cause: unreachable, verdict: diagnose.Found, outcome: evidence.DNSSilent},
		{name: "nobody listens", domain: "corp.example", servers: "10.77.0.8", exit: 3, cause: unreachable, verdict: diagnose.Found, outcome: evidence.DNSUnreachable, detail: "connection refused"},
		{name: "no such machine", domain: "corp.example", servers: "10.77.0.99", exit: 3, cause: unreachable, verdict: diagnose.Found, outcome: evidence.DNSSilent},
		{name: "no route", domain: "corp.example", servers: "192.0.2.53", exit: 3, cause: "off-network-no-vpn", verdict: diagnose.Possible, outcome: evidence.DNSUnreachable, detail: "network is unreachable"},
		{
			name: "one of two silent", domain: "corp.example", servers: "10.77.0.3 10.77.0.7",
			cause: unreachable, verdict: diagnose.Possible, outcome: evidence.DNSSilent, notes: "resolver-failed",
		},
		{
			name: "one of two refuses", domain: "corp.example", servers: "10.77.0.3 10.77.0.4",
			cause: unreachable, verdict: diagnose.Possible, outcome: evidence.DNSRefused, notes: "resolver-failed",
		},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			args := []string{tt.domain}
			for server := range strings.FieldsSeq(tt.servers) {
				args = append(args, "--dns", server)
			}
			o := l.client.check(t, args...)
			if tt.cause != "*" {
				o.expect(t, tt.exit, tt.cause, tt.verdict)
			} else if o.exit != tt.exit || o.top().ID == "srv-record-missing" {
				t.Errorf("exit %d, first cause %q", o.exit, o.top().ID)
			}
			a := o.srv(t, evidence.SRVKMS, args[len(args)-1], false)
			if a.Outcome != tt.outcome || a.Detail != tt.detail || a.Authority {
				t.Errorf("%s %q, authority %t; want %s %q from a server that resolves for others", a.Outcome, a.Detail, a.Authority, tt.outcome, tt.detail)
			}
			if got := strings.Join(o.notes("dns.srv"), " "); got != tt.notes {
				t.Errorf("notes %q, want %q", got, tt.notes)
			}
		})
	}
}

// TestIntegrationResolversDisagree has a server with the record beside one with
// an older copy of the zone.
func TestIntegrationResolversDisagree(t *testing.T) {
	t.Parallel()
	needs(t, "ip", "dnsmasq", "named")
	l, host, z := newLink(t), startKMS(t), hosts(1)
	host.serve(t, l.server, way{}, "10.77.1.1:1688")
	l.server.dnsmasq(t, dnsmasqAddr, z.dnsmasq...)
	l.server.named(t, namedAddr, "", corpZone(z.named[0]))
	o := l.client.check(t, "corp.example", "--dns", dnsmasqAddr, "--dns", namedAddr)
	o.expect(t, 0, "srv-wrong-zone", diagnose.Found)
	if got := o.notes("dns.srv"); !slices.Equal(got, []string{"resolvers-disagree"}) {
		t.Errorf("notes %v", got)
	}
	if a := o.srv(t, evidence.SRVKMS, namedAddr, false); a.Outcome != evidence.DNSNoName {
		t.Errorf("BIND without the record: %s", a.Outcome)
	}
	o = l.client.check(t, "corp.example", "--dns", dnsmasqAddr, "--dns", namedAddr, "--fail-on", "warn")
	o.expect(t, 4, "srv-wrong-zone", diagnose.Found)
}

// TestIntegrationBareName publishes the record under a name that has no domain.
func TestIntegrationBareName(t *testing.T) {
	t.Parallel()
	needs(t, "ip", "dnsmasq", "named")
	l := newLink(t)
	l.server.dnsmasq(t, dnsmasqAddr, "srv-host=_vlmcs._tcp,kms01.corp.example,1688")
	l.server.named(t, namedAddr, "", corpZone(), bindZone{"_tcp", "_vlmcs SRV 0 0 1688 kms01.corp.example."})
	for _, server := range []string{dnsmasqAddr, namedAddr} {
		o := l.client.check(t, "corp.example", "--dns", server)
		if o.exit != 3 || !slices.Equal(o.notes("dns.srv"), []string{"bare-name-only"}) {
			t.Errorf("%s: exit %d, notes %v", server, o.exit, o.notes("dns.srv"))
		}
		if top := o.top().ID; top != "dns-suffix-missing" && top != "srv-record-missing" {
			t.Errorf("%s: first cause %q", server, top)
		}
		if a := o.srv(t, evidence.SRVBareName, server, false); a.Outcome != evidence.DNSAnswered || a.Domain != "" || len(a.Records) != 1 {
			t.Errorf("%s: the bare name: %+v", server, a)
		}
	}
}
