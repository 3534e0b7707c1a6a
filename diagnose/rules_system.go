package diagnose

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

var systemRules = []rule{
	{"evaluation-edition", evaluationEdition},
	{"edition-not-served-here", editionNotServedHere},
	{"subscription-activation-expected", subscriptionExpected},
	{"os-update-broke-activation", none},
}

// isEvaluation knows an evaluation by its EditionID, such as ServerStandardEval or
// ServerStandardEvalCor, or by the product's name.
func isEvaluation(s *evidence.System) bool {
	return strings.Contains(strings.ToLower(s.Edition), "eval") || strings.Contains(strings.ToLower(s.Product), "evaluation")
}

func evaluationEdition(c *clues) []judgement {
	for i := range c.set.Systems {
		if s := &c.set.Systems[i]; isEvaluation(s) {
			return one(judgement{verdict: Found, score: atStrong + 2, code: 0xC004F069, because: []Finding{{
				"the edition is " + evidence.Clean(firstOf(s.Edition, s.Product)), s.Origin,
			}}})
		}
	}
	if l := c.ofChannel("EVAL"); l != nil {
		return one(judgement{verdict: Found, score: atStrong + 2, code: 0xC004F069, because: []Finding{channelFinding(l)}})
	}
	return nil
}

func editionNotServedHere(c *clues) []judgement {
	for i := range c.set.Systems {
		s := &c.set.Systems[i]
		text := strings.ToLower(s.Edition + " " + s.Product)
		own := strings.EqualFold(s.Edition, "ServerRdsh") || strings.Contains(text, "multi-session") ||
			strings.Contains(text, "azure edition") || strings.EqualFold(s.Edition, "ServerTurbine") || strings.EqualFold(s.Edition, "ServerAzureCor")
		if !own {
			continue
		}
		if strings.HasPrefix(s.Cloud, "azure") {
			return pass(Finding{"the edition runs in Azure, where it belongs", s.Origin})
		}
		j := judgement{verdict: Possible, score: atEvidence + 4, because: []Finding{{
			"the edition is " + evidence.Clean(firstOf(s.Product, s.Edition)) + ", made for Azure", s.Origin,
		}}}
		if s.Cloud != "" {
			j.verdict = Found
			j.because = append(j.because, Finding{"the machine runs in " + evidence.Clean(s.Cloud), s.Origin})
		}
		return one(j)
	}
	return nil
}

func subscriptionExpected(c *clues) []judgement {
	for i := range c.set.Systems {
		s := &c.set.Systems[i]
		if s.AzureADJoined == nil || !*s.AzureADJoined {
			continue
		}
		if s.DomainJoined == nil || *s.DomainJoined {
			return pass(Finding{"the machine is a member of a domain as well", s.Origin})
		}
		j := judgement{verdict: Possible, score: atEvidence, code: 0x8007007B, because: []Finding{{
			"the machine is joined to Entra ID and to no domain", s.Origin,
		}}}
		if _, ok := c.saw(0x8007007B, 0xC004F074, 0x8007232B); ok {
			j.score = atEvidence + 8
		}
		return one(j)
	}
	return nil
}
