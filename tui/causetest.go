package tui

import (
	"net/netip"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// ownTest is a test of a cause that kmsdiag makes itself: the run of the program,
// changed.
type ownTest struct {
	hosts   []string // names or addresses to ask again; none: everything
	product string   // to ask for instead; empty: the same
	target  *run.Target
	words   string // what it does
	who     string // it is not ours to do: who must, and how
}

// testOf works out what the next test of a cause is. A step that consists of
// kmsdiag's own command, and of comparing clocks, is ours; what is to be typed on
// another machine, or from another place, is not.
func (m *Model) testOf(c diagnose.Cause) ownTest {
	steps := []diagnose.Step{}
	if c.Next != nil {
		steps = append(steps, *c.Next)
	}
	for _, s := range append(steps, c.Remedies...) {
		if len(s.Commands) == 0 || strings.Contains(s.Text, "from the ") {
			continue
		}
		if t, ok := m.ownCommand(s.Commands[0]); ok {
			return t
		}
	}
	if c.Next == nil {
		return ownTest{who: "this cause has no test of its own"}
	}
	var clocks []string
	for _, command := range c.Next.Commands {
		if _, rest, ok := strings.Cut(command, "w32tm /stripchart /computer:"); ok {
			host, _, _ := strings.Cut(rest, " ")
			clocks = append(clocks, host)
		}
	}
	if len(clocks) > 0 && m.knows(clocks) {
		return ownTest{hosts: clocks, words: "asks " + strings.Join(clocks, " and ") + " again and compares the clocks by SNTP, from this machine"}
	}
	who := "not for kmsdiag to do: " + where(*c.Next)
	if strings.Contains(c.Next.Text, "from the ") {
		who = "not from here: " + strings.TrimSuffix(c.Next.Text, ".")
	}
	return ownTest{who: who + "; v takes what it prints"}
}

// ownCommand reads "kmsdiag check HOST... [--product P]".
func (m *Model) ownCommand(command string) (ownTest, bool) {
	words := strings.Fields(command)
	if len(words) < 3 || words[0] != "kmsdiag" || words[1] != "check" {
		return ownTest{}, false
	}
	var t ownTest
	for i := 2; i < len(words); i++ {
		switch {
		case words[i] == "--product" && i+1 < len(words):
			t.product = words[i+1]
			i++
		case strings.HasPrefix(words[i], "-"):
			return ownTest{}, false
		default:
			t.hosts = append(t.hosts, words[i])
		}
	}
	if len(t.hosts) == 0 {
		return ownTest{}, false
	}
	t.words = "asks " + strings.Join(t.hosts, " and ") + " again"
	if t.product != "" {
		t.words = "asks " + strings.Join(t.hosts, " and ") + " for " + t.product + ", with one KMS request each"
	}
	if !m.knows(t.hosts) {
		target := targetOf(t.hosts)
		t.target = &target
		t.words += ", as a run of its own"
	}
	return t, true
}

// targetOf is the target of names and addresses as arguments give it.
func targetOf(hosts []string) run.Target {
	t := run.Target{Args: hosts}
	for _, h := range hosts {
		if ap, err := netip.ParseAddrPort(h); err == nil {
			t.Hosts = append(t.Hosts, run.HostPort{Host: ap.Addr().String(), Port: ap.Port()})
		} else if _, err := netip.ParseAddr(h); err == nil {
			t.Hosts = append(t.Hosts, run.HostPort{Host: h})
		} else {
			t.Names = append(t.Names, h)
		}
	}
	return t
}

// names tells whether a subject goes by a name or address.
func goesBy(sub run.Subject, name string) bool {
	return strings.EqualFold(sub.Host, name) || sub.Kind == run.Domain && strings.EqualFold(sub.Domain, name) ||
		sub.Addr.IsValid() && (sub.Addr.String() == name || sub.Addr.Addr().String() == name)
}

// knows tells whether the run on screen has every one of these.
func (m *Model) knows(names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool {
		return !slices.ContainsFunc(m.run.order, func(k string) bool { return goesBy(m.run.subjects[k], n) })
	})
}

// testWords says what the key for the test would do.
func (m *Model) testWords(c diagnose.Cause) string {
	t := m.testOf(c)
	return m.shownText(t.who + t.words)
}

// runTest makes the test of a cause, or says who must.
func (m *Model) runTest(c diagnose.Cause) tea.Cmd {
	t := m.testOf(c)
	switch {
	case t.who != "":
		m.note = "T: " + m.shownText(t.who)
		return nil
	case m.busy():
		m.note = "T: the run is still going; esc stops it"
		return nil
	case m.svc.Run == nil:
		m.note = "this is a saved run: there is nothing to run again"
		return nil
	}
	if m.nameless() {
		return m.nameTarget(t.hosts, t.product)
	}
	ask := m.ask
	ask.With = m.pasted
	if t.product != "" {
		ask.Target.Product = t.product
	}
	if t.target != nil {
		ask.Target.Args, ask.Target.Names, ask.Target.Hosts, ask.Target.Domains = t.target.Args, t.target.Names, t.target.Hosts, nil
		m.ask, m.run, m.causes = ask, newSession(), nil
		m.ask.With = evidence.Set{}
	} else {
		known := map[string]bool{}
		for _, k := range m.run.order {
			known[k] = true
		}
		hosts := t.hosts
		ask.Wanted = func(sub run.Subject) bool {
			if sub.Kind != run.Host && sub.Kind != run.Endpoint || !known[sub.Key] {
				return true
			}
			return slices.ContainsFunc(hosts, func(n string) bool { return goesBy(sub, n) || strings.EqualFold(sub.Domain, n) })
		}
	}
	m.note = "T " + m.shownText(t.words)
	return m.begin(ask)
}
