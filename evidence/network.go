package evidence

import (
	"net/netip"
	"time"
)

// Machine is the machine a run is made from.
type Machine struct {
	Origin    Origin       `json:"origin"`
	Name      string       `json:"name"`
	OS        string       `json:"os"` // runtime.GOOS
	Addresses []netip.Addr `json:"addresses,omitempty"`
	HasIPv6   bool         `json:"has_ipv6"`            // a global IPv6 address of its own
	Container string       `json:"container,omitempty"` // "container", "wsl": behind NAT, so from here is not from the LAN
}

// Resolver is one DNS server with the place that named it.
type Resolver struct {
	Address netip.AddrPort `json:"address"`
	Zone    string         `json:"zone,omitempty"`
	Source  string         `json:"source"` // "/etc/resolv.conf", "adapter Ethernet", "--dns"
}

// Suffix is one DNS suffix with the place that named it.
type Suffix struct {
	Name    string `json:"name"`    // lower case, no final dot
	Source  string `json:"source"`  // "search list", "primary suffix", "--domain"
	Primary bool   `json:"primary"` // the machine's own primary suffix, as a Windows client uses it
}

// ResolverConfig is how this machine would ask DNS.
type ResolverConfig struct {
	Origin    Origin     `json:"origin"`
	Resolvers []Resolver `json:"resolvers,omitempty"`
	Suffixes  []Suffix   `json:"suffixes,omitempty"`
	Stub      string     `json:"stub,omitempty"` // the local stub that hides the servers, such as 127.0.0.53
	Problem   string     `json:"problem,omitempty"`
}

// DNSOutcome is how one DNS question ended.
type DNSOutcome string

// The outcomes a DNS question can have. Each is seen from one resolver.
const (
	DNSAnswered    DNSOutcome = "answered"    // records of the asked type
	DNSNoName      DNSOutcome = "nxdomain"    // the name does not exist
	DNSNoData      DNSOutcome = "nodata"      // the name exists without such a record
	DNSServFail    DNSOutcome = "servfail"    // RCODE 2
	DNSRefused     DNSOutcome = "refused"     // RCODE 5
	DNSSilent      DNSOutcome = "silent"      // no answer within the limit
	DNSUnreachable DNSOutcome = "unreachable" // ICMP, no route, or a refused port
	DNSMalformed   DNSOutcome = "malformed"   // an answer that is no DNS message, or for another question
	DNSOther       DNSOutcome = "other"       // another RCODE; Detail names it
)

// Answered tells whether the server gave a definite answer, records or none.
func (o DNSOutcome) Answered() bool {
	return o == DNSAnswered || o == DNSNoName || o == DNSNoData
}

// SRVPurpose says why an SRV name was asked for.
type SRVPurpose string

// Why an SRV question is asked.
const (
	SRVKMS      SRVPurpose = "kms"       // _vlmcs._tcp.DOMAIN
	SRVMisspelt SRVPurpose = "misspelt"  // _vmlcs._tcp.DOMAIN, a known typing error
	SRVBareName SRVPurpose = "bare-name" // _vlmcs._tcp with no domain, which no client asks
	SRVDC       SRVPurpose = "dc"        // _ldap._tcp.dc._msdcs.DOMAIN: an Active Directory domain
)

// SRVRecord is one SRV record as it was received.
type SRVRecord struct {
	Target   string `json:"target"` // no final dot; "." means the service is declared absent
	Port     uint16 `json:"port"`
	Priority uint16 `json:"priority"`
	Weight   uint16 `json:"weight"`
	TTL      uint32 `json:"ttl"` // seconds
}

// SRVAnswer is what one resolver said to one SRV question.
type SRVAnswer struct {
	Origin    Origin         `json:"origin"`
	Purpose   SRVPurpose     `json:"purpose"`
	Domain    string         `json:"domain"` // the domain asked about; empty for the bare name
	Name      string         `json:"name"`   // the owner name of the question, no final dot
	Resolver  netip.AddrPort `json:"resolver"`
	Outcome   DNSOutcome     `json:"outcome"`
	Detail    string         `json:"detail,omitempty"`
	Records   []SRVRecord    `json:"records,omitempty"`
	CNAMEs    []string       `json:"cnames,omitempty"` // aliases on the way from Name to the records
	TCP       bool           `json:"tcp,omitempty"`    // asked again over TCP because the answer was cut
	EDNS      bool           `json:"edns,omitempty"`   // the comparison question, with an OPT record
	Authority bool           `json:"authority,omitempty"`
	Started   time.Time      `json:"started,omitzero"`
	Took      time.Duration  `json:"took,omitempty"` // nanoseconds in JSON
}

// AddressAnswer is what one resolver (or the hosts file) said to an A or AAAA
// question about a host.
type AddressAnswer struct {
	Origin    Origin         `json:"origin"`
	Host      string         `json:"host"`
	Family    int            `json:"family"` // 4 or 6
	Resolver  netip.AddrPort `json:"resolver,omitzero"`
	HostsFile bool           `json:"hosts_file,omitempty"` // from the hosts file, which overrides DNS
	Outcome   DNSOutcome     `json:"outcome"`
	Detail    string         `json:"detail,omitempty"`
	Addresses []netip.Addr   `json:"addresses,omitempty"`
	CNAMEs    []string       `json:"cnames,omitempty"`
	TTL       uint32         `json:"ttl,omitempty"` // seconds, the smallest of the answer
	Started   time.Time      `json:"started,omitzero"`
	Took      time.Duration  `json:"took,omitempty"`
}

// DialOutcome is how an attempt to open a TCP connection ended.
type DialOutcome string

// The outcomes of a TCP connection attempt.
const (
	Open            DialOutcome = "open"
	Refused         DialOutcome = "refused"            // a reset came back
	Silent          DialOutcome = "silent"             // nothing came back, not even a refusal
	Unreachable     DialOutcome = "unreachable"        // ICMP: network or host unreachable
	PortUnreachable DialOutcome = "port-unreachable"   // ICMP 3/3 (IPv6 1/4): a filter rejects
	Prohibited      DialOutcome = "prohibited"         // ICMP 3/9, 3/10, 3/13 (IPv6 1/1): a filter says so
	RejectedByICMP  DialOutcome = "rejected"           // refused by reset or ICMP: this system cannot tell which
	HalfOpen        DialOutcome = "half-open"          // a capture: SYN-ACKs sent again and again, never acknowledged
	NoRoute         DialOutcome = "no-route"           // this machine has no route there
	LocalRefusal    DialOutcome = "refused-locally"    // this machine's own policy or firewall said no
	NoFamily        DialOutcome = "no-address-of-kind" // no own address of that family: not tested
	Cancelled       DialOutcome = "cancelled"          // the run was stopped
	DialFailed      DialOutcome = "failed"             // a paste: the tool does not say whether refused or silent
	DialOther       DialOutcome = "other"              // Detail says what
)

// DialPurpose says why a connection was opened.
type DialPurpose string

// Why a connection is opened.
const (
	DialKMS   DialPurpose = "kms"
	DialAlive DialPurpose = "alive" // to tell a host that is up from one that may not be
)

// Try is one attempt to connect.
type Try struct {
	Started time.Time     `json:"started"` // UTC
	Took    time.Duration `json:"took"`
	Outcome DialOutcome   `json:"outcome"`
	ICMP    string        `json:"icmp,omitempty"` // "3/13 from 10.0.0.1", where the system tells
	Detail  string        `json:"detail,omitempty"`
}

// Dial is a connection attempt to one address with all its tries.
type Dial struct {
	Origin  Origin         `json:"origin"`
	Purpose DialPurpose    `json:"purpose"`
	Host    string         `json:"host"`             // the name it was reached by; the address where there is none
	Domain  string         `json:"domain,omitempty"` // the domain whose SRV record led here
	Address netip.AddrPort `json:"address"`          // zero where a paste names only the host
	Port    uint16         `json:"port"`
	Local   netip.AddrPort `json:"local,omitzero"` // own address of the connection
	Outcome DialOutcome    `json:"outcome"`
	Tries   []Try          `json:"tries,omitempty"`
	Took    time.Duration  `json:"took,omitempty"` // of the try that decided
}
