package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// The rules about the KMS host's key: what a refusal with 0xC004F042 means is
// told by what else the same host serves.
var hostKeyRules = []rule{
	{"host-key-too-old-for-client", hostKeyTooOld},
	{"host-windows-key-missing", hostWindowsKeyMissing},
	{"host-office-key-missing", hostOfficeKeyMissing},
	{"host-update-missing", hostUpdateMissing},
}

const (
	idMismatch  = 0xC004F042
	invalidData = 0x8007000D // of a host: a protocol version that it does not know
)

// coverage is what one host was asked for and said.
type coverage struct {
	host            *host
	refused, served []*evidence.Exchange // the latest of each product asked for
	before          []*evidence.Exchange // served once, and refused since
}

// coverages returns the hosts that refused a product with 0xC004F042.
func (c *clues) coverages() []coverage {
	var out []coverage
	for _, h := range c.hosts {
		latest, once := map[string]*evidence.Exchange{}, map[string]*evidence.Exchange{}
		var order []string
		for _, e := range h.ends {
			for _, x := range e.exchanges {
				if !x.Answered() {
					continue
				}
				key := firstOf(x.ActivationID, x.CountedID, x.Product)
				if latest[key] == nil {
					order = append(order, key)
				}
				latest[key] = x
				if x.Outcome == evidence.Served {
					once[key] = x
				}
			}
		}
		k := coverage{host: h}
		for _, key := range order {
			switch x := latest[key]; {
			case x.Outcome == evidence.HostRefused && x.HRESULT == idMismatch:
				k.refused = append(k.refused, x)
				if once[key] != nil {
					k.before = append(k.before, once[key])
				}
			case x.Outcome == evidence.Served:
				k.served = append(k.served, x)
			}
		}
		if len(k.refused) > 0 {
			out = append(out, k)
		}
	}
	return out
}

// orCovered rules a cause of this file out where no host refused anything.
func (c *clues) orCovered(js []judgement) []judgement {
	if len(js) == 0 && len(c.coverages()) == 0 {
		return c.allServed()
	}
	return js
}

func first(xs []*evidence.Exchange, is func(*evidence.Exchange) bool) *evidence.Exchange {
	if i := slices.IndexFunc(xs, is); i >= 0 {
		return xs[i]
	}
	return nil
}

func isWindows(x *evidence.Exchange) bool {
	k := class(x)
	return k == catalog.Client || k == catalog.Server
}

func (k coverage) said(refused, served *evidence.Exchange) []Finding {
	host := k.host.shown
	out := []Finding{{fmt.Sprintf("%s refuses %s with 0xC004F042", host, product(refused)), refused.Origin}}
	if served != nil {
		out = append(out, Finding{fmt.Sprintf("%s serves %s", host, product(served)), served.Origin})
	}
	return out
}

// aboutKey judges a host that refused an exchange's product.
func (c *clues) aboutKey(k coverage, no *evidence.Exchange, verdict Verdict, score int, because []Finding) judgement {
	j := c.aboutHosts(verdict, score, idMismatch, []*host{k.host}, because...)
	j.values[0]["product"] = product(no)
	j.values[0]["keys"] = keysFor(no)
	return j
}

func hostKeyTooOld(c *clues) []judgement {
	var js []judgement
	for _, k := range c.coverages() {
		no := first(k.refused, isWindows)
		if no == nil {
			continue
		}
		yes, office := first(k.served, isWindows), first(k.served, isOffice)
		if yes == nil {
			if was := first(k.before, isWindows); was != nil {
				js = append(js, c.aboutKey(k, no, Possible, atEvidence+2, slices.Concat(k.said(no, nil),
					[]Finding{{fmt.Sprintf("%s served %s before", k.host.shown, product(was)), was.Origin}}, k.keyFinding(), listed(no))))
				continue
			}
		}
		switch {
		case yes != nil:
			js = append(js, c.aboutKey(k, no, Found, atStrong, slices.Concat(k.said(no, yes), k.keyFinding(), listed(no))))
		case office == nil:
			j := c.aboutKey(k, no, Possible, atEvidence+6, slices.Concat(k.said(no, nil), k.keyFinding(), listed(no)))
			if too := k.refusedToo(no); too != nil {
				j.score = atEvidence - 5
				j.against = append(j.against, Finding{k.host.shown + " refuses " + product(too) + " of another generation too", too.Origin})
			}
			js = append(js, j)
		}
	}
	if old := c.olderOnly(); len(old) > 0 {
		j := c.judge(Possible, atEvidence+5, invalidData, old, firsts(old, olderText)...)
		for i := range j.values {
			x := old[i].refusedAs(invalidData)
			j.values[i]["product"], j.values[i]["keys"] = product(x), keysFor(x)
		}
		js = append(js, j)
	}
	for i := range c.set.HostRequests {
		if r := &c.set.HostRequests[i]; r.HRESULT == 0xC004F015 && !officeSKU(r.ActivationID) {
			js = append(js, judgement{
				verdict: Possible, score: atEvidence + 6, code: idMismatch, inner: 0xC004F015,
				because: []Finding{{"event 12290: the host answered 0xC004F015, its key does not know the product", r.Origin}},
			})
			break
		}
	}
	if s, ok := c.saw(0xC004F015); ok && len(js) == 0 && !c.officeIn(idMismatch) {
		js = one(judgement{verdict: Possible, score: atEvidence + 2, code: idMismatch, inner: s.code})
	}
	return c.orCovered(js)
}

// refusedToo returns the refusal of a Windows product of another generation: one
// key that is only old would serve the older of the two.
func (k coverage) refusedToo(no *evidence.Exchange) *evidence.Exchange {
	return first(k.refused, func(x *evidence.Exchange) bool {
		return isWindows(x) && x != no && !strings.EqualFold(x.CountedID, no.CountedID)
	})
}

// olderOnly returns the endpoints that refuse the protocol version of the product's
// own clients as invalid data and answer in an older one.
func (c *clues) olderOnly() []*endpoint {
	return c.where(func(e *endpoint) bool { return e.refusedAs(invalidData) != nil && e.older() != nil })
}

// older is the latest answer in an older protocol version than wanted.
func (e *endpoint) older() *evidence.Exchange {
	return e.last(func(x *evidence.Exchange) bool {
		return x.Answered() && x.HRESULT != invalidData && x.Wanted != "" && x.Wanted != x.Version
	})
}

func olderText(e *endpoint) Finding {
	x := e.older()
	return Finding{fmt.Sprintf("%s answers protocol %s and refuses %s, which clients of %s speak, with 0x%08X",
		e.name(), evidence.Clean(x.Version), evidence.Clean(x.Wanted), product(x), uint32(invalidData)), x.Origin}
}

func officeSKU(activationID string) bool {
	p, ok := catalog.ProductByActivationID(activationID)
	return ok && p.Group.Class == catalog.Office
}

// keyFinding names the Windows host key that the ePID shows: it dates from the key's
// activation and is no proof of today's key.
func (k coverage) keyFinding() []Finding {
	x := k.host.answered(func(x *evidence.Exchange) bool { return identified(x) && isWindows(x) })
	if x == nil {
		return nil
	}
	epid, err := kms.ParseEPID(x.EPID)
	if err != nil {
		return nil
	}
	var names []string
	for _, r := range catalog.NameHostKey(int(epid.Group), int(epid.KeyID)) {
		names = append(names, r.Name)
	}
	if len(names) == 0 {
		return nil
	}
	return []Finding{{fmt.Sprintf("its ePID names the key %s", strings.Join(names, " or ")), x.Origin}}
}

// listed names the host keys that cover the product a host refused.
func listed(x *evidence.Exchange) []Finding {
	names := keysFor(x)
	if names == "" {
		return nil
	}
	return []Finding{{"by Microsoft's list " + product(x) + " needs one of these: " + names, x.Origin}}
}

func keysFor(x *evidence.Exchange) string {
	c, ok := choiceOf(x)
	if !ok {
		return ""
	}
	var names []string
	for _, k := range catalog.HostKeysFor(c) {
		names = append(names, k.Name)
	}
	return strings.Join(names, ", ")
}

func hostWindowsKeyMissing(c *clues) []judgement {
	var js []judgement
	var has []Finding
	for _, k := range c.coverages() {
		no := first(k.refused, isWindows)
		if no == nil {
			continue
		}
		if yes := first(slices.Concat(k.served, k.before), isWindows); yes != nil {
			has = append(has, Finding{fmt.Sprintf("%s served %s", k.host.shown, product(yes)), yes.Origin})
			continue
		}
		if office := first(k.served, isOffice); office != nil {
			js = append(js, c.aboutKey(k, no, Found, atStrong, k.said(no, office)))
		} else {
			j := c.aboutKey(k, no, Possible, atEvidence-8, k.said(no, nil))
			if too := k.refusedToo(no); too != nil {
				j.score = atEvidence + 8
				j.because = append(j.because, k.said(too, nil)...)
			}
			js = append(js, j)
		}
	}
	if len(js) == 0 && len(has) > 0 {
		return pass(bounded(has)...)
	}
	return c.orCovered(js)
}

func hostOfficeKeyMissing(c *clues) []judgement {
	var js []judgement
	for _, k := range c.coverages() {
		if no := first(k.refused, isOffice); no != nil {
			yes := first(k.served, func(*evidence.Exchange) bool { return true })
			score := atEvidence + 8
			if yes != nil {
				score = atStrong
			}
			js = append(js, c.aboutKey(k, no, Found, score, k.said(no, yes)))
		}
	}
	for i := range c.set.HostRequests {
		r := &c.set.HostRequests[i]
		if (r.HRESULT == 0xC004F015 || r.HRESULT == idMismatch) && officeSKU(r.ActivationID) {
			js = append(js, judgement{
				verdict: Found, score: atEvidence + 8, code: idMismatch, inner: r.HRESULT,
				because: []Finding{{fmt.Sprintf("event 12290: the host refused an Office product with 0x%08X", r.HRESULT), r.Origin}},
			})
			break
		}
	}
	if len(js) == 0 && c.officeIn(idMismatch) {
		js = one(judgement{verdict: Possible, score: atEvidence + 6, code: idMismatch})
	}
	return c.orCovered(js)
}

// officeIn tells whether a code was reported for an Office product.
func (c *clues) officeIn(code uint32) bool {
	s, ok := c.saw(code)
	return ok && s.ofOffice()
}

func hostUpdateMissing(c *clues) []judgement {
	var js []judgement
	for _, k := range c.coverages() {
		if no := first(k.refused, isWindows); no != nil && first(k.served, isOffice) == nil {
			js = append(js, c.aboutKey(k, no, Possible, atEvidence-4, k.said(no, first(k.served, isWindows))))
		}
	}
	if old := c.olderOnly(); len(old) > 0 {
		js = append(js, c.judge(Possible, atEvidence+3, invalidData, old, firsts(old, olderText)...))
	}
	if s, ok := c.saw(0xC004F015); ok {
		js = append(js, judgement{verdict: Possible, score: atEvidence - 2, code: idMismatch, inner: s.code})
	}
	return c.orCovered(js)
}
