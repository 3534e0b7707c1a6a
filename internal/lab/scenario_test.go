package lab

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// base is what a run brings along to every site.
func base() checks.Env {
	return checks.Env{Version: "test", Product: catalog.DefaultClient().Product}
}

// outcomeOf is what a run over a site came to.
type outcomeOf struct {
	results []run.Result
	summary run.Summary
}

// examine runs every check over a site.
func examine(ctx context.Context, site *Site, env checks.Env) (o outcomeOf) {
	o.summary = checks.Run(ctx, site.Env(env), checks.All(), checks.Options{}, func(e run.Event) {
		if e.Finished != nil {
			o.results = append(o.results, *e.Finished)
		}
	})
	return o
}

// exit is the exit status that a command makes of a summary.
func exit(s run.Summary) int {
	if s.Worst == run.Fail {
		return exitFailed
	}
	return 0
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	type visit struct {
		site        *Site
		ill, healed outcomeOf
		err         error
	}
	// Some scenarios wait for seconds, so all are visited at once.
	scenarios := Scenarios()
	visits := make([]visit, len(scenarios))
	ctx := testContext(t)
	var all sync.WaitGroup
	for i, s := range scenarios {
		all.Go(func() {
			v := &visits[i]
			if v.site, v.err = Start(ctx, s); v.err != nil {
				return
			}
			v.ill = examine(ctx, v.site, base())
			if v.err = v.site.Heal(); v.err == nil {
				v.healed = examine(ctx, v.site, base())
			}
			v.site.Close()
		})
	}
	all.Wait()
	for i, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			v := visits[i]
			if v.err != nil {
				t.Fatal(v.err)
			}
			checkExpected(t, s.Expect, v.ill)
			checkExpected(t, Expect{}, v.healed)
			checkManners(t, v.site, 2)
		})
	}
}

func checkExpected(t *testing.T, want Expect, o outcomeOf) {
	t.Helper()
	results, summary := o.results, o.summary
	bad := false
	if got := exit(summary); got != want.Exit {
		t.Errorf("exit status %d, want %d", got, want.Exit)
		bad = true
	}
	if want.TopCause == "" {
		for _, r := range results {
			if r.Status != run.Pass && r.Status != run.Skip {
				t.Errorf("%s %s is %s", r.Check, r.Subject.Name(), r.Status)
				bad = true
			}
		}
		for _, c := range summary.Causes {
			t.Errorf("%s is %s", c.ID, c.Verdict)
			bad = true
		}
	} else if len(summary.Causes) == 0 || summary.Causes[0].ID != want.TopCause {
		t.Errorf("top cause is not %s", want.TopCause)
		bad = true
	}
	if bad || testing.Verbose() {
		t.Log(narrate(results, summary))
	}
}

// narrate tells a run in lines.
func narrate(results []run.Result, summary run.Summary) string {
	var b strings.Builder
	for _, r := range results {
		b.WriteString("\n" + string(r.Status) + "  " + r.Check + "  " + r.Subject.Name() + ": " + r.Summary)
		for _, n := range r.Notes {
			b.WriteString("\n        " + string(n.Status) + " " + n.ID + ": " + n.Text)
		}
	}
	for _, c := range summary.Causes {
		b.WriteString("\ncause " + c.ID + " " + string(c.Verdict) + " " + strings.Join(c.Subjects, ", "))
		for _, f := range c.Because {
			b.WriteString("\n        " + f.Text)
		}
	}
	return b.String() + "\n" + summary.Conclusion
}

// checkManners expects nothing but the probe's client id, the product's own N,
// at most two requests a host and run, and no dial beyond documentation addresses.
func checkManners(t *testing.T, site *Site, runs int) {
	t.Helper()
	documentation := []netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32"),
	}
	for _, a := range site.Dialled() {
		if !slices.ContainsFunc(documentation, func(p netip.Prefix) bool { return p.Contains(a.Addr()) }) {
			t.Errorf("%s was dialled", a)
		}
	}
	each := map[string]int{}
	for _, r := range site.Requests() {
		if each[r.Host]++; each[r.Host] > 2*runs {
			t.Errorf("%d requests to %s in %d runs", each[r.Host], r.Host, runs)
		}
		g, ok := catalog.GroupByCountedID(r.CountedID)
		if r.CMID != kms.ProbeCMID.String() || !r.Answered || r.Workstation != "PC-0417" || !ok || r.NPolicy != uint32(g.N) {
			t.Errorf("request %+v", r)
		}
	}
	for _, q := range site.Questions() {
		if q.Name != "_vlmcs._tcp" && !strings.HasSuffix(q.Name, "corp.example") {
			t.Errorf("question %+v", q)
		}
	}
}

func TestScenarioTexts(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Scenarios() {
		if s.Name == "" || s.Title == "" || s.Shows == "" || seen[s.Name] || strings.Contains(s.Title, "\n") {
			t.Errorf("scenario %q: a text is missing, or the name is not its own", s.Name)
		}
		seen[s.Name] = true
		if got, ok := Named(s.Name); !ok || got.Title != s.Title {
			t.Errorf("scenario %q is not found by its name", s.Name)
		}
		if s.Expect.TopCause == "" {
			continue
		}
		if _, ok := diagnose.Lookup(s.Expect.TopCause); !ok {
			t.Errorf("scenario %q: no cause is called %s", s.Name, s.Expect.TopCause)
		}
	}
	if _, ok := Named("nowhere"); ok {
		t.Error("an unknown scenario is found")
	}
}
