package catalog

import (
	"slices"
	"strings"
	"sync"
)

// editionIDs maps the EditionID of the registry and of DISM to the edition in a product's name.
var editionIDs = sync.OnceValue(func() map[string]string {
	return map[string]string{
		"core": "Home", "coren": "Home N", "coresinglelanguage": "Home Single Language", "corecountryspecific": "Home Country Specific",
		"professional": "Pro", "professionaln": "Pro N", "professionale": "Professional E",
		"professionalworkstation": "Pro for Workstations", "professionalworkstationn": "Pro for Workstations N",
		"professionaleducation": "Pro Education", "professionaleducationn": "Pro Education N",
		"education": "Education", "educationn": "Education N", "enterprise": "Enterprise", "enterprisen": "Enterprise N", "enterprisee": "Enterprise E",
		"enterprises": "Enterprise", "enterprisesn": "Enterprise N", "iotenterprises": "IoT Enterprise",
		"enterpriseg": "Enterprise G", "enterprisegn": "Enterprise G N", "business": "Business", "businessn": "Business N",
		"serverrdsh":     "Enterprise multi-session",
		"serverstandard": "Standard", "serverdatacenter": "Datacenter", "serversolution": "Essentials", "serverturbine": "Datacenter Azure Edition",
		"serverenterprise": "Enterprise", "serverweb": "Web", "serverhpc": "HPC", "serverenterpriseia64": "for Itanium-based Systems",
		"serverstandardv": "Standard without Hyper-V", "serverdatacenterv": "Datacenter without Hyper-V", "serverenterprisev": "Enterprise without Hyper-V",
		"servermultipointstandard": "MultiPoint Standard", "servermultipointpremium": "MultiPoint Premium",
	}
})

// listedIDs maps the editions of Microsoft's list of keys to the EditionIDs that Windows has for them, where these are
// not found by the name alone.
var listedIDs = map[string]string{
	"Professional": "professional", "Professional N": "professionaln", "Professional E": "professionale",
	"Enterprise LTSC": "enterprises", "Enterprise N LTSC": "enterprisesn", "IoT Enterprise LTSC": "iotenterprises",
	"Enterprise LTSB 2016": "enterprises", "Enterprise N LTSB 2016": "enterprisesn",
	"Enterprise 2015 LTSB": "enterprises", "Enterprise 2015 LTSB N": "enterprisesn",
	"Datacenter: Azure Edition": "serverturbine", "HPC edition": "serverhpc",
}

// editionID returns the EditionID of the machines that a Windows key is made for, in lower case; "" for other keys.
func (g GVLK) editionID() string {
	if g.Class == Office {
		return ""
	}
	if id, ok := listedIDs[g.Edition]; ok {
		return id
	}
	for id, edition := range editionIDs() {
		longTerm := strings.HasPrefix(id, "enterprises") || id == "iotenterprises"
		if edition == g.Edition && !longTerm && strings.HasPrefix(id, "server") == (g.Class == Server) {
			return id
		}
	}
	return ""
}

// keysOfID returns the keys of the editions with an EditionID, newest first; none for an id that is a plain word, such
// as "Enterprise", and so a part of many names.
func keysOfID(query string) []namedKey {
	id, _, channel := plainID(query)
	switch id {
	case "", "professional", "enterprise", "education", "business", "core":
		return nil
	}
	var keys []namedKey
	for i, g := range gvlkTable() {
		if g.editionID() == id && g.madeFor("", 0, channel) {
			keys = append(keys, namedKey{key: i})
		}
	}
	return keys
}

// plainID brings an EditionID to the spelling of the tables: lower case, without the marks of an evaluation copy and of
// an installation without a desktop. channel tells whether it is of the semi-annual channel.
func plainID(id string) (plain string, evaluation, channel bool) {
	plain = strings.ToLower(strings.TrimSpace(id))
	plain, evaluation = strings.CutSuffix(plain, "eval")
	if strings.HasPrefix(plain, "server") {
		for _, suffix := range []string{"acor", "core", "cor"} {
			if cut, ok := strings.CutSuffix(plain, suffix); ok {
				return cut, evaluation, suffix == "acor"
			}
		}
	}
	return plain, evaluation, false
}

// longTerm are the releases of EnterpriseS and IoTEnterpriseS by build, newest first.
var longTerm = []struct {
	build   int
	release string
}{
	{26100, "windows-11-ltsc-2024"},
	{19044, "windows-10-ltsc-2021"},
	{17763, "windows-10-ltsc-2019"},
	{14393, "windows-10-ltsb-2016"},
	{10240, "windows-10-ltsb-2015"},
}

// EditionByID returns the edition with an EditionID such as "Professional" or "ServerStandardEval" on a Windows
// build. It fails for ids and builds that the tables do not have.
func EditionByID(id string, build int) (Edition, bool) {
	id, evaluation, channel := plainID(id)
	edition, ok := editionIDs()[id]
	if !ok || channel {
		return Edition{}, false
	}
	name := ""
	switch {
	case id == "serverrdsh":
		name = "Windows 10/11 Enterprise multi-session"
	case strings.HasPrefix(id, "enterpriseg"):
		name = "Windows 10/11 " + edition
	case strings.HasPrefix(id, "enterprises"), id == "iotenterprises":
		for _, l := range longTerm {
			if l.build == build {
				r, _ := ReleaseByID(l.release)
				name = r.WithEdition(edition)
			}
		}
	default:
		name = releaseOf(strings.HasPrefix(id, "server"), build)
		if name != "" {
			name += " " + edition
		}
	}
	if name == "" {
		return Edition{}, false
	}
	e, ok := EditionByName(name)
	e.Evaluation = e.Evaluation || evaluation
	return e, ok
}

// releaseOf names the Windows of a build without its edition, or returns "".
func releaseOf(server bool, build int) string {
	const oldest = 6000 // Windows Vista
	switch {
	case build < oldest:
		return ""
	case !server && build >= 22000:
		return "Windows 11"
	case !server && build >= 10240:
		return "Windows 10"
	case server && build == 20349:
		build = 20348
	case build == 7601:
		build = 7600
	case build > 6001 && build <= 6003:
		build = 6001
	}
	class := Client
	if server {
		class = Server
	}
	if !server && build == 6001 {
		build = 6000
	}
	name := systemName(class, build)
	if strings.HasPrefix(name, "build ") {
		return ""
	}
	return name
}

// EditionOfLicense reads what Windows calls itself in a licence: "Windows(R)" with the EditionID "ServerStandard" in
// "Windows(R), ServerStandard edition". The build may be 0, not known; system may be "". The edition is then the one of
// the generic key that ends in partial, where that key is made for an edition with this id on such a system. Otherwise
// its release is not known, and Keys has one of each. The edition is Taken: a licence follows its key.
func EditionOfLicense(system, id string, build int, partial string) (Edition, bool) {
	if e, ok := EditionByID(id, build); ok {
		e.Taken = true
		return e, true
	}
	plain, evaluation, channel := plainID(id)
	var able []GVLK
	for _, g := range gvlkTable() {
		if g.editionID() == plain && plain != "" && g.madeFor(system, build, channel) {
			able = append(able, g)
		}
	}
	if len(able) == 0 {
		return Edition{}, false
	}
	e := Edition{Class: able[0].Class, Keys: able}
	if g, ok := GVLKByPartial(partial); ok && slices.Contains(able, g) {
		e = editionOf(g)
	} else if len(able) == 1 {
		e = editionOf(able[0])
	} else {
		e.Name = familyName(plain)
	}
	e.Taken, e.Evaluation = true, evaluation
	return e, true
}

// familyName is what editions with an id are called in all releases, such as "Windows Server Standard".
func familyName(id string) string {
	name := "Windows " + editionIDs()[id]
	switch {
	case strings.HasPrefix(id, "server"):
		name = "Windows Server " + editionIDs()[id]
	case strings.HasPrefix(id, "enterprises"), id == "iotenterprises":
		name += " LTSC"
	}
	return name
}

// channelBuilds are the versions of the semi-annual channel by build, as the list of keys calls them.
var channelBuilds = map[int]string{
	16299: "Windows Server, version 1709", 17134: "Windows Server, version 1803",
	18362: "Windows Server, semi-annual channel", 18363: "Windows Server, semi-annual channel",
	19041: "Windows Server, semi-annual channel", 19042: "Windows Server, semi-annual channel",
}

// madeFor tells whether a key is made for a system that calls itself so in its licences: the trade mark and the number
// went with Windows 8 and Windows Server 2012.
func (g GVLK) madeFor(system string, build int, channel bool) bool {
	if version, ok := channelBuilds[build]; ok && g.Class == Server {
		return strings.HasPrefix(g.Product, version)
	}
	if channel && !strings.HasPrefix(g.Product, "Windows Server,") {
		return false
	}
	old := strings.HasPrefix(g.Product, "Windows Server 2008") || g.Product == "Windows 7" || g.Product == "Windows Vista"
	switch system = strings.NewReplacer("(R)", "", "(TM)", "", "®", "", "™", "").Replace(system); system {
	case "Windows":
		return !old
	case "Windows Server":
		return strings.HasPrefix(g.Product, "Windows Server 2008")
	case "Windows 7", "Windows Vista":
		return g.Product == system
	}
	return true
}
