package evidence

import (
	"fmt"
	"strconv"
	"strings"
)

// windowsFacts says what Windows and its tools print about licences, services
// and the machine.
func (s *Set) windowsFacts(add addFact) {
	for _, l := range s.Licenses {
		add(l.Origin, l.fact()...)
	}
	for _, h := range s.Hosts {
		add(h.Origin, h.fact()...)
	}
	for _, c := range s.Codes {
		add(c.Origin, fmt.Sprintf("code 0x%08X", c.Code), say("from", c.Context), say("of", c.Product))
	}
	for _, a := range s.Actions {
		result := "failed"
		if a.Success {
			result = "succeeded"
		}
		add(a.Origin, Clean(a.Command)+" "+result, when(a.Code != 0, fmt.Sprintf("0x%08X", a.Code)), say("for", a.Product))
	}
	for _, v := range s.Services {
		add(v.Origin, "service "+Clean(v.Name)+when(v.Where != "", " on the "+v.Where), v.State, say("start type", v.Start))
	}
	for _, m := range s.Systems {
		add(m.Origin, m.fact()...)
	}
	for _, a := range s.Adapters {
		add(a.Origin, strings.TrimSpace("adapter "+Clean(a.Name)), say("suffix", a.Suffix), say("address", strings.Join(a.Addresses, " ")),
			say("gateway", strings.Join(a.Gateways, " ")), say("DNS servers", strings.Join(a.Servers, " ")), when(a.NoServers, "no DNS servers"))
	}
	for _, r := range s.Routes {
		gateway := "on-link"
		if r.Gateway != "" {
			gateway = "by " + Clean(r.Gateway)
		}
		add(r.Origin, "route to "+Clean(r.Destination)+" "+gateway, when(r.Persistent, "persistent"))
	}
	for _, p := range s.Statements {
		add(p.Origin, "said: "+strings.ReplaceAll(p.ID, "-", " "), Clean(p.Value))
	}
}

func (l License) fact() []string {
	name := Clean(l.Name)
	if name == "" {
		name = "a licence"
	}
	status := ""
	if l.Status != nil {
		status = LicenseStatusName(*l.Status)
	}
	left := ""
	if l.MinutesLeft != nil {
		left = fmt.Sprintf("%d minutes left", *l.MinutesLeft)
	}
	rearms := ""
	if l.Rearms != nil {
		rearms = strconv.Itoa(*l.Rearms) + " rearms left"
	}
	return []string{
		l.Tool + ": " + name, say("channel", l.Channel), say("key", l.PartialKey), status,
		when(l.Reason != 0, fmt.Sprintf("reason 0x%08X", l.Reason)), left, say("until", l.EndDate), when(l.Permanent, "permanently activated"),
		say("CMID", l.CMID), say("host set by hand", l.RegisteredHost), say("host from DNS", l.DNSHost),
		when(l.DiscoveryFailed, "no host found in DNS"), say("host address", l.HostAddress), say("lookup domain", l.LookupDomain),
		say("activation type", l.TypeSetting), say("activated by", l.ActivatedBy), say("AD object", l.ADObject), rearms,
		when(l.NotInUse, "not in use"),
	}
}

func (h HostStatus) fact() []string {
	state := "KMS host: not enabled"
	if h.Enabled {
		state = "KMS host: enabled"
	}
	count := ""
	if h.Count != nil {
		count = fmt.Sprintf("count %d", *h.Count)
	}
	licensed := ""
	if h.Licensed != nil {
		licensed = "host key not activated"
		if *h.Licensed {
			licensed = "host key activated"
		}
	}
	failed := ""
	if h.Failed != nil {
		failed = fmt.Sprintf("%d failed requests", *h.Failed)
	}
	return []string{
		state, Clean(h.Product), licensed, count, when(h.Port != 0, "port "+strconv.Itoa(h.Port)),
		say("DNS publishing", h.Publishing), failed,
	}
}

func (m System) fact() []string {
	build := ""
	if m.Build != 0 {
		build = "build " + strconv.Itoa(m.Build)
		if m.Revision != 0 {
			build += "." + strconv.Itoa(m.Revision)
		}
	}
	joined := func(what string, p *bool) string {
		switch {
		case p == nil:
			return ""
		case *p:
			return what
		}
		return "not " + what
	}
	return []string{
		"machine" + when(m.Name != "", " "+Clean(m.Name)), Clean(m.Product), say("edition", m.Edition), build, say("domain", m.Domain),
		joined("domain-joined", m.DomainJoined), joined("Entra-joined", m.AzureADJoined), say("in cloud", m.Cloud),
		say("network profile", m.Profile), when(m.Workgroup, "in a workgroup"), when(m.NoPrimarySuffix, "no primary DNS suffix"),
		say("search list", strings.Join(m.SearchList, " ")),
	}
}
