package checks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"github.com/kmsdiag/kmsdiag/evidence"
)

func (c *systemConfig) container() string { return "" }

func (c *systemConfig) hostsFileName() string {
	system, err := windows.GetSystemDirectory()
	if err != nil {
		system = `C:\Windows\System32`
	}
	return filepath.Join(system, `drivers\etc\hosts`)
}

// Resolvers implements [LocalConfig] from the adapters that are up, best metric
// first, and from the registry: the primary suffix and the search list, each
// from policy before the machine's own setting.
func (c *systemConfig) Resolvers(context.Context) evidence.ResolverConfig {
	var config evidence.ResolverConfig
	adapters, err := upAdapters()
	if err != nil {
		config.Problem = "cannot read the network adapters: " + err.Error()
	}
	config.Suffixes = registrySuffixes()
	for _, a := range adapters {
		source := "adapter " + windows.UTF16PtrToString(a.FriendlyName)
		for s := a.FirstDnsServerAddress; s != nil; s = s.Next {
			if addr, zone, ok := socketAddress(s.Address); ok {
				config.Resolvers = addResolver(config.Resolvers, addr, zone, source)
			}
		}
		config.Suffixes = addSuffix(config.Suffixes, windows.UTF16PtrToString(a.DnsSuffix), source, false)
		for s := a.FirstDnsSuffix; s != nil; s = s.Next {
			config.Suffixes = addSuffix(config.Suffixes, windows.UTF16ToString(s.String[:]), source, false)
		}
	}
	for _, r := range config.Resolvers {
		if r.Address.Addr().IsLoopback() {
			config.Stub = r.Address.Addr().String()
			break
		}
	}
	return config
}

// upAdapters returns the adapters that are up, without loopback, by their metric.
func upAdapters() ([]*windows.IpAdapterAddresses, error) {
	const flags = windows.GAA_FLAG_SKIP_ANYCAST | windows.GAA_FLAG_SKIP_MULTICAST
	size := uint32(16 << 10)
	for range 4 { // the list may grow between two calls
		buffer := make([]byte, size)
		first := (*windows.IpAdapterAddresses)(unsafe.Pointer(&buffer[0]))
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, flags, 0, first, &size)
		if errors.Is(err, windows.ERROR_BUFFER_OVERFLOW) && size <= 4<<20 {
			continue
		}
		if errors.Is(err, windows.ERROR_NO_DATA) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("GetAdaptersAddresses: %w", err)
		}
		var up []*windows.IpAdapterAddresses
		for a := first; a != nil; a = a.Next {
			if a.OperStatus == windows.IfOperStatusUp && a.IfType != windows.IF_TYPE_SOFTWARE_LOOPBACK {
				up = append(up, a)
			}
		}
		slices.SortStableFunc(up, func(a, b *windows.IpAdapterAddresses) int { return cmp.Compare(a.Ipv4Metric, b.Ipv4Metric) })
		return up, nil
	}
	return nil, errors.New("GetAdaptersAddresses: the list of adapters keeps growing")
}

// siteLocalDefault is the range of the DNS servers that Windows assumes for IPv6
// where none is configured; nobody answers there.
var siteLocalDefault = netip.MustParsePrefix("fec0:0:0:ffff::/64")

func socketAddress(s windows.SocketAddress) (addr netip.Addr, zone string, ok bool) {
	if s.Sockaddr == nil {
		return netip.Addr{}, "", false
	}
	sa, err := s.Sockaddr.Sockaddr()
	if err != nil {
		return netip.Addr{}, "", false
	}
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return netip.AddrFrom4(sa.Addr), "", true
	case *syscall.SockaddrInet6:
		addr = netip.AddrFrom16(sa.Addr)
		if siteLocalDefault.Contains(addr) {
			return netip.Addr{}, "", false
		}
		if sa.ZoneId != 0 && addr.IsLinkLocalUnicast() {
			zone = strconv.FormatUint(uint64(sa.ZoneId), 10)
			addr = addr.WithZone(zone)
		}
		return addr, zone, true
	}
	return netip.Addr{}, "", false
}

// registrySuffixes reads the primary suffix and the search list. The names of
// the values are those of the TCP/IP and the DNS client's policy keys.
func registrySuffixes() []evidence.Suffix {
	const (
		tcpip     = `SYSTEM\CurrentControlSet\Services\Tcpip\Parameters`
		policy    = `SOFTWARE\Policies\Microsoft\Windows NT\DNSClient`
		oldPolicy = `SOFTWARE\Policies\Microsoft\System\DNSClient`
	)
	var list []evidence.Suffix
	primary := false
	for _, v := range []struct{ key, value, source string }{
		{policy, "PrimaryDnsSuffix", "primary suffix by policy"},
		{oldPolicy, "NV PrimaryDnsSuffix", "primary suffix by policy"},
		{tcpip, "Domain", "primary suffix"},
		{tcpip, "NV Domain", "primary suffix after the next restart"},
	} {
		before := len(list)
		list = addSuffix(list, registryText(v.key, v.value), v.source, !primary)
		primary = primary || len(list) > before
	}
	for _, v := range []struct{ key, source string }{{policy, "search list by policy"}, {tcpip, "search list"}} {
		names := strings.FieldsFunc(registryText(v.key, "SearchList"), func(r rune) bool { return r == ',' || r == ' ' })
		for _, name := range names {
			list = addSuffix(list, name, v.source, false)
		}
		if len(names) > 0 {
			break // the policy's list replaces the machine's
		}
	}
	return addSuffix(list, registryText(tcpip, "DhcpDomain"), "DHCP", false)
}

func registryText(path, value string) string {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, path, registry.QUERY_VALUE)
	if err != nil {
		return ""
	}
	defer func() { _ = key.Close() }()
	text, _, err := key.GetStringValue(value)
	if err != nil {
		return ""
	}
	return text
}
