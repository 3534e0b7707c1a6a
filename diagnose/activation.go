package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms"
)

// Coverage is what an activation object activates, as far as tables tell.
type Coverage struct {
	HostKey  string   `json:"host_key,omitempty"` // name of the host key's generation, such as "Windows Server 2019 KMS host key"
	By       string   `json:"by,omitempty"`       // what names the host key: "activation id" or "ePID"
	Source   string   `json:"source,omitempty"`   // whose list the releases are from
	Releases []string `json:"releases"`           // that the host key activates and that can use AD-based activation
	Groups   []string `json:"groups"`             // of products whose counted ids the object itself lists
	Unknown  int      `json:"unknown,omitempty"`  // counted ids of the object that no table has
}

// ActivationCoverage looks up what an object activates: its counted ids, which
// the directory itself holds, and the lists for its host key.
func ActivationCoverage(o evidence.ActivationObject) Coverage {
	c := Coverage{Releases: []string{}, Groups: []string{}}
	for _, id := range o.CountedIDs {
		g, ok := catalog.GroupByCountedID(id)
		switch {
		case !ok || !g.CountedIDGenuine:
			c.Unknown++
		case !slices.Contains(c.Groups, g.Name):
			c.Groups = append(c.Groups, g.Name)
		}
	}
	key, by := activationKey(o)
	if by == "" {
		return c
	}
	c.HostKey, c.By, c.Source = key.Name, by, key.Source.Name()
	for _, r := range key.Activates() {
		if usesDirectory(r) {
			c.Releases = append(c.Releases, r.Name())
		}
	}
	slices.Sort(c.Releases)
	c.Releases = slices.Compact(c.Releases)
	return c
}

// Readable tells whether an activation object tells what it activates, known to the
// tables or not: the id or the ePID of its host key, or a counted id.
func Readable(o evidence.ActivationObject) bool {
	_, err := kms.ParseEPID(o.EPID)
	return o.ActivationID != "" || len(o.CountedIDs) > 0 || err == nil
}

// coverageKnown tells how much of a set's objects says what they activate: whether
// any can be read, and whether a table has what one of them names.
func coverageKnown(objects []evidence.ActivationObject) (readable, listed bool) {
	for _, o := range objects {
		c := ActivationCoverage(o)
		readable = readable || Readable(o)
		listed = listed || c.HostKey != "" || len(c.Groups) > 0
	}
	return readable, listed
}

// activationKey finds the generation of an object's host key: by its activation
// id, or else by its ePID where that leaves no choice.
func activationKey(o evidence.ActivationObject) (key catalog.HostKey, by string) {
	for _, k := range catalog.HostKeys() {
		if o.ActivationID != "" && slices.ContainsFunc(k.ActivationIDs, func(id string) bool { return strings.EqualFold(id, o.ActivationID) }) {
			return k, "activation id"
		}
	}
	e, err := kms.ParseEPID(o.EPID)
	if err != nil {
		return key, ""
	}
	ranges := catalog.NameHostKey(int(e.Group), int(e.KeyID))
	if len(ranges) != 1 {
		return key, ""
	}
	if k, ok := ranges[0].HostKey(); ok {
		return k, "ePID"
	}
	return key, ""
}

// firstWithDirectory is the build of Windows 8 and Windows Server 2012, the first
// that activate through Active Directory; of Office it is 2013.
const firstWithDirectory = 9200

func usesDirectory(r catalog.Release) bool {
	if r.Class == catalog.Office {
		return r.ID != "office-2010"
	}
	return r.Build >= firstWithDirectory
}

// ConcludeActivation says what a set tells of AD-based activation in a domain,
// beside KMS: a sentence a line.
func ConcludeActivation(set *evidence.Set, domain string) string {
	known, objects, partial := false, 0, false
	for _, d := range set.DirectoryReads {
		known = known || d.Read() || d.Objects > 0
		objects = max(objects, d.Objects)
		partial = partial || d.Partial
	}
	published, asked := kmsPublished(set, domain)
	name := evidence.Clean(domain)
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	readable, listed := coverageKnown(set.ActivationObjects)
	switch {
	case objects > 0 && !readable:
		say("The forest has activation objects, but of none the key or the ids could be read: whether a machine can activate through Active Directory is not known.")
	case objects > 0 && !listed:
		say("The forest has activation objects, with ids that no table here has: which products can activate through Active Directory is not known.")
	case objects > 0:
		say("Machines that are joined to a domain of this forest can activate through Active Directory, if they run a covered product that is not older than Windows 8, Windows Server 2012 or Office 2013, under its volume key (GVLK).")
	case known:
		say("This user sees no activation object. Active Directory shows them to every user of the domain unless rights were taken away: as far as that is so, nothing activates through Active Directory.")
	default:
		say("Whether the forest has activation objects is not known.")
	}
	if objects > 0 && readable {
		say("An activation object names no end. What a client gets from it lasts 180 days, is renewed when the client reaches a domain controller, and ends when the machine leaves the domain.")
	}
	if partial {
		say("There may be more objects than were read.")
	}
	switch {
	case published && listed:
		say("KMS hosts are published for %s as well. A joined client asks the directory first and a KMS host only if that fails, unless slmgr /act-type limits it; what no object covers is left to KMS.", name)
	case published && known && objects == 0:
		say("KMS hosts are published for %s, and serve what Active Directory does not.", name)
	case published:
		say("KMS hosts are published for %s.", name)
	case asked && listed:
		say("No KMS host is published for %s: machines outside the domain, and products that no object covers, find none there.", name)
	case asked && known && objects == 0:
		say("No KMS host is published for %s either.", name)
	case asked:
		say("No KMS host is published for %s.", name)
	default:
		say("Whether KMS hosts are published for %s is not known.", name)
	}
	if objects > 0 {
		say("No PC was looked at: whether one did activate so, slmgr /dlv shows there.")
	}
	return strings.Join(lines, "\n")
}

// kmsPublished tells whether KMS hosts are in DNS for a domain, and whether any
// DNS server said so or the contrary.
func kmsPublished(set *evidence.Set, domain string) (published, asked bool) {
	for _, a := range set.SRV {
		if a.Purpose != evidence.SRVKMS || !strings.EqualFold(a.Domain, domain) {
			continue
		}
		asked = asked || a.Outcome.Answered()
		for _, r := range a.Records {
			published = published || r.Target != "." && r.Target != ""
		}
	}
	return published, asked
}
