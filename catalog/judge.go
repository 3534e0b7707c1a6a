package catalog

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
)

// Identity is what the ePID of a KMS host tells about that host, and where it disagrees with itself.
type Identity struct {
	EPID      kms.EPID
	Build     Build // of the host; only EPID's Build is set where the table does not have it
	BuildName string
	Keys      []KeyRange // names of the host key: usually one, none when not known, two when the ranges overlap
	HostKeys  []HostKey  // what Microsoft's lists say of those keys; may be fewer than Keys
	Language  Language   // of the host's user interface; the zero Language when not in the table
	Activated time.Time  // the day the host key was activated, UTC midnight; zero for an impossible day

	// Contradictions are parts that do not fit each other. An ePID is free text to the protocol: one contradiction is
	// reason to look at the host, and proof of nothing.
	Contradictions []Remark
	// Notes are limits of the judgement and particularities that contradict nothing.
	Notes []Remark
}

// KeyName names the host key, or both candidates with "or" between; "" when it is not known.
func (id Identity) KeyName() string {
	return strings.Join(keyNames(id.Keys), " or ")
}

// Remark is one contradiction or note.
type Remark struct {
	ID   string // stable; one of the Epid constants
	Text string // a sentence without the final period
}

// Ids of contradictions.
const (
	EpidPlatformBuild  = "epid-platform-build"    // the platform id is not the one hosts of that build use
	EpidKeyNewer       = "epid-key-newer"         // by the lists of [HostKeys] the key needs a newer build
	EpidKeyNotForBuild = "epid-key-not-for-build" // those lists do not name the build as a host for the key
	EpidChannel        = "epid-channel"           // not the volume channel
	EpidDay            = "epid-day"               // a day the year does not have
	EpidBeforeBuild    = "epid-before-build"      // activated before the build existed
	EpidBeforeKey      = "epid-before-key"        // activated before the host key existed
	EpidFuture         = "epid-future"            // activated after now
)

// Ids of notes.
const (
	EpidUnknownBuild    = "epid-unknown-build"    // the build is not in the table
	EpidUnknownGroup    = "epid-unknown-group"    // no host key in the table has the group id
	EpidUnknownKey      = "epid-unknown-key"      // the group is known, the key id is in no range
	EpidAmbiguousKey    = "epid-ambiguous-key"    // two keys share the range
	EpidUnlistedKey     = "epid-unlisted-key"     // Microsoft's lists do not describe the key
	EpidSpecialKey      = "epid-special-key"      // a key for Azure, for pre-releases or for use inside Microsoft
	EpidUnknownLanguage = "epid-unknown-language" // the LCID is not in the table
	EpidRevision        = "epid-revision"         // something else than 0000 behind the build
)

// earlyAccess is how long before general availability builds and keys may be in use: volume customers and preview
// programmes get them months ahead of the dates in the tables.
const earlyAccess = 180 * 24 * time.Hour

// firstHosts is when KMS began, with Windows Vista, early access included.
var firstHosts = time.Date(2006, time.November, 30, 0, 0, 0, 0, time.UTC).Add(-earlyAccess)

// JudgeEPID explains a host's ePID as [kms.ParseEPID] splits it. now is the time to compare its date with.
func JudgeEPID(e kms.EPID, now time.Time) Identity {
	id := Identity{EPID: e, Keys: NameHostKey(int(e.Group), int(e.KeyID))}
	for _, k := range id.Keys {
		if h, ok := k.HostKey(); ok && !slices.ContainsFunc(id.HostKeys, func(o HostKey) bool { return o.ID == h.ID }) {
			id.HostKeys = append(id.HostKeys, h)
		}
	}
	id.judgeBuild()
	id.judgeKey()
	id.judgePlacement()
	id.judgeDate(now)
	if e.Channel != 3 {
		id.contradict(EpidChannel, "the licence channel is %02d; host keys are volume keys, channel 03", e.Channel)
	}
	var known bool
	if id.Language, known = LanguageByLCID(int(e.LCID)); !known {
		id.note(EpidUnknownLanguage, "no name is known here for language %d", e.LCID)
	}
	return id
}

func (id *Identity) contradict(remark, format string, args ...any) {
	id.Contradictions = append(id.Contradictions, Remark{remark, fmt.Sprintf(format, args...)})
}

func (id *Identity) note(remark, format string, args ...any) {
	id.Notes = append(id.Notes, Remark{remark, fmt.Sprintf(format, args...)})
}

func (id *Identity) judgeBuild() {
	e := id.EPID
	var known bool
	if id.Build, known = BuildByNumber(int(e.Build)); known {
		id.BuildName = id.Build.Name
	} else {
		id.Build = Build{Number: int(e.Build)}
		id.note(EpidUnknownBuild, "build %d is not in the table of builds: a pre-release, or newer than the table", e.Build)
	}
	if want, ok := PlatformID(int(e.Build)); ok && want != int(e.Platform) {
		id.contradict(EpidPlatformBuild, "build %d goes with platform %05d (%s), the ePID has %05d", e.Build, want, PlatformName(want), e.Platform)
	}
	if e.Revision != 0 {
		id.note(EpidRevision, "the build is followed by %04d; hosts write 0000", e.Revision)
	}
}

func (id *Identity) judgeKey() {
	e := id.EPID
	switch {
	case len(id.Keys) == 0 && !KnownKeyGroup(int(e.Group)):
		id.note(EpidUnknownGroup, "group %05d is no host key's in the public tables: the key may be newer than they are, or this is the extended product id of a client", e.Group)
	case len(id.Keys) == 0:
		id.note(EpidUnknownKey, "key id %09d is in no range known for group %05d: the key may be newer than the public tables", e.KeyID, e.Group)
	case len(id.Keys) > 1:
		id.note(EpidAmbiguousKey, "the public tables give this key range to %s", strings.Join(keyNames(id.Keys), " and to "))
	}
	for _, k := range id.Keys {
		switch {
		case k.Lab:
			id.note(EpidSpecialKey, "%s is a key for use inside Microsoft", k.Name)
		case k.Azure:
			id.note(EpidSpecialKey, "%s is a key for Azure alone", k.Name)
		case k.Preview:
			id.note(EpidSpecialKey, "%s is a key for pre-releases", k.Name)
		}
		if k.HostKeyID == "" {
			id.note(EpidUnlistedKey, "what %s activates, and on which systems, is not in Microsoft's lists", k.Name)
		}
	}
}

// judgePlacement contradicts only when no candidate for the key may live on the build.
func (id *Identity) judgePlacement() {
	tooOld, unlisted := 0, 0
	var source ListSource // of the last; candidates that share a range have lists of one kind
	for _, k := range id.Keys {
		h, ok := k.HostKey()
		if !ok || k.Lab || k.Azure || k.Preview {
			return
		}
		source = h.Source
		switch place, _ := h.CanLiveOn(int(id.EPID.Build)); place {
		case PlaceTooOld:
			tooOld++
		case PlaceUnlisted:
			unlisted++
		}
	}
	switch n := len(id.Keys); {
	case n == 0 || tooOld+unlisted < n:
	case tooOld == n:
		id.contradict(EpidKeyNewer, "by %s the %s key cannot be installed on %s: that system is too old for it",
			source.Name(), id.KeyName(), id.BuildName)
	default:
		id.contradict(EpidKeyNotForBuild, "%s is no host for the %s key by %s", id.BuildName, id.KeyName(), source.Name())
	}
}

func (id *Identity) judgeDate(now time.Time) {
	e := id.EPID
	activated, ok := e.Activated()
	if !ok || activated.IsZero() { // the zero time is a day of the year 1, and means none in an Identity
		id.contradict(EpidDay, "the host key's activation is dated day %03d of %04d, a day that does not exist", e.Day, e.Year)
		return
	}
	id.Activated = activated
	day := activated.Format(time.DateOnly)
	if activated.After(now.Add(24 * time.Hour)) { // the host's calendar may be a day ahead
		id.contradict(EpidFuture, "the host key's activation is dated %s, after today", day)
	}
	if b := id.Build.Released; !b.IsZero() && activated.Before(b.Add(-earlyAccess)) {
		id.contradict(EpidBeforeBuild, "the host key's activation is dated %s; %s was released on %s", day, id.BuildName, b.Format(time.DateOnly))
	}
	var late []KeyRange // candidates that did not exist yet
	for _, k := range id.Keys {
		if !k.Released.IsZero() && activated.Before(k.Released.Add(-earlyAccess)) {
			late = append(late, k)
		}
	}
	switch {
	case len(late) == 0 && activated.Before(firstHosts):
		id.contradict(EpidBeforeKey, "the host key's activation is dated %s, before there were KMS hosts", day)
	case len(late) == 0:
	case len(late) == len(id.Keys):
		first := slices.MinFunc(late, func(a, b KeyRange) int { return a.Released.Compare(b.Released) })
		id.contradict(EpidBeforeKey, "the host key's activation is dated %s, before the %s key appeared (%s)",
			day, id.KeyName(), first.Released.Format(time.DateOnly))
	default:
		id.excludeLate(late)
	}
}

// excludeLate adds to the note on an ambiguous key which candidates did not exist yet; they stay in Keys.
func (id *Identity) excludeLate(late []KeyRange) {
	for i := range id.Notes {
		if id.Notes[i].ID == EpidAmbiguousKey {
			id.Notes[i].Text += fmt.Sprintf("; when it was activated there was no %s key yet", strings.Join(keyNames(late), " or "))
		}
	}
}

func keyNames(keys []KeyRange) []string {
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return names
}
