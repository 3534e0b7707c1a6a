package diagnose

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
)

const hostKey2019 = "2e7a9ad1-a849-4b56-babe-17d5a29fe4b4"

func TestActivationCoverage(t *testing.T) {
	windows10 := catalog.DefaultClient().Product.Group
	tests := []struct {
		name    string
		object  evidence.ActivationObject
		key, by string
		has     string // a release
		groups  int
		unknown int
	}{
		{"by its activation id", evidence.ActivationObject{ActivationID: strings.ToUpper(hostKey2019)}, "Windows Server 2019 KMS host key", "activation id", "Windows Server 2019", 0, 0},
		{"by its ePID", evidence.ActivationObject{EPID: "06401-00206-491-411285-03-1031-9600.0000-0802017"}, "Windows Server 2016 KMS host key", "ePID", "Windows Server 2016", 0, 0},
		{"a key that nobody knows", evidence.ActivationObject{ActivationID: "00000000-0000-0000-0000-000000000001", EPID: "nonsense"}, "", "", "", 0, 0},
		{"counted ids", evidence.ActivationObject{CountedIDs: []string{windows10.CountedID, windows10.CountedID, "00000000-0000-0000-0000-000000000001"}}, "", "", "", 1, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := ActivationCoverage(tt.object)
			if c.HostKey != tt.key || c.By != tt.by || len(c.Groups) != tt.groups || c.Unknown != tt.unknown || tt.has != "" && !slices.Contains(c.Releases, tt.has) {
				t.Errorf("%+v", c)
			}
		})
	}
}

// TestNoOldReleaseIsCovered holds for every host key: what is older than AD-based
// activation is not said to use it.
func TestNoOldReleaseIsCovered(t *testing.T) {
	for _, k := range catalog.HostKeys() {
		for _, id := range k.ActivationIDs {
			c := ActivationCoverage(evidence.ActivationObject{ActivationID: id})
			for _, old := range []string{"Vista", "Windows 7", "2008", "Office 2010"} {
				if slices.ContainsFunc(c.Releases, func(r string) bool { return strings.Contains(r, old) }) {
					t.Errorf("%s covers %q", k.ID, c.Releases)
				}
			}
		}
	}
}

func TestConcludeActivation(t *testing.T) {
	read := func(d evidence.DirectoryRead) []evidence.DirectoryRead { return []evidence.DirectoryRead{d} }
	one := read(evidence.DirectoryRead{Outcome: evidence.DirectoryDone, LoggedOn: true, Objects: 1})
	known := []evidence.ActivationObject{{Problem: "unread"}, {ActivationID: hostKey2019}}
	none := read(evidence.DirectoryRead{Outcome: evidence.DirectoryNoContainer, LoggedOn: true})
	refused := read(evidence.DirectoryRead{Outcome: evidence.DirectoryBadLogon})
	hidden := read(evidence.DirectoryRead{Outcome: evidence.DirectoryNoContainer})
	srv := func(o evidence.DNSOutcome, targets ...string) []evidence.SRVAnswer {
		a := evidence.SRVAnswer{Purpose: evidence.SRVKMS, Domain: "corp.example", Outcome: o}
		for _, t := range targets {
			a.Records = append(a.Records, evidence.SRVRecord{Target: t})
		}
		return []evidence.SRVAnswer{a}
	}
	for name, tt := range map[string]struct {
		set  evidence.Set
		want []string
	}{
		"both":             {evidence.Set{DirectoryReads: one, ActivationObjects: known, SRV: srv(evidence.DNSAnswered, "kms01")}, []string{"can activate through", "180 days", "as well", "No PC was looked at"}},
		"objects alone":    {evidence.Set{DirectoryReads: one, ActivationObjects: known, SRV: srv(evidence.DNSNoName)}, []string{"can activate through", "No KMS host is published"}},
		"KMS alone":        {evidence.Set{DirectoryReads: none, SRV: srv(evidence.DNSAnswered, "kms01")}, []string{"nothing activates through", "as far as that is so"}},
		"neither":          {evidence.Set{DirectoryReads: none, SRV: srv(evidence.DNSNoName)}, []string{"either"}},
		"declared absent":  {evidence.Set{DirectoryReads: none, SRV: srv(evidence.DNSAnswered, ".")}, []string{"either"}},
		"refused":          {evidence.Set{DirectoryReads: refused, SRV: srv(evidence.DNSSilent)}, []string{"is not known.\nWhether KMS hosts"}},
		"hidden, perhaps":  {evidence.Set{DirectoryReads: hidden}, []string{"Whether the forest has activation objects is not known"}},
		"nothing was seen": {evidence.Set{}, []string{"is not known"}},
		"a part": {
			evidence.Set{DirectoryReads: read(evidence.DirectoryRead{Outcome: evidence.DirectorySilent, Objects: 2, Partial: true}), ActivationObjects: known},
			[]string{"can activate through", "There may be more"},
		},
		"unreadable": {
			evidence.Set{DirectoryReads: one, ActivationObjects: []evidence.ActivationObject{{EPID: "junk", PartialKey: "ABCDE", Problem: "unread"}}, SRV: srv(evidence.DNSAnswered, "kms01")},
			[]string{"of none the key or the ids could be read", "can activate through Active Directory is not known", "\nKMS hosts are published for corp.example.\n", "No PC was looked at"},
		},
		"an id of nobody": {
			evidence.Set{DirectoryReads: one, ActivationObjects: []evidence.ActivationObject{{CountedIDs: []string{"00000000-0000-0000-0000-000000000001"}}}, SRV: srv(evidence.DNSNoName)},
			[]string{"no table here has", "180 days", "No KMS host is published for corp.example.\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := ConcludeActivation(&tt.set, "corp.example")
			if claims := strings.Contains(got, "Machines that are joined"); claims != slices.Contains(tt.want, "can activate through") {
				t.Errorf("that machines can activate is said: %v:\n%s", claims, got)
			}
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in:\n%s", want, got)
				}
			}
		})
	}
}

// TestActivationObjectsDecide holds the cause of a missing record against what
// the directory says.
func TestActivationObjectsDecide(t *testing.T) {
	for name, tt := range map[string]struct {
		read   *evidence.DirectoryRead
		object evidence.ActivationObject
		want   Verdict
	}{
		"not read":   {nil, evidence.ActivationObject{}, Possible},
		"refused":    {&evidence.DirectoryRead{Outcome: evidence.DirectoryBadLogon}, evidence.ActivationObject{}, Possible},
		"objects":    {&evidence.DirectoryRead{Outcome: evidence.DirectoryDone, LoggedOn: true, Objects: 1}, evidence.ActivationObject{ActivationID: hostKey2019}, Found},
		"unreadable": {&evidence.DirectoryRead{Outcome: evidence.DirectoryDone, LoggedOn: true, Objects: 1}, evidence.ActivationObject{Problem: "unread"}, Possible},
		"none":       {&evidence.DirectoryRead{Outcome: evidence.DirectoryDone, LoggedOn: true}, evidence.ActivationObject{}, RuledOut},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite().srv("corp.example", "10.0.0.2", evidence.DNSNoName).
				other(evidence.SRVDC, "corp.example", "_ldap._tcp.dc._msdcs.corp.example", evidence.DNSAnswered, "dc01.corp.example")
			if tt.read != nil {
				tt.read.Domain = "corp.example"
				s.DirectoryReads = []evidence.DirectoryRead{*tt.read}
			}
			if tt.read != nil && tt.read.Objects > 0 {
				tt.object.Domain = "corp.example"
				s.ActivationObjects = []evidence.ActivationObject{tt.object}
			}
			if got := verdictOf(t, Diagnose(&s.Set), "adba-site"); got != tt.want {
				t.Errorf("adba-site is %s, want %s", got, tt.want)
			}
		})
	}
}
