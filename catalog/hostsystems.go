package catalog

import (
	_ "embed" // for the tables
	"strconv"
	"strings"
	"sync"
	"time"
)

// HostSystem is a span of Windows builds on which a host key can be installed.
type HostSystem struct {
	Name    string // such as "Windows Server 2019"; of an open span its oldest system
	Role    Class  // Server or Client
	First   int    // oldest build
	Last    int    // newest build; 0 where the list sets no end
	Updates []HostUpdate
}

// HostUpdate is the least update that hosts with some builds need before they accept a key.
type HostUpdate struct {
	First, Last int       // builds it concerns
	Update      string    // such as "KB5034768", or "KMS 1.2" for an installation of the service itself
	Revision    int       // the number behind the build, as winver shows it, from which the update is in; 0 where builds have none or it is not known
	Released    time.Time // UTC midnight; zero where not known
}

// Least returns the build with the least revision, such as "17763.5458", or "" where no revision is known.
func (u HostUpdate) Least() string {
	if u.Revision == 0 {
		return ""
	}
	return strconv.Itoa(u.First) + "." + strconv.Itoa(u.Revision)
}

var (
	//go:embed data/updates.tsv
	updatesTSV string
	//go:embed data/officepacks.tsv
	officePacksTSV string

	updateTable     = sync.OnceValue(loadUpdates)
	officePackTable = sync.OnceValue(loadOfficePacks)
)

// updateIssue is what an update brings a build to; the source is the title of Microsoft's page of the update.
type updateIssue struct {
	update   string
	revision int
	released time.Time
}

func loadUpdates() map[string]updateIssue {
	issues := make(map[string]updateIssue)
	for _, r := range readTable("updates.tsv", updatesTSV, "update", "build", "revision", "released") {
		issue := updateIssue{update: r[0], released: date(r[3])}
		if r[2] != "" {
			issue.revision = number(r[2])
		}
		issues[r[0]+" "+r[1]] = issue
	}
	return issues
}

func loadOfficePacks() map[string]string {
	packs := make(map[string]string)
	for _, r := range readTable("officepacks.tsv", officePacksTSV, "host_key", "download") {
		packs[r[0]] = "https://www.microsoft.com/download/details.aspx?id=" + r[1]
	}
	return packs
}

// OfficePack returns the address of the volume licence pack that a host needs before it accepts an Office key; ""
// for Windows keys and where the address is not known.
func (k HostKey) OfficePack() string { return officePackTable()[k.ID] }

// Hosts returns the systems the key can be installed on by the list, in its order.
func (k HostKey) Hosts() []HostSystem {
	var systems []HostSystem
	for _, h := range k.hosts {
		s := HostSystem{Name: systemName(h.role, h.first), Role: h.role, First: h.first, Last: h.last}
		for _, u := range k.updates {
			if u.last < h.first || h.last != 0 && u.first > h.last {
				continue
			}
			issue := updateTable()[u.update+" "+strconv.Itoa(u.first)]
			s.Updates = append(s.Updates, HostUpdate{First: u.first, Last: u.last, Update: u.update, Revision: issue.revision, Released: issue.released})
		}
		systems = append(systems, s)
	}
	return systems
}

// systemName names the system of a role that a build belongs to.
func systemName(role Class, build int) string {
	switch {
	case build == 3790:
		return "Windows Server 2003"
	case role == Server && build < 6001:
		return "Windows Server 2008"
	case role == Client && build == 7601:
		return "Windows 7 SP1"
	}
	name := ""
	for _, r := range releaseTable() { // newest first; special channels come before the plain release of a build
		if r.Class == role && r.Build == build && !strings.Contains(r.Name(), "LTS") {
			name = r.Name()
		}
	}
	if name == "" {
		name = "build " + strconv.Itoa(build)
	}
	return name
}
