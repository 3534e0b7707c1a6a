package tui

import (
	"slices"

	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// rowText is what the list says of an answer.
func rowText(names *report.Names, r run.Result) string { return names.Row(wrongFirst(r)) }

// wrongFirst is an answer whose summary says what is wrong: that of a warning
// tells what was seen, and its first bad note what is the matter with it.
func wrongFirst(r run.Result) run.Result {
	if r.Status != run.Warn && r.Status != run.Fail {
		return r
	}
	i := slices.IndexFunc(r.Notes, func(n run.Note) bool { return n.Status == run.Warn || n.Status == run.Fail })
	switch {
	case i < 0:
	case r.Status == run.Warn:
		r.Summary = r.Notes[i].Text + "; " + r.Summary
	default:
		r.Summary += "; " + r.Notes[i].Text
	}
	return r
}
