package report

import (
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// end writes what stands below the rows.
func (t *matrixText) end(m *run.Matrix) {
	t.ended = true
	b, s := &t.b, t.s
	if t.heading != "" {
		b.WriteString("\n")
	}
	hang(b, "", MatrixCounts(m), s.Width)
	label := "sent: "
	for _, line := range m.Sent {
		hang(b, label, line, s.Width)
		label = "      "
	}
	t.keys(m)
	t.cures(m)
	t.unlisted(m)
	t.notAsked(m)
	if len(m.Notes) > 0 {
		b.WriteString("\n")
		heading(b, s, "Notes")
		for _, n := range m.Notes {
			hang(b, "  ", n, s.Width)
		}
	}
	b.WriteString("\n")
	for line := range strings.SplitSeq(m.Conclusion, "\n") {
		for _, l := range wrap(line, s.Width) {
			b.WriteString(s.paint(sgrBold, l) + "\n")
		}
	}
}

// keys names the host keys that the answers showed.
func (t *matrixText) keys(m *run.Matrix) {
	if len(m.Keys) == 0 {
		return
	}
	t.b.WriteString("\n")
	heading(&t.b, t.s, "Host keys that the answers name")
	for _, k := range m.Keys {
		hang(&t.b, "  "+k.Application+": ", MatrixKeyName(k)+", "+k.EPID, t.s.Width)
	}
}

// cures says which host keys would cure the refusals, rows with the same cure
// together.
func (t *matrixText) cures(m *run.Matrix) {
	groups := matrixCures(m)
	if len(groups) == 0 {
		return
	}
	t.b.WriteString("\n")
	heading(&t.b, t.s, "What would cure the refusals")
	hang(&t.b, "  ", codeMismatch+" says that no host key there covers the product.", t.s.Width)
	for _, g := range groups {
		hang(&t.b, "  ", g.names(), t.s.Width)
		hang(&t.b, "      ", g.text, t.s.Width)
	}
}

// unlisted names what is served though Microsoft's list does not name it.
func (t *matrixText) unlisted(m *run.Matrix) {
	first := true
	for _, row := range m.Rows {
		if len(row.Unlisted) == 0 {
			continue
		}
		if first {
			t.b.WriteString("\n")
			heading(&t.b, t.s, "Served, though not listed")
			first = false
		}
		hang(&t.b, "  ", strings.Join(row.Unlisted, ", ")+": not on the list for the host key of "+row.Key, t.s.Width)
	}
}

// notAsked lists the rows without a request, those with one reason together.
func (t *matrixText) notAsked(m *run.Matrix) {
	groups := matrixNotAsked(m)
	if len(groups) == 0 {
		return
	}
	t.b.WriteString("\n")
	heading(&t.b, t.s, "Not asked")
	for _, g := range groups {
		hang(&t.b, t.s.mark(run.Skip)+" ", g.names(), t.s.Width)
		hang(&t.b, "      ", g.text, t.s.Width)
	}
}
