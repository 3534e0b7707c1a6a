package run

import "net/netip"

// Kind is the kind of a subject, and the scope of a check.
type Kind string

// The kinds of subject, from the root of the tree to its leaves.
const (
	Site     Kind = "site"     // the run itself: this machine and its resolvers
	Domain   Kind = "domain"   // a DNS domain whose SRV record is asked for
	Host     Kind = "host"     // an SRV target, or a host that the user named
	Endpoint Kind = "endpoint" // one address and port of a host
)

// Subject is something a run asks about. Subjects form a tree: a run discovers
// domains, their hosts, and the hosts' endpoints.
type Subject struct {
	Key    string         `json:"key"`              // unique within a run, stable between runs: "kms01.corp.example:1688@10.0.0.5"
	Parent string         `json:"parent,omitempty"` // key of the parent; empty for the site
	Kind   Kind           `json:"kind"`
	Domain string         `json:"domain,omitempty"` // the domain it was found through
	Host   string         `json:"host,omitempty"`   // host and endpoint: the name, or the address where there is none
	Port   uint16         `json:"port,omitempty"`   // host and endpoint
	Addr   netip.AddrPort `json:"address,omitzero"` // endpoint
	Note   string         `json:"note,omitempty"`   // how it came to be: "SRV target", "named by the user"
}

// Name is what a row calls the subject: a domain by its name, a host by its
// name, an endpoint by host name and address.
func (s Subject) Name() string {
	switch s.Kind {
	case Domain:
		return s.Domain
	case Host:
		return s.Host
	case Endpoint:
		if s.Host == "" || s.Host == s.Addr.Addr().String() {
			return s.Addr.String()
		}
		return s.Host + " " + s.Addr.String()
	}
	return "this machine"
}
