package lab

import (
	"net/netip"
	"time"

	"github.com/kmsdiag/kmsdiag/machine"
)

// Layout is one state of a site: the machine that the checks run on, its DNS
// servers, and the hosts it can reach.
type Layout struct {
	Machine   Machine
	Resolvers []Resolver
	Hosts     []Host
}

// Machine is the simulated machine that a run is made from.
type Machine struct {
	Name      string
	Addresses []netip.Addr
	Suffix    string        // primary DNS suffix, no final dot
	Ahead     time.Duration // its clock minus the site's clock

	// Licensing is what its Windows says of its licences; nil: nothing is asked.
	Licensing *machine.Record
}

// Resolver is one DNS server, on port 53 of its address.
type Resolver struct {
	Address netip.Addr
	Records []string // resource records in zone file form (RFC 1035 section 5), a line each
	Fault   DNSFault
	Drop    int // the first questions over UDP that are lost
}

// DNSFault is a way in which a DNS server can be ill.
type DNSFault string

// The faults a DNS server can show.
const (
	DNSHealthy   DNSFault = ""
	DNSSilent    DNSFault = "silent"    // receives and never answers
	DNSServFail  DNSFault = "servfail"  // RCODE 2 to everything
	DNSRefused   DNSFault = "refused"   // RCODE 5 to everything
	DNSTruncated DNSFault = "truncated" // TC over UDP, whole over TCP
	DNSMalformed DNSFault = "malformed" // answers with bytes that are no DNS message
)

// Host is one machine of the site.
type Host struct {
	Name      string // for the record of what was received, "kms01"
	Addresses []netip.Addr

	// Ports says what a TCP port does. A port that is not named is silent, as
	// behind Windows' stealth mode.
	Ports map[uint16]Service

	// Time makes the host answer SNTP on UDP port 123 with its own clock.
	Time bool
	// Ahead is the host's clock minus the site's clock.
	Ahead time.Duration
}

// Service is what happens on one TCP port: [KMS], [Up], [Speaks], [Refused] or
// [Rejected].
type Service interface {
	door(*stage, Host) (door, error)
}
