//go:build integration && linux

package checks

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// namespace is a network namespace of its own, removed when the test ends.
type namespace struct{ name string }

func newNamespace(t *testing.T, suffix string) namespace {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("network namespaces need root")
	}
	for _, tool := range []string{"ip", "nft"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	ns := namespace{fmt.Sprintf("kmsdiag-%d-%s", os.Getpid(), suffix)}
	command(t, "", "ip", "netns", "add", ns.name)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", ns.name).Run() })
	ns.ip(t, "link set lo up")
	return ns
}

func command(t *testing.T, stdin, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Stdin = strings.NewReader(stdin)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func (ns namespace) ip(t *testing.T, args string) {
	t.Helper()
	command(t, "", "ip", append([]string{"-n", ns.name}, strings.Fields(args)...)...)
}

// enter runs f inside the namespace, on a thread that is thrown away.
func (ns namespace) enter(f func()) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := func() error {
			fd, err := unix.Open("/run/netns/"+ns.name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer func() { _ = unix.Close(fd) }()
			return unix.Setns(fd, unix.CLONE_NEWNET)
		}()
		if err == nil {
			f()
		}
		done <- err
	}()
	return <-done
}

// DialContext is the system dialer inside the namespace.
func (ns namespace) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if e := ns.enter(func() { conn, err = SystemDialer{}.DialContext(ctx, network, address) }); e != nil {
		return nil, e
	}
	return conn, err
}

func (ns namespace) listen(t *testing.T, address string) {
	t.Helper()
	var l net.Listener
	var err error
	if e := ns.enter(func() { l, err = net.Listen("tcp", address) }); e != nil || err != nil {
		t.Fatal(e, err)
	}
	t.Cleanup(func() { _ = l.Close() })
}

const filterRules = `
table inet kmsdiag {
	chain input {
		type filter hook input priority 0;
		tcp dport 1001 drop
		ip daddr 192.0.2.5 tcp dport 1688 drop
		tcp dport 1002 reject with tcp reset
		ip version 4 jump four
		ip6 version 6 jump six
	}
	chain four {
		tcp dport 1003 reject with icmp type port-unreachable
		tcp dport 1004 reject with icmp type admin-prohibited
		tcp dport 1005 reject with icmp type host-prohibited
		tcp dport 1006 reject with icmp type net-prohibited
		tcp dport 1007 reject with icmp type net-unreachable
		tcp dport 1008 reject with icmp type host-unreachable
	}
	chain six {
		tcp dport 1003 reject with icmpv6 type port-unreachable
		tcp dport 1004 reject with icmpv6 type admin-prohibited
		tcp dport 1005 reject with icmpv6 type policy-fail
		tcp dport 1006 reject with icmpv6 type reject-route
		tcp dport 1007 reject with icmpv6 type no-route
		tcp dport 1008 reject with icmpv6 type addr-unreachable
	}
}`

// TestIntegrationFilterKinds asks a peer that filters in every way nftables knows.
func TestIntegrationFilterKinds(t *testing.T) {
	client, peer := newNamespace(t, "a"), newNamespace(t, "b")
	client.ip(t, "link add veth0 type veth peer name veth0 netns "+peer.name)
	for i, ns := range []namespace{client, peer} {
		ns.ip(t, fmt.Sprintf("addr add 192.0.2.%d/24 dev veth0", i+1))
		ns.ip(t, fmt.Sprintf("addr add 2001:db8::%d/64 dev veth0 nodad", i+1))
		ns.ip(t, "link set veth0 up")
	}
	peer.ip(t, "addr add 192.0.2.5/24 dev veth0")
	client.ip(t, "route add prohibit 198.51.100.7/32")
	client.ip(t, "route add unreachable 198.51.100.8/32")
	command(t, filterRules, "ip", "netns", "exec", peer.name, "nft", "-f", "-")
	peer.listen(t, "192.0.2.2:1688")
	peer.listen(t, "[2001:db8::2]:1688")

	for _, warm := range []string{"192.0.2.2:1688", "[2001:db8::2]:1688"} { // neighbours known, addresses ready
		conn, err := client.DialContext(t.Context(), "tcp", warm)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	}

	only4 := newNamespace(t, "c")
	only4.ip(t, "link add veth0 type veth peer name veth1")
	only4.ip(t, "addr add 192.0.2.3/24 dev veth0")
	only4.ip(t, "link set veth0 up")

	for _, tt := range []struct {
		from    namespace
		to      string
		status  run.Status
		outcome evidence.DialOutcome
		icmp    string
		tries   int
	}{
		{client, "192.0.2.2:1688", run.Pass, evidence.Open, "", 1},
		{client, "192.0.2.2:1000", run.Fail, evidence.Refused, "", 1},
		{client, "192.0.2.2:1001", run.Fail, evidence.Silent, "", 3},
		{client, "192.0.2.2:1002", run.Fail, evidence.Refused, "", 1},
		{client, "192.0.2.2:1003", run.Fail, evidence.PortUnreachable, "3/3 from 192.0.2.2", 1},
		{client, "192.0.2.2:1004", run.Fail, evidence.Prohibited, "3/13 from 192.0.2.2", 1},
		{client, "192.0.2.2:1005", run.Fail, evidence.Prohibited, "3/10 from 192.0.2.2", 1},
		{client, "192.0.2.2:1006", run.Fail, evidence.Prohibited, "3/9 from 192.0.2.2", 1},
		{client, "192.0.2.2:1007", run.Fail, evidence.Unreachable, "3/0 from 192.0.2.2", 1},
		{client, "192.0.2.2:1008", run.Fail, evidence.Unreachable, "3/1 from 192.0.2.2", 1},
		{client, "[2001:db8::2]:1688", run.Pass, evidence.Open, "", 1},
		{client, "[2001:db8::2]:1000", run.Fail, evidence.Refused, "", 1},
		{client, "[2001:db8::2]:1001", run.Fail, evidence.Silent, "", 3},
		{client, "[2001:db8::2]:1002", run.Fail, evidence.Refused, "", 1},
		{client, "[2001:db8::2]:1003", run.Fail, evidence.PortUnreachable, "1/4 from 2001:db8::2", 1},
		{client, "[2001:db8::2]:1004", run.Fail, evidence.Prohibited, "1/1 from 2001:db8::2", 1},
		{client, "[2001:db8::2]:1005", run.Fail, evidence.Prohibited, "1/5 from 2001:db8::2", 1},
		{client, "[2001:db8::2]:1006", run.Fail, evidence.Prohibited, "1/6 from 2001:db8::2", 1},
		{client, "[2001:db8::2]:1007", run.Fail, evidence.Unreachable, "1/0 from 2001:db8::2", 1},
		{client, "[2001:db8::2]:1008", run.Fail, evidence.Unreachable, "1/3 from 2001:db8::2", 1},
		{client, "192.0.2.99:1688", run.Fail, evidence.Unreachable, "3/1 from 192.0.2.1", 3}, // no neighbour
		{client, "198.51.100.1:1688", run.Fail, evidence.NoRoute, "", 1},
		{client, "198.51.100.7:1688", run.Fail, evidence.LocalRefusal, "", 1},
		{client, "198.51.100.8:1688", run.Fail, evidence.NoRoute, "", 1},
		{client, "[2001:db8:9::1]:1688", run.Fail, evidence.NoRoute, "", 1},
		{only4, "[2001:db8::2]:1688", run.Skip, evidence.NoFamily, "", 1},
	} {
		t.Run(strings.NewReplacer("[", "", "]", "").Replace(tt.to)+"-"+string(tt.outcome), func(t *testing.T) {
			t.Parallel()
			addr := netip.MustParseAddrPort(tt.to)
			env := &Env{Dialer: tt.from, sessions: newSessions()}
			defer env.sessions.closeAll()
			ask := Ask{Env: env, Subject: run.Subject{Kind: run.Endpoint, Key: tt.to, Host: "kms01", Port: addr.Port(), Addr: addr}}
			ctx, cancel := context.WithTimeout(t.Context(), TCPConnect.Timeout)
			defer cancel()
			start := time.Now()
			a := TCPConnect.Run(ctx, ask)
			dial := a.Evidence.Dials[0]
			t.Logf("%s in %v: %+v", a.Summary, time.Since(start).Round(time.Millisecond), dial.Tries)
			if a.Status != tt.status || dial.Outcome != tt.outcome || len(dial.Tries) != tt.tries {
				t.Errorf("got %s, %s after %d tries; want %s, %s after %d", a.Status, dial.Outcome, len(dial.Tries), tt.status, tt.outcome, tt.tries)
			}
			if icmp := dial.Tries[len(dial.Tries)-1].ICMP; icmp != tt.icmp {
				t.Errorf("ICMP = %q, want %q", icmp, tt.icmp)
			}
		})
	}

	t.Run("alive", func(t *testing.T) {
		t.Parallel()
		connect, alive := dialOnly(t.Context(), client, nil)
		if connect.Evidence.Dials[0].Outcome != evidence.Silent || alive == nil || alive.Status != run.Pass ||
			alive.Summary != "refuses on 135 and 445: the host is up" {
			t.Errorf("%s; %+v", connect.Summary, alive)
		}
	})
}
