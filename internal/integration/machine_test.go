//go:build integration && linux

package integration

import (
	"slices"
	"testing"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// corpSite is a wire with one KMS host of corp.example, kms01 at 10.77.0.5 and
// fd77::5, and dnsmasq.
func corpSite(t *testing.T) link {
	t.Helper()
	needs(t, "ip", "dnsmasq")
	l, host := newLink(t), startKMS(t)
	host.serve(t, l.server, way{}, "10.77.0.5:1688", "[fd77::5]:1688")
	l.server.dnsmasq(t, dnsmasqAddr, "srv-host=_vlmcs._tcp.corp.example,kms01.corp.example,1688",
		"host-record=kms01.corp.example,10.77.0.5,fd77::5", "srv-host=_ldap._tcp.dc._msdcs.ad.example,dc01.ad.example,389", "local=/ad.example/")
	return l
}

// TestIntegrationOwnDomain finds the domain by the machine's configuration.
func TestIntegrationOwnDomain(t *testing.T) {
	t.Parallel()
	l := corpSite(t)
	for _, tt := range []struct {
		name, resolv string
		exit         int
		cause        string
		verdict      diagnose.Verdict
		domain       string
	}{
		{"search list", "search corp.example\nnameserver 10.77.0.2\n", 0, "", "", "corp.example"},
		{"domain line", "domain corp.example\nnameserver 10.77.0.2\n", 0, "", "", "corp.example"},
		{"second suffix", "search ad.example corp.example\nnameserver 10.77.0.2\n", 0, "", "", "corp.example"},
		{"no suffix", "nameserver 10.77.0.2\n", 3, "dns-suffix-missing", diagnose.Possible, ""},
		{"record elsewhere", "search ad.example\nnameserver 10.77.0.2\n", 0, "adba-site", diagnose.Possible, "ad.example"},
		{"empty", "", 3, "client-no-dns-server", diagnose.Found, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := l.client.checkWith(t, etc{resolv: tt.resolv, hosts: joined.hosts})
			o.expect(t, tt.exit, tt.cause, tt.verdict)
			domain := ""
			for _, f := range o.Found {
				if f.Subject.Kind == run.Domain {
					domain = f.Subject.Domain
				}
			}
			if domain != tt.domain {
				t.Errorf("looked at %q, want %q", domain, tt.domain)
			}
			if strict := l.client.checkWith(t, etc{resolv: tt.resolv, hosts: joined.hosts}, "--fail-on", "warn"); tt.cause == "adba-site" && strict.exit != 4 {
				t.Errorf("exit %d with --fail-on warn, want 4", strict.exit)
			}
		})
	}
}

// TestIntegrationHostsFile has a hosts file that says otherwise than DNS.
func TestIntegrationHostsFile(t *testing.T) {
	t.Parallel()
	l := corpSite(t)
	for _, tt := range []struct {
		name, line string
		exit       int
		notes      []string
	}{
		{"agrees", "10.77.0.5 kms01.corp.example", 0, []string{"hosts-file-agrees", "several-addresses"}},
		{"overrides", "10.77.0.7 KMS01.corp.example", 3, []string{"hosts-file-overrides", "several-addresses"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := l.client.checkWith(t, etc{resolv: joined.resolv, hosts: joined.hosts + tt.line + "\n"})
			if notes := o.notes("dns.address"); o.exit != tt.exit || !slices.Equal(notes, tt.notes) {
				t.Errorf("exit %d, notes %v; want %d, %v", o.exit, notes, tt.exit, tt.notes)
				o.show(t)
			}
		})
	}
}

// TestIntegrationOnTheHost runs kmsdiag on the KMS host itself, which is no fault.
func TestIntegrationOnTheHost(t *testing.T) {
	t.Parallel()
	l := corpSite(t)
	o := l.server.check(t)
	o.expect(t, 0, "", "")
	if !slices.Contains(o.notes("dns.address"), "own-address") {
		t.Errorf("notes %v", o.notes("dns.address"))
	}
}

// TestIntegrationWithoutIPv6 runs on a machine that has no IPv6 address of its own.
func TestIntegrationWithoutIPv6(t *testing.T) {
	t.Parallel()
	l := corpSite(t)
	l.client.ip(t, "-6 addr flush dev wire")
	o := l.client.check(t)
	o.expect(t, 0, "", "")
	if !slices.Contains(o.notes("dns.address"), "ipv6-not-tested") {
		t.Errorf("notes %v", o.notes("dns.address"))
	}
	o = l.client.check(t, "fd77::5")
	if d := o.dial(t, "[fd77::5]:1688"); d.Outcome != evidence.NoFamily || o.result(t, "tcp.connect", "[fd77::5]:1688").Status != run.Skip {
		t.Errorf("%s", d.Outcome)
		o.show(t)
	}
	if len(o.Summary.Sent) != 0 {
		t.Errorf("sent %v", o.Summary.Sent)
	}
}
