package checks_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/internal/lab"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// What hosts of two generations answer with.
const (
	epid2022   = "03612-04573-000-318840-03-1033-20348.0000-0642024"
	epid2012R2 = "06401-00206-291-604417-03-1033-9600.0000-1202015"
)

// labHost starts a simulated site with one KMS host and returns the world of a
// machine there that asks about kms01.
func labHost(t testing.TB, host lab.KMS) (*lab.Site, *checks.Env) {
	t.Helper()
	scenario, ok := lab.Named("healthy")
	if !ok {
		t.Fatal("no scenario healthy")
	}
	for i := range scenario.Layout.Hosts {
		if h := &scenario.Layout.Hosts[i]; h.Name == "kms01" {
			h.Ports = map[uint16]lab.Service{1688: host}
		}
	}
	site, err := lab.Start(t.Context(), scenario)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	return site, site.Env(checks.Env{Version: "test", Target: run.Target{
		Args: []string{"192.0.2.5"}, Hosts: []run.HostPort{{Host: "192.0.2.5"}},
	}})
}

func askLab(t testing.TB, env *checks.Env) run.Matrix {
	t.Helper()
	plan := checks.MatrixPlan(t.Context(), env, checks.MatrixOptions{})
	if plan.Problem != "" {
		t.Fatal(plan.Problem)
	}
	return checks.Matrix(t.Context(), env, plan, func(run.MatrixEvent) {})
}

func groupsBy(m run.Matrix, status run.MatrixStatus) []string {
	ids := []string{}
	for _, row := range m.Rows {
		if row.Status == status {
			ids = append(ids, row.Group)
		}
	}
	slices.Sort(ids)
	return ids
}

// onlyTheProbe holds what reached a site against the rules: one client id, one
// request a counted id, genuine ids alone, the products' own N, servers first.
func onlyTheProbe(t *testing.T, site *lab.Site, m run.Matrix) {
	t.Helper()
	requests := site.Requests()
	if len(requests) != m.Requests || len(requests) > m.AtMost {
		t.Errorf("%d requests came, %d are reported, %d were announced at most", len(requests), m.Requests, m.AtMost)
	}
	seen := map[string]bool{}
	last := 0
	for _, q := range requests {
		g, ok := catalog.GroupByCountedID(q.CountedID)
		switch {
		case q.CMID != kms.ProbeCMID.String():
			t.Errorf("client id %s", q.CMID)
		case !ok || !g.Askable():
			t.Errorf("asked for %s", q.CountedID)
		case int(q.NPolicy) != g.N:
			t.Errorf("%s: N policy %d, want %d", g.ID, q.NPolicy, g.N)
		case seen[q.CountedID]:
			t.Errorf("%s: asked twice", g.ID)
		case g.N < last:
			t.Errorf("%s: asked with N %d after N %d", g.ID, g.N, last)
		case q.Workstation != "PC-0417":
			t.Errorf("workstation %q", q.Workstation)
		}
		seen[q.CountedID], last = true, g.N
	}
}

// The well-known generations, written out.
func TestMatrixOfKnownHosts(t *testing.T) {
	old := []string{
		"server-2008-a", "server-2008-b", "server-2008-c", "server-2008-r2-a", "server-2008-r2-b", "server-2008-r2-c",
		"server-2012", "server-2012-r2",
	}
	for name, c := range map[string]struct {
		keys   []string
		served []string
		says   string
	}{
		"2012 R2":      {[]string{"server-2012-r2"}, slices.Concat(old, []string{"windows-7", "windows-8", "windows-8.1", "windows-vista"}), "serves Windows alone"},
		"2016":         {[]string{"server-2016"}, slices.Concat(old, []string{"server-2016", "windows-10-2015", "windows-10-2016", "windows-7", "windows-8.1"}), "serves Windows alone"},
		"2019":         {[]string{"server-2019"}, slices.Concat(old, []string{"server-2016", "server-2019", "windows-10-2015", "windows-10-2016", "windows-10-2019", "windows-7", "windows-8.1"}), "serves Windows alone"},
		"client key":   {[]string{"windows-10"}, []string{"windows-10-2015", "windows-7", "windows-8.1"}, "serves Windows alone"},
		"Office alone": {[]string{"office-2016", "office-2019", "office-2021"}, []string{"office-2016", "office-2019", "office-2021"}, "serves Office alone"},
		"both":         {[]string{"windows-7", "office-2010"}, []string{"office-2010", "windows-7", "windows-vista"}, "serves 3 of the 25 counted ids"},
		"no key":       {nil, []string{}, "refuses every product"},
	} {
		t.Run(name, func(t *testing.T) {
			_, env := labHost(t, lab.KMS{Keys: c.keys, EPID: epid2022, Windows: lab.List{Clients: 400, LargestN: 25}})
			m := askLab(t, env)
			if got := groupsBy(m, run.MatrixServed); !slices.Equal(got, c.served) {
				t.Errorf("served\n %v, want\n %v", got, c.served)
			}
			if want := []string{"office-2013-preview", "office-2024", "server-2025", "server-preview", "windows-10-retail", "windows-8-retail", "windows-8.1-retail"}; !slices.Equal(groupsBy(m, run.MatrixNotAsked), want) {
				t.Errorf("not asked: %v", groupsBy(m, run.MatrixNotAsked))
			}
			contains(t, m.Conclusion, c.says)
		})
	}
}

// Counts come with and without the probe, and say how many are missing.
func TestMatrixCounts(t *testing.T) {
	_, env := labHost(t, lab.KMS{
		Keys: []string{"server-2022", "office-2021"}, EPID: epid2022,
		Windows: lab.List{Clients: 11, LargestN: 5}, Office: lab.List{Clients: 3, LargestN: 5},
	})
	m := askLab(t, env)
	for group, want := range map[string]string{
		"server-2022": "10 9 0", "windows-10-2015": "12 11 14", "office-2021": "4 3 2",
	} {
		row := rowOf(t, m, group)
		if row.Status != run.MatrixServed || row.Count == nil || row.Others == nil {
			t.Fatalf("%s: %+v", group, row)
		}
		if got := fmt.Sprintf("%d %d %d", *row.Count, *row.Others, row.Missing); got != want {
			t.Errorf("%s: %s, want %s", group, got, want)
		}
	}
	contains(t, m.Conclusion, "the count is too low for")
	if !slices.ContainsFunc(m.Notes, func(n string) bool { return len(n) > 30 && n[:30] == "the list held at most 10 entri" }) {
		t.Errorf("notes %q", m.Notes)
	}
}

// A refusal is cured by the keys that fit the host, with the update it needs.
func TestMatrixCures(t *testing.T) {
	_, env := labHost(t, lab.KMS{
		Keys: []string{"server-2012-r2"}, EPID: epid2012R2, Windows: lab.List{Clients: 400, LargestN: 25},
	})
	m := askLab(t, env)
	var got []string
	for _, k := range rowOf(t, m, "windows-10-2015").Cure {
		got = append(got, fmt.Sprintf("%s/%s/%s", k.ID, k.Fits, k.Update))
	}
	want := []string{
		"server-2019/listed/KB4467695", "server-2016/listed/KB3172614", "server-2012-r2-windows-10/listed/KB3172614",
		"windows-10/client only/", "server-2025/build too old/", "server-2022/build too old/",
	}
	if !slices.Equal(got, want) {
		t.Errorf("cures\n %v, want\n %v", got, want)
	}
	if k := rowOf(t, m, "server-2022").Cure; len(k) != 2 || k[0].Name != "Windows Server 2025 KMS host key" || k[0].Source != "Microsoft's list" {
		t.Errorf("cures of Windows Server 2022: %+v", k)
	}
	if k := rowOf(t, m, "windows-multi-session"); len(k.Cure) != 0 || k.Status != run.MatrixRefused {
		t.Errorf("%+v", k)
	}
	if len(m.Keys) != 1 || m.Keys[0].Key != "Windows Server 2012 R2" || m.Keys[0].Build != 9600 {
		t.Errorf("keys %+v", m.Keys)
	}

	_, env = labHost(t, lab.KMS{Keys: []string{"server-2022"}, EPID: epid2022, Windows: lab.List{Clients: 400, LargestN: 25}})
	m = askLab(t, env)
	for _, k := range rowOf(t, m, "windows-8").Cure {
		if !k.Older && k.Fits != run.FitsClient {
			t.Errorf("%s would cure Windows 8 on a newer host", k.ID)
		}
	}
	if row := rowOf(t, m, "windows-10-2019"); !slices.Equal(row.Unlisted, []string{"Windows 11 LTSC 2024"}) {
		t.Errorf("not listed: %v", row.Unlisted)
	}
	if row := rowOf(t, m, "office-2024"); len(row.Cure) != 1 || row.Cure[0].ID != "office-2024" || row.Why == "" {
		t.Errorf("%+v", row)
	}
}

// Domains, names, ports: where a target leads, in the order of a client.
func TestMatrixPlanFindsTheHost(t *testing.T) {
	scenario, _ := lab.Named("healthy")
	site, err := lab.Start(t.Context(), scenario)
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	for arg, want := range map[string]string{
		"corp.example":            "kms01.corp.example 192.0.2.5:1688, kms02.corp.example 192.0.2.6:1688",
		"kms02.corp.example":      "kms02.corp.example 192.0.2.6:1688",
		"kms02.corp.example:1689": "kms02.corp.example 192.0.2.6:1689",
		"192.0.2.6":               "192.0.2.6:1688",
		"192.0.2.6:99":            "192.0.2.6:99",
		"gone.corp.example":       "",
	} {
		target, err := checks.ParseTarget([]string{arg}, checks.TargetFlags{})
		if err != nil {
			t.Fatal(err)
		}
		p := checks.MatrixPlan(t.Context(), site.Env(checks.Env{Target: target}), checks.MatrixOptions{})
		names := ""
		for i, e := range p.Endpoints {
			if i > 0 {
				names += ", "
			}
			names += e.Name()
		}
		if names != want || p.Target != arg || (want == "") != (p.Problem != "") {
			t.Errorf("%s: %q, problem %q; want %q", arg, names, p.Problem, want)
		}
		if p.Requests != 25 || p.AtMost < p.Requests {
			t.Errorf("%s: %d requests, %d at most", arg, p.Requests, p.AtMost)
		}
	}
	if len(site.Requests()) > 0 || slices.ContainsFunc(site.Dialled(), func(a netip.AddrPort) bool { return a.Port() == 1688 }) {
		t.Errorf("a plan asked a host: %v %v", site.Requests(), site.Dialled())
	}
	p := checks.MatrixPlan(t.Context(), site.Env(checks.Env{Target: run.Target{Hosts: []run.HostPort{{Host: "192.0.2.5"}}}}),
		checks.MatrixOptions{Classes: []catalog.Class{catalog.Office}})
	if p.Requests != 5 || len(p.Rows) != 7 {
		t.Errorf("Office: %d requests, %d rows", p.Requests, len(p.Rows))
	}
}

// Where the first host is silent the next is asked, and named.
func TestMatrixGoesOnToTheNextHost(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	scenario, _ := lab.Named("healthy")
	for i := range scenario.Layout.Hosts {
		if h := &scenario.Layout.Hosts[i]; h.Name == "kms01" {
			h.Ports = map[uint16]lab.Service{1688: lab.Refused{}}
		}
	}
	site, err := lab.Start(t.Context(), scenario)
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	m := askLab(t, site.Env(checks.Env{Target: run.Target{Domains: []string{"corp.example"}}}))
	if m.Host != "kms02.corp.example" || m.Endpoint.String() != "192.0.2.6:1688" || m.Counts[run.MatrixServed] != 17 || m.Domain != "corp.example" {
		t.Errorf("asked %s %s: %v", m.Host, m.Endpoint, m.Counts)
	}
}

// An emulator that answers wrongly serves nothing, and a host that refuses the
// clock is not asked for every product.
func TestMatrixOfHostsThatAreNotHealthy(t *testing.T) {
	always := lab.List{Clients: 400, LargestN: 25}
	for name, c := range map[string]struct {
		host     lab.KMS
		ahead    time.Duration
		counts   map[run.MatrixStatus]int
		requests int
		says     string
	}{
		"wrong answers":   {lab.KMS{Manner: lab.Manner{AnyProduct: true}, Fault: lab.WrongTime}, 0, map[run.MatrixStatus]int{run.MatrixInvalid: 25, run.MatrixNotAsked: 7}, 25, "a client would reject"},
		"serves all":      {lab.KMS{Manner: lab.Manner{AnyProduct: true, Closes: true, SameIV: true}, Windows: always}, 0, map[run.MatrixStatus]int{run.MatrixServed: 25, run.MatrixNotAsked: 7}, 25, "serves 25 of the 25"},
		"not activated":   {lab.KMS{HRESULT: kms.ErrHostNotActivated}, 0, map[run.MatrixStatus]int{run.MatrixRefused: 3, run.MatrixNotAsked: 29}, 3, "0xC004F041"},
		"silent":          {lab.KMS{Fault: lab.CloseOnRequest}, 0, map[run.MatrixStatus]int{run.MatrixNoAnswer: 2, run.MatrixNotAsked: 30}, 2, "accepted the bind and answered none of 2 requests."},
		"reset":           {lab.KMS{Fault: lab.ResetOnRequest}, 0, map[run.MatrixStatus]int{run.MatrixNoAnswer: 2, run.MatrixNotAsked: 30}, 2, "accepted the bind and answered none of 2 requests."},
		"garbled":         {lab.KMS{Fault: lab.GarbledAnswer}, 0, map[run.MatrixStatus]int{run.MatrixInvalid: 2, run.MatrixNotAsked: 30}, 2, "would reject"},
		"faults":          {lab.KMS{Fault: lab.FaultOnRequest, Status: 5}, 0, map[run.MatrixStatus]int{run.MatrixInvalid: 2, run.MatrixNotAsked: 30}, 2, "would reject"},
		"no interface":    {lab.KMS{Fault: lab.NoInterface}, 0, map[run.MatrixStatus]int{run.MatrixNotAsked: 32}, 0, "No product was asked for: 192.0.2.5:1688: RPC answers, but not KMS"},
		"speaks V5":       {lab.KMS{Version: kms.V5, Keys: []string{"server-2012"}, EPID: epid2022, Windows: always}, 0, map[run.MatrixStatus]int{run.MatrixServed: 10, run.MatrixRefused: 15, run.MatrixNotAsked: 7}, 26, "serves 10 of the 25"},
		"V4, bytes apart": {lab.KMS{Version: kms.V4, Keys: []string{"windows-7"}, EPID: epid2022, Windows: always, Way: lab.Way{Piece: 7}}, 0, map[run.MatrixStatus]int{run.MatrixServed: 2, run.MatrixRefused: 23, run.MatrixNotAsked: 7}, 27, "serves 2 of the 25"},
	} {
		t.Run(name, func(t *testing.T) {
			site, env := labHost(t, c.host)
			m := askLab(t, env)
			for s, n := range c.counts {
				if m.Counts[s] != n {
					t.Errorf("%s: %d, want %d", s, m.Counts[s], n)
				}
			}
			if n := len(site.Requests()); m.Requests != c.requests || n > m.AtMost {
				t.Errorf("%d requests, %d came; want %d of at most %d", m.Requests, n, c.requests, m.AtMost)
			}
			contains(t, m.Conclusion, c.says)
		})
	}
}

// A host of an older protocol version is told from one without the key.
func TestMatrixLowerVersion(t *testing.T) {
	_, env := labHost(t, lab.KMS{Version: kms.V5, Keys: []string{"server-2022"}, EPID: epid2022})
	m := askLab(t, env)
	first, other := rowOf(t, m, "server-2022"), rowOf(t, m, "server-2019")
	if first.Status != run.MatrixRefused || first.Code != "0x8007000D" || first.Speaks != "5.0" || len(first.Cure) > 0 {
		t.Errorf("%+v", first)
	}
	if other.Speaks != "" || other.Why != "the host does not take V6; it answers V5" {
		t.Errorf("%+v", other)
	}
}

func rowOf(t *testing.T, m run.Matrix, group string) run.MatrixRow {
	t.Helper()
	i := slices.IndexFunc(m.Rows, func(r run.MatrixRow) bool { return r.Group == group })
	if i < 0 {
		t.Fatalf("no row %s", group)
	}
	return m.Rows[i]
}

// BenchmarkMatrix asks a simulated host on loopback for every probed product.
func BenchmarkMatrix(b *testing.B) {
	_, env := labHost(b, lab.KMS{Keys: []string{"server-2022", "office-2021"}, EPID: epid2022, Windows: lab.List{Clients: 400, LargestN: 25}})
	b.ReportAllocs()
	for b.Loop() {
		if m := askLab(b, env); !m.Complete() {
			b.Fatalf("%v", m.Counts)
		}
	}
}

func contains(t *testing.T, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("%q is not in\n%s", want, text)
	}
}

// A caller that knows the endpoints has them asked, and no name server.
func TestMatrixOfKnownEndpoints(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	site, env := labHost(t, lab.KMS{Keys: []string{"server-2022"}, EPID: epid2022, Windows: lab.List{Clients: 400, LargestN: 25}})
	defer site.Close()
	env.Target = run.Target{}
	plan := checks.MatrixPlan(t.Context(), env, checks.MatrixOptions{Endpoints: []run.MatrixEndpoint{
		{Host: "kms01\x1b[2J.corp.example", Address: netip.MustParseAddrPort("192.0.2.5:1688")},
		{Address: netip.MustParseAddrPort("192.0.2.6:1688")},
	}})
	if plan.Problem != "" || len(plan.Sent) > 0 || len(plan.Endpoints) != 2 || plan.Endpoints[1].Host != "192.0.2.6" || strings.Contains(plan.Target, "\x1b") {
		t.Fatalf("the plan: problem %q, sent %q, endpoints %v, target %q", plan.Problem, plan.Sent, plan.Endpoints, plan.Target)
	}
	m := checks.Matrix(t.Context(), env, plan, func(run.MatrixEvent) {})
	if m.Endpoint != plan.Endpoints[0].Address || m.Counts[run.MatrixServed] == 0 || m.Requests > plan.AtMost {
		t.Errorf("asked %s, %v, %d requests", m.Endpoint, m.Counts, m.Requests)
	}
}
