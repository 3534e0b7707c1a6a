package tui

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/run"
)

// formLabels name the stops of the form.
var formLabels = []string{"Domain", "Host", "Product", "Resolver", "Addresses", "Request"}

// formHints say what a field is for, below it while it has the focus.
var formHints = []string{
	"its SRV record _vlmcs._tcp names the hosts; empty, with no host either: this machine's own domain",
	"a name or an address, with a port if it is not 1688; it is asked whatever DNS publishes",
	"type to filter, up and down choose",
	"the address of a DNS server to ask in place of the configured ones",
	"space goes through both, IPv4 alone and IPv6 alone",
	"space changes it",
}

const formLabelCells = 11

// maxSentence bounds what is said below the fields, in cells.
const maxSentence = 1200

func (v *formView) bands(m *Model, w, h int) []band {
	width := inner(w)
	sends := v.sendsLines(m, width)
	n := min(len(sends), h/3)
	if h < 12 {
		lines, focus := v.lines(m, width)
		return []band{one("Target", h-1, around(lines, focus, h-1))}
	}
	lines, focus := v.lines(m, width)
	return []band{
		one("Target", h-2-n, around(lines, focus, h-2-n)),
		one("will be sent", n, sends),
	}
}

// around is the part of lines that shows one of them, and what stands below it.
func around(lines []string, at, height int) []string {
	return window(lines, max(at+min(4, height)-height, 0), height)
}

// lines draws the fields and tells in which line the focus is.
func (v *formView) lines(m *Model, width int) (lines []string, focus int) {
	d := &textBlock{look: m.look, width: width}
	if v.why != "" {
		d.text(v.why)
		d.blank()
	}
	for stop, label := range formLabels {
		pointer := "  "
		if stop == v.focus {
			pointer, focus = "> ", len(d.lines)
		}
		indent := strings.Repeat(" ", 2+formLabelCells)
		room := max(width-len(indent), 8)
		d.lines = append(d.lines, pointer+m.look.style.heading.Render(typeset.Pad(label, formLabelCells))+v.value(m, stop, room))
		if v.err != nil && stop <= atResolver && v.err.Field == fieldNames[stop] {
			d.hang(indent+m.look.mark(run.Fail)+" ", typeset.Cut(m.shownText(v.err.Error()), maxSentence))
		} else if stop == v.focus && (m.h >= 16 || stop == atProduct) {
			hint := formHints[stop]
			if m.hidden && v.typedNow(stop) {
				hint = "what is typed shows until the field is left, though names are hidden; " + hint
			}
			for _, line := range typeset.Wrap(hint, room) {
				d.lines = append(d.lines, indent+m.look.style.dim.Render(line))
			}
		}
		if stop == atProduct && stop == v.focus {
			for _, line := range v.product.lines(m.look, room) {
				d.lines = append(d.lines, indent+line)
			}
		}
	}
	if len(v.recent) > 0 {
		d.blank()
		d.heading("RECENT  (enter starts one)")
		for i, name := range v.recent {
			pointer := "  "
			text := typeset.Cut(typeset.Printable(m.shownText(name)), width-2)
			if v.focus == atRecent && i == v.chosen {
				pointer, focus = "> ", len(d.lines)
				text = m.look.style.selected.Render(text)
			}
			d.lines = append(d.lines, pointer+text)
		}
	}
	return d.lines, focus
}

// value draws the value of a field.
func (v *formView) value(m *Model, stop, room int) string {
	switch stop {
	case atFamily:
		return map[int]string{0: "IPv4 and IPv6", 4: "IPv4 alone", 6: "IPv6 alone"}[v.family]
	case atStop:
		if v.stop {
			return typeset.Cut("stop at the bind: no KMS request, no count", room)
		}
		return typeset.Cut("send one KMS request to each host", room)
	}
	text := &v.texts[stop]
	shown := m.shownText(text.value())
	switch {
	case stop == v.focus && (shown == text.value() || v.typedNow(stop)):
		return text.line(m.look, room)
	case stop == v.focus:
		return typeset.Cut(typeset.Printable(shown), room-1) + m.look.style.selected.Render("_")
	}
	switch {
	case stop == atProduct:
		shown = v.product.title()
	case shown == "" && stop == atResolver:
		return m.look.style.dim.Render(typeset.Cut("as this machine is configured", room))
	case shown == "" && stop == atDomain && v.texts[atHost].value() == "":
		return m.look.style.dim.Render(typeset.Cut("this machine's own", room))
	}
	return typeset.Cut(typeset.Printable(shown), room)
}

// sendsLines say what will be sent to whom, where that is known.
func (v *formView) sendsLines(m *Model, width int) []string {
	switch {
	case v.known != v.version:
		return []string{"looking ..", "", ""}
	case v.sendsErr != nil:
		return typeset.Wrap("nothing until that is put right", width)
	case len(v.sends) == 0:
		return []string{"it is said when the run starts"}
	}
	return typeset.Wrap(typeset.Cut(m.shownText(strings.Join(v.sends, "; ")), maxSentence), width)
}
