package checks

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/machine"
	"github.com/kmsdiag/kmsdiag/run"
)

// Env is the world a run acts in. The lab replaces its parts, so that
// documentation addresses lead to loopback.
type Env struct {
	Dialer  Dialer         // opens every TCP connection
	UDP     Dialer         // connects a UDP socket to host:port for a clock query; nil: the system's where Dialer is, otherwise none is sent
	DNS     Exchanger      // asks every DNS question
	Local   LocalConfig    // what this machine is configured to use
	Machine machine.Source // what this machine's Windows says of its licensing; nil: the system's
	Now     func() time.Time
	Target  run.Target
	Product catalog.Product // the product a request asks for
	Version string          // of kmsdiag
	Timeout time.Duration   // limit of one check on one subject; 0: each check's own

	// Directory says how activation objects are read; nil: they are not.
	Directory *Directory

	sessions *sessions
}

// Dialer opens a TCP connection to an address literal and port.
// *net.Dialer satisfies it.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

var _ Dialer = (*net.Dialer)(nil)

// Exchanger sends one DNS question to one server and returns its answer.
// Network is "udp" or "tcp".
type Exchanger interface {
	Exchange(ctx context.Context, msg *dns.Msg, server netip.AddrPort, network string) (*dns.Msg, time.Duration, error)
}

// LocalConfig tells what this machine is configured to use.
type LocalConfig interface {
	// Machine describes this machine.
	Machine(ctx context.Context) evidence.Machine
	// Resolvers returns the DNS servers and suffixes in force; a problem, such as
	// an unreadable file, is said in the answer's Problem.
	Resolvers(ctx context.Context) evidence.ResolverConfig
	// HostsFile returns the addresses that the hosts file gives a name.
	HostsFile(ctx context.Context, host string) []netip.Addr
}
