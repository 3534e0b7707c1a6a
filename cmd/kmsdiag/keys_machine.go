package main

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/evidence/windows"
)

// maxMachines bounds the keys of one paste that are judged.
const maxMachines = 50

// installedKeys are the keys that evidence shows on machines: of licences in
// use, without those for extended security updates. Licences of a grace period
// count where a product has no other.
func installedKeys(set evidence.Set) []catalog.Installed {
	var keys, grace []catalog.Installed
	for _, l := range set.Licenses {
		text := strings.ToUpper(l.Name + " " + l.Description)
		sideEntry := strings.Contains(text, "ESU") || strings.Contains(text, "EXTENDED SECURITY") || l.Channel == "FREE"
		if l.NotInUse || sideEntry || l.PartialKey == "" && l.Channel == "" || len(keys)+len(grace) == maxMachines {
			continue
		}
		in := catalog.Installed{
			Partial: evidence.Clean(l.PartialKey), Channel: l.Channel, RawChannel: evidence.Clean(l.RawChannel), ChannelBasis: place(l.Origin),
			Licensed: l.Permanent || l.Status != nil && *l.Status == 1,
		}
		in.Edition, in.EditionBasis = editionIn(set, l)
		if l.Channel == "CSVLK" {
			in.Host = serving(set, l)
		}
		if l.Channel == "GRACE" {
			grace = append(grace, in)
			continue
		}
		keys = append(keys, in)
	}
	for _, in := range grace {
		same := func(k catalog.Installed) bool {
			return (k.Edition.Class == catalog.Office) == (in.Edition.Class == catalog.Office)
		}
		if !slices.ContainsFunc(keys, same) {
			keys = append(keys, in)
		}
	}
	return keys
}

// serving is what a machine with a host key says of its service; nil where it
// says nothing, or the service is off.
func serving(set evidence.Set, l evidence.License) *catalog.Serving {
	for _, h := range set.Hosts {
		if !h.Enabled || h.Origin.Paste != l.Origin.Paste || h.Product != "" && l.Name != "" && h.Product != l.Name {
			continue
		}
		s := catalog.Serving{Count: -1, Requests: -1, Basis: place(h.Origin)}
		if h.Count != nil {
			s.Count = *h.Count
		}
		if h.Total != nil {
			s.Requests = *h.Total
		}
		return &s
	}
	return nil
}

// editionIn finds the edition that a licence is for: what the machine says of
// itself goes before what the licence says, for that follows the key.
func editionIn(set evidence.Set, l evidence.License) (catalog.Edition, string) {
	office := l.Tool == "ospp" || strings.Contains(strings.ToLower(l.Name), "office") ||
		l.ApplicationID != "" && !strings.EqualFold(l.ApplicationID, catalog.WindowsAppID)
	system, id, named := strings.Cut(l.Name, ", ")
	build := 0
	if !office && len(set.Systems) == 1 { // of several machines nobody knows whose licence it is
		s := set.Systems[0]
		build = s.Build
		if e, ok := catalog.EditionByName(s.Product); ok && s.Product != "" {
			e.Evaluation = e.Evaluation || strings.HasSuffix(s.Edition, "Eval")
			return e, place(s.Origin)
		}
		if e, ok := catalog.EditionByID(s.Edition, build); ok {
			return e, place(s.Origin)
		}
		if e, ok := catalog.EditionOfLicense(system, s.Edition, build, l.PartialKey); ok {
			return e, basisOf(e, l, s.Origin)
		}
	}
	// The activation ids known are those of KMS clients.
	if e, ok := catalog.EditionByActivationID(l.ActivationID); ok && (l.Channel == "GVLK" || l.Channel == "") {
		return e, "by the activation id, " + place(l.Origin)
	}
	if office {
		if e, ok := catalog.EditionOfOfficeLicense(l.Name); ok {
			return e, place(l.Origin)
		}
		return catalog.Edition{Class: catalog.Office}, ""
	}
	if named {
		if e, ok := catalog.EditionOfLicense(system, strings.TrimSuffix(id, " edition"), build, l.PartialKey); ok {
			return e, basisOf(e, l, l.Origin)
		}
	}
	return catalog.Edition{}, ""
}

// basisOf says where an edition was read, and where its key told the release.
func basisOf(e catalog.Edition, l evidence.License, o evidence.Origin) string {
	if len(e.Keys) == 1 && strings.EqualFold(e.Keys[0].Partial(), l.PartialKey) {
		return "by key and name of the licence, " + place(o)
	}
	return place(o)
}

// place names a line of a paste without the folders of its file.
func place(o evidence.Origin) string {
	o.Paste = filepath.Base(o.Paste)
	return o.String()
}

// statedEdition reads --edition, a name or an EditionID; the zero Edition for
// "". An id leaves the release open, which the end of the key may tell.
func statedEdition(name, partial string) (catalog.Edition, error) {
	if name == "" {
		return catalog.Edition{}, nil
	}
	if e, ok := catalog.EditionByName(name); ok {
		return e, nil
	}
	if e, ok := catalog.EditionOfLicense("", name, 0, partial); ok {
		return e, nil
	}
	found := catalog.FindKeys(name)
	near := found.Near
	for _, m := range found.Hits[:min(len(found.Hits), 5)] {
		near = append(near, m.GVLK.Name())
	}
	text := "; want one as winver shows it, such as \"Windows 11 Pro\""
	if len(near) > 0 {
		text = "; near: " + strings.Join(near, ", ")
	}
	return catalog.Edition{}, usagef("--edition %.80s: not the name of one edition%s", windows.Mask(name), text)
}

// plainChannels are the channels by the names that people use.
var plainChannels = map[string]string{
	"gvlk": "GVLK", "kmsclient": "GVLK", "csvlk": "CSVLK", "kms": "CSVLK", "mak": "MAK", "retail": "RETAIL", "oem": "OEM",
	"avma": "AVMA", "eval": "EVAL", "evaluation": "EVAL", "subscription": "SUBSCRIPTION",
}

// statedChannel reads --channel, as people and as Windows write it.
func statedChannel(ctx context.Context, text string) (name, raw string, err error) {
	if text == "" {
		return "", "", nil
	}
	if name, ok := plainChannels[strings.ToLower(text)]; ok {
		return name, text, nil
	}
	line := strings.Join(strings.Fields(text), " ")
	p, err := windows.ReadString(ctx, "Name: Windows(R), Professional edition\nDescription: Windows(R) Operating System, "+line+" channel\n", "--channel")
	if err == nil {
		for _, l := range p.Set.Licenses {
			if l.Channel != "" {
				return l.Channel, evidence.Clean(line), nil
			}
		}
	}
	return "", "", usagef("--channel %.80s: want one as slmgr /dlv prints it: VOLUME_KMSCLIENT, VOLUME_MAK, VOLUME_KMS, RETAIL, OEM_DM, TIMEBASED_EVAL or VIRTUAL_MACHINE_ACTIVATION", windows.Mask(text))
}

// statedKey reads the key that a machine is said to have: its last five
// characters, the whole of it, or the name of the edition it is for.
func statedKey(query string) (partial string, err error) {
	if query == "" {
		return "", nil
	}
	found := catalog.FindKeys(query)
	if found.First == 1 && found.Hits[0].How != catalog.MatchOneLetter && found.Hits[0].How != catalog.MatchMisspelt {
		return found.Hits[0].GVLK.Partial(), nil
	}
	if last, ok := keyShaped(query); ok && last != "" {
		return last, nil
	}
	if partial, ok := fiveCharacters(query); ok {
		return partial, nil
	}
	return "", usagef("want the last five characters of the key that the machine shows, or the name of one edition; got %.80q", windows.Mask(query))
}

// fiveCharacters reads a group of a key, in capital letters.
func fiveCharacters(query string) (string, bool) {
	if len(query) != 5 || strings.Trim(strings.ToUpper(query), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return "", false
	}
	return strings.ToUpper(query), true
}

// isWord tells whether a text holds letters that keys do not have, and no digit.
func isWord(query string) bool {
	return strings.ContainsAny(strings.ToUpper(query), "AEILOSUZ") && !strings.ContainsAny(query, "0123456789")
}

// keyShaped tells whether a text is a key or some of its groups, and returns
// the last five characters of a whole one.
func keyShaped(query string) (last string, ok bool) {
	const five, whole = 5, 25
	groups := strings.FieldsFunc(strings.ToUpper(query), func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	})
	all := strings.Join(groups, "")
	const misread = 4 // letters that keys do not have; a name has more
	foreign := len(all) - len(strings.Map(func(r rune) rune {
		if strings.ContainsRune("AEILOSUZ", r) {
			return -1
		}
		return r
	}, all))
	odd, digit, letter := 0, strings.ContainsAny(all, "0123456789"), strings.Trim(all, "0123456789") != ""
	for _, g := range groups {
		if len(g) != five {
			odd++
		}
	}
	if !digit || !letter || foreign > misread || len(all) < 3*five-1 || odd > 1 {
		return "", false
	}
	if len(all) < whole-1 || len(all) > whole+1 {
		return "", true
	}
	return all[len(all)-five:], true
}

// maskedQuery is a query as it may be shown: what may be a key is hidden but for
// its last five characters, unless it is a published one.
func maskedQuery(query string, found catalog.KeyAnswer) string {
	if len(found.Hits) > 0 && found.Hits[0].How != catalog.MatchOneLetter {
		return windows.Mask(query)
	}
	if last, ok := keyShaped(query); ok {
		return strings.TrimSpace("XXXXX " + last)
	}
	return windows.Mask(query)
}
