package checks

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// matrixKey is a host key that an answer's ePID names.
type matrixKey struct {
	run.MatrixKey
	id catalog.Identity
}

// certain returns the host key where the ePID names exactly one that the lists
// describe.
func (k matrixKey) certain() (catalog.HostKey, bool) {
	if len(k.id.Keys) != 1 || len(k.id.HostKeys) != 1 {
		return catalog.HostKey{}, false
	}
	return k.id.HostKeys[0], true
}

// noteKey reads the ePID of a row's answer.
func (a *matrixAsker) noteKey(row *run.MatrixRow) {
	if row.EPID == "" {
		return
	}
	i := slices.IndexFunc(a.keys, func(k matrixKey) bool { return k.EPID == row.EPID && k.Application == row.Application })
	if i < 0 {
		k := matrixKey{MatrixKey: run.MatrixKey{Application: row.Application, EPID: row.EPID}}
		if epid, err := kms.ParseEPID(row.EPID); err == nil {
			k.id = catalog.JudgeEPID(epid, a.env.Now())
			k.Key, k.System, k.Build = k.id.KeyName(), k.id.BuildName, k.id.Build.Number
		}
		i = len(a.keys)
		a.keys = append(a.keys, k)
	}
	row.Key = a.keys[i].Key
	if key, ok := a.keys[i].certain(); ok && row.Status == run.MatrixServed {
		row.Unlisted = unlistedBy(key, row.Group)
	}
}

// unlistedBy returns the releases of a group that are too new for a key's list:
// a host serves them all the same.
func unlistedBy(key catalog.HostKey, group string) []string {
	g, ok := groupByID(group)
	if !ok {
		return nil
	}
	var names []string
	for _, r := range g.Releases() {
		own := r.Default()
		if own.Product.Group.ID == g.ID && key.Covers(own) == catalog.TooNew {
			names = append(names, r.Name())
		}
	}
	return names
}

func groupByID(id string) (catalog.Group, bool) {
	for _, g := range catalog.Groups() {
		if g.ID == id {
			return g, true
		}
	}
	return catalog.Group{}, false
}

// judgeRefusal says which host keys would cure a refusal, as far as is known.
func (a *matrixAsker) judgeRefusal(row *run.MatrixRow) {
	if row.Status != run.MatrixRefused || row.HRESULT != uint32(kms.ErrKeyMismatch) {
		return
	}
	g, ok := groupByID(row.Group)
	if !ok {
		return
	}
	row.Why, row.Cure = whyRefused(row, row.HRESULT), nil
	host := a.host()
	for _, k := range catalog.HostKeysForGroup(g) {
		if slices.Contains(host.keys, k.ID) {
			row.Why = fmt.Sprintf("refused, although by %s the %s that an ePID of the host names covers it", k.Source.Name(), k.Name)
			continue
		}
		ref := hostKeyRef(k, g)
		ref.Fits, ref.Update = host.takes(k)
		ref.Older = host.newerThan(k) && ref.Fits != run.FitsServer && ref.Fits != run.FitsClient
		row.Cure = append(row.Cure, ref)
	}
	if len(row.Cure) == 0 && len(catalog.HostKeysForGroup(g)) == 0 {
		row.Why += ", and no list of host keys names it"
	}
	rank := map[string]int{string(catalog.PlaceUnlisted): 1, run.FitsServer: 1, run.FitsClient: 1, string(catalog.PlaceTooOld): 2}
	slices.SortStableFunc(row.Cure, func(x, y run.HostKeyRef) int { return cmp.Compare(rank[x.Fits], rank[y.Fits]) })
}

// matrixHost is what the ePIDs tell of the host, of the days its keys were
// activated.
type matrixHost struct {
	build int           // of Windows; 0: not known, or the ePIDs disagree
	role  catalog.Class // Server or Client; "" where that is not known
	keys  []string      // ids of the host keys
}

// takes says whether the list of a host key names the host, and which update it
// needs first. Where only the host's role is known it says at most that the role
// is the wrong one.
func (h matrixHost) takes(k catalog.HostKey) (fits, update string) {
	systems := slices.DeleteFunc(k.Hosts(), func(s catalog.HostSystem) bool { return h.role != "" && s.Role != h.role })
	if len(systems) == 0 {
		return map[catalog.Class]string{catalog.Server: run.FitsClient, catalog.Client: run.FitsServer}[h.role], ""
	}
	build, known := catalog.BuildByNumber(h.build)
	if !known {
		return "", ""
	}
	oldest := systems[0].First
	for _, s := range systems {
		oldest = min(oldest, s.First)
		if (s.Role == catalog.Client && build.Client || s.Role == catalog.Server && build.Server) &&
			h.build >= s.First && (s.Last == 0 || h.build <= s.Last) {
			return string(catalog.PlaceListed), k.UpdateFor(h.build)
		}
	}
	if h.build < oldest {
		return string(catalog.PlaceTooOld), ""
	}
	return string(catalog.PlaceUnlisted), ""
}

// newerThan tells whether the host has a newer Windows host key.
func (h matrixHost) newerThan(k catalog.HostKey) bool {
	for _, one := range catalog.HostKeys() {
		switch {
		case one.ID == k.ID || k.Class == catalog.Office:
			return false
		case one.Class != catalog.Office && slices.Contains(h.keys, one.ID):
			return true
		}
	}
	return false
}

// host reads the ePIDs. One that contradicts itself tells no build; which edition
// of Windows runs there it tells all the same, where key and build agree on that.
func (a *matrixAsker) host() matrixHost {
	var h matrixHost
	var roles []catalog.Class
	for _, k := range a.keys {
		if b := k.id.Build; b.Client != b.Server {
			roles = append(roles, map[bool]catalog.Class{true: catalog.Client, false: catalog.Server}[b.Client])
		}
		if k.Build != 0 && len(k.id.Contradictions) == 0 {
			h.build = max(h.build, k.Build)
		}
		if key, ok := k.certain(); ok && !slices.Contains(h.keys, key.ID) {
			h.keys = append(h.keys, key.ID)
			if key.Class != catalog.Office {
				roles = append(roles, key.Class)
			}
		}
	}
	if slices.Sort(roles); len(roles) > 0 && roles[0] == roles[len(roles)-1] {
		h.role = roles[0]
	}
	return h
}
