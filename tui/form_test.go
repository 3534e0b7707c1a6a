package tui

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// parseWords takes what was typed as it is; a name with two dots in a row and a
// resolver with a letter are wrong.
func parseWords(f TargetForm) (run.Target, error) {
	t := run.Target{Product: f.Product, Family: f.Family, NoRequest: f.NoRequest, Domains: strings.Fields(f.Domain)}
	if strings.Contains(f.Domain, "..") {
		return t, &FieldError{"domain", errors.New("it has an empty part: two dots, or one at the start")}
	}
	for _, h := range strings.Fields(f.Host) {
		t.Hosts = append(t.Hosts, run.HostPort{Host: h})
	}
	for _, r := range strings.Fields(f.Resolver) {
		a, err := netip.ParseAddr(r)
		if err != nil {
			return t, &FieldError{"resolver", errors.New("want an address, with or without a port")}
		}
		t.Resolvers = append(t.Resolvers, netip.AddrPortFrom(a, 53))
	}
	return t, nil
}

// asking is a program over a recorded run with the target form open; asked
// collects what is run.
func asking(t testing.TB, name string) (m *Model, asked *[]Request) {
	m = modelOf(t, recordedRun(t, name))
	asked = new([]Request)
	m.svc.Run = func(_ context.Context, r Request, _ func(run.Event)) error { *asked = append(*asked, r); return nil }
	m.svc.Parse = parseWords
	m.svc.Announce = func(_ context.Context, r Request) ([]string, error) {
		return []string{"DNS questions to 10.0.0.2", "an RPC bind and 1 KMS request (" + r.Target.Product + ") to each host"}, nil
	}
	m.svc.Recent = func() ([]string, error) { return []string{"corp.example", "kms01.corp.example:1688", "10.0.0.5"}, nil }
	return m, asked
}

// openedForm opens the form and lets it look up what it shows.
func openedForm(t testing.TB, name string, keys ...string) (m *Model, asked *[]Request) {
	m, asked = asking(t, name)
	typeKeys(m, append([]string{"t"}, keys...)...)
	return m, asked
}

// typeKeys presses keys and runs what they lead to.
func typeKeys(m *Model, names ...string) {
	for _, n := range names {
		_, cmd := m.Update(keyPress(n))
		follow(m, cmd)
	}
}

// letters are the keys of a text.
func letters(s string) (names []string) {
	for _, r := range s {
		names = append(names, string(r))
	}
	return names
}

// inBubble runs a test where pauses take no time.
func inBubble(t *testing.T, f func(t *testing.T)) { t.Helper(); synctest.Test(t, f) }

func TestFormFrames(t *testing.T) {
	for name, names := range map[string][]string{
		"empty":   nil,
		"product": append([]string{"tab", "tab"}, letters("server 2022")...),
		"wrong":   append(letters("corp..example"), "enter"),
		"recent":  {"shift+tab", "down"},
	} {
		t.Run(name, func(t *testing.T) {
			frames(t, func() *Model {
				var m *Model
				inBubble(t, func(t *testing.T) { m, _ = openedForm(t, "one-of-two-ill", names...) })
				return m
			})
		})
	}
}

func TestFormStartsAFreshSession(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m, asked := openedForm(t, "one-of-two-ill")
		follow(m, m.join(fromPaste, evidence.Set{Codes: []evidence.Code{{Code: 0xC004F074}}}))
		old := m.run
		typeKeys(m, letters("other.example")...)
		typeKeys(m, "tab", "tab")
		typeKeys(m, letters("2019 standard")...)
		typeKeys(m, "tab")
		typeKeys(m, letters("10.0.0.9")...)
		typeKeys(m, "tab", "space", "tab", "space", "enter")
		if len(*asked) != 1 {
			t.Fatalf("%d runs, want one", len(*asked))
		}
		r := (*asked)[0]
		if !slices.Equal(r.Target.Domains, []string{"other.example"}) || r.Target.Product != "Windows Server 2019 Standard" || r.Target.Family != 4 || !r.NoRequest || len(r.Target.Resolvers) != 1 {
			t.Errorf("asked %+v", r)
		}
		if len(r.With.Codes) != 1 {
			t.Error("the pasted evidence is lost")
		}
		if m.run == old || len(m.run.rows) > 0 || len(m.views) != 1 || len(m.causes) > 0 && m.judged < 0 {
			t.Errorf("not a fresh session: %d rows, %d views", len(m.run.rows), len(m.views))
		}
		if frame := ansi.Strip(m.frame()); !strings.Contains(frame, "stops at the bind") {
			t.Errorf("the header does not say that it stops at the bind:\n%s", frame)
		}
	})
}

func TestFormSaysWhichFieldIsWrong(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m, asked := openedForm(t, "healthy", "tab", "tab", "tab", "n", "s", "1", "tab", "enter")
		v, open := m.top().(*formView)
		if !open || v.focus != atResolver || len(*asked) > 0 {
			t.Fatalf("open %v, %d runs", open, len(*asked))
		}
		frame := ansi.Strip(m.frame())
		if !strings.Contains(frame, "want an address") || strings.Count(frame, "want an address") != 1 {
			t.Errorf("the sentence is not there once:\n%s", frame)
		}
		typeKeys(m, "backspace")
		if strings.Contains(ansi.Strip(m.frame()), "want an address") {
			t.Error("the sentence stays while the field is typed again")
		}
	})
}

func TestFormTakesLettersAsText(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m, asked := openedForm(t, "healthy", letters("qRrWt?dp")...)
		if v, open := m.top().(*formView); !open || v.texts[atDomain].value() != "qRrWt?dp" || len(*asked) > 0 || m.hidden {
			t.Errorf("open %v, %d runs, hidden %v", open, len(*asked), m.hidden)
		}
		m.Update(tea.PasteMsg{Content: ".corp.example\nevil"})
		if got := m.top().(*formView).texts[atDomain].value(); got != "qRrWt?dp.corp.example" {
			t.Errorf("pasted: %q", got)
		}
		typeKeys(m, "esc")
		if len(m.views) != 1 || len(*asked) > 0 {
			t.Error("esc did not cancel")
		}
	})
}

func TestRecentTargetsStart(t *testing.T) {
	for steps, want := range []run.Target{
		{Domains: []string{"corp.example"}},
		{Domains: nil, Hosts: []run.HostPort{{Host: "kms01.corp.example:1688"}}},
		{Domains: nil, Hosts: []run.HostPort{{Host: "10.0.0.5"}}},
	} {
		inBubble(t, func(t *testing.T) {
			m, asked := openedForm(t, "healthy", "shift+tab")
			for range steps {
				typeKeys(m, "down")
			}
			typeKeys(m, "enter")
			if len(*asked) != 1 || fmt.Sprint((*asked)[0].Target.Domains, (*asked)[0].Target.Hosts) != fmt.Sprint(want.Domains, want.Hosts) {
				t.Errorf("asked %+v, want %+v", *asked, want)
			}
		})
	}
}

func TestTargetsAreRememberedOnce(t *testing.T) {
	m := modelOf(t, nil)
	var kept []string
	m.svc.Remember = func(s string) error { kept = append(kept, s); return nil }
	m.ask.Target = run.Target{Domains: []string{"corp.example"}, Names: []string{"kms01", "b.example"}, Hosts: []run.HostPort{{Host: "10.0.0.5"}, {Host: "kms02"}, {Host: "kms03", Port: 1700}, {Host: "2001:db8::5", Port: 1688}}}
	m.run.found(&run.Found{Subject: run.Subject{Key: "kms01:1688", Kind: run.Host, Host: "kms01", Port: 1688}})
	for range 2 {
		if cmd := m.remember(); cmd != nil {
			cmd()
		}
	}
	if want := []string{"corp.example", "kms01:1688", "b.example", "10.0.0.5", "kms02:1688", "kms03:1700", "[2001:db8::5]:1688"}; !slices.Equal(kept, want) {
		t.Errorf("kept %q, want %q", kept, want)
	}
	m.ask.Target = run.Target{}
	if m.run.remembered = false; m.remember() != nil {
		t.Error("this machine's own domain is remembered")
	}
}

func TestNothingFoundOpensTheForm(t *testing.T) {
	m, _ := asking(t, "healthy")
	m.run = newSession()
	site := run.Subject{Key: "site", Kind: run.Site}
	feed(m, []run.Event{
		{Plan: &run.Plan{Title: "this machine"}},
		{Found: &run.Found{Subject: site, Checks: []string{"dns.config"}}},
		{Finished: &run.Result{Check: "dns.config", Subject: site, Status: run.Fail, Summary: "no domain"}},
		{Summary: &run.Summary{Worst: run.Fail}},
	})
	if _, open := m.top().(*formView); !open || !strings.Contains(ansi.Strip(m.frame()), "no DNS suffix") {
		t.Errorf("no form:\n%s", ansi.Strip(m.frame()))
	}
}

func TestFormOfASavedRunSaysWhyNot(t *testing.T) {
	m := modelOf(t, recordedRun(t, "healthy"))
	press(m, "t")
	if len(m.views) != 1 || !strings.Contains(m.note, "saved run") {
		t.Errorf("%d views, note %q", len(m.views), m.note)
	}
}

func TestProductsCanAllBeAsked(t *testing.T) {
	p := newProducts("")
	if len(p.all) < 40 || p.chosen() != "" || p.all[0] != catalog.DefaultClient().Name() {
		t.Fatalf("%d products, first %q", len(p.all), p.all[0])
	}
	for _, name := range p.all {
		c, err := catalog.ProductByName(name)
		if err != nil || !c.Product.Group.Askable() {
			t.Errorf("%q: %v", name, err)
		}
	}
	p.filter("no such product")
	if p.chosen() != "no such product" {
		t.Errorf("words that fit nothing became %q", p.chosen())
	}
}

func TestHostileForm(t *testing.T) {
	attack := "\x1b[2J\u202e日本\u200b" + strings.Repeat("x", 64<<10)
	m, _ := asking(t, "healthy")
	m.svc.Recent = nil
	press(m, "t")
	v := m.top().(*formView)
	v.err = &FieldError{"domain", errors.New(attack)}
	for i := range v.texts {
		v.texts[i].set(attack)
	}
	v.update(m, recentMsg{list: []string{attack, attack}})
	v.update(m, announcedMsg{version: v.version, sends: []string{attack}})
	for focus := range atRecent + 1 {
		v.focus = focus
		for w := 40; w <= 170; w += 13 {
			for h := 10; h <= 50; h += 8 {
				m.Update(tea.WindowSizeMsg{Width: w, Height: h})
				whole(t, m)
			}
		}
	}
}

func TestInputEdits(t *testing.T) {
	var f input
	for _, n := range append(letters("kms1.corp"), "home", "right", "delete", "X", "end", "backspace", "日") {
		f.press(keyPress(n))
	}
	if f.value() != "kXs1.cor日" {
		t.Errorf("%q", f.value())
	}
	if f.press(tea.KeyPressMsg{Code: tea.KeyF1}) {
		t.Error("a function key is text")
	}
	f.set(strings.Repeat("y", 2*maxInput))
	if n := len([]rune(f.value())); n != maxInput {
		t.Errorf("%d characters", n)
	}
}

// TestStartFrames shows what will be sent before anything is, at every size.
func TestStartFrames(t *testing.T) {
	frames(t, func() *Model { return starting(t) })
}

func starting(t testing.TB) *Model {
	events := recordedRun(t, "one-of-two-ill")
	for i, e := range events {
		if e.Finished != nil {
			return modelOf(t, events[:i])
		}
	}
	t.Fatal("nothing finished")
	return nil
}

func TestRequestsAreAnnouncedOnEveryScreen(t *testing.T) {
	for w := minWidth; w <= 170; w += 10 {
		for h := minHeight; h <= 50; h += 5 {
			m := starting(t)
			m.Update(tea.WindowSizeMsg{Width: w, Height: h})
			flat := strings.Join(strings.FieldsFunc(whole(t, m), func(r rune) bool { return r == '\n' || r == '│' || r == ' ' }), " ")
			if !strings.Contains(flat, "will send:") || !strings.Contains(flat, "1 KMS request") {
				t.Fatalf("%dx%d: the request is not announced:\n%s", w, h, m.frame())
			}
		}
	}
}
