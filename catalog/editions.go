package catalog

import (
	"slices"
	"strings"
	"sync"
)

// Edition is what a machine runs, and the generic keys made for it.
type Edition struct {
	Name       string // such as "Windows 11 Pro"; "" where it is not known
	Class      Class
	Keys       []GVLK // usually one; none for editions without volume licences and those whose key is not published
	Retail     bool   // an edition that is not sold in volume, such as Home
	Evaluation bool   // takes no product key before it is converted
	Azure      bool   // licensed for Azure and Azure Local alone
	Taken      bool   // likely, not certain: the name was not complete and only this edition fits it, or it follows from a licence
}

// EditionByName reads the name of an edition as Windows, Office or Microsoft's lists write it: "Microsoft Windows
// Server 2019 Standard Evaluation", "Windows 11 Pro". It fails for a name that leaves open which edition is meant.
func EditionByName(name string) (Edition, bool) {
	name = strings.TrimSpace(strings.NewReplacer("(R)", "", "®", "", "(TM)", "", "™", "").Replace(name))
	name = strings.TrimPrefix(name, "Microsoft ")
	plain, evaluation := cutEvaluation(name)
	e := Edition{Evaluation: evaluation}
	if c, err := ProductByName(plain); err == nil && !c.Guessed && sameWords(words(plain), words(c.Name())) {
		e.of(c)
		return e, true
	}
	a := FindKeys(plain)
	if a.First == 0 || a.Hits[0].How != MatchName && (a.First > 1 || a.Hits[0].How != MatchWords) {
		return Edition{}, false
	}
	g := a.Hits[0].GVLK
	e.Name, e.Class, e.Keys, e.Taken = g.Name(), g.Class, []GVLK{g}, a.Hits[0].How != MatchName
	if choices := g.Choices(); e.Taken && len(choices) > 0 {
		e.Name = choices[0].Product.Name
	}
	e.Azure = azureOnly(e.Name)
	return e, true
}

// EditionByActivationID returns the edition a licence's activation id belongs to, as Taken: the licence follows the
// installed key. One id may serve several releases; the name then speaks of all of them.
func EditionByActivationID(id string) (Edition, bool) {
	p, ok := ProductByActivationID(id)
	if !ok {
		return Edition{}, false
	}
	r, _ := ReleaseByID(p.Releases[0])
	e := Edition{Taken: true}
	e.of(Choice{Product: p, Release: r})
	e.Name = p.Name
	return e, true
}

// of fills in what is known of a product.
func (e *Edition) of(c Choice) {
	e.Name, e.Class, e.Retail, e.Azure = c.Name(), c.Release.Class, c.Product.Group.Retail, azureOnly(c.Product.Name)
	for _, g := range gvlkTable() {
		if g.ActivationID == c.Product.ActivationID {
			e.Keys = append(e.Keys, g)
		}
	}
}

func azureOnly(name string) bool {
	return strings.Contains(name, "Azure") || strings.Contains(name, "multi-session")
}

// cutEvaluation takes the word that marks an evaluation copy off a name.
func cutEvaluation(name string) (string, bool) {
	fields := strings.Fields(name)
	kept := slices.DeleteFunc(slices.Clone(fields), func(w string) bool {
		return strings.EqualFold(w, "Evaluation") || strings.EqualFold(w, "Eval")
	})
	return strings.Join(kept, " "), len(kept) < len(fields)
}

func sameWords(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// editionIDs maps the EditionID of the registry and of DISM to the edition in a product's name.
var editionIDs = sync.OnceValue(func() map[string]string {
	return map[string]string{
		"core": "Home", "coren": "Home N", "coresinglelanguage": "Home Single Language", "corecountryspecific": "Home Country Specific",
		"professional": "Pro", "professionaln": "Pro N",
		"professionalworkstation": "Pro for Workstations", "professionalworkstationn": "Pro for Workstations N",
		"professionaleducation": "Pro Education", "professionaleducationn": "Pro Education N",
		"education": "Education", "educationn": "Education N", "enterprise": "Enterprise", "enterprisen": "Enterprise N",
		"enterprises": "Enterprise", "enterprisesn": "Enterprise N", "iotenterprises": "IoT Enterprise",
		"enterpriseg": "Enterprise G", "enterprisegn": "Enterprise G N", "business": "Business", "businessn": "Business N",
		"serverrdsh":     "Enterprise multi-session",
		"serverstandard": "Standard", "serverdatacenter": "Datacenter", "serversolution": "Essentials", "serverturbine": "Datacenter Azure Edition",
		"serverenterprise": "Enterprise", "serverweb": "Web",
	}
})

// IsEdition tells whether a key is made for an edition with an EditionID such as "Professional", of whatever Windows.
func (g GVLK) IsEdition(id string) bool {
	edition, ok := editionIDs()[strings.ToLower(id)]
	return ok && slices.ContainsFunc(g.Choices(), func(c Choice) bool {
		return c.Product.Edition == edition || strings.HasSuffix(c.Product.Name, " "+edition)
	})
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
	id = strings.ToLower(strings.TrimSpace(id))
	id, evaluation := strings.CutSuffix(id, "eval")
	if core, ok := strings.CutSuffix(id, "cor"); ok && strings.HasPrefix(id, "server") { // without a desktop
		id = core
	}
	edition, ok := editionIDs()[id]
	if !ok {
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
	switch {
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
