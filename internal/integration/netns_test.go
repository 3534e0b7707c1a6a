//go:build integration && linux

package integration

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// netns is a network namespace that ends with its test.
type netns struct{ name string }

var namespaces atomic.Int32

func newNetns(t *testing.T) netns {
	t.Helper()
	n := netns{fmt.Sprintf("kmsdiag-it-%d-%d", os.Getpid(), namespaces.Add(1))}
	tool(t, "", "ip", "netns", "add", n.name)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", n.name).Run() })
	n.ip(t, "link set lo up")
	return n
}

// tool runs a program that must succeed.
func tool(t *testing.T, stdin, name string, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Stdin = strings.NewReader(stdin)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// ip configures the namespace.
func (n netns) ip(t *testing.T, args string) {
	t.Helper()
	tool(t, "", "ip", append([]string{"-n", n.name}, strings.Fields(args)...)...)
}

// filter loads nftables rules into the namespace: the body of a chain that sees
// what arrives.
func (n netns) filter(t *testing.T, rules string) {
	t.Helper()
	needs(t, "nft")
	table := "table inet kmsdiag { chain input { type filter hook input priority 0;\n" + rules + "\n}\n}\n"
	tool(t, table, "ip", "netns", "exec", n.name, "nft", "-f", "-")
}

// command prepares a program that runs inside the namespace.
func (n netns) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", n.name, name}, args...)...)
}

// etc is the text of files that a program sees in place of the machine's own.
type etc struct{ resolv, hosts string }

// commandWith prepares a program that runs inside the namespace with files of
// its own in /etc. The mounts end with the program: ip netns exec gives it a
// mount namespace.
func (n netns) commandWith(ctx context.Context, t *testing.T, files etc, name string, args ...string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	script := ""
	for file, text := range map[string]string{"resolv.conf": files.resolv, "hosts": files.hosts} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		script += fmt.Sprintf("mount --bind %s/%s /etc/%s && ", dir, file, file)
	}
	return n.command(ctx, "sh", append([]string{"-c", script + `exec "$0" "$@"`, name}, args...)...)
}

// enter runs f inside the namespace, on a thread that is thrown away. Sockets
// that f opens stay in the namespace.
func (n netns) enter(t *testing.T, f func() error) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		fd, err := unix.Open("/run/netns/"+n.name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			_ = unix.Close(fd)
		}
		if err == nil {
			err = f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatalf("in namespace %s: %v", n.name, err)
	}
}

// listen opens a TCP listener inside the namespace.
func (n netns) listen(t *testing.T, address string) net.Listener {
	t.Helper()
	var l net.Listener
	n.enter(t, func() (err error) {
		l, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
		return err
	})
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// link is two namespaces on one wire: client is 10.77.0.1 and fd77::1; server has
// 10.77.0.2 to 10.77.0.9, fd77::2 to fd77::9, and the whole of 10.77.1.0/24.
type link struct{ client, server netns }

const (
	clientAddr = "10.77.0.1"
	hostAddr   = "10.77.0.5" // where the tests put a KMS host
	hostAddr6  = "fd77::5"
)

func newLink(t *testing.T) link {
	t.Helper()
	needs(t, "ip")
	l := link{newNetns(t), newNetns(t)}
	// With the same index at both ends the kernel takes a second to see the carrier.
	l.client.ip(t, "link add wire index 77 type veth peer name wire netns "+l.server.name)
	addresses := func(n netns, from, to int) {
		n.ip(t, "link set wire addrgenmode none") // a link-local address would first be probed for a second
		for i := from; i <= to; i++ {
			n.ip(t, fmt.Sprintf("addr add 10.77.0.%d/24 dev wire", i))
			n.ip(t, fmt.Sprintf("addr add fd77::%d/64 dev wire nodad", i))
		}
		n.ip(t, "link set wire up")
	}
	addresses(l.client, 1, 1)
	addresses(l.server, 2, 9)
	l.server.ip(t, "route add local 10.77.1.0/24 dev lo")
	l.client.ip(t, "route add 10.77.1.0/24 via 10.77.0.2")
	return l
}
