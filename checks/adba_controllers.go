package checks

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/directory"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// maxControllerAddresses bounds how many addresses of one domain controller are asked.
const maxControllerAddresses = 2

// controller is a domain controller to ask.
type controller struct {
	directory.Server        // with a zero address where none is known
	lost             string // why none is known, unless DNS says that there is none
}

// controllers lists whom to ask: those that the user named, or else the domain
// controllers in the order of their SRV records.
func controllers(ctx context.Context, ask Ask) []controller {
	port := ask.Directory.Access.DefaultPort()
	hosts := ask.Directory.Servers
	if len(hosts) == 0 {
		var records []evidence.SRVRecord
		r, _ := ask.Prior.Of(ADBASite, ask.Subject)
		for _, answer := range r.Evidence.SRV {
			records = append(records, answer.Records...)
		}
		for _, record := range clientOrder(records) {
			h := run.HostPort{Host: record.Target}
			if record.Port != directory.Port {
				h.Port = record.Port
			}
			hosts = append(hosts, h)
		}
	}
	var list []controller
	for _, h := range hosts[:min(len(hosts), MaxControllers)] {
		to := port
		if h.Port != 0 {
			to = h.Port
		}
		if literal, err := netip.ParseAddr(h.Host); err == nil {
			list = append(list, controller{Server: directory.Server{Address: netip.AddrPortFrom(literal, to)}})
			continue
		}
		addresses, lost := controllerAddresses(ctx, ask, h.Host)
		if len(addresses) == 0 {
			list = append(list, controller{directory.Server{Name: h.Host}, lost})
		}
		for _, one := range addresses[:min(len(addresses), maxControllerAddresses)] {
			list = append(list, controller{Server: directory.Server{Name: h.Host, Address: netip.AddrPortFrom(one, to)}})
		}
	}
	return list
}

// controllerAddresses resolves the name of a domain controller: by the hosts file, or by
// the first DNS server that has an address. Lost says why nothing is known; it is
// empty where a DNS server says that there is no address.
func controllerAddresses(ctx context.Context, ask Ask, host string) (list []netip.Addr, lost string) {
	if named := ask.Local.HostsFile(ctx, host); len(named) > 0 {
		return named, ""
	}
	p := prober{ask: ask, servers: servers(ctx, ask)}
	if len(p.servers) == 0 {
		return nil, "there is no DNS server to ask"
	}
	lost = "no DNS server answered"
	for _, qtype := range addressTypes(ask.Target.Family) {
		reply := p.first(ctx, question{name: host, qtype: qtype})
		if reply.outcome.Answered() {
			lost = ""
		}
		for _, rr := range reply.records {
			var ip netip.Addr
			switch rr := rr.(type) {
			case *dns.A:
				ip, _ = netip.AddrFromSlice(rr.A.To4())
			case *dns.AAAA:
				ip, _ = netip.AddrFromSlice(rr.AAAA.To16())
			}
			if ip.IsValid() && !slices.Contains(list, ip) {
				list = append(list, ip)
			}
		}
	}
	return list, lost
}

// directoryLine announces what is sent to a domain controller: the first of those
// that the user named that answers, or one that DNS names.
func directoryLine(d *Directory) string {
	access := d.Access
	to := "a domain controller"
	if d.named() {
		var names []string
		for _, h := range d.Servers {
			names = append(names, hostText(h))
		}
		to = strings.Join(names, " or ")
	}
	line := "LDAP questions to " + to + ", without a name"
	switch {
	case access.Self:
		line = "the logon of this Windows session's user by a Kerberos ticket, over TLS alone, and LDAP questions to " + to
	case access.User != "":
		line = "a name and a password, over TLS alone, and LDAP questions to " + to
	}
	if access.LogsOn() && access.Insecure {
		line += ", whose certificate is not checked"
	}
	return line
}

// besideNamed announces what DNS is asked for in a run about domain controllers that
// the user named.
func besideNamed(env *Env) string {
	line := " for the KMS hosts of " + strings.Join(env.Target.Domains, ", ")
	var names []string
	for _, h := range env.Directory.Servers {
		if _, err := netip.ParseAddr(h.Host); err != nil && !slices.Contains(names, h.Host) {
			names = append(names, h.Host)
		}
	}
	if len(names) > 0 {
		line += " and the addresses of " + strings.Join(names, " and ")
	}
	return line
}
