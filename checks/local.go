package checks

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// systemConfig reads the configuration of the system it runs on. The system's
// part is in local_linux.go and its like.
type systemConfig struct {
	root string // of the file tree; "" is the real one

	mu      sync.Mutex
	hosts   map[string][]netip.Addr
	hostsAt fileStamp
}

type fileStamp struct {
	size int64
	time time.Time
}

// NewLocalConfig returns the [LocalConfig] of this machine.
func NewLocalConfig() LocalConfig { return &systemConfig{} }

// Machine implements [LocalConfig]. The first address is the one that this
// machine would use towards a distant network, where there is a route.
func (c *systemConfig) Machine(ctx context.Context) evidence.Machine {
	m := evidence.Machine{OS: runtime.GOOS, Container: c.container()}
	m.Name, _ = os.Hostname()
	for _, a := range ownAddresses() {
		if a.IsLoopback() || slices.Contains(m.Addresses, a) {
			continue
		}
		m.Addresses = append(m.Addresses, a)
		m.HasIPv6 = m.HasIPv6 || a.Is6() && a.IsGlobalUnicast()
	}
	slices.SortStableFunc(m.Addresses, func(a, b netip.Addr) int { return addressRank(a) - addressRank(b) })
	if out, ok := outgoing(ctx); ok {
		if i := slices.Index(m.Addresses, out); i > 0 {
			m.Addresses = slices.Insert(slices.Delete(m.Addresses, i, i+1), 0, out)
		}
	}
	return m
}

// addressRank puts IPv4 before global IPv6, and both before link-local ones.
func addressRank(a netip.Addr) int {
	switch {
	case a.IsLinkLocalUnicast():
		return 2
	case a.Is6():
		return 1
	}
	return 0
}

// outgoing returns the source address of the default route. Connecting a UDP
// socket chooses the route and sends nothing; the address is one that RFC 5737
// reserves for documentation.
func outgoing(ctx context.Context) (netip.Addr, bool) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp4", "192.0.2.1:9")
	if err != nil {
		return netip.Addr{}, false
	}
	defer func() { _ = conn.Close() }()
	local, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	return local.AddrPort().Addr().Unmap(), true
}

// HostsFile implements [LocalConfig]. The file is read again only when it
// changed.
func (c *systemConfig) HostsFile(_ context.Context, host string) []netip.Addr {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := c.hostsFileName()
	info, err := os.Stat(name)
	if err != nil {
		return nil
	}
	if at := (fileStamp{info.Size(), info.ModTime()}); c.hosts == nil || at != c.hostsAt {
		f, err := os.Open(name)
		if err != nil {
			return nil
		}
		c.hosts, c.hostsAt = parseHosts(f), at
		_ = f.Close()
	}
	return slices.Clone(c.hosts[hostsKey(host)])
}

func hostsKey(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

const (
	maxConfigFile = 16 << 20 // bytes; lists that block advertisements reach several MB
	maxConfigLine = 64 << 10
)

// parseHosts reads a hosts file: an address and its names a line, '#' begins a
// comment. What it does not understand it passes over, as resolvers do.
func parseHosts(r io.Reader) map[string][]netip.Addr {
	hosts := map[string][]netip.Addr{}
	_ = eachLine(r, func(line string) { // what came before a damaged line still counts
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			return
		}
		addr, err := netip.ParseAddr(fields[0])
		if err != nil {
			return
		}
		addr = addr.Unmap()
		for _, name := range fields[1:] {
			key := hostsKey(name)
			if len(hosts[key]) < maxAddresses && !slices.Contains(hosts[key], addr) {
				hosts[key] = append(hosts[key], addr)
			}
		}
	})
	return hosts
}

// eachLine calls f with each line of a configuration file, up to a limit of size.
// It reports why it stopped early.
func eachLine(r io.Reader, f func(string)) error {
	lines := bufio.NewScanner(io.LimitReader(r, maxConfigFile))
	lines.Buffer(nil, maxConfigLine)
	for lines.Scan() {
		f(strings.TrimPrefix(lines.Text(), "\ufeff"))
	}
	return lines.Err()
}

// cleanSuffix brings a configured suffix into its usual form, or returns "".
func cleanSuffix(s string) string {
	name, err := cleanName(strings.TrimPrefix(strings.TrimSpace(s), "."))
	if err != nil {
		return ""
	}
	return name
}

// addSuffix appends a suffix unless it is empty or already there.
func addSuffix(list []evidence.Suffix, name, source string, primary bool) []evidence.Suffix { //nolint:unparam // primary is true on Windows
	name = cleanSuffix(name)
	if name == "" || len(list) >= maxSuffixList || slices.ContainsFunc(list, func(s evidence.Suffix) bool { return s.Name == name }) {
		return list
	}
	return append(list, evidence.Suffix{Name: name, Source: source, Primary: primary})
}

// addResolver appends a DNS server unless it is already there.
func addResolver(list []evidence.Resolver, a netip.Addr, zone, source string) []evidence.Resolver {
	server := evidence.Resolver{Address: netip.AddrPortFrom(a.Unmap(), dnsPort), Zone: zone, Source: source}
	if len(list) >= maxResolvers || slices.ContainsFunc(list, func(r evidence.Resolver) bool { return r.Address == server.Address }) {
		return list
	}
	return append(list, server)
}

const (
	maxResolvers  = 16
	maxSuffixList = 64
)
