package catalog

import (
	"slices"
	"strings"
)

// Sources of the statements on changing the edition.
const (
	basisClientChange = "Microsoft's page on Windows edition upgrades, 2023-10-02"
	basisServerChange = "Microsoft's page on upgrade and conversion of Windows Server, 2025-08-18"
)

// clientUpgrade tells whether Microsoft lists the change between two editions of Windows 10 and 11 as an upgrade that
// a product key makes, and whether a restart follows.
func clientUpgrade(from, to string) (possible, restart bool) {
	switch from + " > " + to {
	case "pro > pro for workstations", "pro > pro education", "pro > enterprise", "pro for workstations > pro education", "pro for workstations > enterprise":
		return true, false
	case "pro > education", "pro for workstations > education", "pro education > education", "enterprise > education":
		return true, true
	}
	return false, false
}

// clientDowngrade tells whether Microsoft lists the change as a downgrade that is made in the same way.
func clientDowngrade(from, to string) bool {
	return (from == "enterprise" || from == "education") && (to == "pro" || to == "pro for workstations" || to == "pro education")
}

// EditionChange says whether a machine of one edition can become the other by a product key, without a new
// installation. Editions with N become editions with N alone. It speaks of Windows 10 and 11 and of Windows Server
// from 2016 on; of others it says that nothing is known here.
func EditionChange(from, to Edition) Statement {
	say := func(sure Sureness, basis, text string) Statement { return Statement{text, sure, basis} }
	unknown := say(Open, "Microsoft's pages were not read for this pair", "Whether "+from.Name+" can become "+to.Name+" without a new installation is not known here: dism /online /get-targeteditions says it on the machine")
	if from.Class == Client && from.Retail {
		return say(Certain, basisClientChange, "It has to become Pro first, by a Pro key of its own, which a GVLK is not; a restart follows")
	}
	if from.Class != to.Class {
		return say(Certain, "the two are different products", "No key makes "+to.Name+" of "+from.Name)
	}
	switch from.Class {
	case Client:
		a, an, okA := clientEdition(from.Name)
		b, bn, okB := clientEdition(to.Name)
		if !okA || !okB {
			return unknown
		}
		possible, restart := clientUpgrade(a, b)
		switch {
		case an == bn && possible && restart:
			return say(Certain, basisClientChange, "If the machine is meant to be "+to.Name+": that key can make it so without a new installation; a restart follows")
		case an == bn && possible:
			return say(Certain, basisClientChange, "If the machine is meant to be "+to.Name+": that key can make it so without a new installation or a restart")
		case an == bn && clientDowngrade(a, b):
			return say(Certain, basisClientChange, "If the machine is meant to be "+to.Name+": that is a downgrade, which Microsoft lists as possible by a key")
		}
		return say(Likely, basisClientChange, "If the machine is meant to be "+to.Name+": this change is not among those that Microsoft lists; a new installation may be needed")
	case Server:
		return serverChange(from, to, unknown)
	}
	return unknown
}

// clientEdition returns the edition of a Windows 10 or 11 name in lower case, without its N.
func clientEdition(name string) (edition string, n, ok bool) {
	for _, prefix := range []string{"Windows 10/11 ", "Windows 11 ", "Windows 10 "} {
		if rest, found := strings.CutPrefix(name, prefix); found {
			edition, n = strings.CutSuffix(strings.ToLower(rest), " n")
			edition = strings.Replace(edition, "pro workstation", "pro for workstation", 1)
			edition = strings.Replace(edition+"$", "workstation$", "workstations", 1)
			return strings.TrimSuffix(edition, "$"), n, true
		}
	}
	return "", false, false
}

func serverChange(from, to Edition, unknown Statement) Statement {
	edition := func(e Edition) (release, edition string) {
		for _, year := range []string{"2025", "2022", "2019", "2016"} {
			if rest, ok := strings.CutPrefix(e.Name, "Windows Server "+year+" "); ok {
				return year, strings.ReplaceAll(rest, ":", "")
			}
		}
		return "", ""
	}
	fromYear, a := edition(from)
	toYear, b := edition(to)
	ranks := []string{"Essentials", "Standard", "Datacenter", "Datacenter Azure Edition"}
	i, j := slices.Index(ranks, a), slices.Index(ranks, b)
	switch {
	case i < 0 || j < 0:
		return unknown
	case fromYear != toYear:
		return Statement{"No key makes " + to.Name + " of " + from.Name + ": that takes an in-place upgrade", Certain, basisServerChange}
	case j < i:
		return Statement{"If the machine is meant to be " + to.Name + ": it cannot be made so from " + from.Name + "; that takes a new installation", Certain, basisServerChange}
	case a == "Standard" && b == "Datacenter":
		return Statement{"If the machine is meant to be " + to.Name + ": dism /online /set-edition:ServerDatacenter with that key converts it, one way; a restart follows", Certain, basisServerChange}
	}
	return unknown
}
