package catalog

import (
	"slices"
	"strings"
	"testing"
)

func hostKeyIDs(keys []HostKey) string {
	var list []string
	for _, k := range keys {
		list = append(list, k.ID)
	}
	return strings.Join(list, " ")
}

func TestFindHostKeys(t *testing.T) {
	for _, tt := range []struct {
		typed, named, activating, living string // ids; living: the first
	}{
		{"server 2022", "server-2022", "server-2025 server-2022", "server-2025"},
		{"server-2019", "server-2019", "", ""},
		{"windows 11 ltsc 2024", "", "server-2025", "office-2024"},
		{"windows 11", "", "server-2025 server-2022", "office-2024"},
		{"windows 11 pro", "", "server-2025 server-2022", ""},
		{"office 2021", "office-2021", "office-2021", ""},
		{"sever 2022", "server-2022", "server-2025 server-2022", "server-2025"},
		{"17763", "", "", "server-2025"},
		{"10.0.17763.5458", "", "", "server-2025"},
		{"9600", "", "", "server-2019"},
		{"office", "office-2019 office-2016 office-2013 office-2010 office-2024 office-2021", "", ""},
		{"host key server 2016", "server-2016", "", ""},
		{"macOS", "", "", ""},
		{"99999", "", "", ""},
		{"17763.x", "", "", ""},
		{"17763.99999999999999", "", "", ""},
		{"6000", "", "", "server-2008-c"},
		{"{84E331F6-4279-48C4-AB10-B75139181351}", "server-2025", "", ""},
		{"", "", "", ""},
	} {
		a := FindHostKeys(tt.typed)
		first := ""
		if len(a.Living) > 0 {
			first = a.Living[0].ID
		}
		if tt.living == "server-2025" && !slices.ContainsFunc(a.Living, func(k HostKey) bool { return k.ID == "server-2025" }) || (tt.living == "") != (first == "") {
			t.Errorf("%s: living %s", tt.typed, hostKeyIDs(a.Living))
		}
		if hostKeyIDs(a.Named) != tt.named || hostKeyIDs(a.Activating) != tt.activating {
			t.Errorf("%s: named %q, activating %q", tt.typed, hostKeyIDs(a.Named), hostKeyIDs(a.Activating))
		}
		if a.Empty() != (tt.named+tt.activating+tt.living == "") {
			t.Errorf("%s: empty = %t", tt.typed, a.Empty())
		}
	}
	if a := FindHostKeys("17763.1999"); a.Build != 17763 || a.Revision != 1999 {
		t.Errorf("%+v", a)
	}
	if a := FindHostKeys("windows nt host"); len(a.Near) == 0 {
		t.Errorf("nothing is near: %+v", a)
	}
}

// Of a build that is client and server alike, every key says on which of the two it goes.
func TestKeysOfOneRole(t *testing.T) {
	for _, tt := range []struct{ typed, key, want string }{
		{"17763.5458", "server-2025", "server"},
		{"17763", "windows-10", "client"},
		{"17763", "office-2024", "client"},
		{"17763", "office-2021", ""},
		{"14393.4467", "office-2024", "client"},
		{"9600", "windows-10", "client"},
		{"9600", "windows-8.1", "client"},
		{"9600", "server-2012-r2-windows-10", "server"},
		{"26100", "server-2025", "server"},
		{"19045", "windows-10", ""},
		{"20348", "server-2025", ""},
		{"windows server 2019", "server-2025", ""},
	} {
		a := FindHostKeys(tt.typed)
		k, _ := HostKeyByID(tt.key)
		if got := a.Only(k); string(got) != tt.want || !slices.ContainsFunc(a.Living, func(l HostKey) bool { return l.ID == tt.key }) {
			t.Errorf("%s: %s on %q alone, want %q; living %s", tt.typed, tt.key, got, tt.want, hostKeyIDs(a.Living))
		}
	}
	b, _ := BuildByNumber(17763)
	if b.SystemOf(Client) != "Windows 10 1809" || b.SystemOf(Server) != "Server 2019" {
		t.Errorf("%q", b.Name)
	}
	if a := FindHostKeys("windows server 2019"); slices.ContainsFunc(a.Living, func(k HostKey) bool { return k.ID == "office-2024" || k.ID == "windows-10" }) {
		t.Errorf("living %s", hostKeyIDs(a.Living))
	}
}

// Every update of the table of host keys has its builds, and the tables name nothing else.
func TestHostSystemLaws(t *testing.T) {
	used := map[string]bool{}
	for _, k := range HostKeys() {
		for _, s := range k.Hosts() {
			if strings.HasPrefix(s.Name, "build ") || s.Role != Server && s.Role != Client || s.Last != 0 && s.Last < s.First {
				t.Errorf("%s: %+v", k.ID, s)
			}
			for _, u := range s.Updates {
				used[u.Update] = true
				if (u.Revision > 0) != (u.Least() != "") || u.First >= 10240 && (u.Revision == 0 || u.Released.IsZero()) {
					t.Errorf("%s on %s: %+v", k.ID, s.Name, u)
				}
				if got := k.UpdateNeeded(u.First); got != u {
					t.Errorf("%s on %d: %+v, want %+v", k.ID, u.First, got, u)
				}
				if got := k.UpdateFor(u.Last); got != u.Update {
					t.Errorf("%s on %d: %s, want %s", k.ID, u.Last, got, u.Update)
				}
			}
		}
		if pack := k.OfficePack(); pack != "" && k.Class != Office || k.Class == Office && pack == "" && k.ID != "office-2010" {
			t.Errorf("%s: pack %q", k.ID, pack)
		}
	}
	for row := range updateTable() {
		if update, _, _ := strings.Cut(row, " "); !used[update] {
			t.Errorf("no host key needs %s", update)
		}
	}
	k, _ := HostKeyByID("server-2025")
	if u := k.UpdateNeeded(17763); u.Least() != "17763.5458" {
		t.Errorf("%+v", u)
	}
	if u := k.UpdateNeeded(26100); u != (HostUpdate{}) {
		t.Errorf("%+v", u)
	}
}

func FuzzFindHostKeys(f *testing.F) {
	for _, s := range []string{"server 2019", "17763.5458", "10.0.", "office 2021", "\xff", "9600.99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		if a := FindHostKeys(query); a.Revision < 0 || !a.Empty() && len(a.Near) > 0 {
			t.Errorf("%q: %+v", query, a)
		}
	})
}
