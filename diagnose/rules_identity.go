package diagnose

import (
	"fmt"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// lbSplits compares the identities that one address showed on different
// connections: a host has one ePID and one hardware id.
func lbSplits(c *clues) []judgement {
	var js []judgement
	repeated := false
	for _, e := range c.ends {
		keys := map[string]*identities{}
		var order []*identities
		for _, x := range e.exchanges {
			if !identified(x) || x.CountedID == "" && x.ActivationID == "" {
				continue
			}
			k := keys[counter(x)]
			if k == nil {
				k = &identities{epids: map[string]bool{}, hwids: map[string]bool{}}
				keys[counter(x)] = k
				order = append(order, k)
			}
			repeated = repeated || len(k.epids) > 0
			k.see(x)
		}
		for _, k := range order {
			if len(k.epids) > 1 || len(k.hwids) > 1 {
				js = append(js, c.split(e, k))
				break
			}
		}
	}
	if len(js) == 0 && repeated {
		return pass(Finding{"each address showed one ePID on every connection", c.ends[0].origin()})
	}
	return js
}

// identities are what an address showed for one host key: Windows and each
// generation of Office have keys, and so ePIDs, of their own.
type identities struct {
	epids, hwids map[string]bool
	low          bool
	last         evidence.Origin
}

func (k *identities) see(x *evidence.Exchange) {
	k.epids[x.EPID] = true
	if x.HwID != "" {
		k.hwids[x.HwID] = true
	}
	k.low = k.low || x.Outcome == evidence.Served && tooLow(x)
	k.last = x.Origin
}

func (c *clues) split(e *endpoint, k *identities) judgement {
	j := c.judge(Possible, atEvidence+3, 0, []*endpoint{e}, Finding{
		fmt.Sprintf("%s showed %s and %s on different connections", e.name(), plural(len(k.epids), "ePID"), plural(len(k.hwids), "hardware id")), k.last,
	})
	if len(k.hwids) > 1 && len(k.epids) > 1 {
		j.verdict, j.score = Found, atStrong
	}
	if k.low {
		j.code = countLow
	}
	return j
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
