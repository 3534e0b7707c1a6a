package windows

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// hostLog adds up events 12290, of which a host's log may hold a million.
type hostLog struct {
	total   evidence.HostLog
	results map[uint32]int
	ids     map[[16]byte]uint64   // name of the first machine that used the id; the lowest bit set: shared
	kept    map[requestKey]int    // place in Set.HostRequests
	codes   map[requestResult]int // kept requests of a result beyond the limit
}

// requestKey tells requests apart that are kept as one.
type requestKey struct {
	cmid    [16]byte
	machine uint64
	result  uint32
	product uint64
}

type requestResult struct {
	result uint32
	shared bool
}

// maxTelling is how many requests beyond the limit are kept of each result, and
// how many that share a client id.
const maxTelling = 50

func (g *hostLog) add(p *parser, e evidence.HostRequestEvent) {
	if g.total.Requests == 0 {
		g.total.Origin = e.Origin
		g.results, g.ids = map[uint32]int{}, map[[16]byte]uint64{}
		g.kept, g.codes = map[requestKey]int{}, map[requestResult]int{}
	}
	g.total.Requests++
	if _, ok := g.results[e.HRESULT]; ok || len(g.results) < 32 {
		g.results[e.HRESULT]++
	}
	g.span(e.ClientTime)
	cmid := idBytes(e.CMID)
	machine := shortName(e.Machine)
	shared := g.see(cmid, machine, e.CMID != "" && e.Machine != "")
	key := requestKey{cmid, machine, e.HRESULT, hash(e.ActivationID)}
	if i, ok := g.kept[key]; ok {
		p.paste.Set.HostRequests[i].Repeats++
		return
	}
	if len(p.paste.Set.HostRequests) >= maxEach {
		k := requestResult{e.HRESULT, shared}
		if g.codes[k] >= maxTelling || e.HRESULT == 0 && !shared {
			p.paste.Truncated.Observations++
			return
		}
		g.codes[k]++
	}
	g.kept[key] = len(p.paste.Set.HostRequests)
	p.paste.Set.HostRequests = append(p.paste.Set.HostRequests, e)
}

// see notes which machine used a client id and tells whether another one did
// before.
func (g *hostLog) see(cmid [16]byte, machine uint64, named bool) bool {
	if !named {
		return false
	}
	machine &^= 1
	first, ok := g.ids[cmid]
	switch {
	case !ok && len(g.ids) >= maxDistinct:
		g.total.Capped = true
	case !ok:
		g.ids[cmid] = machine
		g.total.CMIDs++
	case first&^1 == machine:
		return first&1 == 1
	default:
		if first&1 == 0 {
			g.ids[cmid] = first | 1
			g.total.Shared++
		}
		return true
	}
	return false
}

func (g *hostLog) span(t time.Time) {
	if t.IsZero() {
		return
	}
	if g.total.First.IsZero() || t.Before(g.total.First) {
		g.total.First = t
	}
	if t.After(g.total.Last) {
		g.total.Last = t
	}
}

func (g *hostLog) end(p *parser) {
	if g.total.Requests == 0 {
		return
	}
	g.total.Results = make(map[string]int, len(g.results))
	for code, n := range g.results {
		g.total.Results[fmt.Sprintf("0x%08X", code)] = n
	}
	put(p, &p.paste.Set.HostLogs, g.total)
}

// idBytes packs a GUID in text form; another text is hashed.
func idBytes(s string) (id [16]byte) {
	if len(s) != 36 {
		h := hash(s)
		for i := range 8 {
			id[i] = byte(h >> (8 * i))
		}
		return id
	}
	n := 0
	for i := 0; i < len(s); i++ {
		d := hexDigit(s[i])
		if d < 0 {
			continue
		}
		if n < 32 {
			id[n/2] |= byte(d << (4 * (1 - n%2)))
		}
		n++
	}
	return id
}

// shortName hashes a machine name without its domain and case: the short and
// the full name are one machine.
func shortName(s string) uint64 {
	if at := strings.IndexByte(s, '.'); at > 0 && digits(s[:at]) != at {
		s = s[:at]
	}
	return hash(s)
}

// hash is FNV-1a of a text in lower case.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
