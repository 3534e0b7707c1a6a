//go:build !windows

package checks

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

const (
	resolvConf   = "/etc/resolv.conf"
	hostsOnUnix  = "/etc/hosts"
	upstreamConf = "/run/systemd/resolve/resolv.conf" // systemd-resolved's own servers, behind its stub
)

func (c *systemConfig) hostsFileName() string { return c.root + hostsOnUnix }

// Resolvers implements [LocalConfig] from resolv.conf. Behind systemd's stub on
// 127.0.0.53 the real servers are in another file.
func (c *systemConfig) Resolvers(context.Context) evidence.ResolverConfig {
	config, err := c.readResolvConf(resolvConf)
	if err != nil {
		return evidence.ResolverConfig{Problem: "cannot read " + resolvConf + ": " + rootCause(err)}
	}
	if name, err := os.Hostname(); err == nil && c.root == "" {
		if _, domain, ok := strings.Cut(name, "."); ok {
			config.Suffixes = addSuffix(config.Suffixes, domain, "host name", false)
		}
	}
	for _, r := range config.Resolvers {
		if r.Address.Addr().IsLoopback() {
			config.Stub = r.Address.Addr().String()
			break
		}
	}
	if config.Stub == "127.0.0.53" || config.Stub == "127.0.0.54" {
		if real, err := c.readResolvConf(upstreamConf); err == nil && len(real.Resolvers) > 0 {
			config.Resolvers = real.Resolvers
			for _, s := range real.Suffixes {
				config.Suffixes = addSuffix(config.Suffixes, s.Name, s.Source, false)
			}
		}
	}
	return config
}

func (c *systemConfig) readResolvConf(name string) (evidence.ResolverConfig, error) {
	f, err := os.Open(c.root + name)
	if err != nil {
		return evidence.ResolverConfig{}, err
	}
	defer func() { _ = f.Close() }()
	return parseResolvConf(f, name)
}

// parseResolvConf reads resolv.conf(5): the name servers in their order, and the
// suffixes of the last "search" or "domain" line, which is the one that counts.
// A search list is no primary suffix in the sense of a Windows client.
func parseResolvConf(r io.Reader, source string) (evidence.ResolverConfig, error) {
	var config evidence.ResolverConfig
	var number int
	var unread string
	err := eachLine(r, func(line string) {
		number++
		if i := strings.IndexAny(line, "#;"); i >= 0 {
			line = line[:i]
		}
		fields := strings.Fields(line)
		if len(fields) > 0 && unread == "" && !understood(fields) {
			unread = fmt.Sprintf("line %d, %.60q", number, evidence.Clean(line))
		}
		if len(fields) < 2 {
			return
		}
		switch fields[0] {
		case "nameserver":
			if a, err := netip.ParseAddr(fields[1]); err == nil {
				config.Resolvers = addResolver(config.Resolvers, a, a.Zone(), source)
			}
		case "domain":
			config.Suffixes = addSuffix(nil, fields[1], "domain in "+source, false)
		case "search":
			config.Suffixes = nil
			for _, name := range fields[1:] {
				config.Suffixes = addSuffix(config.Suffixes, name, "search list in "+source, false)
			}
		}
	})
	if len(config.Resolvers) == 0 && unread != "" {
		config.Problem = "no DNS server in " + source + " that can be read: not understood is " + unread
	}
	return config, err
}

// understood tells whether a line is one of resolv.conf(5), and names an address
// where it should.
func understood(fields []string) bool {
	switch fields[0] {
	case "nameserver":
		if len(fields) < 2 {
			return false
		}
		_, err := netip.ParseAddr(fields[1])
		return err == nil
	case "domain", "search", "options", "sortlist":
		return true
	}
	return false
}

// rootCause leaves the file name out of a file error.
func rootCause(err error) string {
	for {
		next, ok := err.(interface{ Unwrap() error })
		if !ok || next.Unwrap() == nil {
			return err.Error()
		}
		err = next.Unwrap()
	}
}
