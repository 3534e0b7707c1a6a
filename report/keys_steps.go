package report

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/diagnose"
)

// slmgr is how a script calls slmgr.vbs: plain slmgr opens a window.
const slmgr = `cscript //nologo %windir%\System32\slmgr.vbs `

// officeFolder is where ospp.vbs of an Office version is, below the program files.
func officeFolder(product string) string {
	switch {
	case strings.Contains(product, "2010"):
		return "Office14"
	case strings.Contains(product, "2013"):
		return "Office15"
	}
	return "Office16"
}

// installCommands are the commands that install a generic key and activate.
func installCommands(g catalog.GVLK) []string {
	if g.Class == catalog.Office {
		return []string{
			`cd /d "%ProgramFiles%\Microsoft Office\` + officeFolder(g.Product) + `"`,
			`cscript //nologo ospp.vbs /inpkey:` + g.Key,
			`cscript //nologo ospp.vbs /act`,
		}
	}
	return []string{slmgr + "/ipk " + g.Key, slmgr + "/ato"}
}

// installStep is what to do to make a machine a KMS client with a generic key.
func installStep(g catalog.GVLK) diagnose.Step {
	s := diagnose.Step{Who: "client", Shell: "cmd"}
	if g.Class == catalog.Office {
		folder := installCommands(g)[0]
		s.Text = "Elevated; 32-bit Office is below %ProgramFiles(x86)%. " + haveTheKey("/dstatus") + " Install the GVLK of " + g.Title() + "."
		s.Commands = append([]string{folder, `cscript //nologo ospp.vbs /dstatus`}, installCommands(g)[1:]...)
		s.Verify = "ospp.vbs /dstatus shows channel VOLUME_KMSCLIENT, " + g.Partial() + ", and LICENSED."
		s.Undo = "ospp.vbs /unpkey:" + g.Partial() + ", then ospp.vbs /inpkey: with the whole former key."
		return s
	}
	s.Text = "Elevated. " + haveTheKey("/dlv") + " Install the GVLK of " + g.Title() + "."
	s.Commands = append([]string{slmgr + "/dlv"}, installCommands(g)...)
	s.Verify = "slmgr.vbs /dlv shows channel VOLUME_KMSCLIENT, partial key " + g.Partial() + ", and Licensed."
	s.Undo = "slmgr.vbs /ipk with the whole former key. A vendor's or digital licence comes back from firmware or account alone."
	return s
}

// haveTheKey warns that the way back needs more than what a tool shows of a key.
func haveTheKey(option string) string {
	return "Have the whole present key at hand first: the five characters of it that " + option + " shows restore nothing."
}

// keySteps is what to do about the key of a machine.
func keySteps(fit catalog.KeyFit, in catalog.Installed) []diagnose.Step {
	g := fit.Install
	office := in.Edition.Class == catalog.Office
	switch {
	case office && (fit.Verdict == catalog.KeyRetail || fit.Verdict == catalog.KeySubscription):
		return []diagnose.Step{{
			Who: "client", Text: "If a volume licence is meant: uninstall this Office and install the volume edition with the deployment tool; a retail or subscription Office refuses the GVLK.",
			Verify: "ospp.vbs /dstatus shows channel VOLUME_KMSCLIENT.", Undo: "Install the former edition again.",
		}}
	case g.Key == "" && fit.Fault && len(in.Edition.Keys) > 1:
		return []diagnose.Step{{
			Who: "client", Text: "Which GVLK belongs on it depends on the release. Give what winver or systeminfo says of it: --edition \"" + oneName(in.Edition.Keys[0]) +
				"\", for one, or systeminfo in the paste.",
		}}
	case g.Key == "":
		return []diagnose.Step{}
	}
	s := installStep(g)
	switch fit.Verdict {
	case catalog.KeyEvaluation:
		return evaluationSteps(g)
	case catalog.KeyMAK:
		s.Text = "If KMS is meant. " + s.Text + " The activation of the MAK is not given back."
	case catalog.KeyRetail, catalog.KeySubscription:
		s.Text = "If a volume licence covers this machine. " + s.Text
	case catalog.KeyNotGeneric:
		if in.Channel == "" { // retail or the vendor's, for all that is known
			s.Text = "If a volume licence covers this machine and KMS is meant. " + s.Text
		}
	case catalog.KeyAVMA:
		s.Text = "If the Hyper-V host is not meant to vouch for the machine. " + s.Text
	case catalog.KeyHost:
		if in.Edition.Class != catalog.Client {
			s.Text = "Only if this machine is not meant to be a KMS host. " + s.Text
		}
	}
	return []diagnose.Step{s}
}

// oneName is the edition of a key in the newest of its releases.
func oneName(g catalog.GVLK) string {
	for _, c := range g.Choices() {
		return c.Name()
	}
	return g.Title()
}

// evaluationSteps convert an evaluation copy of a server; other evaluation copies are installed anew.
func evaluationSteps(g catalog.GVLK) []diagnose.Step {
	target := ""
	if g.Class == catalog.Server {
		target = map[string]string{"Standard": "ServerStandard", "Datacenter": "ServerDatacenter"}[g.Edition]
	}
	if target == "" {
		return []diagnose.Step{{
			Who: "image", Text: "Install " + g.Title() + " from volume media: this evaluation copy cannot be converted by a key.",
			Verify: "slmgr.vbs /dlv shows channel VOLUME_KMSCLIENT.", Undo: "Restore the machine from its backup.",
		}}
	}
	return []diagnose.Step{{
		Who: "client", Shell: "cmd", Text: "Elevated; make a backup first. See what the installation can become, then convert it. A restart follows.",
		Commands: []string{
			"dism /online /get-currentedition", "dism /online /get-targeteditions",
			"dism /online /set-edition:" + target + " /productkey:" + g.Key + " /accepteula",
		},
		Verify: "After the restart slmgr.vbs /dlv shows channel VOLUME_KMSCLIENT and partial key " + g.Partial() + ".",
		Undo:   "None: restore the backup.",
	}}
}

// causeOfKey names the cause whose page goes on from a verdict; "" where nothing is wrong.
func causeOfKey(v catalog.KeyVerdict, in catalog.Installed) string {
	office := in.Edition.Class == catalog.Office
	switch v {
	case catalog.KeyOtherEdition, catalog.KeyNotGeneric:
		return "client-no-or-wrong-gvlk"
	case catalog.KeyMAK:
		return "client-mak-channel"
	case catalog.KeyAVMA:
		return "client-avma-key"
	case catalog.KeyHost:
		return "csvlk-on-clients"
	case catalog.KeyEvaluation:
		return "evaluation-edition"
	case catalog.KeySubscription, catalog.KeyRetail, catalog.KeyNoVolume:
		switch {
		case office:
			return "office-retail-not-volume"
		case v == catalog.KeySubscription:
			return "subscription-activation-expected"
		case in.Edition.Azure:
			return "edition-not-served-here"
		}
		return "client-retail-or-oem-channel"
	}
	return ""
}
