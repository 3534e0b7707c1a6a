package diagnose

import (
	_ "embed" // for the table
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// candidate is a cause that a status code alone makes possible.
type candidate struct {
	code    uint32
	cause   string
	score   int
	general bool
	page    bool // only the page of the code names it
}

//go:embed data/codes.tsv
var codesTSV string

// candidates holds the causes of each status code, best first: those of the table,
// then those that only the page of the code names.
var candidates = sync.OnceValue(func() map[uint32][]candidate {
	table := map[uint32][]candidate{}
	general := false
	for line := range strings.Lines(codesTSV) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || strings.HasPrefix(line, "#"):
			continue
		case fields[0] == "general" || fields[0] == "telling":
			general = fields[0] == "general"
			continue
		}
		code, err := strconv.ParseUint(fields[0], 0, 32)
		if err != nil {
			panic("diagnose: data/codes.tsv: " + err.Error())
		}
		base := atCode
		if general {
			base = atGeneralCode
		}
		for i, cause := range fields[1:] {
			table[uint32(code)] = append(table[uint32(code)], candidate{code: uint32(code), cause: cause, score: base - i, general: general})
		}
	}
	for _, e := range kmserr.All() {
		if e.Page != nil && e.Code != 0 && len(e.Page.Causes) > 0 {
			table[uint32(e.Code)] = withPage(uint32(e.Code), table[uint32(e.Code)], e.Page.Causes)
		}
	}
	return table
})

// onlyWithEvidence are causes that a code which says only that no answer came does
// not make possible: in companies they are rare.
var onlyWithEvidence = []string{"emulator-server-fault", "kms-host-is-client-itself"}

// withPage adds the causes of a code's page behind those of the table, as weaker
// ones. A code that the table does not have is a telling one.
func withPage(code uint32, list []candidate, causes []string) []candidate {
	last := candidate{code: code, score: atCode}
	if len(list) > 0 {
		last = list[len(list)-1]
	}
	last.page = true
	least := 1
	if !last.general {
		last.score, least = min(last.score, atCode-9), atGeneralCode+1
	}
	for _, cause := range causes {
		known := slices.ContainsFunc(list, func(k candidate) bool { return k.cause == cause })
		if known || last.general && slices.Contains(onlyWithEvidence, cause) {
			continue
		}
		last.score = max(last.score-1, least)
		last.cause = cause
		list = append(list, last)
	}
	return list
}

// isGeneral tells whether a code only says that no usable answer came.
func isGeneral(code uint32) bool {
	list := candidates()[code]
	return len(list) > 0 && list[0].general
}

// sighting is a status code that somebody saw, once for each code.
type sighting struct {
	code    uint32
	origin  evidence.Origin
	context string
	product string
	pinned  bool // of a request to a host that the client is set to: no record and no suffix was asked for
}

func (s sighting) finding() Finding {
	text := fmt.Sprintf("0x%08X was reported", s.code)
	if s.context != "" && s.context != "stated" {
		text += " by " + evidence.Clean(s.context)
	}
	if s.product != "" {
		text += " for " + evidence.Clean(s.product)
	}
	return Finding{text, s.origin}
}

// ofOffice tells whether the code was reported for Office: by the product's
// name, or by ospp.vbs and its commands.
func (s sighting) ofOffice() bool {
	context, product := strings.ToLower(s.context), strings.ToLower(s.product)
	return strings.Contains(product, "office") || strings.HasPrefix(context, "ospp") ||
		strings.HasPrefix(context, "/act ") || context == "/act" || strings.HasPrefix(context, "/inpkey")
}

// findCodes collects the codes seen outside of live exchanges. The code inside
// a client's event 12288 is the real one; a general code that the same client
// shows on its screen then says nothing more.
func (c *clues) findCodes() []sighting {
	var seen []sighting
	add := func(s sighting) {
		known := slices.IndexFunc(seen, func(o sighting) bool { return o.code == s.code })
		switch {
		case known >= 0:
			seen[known].pinned = seen[known].pinned && s.pinned
		case s.code != 0:
			seen = append(seen, s)
		}
	}
	inner, pins := false, c.pins()
	for _, e := range c.set.ClientRequests {
		add(sighting{code: e.HRESULT, origin: e.Origin, context: c.asRequested(&e), pinned: askedPin(&e, pins)})
		inner = inner || e.HRESULT != 0 && !isGeneral(e.HRESULT)
	}
	for _, e := range c.set.ClientAnswers {
		add(sighting{code: e.HRESULT, origin: e.Origin, context: "event 12289"})
	}
	for _, e := range c.set.HostRequests {
		add(sighting{code: e.HRESULT, origin: e.Origin, context: "event 12290 on the host"})
	}
	for _, k := range c.set.Codes {
		add(sighting{code: k.Code, origin: k.Origin, context: k.Context, product: k.Product})
	}
	for _, a := range c.set.Actions {
		if !a.Success {
			add(sighting{code: a.Code, origin: a.Origin, context: a.Command, product: a.Product})
		}
	}
	for _, l := range c.set.Licenses {
		if !l.Informational && !licensed(l) && !c.sideEntry(&l) {
			add(sighting{code: l.Reason, origin: l.Origin, context: "the licence status", product: l.Name})
		}
	}
	for _, e := range c.set.LogEvents {
		add(sighting{code: e.Code, origin: e.Origin, context: fmt.Sprintf("event %d", e.ID)})
	}
	if inner {
		seen = slices.DeleteFunc(seen, func(s sighting) bool { return isGeneral(s.code) })
	}
	return seen
}

// asRequested says which host an event 12288 asked, and that no answer is known.
func (c *clues) asRequested(e *evidence.ClientRequestEvent) string {
	text := "event 12288"
	if e.Host != "" {
		text += ", which asked " + e.Host
	}
	if isGeneral(e.HRESULT) && len(c.set.ClientAnswers) == 0 {
		text += " and has no event 12289 after it"
	}
	return text
}

// askedPin tells whether an event 12288 asked a host that the client is set to.
func askedPin(e *evidence.ClientRequestEvent, pins []pin) bool {
	return e.Host != "" && slices.ContainsFunc(pins[:min(len(pins), maxEach)], func(p pin) bool { return sameMachine(hostOnly(e.Host), p.host) })
}

// aboutDiscovery tells whether a cause concerns the search for the SRV record,
// which a client with a host set by hand does not make.
func aboutDiscovery(id string) bool {
	return id == "dns-suffix-missing" || strings.HasPrefix(id, "srv-")
}

func firstCode(codes ...uint32) uint32 {
	for _, code := range codes {
		if code != 0 {
			return code
		}
	}
	return 0
}

func licensed(l evidence.License) bool { return l.Status != nil && *l.Status == 1 }

// saw returns the first sighting of one of the codes.
func (c *clues) saw(codes ...uint32) (sighting, bool) {
	for _, s := range c.codes {
		if slices.Contains(codes, s.code) {
			return s, true
		}
	}
	return sighting{}, false
}

// withCode lets the codes that were seen speak for a cause: next to the rule's
// own reasons, or alone. What the rule ruled out stays so.
func (c *clues) withCode(id string, js []judgement) []judgement {
	for _, s := range c.codes {
		for _, k := range candidates()[s.code] {
			if k.cause != id || s.pinned && aboutDiscovery(id) {
				continue
			}
			switch {
			case len(js) == 0:
				js = one(judgement{verdict: Possible, score: k.score, because: []Finding{s.finding()}, code: s.code, byPage: k.page})
			case js[0].verdict == Untested:
				js[0].verdict, js[0].score, js[0].code, js[0].byPage = Possible, k.score, s.code, k.page
				js[0].because = append(slices.Clip(js[0].because), s.finding())
			case js[0].verdict != RuledOut:
				js[0].because = append(slices.Clip(js[0].because), s.finding())
				js[0].score++
			}
			break
		}
	}
	return js
}

// findAnswer looks for a sign in a paste that a KMS host answered: then names,
// paths and RPC were right at that moment.
func (c *clues) findAnswer() *Finding {
	if len(c.set.ClientAnswers) > 0 {
		return &Finding{"event 12289: the client received an answer from a KMS host", c.set.ClientAnswers[0].Origin}
	}
	answered := []uint32{0xC004F038, 0xC004F042, 0xC004F06C, 0xC004F041}
	for _, k := range c.set.Codes {
		if slices.Contains(answered, k.Code) {
			return &Finding{fmt.Sprintf("0x%08X comes with an answer of a KMS host: name, path and RPC were right", k.Code), k.Origin}
		}
	}
	for _, a := range c.set.Actions {
		if slices.Contains(answered, a.Code) {
			return &Finding{fmt.Sprintf("0x%08X comes with an answer of a KMS host: name, path and RPC were right", a.Code), a.Origin}
		}
	}
	return nil
}
