package report

import (
	"net/netip"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// mask hides what identifies somebody in the records of a capture, with the
// pseudonyms of [Redact]. A nil mask hides nothing. It is used by one goroutine
// at a time.
type mask struct{ names *pseudonyms }

func (m *mask) addr(a netip.Addr) netip.Addr {
	if m == nil {
		return a
	}
	return m.names.addr(a)
}

func (m *mask) addrPort(a netip.AddrPort) netip.AddrPort {
	if m == nil {
		return a
	}
	return netip.AddrPortFrom(m.names.addr(a.Addr()), a.Port())
}

// machine is a workstation name.
func (m *mask) machine(name string) string { return m.field("Workstation", name) }

// host is a name in DNS; that of a service keeps its first labels.
func (m *mask) host(name string) string {
	if m == nil {
		return name
	}
	if strings.HasPrefix(name, "_") {
		labels := strings.Split(name, ".")
		n := 0
		for n < len(labels) && strings.HasPrefix(labels[n], "_") {
			n++
		}
		if n == len(labels) {
			return name
		}
		return strings.Join(labels[:n], ".") + "." + m.field("Domain", strings.Join(labels[n:], "."))
	}
	return m.field("Host", name)
}

func (m *mask) id(field, value string) string {
	if m == nil || value == "" {
		return value
	}
	return m.names.id(field, value)
}

func (m *mask) field(field, value string) string {
	if m == nil || value == "" {
		return value
	}
	m.names.meet(field, value)
	return m.names.show(field, value)
}

// text is free text.
func (m *mask) text(s string) string {
	if m == nil {
		return s
	}
	return m.names.text(s)
}

// shown is a name for a terminal.
func (m *mask) shown(name string) string { return evidence.Clean(m.machine(name)) }
