package report

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// Names knows what rows call the subjects of a run. A host is called by its
// first label while one domain is asked about, an endpoint by its host while
// that has no other.
type Names struct {
	full      bool           // several targets: names stay whole
	endpoints map[string]int // by key of the host
}

// NewNames returns the names of a run that begins with a plan.
func NewNames(p *run.Plan) *Names {
	named := len(p.Target.Names) + len(p.Target.Domains) + len(p.Target.Hosts)
	return &Names{full: named > 1, endpoints: map[string]int{}}
}

// Found takes up a subject of the run.
func (s *Names) Found(sub run.Subject) {
	if sub.Kind == run.Endpoint {
		s.endpoints[sub.Parent]++
	}
}

// Label names a subject; with its address where the row is about that.
func (s *Names) Label(sub run.Subject, address bool) string {
	host := sub.Host
	if short, ok := strings.CutSuffix(host, "."+sub.Domain); ok && short != "" && sub.Domain != "" && !s.full {
		host = short
	}
	switch sub.Kind {
	case run.Domain:
		return sub.Domain
	case run.Host:
		return host
	case run.Endpoint:
		switch {
		case sub.Host == "" || sub.Host == sub.Addr.Addr().String():
			return sub.Addr.String()
		case address || s.endpoints[sub.Parent] > 1:
			return host + " " + sub.Addr.String()
		}
		return host
	}
	return ""
}

// Row is the text of a row: the subject, unless the summary begins with it, and
// what was seen. An ignored result says so and stays visible.
func (s *Names) Row(r run.Result) string {
	sub, text := r.Subject, r.Summary
	named := sub.Host != "" && strings.HasPrefix(text, sub.Host) ||
		sub.Kind == run.Domain && sub.Domain != "" && strings.Contains(text, sub.Domain)
	if !named || r.Status == run.Skip {
		text = strings.TrimSpace(s.Label(sub, strings.HasPrefix(r.Check, "tcp.")) + " " + text)
	}
	if r.Ignored {
		text += " (ignored)"
	}
	return text
}
