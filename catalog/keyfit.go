package catalog

import (
	"fmt"
	"slices"
	"strings"
)

// Installed is what a machine shows of its product key, as far as it is known.
type Installed struct {
	Partial      string  // last five characters, or ""
	Channel      string  // GVLK, CSVLK, MAK, RETAIL, OEM, EVAL, AVMA, SUBSCRIPTION, or ""
	RawChannel   string  // as it was printed, or ""
	Edition      Edition // what the machine runs; without Name where that is not known
	EditionBasis string  // where the edition was read, such as "line 3"
	ChannelBasis string  // where channel and partial key were read
	Licensed     bool    // activated as it is
}

// KeyVerdict is what an installed key is to a machine that is to activate by KMS.
type KeyVerdict string

// The verdicts.
const (
	KeyFits         KeyVerdict = "fits"          // the generic key of the edition
	KeyGeneric      KeyVerdict = "generic"       // a generic key; the edition is not known
	KeyOtherEdition KeyVerdict = "other-edition" // the generic key of another edition
	KeyNotGeneric   KeyVerdict = "not-generic"   // no generic key of the lists, by a channel that is not known or that says GVLK
	KeyMAK          KeyVerdict = "mak"           // activates once with Microsoft
	KeyRetail       KeyVerdict = "retail"        // bought, or from the vendor of the machine
	KeyAVMA         KeyVerdict = "avma"          // asks its own Hyper-V host
	KeyHost         KeyVerdict = "host-key"      // makes the machine a KMS host
	KeyEvaluation   KeyVerdict = "evaluation"    // an evaluation copy takes no key
	KeySubscription KeyVerdict = "subscription"  // a subscription of the user activates
	KeyNoVolume     KeyVerdict = "no-volume"     // the edition has no generic key
	KeyUndecided    KeyVerdict = "undecided"     // neither key nor channel is known
)

// other tells whether the key is not the one with which the machine activates by KMS.
func (v KeyVerdict) other() bool { return v != KeyFits && v != KeyGeneric && v != KeyUndecided }

// Sureness is how sure a statement is.
type Sureness string

// The degrees.
const (
	Certain Sureness = "certain" // read as it stands, or by a list that is complete in this
	Likely  Sureness = "likely"  // follows unless something unusual is the case
	Open    Sureness = "open"    // what was given cannot tell
)

// Statement is one thing said of a key, with what it stands on.
type Statement struct {
	Text  string   `json:"text"` // a sentence without the final period
	Sure  Sureness `json:"sure"`
	Basis string   `json:"basis"` // such as "Microsoft's list of client keys, 2024-10-01"
}

// KeyFit is the judgement of an installed key.
type KeyFit struct {
	Verdict    KeyVerdict
	Fault      bool // something is wrong, whatever was meant: not so of a MAK that is activated, nor of a host key on a server
	Key        GVLK // the generic key that is installed; zero where it is none
	Install    GVLK // the generic key that belongs on the machine; zero where none is known or none is needed
	Statements []Statement
}

// Bases of statements.
const (
	basisWindowsList = "Microsoft's list of KMS client keys, 2024-10-01"
	basisOfficeList  = "Microsoft's list of Office GVLKs, 2024-09-18"
	basisArchive     = "Microsoft's former lists for Office 2010 and 2013, by way of a public database"
	basisAVMA        = "Microsoft's list of AVMA keys, 2023-09-19"
	basisAllLists    = "Microsoft's lists of generic keys, 2024-10-01"
	basisDefinition  = "what the channel means by Microsoft's documentation"
	basisProducts    = "public product databases"
)

// Basis names the list, such as "Microsoft's list of KMS client keys, 2024-10-01".
func (s GVLKSource) Basis() string {
	switch s {
	case GVLKWindowsList:
		return basisWindowsList
	case GVLKOfficeList:
		return basisOfficeList
	}
	return basisArchive
}

// JudgeKey says whether an installed key is the one with which a machine activates by KMS, and which one would be.
// It needs the last five characters of the key or the channel; knowing the edition makes it able to name the key.
func JudgeKey(in Installed) KeyFit {
	in.Partial = strings.ToUpper(in.Partial)
	f := KeyFit{}
	generic := f.sayKey(in)
	f.sayMachine(in)
	f.Verdict = f.judge(in, generic)
	f.sayVerdict(in)
	if f.Verdict.other() && len(in.Edition.Keys) > 0 {
		f.Install = in.Edition.Keys[0]
	}
	f.Fault = f.Verdict.other() && !f.maybeMeant(in)
	return f
}

// maybeMeant tells whether a key that is none for KMS may be what was wanted.
func (f *KeyFit) maybeMeant(in Installed) bool {
	switch f.Verdict {
	case KeyHost:
		return in.Edition.Class != Client
	case KeyMAK, KeyRetail, KeyAVMA, KeySubscription:
		return in.Licensed
	}
	return false
}

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
	case len(keys) > 0:
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
	case "SUBSCRIPTION":
		return "of a subscription"
	}
	return "none that activates by KMS"
}

func (f *KeyFit) judge(in Installed, generic bool) KeyVerdict {
	_, avma := AVMAProduct(in.Partial)
	switch {
	case in.Channel == "EVAL" || in.Edition.Evaluation:
		return KeyEvaluation
	case in.Channel == "CSVLK":
		return KeyHost
	case in.Channel == "AVMA" || avma && in.Channel == "":
		return KeyAVMA
	case in.Channel == "MAK":
		return KeyMAK
	case in.Channel == "SUBSCRIPTION":
		return KeySubscription
	case in.Edition.Retail:
		return KeyNoVolume
	case in.Channel == "RETAIL" || in.Channel == "OEM":
		return KeyRetail
	case generic && slices.Contains(in.Edition.Keys, f.Key):
		return KeyFits
	case generic && in.Edition.Name == "":
		return KeyGeneric
	case generic && len(in.Edition.Keys) == 0:
		return KeyNoVolume
	case generic:
		return KeyOtherEdition
	case in.Partial != "" && in.Channel == "GVLK" && in.Licensed:
		return KeyUndecided
	case in.Partial != "":
		return KeyNotGeneric
	}
	return KeyUndecided
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
			f.say(Likely, basisAllLists, "A GVLK that is not on the lists was published after them, or the five characters were misread")
			return
		}
		f.say(Likely, basisAllLists, "So it is a MAK, a retail, vendor or host key, or a GVLK published after the lists; the channel would tell")
	case KeyMAK:
		f.say(Certain, basisDefinition, "A MAK activates with Microsoft and never asks a KMS host")
		f.sayMeant(in)
	case KeyRetail:
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
	case KeyUndecided:
		if in.Partial != "" {
			f.say(Likely, in.ChannelBasis, "It is activated as a KMS client, so its GVLK is one that was published after the lists")
			return
		}
		f.say(Open, "neither key nor channel was given", "Nothing can be said of the key")
	}
}

func (f *KeyFit) sayEvaluation(in Installed) {
	if in.Edition.Class == Client {
		f.say(Likely, basisDefinition, "An evaluation copy takes no GVLK, and one of a client edition is not converted but installed anew")
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

// editionOf returns the edition a generic key is made for, under its newest release.
func editionOf(g GVLK) Edition {
	e, ok := EditionByActivationID(g.ActivationID)
	if !ok {
		return Edition{Name: g.Name(), Class: g.Class, Keys: []GVLK{g}, Azure: azureOnly(g.Name())}
	}
	return e
}
