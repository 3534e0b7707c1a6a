package catalog

import (
	"slices"
	"strings"
)

// Edition is what a machine runs, and the generic keys made for it.
type Edition struct {
	Name       string // such as "Windows 11 Pro"; "" where it is not known
	Class      Class
	Keys       []GVLK // usually one; none for editions without volume licences and those whose key is not published; several where the release is not known
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
	if len(e.Keys) > 0 {
		return
	}
	name := words(e.Name)
	for _, g := range gvlkTable() { // the lists name keys whose activation id is not publicly known
		if g.ActivationID == "" && sameWords(words(g.Name()), name) {
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
