package tui

import (
	"fmt"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/run"
)

// countView shows what the hosts count: each list as a gauge against what
// products need, what each would get, and its course where it was seen more than
// once.
type countView struct{ scroll int }

var _ view = (*countView)(nil)

func (m *Model) openCount() { open(m, func() *countView { return &countView{} }) }

func (v *countView) title() string { return "count" }

func (v *countView) footer(m *Model) []key.Binding {
	list := []key.Binding{bind("up/down", "scroll"), bind("esc", "back")}
	if m.svc.Run != nil {
		list = append(list, keys.RerunAll)
	}
	return append(list, bind("v", "paste"), keys.Matrix)
}

func (v *countView) update(m *Model, msg tea.Msg) tea.Cmd {
	if k, ok := msg.(tea.KeyPressMsg); ok {
		most := max(len(v.lines(m, inner(m.w)))-1, 0)
		v.scroll = min(scrolled(k, min(v.scroll, most), m.h/2), most)
	}
	return nil
}

func (v *countView) bands(m *Model, w, h int) []band {
	return []band{one("Count", h-1, window(v.lines(m, inner(w)), v.scroll, h-1))}
}

func (v *countView) lines(m *Model, width int) []string {
	d := &textBlock{look: m.look, width: width}
	list := m.counts.series()
	if len(list) == 0 {
		v.howToGet(m, d)
		return d.lines
	}
	for _, s := range list[:min(len(list), maxCountHosts)] {
		d.blank()
		v.host(m, d, s)
	}
	if n := len(list) - maxCountHosts; n > 0 {
		d.blank()
		d.text(fmt.Sprintf("and %d more", n))
	}
	d.blank()
	d.text("A host counts each distinct client that asked within 30 days, on that host alone; a refused client counts too. " +
		"Served here means by the count: whether the host's key covers the product is another question (m).")
	return d.lines
}

// maxCountHosts bounds the hosts shown.
const maxCountHosts = 40

// host shows one list of one host.
func (v *countView) host(m *Model, d *textBlock, s countSeries) {
	last := s.last()
	name := m.shownText(s.host)
	if name == "" {
		name = "a host"
	}
	t := catalog.JudgeCount(last.count, classOf(s.list), last.probe)
	d.spread(name, s.list.String())
	d.text(countText(t, s))
	m.look.gauge(d, t, ceilingOf(s.list, last.count))
	for _, class := range classesOf(s.list) {
		v.product(m, d, catalog.JudgeCount(last.count, class, last.probe), s)
	}
	switch {
	case t.OverCeiling:
		d.text(fmt.Sprintf("%d is more than a Microsoft host keeps in this list (%d): unusual, and no proof of anything.", t.Count, classOf(s.list).Ceiling()))
	case t.Full && s.from != fromHostLog:
		d.text("The list is full: there may be any number of clients more.")
	}
	m.look.chart(d, s.samples)
	when := ""
	if !last.at.IsZero() {
		when = ", " + last.at.UTC().Format("2006-01-02 15:04 UTC")
	}
	d.text("From " + s.from + when + ".")
	if s.from == fromHostLog {
		d.text("Distinct clients in the log within 30 days; the host may have counted more, from before the log begins.")
	}
}

// product says what clients of a class would get at the count.
func (v *countView) product(m *Model, d *textBlock, t catalog.Tally, s countSeries) {
	head := fmt.Sprintf("%-18s need %-3d", classWords[t.Class], t.N)
	if s.list == unknownList {
		head += " if it is their list:"
	}
	switch {
	case t.Served && t.OthersServed:
		d.hang(m.look.mark(run.Pass)+" "+head+" ", "served")
	case t.Served:
		d.hang(m.look.mark(run.Warn)+" "+head+" ", "served; one short once the probe leaves the list, after 30 days")
	default:
		text := "not served, 0xC004F038: " + moreMustAsk(t.OthersMissing)
		if s.from == fromHostLog {
			text = "not enough in this log: " + moreMustAsk(t.OthersMissing)
		}
		d.hang(m.look.mark(run.Fail)+" "+head+" ", text)
	}
}

func moreMustAsk(n int) string {
	if n == 1 {
		return "1 more must ask"
	}
	return fmt.Sprintf("%d more must ask", n)
}

// countText is the count in words: the probe is one client more than there are.
func countText(t catalog.Tally, s countSeries) string {
	switch {
	case s.from == fromHostLog:
		return fmt.Sprintf("%d clients at least", t.Count)
	case t.Others < t.Count:
		return fmt.Sprintf("%d with this probe, %d without", t.Count, t.Others)
	}
	return fmt.Sprintf("%d", t.Count)
}

// howToGet says how a count is got when none is known.
func (v *countView) howToGet(m *Model, d *textBlock) {
	d.heading("NO COUNT IS KNOWN")
	switch {
	case m.busy():
		d.text("The run is still going; a count comes with the answer to its KMS request.")
	case m.ask.NoRequest:
		d.text("This session stops at the bind, and a host states its count in the answer to a request alone. t starts a run with a request.")
	case m.svc.Run != nil:
		d.text("No host answered a request. d says why; R runs all again.")
	default:
		d.text("This saved run has no answer that states one.")
	}
	d.blank()
	d.heading("OTHER WAYS TO IT")
	d.hang("  1  ", "on the KMS host, in an elevated prompt; then paste what it prints (v):")
	d.command("   ", `cscript //nologo %windir%\System32\slmgr.vbs /dlv`)
	d.hang("  2  ", "events 12289 of a client, which state the count, or events 12290 of the host, in which the clients can be counted: paste them (v)")
	d.hang("  3  ", "a packet capture of port 1688 with an answer in it (c)")
}

// String names the list.
func (l countList) String() string {
	switch l {
	case windowsList:
		return "Windows list"
	case officeList:
		return "Office list"
	}
	return "a list that the source does not name"
}

var classWords = map[catalog.Class]string{
	catalog.Client: "Windows clients", catalog.Server: "Windows servers", catalog.Office: "Office",
}

// classOf is the class that is judged for a list as a whole.
func classOf(l countList) catalog.Class {
	if l == officeList {
		return catalog.Office
	}
	return catalog.Client
}

// classesOf are the classes of products that a list counts, or might.
func classesOf(l countList) []catalog.Class {
	switch l {
	case windowsList:
		return []catalog.Class{catalog.Client, catalog.Server}
	case officeList:
		return []catalog.Class{catalog.Office}
	}
	return []catalog.Class{catalog.Client, catalog.Server, catalog.Office}
}

// ceilingOf is the end of a gauge: where a list ends, or beyond.
func ceilingOf(l countList, count int) int { return max(classOf(l).Ceiling(), count) }
