package checks

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// noFamily is a machine that lacks the address family of all but one address.
type noFamily struct{ reached string }

func (d noFamily) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if address == d.reached {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	return nil, &DialError{Outcome: evidence.NoFamily, Detail: "this machine has no IPv4 address of its own"}
}

func TestCoverage(t *testing.T) {
	good := (&testHost{}).start(t)
	local := netip.MustParseAddrPort(good)
	v6only := corpLocal()
	zone := map[string][]string{
		"_vlmcs._tcp.corp.example SRV": {"_vlmcs._tcp.corp.example. 60 IN SRV 0 0 1688 kms01.corp.example."},
		"kms01.corp.example AAAA":      {"kms01.corp.example. 60 IN AAAA 2001:db8::5"},
	}
	far := run.HostPort{Host: "192.0.2.55"}
	near := run.HostPort{Host: local.Addr().String(), Port: local.Port()}
	corp := run.Target{Domains: []string{"corp.example"}}
	for _, tt := range []struct {
		name   string
		target run.Target
		opts   Options
		worst  run.Status
		text   string
	}{
		{"no way to the only host", run.Target{Hosts: []run.HostPort{far}}, Options{}, run.Fail, "Nothing was tested.\n192.0.2.55 was not tested: this machine has no IPv4 address of its own.\n"},
		{"no way to one of two hosts", run.Target{Hosts: []run.HostPort{far, near}}, Options{}, run.Warn, "192.0.2.55 was not tested: this machine has no IPv4"},
		{"a tested host", run.Target{Hosts: []run.HostPort{near}}, Options{}, run.Pass, ""},
		{"only addresses of another family", corp, Options{}, run.Fail, "Nothing was tested.\nkms01.corp.example was not tested: only 2001:db8::5"},
		{"without the bind", run.Target{Hosts: []run.HostPort{near}}, Options{Skip: []string{"rpc.bind"}}, run.Warn, "The KMS service of 127.0.0.1 was not tested: rpc.bind was left out.\n"},
		{"without the connection", run.Target{Hosts: []run.HostPort{near}}, Options{Skip: []string{"tcp.connect"}}, run.Warn, "Nothing was tested.\n127.0.0.1 was not tested: tcp.connect was left out.\n"},
		{"without the request", run.Target{Hosts: []run.HostPort{near}}, Options{Skip: []string{"kms.request"}}, run.Pass, ""},
		{"the connection alone", run.Target{Hosts: []run.HostPort{near}}, Options{Only: []string{"tcp.connect"}}, run.Pass, ""},
		{"without the record", corp, Options{Skip: []string{"dns.srv"}}, run.Warn, "No KMS host was tested"},
		{"without the configuration", corp, Options{Skip: []string{"dns.config"}}, run.Warn, "Nothing was tested: dns.config was left out.\n"},
		{"without addresses", corp, Options{Skip: []string{"dns.address"}}, run.Warn, "No KMS host was tested"},
		{"the record alone", corp, Options{Only: []string{"dns.srv"}}, run.Pass, ""},
		{"the configuration alone", run.Target{}, Options{Only: []string{"dns.config"}}, run.Pass, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := &Env{Target: tt.target, Local: v6only, DNS: &fakeDNS{zone: zone}, Dialer: noFamily{good}}
			s := record(t.Context(), env, All(), tt.opts).summary
			if s.Worst != tt.worst || !strings.HasPrefix(s.Conclusion, tt.text) || tt.text == "" && strings.Contains(s.Conclusion, "was left out") {
				t.Errorf("%s, %q; want %s, %q", s.Worst, s.Conclusion, tt.worst, tt.text)
			}
		})
	}
}

// TestDNSCannotNameEndpointsWithoutEnd runs against a zone in which every host
// has more addresses than are looked at.
func TestDNSCannotNameEndpointsWithoutEnd(t *testing.T) {
	zone := map[string][]string{"_vlmcs._tcp.corp.example SRV": manyRecords(100)}
	for i := range 100 {
		name := fmt.Sprintf("kms%03d.corp.example", i)
		for j := range maxAddresses {
			zone[name+" A"] = append(zone[name+" A"], fmt.Sprintf("%s. 60 IN A 10.0.%d.%d", name, i, j+1))
		}
	}
	r := discover(t, run.Target{Domains: []string{"corp.example"}}, corpLocal(), &fakeDNS{zone: zone})
	if n := len(r.subjects(run.Endpoint)); n != maxDiscovered {
		t.Errorf("%d endpoints, want %d", n, maxDiscovered)
	}
	noted := 0
	for _, e := range r.events {
		if e.Finished != nil && e.Finished.Status == run.Warn && hasNote(*e.Finished, "too-many-endpoints", run.Warn) {
			noted++
		}
	}
	if noted == 0 {
		t.Error("no result says that endpoints were left out")
	}
}

// collect frees what is not in use; pools let go of it at the second time.
func collect() {
	for range 3 {
		runtime.GC()
	}
}

// TestLargeAnswersAreNotKept holds what a run keeps of a DNS server's largest
// answers against what it keeps of a small one.
func TestLargeAnswersAreNotKept(t *testing.T) {
	kept := func(records int) uint64 {
		server := dnsServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
			m := new(dns.Msg)
			m.SetReply(q)
			m.Rcode = dns.RcodeNameError
			if strings.HasPrefix(q.Question[0].Name, "_vlmcs._tcp.corp") {
				m.Rcode = dns.RcodeSuccess
				for i := range records {
					m.Answer = append(m.Answer, srvRecord(i))
				}
			}
			if _, tcp := w.RemoteAddr().(*net.TCPAddr); !tcp {
				m.Truncate(dns.MinMsgSize)
			}
			_ = w.WriteMsg(m)
		})
		var before, after runtime.MemStats
		collect()
		runtime.ReadMemStats(&before)
		env := &Env{Target: run.Target{Domains: []string{"corp.example"}, Resolvers: []netip.AddrPort{server}}, Local: corpLocal(), DNS: NewExchanger()}
		r := newRunner(env, discovery(), Options{}, func(run.Event) {})
		defer r.env.sessions.closeAll()
		for _, s := range append([]run.Subject{{Key: siteKey, Kind: run.Site}}, namedSubjects(r.env.Target)...) {
			for _, task := range r.found(s, nil) {
				r.look(task)
			}
		}
		r.loop(t.Context())
		collect()
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(r)
		return after.HeapAlloc - min(before.HeapAlloc, after.HeapAlloc)
	}
	kept(1) // warms up
	small, large := kept(1), kept(1000)
	if large > small+1<<20 {
		t.Errorf("%d bytes kept of a large answer, %d of a small one", large, small)
	}
	t.Logf("%d bytes kept of a large answer, %d of a small one", large, small)
}
