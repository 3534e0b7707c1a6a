package catalog

import (
	_ "embed" // for the table
	"slices"
	"strings"
	"sync"
	"time"
)

// Release is what people call a product: "Windows 11", "Windows 10 LTSC 2021", "Office 2019".
type Release struct {
	ID       string    // such as "windows-11" or "server-2022"
	Class    Class     // the family it belongs to; the minimum count is the group's
	Released time.Time // general availability, UTC midnight
	Build    int       // the Windows build it appeared with, which orders the generations; 0 for Office

	template       string // name with % where the edition goes
	defaultProduct string // activation id
}

// Name returns the release's name without an edition, such as "Windows 11 LTSC 2024".
func (r Release) Name() string { return r.WithEdition("") }

// WithEdition returns the release's name with an edition in the place it usually has, such as "Windows 11 Enterprise
// LTSC 2024".
func (r Release) WithEdition(edition string) string {
	return strings.Join(strings.Fields(strings.Replace(r.template, "%", edition, 1)), " ")
}

// Default returns the edition taken when a user names the release alone: Enterprise, Datacenter or Professional Plus.
func (r Release) Default() Choice {
	p, _ := ProductByActivationID(r.defaultProduct)
	return Choice{Product: p, Release: r}
}

var (
	//go:embed data/releases.tsv
	releasesTSV string

	releaseTable = sync.OnceValue(loadReleases)
)

func loadReleases() []Release {
	var releases []Release
	for _, r := range readTable("releases.tsv", releasesTSV, "release", "class", "released", "build", "default_activation_id", "name") {
		releases = append(releases, Release{ID: r[0], Class: Class(r[1]), Released: date(r[2]), Build: number(r[3]), defaultProduct: r[4], template: r[5]})
	}
	return releases
}

// Releases returns every release: clients, servers and Office, each newest first. The slice is the caller's.
func Releases() []Release { return slices.Clone(releaseTable()) }

// ReleaseByID returns the release with an id such as "windows-11".
func ReleaseByID(id string) (Release, bool) {
	for _, r := range releaseTable() {
		if r.ID == id {
			return r, true
		}
	}
	return Release{}, false
}

// Choice is a product together with the release it was asked for: "Windows 11 Enterprise" and "Windows 10 Enterprise"
// are one product, one activation id and one counted id, but two answers to the question what is being asked.
type Choice struct {
	Product Product
	Release Release
	Guessed bool // a word was taken for another one that resembles it: tell the user what was understood
}

// Name returns what to call the choice, such as "Windows 11 Enterprise".
func (c Choice) Name() string {
	if c.Product.Edition != "" {
		return c.Release.WithEdition(c.Product.Edition)
	}
	return c.Product.Name
}

// DefaultClient is the client edition to ask for where none is named. Its counted id is that of Windows 10 and 11 alike.
func DefaultClient() Choice { return defaultOf("windows-11") }

// DefaultServer is the server edition to ask for where a host's role is unknown: N is 5, so that the question cannot
// enlarge a list that only served servers. The generation is one that hosts in use today mostly cover.
func DefaultServer() Choice { return defaultOf("server-2019") }

// DefaultOffice is the Office edition to ask for where none is named: the newest whose counted id is publicly known.
func DefaultOffice() Choice { return defaultOf("office-2021") }

func defaultOf(release string) Choice {
	r, _ := ReleaseByID(release)
	return r.Default()
}

// AskNext returns what to ask a host that refused c with 0xC004F042, best first, before anything is said about its
// host key: first a product of another generation of the same family, then one of the other family. A host that
// serves the first has a key that does not cover c; one that serves only the second has no key of c's family.
// No answer of AskNext has c's counted id, an id that cannot be asked ([Group.Askable]), or a larger N in c's list.
func AskNext(c Choice) []Choice {
	var next []Choice
	for _, id := range c.Product.Group.askNext {
		next = append(next, defaultOf(id))
	}
	return next
}
