package tui

import (
	"github.com/kmsdiag/kmsdiag/run"
)

// matrixPlace is an endpoint of the run that may be asked what it serves.
type matrixPlace struct {
	key     string // of its subject
	name    string
	subject run.Subject
}

// endpoints are the addresses to ask.
func (p matrixPlace) endpoints() []run.MatrixEndpoint {
	return []run.MatrixEndpoint{{Host: p.subject.Host, Domain: p.subject.Domain, Address: p.subject.Addr}}
}

// matrixPlaces are the endpoints that the session knows, as discovered.
func matrixPlaces(s *session) []matrixPlace {
	var list []matrixPlace
	for _, key := range s.order {
		if sub := s.subjects[key]; sub.Kind == run.Endpoint && sub.Addr.IsValid() {
			list = append(list, matrixPlace{key, sub.Name(), sub})
		}
	}
	return list
}

// wellness is the worst that the run says of a subject: pass, unless a check of
// it came to something else.
func wellness(s *session, key string) run.Status {
	worst := run.Status("")
	rank := map[run.Status]int{"": 0, run.Pass: 1, run.Skip: 2, run.Warn: 3, run.Fail: 4}
	for _, r := range s.rows {
		if r.key.subject == key && r.result != nil && rank[r.result.Status] > rank[worst] {
			worst = r.result.Status
		}
	}
	return worst
}

// placeFor is the place of what is under the cursor: an endpoint itself, of a
// host the address that answers best. Sure is false where the user should choose.
func (m *Model) placeFor() (at int, sure bool) {
	list := matrixPlaces(m.run)
	under := run.Subject{}
	if c, ok := m.views[0].(*checksView); ok {
		if r := c.current(m); r != nil {
			under = m.run.subjects[r.key.subject]
		}
	}
	hosts := map[string]bool{}
	best := -1
	well := func(i int) bool {
		st := wellness(m.run, list[i].key)
		return st != run.Fail && st != run.Skip
	}
	for i, p := range list {
		hosts[p.subject.Host] = true
		switch {
		case p.key == under.Key:
			return i, true
		case under.Kind == run.Host && p.subject.Parent != under.Key:
			continue
		case best < 0 || well(i) && !well(best):
			best = i
		}
	}
	if best < 0 { // a host without an address
		return 0, false
	}
	return best, len(hosts) == 1 || under.Kind == run.Host
}
