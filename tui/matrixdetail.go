package tui

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// detail says all that is known of the row under the cursor.
func (v *matrixView) detail(m *Model, x *matrixRun, width int) []string {
	row := v.selected(x)
	if row == nil {
		return nil
	}
	d := &textBlock{look: m.look, width: width}
	d.spread(row.Name, typeset.Took(row.Took))
	if row.Status == run.MatrixWaiting {
		text := "waits for its turn"
		if x.row >= 0 && x.row < len(x.rows) && x.rows[x.row].Index == row.Index {
			text = x.doing
		}
		d.labelled("WHAT", text)
	} else {
		d.labelled("WHAT", report.MatrixAnswer(row, true))
	}
	countLines(d, row)
	cureLines(d, row)
	if len(row.Unlisted) > 0 {
		d.labelled("LIST", strings.Join(row.Unlisted, ", ")+": served, though not on the list for the host key of "+row.Key)
	}
	if row.EPID != "" {
		d.labelled("ePID", row.EPID)
	}
	if row.Key != "" {
		d.labelled("HOST KEY", row.Key+", by the ePID: that of the day it was activated")
	}
	if len(row.Releases) > 1 {
		d.labelled("SAME ID", strings.Join(row.Releases, ", ")+": a host does not tell these apart")
	}
	d.labelled("ID", row.CountedID+", the counted id")
	asked := fmt.Sprintf("%s, with N %d, in V%s", row.Product, row.Needs, row.Protocol)
	if row.Speaks != "" {
		asked += "; it answers V" + row.Speaks
	}
	if !row.Started.IsZero() {
		asked += row.Started.UTC().Format(", at 15:04:05 UTC")
		d.labelled("ASKED AS", asked)
	}
	return d.lines
}

// countLines say what the count means for the products, with and without the
// probe.
func countLines(d *textBlock, row *run.MatrixRow) {
	if row.Count == nil || row.Others == nil {
		return
	}
	d.labelled("COUNT", fmt.Sprintf("%d with this probe, %d without; these products need %d", *row.Count, *row.Others, row.Needs))
	switch {
	case row.HeldByProbe():
		d.labelled("", "enough with the probe alone: it leaves the list after 30 days")
	case row.Missing > 0:
		d.labelled("", fmt.Sprintf("clients show 0xC004F038 until %d more have asked", row.Missing))
	}
}

// cureLines name the host keys that cover a row, the most suitable first.
func cureLines(d *textBlock, row *run.MatrixRow) {
	if len(row.Cure) == 0 {
		return
	}
	if row.Status == run.MatrixRefused {
		d.labelled("CURE", report.MatrixCure(row))
	}
	for i, k := range row.Cure {
		text := k.Name
		switch {
		case k.Older:
			text += ": older than the one there"
		case k.Fits == run.FitsServer:
			text += ": for Windows Server alone, which this host does not run"
		case k.Fits == run.FitsClient:
			text += ": for client editions of Windows alone, which this host does not run"
		case k.Fits == "listed" && k.Update != "":
			text += ": can live on this host, which needs " + k.Update
		case k.Fits == "listed":
			text += ": can live on this host"
		case k.Fits == "build too old":
			text += ": wants a newer system than the ePID shows"
		case k.Fits == "unlisted":
			text += ": no list names this host's system for it"
		}
		d.labelled(first("KEYS", i), text+" ["+k.Source+"]")
	}
}

// evidence is what was asked and answered, a line each.
func (x *matrixRun) evidence(row *run.MatrixRow) string {
	lines := []string{
		"asked: " + row.Product + ", activation id " + row.ActivationID + ", counted id " + row.CountedID,
		fmt.Sprintf("protocol V%s, N policy %d, at %s", row.Protocol, row.Needs, row.Started.UTC().Format("2006-01-02 15:04:05 UTC")),
	}
	if x.plan.Machine != "" {
		lines[1] += ", from " + x.plan.Machine
	}
	if row.Count != nil && row.Others != nil {
		lines = append(lines, fmt.Sprintf("count: %d with this probe, %d without", *row.Count, *row.Others))
	}
	if row.EPID != "" {
		lines = append(lines, "ePID: "+row.EPID)
	}
	if took := typeset.Took(row.Took); took != "" {
		lines = append(lines, "answered after "+took)
	}
	return typeset.Printable(x.place.name+": "+row.Name+": "+report.MatrixAnswer(row, true)) + joined(lines)
}
