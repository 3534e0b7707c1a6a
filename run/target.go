package run

import "net/netip"

// Target is what the user asked about. The zero value asks about the domain
// that this machine would use by itself.
type Target struct {
	Args      []string         `json:"args,omitempty"`    // as given; each is a domain, a host, HOST:PORT or an address
	Domains   []string         `json:"domains,omitempty"` // forced by --domain
	Hosts     []HostPort       `json:"hosts,omitempty"`   // forced by --host, or an argument that can be nothing else
	Names     []string         `json:"names,omitempty"`   // arguments that DNS decides: domain or host
	Port      uint16           `json:"port,omitempty"`    // --port; 0 is 1688, or what SRV says
	Product   string           `json:"product,omitempty"` // --product as given; empty is the default
	Resolvers []netip.AddrPort `json:"resolvers,omitempty"`
	NTP       []string         `json:"ntp,omitempty"`
	Family    int              `json:"family,omitempty"` // 4, 6, or 0 for both
	NoRequest bool             `json:"no_request,omitempty"`
}

// HostPort names a host (a name or an address) and its port; port 0 is 1688.
type HostPort struct {
	Host string `json:"host"`
	Port uint16 `json:"port,omitempty"`
}
