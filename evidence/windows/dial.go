package windows

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// dial adds a connection attempt. What a tool says twice within a few lines, as
// a warning and in its summary, is added once.
func (p *parser) dial(l *line, kind Kind, host string, port int, outcome evidence.DialOutcome, detail string) {
	p.found(kind, l)
	d := evidence.Dial{Origin: p.origin(l), Host: strings.TrimSuffix(host, "."), Port: uint16(port), Outcome: outcome, Purpose: evidence.DialKMS}
	if port == 0 {
		d.Port = 1688
	}
	if a, ok := address(host); ok {
		d.Address = netip.AddrPortFrom(a, d.Port)
		d.Host = a.String()
	}
	if detail != "" {
		d.Tries = []evidence.Try{{Outcome: outcome, Detail: cut(detail, 120)}}
	}
	p.addDial(d)
}

// dialAt is dial for a tool that prints the address where its command line has
// the name.
func (p *parser) dialAt(l *line, kind Kind, at string, port int, outcome evidence.DialOutcome, detail string) {
	name, _ := p.target()
	a, ok := address(at)
	if name == "" || isAddress(name) || !ok {
		p.dial(l, kind, at, port, outcome, detail)
		return
	}
	p.found(kind, l)
	d := evidence.Dial{Origin: p.origin(l), Host: name, Port: uint16(port), Address: netip.AddrPortFrom(a, uint16(port)), Outcome: outcome, Purpose: evidence.DialKMS}
	if detail != "" {
		d.Tries = []evidence.Try{{Outcome: outcome, Detail: cut(detail, 120)}}
	}
	p.addDial(d)
}

func (p *parser) addDial(d evidence.Dial) {
	if d.Host == "" && !d.Address.IsValid() {
		return
	}
	if d.Port != 1688 {
		d.Purpose = evidence.DialAlive
		if p.otherKMSPort(d.Port) {
			d.Purpose = evidence.DialKMS
		}
	}
	have := p.paste.Set.Dials
	for i := len(have) - 1; i >= 0 && i >= len(have)-4; i-- {
		o := &have[i]
		same := strings.EqualFold(o.Host, d.Host) || o.Address.IsValid() && o.Address == d.Address
		if same && o.Port == d.Port && d.Origin.Line-o.Origin.Line < 20 && (o.Outcome == d.Outcome || d.Outcome == evidence.DialFailed && o.Outcome != evidence.Open) {
			if o.Host == "" || isAddress(o.Host) {
				o.Host = d.Host
			}
			return
		}
	}
	put(p, &p.paste.Set.Dials, d)
}

// otherKMSPort tells whether an SRV record or a pinned host names a port.
func (p *parser) otherKMSPort(port uint16) bool {
	for i := range p.paste.Set.SRV {
		for _, r := range p.paste.Set.SRV[i].Records {
			if r.Port == port && p.paste.Set.SRV[i].Purpose == evidence.SRVKMS {
				return true
			}
		}
	}
	return false
}

func isAddress(s string) bool {
	_, ok := address(s)
	return ok
}

// mapConnection reads the object of Test-NetConnection, which does not say
// whether a port was silent or refused.
func mapConnection(p *parser, r *record) {
	l := &r.first
	host := unmasked(r.get("computername"))
	addr, hasAddr := address(r.get("remoteaddress"))
	p.found(KindTNC, l)
	if v := r.get("pingsucceeded"); v != "" && (host != "" || hasAddr) {
		name := host
		if name == "" {
			name = addr.String()
		}
		put(p, &p.paste.Set.Pings, evidence.Ping{Origin: p.origin(l), Host: name, Answered: truth(v)})
	}
	if strings.EqualFold(r.get("nameresolutionsucceeded"), "false") && host != "" {
		p.noAnswer(l, host, evidence.DNSOther, "Test-NetConnection did not resolve the name")
	}
	tcp := r.get("tcptestsucceeded")
	port, ok := number(r, "remoteport")
	if tcp == "" || !ok || port < 1 || port > 65535 {
		return
	}
	outcome := evidence.DialFailed
	if truth(tcp) {
		outcome = evidence.Open
	}
	d := evidence.Dial{Origin: p.origin(l), Purpose: evidence.DialKMS, Host: host, Port: uint16(port), Outcome: outcome}
	if hasAddr {
		d.Address = netip.AddrPortFrom(addr, d.Port)
		if host == "" {
			d.Host = addr.String()
		}
	}
	if a, ok := address(r.get("sourceaddress")); ok {
		d.Local = netip.AddrPortFrom(a, 0)
	}
	if d.Host == "" && r.has("computername") { // hidden by the author; the result counts all the same
		d.Host = "the KMS host"
	}
	p.addDial(d)
}

// dialOutcome reads why a connection failed.
func dialOutcome(s string) evidence.DialOutcome {
	lower := strings.ToLower(s)
	switch {
	case strings.Contains(lower, "refused"), strings.Contains(lower, "verweigert"), strings.Contains(lower, "拒绝"), strings.Contains(lower, "reset by peer"):
		return evidence.Refused
	case strings.Contains(lower, "timed out"), strings.Contains(lower, "timeout"), strings.Contains(lower, "time out"), strings.Contains(lower, "10060"),
		strings.Contains(lower, "超时"), strings.Contains(lower, "zeitüberschreitung"), strings.Contains(lower, "did not properly respond"):
		return evidence.Silent
	case strings.Contains(lower, "no route to host"), strings.Contains(lower, "unreachable"):
		return evidence.Unreachable
	}
	return evidence.DialFailed
}

// readDialLine reads the lines of tools that try a port.
func readDialLine(p *parser, l *line) bool {
	text, lower := l.text, l.lower()
	if rest, ok := strings.CutPrefix(lower, "warning: "); ok {
		return readTNCWarning(p, l, rest)
	}
	if at := strings.Index(lower, "could not find host "); at >= 0 {
		return p.noAnswer(l, firstWord(text[at+len("could not find host "):]), evidence.DNSOther, "ping did not resolve the name")
	}
	if strings.Contains(p.cmd.text, "169.254.169.254") && (strings.Contains(lower, "unable to connect") || strings.Contains(lower, "timed out") || strings.Contains(lower, "unreachable")) {
		p.say(evidence.LinkLocalRoute, "the instance metadata service does not answer", l)
		return true
	}
	for _, read := range []func(*parser, *line, string, string) bool{readPortQry, readTelnet, readNetcat, readPsPing, readNetstat} {
		if read(p, l, text, lower) {
			return true
		}
	}
	return false
}

func readTNCWarning(p *parser, l *line, rest string) bool {
	switch {
	case strings.HasPrefix(rest, "tcp connect to ") && strings.HasSuffix(rest, " failed"):
		target := strings.NewReplacer("(", "", ")", "", " ", "").Replace(rest[len("tcp connect to ") : len(rest)-len(" failed")])
		host, port := hostPort(target)
		p.dial(l, KindTNC, host, port, evidence.DialFailed, "")
		return true
	case strings.HasPrefix(rest, "ping to "):
		host := firstWord(rest[len("ping to "):])
		put(p, &p.paste.Set.Pings, evidence.Ping{Origin: p.origin(l), Host: host})
		return true
	case strings.HasPrefix(rest, "name resolution of "):
		return p.noAnswer(l, firstWord(rest[len("name resolution of "):]), evidence.DNSOther, "Test-NetConnection did not resolve the name")
	}
	return false
}

// target is the host and port that the last command named.
func (p *parser) target() (host string, port int) {
	words := strings.Fields(p.cmd.text)
	for i, w := range words {
		if i == 0 {
			continue
		}
		switch lower := strings.ToLower(words[i-1]); {
		case lower == "-e" || lower == "-port" || lower == "-p" && p.cmd.name == "portqry":
			port = atoi(w)
			continue
		case lower == "-n" || strings.HasPrefix(lower, "-computern"):
			host = w
			continue
		}
		if strings.HasPrefix(w, "-") {
			continue
		}
		if h, n := hostPort(w); n != 0 && host == "" {
			host, port = h, n
			continue
		}
		if small(w, 5) {
			port = atoi(w)
		} else if host == "" {
			host = w
		}
	}
	return host, port
}

func readPortQry(p *parser, l *line, text, lower string) bool {
	if p.cmd.name == "portqry" || strings.HasPrefix(lower, "querying target system") {
		switch {
		case strings.HasPrefix(lower, "querying target system"):
			p.cmd.name = "portqry"
			return true
		case strings.HasPrefix(lower, "attempting to resolve"), strings.HasPrefix(lower, "querying..."):
			return true
		case strings.HasPrefix(lower, "name resolved to "):
			if a, ok := address(text[len("name resolved to "):]); ok {
				p.cmd.product = a.String()
			}
			return true
		case !strings.Contains(text, " ") && isHostName(text):
			if !strings.Contains(p.cmd.text, text) {
				p.cmd.text += " -n " + text
			}
			return true
		}
	}
	at := strings.Index(lower, "tcp port ")
	if at < 0 || !strings.Contains(lower, "service)") {
		return false
	}
	port := atoi(text[at+9 : at+9+digits(text[at+9:])])
	var outcome evidence.DialOutcome
	switch {
	case strings.Contains(text, "NOT LISTENING"):
		outcome = evidence.Refused
	case strings.Contains(text, "LISTENING"):
		outcome = evidence.Open
	case strings.Contains(text, "FILTERED"):
		outcome = evidence.Silent
	default:
		return false
	}
	host, _ := p.target()
	if host == "" {
		host = "the KMS host"
	}
	if isAddress(p.cmd.product) {
		host = p.cmd.product
	}
	p.dialAt(l, KindPortQry, host, port, outcome, "portqry: "+strings.TrimSpace(text[strings.LastIndexByte(text, ':')+1:]))
	return true
}

func readTelnet(p *parser, l *line, text, lower string) bool {
	host, port := "", 0
	if p.cmd.name == "telnet" {
		host, port = p.target()
	}
	if rest, ok := strings.CutPrefix(lower, "connecting to "); ok && strings.Contains(rest, "...") && strings.Contains(rest, "port") {
		host = strings.TrimSpace(text[len("connecting to ") : len("connecting to ")+strings.Index(rest, "...")])
		if at := strings.Index(rest, "port "); at > 0 {
			port = atoi(rest[at+5 : at+5+digits(rest[at+5:])])
		}
		p.dial(l, KindTelnet, host, port, evidence.DialFailed, "telnet: could not connect")
		return true
	}
	if p.cmd.name != "telnet" || host == "" {
		return false
	}
	switch {
	case strings.HasPrefix(lower, "trying "):
		return true
	case strings.HasPrefix(lower, "connected to "):
		p.dial(l, KindTelnet, host, port, evidence.Open, "")
	case strings.HasPrefix(lower, "telnet: "), strings.Contains(text, strconv.Itoa(port)) && strings.Contains(text, ":") && strings.Contains(text, "..."):
		p.dial(l, KindTelnet, host, port, dialOutcome(lower), "telnet: could not connect")
	case strings.HasPrefix(lower, "escape character"):
	default:
		return false
	}
	return true
}

// readNetcat reads nc, ncat and curl: "Connection to kms01 1688 port [tcp/*]
// succeeded!", "nc: connect to kms01 port 1688 (tcp) failed: Connection refused".
func readNetcat(p *parser, l *line, text, lower string) bool {
	words := strings.Fields(text)
	switch {
	case strings.HasPrefix(lower, "connection to ") && strings.Contains(lower, "succeeded") && len(words) > 3:
		p.dial(l, KindNetcat, words[2], atoi(words[3]), evidence.Open, "")
	case strings.Contains(lower, "connect to ") && strings.Contains(lower, " port ") && strings.Contains(lower, "failed"),
		strings.HasPrefix(lower, "curl: (7)"):
		_, rest, _ := strings.Cut(text, "connect to ")
		_, tail, _ := strings.Cut(lower, " port ")
		p.dial(l, KindNetcat, firstWord(rest), atoi(tail[:digits(tail)]), dialOutcome(lower), "")
	case strings.HasPrefix(lower, "ncat: "):
		host, port := p.target()
		if rest, ok := strings.CutPrefix(lower, "ncat: connected to "); ok {
			h, n := hostPort(strings.TrimSuffix(rest, "."))
			p.dial(l, KindNetcat, h, n, evidence.Open, "")
		} else if host != "" && dialOutcome(lower) != evidence.DialFailed {
			p.dial(l, KindNetcat, host, port, dialOutcome(lower), "")
		}
	case strings.Contains(lower, " [tcp/") && strings.Contains(lower, ") open") || strings.Contains(lower, ") : connection"):
		host, port := p.target()
		outcome := evidence.Open
		if !strings.Contains(lower, " open") {
			outcome = dialOutcome(lower)
		}
		p.dial(l, KindNetcat, host, port, outcome, "")
	default:
		return false
	}
	return true
}

func readPsPing(p *parser, l *line, text, lower string) bool {
	if rest, ok := strings.CutPrefix(lower, "tcp connect to "); ok && strings.HasSuffix(rest, ":") {
		if p.cmd.name != "psping" && p.cmd.name != "psping64" {
			p.cmd.name, p.cmd.text = "psping", "psping "+strings.TrimSuffix(rest, ":")
		}
		return true
	}
	if rest, ok := strings.CutPrefix(lower, "probing "); ok && strings.Contains(rest, "/tcp") { // tcping
		host, port := hostPort(rest[:strings.Index(rest, "/tcp")])
		outcome := evidence.DialFailed
		if strings.Contains(rest, "port is open") {
			outcome = evidence.Open
		} else if strings.Contains(rest, "no response") {
			outcome = evidence.Silent
		}
		p.dial(l, KindPsPing, host, port, outcome, "")
		return true
	}
	rest, ok := strings.CutPrefix(lower, "connecting to ")
	if !ok || strings.Contains(rest, "...") {
		return psPingNoise(p, lower)
	}
	target := rest
	if at := strings.IndexByte(target, ' '); at > 0 {
		target = target[:at]
	}
	host, port := hostPort(strings.TrimSuffix(target, ":"))
	if port == 0 {
		return false
	}
	outcome := dialOutcome(lower)
	if strings.HasSuffix(lower, "ms") || strings.Contains(lower, ": from ") && !strings.Contains(lower, "refused") && !strings.Contains(lower, "expired") {
		outcome = evidence.Open
	}
	p.dialAt(l, KindPsPing, host, port, outcome, "")
	return true
}

func psPingNoise(p *parser, lower string) bool {
	if p.cmd.name != "psping" && p.cmd.name != "psping64" {
		return false
	}
	for _, part := range []string{"tcp connect statistics", "sent =", "minimum =", "iterations", "psping v", "copyright (c)", "sysinternals", "warmup"} {
		if strings.Contains(lower, part) {
			return true
		}
	}
	return false
}

// readNetstat reads rows about port 1688: a listener, or a connection that gets
// no answer.
func readNetstat(p *parser, l *line, text, lower string) bool {
	if strings.Contains(lower, "msft_nettcpconnection") {
		return p.noConnections(l, lower)
	}
	if !strings.HasPrefix(lower, "tcp") || !strings.Contains(text, ":1688") {
		return false
	}
	words := strings.Fields(text)
	if len(words) < 4 {
		return false
	}
	i := 1
	for i < len(words) && small(words[i], 9) { // queue lengths of netstat on Unix
		i++
	}
	if i+2 >= len(words) {
		return false
	}
	local, remote, state := words[i], words[i+1], strings.ToUpper(words[i+2])
	p.found(KindNetstat, l)
	switch {
	case strings.HasPrefix(state, "LISTEN"), strings.HasPrefix(state, "ABH"), strings.HasSuffix(remote, ":0") || strings.HasSuffix(remote, ":*"):
		if strings.HasSuffix(local, ":1688") {
			p.say(evidence.PortListening, local, l)
		}
	case strings.HasSuffix(remote, ":1688") && strings.HasPrefix(state, "SYN_SEN"):
		host, port := hostPort(remote)
		p.dial(l, KindNetstat, host, port, evidence.Silent, "netstat: SYN_SENT")
	case strings.HasSuffix(remote, ":1688") && strings.HasPrefix(state, "ESTAB"):
		host, port := hostPort(remote)
		p.dial(l, KindNetstat, host, port, evidence.Open, "")
	}
	return true
}

// noConnections reads that Get-NetTCPConnection found nothing: where it was
// asked for the local port, nobody listens.
func (p *parser) noConnections(l *line, lower string) bool {
	if strings.Contains(lower+p.cmd.text, "1688") && !strings.Contains(lower, "remoteport") {
		p.found(KindNetstat, l)
		p.say(evidence.PortClosed, "", l)
		return true
	}
	return false
}
