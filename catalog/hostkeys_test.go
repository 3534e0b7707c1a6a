package catalog

import (
	"slices"
	"testing"
)

func TestHostKeyLaws(t *testing.T) {
	ids, activation := map[string]bool{}, map[string]bool{}
	for _, k := range HostKeys() {
		if ids[k.ID] {
			t.Errorf("%s appears twice", k.ID)
		}
		ids[k.ID] = true
		for _, id := range k.ActivationIDs {
			if !guid.MatchString(id) || activation[id] {
				t.Errorf("%s: activation id %q is no GUID or appears twice", k.ID, id)
			}
			activation[id] = true
			if p, ok := ProductByActivationID(id); ok {
				t.Errorf("%s: activation id is that of the product %s", k.ID, p.Name)
			}
		}
		if len(k.Activates()) != len(k.activates) || len(k.activates) == 0 {
			t.Errorf("%s: %d of %d releases exist", k.ID, len(k.Activates()), len(k.activates))
		}
		if len(k.hosts) == 0 || k.Name == "" || k.Source != ListMicrosoft && k.Source != ListArchive && k.Source != ListDatabase {
			t.Errorf("incomplete: %+v", k)
		}
		for _, u := range k.updates {
			if place, update := k.CanLiveOn(u.last); place != PlaceListed || update != u.update {
				t.Errorf("%s: update %s is for build %d, which is %s", k.ID, u.update, u.last, place)
			}
		}
		if !slices.ContainsFunc(KeyRanges(), func(r KeyRange) bool { return r.HostKeyID == k.ID }) {
			t.Errorf("%s: no key range leads to it", k.ID)
		}
	}
}

// Which generation each name of the range table stands for.
func TestRangeNamesLeadToGenerations(t *testing.T) {
	for _, tt := range []struct {
		group, key int
		want       []string // host key ids
	}{
		{4918, 30000, []string{"server-2025"}},
		{4919, 0, []string{"server-2025"}},
		{4573, 4771236, []string{"server-2022"}},
		{206, 557318840, []string{"server-2019"}},
		{206, 570999999, []string{"server-2019"}},
		{206, 571000000, []string{"office-2021"}},
		{206, 491411285, []string{"server-2016"}},
		{206, 410000000, []string{"server-2012-r2-windows-10"}},
		{206, 283660021, []string{"server-2012-r2"}},
		{206, 160000000, []string{"server-2012"}},
		{206, 98500000, []string{"server-2012-r2", "server-2012"}},
		{168, 305000000, []string{"server-2008-r2-c"}},
		{168, 312880000, []string{"server-2008-r2-b"}},
		{168, 249000000, []string{"server-2008-r2-a"}},
		{152, 381000000, []string{"server-2008-c"}},
		{152, 339000000, []string{"server-2008-b"}},
		{152, 368000000, []string{"server-2008-a"}},
		{206, 256000000, []string{"windows-10"}},
		{206, 531000000, []string{"windows-10"}},
		{206, 390000000, []string{"windows-10"}},
		{206, 339000000, []string{"windows-8.1"}},
		{206, 199000000, []string{"windows-8"}},
		{172, 37000000, []string{"windows-7"}},
		{206, 671553120, []string{"office-2024", "office-2019"}},
		{206, 447902315, []string{"office-2016"}},
		{206, 234001162, []string{"office-2013"}},
		{96, 208497764, []string{"office-2010"}},
		{3858, 320801028, []string{""}},
		{206, 1000000, []string{""}},
		{142, 26000000, []string{""}},
		{206, 999999999, nil},
		{140, 15871562, nil},
	} {
		var got []string
		for _, r := range NameHostKey(tt.group, tt.key) {
			got = append(got, r.HostKeyID)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("group %d key %d: %q, want %q", tt.group, tt.key, got, tt.want)
		}
	}
	if KnownKeyGroup(140) || !KnownKeyGroup(206) {
		t.Error("known groups are wrong")
	}
}

func TestCovers(t *testing.T) {
	for _, tt := range []struct {
		key, product string
		want         Coverage
	}{
		{"server-2019", "windows 10 enterprise", Covered},
		{"server-2019", "windows 11 enterprise", TooNew}, // though the counted id is the same
		{"server-2022", "windows 11 enterprise", Covered},
		{"server-2022", "windows 11 ltsc 2024", TooNew},
		{"server-2022", "server 2025", TooNew},
		{"server-2025", "windows 11 ltsc 2024", Covered},
		{"server-2025", "server 2025", Covered},
		{"server-2025", "windows vista", Unlisted},
		{"server-2022", "windows 8", Unlisted},
		{"server-2016", "windows 10 ltsb 2016", Covered},
		{"server-2016", "windows 10 ltsc 2019", TooNew},
		{"server-2012-r2", "windows 10", TooNew},
		{"server-2012-r2-windows-10", "windows 10", Covered},
		{"server-2012-r2-windows-10", "server 2016", TooNew},
		{"windows-10", "server 2012 r2", OtherFamily},
		{"windows-10", "windows 11", TooNew},
		{"server-2008-r2-b", "windows server 2008 r2 datacenter", Unlisted},
		{"server-2008-r2-c", "windows server 2008 r2 standard", Covered},
		{"server-2025", "office 2021", OtherFamily},
		{"office-2021", "office 2021", Covered},
		{"office-2021", "office 2019", OtherFamily},
		{"office-2021", "windows 11", OtherFamily},
		{"server-2025", "windows 11 home", Unlisted},
	} {
		k, ok := HostKeyByID(tt.key)
		c, err := ProductByName(tt.product)
		if got := k.Covers(c); !ok || err != nil || got != tt.want {
			t.Errorf("%s for %s: %s, want %s (%v)", tt.key, tt.product, got, tt.want, err)
		}
	}
	var able []string
	for _, k := range HostKeysFor(DefaultClient()) {
		able = append(able, k.ID)
	}
	if want := []string{"server-2025", "server-2022"}; !slices.Equal(able, want) {
		t.Errorf("keys for Windows 11: %q, want %q", able, want)
	}
}

func TestCanLiveOn(t *testing.T) {
	for _, tt := range []struct {
		key    string
		build  int
		want   Placement
		update string
	}{
		{"server-2025", 26100, PlaceListed, ""},
		{"server-2025", 20348, PlaceListed, "KB5034770"},
		{"server-2025", 17763, PlaceListed, "KB5034768"},
		{"server-2025", 14393, PlaceTooOld, ""},
		{"server-2025", 22621, PlaceUnlisted, ""}, // a client system
		{"server-2022", 14393, PlaceListed, "KB5003638"},
		{"server-2022", 26100, PlaceUnlisted, ""},
		{"server-2019", 9600, PlaceListed, "KB4467695"},
		{"server-2019", 7601, PlaceTooOld, ""},
		{"windows-10", 19045, PlaceListed, ""},
		{"windows-10", 20348, PlaceUnlisted, ""},
		{"windows-10", 7601, PlaceListed, "KB3079821"},
		{"office-2024", 17763, PlaceListed, ""}, // as Windows 10 1809
		{"office-2024", 9600, PlaceTooOld, ""},
		{"office-2021", 9600, PlaceTooOld, ""},
		{"office-2019", 26200, PlaceListed, ""},
		{"server-2008-r2-c", 3790, PlaceListed, "KMS 1.2"},
		{"server-2019", 7078, PlaceUnknown, ""},
	} {
		k, ok := HostKeyByID(tt.key)
		place, update := k.CanLiveOn(tt.build)
		if !ok || place != tt.want || update != tt.update {
			t.Errorf("%s on %d: %s %q, want %s %q", tt.key, tt.build, place, update, tt.want, tt.update)
		}
	}
}
