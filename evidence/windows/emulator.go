package windows

import (
	"net/netip"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// emulator adds up what logs of KMS servers that are not Microsoft's say: a
// request that gets no answer is seen only when the log has ended.
type emulator struct {
	kind     Kind
	started  *line
	requests *line // the first
	answers  int
	crash    *line
}

// serverLines are the parts by which lines of such logs are known.
var serverLines = []struct {
	text string
	kind Kind
	what string // "start", "connect", "request", "answer", "crash", "busy"
}{
	{"vlmcsd svn", KindVlmcsd, "start"},
	{"started successfully", KindVlmcsd, "start"},
	{"listening on ", KindVlmcsd, "start"},
	{"incoming kms request", KindVlmcsd, "request"},
	{"sending response, epid", KindVlmcsd, "answer"},
	{"connection accepted: ", "", "connect"},
	{"connection closed: ", "", "note"},
	{"could not listen on any socket", KindVlmcsd, "busy"},
	{"access a socket in a way forbidden", "", "busy"},
	{"only one usage of each socket address", "", "busy"},
	{"address already in use", "", "busy"},
	{"tcp server listening at", KindPyKMS, "start"},
	{"received v4 request on", KindPyKMS, "request"},
	{"received v5 request on", KindPyKMS, "request"},
	{"received v6 request on", KindPyKMS, "request"},
	{"rpc bind request", KindPyKMS, "connect"},
	{"server epid:", KindPyKMS, "answer"},
	{"too many clients ! fixed with", KindPyKMS, "note"},
	{"kmsbase", KindPyKMS, "note"},
	{"responded to", "", "answer"},
	{"traceback (most recent call last)", KindPyKMS, "crash"},
}

// readEmulatorLine reads a line of the log of vlmcsd or py-kms.
func readEmulatorLine(p *parser, l *line) bool {
	lower := l.lower()
	for _, k := range serverLines {
		if !strings.Contains(lower, k.text) {
			continue
		}
		kind := k.kind
		if kind == "" {
			kind = p.emul.kind
		}
		timed := digits(l.text) > 0 || strings.Contains(l.text, "INFO") || strings.Contains(l.text, "WARNING") || strings.HasPrefix(lower, "warning:") || strings.HasPrefix(lower, "fatal:")
		if !timed && k.what != "crash" && k.what != "connect" && k.what != "start" || kind == "" && k.what != "busy" {
			continue
		}
		if k.text == "listening on " && !strings.Contains(lower, ":1688") {
			continue
		}
		if kind == "" {
			kind = KindVlmcsd
		}
		p.emul.note(p, l, kind, k.what)
		return true
	}
	if p.emul.kind == KindPyKMS && pyField(l.text) {
		return true
	}
	return false
}

// pyField tells whether a line is one of the fields that py-kms logs of a
// request.
func pyField(s string) bool {
	for _, name := range []string{"Machine Name:", "Client Machine ID:", "Application ID:", "SKU ID:", "KMS Counted ID:", "License Status:", "Licence Status:", "Request Time:", "Request N-Policy:"} {
		if at := strings.Index(s, name); at >= 0 && at < 60 {
			return true
		}
	}
	return false
}

func (e *emulator) note(p *parser, l *line, kind Kind, what string) {
	e.kind = kind
	p.found(kind, l)
	p.say(evidence.Emulator, string(kind), l)
	at := *l
	switch what {
	case "start":
		if e.started == nil {
			e.started = &at
		}
		if strings.Contains(l.lower(), "listening") {
			p.say(evidence.PortListening, "", l)
		}
	case "request", "connect":
		if e.requests == nil && what == "request" {
			e.requests = &at
		}
		if what == "connect" {
			e.started = nil
		}
	case "answer":
		e.answers++
	case "crash":
		e.crash = &at
	case "busy":
		p.say(evidence.PortReserved, "", l)
		e.started = nil
	}
}

// command notes the start of a test client at a prompt.
func (e *emulator) command(p *parser, l *line) {
	lower := strings.ToLower(p.cmd.text)
	switch {
	case strings.Contains(lower, "pykms_client"), strings.Contains(lower, "py_client"):
		p.found(KindPyKMS, l)
		e.kind = KindPyKMS
	case strings.HasPrefix(p.cmd.name, "vlmcsd"):
		p.found(KindVlmcsd, l)
		e.kind = KindVlmcsd
	}
}

func (e *emulator) end(p *parser) {
	switch {
	case e.crash != nil:
		p.say(evidence.ServerLogNoAnswer, "the log shows an exception", e.crash)
	case e.requests != nil && e.answers == 0:
		p.say(evidence.ServerLogNoAnswer, "", e.requests)
	case e.started != nil && e.requests == nil:
		p.say(evidence.ServerLogEmpty, "", e.started)
	}
}

// vlmcsSection is output of vlmcs, a test client: the request's fields with -v,
// the connection, the bind, the answer.
type vlmcsSection struct {
	x     evidence.Exchange
	first line
	addr  netip.AddrPort
	host  string
	bound bool
	sent  bool
}

func openVlmcs(p *parser, l *line) section {
	if l.text != "Request Parameters" && !(strings.HasPrefix(l.text, "Connecting to ") && strings.Contains(l.text, " ... ")) &&
		!strings.HasPrefix(l.text, "Sending activation request (KMS V") && !strings.HasPrefix(l.text, "Performing RPC bind") {
		return nil
	}
	p.found(KindVlmcs, l)
	s := &vlmcsSection{first: *l}
	s.take(p, l)
	return s
}

func (s *vlmcsSection) blank(*parser) {}

func (s *vlmcsSection) take(p *parser, l *line) bool {
	text, lower := l.text, l.lower()
	switch {
	case text == "Request Parameters", text == "Response:", ruler(text):
		return true
	case strings.HasPrefix(text, "Connecting to "):
		s.connect(p, l)
	case strings.HasPrefix(text, "Performing RPC bind"):
		if strings.Contains(lower, "successful") {
			s.bind(p, l, evidence.BindAccepted)
		} else if strings.Contains(lower, "could not") || strings.Contains(lower, "fail") {
			s.bind(p, l, bindEnd(lower))
		}
	case strings.HasPrefix(text, "... NDR32"), strings.HasPrefix(text, "... NDR64"):
		if strings.Contains(lower, "successful") {
			s.bind(p, l, evidence.BindAccepted)
		}
	case strings.HasPrefix(text, "Sending activation request"):
		s.sent = true
		s.first = *l
		if at := strings.Index(text, "(KMS V"); at > 0 && at+7 <= len(text) {
			s.x.Version = text[at+6:at+7] + ".0"
		}
		s.answer(p, l)
	case strings.HasPrefix(lower, "fatal: ") && strings.Contains(lower, "response"):
		s.fail(p, l, noResponse(lower))
	case strings.Contains(lower, "could not bind"):
		s.bind(p, l, bindEnd(lower))
	case strings.HasPrefix(lower, "fatal: could not connect"), strings.HasPrefix(lower, "fatal: rpc bind"):
		if s.host != "" && strings.Contains(lower, "bind") {
			s.bind(p, l, evidence.BindOther)
		}
	case strings.HasPrefix(text, "Error 0x"):
		n, _, _ := hexValue(text[len("Error "):])
		s.x.Status = n
		if c, ok := codeIn(text); ok {
			p.code(c, "vlmcs", s.x.Product, p.origin(l))
		}
		s.fail(p, l, evidence.ExchangeOther)
	case strings.HasPrefix(lower, "communication failed during"), strings.HasPrefix(lower, "warning: "):
	case strings.Contains(text, " : "):
		name, value, _ := strings.Cut(text, " : ")
		s.field(name, value)
	default:
		name, value, ok := cutLabel(text)
		if ok {
			s.field(name, value)
		}
		return ok
	}
	return true
}

// field reads the fields that vlmcs -v lists of request and answer.
func (s *vlmcsSection) field(name, value string) {
	value = strings.TrimSpace(value)
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "protocol version":
		s.x.Version = value
	case "sku id (aka activation id)":
		s.x.ActivationID, _ = guid(value)
		if _, rest, ok := strings.Cut(value, "("); ok {
			s.x.Product = strings.TrimSuffix(rest, ")")
		}
	case "kms id (aka kms counted id)":
		s.x.CountedID, _ = guid(value)
	case "application id":
		s.x.Application, _ = guid(value)
	case "client machine id":
		s.x.CMID, _ = guid(value)
	case "workstation name":
		s.x.Workstation = value
	case "n count policy (minimum clients)":
		s.x.NPolicy = uint32(minutesOf(value))
	case "client is a virtual machine":
		s.x.VM = value == "Yes"
	case "kms host extended pid":
		s.x.EPID = value
	case "kms host current active clients":
		s.x.Count = uint32(minutesOf(value))
	case "activation interval policy":
		s.x.ActivationInterval = uint32(minutesOf(value))
	case "renewal interval policy":
		s.x.RenewalInterval = uint32(minutesOf(value))
	case "kms host hardware id":
		s.x.HwID = value
	}
}

func (s *vlmcsSection) connect(p *parser, l *line) {
	rest := strings.TrimPrefix(l.text, "Connecting to ")
	target, outcomeText, _ := strings.Cut(rest, " ... ")
	if _, inner, ok := strings.Cut(target, "("); ok {
		if ap, err := netip.ParseAddrPort(strings.TrimRight(inner, ") ")); err == nil {
			s.addr = ap
		}
		target = strings.TrimSpace(target[:strings.IndexByte(target, '(')])
	}
	host, port := hostPort(target)
	s.host = host
	if a, ok := address(host); ok {
		s.addr = netip.AddrPortFrom(a, uint16(port))
	}
	outcome := evidence.Open
	if !strings.HasPrefix(outcomeText, "successful") {
		outcome = dialOutcome(outcomeText)
	}
	d := evidence.Dial{Origin: p.origin(l), Purpose: evidence.DialKMS, Host: host, Port: uint16(port), Address: s.addr, Outcome: outcome}
	p.addDial(d)
	s.bound, s.sent = false, false
}

func (s *vlmcsSection) bind(p *parser, l *line, outcome evidence.BindOutcome) {
	if s.bound || s.host == "" {
		return
	}
	s.bound = true
	b := evidence.Bind{Origin: p.origin(l), Host: s.host, Address: s.addr, Outcome: outcome, Features: -1}
	if outcome != evidence.BindAccepted {
		b.Detail = cut(l.text, 120)
	}
	put(p, &p.paste.Set.Binds, b)
}

// bindEnd tells how a bind ended that the test client says failed.
func bindEnd(lower string) evidence.BindOutcome {
	switch {
	case strings.Contains(lower, "reset"):
		return evidence.BindReset
	case strings.Contains(lower, "closed"):
		return evidence.BindClosed
	case strings.Contains(lower, "timed out"), strings.Contains(lower, "timeout"):
		return evidence.BindSilent
	}
	return evidence.BindOther
}

// answer reads what follows the arrow: an ePID and in V6 a hardware id.
func (s *vlmcsSection) answer(p *parser, l *line) {
	_, rest, ok := strings.Cut(l.text, "->")
	if !ok {
		return
	}
	words := strings.Fields(rest)
	if len(words) == 0 || !isEPID(words[0]) {
		if lower := strings.ToLower(rest); strings.Contains(lower, "no response") || strings.Contains(lower, "closed") {
			s.fail(p, l, noResponse(lower))
		}
		return
	}
	s.bind(p, l, evidence.BindAccepted)
	x := s.x
	x.EPID, x.Outcome = words[0], evidence.Served
	if len(words) > 1 {
		x.HwID = strings.Trim(words[1], "()")
	}
	s.put(p, l, x)
	s.sent = false
}

// noResponse tells how a request ended that got no answer. The test client
// waits without a limit of its own, so that an answer that does not come is a
// connection that the server closed, unless it says otherwise.
func noResponse(lower string) evidence.ExchangeOutcome {
	switch {
	case strings.Contains(lower, "timed out"), strings.Contains(lower, "timeout"):
		return evidence.ExchangeSilent
	case strings.Contains(lower, "reset"):
		return evidence.ExchangeReset
	}
	return evidence.ExchangeClosed
}

func (s *vlmcsSection) fail(p *parser, l *line, outcome evidence.ExchangeOutcome) {
	if !s.sent {
		return
	}
	s.bind(p, l, evidence.BindAccepted)
	x := s.x
	x.Outcome, x.Detail = outcome, l.text
	s.put(p, l, x)
	s.sent = false
}

func (s *vlmcsSection) put(p *parser, l *line, x evidence.Exchange) {
	if s.host == "" {
		return
	}
	x.Origin, x.Host, x.Address = p.origin(l), s.host, s.addr
	put(p, &p.paste.Set.Exchanges, x)
}

func (s *vlmcsSection) end(*parser) {}
