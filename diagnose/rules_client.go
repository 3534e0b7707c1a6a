package diagnose

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
)

var clientRules = []rule{
	{"client-wrong-kms-pinned", wrongPin},
	{"client-pinned-loopback-or-public", loopbackPin},
	{"client-sppsvc-permissions", servicePermissions},
	{"client-token-store-corrupt", none},
	{"not-elevated", none},
	{"client-licensing-service-stopped", clientServiceStopped},
	{"hardware-out-of-tolerance", none},
	{"client-renewal-not-running", renewalNotRunning},
	{"client-activation-type-restricted", typeRestricted},
	{"rearm-exhausted", rearmExhausted},
}

// none is the rule of a cause that only a status code or a statement shows.
func none(*clues) []judgement { return nil }

// pin is a KMS host that a client holds fast.
type pin struct {
	host    string
	setBy   string
	from    evidence.Origin
	license *evidence.License // the words that name it
}

// pins are the hosts that clients were set to, from /dlv, ospp and events.
func (c *clues) pins() []pin {
	var out []pin
	for i := range c.set.Licenses {
		if l := &c.set.Licenses[i]; l.RegisteredHost != "" {
			out = append(out, pin{hostOnly(l.RegisteredHost), l.HostSetBy, l.Origin, l})
		}
	}
	return out
}

func hostOnly(s string) string {
	if h, _, err := net.SplitHostPort(s); err == nil {
		return h
	}
	return strings.Trim(s, "[]")
}

// wrongPin: a pin is wrong only if SRV names other hosts or the pinned one
// fails. The pins of cloud images are right.
func wrongPin(c *clues) []judgement {
	srv := c.srvHosts()
	for _, p := range c.pins() {
		if _, cloud := catalog.CloudKMS(p.host); cloud {
			continue
		}
		if isLoopbackName(p.host) || slices.ContainsFunc(srv, func(h *host) bool { return sameMachine(h.name, p.host) }) {
			continue
		}
		because := []Finding{{"the client is set to " + evidence.Clean(p.host) + setBy(p.setBy), p.from}}
		h := c.byHost[hostKey(p.host)]
		dead := h != nil && len(h.ends) > 0 && !slices.ContainsFunc(h.ends, (*endpoint).open)
		j := judgement{
			verdict: Possible, score: atEvidence, code: 0xC004F074, subjects: []string{evidence.Clean(p.host)},
			because: because, values: values{{"host": p.host}}, when: "windows",
		}
		if ofOffice(p.license) {
			j.when = "office"
		}
		switch {
		case len(srv) > 0:
			j.verdict, j.score = Found, atStrong
			j.because = append(j.because, srv[0].srvFinding())
			j.values[0]["target"] = srv[0].name
		case dead:
			j.verdict, j.score = Found, atEvidence+4
		case c.pinServes(p):
			continue
		case p.license.Status != nil && c.anyLicensed():
			j.score = atEvidence - 8
			j.because = append(j.because, notActivated(p.license))
		}
		return one(j)
	}
	for i := range c.set.ClientRequests {
		r := &c.set.ClientRequests[i]
		asked := hostOnly(r.Host)
		if asked == "" || r.HRESULT == 0 || len(srv) == 0 || isLoopbackName(asked) {
			continue
		}
		if _, cloud := catalog.CloudKMS(asked); cloud || slices.ContainsFunc(srv, func(h *host) bool { return sameMachine(h.name, asked) }) {
			continue
		}
		return one(judgement{
			verdict: Found, score: atStrong, code: 0xC004F074, subjects: []string{evidence.Clean(asked)},
			values:  values{{"host": asked, "target": srv[0].name}},
			when:    "windows",
			because: []Finding{{"event 12288: the client asked " + evidence.Clean(asked), r.Origin}, srv[0].srvFinding()},
		})
	}
	return nil
}

// pinServes tells whether a licence was granted that may stem from the host of a
// pin: that of the licence which is pinned to it, or of one that names the same
// host. Words without a state speak of the whole machine.
func (c *clues) pinServes(p pin) bool {
	if p.license.Status == nil {
		return c.anyLicensed()
	}
	return slices.ContainsFunc(c.set.Licenses, func(l evidence.License) bool {
		return licensed(l) && (sameMachine(hostOnly(l.RegisteredHost), p.host) || sameMachine(hostOnly(l.DNSHost), p.host))
	})
}

func setBy(who string) string {
	if who == "" {
		return ""
	}
	return ", by " + evidence.Clean(who)
}

// loopbackPin finds what activation tools leave behind: a pin to the machine
// itself or to a public address that is no cloud's KMS.
func loopbackPin(c *clues) []judgement {
	for _, p := range c.pins() {
		addr, err := netip.ParseAddr(p.host)
		_, cloud := catalog.CloudKMS(p.host)
		public := err == nil && !cloud && addr.IsGlobalUnicast() && !addr.IsPrivate() && !isSynthetic(addr)
		if !isLoopbackName(p.host) && !public {
			continue
		}
		score := atEvidence + 8
		if isLoopbackName(p.host) {
			score = atStrong
		}
		return one(judgement{
			verdict: Found, score: score, subjects: []string{evidence.Clean(p.host)}, values: values{{"host": p.host}},
			because: []Finding{{"the client is set to " + evidence.Clean(p.host) + setBy(p.setBy), p.from}},
		})
	}
	return nil
}

// servicePermissions: a command that only reads and still fails is not about
// the network.
func servicePermissions(c *clues) []judgement {
	for i := range c.set.Actions {
		a := &c.set.Actions[i]
		if (a.Command == "/dlv" || a.Command == "/dli") && !a.Success && (a.Code == 0x80070005 || a.Code == 0x8007000D) {
			return one(judgement{verdict: Found, score: atStrong, code: a.Code, because: []Finding{{
				fmt.Sprintf("%s, which only reads, fails with 0x%08X", a.Command, a.Code), a.Origin,
			}}})
		}
	}
	for i := range c.set.LogEvents {
		if e := &c.set.LogEvents[i]; e.ID == 8229 && e.Code == 0x80070005 {
			return one(judgement{
				verdict: Found, score: atStrong, code: e.Code,
				because: []Finding{{"event 8229: the licensing service may not start its own program, 0x80070005", e.Origin}},
			})
		}
	}
	return nil
}

// clientServiceStopped: sppsvc stops by itself on clients, so only a disabled
// service is a fault.
func clientServiceStopped(c *clues) []judgement {
	for i := range c.set.Services {
		s := &c.set.Services[i]
		name := strings.ToLower(s.Name)
		if (name == "sppsvc" || name == "osppsvc") && s.Where != "host" && s.Start == "disabled" {
			return one(judgement{
				verdict: Found, score: atStrong, code: 0x80070422,
				because: []Finding{{evidence.Clean(s.Name) + " is disabled on the client", s.Origin}},
			})
		}
	}
	return nil
}

func renewalNotRunning(c *clues) []judgement {
	for i := range c.set.LogEvents {
		if e := &c.set.LogEvents[i]; e.ID == 16385 {
			return one(judgement{verdict: Possible, score: atEvidence, because: []Finding{{
				"event 16385: the licensing service could not schedule its restart", e.Origin,
			}}})
		}
	}
	l := c.aged()
	if l == nil || c.telling() {
		return nil
	}
	return one(judgement{verdict: Possible, score: atEvidence - 10, because: []Finding{{
		fmt.Sprintf("licensed with %d days left: a client that renews every 7 days stays above 170", *l.MinutesLeft/(24*60)), l.Origin,
	}}})
}

// aged returns a licence that KMS granted and that was not renewed for more than
// a week and some grace.
func (c *clues) aged() *evidence.License {
	const stale = 170 * 24 * 60 // minutes
	for i := range c.set.Licenses {
		l := &c.set.Licenses[i]
		if l.Channel == "GVLK" && licensed(*l) && l.MinutesLeft != nil && *l.MinutesLeft > 0 && *l.MinutesLeft < stale {
			return l
		}
	}
	return nil
}

func typeRestricted(c *clues) []judgement {
	for i := range c.set.Licenses {
		l := &c.set.Licenses[i]
		switch strings.ToUpper(l.TypeSetting) {
		case "AD", "TOKEN":
			if !licensed(*l) {
				return one(judgement{verdict: Found, score: atStrong, because: []Finding{{
					"the client may only use activation type " + evidence.Clean(l.TypeSetting), l.Origin,
				}}})
			}
		case "ALL", "KMS":
			return pass(Finding{"the configured activation type allows KMS", l.Origin})
		}
	}
	return nil
}

func rearmExhausted(c *clues) []judgement {
	for i := range c.set.Licenses {
		if l := &c.set.Licenses[i]; l.Rearms != nil && *l.Rearms == 0 && !licensed(*l) {
			return one(judgement{
				verdict: Possible, score: atEvidence - 12, code: 0xC004D307,
				because: []Finding{{"no rearm is left", l.Origin}},
			})
		}
	}
	return nil
}

// says tells whether somebody made a statement.
func (c *clues) says(id string) bool {
	return slices.ContainsFunc(c.set.Statements, func(s evidence.Statement) bool { return s.ID == id })
}

func (c *clues) anyLicensed() bool { return slices.ContainsFunc(c.set.Licenses, licensed) }
