package windows

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// dnsState is what the DNS readers share: who answers, and the answer that
// further records are added to.
type dnsState struct {
	resolver netip.AddrPort
	srv      int // place+1 in Set.SRV
	address  int // place+1 in Set.Addresses
}

// purposeOf tells why an SRV name is asked for, and the domain in it.
func purposeOf(name string) (evidence.SRVPurpose, string) {
	lower := strings.ToLower(strings.TrimSuffix(name, "."))
	for _, k := range []struct {
		prefix  string
		purpose evidence.SRVPurpose
	}{
		{"_ldap._tcp.dc._msdcs", evidence.SRVDC}, {"_vmlcs._tcp", evidence.SRVMisspelt}, {"_vlmcs._tcp", evidence.SRVKMS},
	} {
		rest, ok := strings.CutPrefix(lower, k.prefix)
		if !ok {
			continue
		}
		domain := strings.TrimPrefix(rest, ".")
		if domain == "" && k.purpose == evidence.SRVKMS {
			return evidence.SRVBareName, ""
		}
		return k.purpose, domain
	}
	return "", ""
}

// srvAnswer returns the answer about a name that records are to be added to.
func (p *parser) srvAnswer(l *line, name string, outcome evidence.DNSOutcome) *evidence.SRVAnswer {
	purpose, domain := purposeOf(name)
	if purpose == "" {
		return nil
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if i := p.dns.srv; i > 0 {
		a := &p.paste.Set.SRV[i-1]
		if a.Name == name && a.Outcome == outcome && a.Resolver == p.dns.resolver && l.no-a.Origin.Line < 200 {
			return a
		}
	}
	if len(p.paste.Set.SRV) >= maxEach {
		p.paste.Truncated.Observations++
		return nil
	}
	p.paste.Set.SRV = append(p.paste.Set.SRV, evidence.SRVAnswer{
		Origin: p.origin(l), Purpose: purpose, Domain: domain, Name: name, Resolver: p.dns.resolver, Outcome: outcome,
	})
	p.dns.srv = len(p.paste.Set.SRV)
	return &p.paste.Set.SRV[p.dns.srv-1]
}

// srvRecord adds one SRV record.
func (p *parser) srvRecord(l *line, name string, r evidence.SRVRecord) bool {
	a := p.srvAnswer(l, name, evidence.DNSAnswered)
	if a == nil || len(a.Records) >= 256 {
		return purposeIs(name)
	}
	a.Records = append(a.Records, r)
	return true
}

func purposeIs(name string) bool {
	purpose, _ := purposeOf(name)
	return purpose != ""
}

// noAnswer adds a question that brought no records.
func (p *parser) noAnswer(l *line, name string, outcome evidence.DNSOutcome, detail string) bool {
	name = strings.Trim(name, "'\"")
	if strings.HasPrefix(name, "_") {
		a := p.srvAnswer(l, name, outcome)
		if a != nil {
			a.Detail = detail
		}
		return purposeIs(name)
	}
	if !isHostName(name) {
		return false
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return false
	}
	put(p, &p.paste.Set.Addresses, evidence.AddressAnswer{
		Origin: p.origin(l), Host: strings.TrimSuffix(name, "."), Family: 4, Resolver: p.dns.resolver, Outcome: outcome, Detail: detail,
	})
	p.dns.address = 0
	return true
}

// addressRecord adds one address of a host.
func (p *parser) addressRecord(l *line, host string, a netip.Addr) {
	host = strings.TrimSuffix(host, ".")
	family := 4
	if a.Is6() && !a.Is4In6() {
		family = 6
	}
	for i := len(p.paste.Set.Addresses) - 1; i >= 0 && i >= len(p.paste.Set.Addresses)-4; i-- {
		have := &p.paste.Set.Addresses[i]
		if strings.EqualFold(have.Host, host) && have.Family == family && have.Outcome == evidence.DNSAnswered && have.Resolver == p.dns.resolver {
			if len(have.Addresses) < 64 && !slices.Contains(have.Addresses, a) {
				have.Addresses = append(have.Addresses, a)
			}
			return
		}
	}
	put(p, &p.paste.Set.Addresses, evidence.AddressAnswer{
		Origin: p.origin(l), Host: host, Family: family, Resolver: p.dns.resolver, Outcome: evidence.DNSAnswered, Addresses: []netip.Addr{a},
	})
}

// outcomeOf reads how a DNS tool says that there is no answer. Most tools keep
// the reason in English whatever the language of the rest.
func outcomeOf(s string) (evidence.DNSOutcome, bool) {
	lower := strings.ToLower(s)
	for _, k := range []struct {
		text    string
		outcome evidence.DNSOutcome
	}{
		{"non-existent domain", evidence.DNSNoName},
		{"nxdomain", evidence.DNSNoName},
		{"dns name does not exist", evidence.DNSNoName},
		{"dns-name ist nicht vorhanden", evidence.DNSNoName},
		{"dns 名称不存在", evidence.DNSNoName},
		{"dns 名がありません", evidence.DNSNoName},
		{"le nom dns n'existe pas", evidence.DNSNoName},
		{"el nombre dns no existe", evidence.DNSNoName},
		{"no service location", evidence.DNSNoData},
		{"no answer", evidence.DNSNoData},
		{"no srv record", evidence.DNSNoData},
		{"no records found", evidence.DNSNoData},
		{"records available for", evidence.DNSNoData},
		{"has no ", evidence.DNSNoData},
		{"server failed", evidence.DNSServFail},
		{"servfail", evidence.DNSServFail},
		{"dns server failure", evidence.DNSServFail},
		{"server failure", evidence.DNSServFail},
		{"refused", evidence.DNSRefused},
		{"timed out", evidence.DNSSilent},
		{"timed-out", evidence.DNSSilent},
		{"timeout", evidence.DNSSilent},
		{"no response", evidence.DNSSilent},
		{"no servers could be reached", evidence.DNSSilent},
		{"not found", evidence.DNSNoName},
	} {
		if strings.Contains(lower, k.text) {
			return k.outcome, true
		}
	}
	return "", false
}

// question is the name that the last command asked for. The server it named is
// left out: the answer says which one spoke.
func (p *parser) question() string {
	switch p.cmd.name {
	case "nslookup", "resolve-dnsname", "dig", "host":
	default:
		return ""
	}
	words := strings.Fields(p.cmd.text)
	for i, w := range words[1:] {
		w = strings.Trim(w, `"'`)
		option := strings.HasPrefix(w, "@") || strings.HasPrefix(w, "-") || strings.HasPrefix(w, "+")
		if !option && strings.Contains(w, ".") && !strings.EqualFold(words[i], "-server") {
			return strings.TrimSuffix(w, ".")
		}
	}
	return ""
}

// resolverOf reads a DNS server's address: "10.0.0.53", "192.168.1.17:53",
// "10.0.0.53#53".
func resolverOf(s string) (netip.AddrPort, bool) {
	s = strings.TrimSpace(s)
	port := uint64(53)
	if at := strings.IndexByte(s, '#'); at > 0 {
		port, _ = strconv.ParseUint(s[at+1:at+1+digits(s[at+1:])], 10, 16)
		s = s[:at]
	}
	if a, ok := address(s); ok {
		return netip.AddrPortFrom(a, uint16(port)), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap, true
	}
	return netip.AddrPort{}, false
}

// srvFields reads "priority weight port target".
func srvFields(words []string) (r evidence.SRVRecord, ok bool) {
	if len(words) < 4 || !small(words[0], 5) || !small(words[1], 5) || !small(words[2], 5) {
		return r, false
	}
	r.Priority, r.Weight, r.Port = port16(words[0]), port16(words[1]), port16(words[2])
	r.Target = words[3]
	if r.Target != "." {
		r.Target = strings.TrimSuffix(r.Target, ".")
	}
	return r, r.Target != ""
}

func port16(s string) uint16 {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}

// readDNSLine reads lines that carry a whole record or a whole failure: of dig,
// host and nslookup on Unix, of zone files, of Resolve-DnsName.
func readDNSLine(p *parser, l *line) bool {
	words := strings.Fields(l.text)
	if len(words) < 4 {
		return false
	}
	lower := l.lower()
	switch {
	case len(words) >= 6 && strings.EqualFold(words[1], "service") && words[2] == "=":
		if r, ok := srvFields(words[3:]); ok && p.srvRecord(l, words[0], r) {
			p.found(KindNSLookup, l)
			return true
		}
	case len(words) >= 8 && strings.Contains(lower, " has srv record "):
		if r, ok := srvFields(words[4:]); ok && p.srvRecord(l, words[0], r) {
			p.found(KindHost, l)
			return true
		}
	case strings.Contains(lower, " has no srv record"):
		p.found(KindHost, l)
		return p.noAnswer(l, words[0], evidence.DNSNoData, "")
	case words[0] == "Host" && strings.Contains(lower, "not found:"):
		outcome, _ := outcomeOf(lower[strings.Index(lower, "not found:")+len("not found:"):])
		if outcome == "" {
			outcome = evidence.DNSNoName
		}
		p.found(KindHost, l)
		return p.noAnswer(l, words[1], outcome, "")
	case strings.Contains(lower, " has address ") || strings.Contains(lower, " has ipv6 address "):
		if a, ok := address(words[len(words)-1]); ok && len(words) <= 5 {
			p.found(KindHost, l)
			p.addressRecord(l, words[0], a)
			return true
		}
	case words[0] == "Resolve-DnsName" && words[1] == ":":
		outcome, ok := outcomeOf(lower)
		if !ok {
			outcome = evidence.DNSOther
		}
		p.found(KindResolveDNS, l)
		return p.noAnswer(l, strings.TrimSuffix(words[2], ":"), outcome, "")
	case strings.Contains(lower, "server can't find"):
		return readCannotFind(p, l)
	}
	for i := 1; i+4 < len(words) && i < 5; i++ { // a record as in a zone file
		if strings.EqualFold(words[i], "SRV") {
			if r, ok := srvFields(words[i+1:]); ok && p.srvRecord(l, words[0], r) {
				p.found(KindDig, l)
				return true
			}
		}
	}
	return false
}

// readCannotFind reads the failure line of nslookup on Unix.
func readCannotFind(p *parser, l *line) bool {
	_, rest, _ := strings.Cut(l.text, "can't find ")
	name, reason, _ := strings.Cut(rest, ":")
	outcome, ok := outcomeOf(reason)
	if !ok {
		return false
	}
	p.found(KindNSLookup, l)
	return p.noAnswer(l, strings.TrimSpace(name), outcome, "")
}

// mapDNSRecord reads one object of Resolve-DnsName.
func mapDNSRecord(p *parser, r *record) {
	l := &r.first
	p.found(KindResolveDNS, l)
	name := r.get("name")
	kind := strings.ToUpper(r.get("type", "querytype"))
	if kind == "SRV" || r.has("nametarget") {
		rec := evidence.SRVRecord{
			Target: strings.TrimSuffix(r.get("nametarget"), "."), Port: port16(r.get("port")),
			Priority: port16(r.get("priority")), Weight: port16(r.get("weight")),
		}
		if n, ok := number(r, "ttl"); ok && n >= 0 && n < 1<<31 {
			rec.TTL = uint32(n)
		}
		if rec.Target != "" {
			p.srvRecord(l, name, rec)
		}
		return
	}
	if a, ok := address(r.get("ip4address", "ip6address", "ipaddress")); ok {
		p.addressRecord(l, name, a)
		return
	}
	if asked := p.question(); kind == "SOA" && strings.EqualFold(r.get("section"), "Authority") && asked != "" {
		p.noAnswer(l, asked, evidence.DNSNoData, "")
	}
}
