package checks

import (
	"fmt"
	"net/netip"
	"syscall"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// icmpNotice is an ICMP message about a connection attempt.
type icmpNotice struct {
	v6        bool
	typ, code uint8
	from      netip.Addr    // who sent it; invalid when unknown
	errno     syscall.Errno // the error number that the system made of it
}

// String gives type, code and sender: "3/13 from 10.0.0.1".
func (n icmpNotice) String() string {
	text := fmt.Sprintf("%d/%d", n.typ, n.code)
	if n.from.IsValid() {
		text += " from " + n.from.String()
	}
	return text
}

// outcome names the class of the message: RFC 792 and RFC 1812 (5.2.7.1) for
// IPv4, RFC 4443 (3.1) for IPv6.
func (n icmpNotice) outcome() evidence.DialOutcome {
	type kind struct {
		v6        bool
		typ, code uint8
	}
	switch (kind{n.v6, n.typ, n.code}) {
	case kind{false, 3, 3}, kind{true, 1, 4}:
		return evidence.PortUnreachable
	case kind{false, 3, 9}, kind{false, 3, 10}, kind{false, 3, 13},
		kind{true, 1, 1}, kind{true, 1, 5}, kind{true, 1, 6}:
		return evidence.Prohibited
	}
	return evidence.Unreachable
}
