package checks

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

// fakeDNS answers from a zone by hand. What it does not know does not exist.
type fakeDNS struct {
	zone    map[string][]string                      // "name TYPE" to records in zone-file form; an empty list is NODATA
	rcode   map[string]int                           // "name TYPE" to another RCODE
	servers map[netip.AddrPort]*fakeDNS              // servers that answer otherwise
	silent  bool                                     // never answers
	refused bool                                     // the port is closed
	noTCP   bool                                     // only its TCP port is
	change  func(q, answer *dns.Msg, network string) // last word

	mu    sync.Mutex
	asked []string // "name TYPE", with " edns" and " tcp"
}

func (f *fakeDNS) Exchange(ctx context.Context, q *dns.Msg, server netip.AddrPort, network string) (*dns.Msg, time.Duration, error) {
	if other := f.servers[server]; other != nil {
		return other.Exchange(ctx, q, server, network)
	}
	name := strings.ToLower(strings.TrimSuffix(q.Question[0].Name, "."))
	key := name + " " + dns.TypeToString[q.Question[0].Qtype]
	line := key
	if q.IsEdns0() != nil {
		line += " edns"
	}
	if network == "tcp" {
		line += " tcp"
	}
	f.mu.Lock()
	f.asked = append(f.asked, line)
	f.mu.Unlock()
	if f.silent {
		<-ctx.Done()
		return nil, 0, ctx.Err()
	}
	if f.refused || f.noTCP && network == "tcp" {
		return nil, 0, &netErr{syscall.ECONNREFUSED}
	}
	m := new(dns.Msg)
	m.SetReply(q)
	records, known := f.zone[key]
	for _, text := range records {
		rr, err := dns.NewRR(text)
		if err != nil {
			return nil, 0, err
		}
		m.Answer = append(m.Answer, rr)
	}
	if !known {
		m.Rcode = dns.RcodeNameError
		for other := range f.zone {
			if strings.HasPrefix(other, name+" ") {
				m.Rcode = dns.RcodeSuccess
			}
		}
	}
	if code, ok := f.rcode[key]; ok {
		m.Rcode = code
	}
	if f.change != nil {
		f.change(q, m, network)
	}
	return m, time.Millisecond, nil
}

func (f *fakeDNS) count(line string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, a := range f.asked {
		if a == line {
			n++
		}
	}
	return n
}

type netErr struct{ err error }

func (e *netErr) Error() string { return "read udp: " + e.err.Error() }
func (e *netErr) Unwrap() error { return e.err }
