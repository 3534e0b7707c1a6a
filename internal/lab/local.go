package lab

import (
	"context"
	"net/netip"
	"slices"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// local tells what the site's machine is configured to use.
type local struct{ site *Site }

var _ checks.LocalConfig = local{}

// source names the simulation where a real machine would name a file or adapter.
const source = "simulated site"

func (l local) Machine(context.Context) evidence.Machine {
	m := l.layout().Machine
	return evidence.Machine{
		Name:      m.Name,
		OS:        "windows",
		Addresses: slices.Clone(m.Addresses),
		HasIPv6:   slices.ContainsFunc(m.Addresses, func(a netip.Addr) bool { return a.Is6() }),
	}
}

func (l local) Resolvers(context.Context) evidence.ResolverConfig {
	layout := l.layout()
	var c evidence.ResolverConfig
	for _, r := range layout.Resolvers {
		c.Resolvers = append(c.Resolvers, evidence.Resolver{Address: netip.AddrPortFrom(r.Address, 53), Source: source})
	}
	if layout.Machine.Suffix != "" {
		c.Suffixes = append(c.Suffixes, evidence.Suffix{Name: layout.Machine.Suffix, Source: "primary suffix", Primary: true})
	}
	return c
}

// HostsFile returns nothing: the site's machine has an empty hosts file.
func (l local) HostsFile(context.Context, string) []netip.Addr { return nil }

func (l local) layout() Layout {
	st, err := l.site.current()
	if err != nil {
		return Layout{}
	}
	return st.layout
}
