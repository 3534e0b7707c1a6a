package capture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

func (j *judge) clones() {
	if len(j.t.clients) == 0 {
		j.say(run.Skip, "the capture holds no client id")
		return
	}
	j.say(run.Pass, "%s, each of one machine", plural(int64(len(j.t.clients)), "client id"))
	if j.t.moreClients > 0 {
		j.note("inventory-full", run.Pass, "only the first %d client ids were followed; %s came from others", maxClients, plural(j.t.moreClients, "request"))
	}
	certain := 0
	for _, c := range j.t.cloned {
		if c.CMID == kms.ProbeCMID {
			continue
		}
		var names []string
		for _, m := range c.Machines {
			names = append(names, fmt.Sprintf("%s %s (packet %d)", evidence.Clean(m.Name), m.Address, m.Packet))
		}
		if c.Cloned() {
			certain++
			j.note("cloned-id", run.Warn, "%s is used by %d machines: %s", c.CMID, c.Clones, strings.Join(names, ", "))
		} else {
			j.note("moved-id", run.Pass, "%s was used at one name and address, then at others: %s; a renamed machine that moved does that, and so does a clone", c.CMID, strings.Join(names, ", "))
		}
	}
	if certain > 0 {
		j.result.Summary = fmt.Sprintf("%s used by more than one machine: a host counts each id once", plural(int64(certain), "client id"))
	}
}

func (j *judge) ids() {
	if len(j.t.machines) == 0 {
		j.say(run.Skip, "the capture holds no machine name")
		return
	}
	j.say(run.Pass, "%s with one id each", plural(int64(len(j.t.machines)), "machine"))
	if len(j.t.changes) == 0 {
		return
	}
	j.say(run.Warn, "%s with several client ids: each inflates a host's count", plural(int64(len(j.t.changes)), "machine"))
	for _, m := range j.t.changes {
		var at []string
		for _, id := range m.ids {
			at = append(at, fmt.Sprint(id.packet))
		}
		j.note("several-ids", run.Warn, "%s %s used %d ids or more (packets %s%s)", evidence.Clean(m.name), m.addr, len(m.ids), strings.Join(at, ", "), j.of(m.file))
	}
}

// hosts judges which hosts clients ask.
func (j *judge) hosts() {
	if len(j.t.hostOrder) == 0 {
		j.say(run.Skip, "the capture holds no KMS host")
		return
	}
	served := 0
	var each []string
	for _, h := range j.t.hostOrder {
		if h.Requests > 0 {
			served++
			text := fmt.Sprintf("%s %s", j.hostName(h), plural(int64(h.Clients), "client"))
			if h.Clients == maxHostClients {
				text += " or more"
			}
			each = append(each, text)
		}
	}
	j.say(run.Pass, "%s asked: %s", plural(int64(served), "host"), some(each))
	if n := len(j.t.hostOrder) - served; n > 0 {
		j.result.Summary += fmt.Sprintf("; %d more tried without a request", n)
	}
	if len(each) == 0 {
		j.result.Summary = plural(int64(len(j.t.hostOrder)), "host") + " tried, none asked"
	}
	if served > 1 && j.t.low > 0 {
		j.note("spread-clients", run.Warn, "clients are spread over %d hosts, each of which counts only those that ask it; with one host the count would be reached sooner", served)
	} else if served > 1 {
		j.note("spread-clients", run.Pass, "clients are spread over %d hosts, each of which counts only those that ask it", served)
	}
	if j.t.answeredSRV {
		for _, h := range j.t.hostOrder {
			if !j.published(h) {
				j.note("unpublished-host", run.Warn, "%s was asked, but no SRV answer in the capture names it (%s)", j.hostName(h), j.hostPackets(h))
			}
		}
	}
	if n := len(j.t.wandering); n > 0 {
		j.note("wandering-clients", run.Pass, "%s asked more than one host, such as %s (packet %d)",
			plural(int64(n), "client"), j.t.firstWanderer.addr, j.t.firstWanderer.packet)
	}
}

// published tells whether an SRV answer leads to a host.
func (j *judge) published(h *Host) bool {
	for _, n := range j.t.names[h.Address.Addr()] {
		if p, ok := j.t.published[strings.ToLower(n)]; ok && p.record.Port == h.Address.Port() {
			return true
		}
	}
	// A target whose address was looked up before the capture began may be this
	// host: only if every target's address is known is the host unpublished.
	for target := range j.t.published {
		known := false
		for _, names := range j.t.names {
			known = known || containsFold(names, target)
		}
		if !known {
			return true
		}
	}
	return false
}

func (j *judge) hostPackets(h *Host) string {
	for _, d := range j.t.samples.set.Dials {
		if d.Address == h.Address {
			return j.originText(d.Origin)
		}
	}
	return "packets unknown"
}

// stormy returns the clients that asked far too often, by their first packet.
func (t *tally) stormy() []*Client {
	var out []*Client
	for _, c := range t.clients {
		if c.worst+1 >= stormSize && c.CMID != kms.ProbeCMID {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *Client) int { return cmp.Compare(a.start(), b.start()) })
	return out
}

// rhythm tells renewals from first activations and finds storms of retries.
func (j *judge) rhythm() {
	if j.t.firsts+j.t.renewals == 0 {
		j.say(run.Skip, "the capture holds no request")
		return
	}
	j.say(run.Pass, "%s of clients that are not activated, %s", plural(j.t.firsts, "request"), plural(j.t.renewals, "renewal"))
	storms := 0
	for _, c := range j.t.stormy() {
		storms++
		if len(j.result.Notes) < maxNotes {
			j.note("retry-storm", run.Warn, "%s asked %d times with less than ten minutes between (packets %d to %d); Windows tries again every two hours",
				evidence.Clean(c.Name()), c.worst+1, c.stormSpan.First, c.stormSpan.Last)
		}
	}
	if storms > 0 {
		j.result.Summary += fmt.Sprintf("; %s of retries", plural(int64(storms), "storm"))
	}
}
