package diagnose

import (
	"slices"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// rule judges one cause. It returns a judgement for each group of subjects whose
// remedies differ, and none where nothing was looked at that could tell.
type rule struct {
	id    string
	judge func(*clues) []judgement
}

// judgement is what a rule says of its cause and a group of subjects.
type judgement struct {
	verdict     Verdict
	score       int // see the bands below
	subjects    []string
	because     []Finding
	against     []Finding
	code, inner uint32
	values      values
	byPage      bool   // only the page of a code speaks for it
	when        string // which of the page's alternatives apply; empty: all that need no case
	first       string // whose remedies come first; empty: in the page's order
}

// Bands of scores. A cause that only a status code speaks for stays below every
// cause with evidence of its own, and a general code below a telling one.
const (
	atGeneralCode = 20 // 0xC004F074 and its like, which only say that no usable answer came
	atCode        = 40 // a code with a meaning of its own
	atEvidence    = 60 // an observation that has several explanations
	atStrong      = 80 // an observation that has hardly another one
)

// maxFindings bounds the findings a cause shows; a fleet's worth helps nobody.
const maxFindings = 8

// rules in the order that decides between equal scores: what fails most often
// in companies first. Each cause has exactly one.
var rules = slices.Concat(
	dnsRules, srvRules, tcpRules, hostRules, rpcRules, keyRules, countRules, clientRules,
	timeRules, officeRules, adbaRules, cloudRules, systemRules, noiseRules,
)

// Diagnose returns every cause with what the evidence says of it: found and
// possible ones first, best first, then those ruled out, then the untested. A
// cause appears once for each group of subjects whose remedies differ.
//
// It reads nothing but the set, changes nothing, and gives the same answer for
// the same set. Its time is linear in the size of the set.
func Diagnose(set *evidence.Set) []Cause {
	c := gather(set)
	var causes []Cause
	for _, r := range rules {
		js := c.withStatements(r.id, c.withCode(r.id, r.judge(c)))
		if len(js) == 0 {
			js = []judgement{c.untold(r.id)}
		}
		for _, j := range js {
			causes = append(causes, c.cause(r.id, j))
		}
	}
	rank(causes)
	return doubtHealth(causes)
}

// doubtHealth puts "nothing is wrong" behind what people or codes say is wrong: a
// licensed client may still have a fault.
func doubtHealth(causes []Cause) []Cause {
	const wellSaid = atEvidence - 12
	i := slices.IndexFunc(causes, func(k Cause) bool { return k.ID == "no-fault-control" && k.Verdict == Found })
	if i < 0 || !slices.ContainsFunc(causes, func(k Cause) bool { return k.Verdict == Possible && k.score >= wellSaid }) {
		return causes
	}
	causes[i].Verdict = Possible
	rank(causes)
	return causes
}

// cause joins a judgement with its page. Only a cause that may hold carries
// remedies.
func (c *clues) cause(id string, j judgement) Cause {
	page, _ := rawPage(id)
	v := j.values
	if len(v) == 0 {
		v = c.told()
	}
	out := Cause{
		ID: id, Title: page.Title, Layer: page.Layer, Verdict: j.verdict, NoFault: page.NoFault,
		Subjects: j.subjects, Because: bounded(j.because), Against: bounded(j.against),
		Remedies: []Step{}, score: j.score,
	}
	switch j.verdict {
	case Found, Possible:
		out.Code, out.Inner = j.code, j.inner
		out.Explain, out.Remedies, out.Next = v.text(page.Explain), v.steps(startingWith(j.first, page.fitting(j.when))), v.step(page.test(j.when))
	case Untested:
		out.Next = v.step(page.Next)
	}
	return out
}

// told is what placeholders stand for where nobody tried a host: the one that
// a client's own words name.
func (c *clues) told() values {
	if len(c.ends) > 0 {
		return plain
	}
	for i := range c.set.ClientRequests {
		if h := c.set.ClientRequests[i].Host; h != "" {
			return values{{"host": hostOnly(h)}}
		}
	}
	for _, p := range c.pins() {
		return values{{"host": p.host}}
	}
	for i := range c.set.Licenses {
		if h := c.set.Licenses[i].DNSHost; h != "" {
			return values{{"host": hostOnly(h)}}
		}
	}
	return plain
}

// bounded never returns nil, so that JSON has a list.
func bounded(findings []Finding) []Finding {
	switch {
	case len(findings) == 0:
		return []Finding{}
	case len(findings) > maxFindings:
		return findings[:maxFindings:maxFindings]
	}
	return findings
}

var verdictOrder = map[Verdict]int{Found: 0, Possible: 1, RuledOut: 2, Untested: 3}

// rank orders by verdict and score; the order of the rules decides between
// equals. What is no fault stands behind faults that were found.
func rank(causes []Cause) {
	slices.SortStableFunc(causes, func(a, b Cause) int {
		if d := verdictOrder[a.Verdict] - verdictOrder[b.Verdict]; d != 0 {
			return d
		}
		return b.score - a.score
	})
}

// untold is the judgement where neither a rule nor a code spoke: an answer of a
// KMS host, seen by whoever pasted it, still rules out what would have kept it
// away.
func (c *clues) untold(id string) judgement {
	page, _ := rawPage(id)
	if c.answer != nil && page.onTheWay() {
		return judgement{verdict: RuledOut, against: []Finding{*c.answer}}
	}
	return judgement{verdict: Untested}
}

// onTheWay tells whether a cause keeps requests from the host.
func (p Page) onTheWay() bool { return slices.Contains([]string{"dns", "tcp", "rpc"}, p.Layer) }

// one wraps a single judgement, the usual result of a rule.
func one(j judgement) []judgement { return []judgement{j} }

// pass is the judgement that evidence speaks against a cause.
func pass(against ...Finding) []judgement {
	return one(judgement{verdict: RuledOut, against: against})
}
