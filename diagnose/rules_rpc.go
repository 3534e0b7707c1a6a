package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

var rpcRules = []rule{
	{"middlebox-l7-inspection", middlebox},
	{"rpc-anonymous-blocked", anonymousBlocked},
	{"emulator-server-fault", emulatorFault},
}

// RPC fault status codes: Win32 ERROR_ACCESS_DENIED, and nca_s_unk_if of C706,
// appendix E, by which a server says that it does not offer the interface.
const (
	accessDenied = 5
	unknownIF    = 0x1C010003
)

// bindNakReasons are the values of p_reject_reason_t (C706, section 12.6.3.1).
var bindNakReasons = map[uint16]string{
	0: "not specified", 1: "temporary congestion", 2: "local limit exceeded", 4: "protocol version not supported",
	8: "authentication type not recognized", 9: "invalid checksum",
}

// bindFinding says how the last bind ended.
func (e *endpoint) bindFinding() Finding {
	b := e.lastBind()
	return Finding{e.name() + ": " + bindText(b), b.Origin}
}

// bindText says how a bind ended.
func bindText(b *evidence.Bind) string {
	text := "connected, then "
	switch b.Outcome {
	case evidence.BindNoInterface:
		text += "an RPC service answered that it is no KMS"
	case evidence.BindNoSyntax:
		text += "the RPC service accepted no transfer syntax"
	case evidence.BindNak:
		text += fmt.Sprintf("the bind was rejected with bind_nak, reason %d", b.Reason)
		if words, ok := bindNakReasons[b.Reason]; ok {
			text += " (" + words + ")"
		}
	case evidence.BindFault:
		text += fmt.Sprintf("the bind was answered by a fault, status 0x%08X", b.Status)
	case evidence.BindSilent:
		text += "no answer to the RPC bind"
	case evidence.BindClosed:
		text += "the peer closed the connection after the RPC bind"
	case evidence.BindReset:
		text += "the connection was reset after the RPC bind"
	case evidence.BindNotRPC:
		text += "bytes came that are not RPC"
		if b.LooksLike != "" {
			text += ", they look like " + evidence.Clean(b.LooksLike)
		}
	case evidence.BindGarbled:
		text += "the RPC answer was malformed"
	default:
		text += firstOf(evidence.Clean(b.Detail), "the RPC bind ended with "+string(b.Outcome))
	}
	return text
}

// rpcFinding says how the latest request without an answer ended, or the bind.
func (e *endpoint) rpcFinding() Finding {
	if x := e.lastSeen(); x != nil {
		return exchangeText(e, x)
	}
	if e.lastBind() == nil {
		return exchangeText(e, e.exchanges[len(e.exchanges)-1])
	}
	return e.bindFinding()
}

// notKMS holds for an RPC service that says it does not offer KMS.
func (e *endpoint) notKMS() bool {
	if x := e.unanswered(evidence.ExchangeFault); x != nil {
		return x.Status == unknownIF
	}
	b := e.lastBind()
	return e.bindEnded(evidence.BindNoInterface) || e.bindEnded(evidence.BindFault) && b.Status == unknownIF
}

// busy holds for a host that rejects the bind for want of room.
func (e *endpoint) busy() bool {
	return e.bindEnded(evidence.BindNak) && (e.lastBind().Reason == 1 || e.lastBind().Reason == 2)
}

func (e *endpoint) bindEnded(outcomes ...evidence.BindOutcome) bool {
	b := e.lastBind()
	return b != nil && !e.bound() && slices.Contains(outcomes, b.Outcome)
}

// unanswered is the latest exchange when no answer came to it.
func (e *endpoint) unanswered(outcomes ...evidence.ExchangeOutcome) *evidence.Exchange {
	x := e.lastSeen()
	if x == nil || !slices.Contains(outcomes, x.Outcome) || e.last(func(x *evidence.Exchange) bool { return x.Answered() }) != nil {
		return nil
	}
	return x
}

// lastSeen is the latest exchange of which it is known how it ended.
func (e *endpoint) lastSeen() *evidence.Exchange { return e.last(seen) }

// seen tells whether the evidence holds how an exchange ended: a capture may
// hold one direction alone, or no more than that a request was sent.
func seen(x *evidence.Exchange) bool {
	return x.Outcome != evidence.ExchangeUnseen && (x.Outcome != evidence.ExchangeOther || x.Origin.File == "")
}

var lostAnswers = []evidence.ExchangeOutcome{evidence.ExchangeSilent, evidence.ExchangeReset, evidence.ExchangeClosed, evidence.ExchangeNoReply}

func exchangeText(e *endpoint, x *evidence.Exchange) Finding {
	return Finding{e.name() + ": " + exchangeEnd(x), x.Origin}
}

// exchangeEnd says how a request ended that was not served.
func exchangeEnd(x *evidence.Exchange) string {
	var what string
	bound := "the bind was accepted, "
	if x.Origin.File != "" && x.BindTook == 0 {
		bound = "" // the capture does not hold the bind
	}
	switch x.Outcome {
	case evidence.ExchangeUnseen:
		what = "the capture does not hold how the KMS request ended"
	case evidence.ExchangeSilent, evidence.ExchangeNoReply:
		what = bound + "the KMS request got no answer"
	case evidence.ExchangeReset:
		what = bound + "the connection was reset after the KMS request"
	case evidence.ExchangeClosed:
		what = bound + "the peer closed the connection after the KMS request"
	case evidence.ExchangeGarbled:
		what = "the answer cannot be decoded"
	case evidence.ExchangeFault:
		what = fmt.Sprintf("%sthe request got an RPC fault, status 0x%08X", bound, x.Status)
	case evidence.Unverified:
		what = "the answer fails the checks a client makes: " + failedChecks(x)
	default:
		what = firstOf(evidence.Clean(x.Detail), string(x.Outcome))
	}
	return what
}

// checkWords says what a failed verification of an answer means. The ids are
// those of package kms.
var checkWords = map[string]string{
	"resp.mac":                  "its checksum does not match",
	"resp.padding":              "it does not decrypt",
	"resp.undecodable":          "it cannot be taken apart",
	"resp.inner_version":        "the version inside differs from the one outside",
	"resp.exact_size":           "its size is not that of its parts",
	"resp.epid_len":             "the host's ePID is malformed",
	"resp.version_match":        "it is in another protocol version",
	"resp.cmid_match":           "it names another client id",
	"resp.time_match":           "it echoes another time than was sent",
	"resp.rand_hash":            "the proof that the host read the request is wrong",
	"resp.iv_equals_request_iv": "its initialisation vector is not the request's",
	"resp.xor_salts":            "the proof that the host decrypted the request is wrong",
	"resp.hmac":                 "its keyed checksum does not match",
}

func failedChecks(x *evidence.Exchange) string {
	var out []string
	for _, f := range x.Failed {
		id, _, _ := strings.Cut(f, ":")
		words, ok := checkWords[id]
		if !ok {
			out = append(out, evidence.Clean(f))
			continue
		}
		out = append(out, words+" ("+id+")")
	}
	return strings.Join(out, ", ")
}

func middlebox(c *clues) []judgement {
	var js []judgement
	add := func(score int, is func(*endpoint) bool, say func(*endpoint) Finding) {
		if ends := c.where(is); len(ends) > 0 {
			js = append(js, c.judge(Possible, score, 0xC004F074, ends, firsts(ends, say)...))
		}
	}
	bind := (*endpoint).bindFinding
	add(atStrong-5, func(e *endpoint) bool { return e.bindEnded(evidence.BindNotRPC) }, bind)
	add(atEvidence+8, func(e *endpoint) bool {
		return e.bindEnded(evidence.BindSilent, evidence.BindClosed, evidence.BindReset)
	}, bind)
	add(atEvidence-8, func(e *endpoint) bool {
		return e.bindEnded(evidence.BindGarbled, evidence.BindNak, evidence.BindFault) && !e.notKMS()
	}, bind)
	add(atEvidence-3, func(e *endpoint) bool { return e.unanswered(lostAnswers...) != nil }, func(e *endpoint) Finding {
		return exchangeText(e, e.unanswered(lostAnswers...))
	})
	if len(js) == 0 {
		return c.spoken()
	}
	return js
}

// anonymousBlocked: access denied comes from this policy as a rule, and only its
// value on the host proves it.
func anonymousBlocked(c *clues) []judgement {
	denied := c.where(func(e *endpoint) bool {
		x := e.unanswered(evidence.ExchangeFault)
		b := e.lastBind()
		return x != nil && x.Status == accessDenied || b != nil && b.Outcome == evidence.BindFault && b.Status == accessDenied && !e.bound()
	})
	if refused := c.refusedWith(0x80070005); len(refused) > 0 && len(denied) == 0 {
		return one(c.judge(Possible, atEvidence+2, 0x80070005, refused, refusals(refused, 0x80070005)...))
	}
	if len(denied) == 0 {
		return c.spoken()
	}
	because := firsts(denied, func(e *endpoint) Finding {
		if x := e.unanswered(evidence.ExchangeFault); x != nil {
			return exchangeText(e, x)
		}
		return e.bindFinding()
	})
	return one(c.judge(Possible, atStrong, 0xC004F074, denied, because...))
}

// emulatorFault: KMS software that is not Microsoft's binds and then answers
// wrongly, or not at all. No single trait of an answer makes a host one.
func emulatorFault(c *clues) []judgement {
	var js []judgement
	add := func(score int, is func(*endpoint) bool, say func(*endpoint) Finding) {
		ends := c.where(func(e *endpoint) bool { return e.host.cloud == nil && is(e) })
		if len(ends) > 0 {
			j := c.judge(Possible, score, 0xC004F074, ends, firsts(ends, say)...)
			for _, e := range ends {
				j.because = append(j.because, e.traits()...)
			}
			if len(j.because) > len(ends) {
				j.score += 4
			}
			js = append(js, j)
		}
	}
	wrong := func(e *endpoint) *evidence.Exchange {
		x := e.lastSeen()
		if x == nil || x.Outcome != evidence.Unverified && x.Outcome != evidence.ExchangeGarbled {
			return nil
		}
		return x
	}
	add(atStrong, func(e *endpoint) bool { return wrong(e) != nil }, func(e *endpoint) Finding { return exchangeText(e, wrong(e)) })
	add(atEvidence+7, func(e *endpoint) bool { return e.unanswered(lostAnswers...) != nil }, func(e *endpoint) Finding {
		return exchangeText(e, e.unanswered(lostAnswers...))
	})
	fault := func(e *endpoint) *evidence.Exchange {
		if x := e.unanswered(evidence.ExchangeFault); x != nil && x.Status != accessDenied && x.Status != unknownIF {
			return x
		}
		return nil
	}
	add(atEvidence+8, func(e *endpoint) bool { return fault(e) != nil }, func(e *endpoint) Finding { return exchangeText(e, fault(e)) })
	add(atEvidence-4, func(e *endpoint) bool {
		return e.bindEnded(evidence.BindGarbled, evidence.BindNoSyntax, evidence.BindRejected, evidence.BindNak) && !e.busy()
	}, (*endpoint).bindFinding)
	add(atEvidence-16, func(e *endpoint) bool {
		return e.bindEnded(evidence.BindSilent, evidence.BindClosed, evidence.BindReset)
	}, (*endpoint).bindFinding)
	if ends := c.refusedWith(invalidData); len(ends) > 0 {
		js = append(js, c.judge(Possible, atEvidence+2, invalidData, ends, refusals(ends, invalidData)...))
	} else if ends := c.olderOnly(); len(ends) > 0 {
		js = append(js, c.judge(Possible, atEvidence+2, invalidData, ends, firsts(ends, olderText)...))
	}
	js = append(js, c.strangeRefusals()...)
	if len(js) == 0 {
		js = c.fickle()
	}
	if len(js) == 0 {
		return c.allServed()
	}
	return js
}

// hostCodes are the HRESULTs that other rules explain, or that speak of the
// request and not of the host.
var hostCodes = []uint32{idMismatch, invalidData, badTimestamp, 0xC004F039, 0xC004F041}

// fickle judges hosts that refused a request as invalid data and accepted one
// like it: the first was malformed, or changed on its way.
func (c *clues) fickle() []judgement {
	refused := func(x *evidence.Exchange) bool {
		return x.Outcome == evidence.HostRefused && x.HRESULT == invalidData && x.Version == x.Wanted
	}
	ends := c.where(func(e *endpoint) bool { return e.served() != nil && e.last(refused) != nil })
	if len(ends) == 0 {
		return nil
	}
	var because []Finding
	for _, e := range ends[:min(len(ends), maxFindings/2)] {
		no, yes := e.last(refused), e.served()
		because = append(because,
			Finding{fmt.Sprintf("%s answered 0x%08X, invalid data, when asked for %s", e.name(), no.HRESULT, product(no)), no.Origin},
			Finding{fmt.Sprintf("%s served a request for %s", e.name(), product(yes)), yes.Origin})
	}
	return one(c.judge(Possible, atEvidence-10, invalidData, ends, because...))
}

// strangeRefusals judges HRESULTs that Microsoft's hosts do not answer with.
func (c *clues) strangeRefusals() []judgement {
	var js []judgement
	var codes []uint32
	for _, e := range c.ends {
		x := e.last(func(x *evidence.Exchange) bool { return x.Answered() })
		if x == nil || x.Outcome != evidence.HostRefused || slices.Contains(hostCodes, x.HRESULT) || slices.Contains(codes, x.HRESULT) {
			continue
		}
		codes = append(codes, x.HRESULT)
		if ends := c.refusedWith(x.HRESULT); len(codes) <= maxEach {
			js = append(js, c.judge(Possible, atEvidence, x.HRESULT, ends, refusals(ends, x.HRESULT)...))
		}
	}
	return js
}

// traits are oddities of a host's answers that Microsoft's hosts do not show;
// they support other evidence and prove nothing alone.
func (e *endpoint) traits() []Finding {
	x := e.last(func(x *evidence.Exchange) bool { return x.EPID != "" || x.HwID != "" })
	if x == nil {
		return nil
	}
	var out []Finding
	if x.SameIV {
		out = append(out, Finding{"its V6 answer reuses the request's initialisation vector", x.Origin})
	}
	if strings.EqualFold(x.HwID, "3A1C049600B60076") {
		out = append(out, Finding{"its hardware id is a default of KMS software that is not Microsoft's", x.Origin})
	}
	return out
}
