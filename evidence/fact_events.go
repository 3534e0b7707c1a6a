package evidence

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// eventFacts says what log entries hold, the fields of the KMS events by name.
func (s *Set) eventFacts(add addFact) {
	for _, e := range s.ClientRequests {
		add(e.Origin, "event 12288: "+fields(e.Fields()))
	}
	for _, e := range s.ClientAnswers {
		add(e.Origin, "event 12289: "+fields(e.Fields()))
	}
	for _, e := range s.HostRequests {
		add(e.Origin, "event 12290: "+fields(e.Fields()), when(e.Repeats > 0, fmt.Sprintf("%d more of the same", e.Repeats)))
	}
	for _, l := range s.HostLogs {
		add(l.Origin, fmt.Sprintf("host log: %d requests of %d clients", l.Requests, l.CMIDs),
			when(l.Shared > 0, fmt.Sprintf("%d client ids with several machine names", l.Shared)))
	}
	for _, e := range s.LogEvents {
		add(e.Origin, "event "+strconv.Itoa(e.ID), when(e.Code != 0, fmt.Sprintf("0x%08X", e.Code)), say("trigger", e.Trigger))
	}
}

func fields(list []Field) string {
	var parts []string
	for _, f := range list {
		if f.Value == "" {
			continue
		}
		text := f.Name + " " + Clean(f.Value)
		if f.Unit != "" {
			text += " (" + f.Unit + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// networkFacts says what was seen of DNS, connections and answers.
func (s *Set) networkFacts(add addFact) {
	for _, a := range s.SRV {
		var targets []string
		for _, r := range a.Records {
			targets = append(targets, fmt.Sprintf("%s:%d", Clean(r.Target), r.Port))
		}
		add(a.Origin, "SRV "+Clean(a.Name)+": "+a.Outcome.Words(), strings.Join(targets, " "), a.Outcome.By(a.Resolver), Clean(a.Detail))
	}
	for _, a := range s.Addresses {
		var list []string
		for _, ip := range a.Addresses {
			list = append(list, ip.String())
		}
		add(a.Origin, "address of "+Clean(a.Host)+": "+a.Outcome.Words(), strings.Join(list, " "), a.Outcome.By(a.Resolver), when(a.HostsFile, "from the hosts file"))
	}
	for _, d := range s.Dials {
		add(d.Origin, "TCP to "+place(d.Host, d.Address, d.Port)+" "+string(d.Outcome))
	}
	for _, p := range s.Pings {
		add(p.Origin, "ping of "+Clean(p.Host)+when(p.Answered, " answered")+when(!p.Answered, " unanswered"))
	}
	for _, b := range s.Binds {
		add(b.Origin, "RPC bind to "+place(b.Host, b.Address, 0)+" "+string(b.Outcome), Clean(b.Syntax), say("looks like", b.LooksLike), Clean(b.Detail))
	}
	for _, x := range s.Exchanges {
		add(x.Origin, "KMS request to "+place(x.Host, x.Address, 0)+" "+string(x.Outcome), say("for", x.Product), say("version", x.Version),
			when(x.HRESULT != 0, fmt.Sprintf("0x%08X", x.HRESULT)), when(x.Count != 0, fmt.Sprintf("count %d", x.Count)), say("ePID", x.EPID), Clean(x.Detail))
	}
	for _, c := range s.Clocks {
		add(c.Origin, fmt.Sprintf("the clock of %s is %s from that of %s", Clean(c.Of), c.Offset.Round(10*time.Millisecond), Clean(c.Than)), say("by", c.Method))
	}
}

// place names a peer by name and address, whichever is known.
func place(host string, address netip.AddrPort, port uint16) string {
	switch {
	case address.IsValid() && host != "" && host != address.Addr().String():
		return Clean(host) + " " + address.String()
	case address.IsValid():
		return address.String()
	case port != 0:
		return Clean(host) + ":" + strconv.Itoa(int(port))
	}
	return Clean(host)
}
