package tui

import (
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/diagnose"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/run"
)

// causesOf are the causes that a row speaks for: those that name it among their
// reasons, or, where none does, those that name another answer of its subject.
// Found ones come first, then those of which the row is the first reason.
func (m *Model) causesOf(r *row) []diagnose.Cause {
	shown := m.shownCauses()
	var named, near []ranked
	for i, cause := range m.causes {
		if cause.Verdict != diagnose.Found && cause.Verdict != diagnose.Possible || i >= len(shown) || !m.concerns(cause, r) {
			continue
		}
		at := slices.IndexFunc(cause.Because, func(f diagnose.Finding) bool {
			return f.Origin.Check == r.key.check && f.Origin.Subject == r.key.subject
		})
		switch {
		case at >= 0:
			named = append(named, ranked{shown[i], at > 0})
		case slices.ContainsFunc(cause.Because, func(f diagnose.Finding) bool { return f.Origin.Subject == r.key.subject }):
			near = append(near, ranked{shown[i], true})
		}
	}
	if len(named) == 0 {
		named = near
	}
	slices.SortStableFunc(named, func(a, b ranked) int { return a.rank() - b.rank() })
	var list []diagnose.Cause
	for _, n := range named {
		list = append(list, n.cause)
	}
	return list
}

// ranked is a cause with its place for one row.
type ranked struct {
	cause diagnose.Cause
	aside bool // the row is not its first reason
}

func (n ranked) rank() int {
	rank := 0
	if n.cause.Verdict != diagnose.Found {
		rank += 2
	}
	if n.aside {
		rank++
	}
	return rank
}

// concerns tells whether a cause may be about a row's subject: one that names
// hosts is about those alone.
func (m *Model) concerns(cause diagnose.Cause, r *row) bool {
	sub := m.run.subjects[r.key.subject]
	if len(cause.Subjects) == 0 || sub.Kind != run.Host && sub.Kind != run.Endpoint {
		return true
	}
	return slices.ContainsFunc(cause.Subjects, func(name string) bool {
		return strings.EqualFold(name, sub.Host) || strings.EqualFold(name, sub.Domain) ||
			sub.Addr.IsValid() && (name == sub.Addr.String() || name == sub.Addr.Addr().String())
	})
}

// codeOf is the code that stands for a row: the one that its host answered with,
// or the one that a client would show.
func codeOf(m *Model, r *row) uint32 {
	if r == nil || r.result == nil {
		return 0
	}
	for _, x := range r.result.Evidence.Exchanges {
		if x.HRESULT != 0 {
			return x.HRESULT
		}
	}
	if r.result.Status == run.Pass {
		return 0
	}
	for _, cause := range m.causesOf(r) {
		if cause.Code != 0 {
			return cause.Code
		}
	}
	return 0
}

// maxRuledOut is how many excluded causes a row shows before it is zoomed.
const maxRuledOut = 4

// around says what else was thought of: causes that the run excludes, and those
// that go with the row's code and were not looked at.
func (c *checksView) around(m *Model, d *textBlock, r *row) {
	if r.result.Status == run.Skip {
		return
	}
	ids := causesOfCode(codeOf(m, r))
	excluded := m.ruledOutFor(r, ids)
	if len(excluded) > 0 {
		d.blank()
		d.heading("RULED OUT")
		most := len(excluded)
		if !c.zoom {
			most = min(most, maxRuledOut)
		}
		for _, cause := range excluded[:most] {
			text := cause.Title
			if len(cause.Against) > 0 {
				text += ": " + cause.Against[0].Text
			}
			d.hang("  - ", text)
		}
		if n := len(excluded) - most; n > 0 {
			d.hang("  ", count(n, "more", "more")+": enter")
		}
	}
	var open []string
	for _, id := range ids {
		if page, ok := diagnose.Lookup(id); ok && m.verdictOf(id) == diagnose.Untested {
			open = append(open, page.Title)
		}
	}
	if len(open) > 0 {
		d.blank()
		d.heading("ALSO SEEN WITH THIS CODE (not tested here)")
		most := len(open)
		if !c.zoom {
			most = min(most, maxRuledOut)
		}
		for _, title := range open[:most] {
			d.hang("  - ", title)
		}
		if n := len(open) - most; n > 0 {
			d.hang("  ", count(n, "more", "more")+": enter")
		}
	}
}

// causesOfCode are the ids of the causes that the page of a code names.
func causesOfCode(code uint32) []string {
	if code == 0 {
		return nil
	}
	if e, ok := kmserr.Lookup(kmserr.Code(code)); ok && e.Page != nil {
		return e.Page.Causes
	}
	return nil
}

// verdictOf is the strongest verdict of this run on a cause.
func (m *Model) verdictOf(id string) diagnose.Verdict {
	best := diagnose.Untested
	for _, cause := range m.causes {
		if cause.ID == id && verdictRank[cause.Verdict] > verdictRank[best] {
			best = cause.Verdict
		}
	}
	return best
}

var verdictRank = map[diagnose.Verdict]int{diagnose.RuledOut: 1, diagnose.Possible: 2, diagnose.Found: 3}

// ruledOutFor are the excluded causes that matter to a row: for one that passed,
// those it excludes itself; otherwise those that go with its code, and those that
// an answer about its subject or what led to it excludes.
func (m *Model) ruledOutFor(r *row, ids []string) []diagnose.Cause {
	shown := m.shownCauses()
	chain := map[string]bool{}
	for key := r.key.subject; key != ""; key = m.run.subjects[key].Parent {
		if chain[key] {
			break
		}
		chain[key] = true
	}
	var byCode, others []diagnose.Cause
	for i, cause := range m.causes {
		if cause.Verdict != diagnose.RuledOut || i >= len(shown) {
			continue
		}
		here := slices.ContainsFunc(cause.Against, func(f diagnose.Finding) bool {
			if r.result.Status == run.Pass {
				return f.Origin.Check == r.key.check && f.Origin.Subject == r.key.subject
			}
			return chain[f.Origin.Subject]
		})
		switch {
		case r.result.Status == run.Pass && here, r.result.Status != run.Pass && slices.Contains(ids, cause.ID):
			byCode = append(byCode, shown[i])
		case r.result.Status != run.Pass && r.result.Status != run.Skip && here:
			others = append(others, shown[i])
		}
	}
	return append(byCode, others...)
}
