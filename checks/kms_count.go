package checks

import (
	"context"
	"fmt"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// KMSCount asks whether the host counts enough clients for the product asked
// for, and for the others in the same list. It judges the answer to
// [KMSRequest] and sends nothing.
var KMSCount = &Check{
	ID: "kms.count", Title: "the KMS host counts enough clients",
	Group: Judge, Scope: run.Endpoint, Needs: []*Check{KMSRequest},
	Run: runKMSCount,
}

func runKMSCount(_ context.Context, ask Ask) Answer {
	for _, e := range exchangesOf(ask) {
		if e.Outcome == evidence.Served && !e.Second && e.Version == e.Wanted {
			return judgeCount(e, productAsked(ask.Env).Group.Class)
		}
	}
	return Answer{Result: run.Result{Status: run.Skip, Summary: "not judged: no answer states a count"}}
}

// judgeCount says what the count of an answer means. The answer counts this
// program's own probe, which is one client more than there are.
func judgeCount(e evidence.Exchange, class catalog.Class) Answer {
	var a Answer
	t := catalog.JudgeCount(int(e.Count), class, e.Probe)
	note := func(id string, status run.Status, format string, args ...any) {
		a.Notes = append(a.Notes, run.Note{ID: id, Status: status, Text: fmt.Sprintf(format, args...)})
	}
	if t.Unset {
		a.Status, a.Summary = run.Warn, "the host states no count (-1): not judged"
		return a
	}
	a.Status = run.Pass
	a.Summary = fmt.Sprintf("%d with this probe", t.Count)
	full := t.Full && !t.OverCeiling
	switch {
	case !t.Served:
		a.Status = run.Fail
		a.Summary += fmt.Sprintf(", %d without; %s need %d: %d more must ask", t.Others, classPlural(class), t.N, t.OthersMissing)
		note("count-how-it-grows", run.Pass, "a refused client counts too: the host counts each distinct client that asked within 30 days, on this host alone")
	case !t.OthersServed:
		a.Status = run.Warn
		a.Summary += fmt.Sprintf(", %d without; %s need %d: one short once the probe leaves the list, after 30 days", t.Others, classPlural(class), t.N)
	default:
		if full {
			a.Summary += " (a full list)"
		}
		a.Summary += "; " + needs(class)
	}
	if t.Others == 0 {
		note("count-alone", run.Pass, "no other client of this list asked the host within 30 days")
	}
	if class == catalog.Server {
		judgeClients(t, note)
	}
	if class == catalog.Client && !t.Served {
		if s := catalog.JudgeCount(t.Count, catalog.Server, e.Probe); s.OthersServed {
			note("count-servers", run.Pass, "enough for servers, which need %d", s.N)
		} else {
			note("count-servers", run.Pass, "servers, which need %d, lack %d too", s.N, s.OthersMissing)
		}
	}
	if full {
		note("count-full-list", run.Pass, "a list that reached %d grows no further: there may be any number of clients more", t.Count)
	}
	if t.OverCeiling {
		note("count-over-ceiling", run.Pass, "%d is more than a Microsoft host keeps in this list (%d); unusual, and no proof of anything", t.Count, class.Ceiling())
	}
	if class == catalog.Office {
		note("count-lists", run.Pass, "this is the Office list; Windows clients and servers are counted in another, not asked for")
	} else {
		note("count-lists", run.Pass, "this is the Windows list, clients and servers together; Office is counted in another, not asked for")
	}
	return a
}

// judgeClients says what a server product's count means for Windows clients,
// who are in the same list and need more.
func judgeClients(t catalog.Tally, note func(string, run.Status, string, ...any)) {
	c := catalog.JudgeCount(t.Count, catalog.Client, t.Others < t.Count)
	switch {
	case c.OthersServed || !t.Served:
	case t.Count == catalog.ServerOnlyCeiling:
		note("count-clients-unknown", run.Pass,
			"a list in which only servers asked stops at %d: whether %d clients would be reached cannot be told from it", t.Count, c.N)
	default:
		note("count-clients", run.Warn, "not enough for Windows clients, which need %d: %d more must ask", c.N, c.OthersMissing)
	}
}

// needs names the minimum counts in the list of a class.
func needs(class catalog.Class) string {
	if class == catalog.Office {
		return fmt.Sprintf("Office needs %d", catalog.OfficeN)
	}
	return fmt.Sprintf("clients need %d, servers %d", catalog.ClientN, catalog.ServerN)
}

func classPlural(class catalog.Class) string {
	switch class {
	case catalog.Server:
		return "servers"
	case catalog.Office:
		return "Office clients"
	}
	return "Windows clients"
}
