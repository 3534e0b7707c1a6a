package diagnose

import (
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

var adbaRules = []rule{
	{"adba-site", adbaSite},
	{"adba-object-missing-or-too-old", adbaObject},
}

// adbaSite: no SRV record may be right where Active Directory activates.
func adbaSite(c *clues) []judgement {
	for i := range c.set.Licenses {
		if l := &c.set.Licenses[i]; licensed(*l) && (l.ActivatedBy == "AD" || l.ADObject != "") {
			return one(judgement{
				verdict: Found, score: atEvidence - 10,
				because: []Finding{{"the client was activated by Active Directory", l.Origin}},
			})
		}
	}
	_, refused := c.saw(noObject)
	for i := range c.set.LogEvents {
		if e := &c.set.LogEvents[i]; e.ID == 12308 && e.Code == 0 && !refused {
			return one(judgement{
				verdict: Found, score: atEvidence - 10,
				because: []Finding{{"event 12308: activation through Active Directory succeeded", e.Origin}},
			})
		}
	}
	var js []judgement
	for _, d := range c.domains {
		a := d.empty()
		// A client goes on to the suffix that has a record, whatever this one means.
		if dc := d.isActiveDirectory(); dc != nil && a != nil && !d.has() && c.expected(d) {
			j := judgement{
				verdict: Possible, score: atEvidence + 2, subjects: []string{evidence.Clean(d.name)}, values: d.about(c),
				because: []Finding{{evidence.Clean(d.name) + " is an Active Directory domain", dc.Origin}, {srvText(a), a.Origin}},
			}
			switch read, objects := c.activationObjects(d.name); {
			case objects > 0 && slices.ContainsFunc(c.set.ActivationObjects, func(o evidence.ActivationObject) bool {
				return strings.EqualFold(o.Domain, d.name) && Readable(o)
			}):
				j.verdict = Found
				j.because = append(j.because, Finding{"its forest has activation objects", read.Origin})
			case objects > 0:
				j.because = append(j.because, Finding{"its forest has activation objects, whose key and ids cannot be read", read.Origin})
			case read != nil:
				j = pass(Finding{"a user of the domain sees no activation object", read.Origin})[0]
				j.subjects = []string{evidence.Clean(d.name)}
			}
			js = append(js, j)
		}
	}
	if len(js) == 0 && len(c.domains) > 0 && c.domains[0].has() {
		return pass(Finding{srvText(c.domains[0].kms[0]), c.domains[0].kms[0].Origin})
	}
	return js
}

const noObject = 0xC004F081

func adbaObject(c *clues) []judgement {
	s, refused := c.saw(noObject)
	for i := range c.set.LogEvents {
		if e := &c.set.LogEvents[i]; e.ID == 12308 && (e.Code != 0 || refused) {
			return one(judgement{
				verdict: Found, score: atEvidence, code: firstCode(e.Code, s.code),
				because: []Finding{{"event 12308: activation through Active Directory failed", e.Origin}},
			})
		}
	}
	for i := range c.set.Licenses {
		if l := &c.set.Licenses[i]; l.Reason == noObject {
			return one(judgement{
				verdict: Found, score: atEvidence, code: l.Reason,
				because: []Finding{{"the licence status says that no activation object fits: 0xC004F081", l.Origin}},
			})
		}
	}
	return nil
}

// activationObjects returns the conversation that tells which activation objects
// the forest of a domain has, and how many; nil when none does.
func (c *clues) activationObjects(domain string) (read *evidence.DirectoryRead, objects int) {
	for i := range c.set.DirectoryReads {
		d := &c.set.DirectoryReads[i]
		if strings.EqualFold(d.Domain, domain) && (d.Read() || d.Objects > 0) {
			return d, d.Objects
		}
	}
	return nil, 0
}
