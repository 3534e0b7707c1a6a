package report

import (
	"net/netip"
	"strconv"
	"strings"
)

// class says what a field holds.
type class int

const (
	classNone    class = iota // free text: searched
	classPlain                // a word of this program: never touched
	className                 // host names, also with a port
	classEither               // hosts or domains, DNS decides later; also among other words
	classDomain               // DNS domains
	classMachine              // names of this or a client machine
	classID                   // ids of clients and hosts
	classKey                  // parts of product keys
)

// classes tells what the fields of events hold, by field name or Type.Field.
// Fields that are not listed are free text.
var classes = map[string]class{
	"Schema": classPlain, "Version": classPlain, "Check": classPlain, "Status": classPlain, "Kind": classPlain,
	"Group": classPlain, "Planned.ID": classPlain, "Planned.Title": classPlain, "Planned.Slow": classPlain,
	"Checks": classPlain, "Worst": classPlain, "Verdict": classPlain, "Layer": classPlain, "Shell": classPlain,
	"Who": classPlain, "Note.ID": classPlain, "Cause.ID": classPlain, "Outcome": classPlain, "Purpose": classPlain,
	"Syntax": classPlain, "Accepted": classPlain, "OS": classPlain, "ActivationID": classPlain, "CountedID": classPlain,
	"Application": classPlain, "ApplicationID": classPlain, "Wanted": classPlain, "Product": classPlain,

	"MatrixPlan.Target": classEither, "Matrix.Target": classEither, "MatrixRow.Name": classPlain, "MatrixRow.Class": classPlain,
	"MatrixRow.Key": classPlain, "MatrixKey.Key": classPlain, "MatrixKey.System": classPlain, "HostKeyRef.Name": classPlain,
	"Releases": classPlain, "Unlisted": classPlain, "Protocol": classPlain, "Speaks": classPlain,

	"Args": classEither, "Names": classEither, "Plan.Title": classEither,
	"Host": className, "NTP": className, "Target": className, "CNAMEs": className,
	"RegisteredHost": className, "DNSHost": className, "HostAddress": className,
	"Domain": classDomain, "Domains": classDomain, "Zone": classDomain, "Suffix.Name": classDomain,
	"LookupDomain": classDomain, "Suffix": classDomain, "ADObject": classID,
	"Machine": classMachine, "Machines": classMachine, "Machine.Name": classMachine, "System.Name": classMachine, "Workstation": classMachine,

	"CMID": classID, "PreviousCMID": classID, "EPID": classID, "HostEPID": classID, "ExtendedPID": classID, "HwID": classID,
	"PartialKey": classKey,

	"ConfigNC": classID, "DN": classID, "ActivationObject.Name": classID, "ActivationObject.DisplayName": classID,
	"ServerName": className, "Referrals": className,
	"Step": classPlain, "TLS": classPlain, "Holds": classPlain, "Groups": classPlain, "Paste": classPlain,
}

// idKind names the pseudonyms of the fields of classID.
var idKind = map[string]string{
	"CMID": "cmid", "PreviousCMID": "cmid", "EPID": "epid", "HostEPID": "epid", "ExtendedPID": "epid",
	"HwID": "hwid", "ADObject": "object",
	"ConfigNC": "dn", "DN": "dn", "ActivationObject.Name": "object", "ActivationObject.DisplayName": "object",
}

// published are names that cloud providers, Microsoft and the pool of time
// servers publish: they identify nobody.
var published = []string{
	"core.windows.net", "googlecloud.com", "microsoft.com", "windows.com", "ntp.org", "amazonaws.com",
	"chinacloudapi.cn", "cloudapi.de", "usgovcloudapi.net",
}

// pseudonyms remembers what stands for what.
type pseudonyms struct {
	names map[string]string // lower-case dotted name or id: pseudonym
	short map[string]string // name without a dot, in its own case: pseudonym
	lower map[string]string // the same names in lower case
	addrs map[netip.Addr]netip.Addr
	count map[string]int
}

func newPseudonyms() *pseudonyms {
	return &pseudonyms{
		names: map[string]string{}, short: map[string]string{}, lower: map[string]string{},
		addrs: map[netip.Addr]netip.Addr{}, count: map[string]int{},
	}
}

// meet learns the value of a field.
func (p *pseudonyms) meet(field, value string) {
	switch classes[field] {
	case className:
		p.host(withoutPort(value))
	case classEither:
		words := strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' })
		for _, w := range words {
			if w = withoutPort(w); len(words) == 1 || strings.Contains(w, ".") {
				p.name("name", w)
			}
		}
	case classDomain:
		p.name("domain", value)
	case classMachine:
		if strings.Contains(value, ".") {
			p.host(value)
		} else {
			p.name("machine", value)
		}
	case classID:
		p.id(field, value)
	}
}

// id returns the pseudonym of an id.
func (p *pseudonyms) id(field, value string) string {
	if value == "" {
		return ""
	}
	key := strings.ToLower(value)
	if p.names[key] == "" {
		p.names[key] = p.next(idKind[field])
	}
	return p.names[key]
}

// name returns the pseudonym of a name, a new one of the given kind if it has
// none; "" for what needs none. A name without a dot may be a common word in
// another case ("kms"), so that text is searched for it in its own case only.
func (p *pseudonyms) name(kind, name string) string {
	name = strings.TrimSuffix(name, ".")
	key := strings.ToLower(name)
	if !needsPseudonym(key) {
		return ""
	}
	if !strings.Contains(name, ".") {
		if p.lower[key] == "" {
			p.lower[key] = p.next(kind)
		}
		p.short[name] = p.lower[key]
		return p.short[name]
	}
	if p.names[key] == "" {
		p.names[key] = p.next(kind)
	}
	return p.names[key]
}

// host learns a host name, and with it its domain.
func (p *pseudonyms) host(name string) {
	name = strings.TrimSuffix(name, ".")
	key := strings.ToLower(name)
	if !needsPseudonym(key) || p.names[key] != "" {
		return
	}
	label, domain, dotted := strings.Cut(name, ".")
	if !dotted {
		p.name("host", label)
		return
	}
	d := p.name("domain", domain)
	pseudonym := p.next("host")
	// A short label could be any word of a text.
	if _, taken := p.lower[strings.ToLower(label)]; !taken && len(label) > 2 {
		p.lower[strings.ToLower(label)], p.short[label] = pseudonym, pseudonym
	}
	if d != "" {
		pseudonym += "." + d
	}
	p.names[key] = pseudonym
}

// needsPseudonym tells whether a lower-case text is a name that could identify
// somebody.
func needsPseudonym(s string) bool {
	if len(s) < 2 || s == "localhost" || isPublished(s) {
		return false
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return false
	}
	for _, c := range s {
		if !nameRune(c) {
			return false
		}
	}
	return true
}

func isPublished(name string) bool {
	for _, d := range published {
		if name == d || strings.HasSuffix(name, "."+d) {
			return true
		}
	}
	return false
}

// addr returns the pseudonym of an address.
func (p *pseudonyms) addr(a netip.Addr) netip.Addr {
	if !a.IsValid() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() || cloudAddr[a.WithZone("")] {
		return a
	}
	a = a.WithZone("")
	if to, ok := p.addrs[a]; ok {
		return to
	}
	var to netip.Addr
	if a.Is4() || a.Is4In6() {
		p.count["ipv4"]++
		to = documentation4(p.count["ipv4"])
	} else {
		p.count["ipv6"]++
		b := netip.MustParseAddr("2001:db8::").As16()
		b[14], b[15] = byte(p.count["ipv6"]>>8), byte(p.count["ipv6"])
		to = netip.AddrFrom16(b)
	}
	p.addrs[a] = to
	return to
}

// cloudAddr holds the public address of the KMS host of Google Cloud, and of
// those of Azure.
var cloudAddr = map[netip.Addr]bool{
	netip.MustParseAddr("35.190.247.13"): true,
	netip.MustParseAddr("20.118.99.224"): true,
	netip.MustParseAddr("40.83.235.53"):  true,
}

// documentation4 returns the n-th address of the ranges of RFC 5737, and then
// of 240.0.0.0/4, which nobody uses.
func documentation4(n int) netip.Addr {
	nets := [][3]byte{{198, 51, 100}, {203, 0, 113}, {192, 0, 2}}
	if i := (n - 1) / 254; i < len(nets) {
		return netip.AddrFrom4([4]byte{nets[i][0], nets[i][1], nets[i][2], byte((n-1)%254 + 1)})
	}
	return netip.AddrFrom4([4]byte{240, byte(n >> 16), byte(n >> 8), byte(n)})
}

// withoutPort cuts ":1688" off a host.
func withoutPort(s string) string {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().String()
	}
	host, port, ok := strings.Cut(s, ":")
	if _, err := strconv.ParseUint(port, 10, 16); !ok || err != nil {
		return s
	}
	return host
}
