package diagnose

import (
	"fmt"
	"slices"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// What looks like a fault and is none. These come last among equals; where
// nothing else was found they are the answer.
var noiseRules = []rule{
	{"not-a-fault-online-validation-noise", validationNoise},
	{"not-a-fault-renewal-noise", renewalNoise},
	{"not-a-fault-cosmetic-log", cosmeticLog},
	{"not-a-fault-extra-license", extraLicense},
	{"not-a-fault-esu-noise", esuNoise},
	{"not-a-fault-office-not-launched", none},
	{"no-fault-control", healthy},
}

// validationNoise: events 8200 and 8208 are about genuine tickets from the
// internet, which KMS clients do not need.
func validationNoise(c *clues) []judgement {
	for i := range c.set.LogEvents {
		e := &c.set.LogEvents[i]
		if (e.ID == 8200 || e.ID == 8208) && (e.Code == 0x80072EE7 || e.Code == 0x80072EFD || e.Code == 0) {
			return one(judgement{verdict: Found, score: atEvidence, because: []Finding{{
				fmt.Sprintf("event %d is about a genuine ticket from the internet, not about KMS", e.ID), e.Origin,
			}}})
		}
	}
	return nil
}

// renewalNoise: a licensed client that is away from its network logs failed
// renewals long before they matter.
func renewalNoise(c *clues) []judgement {
	for i := range c.set.LogEvents {
		e := &c.set.LogEvents[i]
		if (e.ID == 8198 || e.ID == 8233) && (e.Trigger == "TimerEvent" || e.Trigger == "NetworkAvailable") && (c.anyLicensed() || c.says(evidence.LicensedAnyway)) {
			return one(judgement{verdict: Found, score: atEvidence, because: []Finding{{
				fmt.Sprintf("event %d came with trigger %s on a licensed machine", e.ID, e.Trigger), e.Origin,
			}}})
		}
	}
	return nil
}

func cosmeticLog(c *clues) []judgement {
	for i := range c.set.Licenses {
		if l := &c.set.Licenses[i]; licensed(*l) && (l.Informational || l.Reason == 0x4004F040) {
			return one(judgement{verdict: Found, score: atEvidence, because: []Finding{{
				fmt.Sprintf("the product is licensed; 0x%08X is for information only", l.Reason), l.Origin,
			}}})
		}
	}
	return nil
}

// extraLicense: an Office licence nobody needs fails beside one that works.
func extraLicense(c *clues) []judgement {
	office := c.inUse(ofOffice)
	good := slices.ContainsFunc(office, func(l *evidence.License) bool { return licensed(*l) && l.Channel == "GVLK" })
	for _, l := range office {
		if good && !licensed(*l) && l.Channel != "GVLK" {
			return one(judgement{verdict: Found, score: atEvidence, because: []Finding{{
				"a volume licence is activated; the failing entry is of channel " + evidence.Clean(firstOf(l.RawChannel, l.Channel)), l.Origin,
			}}})
		}
	}
	return nil
}

func esuNoise(c *clues) []judgement {
	for i := range c.set.Licenses {
		l := &c.set.Licenses[i]
		if isESU(l) && !licensed(*l) && !l.NotInUse && c.anyLicensed() {
			return one(judgement{verdict: Found, score: atEvidence - 4, because: []Finding{{
				"the entry that is not licensed is for extended security updates", l.Origin,
			}}})
		}
	}
	return nil
}

// healthy needs a client's own word: licensed, or an answer with which it
// activated. A served probe says nothing of any client.
func healthy(c *clues) []judgement {
	harmless := func(s sighting) bool { return s.code == 0x4004F040 || s.code == 0x4004F00C }
	if slices.ContainsFunc(c.codes, func(s sighting) bool { return !harmless(s) }) || c.aged() != nil {
		return nil
	}
	for i := range c.set.ClientAnswers {
		a := &c.set.ClientAnswers[i]
		if a.HRESULT == 0 && a.Activated && !a.Origin.Live() {
			return one(judgement{verdict: Found, score: 0, because: []Finding{{
				fmt.Sprintf("event 12289: activated, with a count of %d on the host", a.Count), a.Origin,
			}}})
		}
	}
	for _, l := range c.inUse(func(*evidence.License) bool { return true }) {
		if l.Status != nil && !licensed(*l) && !c.sideEntry(l) {
			return pass(notActivated(l))
		}
	}
	own := []string{"GVLK", "RETAIL", "OEM", "MAK", "AVMA"} // a client's
	for i := range c.set.Licenses {
		if l := &c.set.Licenses[i]; licensed(*l) && slices.Contains(own, l.Channel) && !l.Origin.Live() { // of a run's own machine that is its row
			return one(judgement{verdict: Found, score: 0, because: []Finding{channelFinding(l)}})
		}
	}
	return nil
}

// notActivated says in which state a licence in use is instead.
func notActivated(l *evidence.License) Finding {
	return Finding{fmt.Sprintf("%s is not activated: %s", firstOf(evidence.Clean(l.Name), "Windows"), evidence.LicenseStatusName(*l.Status)), l.Origin}
}
