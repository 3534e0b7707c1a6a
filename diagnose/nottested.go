package diagnose

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

const anyPC = "any PC's "

// notTested lists what nobody looked at: of clients, unless their own words were
// pasted, and of hosts what was left out.
func (c *clues) notTested() []string {
	var out []string
	if len(c.set.Licenses) == 0 {
		out = append(out, anyPC+"own licence")
	}
	if len(c.pins()) == 0 && len(c.set.ClientRequests) == 0 {
		out = append(out, anyPC+"pinned host")
	}
	clientClock := slices.ContainsFunc(c.set.Clocks, func(s evidence.ClockSample) bool { return !s.KMS && !s.Origin.Live() })
	if len(c.set.ClientRequests) == 0 && !clientClock {
		out = append(out, anyPC+"clock")
	}
	var noFamily, boundOnly []string
	for _, e := range c.ends {
		switch {
		case e.all(evidence.NoFamily):
			noFamily = append(noFamily, e.name())
		case e.bound() && len(e.exchanges) == 0:
			boundOnly = append(boundOnly, e.host.shown)
		}
	}
	if len(noFamily) > 0 {
		out = append(out, list(noFamily)+" (no own address of that kind here)")
	}
	if len(boundOnly) > 0 {
		out = append(out, "a request to "+list(slices.Compact(boundOnly))+" (only the bind)")
	}
	for _, h := range c.hosts {
		if h.cloud != nil && !c.inside(h.cloud.ID) && !slices.ContainsFunc(h.ends, (*endpoint).open) {
			out = append(out, fmt.Sprintf("%s from inside %s", h.shown, h.cloud.Provider))
		}
	}
	return out
}

// notTestedLine says it as a sentence; "any PC's" is said once.
func notTestedLine(items []string) string {
	if len(items) == 0 {
		return "Not tested: any other PC."
	}
	var words []string
	for i, item := range items {
		if i > 0 && strings.HasPrefix(items[0], anyPC) {
			item = strings.TrimPrefix(item, anyPC)
		}
		words = append(words, item)
	}
	return "Not tested: " + list(words) + "."
}

// ofPaste speaks of a paste: the best cause, or that a general code alone
// does not say why.
func (c *clues) ofPaste(causes []Cause) []string {
	var likely []Cause
	for _, k := range causes {
		if k.Verdict == Found || k.Verdict == Possible {
			likely = append(likely, k)
		}
	}
	onlyGeneral := len(c.codes) > 0 && !slices.ContainsFunc(c.codes, func(s sighting) bool { return !isGeneral(s.code) })
	next := "Look at the network next: kmsdiag check DOMAIN, and event 12288 on the client."
	if len(c.ends) > 0 {
		next = "Look at event 12288 on the client next: it names the host that was asked and the inner code."
	}
	switch {
	case len(likely) == 0 && len(c.ends) > 0 && c.pasted():
		return nil
	case len(likely) == 0 && len(c.codes) > 0:
		return []string{fmt.Sprintf("No cause is known here for 0x%08X.", c.codes[0].code)}
	case len(likely) == 0 && c.blank():
		return []string{"Nothing was looked at that could explain a failure."}
	case len(likely) == 0:
		return []string{"Nothing that explains a failure was found."}
	case likely[0].Verdict == Found && likely[0].NoFault:
		return []string{"Nothing is wrong in what was read: " + likely[0].Title + "."}
	case likely[0].Verdict == Found:
		return []string{"Found: " + likely[0].Title + "."}
	case onlyGeneral && likely[0].score <= atGeneralCode+1:
		return []string{
			fmt.Sprintf("0x%08X alone says only that no usable answer came, not why.", c.codes[0].code),
			next,
		}
	}
	return []string{"Most likely: " + likely[0].Title + "; the evidence does not settle it."}
}

// blank holds where nobody observed anything: a description of the machine that
// the run was made from, and what is said of a record itself, are no observation.
func (c *clues) blank() bool {
	set := *c.set
	set.Machines = nil
	if !slices.ContainsFunc(set.Statements, func(s evidence.Statement) bool { return s.ID != evidence.RecordCutOff && s.ID != evidence.RecordEmpty }) {
		set.Statements = nil
	}
	return reflect.ValueOf(set).IsZero()
}

// pasted tells whether somebody's own text is among the evidence.
func (c *clues) pasted() bool {
	of := func(origins ...evidence.Origin) bool { return slices.ContainsFunc(origins, evidence.Origin.Pasted) }
	s := c.set
	return len(s.Licenses) > 0 && of(s.Licenses[0].Origin) || len(s.Statements) > 0 && of(s.Statements[0].Origin) ||
		len(c.codes) > 0 && of(c.codes[0].origin) || len(s.Dials) > 0 && of(s.Dials[0].Origin, s.Dials[len(s.Dials)-1].Origin) ||
		len(s.SRV) > 0 && of(s.SRV[0].Origin, s.SRV[len(s.SRV)-1].Origin) || len(s.Systems) > 0 && of(s.Systems[0].Origin) ||
		len(s.Routes) > 0 && of(s.Routes[0].Origin)
}
