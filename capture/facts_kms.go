package capture

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
	"github.com/kmsdiag/kmsdiag/run"
)

func (j *judge) bind() {
	set := &j.t.samples.set
	j.result.Evidence = evidence.Set{Binds: set.Binds}
	defer j.otherBinds()
	if len(set.Binds) == 0 {
		j.say(run.Skip, "the capture holds no RPC bind to a KMS host")
		return
	}
	j.say(run.Pass, "every bind for KMS was accepted")
	for _, b := range set.Binds {
		if b.Outcome == evidence.BindAccepted {
			continue
		}
		text := map[evidence.BindOutcome]string{
			evidence.BindNoInterface: "speaks RPC but does not offer KMS",
			evidence.BindNoSyntax:    "knows KMS but none of the offered encodings",
			evidence.BindRejected:    "refused every context",
			evidence.BindNak:         "refused the bind as a whole",
			evidence.BindFault:       "answered the bind with an RPC fault",
			evidence.BindSilent:      "never answered the bind",
			evidence.BindClosed:      "closed the connection on the bind",
			evidence.BindReset:       "reset the connection on the bind",
			evidence.BindNotRPC:      "answers, but not in RPC",
		}[b.Outcome]
		if b.Detail != "" {
			text += ": " + b.Detail
		}
		j.note("bind-"+string(b.Outcome), run.Fail, "%s %s (%s)", b.Address, text, j.originText(b.Origin))
		j.result.Summary = "not every bind for KMS was accepted"
	}
}

// otherBinds adds binds for other interfaces on the ports of KMS.
func (j *judge) otherBinds() {
	n := 0
	for _, h := range j.t.hostOrder {
		n += h.foreign
	}
	switch {
	case n == 1:
		j.result.Summary += "; 1 bind for another interface was refused"
	case n > 1:
		j.result.Summary += fmt.Sprintf("; %d binds for another interface were refused", n)
	}
}

func (j *judge) answers() {
	set := &j.t.samples.set
	j.result.Evidence = evidence.Set{Exchanges: set.Exchanges}
	n := j.t.outcomes
	total := j.c.Exchanges
	if total == 0 {
		j.say(run.Skip, "the capture holds no KMS request")
		return
	}
	switch told := total - n[ResponseOnly] - j.t.oneSided - j.t.cutOff; {
	case told > 0:
		j.say(run.Pass, "%d of %s accepted", n[OK], plural(told, "request"))
	case j.t.oneSided > 0:
		j.say(run.Pass, "%s, whose answers were not captured", plural(j.t.oneSided, "request"))
	case n[ResponseOnly] > 0:
		j.say(run.Pass, "%s, %d with S_OK, whose requests were not captured", plural(n[ResponseOnly], "answer"), j.t.lone)
	default:
		j.say(run.Skip, "the capture ended before an answer could be expected")
	}
	if k := n[ResponseOnly] - j.t.lone; k > 0 {
		j.note("refused-unseen", run.Fail, "%s with an error, whose requests were not captured (%s)", plural(k, "answer"),
			j.exchangePackets(func(x *evidence.Exchange) bool { return x.Outcome == evidence.HostRefused && x.CMID == "" }))
	}
	for _, h := range j.t.hostOrder {
		var codes []uint32
		for code := range h.HRESULTs {
			codes = append(codes, code)
		}
		slices.Sort(codes)
		for _, code := range codes {
			j.note("refused", run.Fail, "%s refused %s with %s (the first: %s)", j.hostName(h), plural(int64(h.HRESULTs[code]), "request"), kms.HRESULT(code),
				j.exchangePackets(func(x *evidence.Exchange) bool {
					return x.Address == h.Address && x.Outcome == evidence.HostRefused && x.HRESULT == code
				}))
		}
		if k := h.Outcomes[Faulted]; k > 0 {
			j.note("rpc-fault", run.Fail, "%s answered %s with an RPC fault %s", j.hostName(h), plural(int64(k), "request"), j.faultText(h))
		}
		if k := h.Outcomes[Unanswered] - h.oneSided - h.cutOff; k > 0 {
			j.note("unanswered", run.Fail, "%s: %s without an answer (the first: %s)", j.hostName(h), plural(int64(k), "request"),
				j.exchangePackets(func(x *evidence.Exchange) bool {
					return x.Address == h.Address && (x.Outcome == evidence.ExchangeNoReply || x.Outcome == evidence.ExchangeReset || x.Outcome == evidence.ExchangeClosed)
				}))
		}
	}
	if k := j.t.oneSided; k > 0 {
		j.note("one-direction", run.Warn, "%s in one direction alone: what the host answered was not captured", plural(k, "request"))
	}
	if k := j.t.cutOff; k > 0 {
		j.note("requests-open", run.Skip, "%s still open when the capture ended", plural(k, "request"))
	}
	if k := n[ResponseOnly]; k > 0 {
		j.note("requests-missing", run.Skip, "%s whose requests were not captured", plural(k, "answer"))
	}
}

func (j *judge) faultText(h *Host) string {
	for _, x := range j.t.samples.set.Exchanges {
		if x.Address == h.Address && x.Outcome == evidence.ExchangeFault {
			return fmt.Sprintf("%s (the first: %s)", dcerpc.FaultStatus(x.Status), j.originText(x.Origin))
		}
	}
	return ""
}

// exchangePackets names the packets of the first exchange that is so.
func (j *judge) exchangePackets(is func(*evidence.Exchange) bool) string {
	for i := range j.t.samples.set.Exchanges {
		if x := &j.t.samples.set.Exchanges[i]; is(x) {
			return j.originText(x.Origin)
		}
	}
	return "no packet kept"
}

func (j *judge) verify() {
	bad := j.t.outcomes[Invalid] + j.t.outcomes[Garbled]
	switch {
	case j.t.outcomes[OK]+bad == 0:
		j.say(run.Skip, "the capture holds no answer that could be checked")
		return
	case bad == 0:
		j.say(run.Pass, "%s passed", plural(j.t.outcomes[OK], "answer"))
		return
	}
	j.say(run.Fail, "%d of %s failed a check", bad, plural(j.t.outcomes[OK]+bad, "answer"))
	for _, x := range j.t.samples.set.Exchanges {
		if x.Outcome == evidence.Unverified || x.Outcome == evidence.ExchangeGarbled {
			j.note("failed-check", run.Fail, "%s: %s (%s)", x.Address, strings.Join(x.Failed, ", "), j.originText(x.Origin))
		}
	}
}

func (j *judge) counts() {
	if j.t.outcomes[OK] == 0 {
		j.say(run.Skip, "the capture holds no count")
		return
	}
	j.say(run.Pass, "every accepted request came with a count that suffices")
	if j.t.low == 0 {
		return
	}
	j.say(run.Warn, "%d of %s came with a count below the minimum: those clients showed 0xC004F038; the newest counts suffice",
		j.t.low, plural(j.t.outcomes[OK], "accepted request"))
	for _, h := range j.t.hostOrder {
		if since, ok := h.suffices(); ok {
			j.note("count-grew", run.Warn, "%s: the count was below the minimum in %s (the first: %s), and suffices since %s", j.hostName(h),
				plural(int64(h.Low), "answer"), j.exchangePackets(func(x *evidence.Exchange) bool {
					return x.Address == h.Address && x.Outcome == evidence.Served && x.Count < x.NPolicy
				}), sinceText(since))
			continue
		}
		if h.Low > 0 {
			j.result.Summary = fmt.Sprintf("%d of %s came with a count below the minimum: those clients show 0xC004F038",
				j.t.low, plural(j.t.outcomes[OK], "accepted request"))
			j.note("low-count", run.Fail, "%s: counts %d to %d, %s below the minimum (the first: %s)", j.hostName(h), h.MinCount, h.MaxCount,
				plural(int64(h.Low), "answer"), j.exchangePackets(func(x *evidence.Exchange) bool {
					return x.Address == h.Address && x.Outcome == evidence.Served && x.Count < x.NPolicy
				}))
		}
	}
}

// sinceText is a capture time for people.
func sinceText(ns int64) string {
	if ns == 0 {
		return "a time that was not recorded"
	}
	return time.Unix(0, ns).UTC().Format("2006-01-02 15:04 UTC")
}

func (j *judge) clocks() {
	set := &j.t.samples.set
	switch {
	case j.t.firsts+j.t.renewals == 0:
		j.say(run.Skip, "the capture holds no request that shows a client's clock")
		return
	case j.c.NoTimes:
		j.say(run.Skip, "the capture has packets without times")
		return
	}
	j.say(run.Pass, "the time in every request is within four hours of the capture's clock")
	if len(j.t.far) == 0 {
		return
	}
	j.say(run.Warn, "%s differ from the capture's clock by more than four hours", plural(int64(len(j.t.far)), "client clock"))
	for _, f := range j.t.far {
		direction := "behind"
		if f.off > 0 {
			direction = "ahead of"
		}
		o := packets(f.file, f.request)
		j.note("clock-offset", run.Warn, "%s (%s): %s %s the capture's clock (%s)", f.client.Addr(), evidence.Clean(f.name),
			f.off.Abs().Round(time.Second), direction, j.originText(o))
		set.Clocks = append(set.Clocks, evidence.ClockSample{
			Origin: o, Of: "client " + f.client.Addr().String(), Than: "the capture's clock", Method: "client time in the request", Offset: f.off,
		})
	}
	j.result.Evidence = evidence.Set{Clocks: set.Clocks}
}

func (j *judge) protocol() {
	switch {
	case j.t.firsts+j.t.renewals == 0:
		j.say(run.Skip, "the capture holds no request")
	case j.t.oldVersion == 0:
		j.say(run.Pass, "every product asks in its own version")
	default:
		o := j.t.oldest
		j.say(run.Warn, "%s in an older version than the product's own, such as %s in %s instead of %d.0 (packet %d%s)",
			plural(j.t.oldVersion, "request"), o.product, o.version, o.wanted, o.packet, j.of(o.file))
	}
}

// identity judges what hosts show of themselves.
func (j *judge) identity() {
	shown := 0
	for _, h := range j.t.hostOrder {
		if len(h.EPIDs) == 0 {
			continue
		}
		shown++
		j.identityOf(h)
	}
	switch {
	case shown == 0:
		j.say(run.Skip, "no host showed an identity")
	case j.result.Status == run.Pass:
		j.say(run.Pass, "%s showed one identity each", plural(int64(shown), "host"))
	default:
		j.result.Summary = "hosts with a remarkable identity"
	}
}

func (j *judge) identityOf(h *Host) {
	var keys []string
	for _, k := range h.EPIDs {
		if k.Key != "" && !slices.Contains(keys, k.Key) {
			keys = append(keys, k.Key)
		}
	}
	for _, key := range keys {
		epids, hwids := map[string]int64{}, map[string]bool{}
		var at []string
		for _, k := range h.EPIDs {
			if k.Key != key {
				continue
			}
			if epids[k.EPID] == 0 {
				epids[k.EPID] = k.Packet
				at = append(at, fmt.Sprint(k.Packet)+j.of(k.File))
			}
			if k.HwID != "" {
				hwids[k.HwID] = true
			}
		}
		if len(epids) > 1 || len(hwids) > 1 {
			j.note("several-identities", run.Warn, "%s showed %s and %s for one application (packets %s)", j.hostName(h),
				plural(int64(len(epids)), "ePID"), plural(int64(len(hwids)), "hardware id"), strings.Join(at, ", "))
		}
	}
	var signs []string
	for _, s := range h.Signs {
		signs = append(signs, fmt.Sprintf("%s (packet %d%s)", s.Text, s.Packet, j.of(s.File)))
	}
	for _, k := range h.EPIDs {
		e, err := kms.ParseEPID(k.EPID)
		if err != nil {
			signs = append(signs, fmt.Sprintf("its ePID has not the form of one (packet %d%s)", k.Packet, j.of(k.File)))
			continue
		}
		if id := catalog.JudgeEPID(e, stamp(j.c.LastTime)); len(id.Contradictions) > 0 && j.c.LastTime != 0 {
			signs = append(signs, fmt.Sprintf("its ePID contradicts itself: %s (packet %d%s)", id.Contradictions[0].Text, k.Packet, j.of(k.File)))
		}
	}
	switch {
	case len(signs) > 1:
		j.note("emulator-signs", run.Warn, "%s may be an emulator: %s", j.hostName(h), some(signs))
	case len(signs) == 1:
		j.note("emulator-sign", run.Pass, "%s: %s; one sign alone proves nothing", j.hostName(h), signs[0])
	}
}
