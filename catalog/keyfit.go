package catalog

import (
	"slices"
	"strings"
)

// Installed is what a machine shows of its product key, as far as it is known.
type Installed struct {
	Partial      string  // last five characters, or ""
	Channel      string  // GVLK, CSVLK, MAK, RETAIL, OEM, EVAL, AVMA, SUBSCRIPTION, GRACE, or ""
	RawChannel   string  // as it was printed, or ""
	Edition      Edition // what the machine runs; without Name where that is not known
	EditionBasis string  // where the edition was read, such as "line 3"
	ChannelBasis string  // where channel and partial key were read
	Licensed     bool    // activated as it is
	Host         *Serving
}

// Serving is what a machine with a host key says of its service.
type Serving struct {
	Count    int64  // machines counted; -1: none has asked, or not known
	Requests int64  // received so far; -1 where not known
	Basis    string // where it was read
}

// asked tells whether clients have asked the host.
func (s Serving) asked() bool { return s.Count > 0 || s.Requests > 0 }

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
	KeyServes       KeyVerdict = "serves"        // a host key, and the machine serves with it
	KeyEvaluation   KeyVerdict = "evaluation"    // an evaluation copy takes no key
	KeySubscription KeyVerdict = "subscription"  // a subscription of the user activates
	KeyNoVolume     KeyVerdict = "no-volume"     // the edition has no generic key
	KeyUndecided    KeyVerdict = "undecided"     // neither key nor channel is known
)

// other tells whether the key is not the one with which the machine activates by KMS.
func (v KeyVerdict) other() bool {
	return v != KeyFits && v != KeyServes && v != KeyGeneric && v != KeyUndecided
}

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
	if strings.Trim(in.Partial, "X*") == "" { // somebody hid it
		in.Partial = ""
	}
	f := KeyFit{}
	generic := f.sayKey(in)
	f.sayMachine(in)
	f.Verdict = f.judge(in, generic)
	f.sayVerdict(in)
	if f.Verdict.other() && len(in.Edition.Keys) == 1 {
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

func (f *KeyFit) judge(in Installed, generic bool) KeyVerdict {
	_, avma := AVMAProduct(in.Partial)
	switch {
	case in.Channel == "EVAL" || in.Edition.Evaluation:
		return KeyEvaluation
	case in.Channel == "CSVLK" && in.Host != nil && (in.Edition.Class != Client || in.Host.asked()):
		return KeyServes
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
	case in.Channel == "RETAIL" || in.Channel == "OEM" || in.Channel == "GRACE":
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

// editionOf returns the edition a generic key is made for, under its newest release.
func editionOf(g GVLK) Edition {
	e, ok := EditionByActivationID(g.ActivationID)
	if !ok {
		return Edition{Name: g.Name(), Class: g.Class, Keys: []GVLK{g}, Azure: azureOnly(g.Name())}
	}
	return e
}
