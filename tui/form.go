package tui

import (
	"errors"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/run"
)

// TargetForm is what was typed in the target form. The texts of domain, host and
// resolver may name several, with blanks or commas between.
type TargetForm struct {
	Domain, Host, Product, Resolver string

	Family    int // 4, 6, or 0 for both
	NoRequest bool
}

// FieldError says which field of a [TargetForm] is wrong.
type FieldError struct {
	Field string // "domain", "host", "product", "resolver"
	Err   error  // a sentence for the user
}

// Error is the sentence.
func (e *FieldError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// The stops of the form, in the order of tab.
const (
	atDomain = iota
	atHost
	atProduct
	atResolver
	atFamily
	atStop
	atRecent
)

// fieldNames are those of a [FieldError], by stop.
var fieldNames = []string{"domain", "host", "product", "resolver"}

// formView asks what to check.
type formView struct {
	why      string // why the form is open, where the user did not ask for it
	texts    [4]input
	edited   [4]bool // while the field has had the focus
	product  products
	family   int // 0 both, 4, 6
	stop     bool
	focus    int
	recent   []string
	chosen   int // of recent
	err      *FieldError
	sends    []string // what the target would send, a line each; nil: not known yet
	sendsErr error
	version  int  // of what was typed
	known    int  // version that sends is of
	waiting  bool // a look at what will be sent is arranged
}

type (
	recentMsg struct {
		list []string
		err  error
	}
	announceMsg  struct{ version int }
	announcedMsg struct {
		version int
		sends   []string
		err     error
	}
)

// announceAfter is how long typing must rest before the form looks up what would
// be sent.
const announceAfter = 200 * time.Millisecond

// openForm opens the target form with the target on screen.
func (m *Model) openForm() tea.Cmd { return m.openFormBecause("") }

func (m *Model) openFormBecause(why string) tea.Cmd {
	if m.svc.Parse == nil || m.svc.Run == nil {
		return nil
	}
	v := open(m, func() *formView { return newForm(m) })
	v.why = why
	cmds := []tea.Cmd{v.changed()}
	if recent := m.svc.Recent; recent != nil {
		cmds = append(cmds, func() tea.Msg {
			list, err := recent()
			return recentMsg{list, err}
		})
	}
	return tea.Batch(cmds...)
}

// newForm fills a form with the target of the run on screen.
func newForm(m *Model) *formView {
	v := &formView{product: newProducts(m.ask.Target.Product), stop: m.ask.NoRequest, family: m.ask.Target.Family}
	var domains, hosts, servers []string
	for _, name := range m.run.targets(m.ask.Target) {
		if isHost(name) {
			hosts = append(hosts, name)
		} else {
			domains = append(domains, name)
		}
	}
	for _, r := range m.ask.Target.Resolvers {
		servers = append(servers, strings.TrimSuffix(r.String(), ":53"))
	}
	v.texts[atDomain].set(strings.Join(domains, " "))
	v.texts[atHost].set(strings.Join(hosts, " "))
	v.texts[atResolver].set(strings.Join(servers, " "))
	return v
}

func (v *formView) title() string { return "target" }

func (v *formView) typing() bool { return true }

func (v *formView) footer(*Model) []key.Binding {
	list := []key.Binding{bind("tab", "next field")}
	switch v.focus {
	case atFamily, atStop:
		list = append(list, bind("space", "change"))
	case atProduct, atRecent:
		list = append(list, bind("up/down", "choose"))
	}
	return append(list, bind("enter", "start"), bind("esc", "cancel"))
}

func (v *formView) update(m *Model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		return v.press(m, msg)
	case tea.PasteMsg:
		if m.top() == view(v) && v.focus <= atResolver {
			v.texts[v.focus].insert(msg.Content)
			v.edited[v.focus] = true
			return v.typed()
		}
	case recentMsg:
		v.recent = msg.list
		if msg.err != nil {
			m.note = "recent targets: " + msg.err.Error()
		}
	case announceMsg:
		return v.announce(m)
	case announcedMsg:
		if msg.version == v.version {
			v.known, v.sends, v.sendsErr = msg.version, msg.sends, msg.err
		}
	}
	return nil
}

func (v *formView) press(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch {
	case k.Code == tea.KeyEscape:
		m.pop()
		return nil
	case k.Code == tea.KeyEnter:
		return v.start(m)
	case k.Code == tea.KeyTab && k.Mod.Contains(tea.ModShift):
		v.move(-1)
		return nil
	case k.Code == tea.KeyTab:
		v.move(1)
		return nil
	case k.Code == tea.KeyUp, k.Code == tea.KeyDown:
		step := 1
		if k.Code == tea.KeyUp {
			step = -1
		}
		return v.arrow(step)
	}
	switch v.focus {
	case atFamily:
		if k.Text == " " || k.Code == tea.KeyRight || k.Code == tea.KeyLeft {
			v.family = map[int]int{0: 4, 4: 6, 6: 0}[v.family]
			return v.typed()
		}
	case atStop:
		if k.Text == " " || k.Code == tea.KeyRight || k.Code == tea.KeyLeft {
			v.stop = !v.stop
			return v.typed()
		}
	case atRecent:
	default:
		text := v.texts[v.focus].value()
		if v.texts[v.focus].press(k) {
			v.edited[v.focus] = v.edited[v.focus] || v.texts[v.focus].value() != text
			return v.typed()
		}
	}
	return nil
}

// arrow moves in the lists, and between the fields elsewhere.
func (v *formView) arrow(step int) tea.Cmd {
	switch {
	case v.focus == atProduct:
		if v.product.move(step) {
			return v.changed()
		}
		return nil
	case v.focus == atRecent && v.chosen+step >= 0 && v.chosen+step < len(v.recent):
		v.chosen += step
		return nil
	}
	v.move(step)
	return nil
}

// move puts the focus on another field, around the end.
func (v *formView) move(step int) {
	n := atRecent
	if len(v.recent) > 0 {
		n++
	}
	v.focus = (v.focus + step + n) % n
	v.edited = [4]bool{}
}

// typedNow tells whether a field holds what is being typed, which is shown even
// while names are hidden.
func (v *formView) typedNow(stop int) bool {
	return stop == v.focus && stop <= atResolver && v.edited[stop]
}

// names are those on screen that must be hidden while names are: not half of one
// that is being typed, unless something is said about it.
func (v *formView) names() []string {
	list := slices.Clone(v.recent)
	for _, stop := range []int{atDomain, atHost, atResolver} {
		if !v.typedNow(stop) || v.err != nil || v.known == v.version {
			list = append(list, v.texts[stop].value())
		}
	}
	return list
}

// typed follows what was typed: an error may be gone, the list of products
// narrows.
func (v *formView) typed() tea.Cmd {
	v.err = nil
	if v.focus == atProduct {
		v.product.filter(v.texts[atProduct].value())
	}
	return v.changed()
}

func (v *formView) changed() tea.Cmd {
	v.version++
	if v.waiting {
		return nil
	}
	v.waiting = true
	version := v.version
	return tea.Tick(announceAfter, func(time.Time) tea.Msg { return announceMsg{version} })
}

// announce looks up what the target would send, once typing rests.
func (v *formView) announce(m *Model) tea.Cmd {
	v.waiting = false
	target, err := m.svc.Parse(v.form())
	if err != nil || m.svc.Announce == nil {
		v.known, v.sends, v.sendsErr = v.version, nil, err
		return nil
	}
	version, ctx, announce := v.version, m.ctx, m.svc.Announce
	ask := Request{Target: v.complete(m, target), NoRequest: v.stop}
	return func() tea.Msg {
		sends, err := announce(ctx, ask)
		return announcedMsg{version, sends, err}
	}
}

// form is what was typed.
func (v *formView) form() TargetForm {
	return TargetForm{
		Domain: v.texts[atDomain].value(), Host: v.texts[atHost].value(), Product: v.product.chosen(),
		Resolver: v.texts[atResolver].value(), Family: v.family, NoRequest: v.stop,
	}
}

// complete adds what the form does not ask about.
func (v *formView) complete(m *Model, t run.Target) run.Target {
	t.NTP, t.Port = m.ask.Target.NTP, m.ask.Target.Port
	return t
}

// start begins a fresh session with the target, unless something is wrong with
// it.
func (v *formView) start(m *Model) tea.Cmd {
	if v.focus == atRecent && v.chosen < len(v.recent) {
		v.texts[atDomain].set("")
		v.texts[atHost].set("")
		field := atDomain
		if isHost(v.recent[v.chosen]) {
			field = atHost
		}
		v.texts[field].set(v.recent[v.chosen])
	}
	target, err := m.svc.Parse(v.form())
	if err != nil {
		if !errors.As(err, &v.err) {
			v.err = &FieldError{Field: fieldNames[atDomain], Err: err}
		}
		for i, name := range fieldNames {
			if name == v.err.Field {
				v.focus = i
			}
		}
		return nil
	}
	return m.retarget(v.complete(m, target), v.stop)
}

// retarget begins a fresh session: new rows over another target. What was joined
// stays.
func (m *Model) retarget(t run.Target, noRequest bool) tea.Cmd {
	m.stop()
	m.leaveCapture()
	m.run, m.causes, m.plain = newSession(), nil, nil
	m.counts.forget(true, false)
	m.watch = watch{}
	m.ask, m.named = Request{Target: t, NoRequest: noRequest}, true
	m.views = []view{newChecks()}
	return m.startRun(nil)
}
