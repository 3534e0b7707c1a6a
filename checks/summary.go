package checks

import (
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// Summarise judges results that are already there, such as those of a saved run,
// together with the evidence in opts.With. Of the options it heeds Ignore and
// With. Stopped and Took are left to the caller; Sent is what the evidence shows,
// which knows nothing of DNS questions that were repeated.
func Summarise(results []run.Result, opts Options) run.Summary {
	var set evidence.Set
	for _, r := range results {
		set.Add(r.Evidence)
	}
	s := summarise(results, set, opts)
	s.Traffic = traffic(questionsIn(set), set)
	s.Sent = run.TrafficLines(s.Traffic)
	return s
}

// summarise judges the results that are shown by all the evidence there is,
// which includes that of checks without a row.
func summarise(shown []run.Result, live evidence.Set, opts Options) run.Summary {
	var set evidence.Set
	set.Add(live)
	set.Add(opts.With)
	s := run.Summary{Counts: map[run.Status]int{}}
	var ranked, ignored []diagnose.Cause
	causes := diagnose.Diagnose(&set)
	words := diagnose.Conclude(&set, causes)
	s.Proved, s.NotTested, s.Conclusion = words.Proved, words.NotTested, words.Text
	for _, c := range causes {
		switch {
		case c.Verdict == diagnose.RuledOut:
			s.RuledOut = append(s.RuledOut, c)
		case c.Verdict != diagnose.Found && c.Verdict != diagnose.Possible:
		case slices.Contains(opts.Ignore, c.ID):
			ignored = append(ignored, c)
		default:
			ranked = append(ranked, c)
		}
	}
	s.Causes = append(ranked, ignored...)
	for _, r := range shown {
		if r.Ignored || slices.Contains(opts.Ignore, r.Check) || excused(r, ranked, ignored) {
			continue
		}
		s.Counts[r.Status]++
		s.Worst = run.Worse(s.Worst, r.Status)
	}
	s.Worst = run.Worse(s.Worst, judgePasted(ranked))
	gap, lines := judgeCoverage(shown)
	s.Worst = run.Worse(s.Worst, gap)
	if len(lines) > 0 {
		s.Conclusion = strings.Join(lines, "\n") + "\n" + s.Conclusion
	}
	for _, id := range opts.Ignore {
		if !slices.Contains(s.Ignored, id) {
			s.Ignored = append(s.Ignored, id)
		}
	}
	return s
}

// judgePasted is the status that pasted evidence adds: a client that fails is a
// failure, however well the network does. A cause that is merely possible warns.
func judgePasted(causes []diagnose.Cause) run.Status {
	var worst run.Status
	for _, c := range causes {
		pasted := slices.ContainsFunc(c.Because, func(f diagnose.Finding) bool { return f.Origin.Pasted() })
		switch {
		case c.NoFault || !pasted:
		case c.Verdict == diagnose.Found:
			worst = run.Worse(worst, run.Fail)
		default:
			worst = run.Worse(worst, run.Warn)
		}
	}
	return worst
}

// excused tells whether a bad result is explained by ignored causes alone.
func excused(r run.Result, counted, ignored []diagnose.Cause) bool {
	if r.Status != run.Fail && r.Status != run.Warn {
		return false
	}
	return explains(ignored, r) && !explains(counted, r)
}

func explains(causes []diagnose.Cause, r run.Result) bool {
	for _, c := range causes {
		for _, f := range c.Because {
			if f.Origin.Check == r.Check && f.Origin.Subject == r.Subject.Key {
				return true
			}
		}
	}
	return false
}
