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
		for cause := range strings.FieldsSeq(strings.Trim(fields[2], "-")) {
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
	byCode := len(js) > 0 && (js[0].verdict == Found || js[0].verdict == Possible) && !js[0].byPage
	var against []Finding
	for i := range c.set.Statements {
		st := &c.set.Statements[i]
		s, ok := statements()[st.ID]
		if !ok {
			continue
		}
		if place := slices.Index(s.speaks, id); place >= 0 {
			js = support(js, c.weigh(id, place, slices.Contains(s.outright, id), byCode), s.finding(st))
		} else if slices.Contains(s.against, id) {
			against = append(against, s.finding(st))
		}
	}
	for _, f := range against {
		js = oppose(js, f)
	}
	return js
}

func (s said) finding(st *evidence.Statement) Finding {
	f := Finding{"it is said that " + s.text, st.Origin}
	if st.Value != "" {
		f.Text += " (" + evidence.Clean(st.Value) + ")"
	}
	return f
}

// weigh is the score that words give to a cause. Where a telling code was seen,
// causes that the code allows go before those that it does not, and one that an
// answer of the host contradicts goes last. byCode tells that something else
// than words speaks for the cause as well.
func (c *clues) weigh(id string, place int, outright, byCode bool) int {
	switch {
	case !byCode && c.contradicted(id):
		return atGeneralCode + 5 - place
	case outright && (byCode || !c.telling()):
		return atEvidence + 6
	case outright:
		return atEvidence - 10
	case byCode || !c.telling():
		return atEvidence - 8 - 2*place
	}
	return atCode - 12 - 2*place
}

// telling holds where a status code with a meaning of its own was seen.
func (c *clues) telling() bool {
	return slices.ContainsFunc(c.codes, func(s sighting) bool {
		list := candidates()[s.code]
		return len(list) > 0 && !list[0].page && !list[0].general
	})
}

// contradicted tells whether an answer of a KMS host, which somebody saw, says
// that the way to it was right and that it serves.
func (c *clues) contradicted(id string) bool {
	if c.answer == nil || id == "srv-rogue-kms-hosts" {
		return false
	}
	page, _ := rawPage(id)
	return page.onTheWay() || page.Layer == "kms-host"
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
