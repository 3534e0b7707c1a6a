package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// lookupText says a look-up in a few words.
func lookupText(l *capture.Lookup, m *mask) string {
	switch l.Outcome {
	case evidence.DNSAnswered:
		var targets []string
		for _, r := range l.SRV {
			targets = append(targets, fmt.Sprintf("%s:%d", evidence.Clean(m.host(r.Target)), r.Port))
			if len(targets) == 4 {
				break
			}
		}
		return "asked DNS (" + strings.Join(targets, ", ") + ")"
	case evidence.DNSNoName, evidence.DNSNoData:
		return "asked DNS for " + evidence.Clean(m.host(l.Name)) + " (no record)"
	}
	return "asked DNS for " + evidence.Clean(m.host(l.Name)) + " (" + string(l.Outcome) + ")"
}

// attemptText says how a connection and its bind went.
func attemptText(c *capture.Connection) string {
	if text := c.Trouble(); text != "" {
		return text
	}
	if !c.HasBind {
		switch {
		case c.Exchanges > 0:
			return "bind not captured"
		case c.Truncated > 0:
			return "cut by the snap length"
		}
		return "connected"
	}
	if len(c.Bind.Syntaxes()) == 0 {
		return "connected"
	}
	var list []string
	for _, s := range c.Bind.Syntaxes() {
		if len(list) == 0 || list[len(list)-1] != s.String() {
			list = append(list, s.String())
		}
	}
	return "bound " + strings.Join(list, " and ")
}

// call is what a sentence says of an exchange; the names are those of its line.
type call struct {
	Number  int64    `json:"i"`
	Conn    int64    `json:"conn"`
	Asked   float64  `json:"t_request"` // seconds since 1970
	Came    float64  `json:"t_response"`
	Outcome string   `json:"outcome"`
	HRESULT string   `json:"hresult"`
	Fault   string   `json:"fault"`
	Version string   `json:"version"`
	SKU     string   `json:"sku_id"`
	Counted string   `json:"kms_id"`
	Needed  uint32   `json:"n_policy"`
	Count   uint32   `json:"count"`
	Failed  []string `json:"failed_checks"`
	Ended   string   `json:"host_ended"`
}

// callOf takes from an exchange what a sentence needs.
func callOf(x *capture.Exchange) call {
	c := call{Number: x.Number, Conn: x.Conn, Asked: float64(x.Requested) / 1e9, Came: float64(x.Answered) / 1e9, Outcome: x.Outcome.String()}
	if x.HasHRESULT() {
		c.HRESULT = hresult(x.HRESULT)
	}
	if x.Outcome == capture.Faulted {
		c.Fault = hresult(x.Fault)
	}
	if x.Req != nil && x.Req.Decoded {
		c.Version, c.SKU, c.Counted, c.Needed = x.Req.Outer.String(), x.Req.SKUID.String(), x.Req.CountedID.String(), x.Req.NPolicy
	}
	if x.Resp != nil && x.Resp.Decoded {
		c.Count = x.Resp.Count
	}
	for _, id := range x.FailedChecks {
		c.Failed = append(c.Failed, string(id))
	}
	c.Ended = ended(x)
	return c
}

func callText(x *capture.Exchange) string { return callOf(x).text() }

// text says an exchange in a few words, with the code a Windows client would
// show.
func (c call) text() string {
	ask := "asked"
	if p := productNamed(c.SKU, c.Counted); p != "" {
		ask = fmt.Sprintf("asked for %s in %s", p, c.Version)
	}
	switch c.Outcome {
	case capture.OK.String():
		if c.Count < c.Needed {
			return fmt.Sprintf("%s, count %d of %d, will show 0xC004F038", ask, c.Count, c.Needed)
		}
		return fmt.Sprintf("%s, count %d, accepted", ask, c.Count)
	case capture.Refused.String():
		return ask + ", refused with " + named(c.HRESULT, func(n uint32) string { return kms.HRESULT(n).String() })
	case capture.Faulted.String():
		return ask + ", RPC fault " + named(c.Fault, func(n uint32) string { return dcerpc.FaultStatus(n).String() })
	case capture.Invalid.String():
		return ask + ", answer fails " + strings.Join(c.Failed, " and ")
	case capture.ResponseOnly.String():
		return "an answer without its request"
	}
	switch c.Ended {
	case "reset":
		return ask + ", the host reset the connection"
	case "closed":
		return ask + ", the host closed the connection"
	case "not captured":
		return ask + ", answers were not captured"
	case "capture ended":
		return ask + ", still open when the capture ended"
	}
	return ask + ", no answer"
}

// ended says why a request has no answer, if the capture shows it.
func ended(x *capture.Exchange) string {
	switch {
	case x.Ended == capture.Reset:
		return "reset"
	case x.Ended == capture.Closed:
		return "closed"
	case x.OneSided:
		return "not captured"
	case x.CutOff:
		return "capture ended"
	}
	return ""
}

// took is the time from request to answer; 0 where either is missing.
func (c call) took() time.Duration {
	if c.Asked == 0 || c.Came == 0 {
		return 0
	}
	return time.Duration((c.Came - c.Asked) * 1e9)
}

// named says a code that is written as hex digits.
func named(code string, name func(uint32) string) string {
	n, err := strconv.ParseUint(strings.TrimPrefix(code, "0x"), 16, 32)
	if err != nil {
		return code
	}
	return name(uint32(n))
}

const wideHead = "     # time (UTC)                 client                host                  outcome           count/N  ver  syntax       ms  workstation / product / packets"

// wideRow is one exchange on one line.
func wideRow(x *capture.Exchange, m *mask) string {
	at := max(x.Requested, x.Answered*b2i(x.Requested == 0))
	outcome, count, version, name := x.Outcome.String(), "-", "-", "-"
	switch x.Outcome {
	case capture.Refused:
		outcome = hresult(x.HRESULT)
	case capture.Faulted:
		outcome = "fault " + hresult(x.Fault)
	}
	if x.Req != nil && x.Req.Decoded {
		version, name = x.Req.Outer.String(), m.shown(x.Req.Workstation)
		count = fmt.Sprintf("-/%d", x.Req.NPolicy)
		if x.Resp != nil && x.Resp.Decoded {
			count = fmt.Sprintf("%d/%d", x.Resp.Count, x.Req.NPolicy)
		}
	}
	ms := "-"
	if x.Requested > 0 && x.Answered >= x.Requested {
		ms = fmt.Sprintf("%.3f", float64(x.Answered-x.Requested)/1e6)
	}
	return fmt.Sprintf("%6d %s %s %s %s %8s %4s %7s %8s  %s / %s / %d-%d", x.Number, time.Unix(0, at).UTC().Format("2006-01-02 15:04:05.000000"),
		pad(m.addrPort(x.Client).String(), 21), pad(m.addrPort(x.Host).String(), 21), pad(outcome, 17), count, version, x.Syntax, ms,
		name, productOf(x), max(x.Request.First, x.Answer.First*b2i(x.Request.First == 0)), max(x.Request.Last, x.Answer.Last))
}
