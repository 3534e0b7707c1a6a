package catalog

import (
	"fmt"
	"slices"
	"strings"
)

func (f *KeyFit) say(sure Sureness, basis, format string, args ...any) {
	f.Statements = append(f.Statements, Statement{fmt.Sprintf(format, args...), sure, basis})
}

// sayKey says what the last five characters tell.
func (f *KeyFit) sayKey(in Installed) (generic bool) {
	if in.Partial == "" {
		return false
	}
	g, generic := GVLKByPartial(in.Partial)
	if generic {
		f.Key = g
		f.say(Certain, g.Source.Basis(), "%s ends the GVLK of %s", in.Partial, g.Title())
		return true
	}
	if product, ok := AVMAProduct(in.Partial); ok {
		f.say(Certain, basisAVMA, "%s ends the AVMA key of %s", in.Partial, product)
		return false
	}
	switch keys := in.Edition.Keys; {
	case len(keys) > 1:
		f.say(Certain, basisAllLists, "%s ends no GVLK, of whatever release of %s", in.Partial, in.Edition.Name)
	case len(keys) == 1:
		f.say(Certain, keys[0].Source.Basis(), "%s does not end the GVLK of %s, which ends in %s, nor any other GVLK", in.Partial, in.Edition.Name, keys[0].Partial())
	default:
		f.say(Certain, basisAllLists, "%s ends no GVLK", in.Partial)
	}
	return false
}

// sayMachine says what is known of the machine.
func (f *KeyFit) sayMachine(in Installed) {
	channel := in.RawChannel
	if channel == "" {
		channel = in.Channel
	}
	if in.Edition.Name != "" {
		sure, kind := Certain, ""
		if in.Edition.Taken {
			sure = Likely
		}
		if in.Edition.Evaluation {
			kind = ", an evaluation copy"
		}
		what := "This machine is"
		if in.Edition.Class == Office {
			what = "The licence is of"
		}
		if len(in.Edition.Keys) > 1 {
			kind += "; of which release is not shown"
		}
		f.say(sure, in.EditionBasis, "%s %s%s", what, in.Edition.Name, kind)
	}
	if channel != "" {
		f.say(Certain, in.ChannelBasis, "Its key is of channel %s: %s", channel, channelMeaning(in.Channel))
	}
}

// channelMeaning says in a few words what a channel is.
func channelMeaning(channel string) string {
	switch channel {
	case "GVLK":
		return "a KMS client's"
	case "CSVLK":
		return "a KMS host's"
	case "MAK":
		return "a multiple activation key"
	case "RETAIL":
		return "a bought single licence"
	case "OEM":
		return "from the vendor of the machine"
	case "AVMA":
		return "a virtual machine's that its Hyper-V host activates"
	case "EVAL":
		return "an evaluation copy's"
	case "GRACE":
		return "a retail installation's in its grace period"
	case "SUBSCRIPTION":
		return "of a subscription"
	}
	return "none that activates by KMS"
}

// sayVerdict draws the conclusion.
func (f *KeyFit) sayVerdict(in Installed) {
	name := in.Edition.Name
	if f.Key.Key != "" && in.Channel != "" && in.Channel != "GVLK" {
		f.say(Certain, basisDefinition, "A GVLK and channel %s do not go together: the two were read on different machines, or at different times", in.Channel)
	}
	switch f.Verdict {
	case KeyFits:
		if in.Edition.Taken {
			f.say(Likely, f.Key.Source.Basis(), "The key fits the edition, as far as the licence tells it: this is a KMS client as it should be")
			return
		}
		f.say(Certain, f.Key.Source.Basis(), "The key fits the edition: this is a KMS client as it should be")
	case KeyGeneric:
		f.say(Open, "nothing was given of the edition", "Whether it fits the machine depends on the edition, which must be %s", f.Key.Title())
	case KeyOtherEdition:
		f.say(Certain, f.Key.Source.Basis(), "The key is of another edition than the machine and does not activate %s", name)
		if e := editionOf(f.Key); e.Name != "" {
			f.Statements = append(f.Statements, EditionChange(in.Edition, e))
		}
	case KeyNotGeneric:
		if in.Channel == "GVLK" {
			f.sayUnlisted(in)
			return
		}
		if in.Edition.superseded() {
			f.say(Likely, basisAllLists, "So it is a MAK, a retail, vendor or host key, or was misread; the channel would tell")
			return
		}
		f.say(Likely, basisAllLists, "So it is a MAK, a retail, vendor or host key, or a GVLK published after the lists; the channel would tell")
	case KeyMAK:
		f.say(Certain, basisDefinition, "A MAK activates with Microsoft and never asks a KMS host")
		f.sayMeant(in)
	case KeyRetail:
		if in.Channel == "GRACE" {
			f.say(Certain, basisDefinition, "A retail installation in its grace period waits for a retail key or account; it never asks a KMS host")
			return
		}
		f.say(Certain, basisDefinition, "A key of this channel never asks a KMS host, whatever network and DNS look like")
		f.sayMeant(in)
	case KeyAVMA:
		f.say(Certain, basisDefinition, "An AVMA key asks the Hyper-V host under the machine, never a KMS host")
		f.sayMeant(in)
	case KeyHost:
		f.sayHost(in)
	case KeyEvaluation:
		f.sayEvaluation(in)
	case KeySubscription:
		f.say(Likely, basisDefinition, "The user's subscription activates this machine, not a KMS host")
		f.sayMeant(in)
	case KeyNoVolume:
		f.sayNoVolume(in)
	case KeyServes:
		f.sayServes(*in.Host)
	case KeyUndecided:
		switch {
		case in.Partial != "":
			f.sayUnlisted(in)
		case in.Channel == "GVLK" && in.Licensed:
			f.say(Likely, in.ChannelBasis, "It is activated as a KMS client; the end of its key was not given, so whether it is that of another edition is open")
		case in.Channel != "":
			f.say(Open, "the end of the key was not given", "Whether its key is the one for the edition is open")
		default:
			f.say(Open, "neither key nor channel was given", "Nothing can be said of the key")
		}
	}
}

// keyLetters are the characters of product keys. N came with Windows 8.
const keyLetters = "BCDFGHJKMNPQRTVWXY2346789"

// sayUnlisted says what the end of a KMS client's key may be that no published key has.
func (f *KeyFit) sayUnlisted(in Installed) {
	activated := ""
	if in.Licensed {
		activated = "It is activated as a KMS client, so "
	}
	var odd []string
	for _, r := range in.Partial {
		if !strings.ContainsRune(keyLetters, r) && !slices.Contains(odd, string(r)) {
			odd = append(odd, string(r))
		}
	}
	switch {
	case len(odd) > 0:
		f.say(Certain, "the characters of product keys", "%s holds %s, which no key has: it was masked or misread", in.Partial, strings.Join(odd, " and "))
	case in.Edition.superseded():
		f.say(Likely, basisAllLists, "%s", upperFirst(activated+"the five characters were masked or misread, or belong to a key that was given to few: of a product as old as "+in.Edition.Name+" the lists have every GVLK"))
	case in.Licensed:
		f.say(Likely, in.ChannelBasis, "It is activated as a KMS client, so its GVLK is one that was published after the lists")
	default:
		f.say(Likely, basisAllLists, "A GVLK that is not on the lists was published after them, or the five characters were misread")
	}
}

// superseded tells whether a product has a successor on the lists, so that no further GVLK of it is to be expected.
func (e Edition) superseded() bool {
	newest := func(g GVLK) bool {
		return strings.HasPrefix(g.Product, "Windows 11") || strings.HasSuffix(g.Product, "2025") || strings.HasSuffix(g.Product, "2024")
	}
	return len(e.Keys) > 0 && !slices.ContainsFunc(e.Keys, newest)
}

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// sayServes says how much a KMS host serves.
func (f *KeyFit) sayServes(s Serving) {
	switch {
	case s.asked() && s.Requests < 0:
		f.say(Certain, s.Basis, "It serves as a KMS host: count %d", s.Count)
	case s.asked():
		f.say(Certain, s.Basis, "It serves as a KMS host: count %d, %d requests so far", max(s.Count, 0), s.Requests)
	default:
		f.say(Certain, s.Basis, "Its KMS service is enabled; no client has been counted so far")
	}
	f.say(Certain, basisDefinition, "A host key is right on it: a GVLK in its place would end the service")
}

func (f *KeyFit) sayEvaluation(in Installed) {
	switch in.Edition.Class {
	case Client:
		f.say(Likely, basisDefinition, "An evaluation copy takes no GVLK, and one of a client edition is not converted but installed anew")
		return
	case "":
		f.say(Likely, basisDefinition, "An evaluation copy takes no GVLK: one of a client edition is installed anew, one of a server converted by DISM")
		return
	}
	f.say(Certain, basisServerChange, "An evaluation copy takes no GVLK by slmgr.vbs /ipk; DISM converts it first, one way, and not a domain controller")
}

// sayMeant says of a key that works that it may be meant.
func (f *KeyFit) sayMeant(in Installed) {
	if in.Licensed {
		f.say(Certain, in.ChannelBasis, "It is activated as it is: nothing is wrong unless KMS was meant")
	}
}

func (f *KeyFit) sayHost(in Installed) {
	if in.Edition.Class == Client {
		f.say(Certain, basisDefinition, "A host key makes the machine a KMS host: it publishes itself in DNS, and each such machine uses up one of the key's %d hosts", HostsPerKey)
		return
	}
	f.say(Open, "the key alone cannot tell", "A host key is right on a planned KMS host and wrong on any other machine")
}

func (f *KeyFit) sayNoVolume(in Installed) {
	switch {
	case in.Edition.Retail && in.Edition.Class != Office:
		f.say(Certain, basisProducts, "%s is not sold in volume: it has no GVLK, and no KMS host activates it", in.Edition.Name)
		f.Statements = append(f.Statements, EditionChange(in.Edition, Edition{Name: "Pro"}))
	default:
		f.say(Likely, basisAllLists, "No GVLK is published for %s", in.Edition.Name)
	}
}
