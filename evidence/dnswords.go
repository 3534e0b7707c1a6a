package evidence

import "net/netip"

// Words is the outcome as a person says it, without a full stop.
func (o DNSOutcome) Words() string {
	switch o {
	case DNSNoName:
		return "the name does not exist"
	case DNSNoData:
		return "no such record"
	case DNSServFail:
		return "the server failed (SERVFAIL)"
	case DNSRefused:
		return "the server refused"
	case DNSSilent:
		return "no answer"
	case DNSUnreachable:
		return "the server cannot be reached"
	case DNSMalformed:
		return "an answer that is no DNS"
	case DNSOther:
		return "another answer"
	}
	return string(o)
}

// By names the resolver that an outcome is of: one that answered says it, any
// other was asked. It is "" for an unknown resolver.
func (o DNSOutcome) By(resolver netip.AddrPort) string {
	switch {
	case !resolver.IsValid():
		return ""
	case o.Answered():
		return "says " + resolver.Addr().String()
	}
	return "asked of " + resolver.Addr().String()
}
