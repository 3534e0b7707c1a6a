package checks

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/kmsdiag/kmsdiag/run"
)

// KMSPort is the port that a KMS host listens on unless told otherwise.
const KMSPort = 1688

const dnsPort = 53

// TargetFlags are the values of the flags that say what to ask about, as typed.
type TargetFlags struct {
	Domains   []string // --domain: ask for the SRV record of these, whatever DNS says
	Hosts     []string // --host: a name, an address, or either with a port
	Port      int      // --port; 0: not given, unless PortGiven
	PortGiven bool     // --port was given, if only as 0
	Product   string   // --product
	DNS       []string // --dns: addresses of DNS servers, with or without a port
	NTP       []string // --ntp: names or addresses of time servers, with or without a port
	Only4     bool     // -4
	Only6     bool     // -6
	NoRequest bool     // --no-request
}

// ParseTarget makes a target of arguments and flags. An IP address or HOST:PORT
// is a host; of any other argument DNS decides whether it is a domain or a host.
// Names come back in lower case and without the final dot, names in Unicode as
// their ASCII form (IDNA). An error says in a sentence which argument is wrong
// and what is accepted.
func ParseTarget(args []string, flags TargetFlags) (run.Target, error) {
	t := run.Target{Args: args, Product: flags.Product, NoRequest: flags.NoRequest}
	switch {
	case flags.Only4 && flags.Only6:
		return run.Target{}, fmt.Errorf("-4 and -6 exclude each other: leave both out to ask for both")
	case flags.Only4:
		t.Family = 4
	case flags.Only6:
		t.Family = 6
	}
	if flags.Port < 0 || flags.Port > 65535 || flags.PortGiven && flags.Port == 0 {
		return run.Target{}, fmt.Errorf("--port %d: want 1 to 65535", flags.Port)
	}
	t.Port = uint16(flags.Port)
	for _, arg := range args {
		if err := addArgument(&t, arg); err != nil {
			return run.Target{}, err
		}
	}
	for _, d := range flags.Domains {
		name, err := cleanName(d)
		if err != nil {
			return run.Target{}, fmt.Errorf("--domain %.80q: %w", d, err)
		}
		t.Domains = append(t.Domains, name)
	}
	for _, h := range flags.Hosts {
		host, err := parseHost(h, t.Family)
		if err != nil {
			return run.Target{}, fmt.Errorf("--host %.80q: %w", h, err)
		}
		t.Hosts = append(t.Hosts, host)
	}
	for _, s := range flags.DNS {
		server, err := parseServer(s)
		if err != nil {
			return run.Target{}, fmt.Errorf("--dns %.80q: %w", s, err)
		}
		t.Resolvers = append(t.Resolvers, server)
	}
	for _, s := range flags.NTP {
		host, err := parseHost(s, 0)
		if err != nil {
			return run.Target{}, fmt.Errorf("--ntp %.80q: %w", s, err)
		}
		t.NTP = append(t.NTP, hostText(host))
	}
	return t, nil
}

// addArgument takes one bare argument.
func addArgument(t *run.Target, arg string) error {
	host, err := parseHost(arg, t.Family)
	if err != nil {
		return fmt.Errorf("argument %.80q: %w", arg, err)
	}
	if _, err := netip.ParseAddr(host.Host); err == nil || host.Port != 0 {
		t.Hosts = append(t.Hosts, host)
	} else {
		t.Names = append(t.Names, host.Host)
	}
	return nil
}

// parseHost reads a name or an address, either with a port: "kms01",
// "kms01:1688", "10.0.0.5", "10.0.0.5:1688", "2001:db8::5", "[2001:db8::5]:1688".
func parseHost(s string, family int) (run.HostPort, error) {
	switch {
	case s == "":
		return run.HostPort{}, fmt.Errorf("it is empty: want a domain, a host, HOST:PORT or an address")
	case strings.Contains(s, "://"), strings.ContainsAny(s, "/\\@"):
		return run.HostPort{}, fmt.Errorf("it looks like a URL or a path: want a domain, a host, HOST:PORT or an address")
	}
	host, port := s, uint16(0)
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil && balanced(s) {
		return literal(a, 0, family)
	}
	if strings.ContainsRune(s, ':') {
		if strings.Count(s, ":") > 1 && !strings.HasPrefix(s, "[") {
			return run.HostPort{}, fmt.Errorf("it is no IPv6 address: one with a port is written [2001:db8::5]:%d", KMSPort)
		}
		h, p, err := net.SplitHostPort(s)
		if err != nil {
			return run.HostPort{}, fmt.Errorf("want HOST:PORT, or [ADDRESS]:PORT for IPv6")
		}
		if port, err = parsePort(p); err != nil {
			return run.HostPort{}, err
		}
		host = h
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return literal(a, port, family)
	}
	name, err := cleanName(host)
	if err != nil {
		return run.HostPort{}, err
	}
	return run.HostPort{Host: name, Port: port}, nil
}

func balanced(s string) bool {
	return strings.HasPrefix(s, "[") == strings.HasSuffix(s, "]")
}

func literal(a netip.Addr, port uint16, family int) (run.HostPort, error) {
	a = a.Unmap()
	switch {
	case a.IsUnspecified(), a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return run.HostPort{}, fmt.Errorf("it is not the address of one host")
	case family == 4 && a.Is6():
		return run.HostPort{}, fmt.Errorf("it is an IPv6 address, and -4 leaves those out")
	case family == 6 && a.Is4():
		return run.HostPort{}, fmt.Errorf("it is an IPv4 address, and -6 leaves those out")
	}
	return run.HostPort{Host: a.String(), Port: port}, nil
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("port %.20q: want 1 to 65535", s)
	}
	return uint16(n), nil
}

// parseServer reads the address of a DNS server with an optional port.
func parseServer(s string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil && balanced(s) {
		return netip.AddrPortFrom(a.Unmap(), dnsPort), nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = s, strconv.Itoa(dnsPort)
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("want an address, with or without a port: a name would have to be resolved first")
	}
	n, err := parsePort(port)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.AddrPortFrom(a.Unmap(), n), nil
}

// cleanName brings a DNS name into its lower-case ASCII form without the final
// dot, or says why it is none (RFC 1035 lengths; letters, digits, hyphens, and
// underscores, which Active Directory allows).
func cleanName(s string) (string, error) {
	name := strings.TrimSuffix(s, ".")
	if !utf8.ValidString(name) {
		return "", fmt.Errorf("it is no valid UTF-8")
	}
	if name == "" {
		return "", fmt.Errorf("it is empty: want a name such as corp.example")
	}
	labels := strings.Split(name, ".")
	for i, label := range labels {
		ascii, err := cleanLabel(label)
		if err != nil {
			return "", err
		}
		labels[i] = ascii
	}
	name = strings.Join(labels, ".")
	if len(name) > 253 {
		return "", fmt.Errorf("it is %d characters long: a DNS name has at most 253", len(name))
	}
	if strings.HasPrefix(name, "_") && len(labels) > 1 && labels[1] == "_tcp" {
		return "", fmt.Errorf("it is the name of a record: want the domain alone, without %s._tcp", labels[0])
	}
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		return "", fmt.Errorf("it ends in a number, but is no IP address")
	}
	return name, nil
}

func cleanLabel(label string) (string, error) {
	if label == "" {
		return "", fmt.Errorf("it has an empty part: two dots, or one at the start")
	}
	ascii := strings.ToLower(label)
	if strings.IndexFunc(label, func(r rune) bool { return r >= 0x80 }) >= 0 {
		var err error
		if ascii, err = idna.Lookup.ToASCII(label); err != nil {
			return "", fmt.Errorf("%.80q is no part of a DNS name: %w", label, err)
		}
	}
	if len(ascii) > 63 {
		return "", fmt.Errorf("%.20q.. is %d characters long: a part of a DNS name has at most 63", ascii, len(ascii))
	}
	for _, c := range []byte(ascii) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return "", fmt.Errorf("%q cannot stand in a DNS name", rune(c))
		}
	}
	if ascii[0] == '-' || ascii[len(ascii)-1] == '-' {
		return "", fmt.Errorf("%.80q begins or ends with a hyphen", ascii)
	}
	return ascii, nil
}

// namedSubjects returns the domains and hosts that the user named outright.
func namedSubjects(t run.Target) []run.Subject {
	var found []run.Subject
	for _, d := range t.Domains {
		found = append(found, domainSubject(d, "named by the user"))
	}
	for _, h := range t.Hosts {
		port := h.Port
		if port == 0 {
			port = t.Port
		}
		found = append(found, hostSubject("", h.Host, port, "named by the user"))
	}
	return found
}

// hostText writes a host as it is typed.
func hostText(h run.HostPort) string {
	if h.Port == 0 {
		return h.Host
	}
	return net.JoinHostPort(h.Host, strconv.Itoa(int(h.Port)))
}

func domainSubject(name, note string) run.Subject {
	return run.Subject{Key: name, Kind: run.Domain, Domain: name, Note: note}
}

// hostSubject is the subject of a host; port 0 is [KMSPort]. An address needs no
// look-up: its host is the endpoint itself.
func hostSubject(domain, name string, port uint16, note string) run.Subject {
	if port == 0 {
		port = KMSPort
	}
	if a, err := netip.ParseAddr(name); err == nil {
		s := endpointSubject(netip.AddrPortFrom(a.Unmap(), port), note)
		s.Domain = domain
		return s
	}
	name = strings.ToLower(trimDot(name))
	return run.Subject{
		Key: net.JoinHostPort(name, strconv.Itoa(int(port))), Kind: run.Host,
		Domain: domain, Host: name, Port: port, Note: note,
	}
}

func endpointSubject(a netip.AddrPort, note string) run.Subject {
	return run.Subject{
		Key: a.String(), Kind: run.Endpoint, Host: a.Addr().String(), Port: a.Port(), Addr: a, Note: note,
	}
}
