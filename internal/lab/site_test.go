package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

func TestDial(t *testing.T) {
	l := single(Up{})
	l.Machine.Addresses = append(l.Machine.Addresses, netip.MustParseAddr("2001:db8::17"))
	l.Hosts = append(l.Hosts,
		Host{Name: "v6", Addresses: []netip.Addr{netip.MustParseAddr("2001:db8::5")}, Ports: map[uint16]Service{1688: Up{}}},
		Host{Name: "odd", Addresses: []netip.Addr{netip.MustParseAddr("198.51.100.9")}, Ports: map[uint16]Service{
			1: Refused{},
			2: Rejected{evidence.Prohibited, "3/13 from 192.0.2.1"},
		}})
	site := startLayout(t, l)
	tests := []struct {
		to   string
		want evidence.DialOutcome
		icmp string
	}{
		{"192.0.2.5:1688", evidence.Open, ""},
		{"192.0.2.5:445", evidence.Open, ""},
		{"[::ffff:192.0.2.5]:445", evidence.Open, ""},
		{"[2001:db8::5]:1688", evidence.Open, ""},
		{"[2001:db8::6]:1688", evidence.Silent, ""},
		{"192.0.2.5:1689", evidence.Silent, ""},
		{"192.0.2.99:1688", evidence.Silent, ""},
		{"203.0.113.1:1688", evidence.Silent, ""},
		{"127.0.0.1:1688", evidence.Silent, ""}, // not even this machine is reached but through the layout
		{"198.51.100.9:1", evidence.Refused, ""},
		{"198.51.100.9:2", evidence.Prohibited, "3/13 from 192.0.2.1"},
		{"kms01.corp.example:1688", evidence.DialOther, ""},
	}
	for _, tt := range tests {
		limit := patience
		if tt.want == evidence.Silent {
			limit = 10 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(testContext(t), limit)
		c, err := site.Env(checks.Env{}).Dialer.DialContext(ctx, "tcp", tt.to)
		cancel()
		var e *checks.DialError
		switch {
		case tt.want == evidence.Open && err != nil:
			t.Errorf("%s: %v", tt.to, err)
		case tt.want == evidence.Open:
			checkNames(t, c, netip.MustParseAddrPort(tt.to))
			_ = c.Close()
		case !errors.As(err, &e) || e.Outcome != tt.want || e.ICMP != tt.icmp:
			t.Errorf("%s: %v, want %s", tt.to, err, tt.want)
		}
	}
}

// checkNames expects both ends of a connection under documentation addresses.
func checkNames(t *testing.T, c net.Conn, to netip.AddrPort) {
	t.Helper()
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if got := c.RemoteAddr().String(); got != to.String() {
		t.Errorf("remote address %s, want %s", got, to)
	}
	local := netip.MustParseAddrPort(c.LocalAddr().String())
	want := addrPC
	if to.Addr().Is6() {
		want = netip.MustParseAddr("2001:db8::17")
	}
	if local.Addr() != want || local.Port() == 0 {
		t.Errorf("local address %s, want %s", local, want)
	}
}

func TestDialCancelledAndWithoutFamily(t *testing.T) {
	site := startLayout(t, single(nil))
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	for to, want := range map[string]evidence.DialOutcome{"192.0.2.5:1688": evidence.Cancelled, "[2001:db8::5]:1688": evidence.NoFamily} {
		_, err := site.Env(checks.Env{}).Dialer.DialContext(ctx, "tcp", to)
		var e *checks.DialError
		if !errors.As(err, &e) || e.Outcome != want {
			t.Errorf("%s: %v, want %s", to, err, want)
		}
	}
}

func TestHeal(t *testing.T) {
	s := portRefused()
	site, err := Start(testContext(t), s)
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	env := site.Env(checks.Env{})
	if c, err := env.Dialer.DialContext(testContext(t), "tcp", "192.0.2.5:1688"); err == nil {
		_ = c.Close()
		t.Fatal("ill, and open")
	}
	if err := site.Heal(); err != nil {
		t.Fatal(err)
	}
	if x, err := ask(t, site, probe(t, "windows-11", kms.V6)); err != nil || x.Response.Count != 50 {
		t.Errorf("healed: %v", err)
	}
	if got := site.Requests(); len(got) != 1 || got[0].Host != "kms01" || got[0].Workstation != "PC-0417" || got[0].NPolicy != 25 {
		t.Errorf("requests %+v", got)
	}
	site.Close()
	if err := site.Heal(); err == nil {
		t.Error("a closed site heals")
	}
}

// Connections and dials that wait end with the site, whoever ends it.
func TestClose(t *testing.T) {
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	site, err := Start(ctx, Scenario{Layout: single(server2022())})
	if err != nil {
		t.Fatal(err)
	}
	nc, r := bindRaw(t, site)
	cancel()
	if _, err := r.ReadPDU(); err == nil {
		t.Error("the connection survives the context")
	}
	_ = nc.Close()
	site.Close()
	site.Close()
	env := site.Env(checks.Env{})
	if c, err := env.Dialer.DialContext(testContext(t), "tcp", "192.0.2.5:1688"); err == nil {
		_ = c.Close()
		t.Error("a closed site is dialled")
	}
	if len(env.Local.Resolvers(testContext(t)).Resolvers) != 0 {
		t.Error("a closed site has resolvers")
	}
}

func TestLocal(t *testing.T) {
	site := startLayout(t, sound())
	local := site.Env(checks.Env{Version: "1.2"}).Local
	m := local.Machine(testContext(t))
	if m.Name != "PC-0417" || len(m.Addresses) != 1 || m.Addresses[0] != addrPC || m.HasIPv6 {
		t.Errorf("machine %+v", m)
	}
	c := local.Resolvers(testContext(t))
	if len(c.Resolvers) != 2 || c.Resolvers[0].Address != ns01 || c.Resolvers[1].Address != ns02 ||
		len(c.Suffixes) != 1 || c.Suffixes[0].Name != "corp.example" || !c.Suffixes[0].Primary {
		t.Errorf("resolvers %+v", c)
	}
	if site.Env(checks.Env{Version: "1.2"}).Version != "1.2" {
		t.Error("the rest of the environment is lost")
	}
}

// The machine's clock is ahead of the site's, and the time servers show it.
func TestClocks(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 500_000_000, time.UTC)
	l := sound()
	l.Machine.Ahead = 5 * time.Hour
	l.Hosts[2].Ahead = -time.Minute
	site, err := Start(testContext(t), Scenario{Layout: l, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	env := site.Env(checks.Env{})
	if got := env.Now(); !got.Equal(now.Add(5 * time.Hour)) {
		t.Errorf("machine's clock %s", got)
	}
	for to, want := range map[string]time.Time{"192.0.2.2:123": now, "ns02.corp.example:123": now, "192.0.2.5:123": now.Add(-time.Minute)} {
		if got := askTime(t, env, to); got.Sub(want).Abs() > time.Microsecond {
			t.Errorf("%s says %s, want %s", to, got, want)
		}
	}
	if _, err := env.UDP.DialContext(testContext(t), "udp", "nobody.corp.example:123"); err == nil {
		t.Error("a name that is not in the zone is found")
	}
	c, err := env.UDP.DialContext(testContext(t), "udp", "192.0.2.99:123")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = c.Write(sntpQuestion())
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if n, err := c.Read(make([]byte, 64)); err == nil {
		t.Errorf("%d bytes from nobody", n)
	}
}

func sntpQuestion() []byte {
	q := make([]byte, 48)
	q[0] = 4<<3 | 3
	copy(q[40:], "kmsdiag!")
	return q
}

func askTime(t *testing.T, env *checks.Env, to string) time.Time {
	t.Helper()
	c, err := env.UDP.DialContext(testContext(t), "udp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write(sntpQuestion()); err != nil {
		t.Fatal(err)
	}
	a := make([]byte, 64)
	n, err := c.Read(a)
	if err != nil || n != 48 || a[0]&7 != 4 || string(a[24:32]) != "kmsdiag!" {
		t.Fatalf("%d bytes %x, %v", n, a[:n], err)
	}
	fraction := int64(binary.BigEndian.Uint32(a[44:])) * int64(time.Second) >> 32
	return time.Unix(int64(binary.BigEndian.Uint32(a[40:]))-2208988800, fraction).UTC()
}

func TestSNTPAnswersClientsAlone(t *testing.T) {
	for _, q := range [][]byte{nil, make([]byte, 47), make([]byte, 48)} {
		if a := sntpAnswer(q, time.Now()); a != nil {
			t.Errorf("%d bytes are answered with %x", len(q), a)
		}
	}
}

func TestUnknownHostKey(t *testing.T) {
	site, err := Start(testContext(t), Scenario{Layout: single(KMS{Keys: []string{"server-1999"}})})
	if err == nil {
		site.Close()
	}
	if !errors.Is(err, errNoHostKey) {
		t.Errorf("error %v", err)
	}
}

// Every socket of every scenario is bound to loopback.
func TestLoopbackOnly(t *testing.T) {
	for _, s := range Scenarios() {
		for _, layout := range []Layout{s.Layout, s.Healed} {
			site := startLayout(t, layout)
			check := func(what, addr string) {
				if a, err := netip.ParseAddrPort(addr); err != nil || !a.Addr().IsLoopback() {
					t.Errorf("%s: %s at %s", s.Name, what, addr)
				}
			}
			for at, ns := range site.stage.servers {
				check("UDP of "+at.String(), ns.udpAt.String())
				check("TCP of "+at.String(), ns.tcpAt.String())
				check("the socket of "+at.String(), ns.udp.PacketConn.LocalAddr().String())
				check("the socket of "+at.String(), ns.tcp.Listener.Addr().String())
			}
			for at, addr := range site.stage.clocks {
				check("the clock of "+at, addr)
			}
			for at, open := range site.stage.doors {
				c, err := open(testContext(t))
				if err != nil {
					continue // refused or rejected
				}
				check(at.String(), c.RemoteAddr().String())
				_ = c.Close()
			}
		}
	}
}
