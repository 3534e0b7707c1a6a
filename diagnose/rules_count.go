package diagnose

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

var countRules = []rule{
	{"count-below-threshold", countBelow},
	{"duplicate-cmid", duplicateCMID},
	{"count-reset-after-host-move", countReset},
	{"lb-splits-count", lbSplits},
}

const countLow = 0xC004F038

// low returns an endpoint's latest served exchange whose count does not reach the
// minimum of the product asked for, unless the count does by now.
func (e *endpoint) low() *evidence.Exchange {
	return e.last(func(x *evidence.Exchange) bool { return x.Outcome == evidence.Served && tooLow(x) && !e.suffices(x) })
}

func tooLow(x *evidence.Exchange) bool { return int(x.Count) < needed(x) }

// suffices tells whether the newest count of the endpoint is enough for the
// product that an exchange asked for. Windows and Office have their own counts.
func (e *endpoint) suffices(x *evidence.Exchange) bool {
	if e.newest == nil {
		e.newest = map[string]*evidence.Exchange{}
		for _, n := range e.exchanges {
			if n.Outcome == evidence.Served && !uncounted(n) {
				e.newest[counter(n)] = n
			}
		}
	}
	newest := e.newest[counter(x)]
	return newest != nil && int(newest.Count) >= needed(x)
}

// counter names the count that a product belongs to.
func counter(x *evidence.Exchange) string {
	if isOffice(x) {
		return "office " + strings.ToLower(x.CountedID)
	}
	return "windows"
}

func lowText(e *endpoint) Finding {
	x := e.low()
	return Finding{fmt.Sprintf("%s counts %s; %s needs %d", e.name(), counted(x), product(x), needed(x)), x.Origin}
}

func countBelow(c *clues) []judgement {
	var js []judgement
	if ends := c.where(func(e *endpoint) bool { return e.low() != nil }); len(ends) > 0 {
		js = append(js, c.judge(Found, atStrong, countLow, ends, firsts(ends, lowText)...))
	}
	for i := range c.set.ClientAnswers {
		a := &c.set.ClientAnswers[i]
		if n := c.policyOf(i); !a.Activated && a.HRESULT == 0 && n > 0 && a.Count < n {
			js = append(js, judgement{verdict: Found, score: atStrong, code: countLow, because: []Finding{{
				fmt.Sprintf("event 12289: the host answered with a count of %d, %d are needed", a.Count, n), a.Origin,
			}}})
			break
		}
	}
	js = append(js, c.lowInLog()...)
	if len(js) > 0 {
		return js
	}
	enough := c.where(func(e *endpoint) bool { x := e.served(); return x != nil && !uncounted(x) })
	if len(enough) > 0 {
		return pass(firsts(enough, func(e *endpoint) Finding {
			x := e.served()
			return Finding{fmt.Sprintf("%s counts %s; %s needs %d", e.name(), counted(x), product(x), needed(x)), x.Origin}
		})...)
	}
	return nil
}

// lowInLog reads the counts that were worked out from a host's log.
func (c *clues) lowInLog() []judgement {
	var because, perhaps []Finding
	for i := range c.set.HostLogs {
		l := &c.set.HostLogs[i]
		for _, n := range l.Counts {
			if n.Count >= n.Needed {
				continue
			}
			host := "the host"
			if n.Host != "" {
				host = evidence.Clean(n.Host)
			}
			if n.AtLeast {
				perhaps = append(perhaps, Finding{fmt.Sprintf("%s served at least %d client ids of %s in 30 days, %d are needed; entries of its log are missing",
					host, n.Count, evidence.Clean(n.Application), n.Needed), l.Origin})
				continue
			}
			because = append(because, Finding{
				fmt.Sprintf("%s served %d client ids of %s in 30 days, %d are needed", host, n.Count, evidence.Clean(n.Application), n.Needed), l.Origin,
			})
		}
	}
	var js []judgement
	if len(because) > 0 {
		js = append(js, judgement{verdict: Found, score: atStrong, code: countLow, because: because})
	}
	if len(perhaps) > 0 {
		js = append(js, judgement{verdict: Possible, score: atEvidence, code: countLow, because: perhaps})
	}
	return js
}

// policyOf is the minimum count that goes with an event 12289: the N of the
// request before it, or the least any product asks for.
func (c *clues) policyOf(answer int) int {
	if answer < len(c.set.ClientRequests) && c.set.ClientRequests[answer].NPolicy > 0 {
		return c.set.ClientRequests[answer].NPolicy
	}
	for i := range c.set.ClientRequests {
		if n := c.set.ClientRequests[i].NPolicy; n > 0 {
			return n
		}
	}
	return catalog.ClientN
}

// clones follows one client id through the machines that used it.
type clones struct {
	first    string // machine, or machine and address
	firstAt  netip.Addr
	others   []string
	returned bool // the first machine asked again after another: no renaming
	origin   evidence.Origin
}

// machines that use one client id are told apart by name; the short and the
// full form of a name are one machine. With addresses known, one address is one
// machine, whatever it calls itself.
func (k *clones) see(name string, at netip.Addr, o evidence.Origin) {
	name = strings.ToLower(name)
	if sameMachine(name, k.first) || at.IsValid() && at == k.firstAt {
		k.returned = k.returned || len(k.others) > 0
		return
	}
	for _, other := range k.others {
		if sameMachine(name, other) {
			return
		}
	}
	if len(k.others) < maxEach {
		k.others = append(k.others, name)
	}
	k.origin = o
}

func duplicateCMID(c *clues) []judgement {
	probe := strings.ToLower(kms.ProbeCMID.String())
	ids := map[string]*clones{}
	var order []*clones
	see := func(cmid, name string, at netip.Addr, o evidence.Origin) {
		if cmid == "" || name == "" || strings.EqualFold(cmid, probe) {
			return
		}
		k, ok := ids[cmid]
		if !ok {
			ids[cmid] = &clones{first: strings.ToLower(name), firstAt: at}
			return
		}
		before := len(k.others)
		k.see(name, at, o)
		if before == 0 && len(k.others) == 1 {
			order = append(order, k)
		}
	}
	for i := range c.set.HostRequests {
		r := &c.set.HostRequests[i]
		see(r.CMID, r.Machine, netip.Addr{}, r.Origin)
	}
	for i := range c.set.Exchanges {
		x := &c.set.Exchanges[i]
		if !x.Probe {
			see(x.CMID, x.Workstation, x.Client.Addr(), x.Origin)
		}
	}
	for i := range c.set.ClientRequests {
		r := &c.set.ClientRequests[i]
		see(r.CMID, r.Machine, netip.Addr{}, r.Origin)
	}
	if j, ok := c.sharedInLog(); ok {
		if len(order) > 0 {
			j.because = append(j.because, cloned(order).because...)
		}
		return one(j)
	}
	if len(order) > 0 {
		return one(cloned(order))
	}
	if j, ok := c.twoPastes(); ok {
		return one(j)
	}
	if ends := c.where(func(e *endpoint) bool { return e.low() != nil }); len(ends) > 0 {
		return one(c.judge(Possible, atEvidence-6, countLow, ends, firsts(ends, lowText)...))
	}
	if n := len(c.set.HostRequests); n > 1 {
		return pass(Finding{fmt.Sprintf("%d requests in the host's log, no client id with two machine names", n), c.set.HostRequests[0].Origin})
	}
	return nil
}

// sharedInLog reads the totals of a log too long to keep every request.
func (c *clues) sharedInLog() (judgement, bool) {
	for i := range c.set.HostLogs {
		if l := &c.set.HostLogs[i]; l.Shared > 2 { // one may be a probe's, another a renamed machine's
			return judgement{verdict: Found, score: atStrong, code: countLow, because: []Finding{{
				fmt.Sprintf("%d of %d client ids in the host's log came with several machine names", l.Shared, l.CMIDs), l.Origin,
			}}}, true
		}
	}
	return judgement{}, false
}

// twoPastes finds one client id in two outputs about the same product. Nothing
// tells whether they are of two machines, unless a count that is too low does.
func (c *clues) twoPastes() (judgement, bool) {
	s, low := c.saw(countLow)
	for i := range c.set.Licenses {
		a := &c.set.Licenses[i]
		if a.CMID == "" || !low {
			continue
		}
		for k := i + 1; k < len(c.set.Licenses) && k < i+maxPasted; k++ {
			b := &c.set.Licenses[k]
			if strings.EqualFold(a.CMID, b.CMID) && a.ActivationID == b.ActivationID && a.Name == b.Name {
				return judgement{verdict: Possible, score: atEvidence + 5, code: countLow, because: []Finding{
					{"the client id " + evidence.Clean(a.CMID), a.Origin}, {"the same client id again, for the same product", b.Origin}, s.finding(),
				}}, true
			}
		}
	}
	for i := range c.set.Statements {
		if st := &c.set.Statements[i]; low && st.ID == evidence.OfficeOnly {
			return judgement{verdict: Possible, score: atCode + 2, code: countLow, because: []Finding{{
				"Windows is counted and Office is not: Office may have a client id of its own that was cloned", st.Origin,
			}}}, true
		}
	}
	return judgement{}, false
}

// maxPasted bounds how far apart two outputs of one paste are compared.
const maxPasted = 64

func cloned(ids []*clones) judgement {
	j := judgement{verdict: Possible, score: atEvidence + 5, code: countLow}
	for _, k := range ids {
		if k.returned || len(k.others) > 1 { // a renamed machine does neither
			j.verdict, j.score = Found, atStrong+1
		}
		names := append([]string{k.first}, k.others...)
		for i, n := range names {
			names[i] = evidence.Clean(n)
		}
		j.because = append(j.because, Finding{"one client id is used by " + list(names), k.origin})
	}
	return j
}

// countReset: a young host key and a low count go together after a move.
func countReset(c *clues) []judgement {
	const young = 60 * 24 * time.Hour
	var ends []*endpoint
	var because []Finding
	for _, e := range c.ends {
		x := e.low()
		if x == nil {
			continue
		}
		epid, err := kms.ParseEPID(x.EPID)
		if err != nil {
			continue
		}
		day, ok := epid.Activated()
		if !ok || x.SentAt.IsZero() || x.SentAt.Sub(day) > young || x.SentAt.Before(day.Add(-48*time.Hour)) {
			continue
		}
		ends = append(ends, e)
		because = append(because, lowText(e), Finding{"its host key was activated on " + day.Format(time.DateOnly) + ", by its ePID", x.Origin})
	}
	if len(ends) == 0 {
		return nil
	}
	return one(c.judge(Possible, atEvidence+2, countLow, ends, because...))
}
