package checks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/internal/lab"
	"github.com/kmsdiag/kmsdiag/run"
)

// Counted ids of the servers up to each release, by Microsoft's lists.
var (
	upTo2008A  = []string{"server-2008-a"}
	upTo2008B  = append([]string{"server-2008-b"}, upTo2008A...)
	upTo2008C  = append([]string{"server-2008-c"}, upTo2008B...)
	upToR2A    = append([]string{"server-2008-r2-a"}, upTo2008A...)
	upToR2B    = append([]string{"server-2008-r2-a", "server-2008-r2-b"}, upTo2008B...)
	upToR2C    = append([]string{"server-2008-r2-a", "server-2008-r2-b", "server-2008-r2-c"}, upTo2008C...)
	upTo2012   = append([]string{"server-2012"}, upToR2C...)
	upTo2012R2 = append([]string{"server-2012-r2"}, upTo2012...)
	upTo2016   = append([]string{"server-2016"}, upTo2012R2...)
	upTo2019   = append([]string{"server-2019"}, upTo2016...)
	upTo2022   = append([]string{"server-2022"}, upTo2019...)
)

// keyOnTheWire is one generation of host keys: an ePID such as its hosts answer
// with, the key and system that it tells, and the counted ids that they serve.
// This is written out from Microsoft's lists, not taken from the catalogue.
type keyOnTheWire struct {
	key    string
	epid   string
	names  string // the key by the ePID
	build  int
	served []string
}

var keysOnTheWire = []keyOnTheWire{
	{
		"server-2025", "03612-04918-000-318840-03-1033-26100.0000-0462025", "Windows Server 2025", 26100,
		slices.Concat(upTo2022, []string{"windows-10-2015", "windows-10-2016", "windows-10-2019", "windows-8.1", "windows-7"}),
	},
	{
		"server-2022", epid2022, "Windows Server 2022", 20348,
		slices.Concat(upTo2022, []string{"windows-10-2015", "windows-10-2016", "windows-10-2019", "windows-8.1", "windows-7"}),
	},
	{
		"server-2019", "03612-00206-556-318840-03-1033-17763.0000-0842021", "Windows Server 2019", 17763,
		slices.Concat(upTo2019, []string{"windows-10-2015", "windows-10-2016", "windows-10-2019", "windows-8.1", "windows-7"}),
	},
	{
		"server-2016", "03612-00206-491-411285-03-1033-14393.0000-1202018", "Windows Server 2016", 14393,
		slices.Concat(upTo2016, []string{"windows-10-2015", "windows-10-2016", "windows-8.1", "windows-7"}),
	},
	{
		"windows-10", "03612-00206-260-318840-03-1033-19045.0000-0842023", "Windows 10 2019", 19045,
		[]string{"windows-10-2015", "windows-8.1", "windows-7"},
	},
	{
		"server-2012-r2-windows-10", "06401-00206-410-318840-03-1033-9600.0000-0842016", "Windows Server 2012 R2 With Win 10", 9600,
		slices.Concat(upTo2012R2, []string{"windows-10-2015", "windows-8.1", "windows-8", "windows-7", "windows-vista"}),
	},
	{
		"server-2012-r2", epid2012R2, "Windows Server 2012 R2", 9600,
		slices.Concat(upTo2012R2, []string{"windows-8.1", "windows-8", "windows-7", "windows-vista"}),
	},
	{
		"server-2012", "05426-00206-160-318840-03-1033-9200.0000-0842013", "Windows Server 2012", 9200,
		slices.Concat(upTo2012, []string{"windows-8", "windows-7", "windows-vista"}),
	},
	{
		"windows-8.1", "06401-00206-340-318840-03-1033-9600.0000-0842014", "Windows 8.1", 9600,
		[]string{"windows-8.1", "windows-8", "windows-7", "windows-vista"},
	},
	{
		"windows-8", "05426-00206-200-318840-03-1033-9200.0000-0842013", "Windows 8", 9200,
		[]string{"windows-8", "windows-7", "windows-vista"},
	},
	{
		"server-2008-r2-c", "55041-00168-305-318840-03-1033-7601.0000-0842012", "Windows Server 2008 R2 C (Datacenter)", 7601,
		slices.Concat(upToR2C, []string{"windows-7", "windows-vista"}),
	},
	{
		"server-2008-r2-b", "55041-00168-313-318840-03-1033-7601.0000-0842012", "Windows Server 2008 R2 B (Standard & Enterprise)", 7601,
		slices.Concat(upToR2B, []string{"windows-7", "windows-vista"}),
	},
	{
		"server-2008-r2-a", "55041-00168-250-318840-03-1033-7601.0000-0842012", "Windows Server 2008 R2 A (Web & HPC)", 7601,
		slices.Concat(upToR2A, []string{"windows-7", "windows-vista"}),
	},
	{
		"windows-7", "55041-00172-040-318840-03-1033-7601.0000-0842012", "Windows 7", 7601,
		[]string{"windows-7", "windows-vista"},
	},
	{
		"server-2008-c", "55041-00152-382-318840-03-1033-6002.0000-0842010", "Windows Server 2008 C (Datacenter)", 6002,
		slices.Concat(upTo2008C, []string{"windows-vista"}),
	},
	{
		"server-2008-b", "55041-00152-340-318840-03-1033-6002.0000-0842010", "Windows Server 2008 B (Standard & Enterprise)", 6002,
		slices.Concat(upTo2008B, []string{"windows-vista"}),
	},
	{
		"server-2008-a", "55041-00152-370-318840-03-1033-6002.0000-0842010", "Windows Server 2008 A (Web & HPC)", 6002,
		slices.Concat(upTo2008A, []string{"windows-vista"}),
	},
	{"office-2024", "03612-00206-670-318840-03-1033-20348.0000-0642025", "Office LTSC 2024 or Office 2019 VL", 20348, nil},
	{"office-2021", "03612-00206-575-318840-03-1033-20348.0000-0642024", "Office LTSC 2021", 20348, []string{"office-2021"}},
	{"office-2019", "03612-00206-670-318840-03-1033-17763.0000-0642020", "Office LTSC 2024 or Office 2019 VL", 17763, []string{"office-2019"}},
	{"office-2016", "06401-00206-440-318840-03-1033-9600.0000-0842016", "Office 2016 VL", 9600, []string{"office-2016"}},
	{"office-2013", "05426-00206-240-318840-03-1033-9200.0000-0842013", "Office 2013 VL", 9200, []string{"office-2013"}},
	{"office-2010", "55041-00096-200-318840-03-1033-7601.0000-0842012", "Office 2010 VL", 7601, []string{"office-2010"}},
}

// Every generation of host keys serves what its list names and nothing else, and
// shows itself by its ePID.
func TestMatrixOfEveryHostKey(t *testing.T) {
	for _, k := range catalog.HostKeys() {
		if !slices.ContainsFunc(keysOnTheWire, func(w keyOnTheWire) bool { return w.key == k.ID }) {
			t.Errorf("%s is not written out", k.ID)
		}
	}
	always := lab.List{Clients: 400, LargestN: 25}
	for _, w := range keysOnTheWire {
		t.Run(w.key, func(t *testing.T) {
			site, env := labHost(t, lab.KMS{Keys: []string{w.key}, EPID: w.epid, Windows: always, Office: always, Office2010: always})
			m := askLab(t, env)
			want := slices.Sorted(slices.Values(w.served))
			if got := groupsBy(m, run.MatrixServed); !slices.Equal(got, want) {
				t.Errorf("served\n %v, want\n %v", got, want)
			}
			if len(want) > 0 != m.Complete() {
				t.Errorf("complete: %v; %v", m.Complete(), m.Counts)
			}
			for _, k := range m.Keys {
				if k.Key != w.names || k.Build != w.build || k.System == "" {
					t.Errorf("the ePID tells %+v, want %s on %d", k, w.names, w.build)
				}
			}
			if (len(m.Keys) == 1) != (len(want) > 0) {
				t.Errorf("keys %+v", m.Keys)
			}
			onlyTheProbe(t, site, m)
			cureHeedsTheEdition(t, w, m)
			blamesNobody(t, m)
		})
	}
}

// cureHeedsTheEdition holds that no refusal is cured by the key that the host has,
// nor by one that its edition of Windows cannot take as if it could.
func cureHeedsTheEdition(t *testing.T, w keyOnTheWire, m run.Matrix) {
	t.Helper()
	server := []string{
		"server-2025", "server-2022", "server-2019", "server-2016", "server-2012-r2-windows-10", "server-2012-r2", "server-2012",
		"server-2008-r2-c", "server-2008-r2-b", "server-2008-r2-a",
	}
	client := []string{"windows-10", "windows-8.1", "windows-8"}
	var foreign []string
	switch {
	case slices.Contains(server, w.key):
		foreign = client
	case slices.Contains(client, w.key):
		foreign = server
	}
	for _, row := range m.Rows {
		for _, c := range row.Cure {
			if c.ID == w.key && row.Status == run.MatrixRefused {
				t.Errorf("its own key is a cure of %s", row.Group)
			}
			if row.Status == run.MatrixRefused && slices.Contains(foreign, c.ID) && c.Fits != run.FitsServer && c.Fits != run.FitsClient {
				t.Errorf("%s fits %q for %s", c.ID, c.Fits, row.Group)
			}
		}
	}
}

// A host on a client edition takes no server's key, also where its ePID gives an
// impossible day; a server takes an Office key only where servers of its build do.
func TestMatrixCuresHeedTheEdition(t *testing.T) {
	for name, c := range map[string]struct {
		key, epid, row string
		want           map[string]string // host key: fits
	}{
		"Windows 10": {
			"windows-10", "03612-00206-260-318840-03-1033-19045.0000-0842023", "server-2022",
			map[string]string{"server-2025": run.FitsServer, "server-2022": run.FitsServer},
		},
		"Windows 10, key older than the build": {
			"windows-10", "03612-00206-260-318840-03-1033-19045.0000-0842021", "server-2022",
			map[string]string{"server-2025": run.FitsServer, "server-2022": run.FitsServer},
		},
		"an unknown key on Windows 11": {
			"windows-10", "03612-00206-999-318840-03-1033-22631.0000-0842024", "server-2022",
			map[string]string{"server-2025": run.FitsServer, "server-2022": run.FitsServer},
		},
		"Windows 10, clients": {
			"windows-10", "03612-00206-260-318840-03-1033-19045.0000-0842023", "windows-8",
			map[string]string{"server-2012-r2-windows-10": run.FitsServer, "server-2012-r2": run.FitsServer, "server-2012": run.FitsServer, "windows-8.1": "unlisted", "windows-8": "unlisted"},
		},
		"Windows 10, Office": {
			"windows-10", "03612-00206-260-318840-03-1033-19045.0000-0842023", "office-2021", map[string]string{"office-2021": "listed"},
		},
		"Server 2012 R2, Office": {
			"server-2012-r2", epid2012R2, "office-2021", map[string]string{"office-2021": "build too old"},
		},
		"Server 2016, Office": {
			"server-2016", "03612-00206-491-411285-03-1033-14393.0000-1202018", "office-2021", map[string]string{"office-2021": "listed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, env := labHost(t, lab.KMS{Keys: []string{c.key}, EPID: c.epid, Windows: lab.List{Clients: 400, LargestN: 25}})
			cure := rowOf(t, askLab(t, env), c.row).Cure
			if len(cure) != len(c.want) {
				t.Errorf("cures %+v", cure)
			}
			for _, k := range cure {
				if k.Fits != c.want[k.ID] {
					t.Errorf("%s: %q, want %q", k.ID, k.Fits, c.want[k.ID])
				}
			}
		})
	}
}

// A count that only this probe brings to what is needed holds while the probe is
// on the list: the next client is activated, and no row says that it is not.
func TestMatrixCountHeldByTheProbe(t *testing.T) {
	_, env := labHost(t, lab.KMS{
		Keys: []string{"server-2022", "office-2021"}, EPID: epid2022,
		Windows: lab.List{Clients: 24, LargestN: 25}, Office: lab.List{Clients: 4, LargestN: 5},
	})
	m := askLab(t, env)
	for group, held := range map[string]bool{"server-2022": false, "office-2021": true, "windows-10-2015": true} {
		if row := rowOf(t, m, group); row.HeldByProbe() != held || row.Status != run.MatrixServed {
			t.Errorf("%s: %+v", group, row)
		}
	}
	contains(t, m.Conclusion, "The count of 6 rows reaches what is needed only with this probe: the next client is activated while that is on the list, for 30 days.")
	if strings.Contains(m.Conclusion, "0xC004F038") {
		t.Errorf("a count that suffices is said to be too low:\n%s", m.Conclusion)
	}
}

// No made-up counted id is shown for products whose own is not known.
func TestMatrixHidesMadeUpIDs(t *testing.T) {
	for _, row := range checks.MatrixPlan(t.Context(), &checks.Env{Target: run.Target{Hosts: []run.HostPort{{Host: "192.0.2.5"}}}}, checks.MatrixOptions{}).Rows {
		if unknown := row.Group == "server-2025" || row.Group == "office-2024"; unknown != (row.CountedID == "") {
			t.Errorf("%s: counted id %q", row.Group, row.CountedID)
		}
	}
}
