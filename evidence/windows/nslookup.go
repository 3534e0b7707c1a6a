package windows

import (
	"net/netip"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// lookupSection is output of nslookup. Its labels are localised, its structure
// is not: the server's name and address, then names with addresses or records.
type lookupSection struct {
	server  bool   // the server's address was read
	name    string // whose addresses or SRV fields follow
	rec     evidence.SRVRecord
	recLine line
	inSRV   bool
	silent  int // time-outs
	got     bool
	first   line
}

var serverLabels = map[string]bool{
	"server": true, "default server": true, "serveur": true, "servidor": true, "服务器": true, "默认服务器": true, "伺服器": true,
	"サーバー": true, "既定のサーバー": true, "сервер": true, "serwer": true, "서버": true, "standardserver": true, "serveur par défaut": true,
}

func openLookup(p *parser, l *line) section {
	label, value, ok := cutLabel(l.text)
	lower := l.lower()
	s := &lookupSection{first: *l}
	switch {
	case ok && serverLabels[norm(label)] && value != "" && !strings.Contains(value, " "):
		p.dns = dnsState{}
		p.found(KindNSLookup, l)
		return s
	case strings.Contains(lower, "srv service location"), strings.HasPrefix(l.text, "***") && len(l.text) > 6,
		strings.HasPrefix(lower, "dns request timed out"):
		p.dns.srv = 0
		if s.take(p, l) {
			p.found(KindNSLookup, l)
			return s
		}
	}
	return nil
}

// openBareLookup reads the answer to an nslookup command whose server's lines
// were left out: "Name: kms01.corp.example" comes first.
func openBareLookup(p *parser, l *line) section {
	if p.cmd.name != "nslookup" || l.no > p.cmd.line.no+4 {
		return nil
	}
	label, value, ok := cutLabel(l.text)
	if f, known := labelled(label); !ok || !known || f != fName || !strings.Contains(value, ".") || !isHostName(value) {
		return nil
	}
	p.dns = dnsState{}
	p.found(KindNSLookup, l)
	s := &lookupSection{first: *l, server: true}
	s.take(p, l)
	return s
}

func (s *lookupSection) blank(p *parser) { s.flush(p) }

func (s *lookupSection) take(p *parser, l *line) bool {
	text, lower := l.text, l.lower()
	switch {
	case strings.Contains(lower, "srv service location"):
		s.flush(p)
		s.inSRV, s.got, s.recLine = true, true, *l
		s.name = strings.Fields(text)[0]
		return true
	case strings.HasPrefix(text, "***"):
		return s.failure(p, l)
	case strings.HasPrefix(lower, "dns request timed out"), strings.HasPrefix(lower, "timeout was"):
		s.silent++
		return true
	case strings.Contains(text, " = ") || strings.Contains(text, "= "):
		return s.equation(p, l)
	}
	if a, ok := address(text); ok && s.name != "" { // a further address below "Addresses:"
		p.addressRecord(l, s.name, a)
		return true
	}
	label, value, ok := cutLabel(text)
	if !ok {
		return isHostName(text) || readDNSLine(p, l) // the owner of what follows
	}
	if value == "" {
		return len(label) < 60 // "Non-authoritative answer:" in any language
	}
	if r, isAddr := resolverOf(value); isAddr && len(label) < 30 {
		if !s.server && s.name == "" {
			s.server = true
			p.dns.resolver = r
			return true
		}
		if s.name != "" {
			s.got = true
			p.addressRecord(l, s.name, r.Addr())
		}
		return true
	}
	f, known := labelled(label)
	switch {
	case known && f == fName && !strings.Contains(value, " "):
		s.name = strings.TrimSuffix(value, ".")
		return true
	case serverLabels[norm(label)] && !strings.Contains(value, " "):
		s.silent = 0 // it was the server's own name that timed out
		s.end(p)
		*s = lookupSection{first: *l}
		p.dns = dnsState{}
		return true
	case strings.HasPrefix(strings.ToLower(label), "alias"):
		return true
	}
	return readDNSLine(p, l)
}

// equation reads "port = 1688" and "kms01.corp.example internet address = ...".
func (s *lookupSection) equation(p *parser, l *line) bool {
	key, value, _ := strings.Cut(l.text, "=")
	key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
	switch {
	case s.inSRV && key == "priority":
		s.rec.Priority = port16(value)
	case s.inSRV && key == "weight":
		s.rec.Weight = port16(value)
	case s.inSRV && key == "port":
		s.rec.Port = port16(value)
	case s.inSRV && strings.HasSuffix(key, "hostname"):
		s.rec.Target = strings.TrimSuffix(value, ".")
		s.flush(p)
	case strings.HasSuffix(key, " address"):
		a, ok := address(value)
		if ok {
			p.addressRecord(l, strings.Fields(key)[0], a)
		}
		return ok
	case strings.HasSuffix(key, "primary name server"): // the zone's SOA instead of records
		if asked := p.question(); asked != "" && !s.got {
			s.got = true
			p.noAnswer(l, asked, evidence.DNSNoData, "")
		}
	case key == "responsible mail addr", key == "serial", key == "refresh", key == "retry", key == "expire", key == "default ttl",
		strings.HasSuffix(key, "nameserver"), strings.HasSuffix(key, "canonical name"), strings.HasSuffix(key, "mail addr"), key == "origin":
	default:
		return readDNSLine(p, l)
	}
	return true
}

// flush adds the SRV record that is being read.
func (s *lookupSection) flush(p *parser) {
	if s.inSRV && s.rec.Target != "" {
		p.srvRecord(&s.recLine, s.name, s.rec)
		s.inSRV = false
	}
	s.rec = evidence.SRVRecord{}
}

// failure reads "*** dc01 can't find NAME: Non-existent domain" in any language.
func (s *lookupSection) failure(p *parser, l *line) bool {
	lower := l.lower()
	if strings.Contains(lower, "server name for address") || strings.Contains(lower, "default server") { // about the server's own name
		s.silent = 0
		return true
	}
	name := ""
	for w := range strings.FieldsSeq(l.text) {
		w = strings.Trim(w, ":,;'\"*")
		switch {
		case strings.HasPrefix(w, "_"):
			name = w
		case isHostName(w) && !strings.HasPrefix(name, "_"):
			name = w // the last host name: the server stands before it
		}
	}
	asked := p.question()
	if name == "" || asked != "" && !strings.HasPrefix(name, "_") {
		name = asked
	}
	if name == "" {
		return false
	}
	reason := l.text
	if at := strings.LastIndexByte(reason, ':'); at > 0 && at < len(reason)-2 {
		reason = reason[at:]
	}
	outcome, ok := outcomeOf(reason)
	if !ok {
		if outcome, ok = outcomeOf(l.text); !ok {
			outcome = evidence.DNSOther
		}
	}
	s.got, s.silent = true, 0
	detail := ""
	if outcome == evidence.DNSOther {
		detail = strings.Trim(reason, ": ")
	}
	return p.noAnswer(l, name, outcome, detail)
}

func (s *lookupSection) end(p *parser) {
	s.flush(p)
	if asked := p.question(); s.silent > 0 && !s.got && asked != "" {
		p.noAnswer(&s.first, asked, evidence.DNSSilent, "")
	}
	p.dns.resolver = netip.AddrPort{}
}

// digSection is output of dig.
type digSection struct {
	first  line
	name   string
	status string
	got    bool
	asked  int // addresses in the set before
}

func openDig(p *parser, l *line) section {
	if !strings.HasPrefix(l.text, "; <<>> DiG") && !strings.HasPrefix(l.text, ";; ->>HEADER") && !strings.HasPrefix(l.text, ";; connection timed out") &&
		!strings.HasPrefix(l.text, ";; communications error") && !strings.HasPrefix(l.text, ";; QUESTION") && !strings.HasPrefix(l.text, ";; Got answer") &&
		!strings.HasPrefix(l.text, ";; ANSWER") {
		if p.cmd.name == "dig" && l.no <= p.cmd.line.no+6 { // +short
			if r, ok := srvFields(strings.Fields(l.text)); ok && len(strings.Fields(l.text)) == 4 {
				asked := p.question()
				if asked != "" && p.srvRecord(l, asked, r) {
					p.found(KindDig, l)
					return &digSection{first: *l, name: asked, got: true}
				}
			}
		}
		return nil
	}
	p.dns = dnsState{}
	s := &digSection{first: *l, asked: len(p.paste.Set.Addresses)}
	s.name = p.question()
	p.found(KindDig, l)
	s.take(p, l)
	return s
}

func (s *digSection) blank(*parser) {}

func (s *digSection) take(p *parser, l *line) bool {
	words := strings.Fields(l.text)
	if strings.HasPrefix(l.text, ";") {
		switch {
		case strings.Contains(l.text, "status:"):
			_, rest, _ := strings.Cut(l.text, "status:")
			s.status = strings.TrimRight(firstWord(rest), ",")
		case strings.HasPrefix(l.text, ";_") || len(words) == 3 && strings.HasPrefix(l.text, ";") && words[1] == "IN":
			s.name = strings.TrimSuffix(words[0][1:], ".")
		case strings.Contains(l.text, "timed out"), strings.Contains(l.text, "no servers could be reached"):
			s.status = "SILENT"
		case strings.HasPrefix(l.text, ";; SERVER:") && len(words) > 2:
			at, _, _ := strings.Cut(words[2], "(")
			if r, ok := resolverOf(at); ok {
				p.dns.resolver = r
				if p.dns.srv > 0 {
					p.paste.Set.SRV[p.dns.srv-1].Resolver = r
				}
				for i := s.asked; i < len(p.paste.Set.Addresses); i++ {
					p.paste.Set.Addresses[i].Resolver = r
				}
			}
		}
		return true
	}
	if len(words) == 5 && (words[3] == "A" || words[3] == "AAAA") {
		if a, ok := address(words[4]); ok {
			s.got = true
			p.addressRecord(l, words[0], a)
			return true
		}
	}
	if len(words) >= 5 && words[2] == "IN" && (words[3] == "SOA" || words[3] == "NS" || words[3] == "CNAME") {
		return true
	}
	if len(words) == 4 && s.name != "" {
		if r, ok := srvFields(words); ok {
			s.got = true
			return p.srvRecord(l, s.name, r)
		}
	}
	if readDNSLine(p, l) {
		s.got = true
		return true
	}
	return false
}

func (s *digSection) end(p *parser) {
	if s.got || s.name == "" {
		return
	}
	switch s.status {
	case "NXDOMAIN":
		p.noAnswer(&s.first, s.name, evidence.DNSNoName, "")
	case "NOERROR":
		p.noAnswer(&s.first, s.name, evidence.DNSNoData, "")
	case "SERVFAIL":
		p.noAnswer(&s.first, s.name, evidence.DNSServFail, "")
	case "REFUSED":
		p.noAnswer(&s.first, s.name, evidence.DNSRefused, "")
	case "SILENT":
		p.noAnswer(&s.first, s.name, evidence.DNSSilent, "")
	}
	p.dns.resolver = netip.AddrPort{}
}
