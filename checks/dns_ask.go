package checks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/evidence"
)

const (
	dnsTries = 2               // silence is believed after the second
	dnsTry   = 2 * time.Second // what one try may take; the stub resolvers' usual first wait is 1 to 5 s
	ednsSize = 1232            // bytes; what fits into one packet everywhere
	dnsLimit = 10 * time.Second
)

// question is a DNS question. The zero tries are dnsTries.
type question struct {
	name  string // without the final dot
	qtype uint16
	edns  bool
	tries int
}

// dnsReply is how a question to one server ended.
type dnsReply struct {
	outcome evidence.DNSOutcome
	detail  string
	msg     *dns.Msg // nil when no message came
	records []dns.RR // of the asked type, that belong to the name
	cnames  []string // aliases from the name to the records
	tcp     bool     // asked again over TCP, because the answer was cut
	cutOff  bool     // cut, and TCP gave nothing
	started time.Time
	took    time.Duration // of the try that decided
}

// askDNS puts a question to one server: over UDP, again after silence, and over
// TCP when the answer is cut.
func askDNS(ctx context.Context, ask Ask, q question, server netip.AddrPort) dnsReply {
	tries := q.tries
	if tries == 0 {
		tries = dnsTries
	}
	var r dnsReply
	for n := 1; ; n++ {
		r = askOnce(ctx, ask, q, server, "udp", tries-n+2)
		if r.outcome != evidence.DNSSilent || n >= tries || ctx.Err() != nil {
			break
		}
		ask.progress(fmt.Sprintf("%s, attempt %d of %d", server.Addr(), n+1, tries))
	}
	if r.msg == nil || !r.msg.Truncated {
		return r
	}
	whole := askOnce(ctx, ask, q, server, "tcp", 2)
	if whole.msg != nil && whole.msg.Truncated && len(whole.records) == 0 {
		whole.outcome, whole.detail = evidence.DNSMalformed, "the answer is cut to nothing, over TCP too"
	}
	if whole.msg == nil {
		r.cutOff = true
		if len(r.records) == 0 { // cut to nothing: that is not "no record"
			r.outcome = whole.outcome
		}
		r.detail = joinWords("the answer was cut, and over TCP the server was "+string(whole.outcome), whole.detail)
		return r
	}
	whole.tcp, whole.started, whole.took = true, r.started, r.took+whole.took
	return whole
}

// askOnce makes one try. Share divides what is left of the context's time, so
// that a short limit still leaves room for what comes after.
func askOnce(ctx context.Context, ask Ask, q question, server netip.AddrPort, network string, share int) dnsReply {
	limit := dnsTry
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline)/time.Duration(share))
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	msg := new(dns.Msg)
	msg.SetQuestion(dns.Fqdn(q.name), q.qtype)
	if q.edns {
		msg.SetEdns0(ednsSize, false)
	}
	started := ask.now()
	answer, _, err := ask.DNS.Exchange(limited, msg, server, network)
	r := dnsReply{started: started.UTC(), took: ask.now().Sub(started)}
	if err != nil {
		r.outcome, r.detail = failedDNS(err)
		return r
	}
	r.msg = answer
	r.outcome, r.detail = judgeRcode(answer.Rcode)
	r.records, r.cnames = follow(answer, q)
	if r.outcome == evidence.DNSAnswered && len(r.records) == 0 {
		r.outcome = evidence.DNSNoData
		if problem := badChain(q.name, r.cnames); problem != "" {
			r.outcome, r.detail = evidence.DNSMalformed, problem
		}
		if zone, ok := referral(answer); ok {
			r.outcome, r.detail = evidence.DNSOther, "only a referral to the name servers of "+trimDot(zone)
		}
	}
	return r
}

// referral tells whether a message without an answer only names other servers to
// ask, and for which zone: what a server says that does not resolve for others,
// about a zone that is not its own. Without a record, by contrast, it would name
// its own zone (RFC 2308, section 2.2.1).
func referral(m *dns.Msg) (zone string, ok bool) {
	if m.Authoritative || len(m.Answer) > 0 {
		return "", false
	}
	for _, rr := range m.Ns {
		switch rr.(type) {
		case *dns.SOA:
			return "", false
		case *dns.NS:
			zone, ok = rr.Header().Name, true
		}
	}
	return zone, ok
}

func judgeRcode(rcode int) (evidence.DNSOutcome, string) {
	switch rcode {
	case dns.RcodeSuccess:
		return evidence.DNSAnswered, ""
	case dns.RcodeNameError:
		return evidence.DNSNoName, ""
	case dns.RcodeServerFailure:
		return evidence.DNSServFail, ""
	case dns.RcodeRefused:
		return evidence.DNSRefused, ""
	}
	if name := dns.RcodeToString[rcode]; name != "" {
		return evidence.DNSOther, name
	}
	return evidence.DNSOther, fmt.Sprintf("RCODE %d", rcode)
}

// failedDNS tells apart why no answer came.
func failedDNS(err error) (evidence.DNSOutcome, string) {
	var malformed *MalformedError
	var timeout net.Error
	switch {
	case errors.As(err, &malformed):
		return evidence.DNSMalformed, malformed.Err.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.Is(err, context.Canceled), errors.As(err, &timeout) && timeout.Timeout():
		return evidence.DNSSilent, ""
	}
	var errno syscall.Errno
	if errors.As(err, &errno) && errno != syscall.EMFILE && errno != syscall.ENFILE {
		return evidence.DNSUnreachable, errno.Error()
	}
	return evidence.DNSOther, err.Error()
}

// maxAliases bounds a chain of CNAME records; resolvers give up after about as
// many.
const maxAliases = 8

// badChain says what is wrong with aliases that lead to no record, or "".
func badChain(name string, aliases []string) string {
	for i, alias := range aliases {
		if strings.EqualFold(alias, trimDot(name)) || slices.ContainsFunc(aliases[:i], func(a string) bool { return strings.EqualFold(a, alias) }) {
			return "its aliases lead in a circle"
		}
	}
	if len(aliases) >= maxAliases {
		return "its aliases lead on and on"
	}
	return ""
}

// follow picks the records of the asked type out of an answer: those of the name
// itself, or of what its aliases lead to. Records of other names are no answer.
func follow(m *dns.Msg, q question) (records []dns.RR, aliases []string) {
	name := dns.Fqdn(q.name)
	for len(aliases) < maxAliases {
		next := ""
		for _, rr := range m.Answer {
			if !strings.EqualFold(rr.Header().Name, name) || rr.Header().Class != dns.ClassINET {
				continue
			}
			switch alias, isAlias := rr.(*dns.CNAME); {
			case rr.Header().Rrtype == q.qtype:
				records = append(records, rr)
			case isAlias && next == "":
				next = alias.Target
			}
		}
		if len(records) > 0 || next == "" {
			break
		}
		aliases = append(aliases, trimDot(next))
		if strings.EqualFold(next, dns.Fqdn(q.name)) {
			break
		}
		name = next
	}
	return records, aliases
}

// trimDot takes the final dot off a name; the root stays ".".
func trimDot(name string) string {
	if name == "." {
		return name
	}
	return strings.TrimSuffix(name, ".")
}

func joinWords(text, more string) string {
	if more == "" {
		return text
	}
	return text + " (" + more + ")"
}
