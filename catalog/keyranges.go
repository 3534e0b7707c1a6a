package catalog

import (
	_ "embed" // for the table
	"slices"
	"sync"
	"time"
)

// KeyRange is a range of key ids within a group id, as the second to fourth part of an ePID show them, and the host
// key the public databases name for it. It names a key and says nothing of what the key activates.
type KeyRange struct {
	GroupID  int
	Min, Max int       // first and last key id, both included
	Name     string    // of the host key, such as "Windows Server 2012 R2 With Win 10"
	Released time.Time // when the key appeared, UTC midnight; the zero time where that is unknown

	// HostKeyID is the generation of [HostKeys] the key belongs to; "" for keys that Microsoft's lists do not
	// describe (Windows Vista, pre-releases, China Government).
	HostKeyID string

	Lab     bool // for use inside Microsoft
	Azure   bool // for Azure alone
	Preview bool // for pre-releases
	Shared  bool // the databases give the same range to another key as well
}

// HostKey returns the generation of the range's key; false where Microsoft's lists do not describe it.
func (r KeyRange) HostKey() (HostKey, bool) { return HostKeyByID(r.HostKeyID) }

var (
	//go:embed data/keyranges.tsv
	keyRangesTSV string

	keyRangeTable = sync.OnceValue(loadKeyRanges)
)

func loadKeyRanges() []KeyRange {
	var ranges []KeyRange
	for _, r := range readTable("keyranges.tsv", keyRangesTSV, "group_id", "min_key_id", "max_key_id", "host_key", "released", "flags", "name") {
		k := KeyRange{
			GroupID: number(r[0]), Min: number(r[1]), Max: number(r[2]), HostKeyID: r[3], Released: date(r[4]), Name: r[6],
			Lab: has(r[5], "lab"), Azure: has(r[5], "azure"), Preview: has(r[5], "preview"), Shared: has(r[5], "shared"),
		}
		if k.HostKeyID == "-" {
			k.HostKeyID = ""
		}
		ranges = append(ranges, k)
	}
	return ranges
}

// KeyRanges returns every range of the table. The slice is the caller's.
func KeyRanges() []KeyRange { return slices.Clone(keyRangeTable()) }

// NameHostKey returns the ranges a group id and key id of an ePID fall into: usually one; two where the databases
// give one range to two keys; none for keys the databases do not know, which proves nothing about a host.
func NameHostKey(groupID, keyID int) []KeyRange {
	var found []KeyRange
	for _, r := range keyRangeTable() {
		if r.GroupID == groupID && r.Min <= keyID && keyID <= r.Max {
			found = append(found, r)
		}
	}
	return found
}

// KnownKeyGroup tells whether any range has the group id.
func KnownKeyGroup(groupID int) bool {
	return slices.ContainsFunc(keyRangeTable(), func(r KeyRange) bool { return r.GroupID == groupID })
}
