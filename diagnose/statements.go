package diagnose

import (
	_ "embed" // for the table
	"slices"
	"strings"
	"sync"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// said is what a statement in plain words speaks for and against.
type said struct {
	text     string
	speaks   []string // causes, best first
	outright []string // those of them that the statement names itself
	against  []string
}

//go:embed data/statements.tsv
var statementsTSV string

var statements = sync.OnceValue(func() map[string]said {
	table := map[string]said{}
	for line := range strings.Lines(statementsTSV) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 4 {
			panic("diagnose: data/statements.tsv: want 4 columns: " + line)
		}
		s := said{text: fields[1]}
		for cause := range strings.FieldsSeq(fields[2]) {
			id, outright := strings.CutSuffix(cause, "!")
			s.speaks = append(s.speaks, id)
			if outright {
				s.outright = append(s.outright, id)
			}
		}
		if fields[3] != "-" {
			s.against = strings.Fields(fields[3])
		}
		table[fields[0]] = s
	}
	return table
})

// StatementIDs returns the ids of the statements that the rules understand, in
// alphabetical order; a phrase table should make these.
func StatementIDs() []string {
	ids := make([]string, 0, len(statements()))
	for id := range statements() {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// withStatements lets statements speak for a cause, and against it where only a
// code spoke for it. Words weigh less than what a program printed: they never
// make a cause found.
func (c *clues) withStatements(id string, js []judgement) []judgement {
	for i := range c.set.Statements {
		st := &c.set.Statements[i]
		s, ok := statements()[st.ID]
		if !ok {
			continue
		}
		finding := Finding{"it is said that " + s.text, st.Origin}
		if st.Value != "" {
			finding.Text += " (" + evidence.Clean(st.Value) + ")"
		}
		place := slices.Index(s.speaks, id)
		switch {
		case place >= 0:
			score := atEvidence - 8 - 2*place
			if slices.Contains(s.outright, id) {
				score = atEvidence + 4
			}
			js = support(js, score, finding)
		case slices.Contains(s.against, id):
			js = oppose(js, finding)
		}
	}
	return js
}

// support adds a finding to what a rule said, or makes the cause possible.
func support(js []judgement, score int, f Finding) []judgement {
	if len(js) == 0 || js[0].verdict == Untested {
		return one(judgement{verdict: Possible, score: score, because: []Finding{f}})
	}
	if j := &js[0]; j.verdict == Found || j.verdict == Possible {
		j.because = append(slices.Clip(j.because), f)
		j.score = max(j.score, score) + 3
	}
	return js
}

// oppose rules out a cause that only a general code spoke for, and weakens
// others.
func oppose(js []judgement, f Finding) []judgement {
	if len(js) == 0 {
		return pass(f)
	}
	if j := &js[0]; j.verdict == Possible {
		j.against = append(slices.Clip(j.against), f)
		if j.score <= atGeneralCode {
			*j = judgement{verdict: RuledOut, against: j.against}
		} else {
			j.score -= 10
		}
	}
	return js
}
