package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// The rules about the key on a client: a machine whose licence is of another
// channel is no KMS client, whatever the network says.
var clientKeyRules = []rule{
	{"client-no-or-wrong-gvlk", noOrWrongGVLK},
	{"client-retail-or-oem-channel", retailOrOEM},
	{"client-mak-channel", makChannel},
	{"client-avma-key", avmaKey},
	{"csvlk-on-clients", csvlkOnClients},
	{"csvlk-activation-limit", none},
	{"csvlk-wrong-host-os", none},
	{"key-typo-or-format", none},
	{"client-bios-not-qualifying", notQualifying},
}

var keyRules = slices.Concat(hostKeyRules, clientKeyRules)

// ofWindows tells a licence of Windows from one of Office.
func ofWindows(l *evidence.License) bool {
	if l.ApplicationID != "" {
		return strings.EqualFold(l.ApplicationID, catalog.WindowsAppID)
	}
	return l.Tool != "ospp" && !strings.Contains(strings.ToLower(l.Name), "office")
}

// inUse returns licences with a key, apart from extended-security-update and
// other side entries.
func (c *clues) inUse(is func(*evidence.License) bool) []*evidence.License {
	var out []*evidence.License
	for i := range c.set.Licenses {
		l := &c.set.Licenses[i]
		if !l.NotInUse && !isESU(l) && is(l) {
			out = append(out, l)
		}
	}
	return out
}

func isESU(l *evidence.License) bool {
	text := strings.ToUpper(l.Name + " " + l.Description)
	return strings.Contains(text, "ESU") || strings.Contains(text, "EXTENDED SECURITY")
}

// sideEntry tells whether a licence is one that nobody needs on this machine: its
// codes say nothing of the licence that counts.
func (c *clues) sideEntry(l *evidence.License) bool {
	switch {
	case isESU(l):
		return c.windowsWorks
	case ofOffice(l) && l.Channel != "GVLK":
		return c.officeWorks
	}
	return false
}

// findWorking notes whether a volume licence of Windows, and one of Office, is
// activated.
func (c *clues) findWorking() {
	for i := range c.set.Licenses {
		l := &c.set.Licenses[i]
		if l.NotInUse || l.Channel != "GVLK" || !licensed(*l) || isESU(l) {
			continue
		}
		if ofOffice(l) {
			c.officeWorks = true
		} else {
			c.windowsWorks = true
		}
	}
}

// channelFinding says which channel a licence is of.
func channelFinding(l *evidence.License) Finding {
	return Finding{fmt.Sprintf("%s is licensed through channel %s", firstOf(evidence.Clean(l.Name), "Windows"), evidence.Clean(firstOf(l.RawChannel, l.Channel))), l.Origin}
}

// ofChannel finds a Windows licence of one of the channels. On a machine that
// has a volume licence in use as well, it is a side entry.
func (c *clues) ofChannel(channels ...string) *evidence.License {
	windows := c.inUse(ofWindows)
	if slices.ContainsFunc(windows, func(l *evidence.License) bool { return l.Channel == "GVLK" }) {
		return nil
	}
	if i := slices.IndexFunc(windows, func(l *evidence.License) bool { return slices.Contains(channels, l.Channel) }); i >= 0 {
		return windows[i]
	}
	return nil
}

// gvlk returns the generic key of the edition that the evidence names, as the
// value of a page's placeholder; none where no name fits exactly.
func (c *clues) gvlk() values {
	for i := range c.set.Systems {
		name := strings.TrimPrefix(c.set.Systems[i].Product, "Microsoft ")
		for _, g := range catalog.GVLKsByName(name) {
			if strings.EqualFold(g.Name(), name) {
				return values{{"gvlk": g.Key, "product": name}}
			}
		}
	}
	return nil
}

// notKMS judges a licence of a channel that never asks a KMS host. Licensed, it
// is a fault only where KMS was meant.
func (c *clues) notKMS(code uint32, channels ...string) []judgement {
	if l := c.ofChannel(channels...); l != nil {
		j := judgement{verdict: Found, score: atStrong, code: code, because: []Finding{channelFinding(l)}, values: c.gvlk()}
		if licensed(*l) && len(c.codes) == 0 {
			j.verdict, j.score, j.code = Possible, atEvidence-14, 0 // it shows no code
		}
		return one(j)
	}
	if volume := c.inUse(func(l *evidence.License) bool { return ofWindows(l) && l.Channel == "GVLK" }); len(volume) > 0 {
		return pass(channelFinding(volume[0]))
	}
	return nil
}

func retailOrOEM(c *clues) []judgement { return c.notKMS(0x803F7001, "RETAIL", "OEM") }
func makChannel(c *clues) []judgement  { return c.notKMS(0, "MAK") }
func avmaKey(c *clues) []judgement     { return c.notKMS(0xC004FD01, "AVMA") }

// csvlkOnClients needs a sign of a client beside the host key: on a server with
// nothing else to say the key makes the KMS host that it is meant to make.
func csvlkOnClients(c *clues) []judgement {
	l := c.ofChannel("CSVLK")
	if l == nil {
		return nil
	}
	name := strings.ToLower(l.Name)
	client := strings.HasPrefix(name, "windows") && !strings.Contains(name, "server")
	for i := range c.set.Systems {
		p := strings.ToLower(c.set.Systems[i].Product)
		client = client || strings.Contains(p, "windows 1") || strings.Contains(p, "windows 7") || strings.Contains(p, "windows 8")
	}
	j := judgement{verdict: Possible, score: atEvidence - 6, because: []Finding{channelFinding(l)}, values: c.gvlk()}
	if client {
		j.score = atStrong - 6
	} else if _, usedUp := c.saw(keyUsedUp); !usedUp && !slices.ContainsFunc(c.set.Statements, func(s evidence.Statement) bool {
		ofHost := []string{evidence.PortListening, evidence.PortNotListening, evidence.KMSRuleOff, evidence.RecordCutOff} // said of a KMS host
		return !slices.Contains(ofHost, s.ID)
	}) {
		return nil
	}
	if s, ok := c.saw(keyUsedUp); ok {
		j.score = max(j.score, atEvidence+4)
		j.because = append(j.because, s.finding())
	}
	return one(j)
}

// noOrWrongGVLK compares the last five characters of the key with the published
// ones: a GVLK of another edition does not activate this one.
func noOrWrongGVLK(c *clues) []judgement {
	for _, l := range c.inUse(ofWindows) {
		if l.Channel == "GVLK" && l.PartialKey != "" {
			if _, ok := catalog.GVLKByPartial(l.PartialKey); ok && licensed(*l) {
				return pass(Finding{"the installed key " + evidence.Clean(l.PartialKey) + " is a published GVLK", l.Origin})
			}
		}
	}
	if j, ok := c.otherEdition(); ok {
		return one(j)
	}
	if s, ok := c.saw(0xC004F014, 0x87E10BC6, 0xC004F069); ok && !s.ofOffice() && c.ofChannel("RETAIL", "OEM", "MAK", "AVMA", "CSVLK", "EVAL") == nil {
		return one(judgement{verdict: Possible, score: atCode + 6, code: s.code, values: c.gvlk()})
	}
	return nil
}

// otherEdition compares the installed key with the generic key of the edition
// that the evidence names.
func (c *clues) otherEdition() (judgement, bool) {
	for i := range min(len(c.set.Systems), maxEach) {
		s := &c.set.Systems[i]
		name := strings.TrimPrefix(s.Product, "Microsoft ")
		wanted := catalog.GVLKsByName(name)
		if len(wanted) == 0 || isEvaluation(s) {
			continue
		}
		for _, l := range c.inUse(ofWindows) {
			g, generic := catalog.GVLKByPartial(l.PartialKey)
			fits := slices.ContainsFunc(wanted, func(w catalog.GVLK) bool { return w.Key == g.Key })
			if l.PartialKey == "" || licensed(*l) || fits || !generic {
				continue
			}
			return judgement{
				verdict: Found, score: atStrong, code: firstCode(l.Reason, 0xC004F069),
				values: values{{"gvlk": wanted[0].Key, "product": name}},
				because: []Finding{
					{fmt.Sprintf("the installed key ...%s is the generic key of %s", evidence.Clean(l.PartialKey), g.Name()), l.Origin},
					{"the system is " + evidence.Clean(s.Product), s.Origin},
				},
			}, true
		}
	}
	return judgement{}, false
}

func notQualifying(c *clues) []judgement {
	s, ok := c.saw(0xC004F035)
	if !ok {
		return nil
	}
	for i := range c.set.Systems {
		if strings.Contains(c.set.Systems[i].Product, "Windows 7") {
			return one(judgement{verdict: Found, score: atEvidence, code: s.code, because: []Finding{{
				"Windows 7 volume editions need a machine sold with a qualifying Windows", c.set.Systems[i].Origin,
			}}})
		}
	}
	return nil
}
