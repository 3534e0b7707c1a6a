package diagnose

import "github.com/kmsdiag/kmsdiag/evidence"

var officeRules = []rule{
	{"office-no-volume-license", officeNoVolumeLicense},
	{"office-retail-not-volume", officeRetail},
	{"office-host-not-set", officeHostNotSet},
}

func ofOffice(l *evidence.License) bool { return !ofWindows(l) }

// officeVolume returns the Office licences that KMS serves.
func (c *clues) officeVolume() []*evidence.License {
	return c.inUse(func(l *evidence.License) bool { return ofOffice(l) && l.Channel == "GVLK" })
}

func officeNoVolumeLicense(c *clues) []judgement {
	if v := c.officeVolume(); len(v) > 0 {
		return pass(channelFinding(v[0]))
	}
	if s, ok := c.saw(0xC004F014); ok && s.ofOffice() {
		return one(judgement{verdict: Possible, score: atEvidence, code: s.code})
	}
	return nil
}

func officeRetail(c *clues) []judgement {
	if v := c.officeVolume(); len(v) > 0 {
		return pass(channelFinding(v[0]))
	}
	retail := c.inUse(func(l *evidence.License) bool {
		return ofOffice(l) && (l.Channel == "RETAIL" || l.Channel == "SUBSCRIPTION" || l.Channel == "GRACE")
	})
	if s, ok := c.saw(0xC004F069); ok && s.ofOffice() && len(retail) == 0 {
		return one(judgement{verdict: Possible, score: atEvidence, code: s.code})
	}
	if len(retail) == 0 {
		return nil
	}
	j := judgement{verdict: Found, score: atEvidence, because: []Finding{channelFinding(retail[0])}}
	if licensed(*retail[0]) {
		j.verdict, j.score = Possible, atEvidence-16
	}
	return one(j)
}

// officeHostNotSet: Office has its own host setting, so Windows may find a host
// while Office does not.
func officeHostNotSet(c *clues) []judgement {
	windows := c.inUse(func(l *evidence.License) bool { return ofWindows(l) && l.Channel == "GVLK" && licensed(*l) })
	for _, l := range c.officeVolume() {
		switch {
		case licensed(*l):
			return pass(Finding{"an Office volume licence is activated", l.Origin})
		case l.RegisteredHost == "" && l.DNSHost == "" && (l.DiscoveryFailed || len(windows) > 0):
			j := judgement{
				verdict: Possible, score: atEvidence + 2, code: 0xC004F074,
				because: []Finding{{"Office knows no KMS host", l.Origin}},
			}
			if len(windows) > 0 {
				j.because = append(j.because, Finding{"Windows on the same machine is licensed through KMS", windows[0].Origin})
			}
			return one(j)
		}
	}
	return nil
}
