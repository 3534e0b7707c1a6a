package capture

import (
	"net/netip"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// A Lookup is one DNS question with its answer, as far as they were captured:
// one for KMS hosts, or for the address of one.
type Lookup struct {
	File     string
	Number   int64 // counted from 1
	Client   netip.AddrPort
	Resolver netip.AddrPort
	TCP      bool
	Name     string // no final dot, as it was asked
	Type     string // "SRV", "A", "AAAA"
	Outcome  evidence.DNSOutcome
	Detail   string // the RCODE, where Outcome is "other"
	Asked    int64  // nanoseconds since 1970; 0: the question was not captured
	Answered int64  // 0: no answer
	Question int64  // packet number
	Answer   int64

	SRV       []evidence.SRVRecord
	Addresses []netip.Addr
	CNAMEs    []string
	TTL       uint32
	EDNS      bool // the question had an OPT record
	Truncated bool

	along   []*Lookup // addresses that came along with an SRV answer
	emitted bool
}

// Bounds of what is remembered of DNS.
const (
	maxQuestions = 4096
	maxRemember  = 4096 // answers with addresses that may turn out to be KMS hosts
	maxNames     = 16384
	dnsTimeout   = int64(15 * time.Second)
	maxRecords   = 256
)

type questionKey struct {
	client, server address
	port           uint16
	id             uint16
	kind           uint16
	tcp            bool
}

// resolver follows DNS.
type resolver struct {
	open    map[questionKey]*Lookup
	order   []questionKey
	targets map[string]bool          // lower-case targets of SRV answers
	known   map[netip.Addr][]*Lookup // answers by the address they gave, not handed on yet
	recent  []*Lookup                // in known, oldest first
	hosts   map[netip.Addr]bool      // hosts that spoke KMS
}

func newResolver() *resolver {
	return &resolver{
		open: map[questionKey]*Lookup{}, targets: map[string]bool{}, known: map[netip.Addr][]*Lookup{},
		hosts: map[netip.Addr]bool{},
	}
}

const dnsPort = 53

// settle hands on a question that is about KMS, and remembers one that may be.
func (d *resolver) settle(e *engine, l *Lookup) {
	if l.Type == "SRV" {
		e.matched = true
		for _, r := range l.SRV {
			if len(d.targets) < maxNames {
				d.targets[strings.ToLower(r.Target)] = true
			}
			if kmsService(l.Name) && len(e.ports) < 64 {
				e.ports[r.Port] = true
			}
		}
		d.emit(e, l)
		for _, x := range l.along {
			d.settle(e, x)
		}
		return
	}
	if d.about(l) {
		e.matched = true
		d.emit(e, l)
		return
	}
	if len(d.recent) == maxRemember {
		d.forget(d.recent[0])
		d.recent = d.recent[1:]
	}
	if len(l.Addresses) > 0 {
		d.recent = append(d.recent, l)
		for _, a := range l.Addresses {
			d.known[a] = append(d.known[a], l)
		}
	}
}

func kmsService(name string) bool { return strings.HasPrefix(strings.ToLower(name), "_vlmcs.") }

// about tells whether a look-up is one of a KMS host.
func (d *resolver) about(l *Lookup) bool {
	if d.targets[strings.ToLower(l.Name)] {
		return true
	}
	for _, a := range l.Addresses {
		if d.hosts[a] {
			return true
		}
	}
	return false
}

// used hands on the look-ups that gave the address of a KMS host.
func (d *resolver) used(e *engine, host netip.AddrPort) {
	a := host.Addr()
	if d.hosts[a] {
		return
	}
	if len(d.hosts) < maxNames {
		d.hosts[a] = true
	}
	for _, l := range d.known[a] {
		if !l.emitted {
			d.emit(e, l)
		}
	}
	delete(d.known, a)
}

func (d *resolver) forget(l *Lookup) {
	for _, a := range l.Addresses {
		list := d.known[a]
		for i, k := range list {
			if k == l {
				list = append(list[:i:i], list[i+1:]...)
				break
			}
		}
		if len(list) == 0 {
			delete(d.known, a)
		} else {
			d.known[a] = list
		}
	}
}

func (d *resolver) emit(e *engine, l *Lookup) {
	l.emitted = true
	e.count.DNS++
	l.Number = e.count.DNS
	*e.out.lookup() = *l
	e.out.full(e)
}

// expire gives up on questions that stay without an answer.
func (d *resolver) expire(e *engine) {
	for len(d.order) > 0 {
		l := d.open[d.order[0]]
		if l != nil && len(d.order) < maxQuestions && e.now-l.Asked < dnsTimeout {
			return
		}
		d.give(e, d.order[0], l)
		d.order = d.order[1:]
	}
}

// give hands on a question without an answer if it is about KMS.
func (d *resolver) give(e *engine, key questionKey, l *Lookup) {
	if l == nil {
		return
	}
	delete(d.open, key)
	if l.Type == "SRV" || d.about(l) {
		d.emit(e, l)
	}
}

// unreachable notes that a DNS server cannot be reached.
func (d *resolver) unreachable(client, server address, sp, dp uint16, n ICMPNote) {
	if dp != dnsPort {
		return
	}
	for _, key := range d.order {
		if l := d.open[key]; l != nil && key.client == client && key.server == server && key.port == sp {
			l.Outcome, l.Answered, l.Answer = evidence.DNSUnreachable, n.Time, n.Number
		}
	}
}

func (d *resolver) close(e *engine) {
	for _, key := range d.order {
		d.give(e, key, d.open[key])
	}
	d.order = nil
}
