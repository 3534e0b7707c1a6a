package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kmsdiag/kmsdiag/diagnose"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// KindExplain is the kind of an [Explanation].
const KindExplain = "explain"

// Explanation is the answer of kmsdiag explain: what codes and pasted text mean
// and what may be behind them.
type Explanation struct {
	Schema     string           `json:"schema"` // "kmsdiag/1"
	Kind       string           `json:"kind"`   // "explain"
	Codes      []CodePage       `json:"codes"`  // in the order given
	Facts      []Fact           `json:"facts"`  // what was read in the text
	Causes     []diagnose.Cause `json:"causes"` // best first
	Confusable []string         `json:"confusable,omitempty"`
	Unread     []string         `json:"unread"` // lines in which nothing was recognised
}

// Fact is one observation in words.
type Fact struct {
	Text   string          `json:"text"`
	Origin evidence.Origin `json:"origin"`
}

// CodePage is a status code with what the catalogue knows of it.
type CodePage struct {
	Code       string        `json:"code"`   // "0xC004F074"
	Signed     int32         `json:"signed"` // -1073418124
	Listed     bool          `json:"listed"` // in the catalogue
	Symbol     string        `json:"symbol,omitempty"`
	Area       string        `json:"area,omitempty"`
	Title      string        `json:"title"`
	Meaning    string        `json:"meaning,omitempty"`
	Confidence string        `json:"confidence,omitempty"` // ms-doc, field, derived, name-only
	Form       string        `json:"form"`                 // the number taken apart, in words
	Sections   []PageSection `json:"sections"`
	Causes     []string      `json:"causes"` // ids, most likely first
	See        []string      `json:"see"`    // codes worth comparing
}

// PageSection is one headed part of a page; Body is Markdown.
type PageSection struct {
	Heading string `json:"heading"`
	Body    string `json:"body"`
}

// NewExplanation returns an explanation without content whose lists are not nil.
func NewExplanation() *Explanation {
	return &Explanation{
		Schema: run.Schema, Kind: KindExplain, Codes: []CodePage{},
		Facts: []Fact{}, Causes: []diagnose.Cause{}, Unread: []string{},
	}
}

// PageOf collects what the catalogue knows of a code, listed or not.
func PageOf(c kmserr.Code) CodePage {
	p := CodePage{
		Code: c.String(), Signed: c.Signed(), Title: "not in the catalogue",
		Form: kmserr.Decompose(c).String(), Sections: []PageSection{}, Causes: []string{}, See: []string{},
	}
	e, ok := kmserr.Lookup(c)
	if !ok {
		return p
	}
	p.Listed, p.Symbol, p.Area, p.Title, p.Meaning = true, e.Symbol, e.Area, e.Title(), e.Meaning
	p.Confidence = string(e.Confidence)
	if e.Page == nil {
		p.Sections = append(p.Sections, PageSection{kmserr.NextStepHeading, e.NextStep()})
		return p
	}
	for _, s := range e.Page.Sections() {
		p.Sections = append(p.Sections, PageSection{s.Heading, s.Body})
	}
	p.Causes = append(p.Causes, e.Page.Causes...)
	for _, see := range e.Page.See {
		p.See = append(p.See, see.String())
	}
	return p
}

// JSON writes the explanation as one object.
func (x *Explanation) JSON(w io.Writer) error {
	c := *x
	c.Causes = causeLists(x.Causes)
	return writeJSON(w, c, "  ")
}

// Text writes the explanation for a person.
func (x *Explanation) Text(w io.Writer, s Style) error {
	s = s.normal()
	var b strings.Builder
	for i, p := range x.Codes {
		if i > 0 {
			b.WriteString("\n")
		}
		codePage(&b, s, p)
	}
	if len(x.Facts) > 0 {
		if len(x.Codes) > 0 {
			b.WriteString("\n")
		}
		heading(&b, s, "What was read")
		for _, f := range x.Facts {
			hang(&b, "  ", f.Text+" ["+f.Origin.String()+"]", s.Width)
		}
	}
	switch {
	case len(x.Codes) == 0 && len(x.Facts) == 0:
		for i, c := range x.Causes {
			if i > 0 {
				b.WriteString("\n")
			}
			causePage(&b, s, c)
		}
	case len(x.Facts) > 0:
		causes(&b, s, x.Causes, nil)
	default:
		causeList(&b, s, x.Causes)
	}
	if len(x.Confusable) > 0 {
		b.WriteString("\n")
		hang(&b, s.paint(sgrBold, "LOOKS LIKE")+"  ", strings.Join(x.Confusable, ", "), s.Width)
	}
	if n := len(x.Unread); n > 0 {
		b.WriteString("\n")
		hang(&b, "", fmt.Sprintf("Nothing was recognised in %s of the text; -o json lists them.", plural(n, "line")), s.Width)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func codePage(b *strings.Builder, s Style, p CodePage) {
	hang(b, s.paint(sgrBold, p.Code)+"  ", p.Title, s.Width)
	if p.Symbol != "" && p.Symbol != kmserr.NoSymbol {
		hang(b, "  ", p.Symbol, s.Width)
	}
	hang(b, "  ", fmt.Sprintf("%d; %s", p.Signed, p.Form), s.Width)
	if p.Meaning != "" && p.Meaning != p.Title {
		hang(b, "  ", p.Meaning+".", s.Width)
	}
	for _, sec := range p.Sections {
		b.WriteString("\n")
		heading(b, s, sec.Heading)
		markdown(b, s, sec.Body)
	}
	if len(p.See) > 0 {
		b.WriteString("\n")
		hang(b, s.paint(sgrBold, "SEE ALSO")+"  ", strings.Join(p.See, "  "), s.Width)
	}
}

// causeList names causes where nothing but a code is known, so that reasons
// would only repeat it.
func causeList(b *strings.Builder, s Style, list []diagnose.Cause) {
	if len(list) == 0 {
		return
	}
	b.WriteString("\n")
	heading(b, s, "Likely causes, most likely first")
	for i, c := range list {
		hang(b, fmt.Sprintf("  %2d  ", i+1), c.Title+" ("+c.ID+")", s.Width)
	}
	b.WriteString("\n")
	hang(b, "  ", "Remedies of one: kmsdiag explain "+list[0].ID, s.Width)
}

// causePage is a cause by itself, without evidence.
func causePage(b *strings.Builder, s Style, c diagnose.Cause) {
	hang(b, s.paint(sgrBold, c.ID)+"  ", c.Title, s.Width)
	if c.NoFault {
		b.WriteString("  Nothing is wrong here: it only looks so.\n")
	}
	if c.Explain != "" {
		b.WriteString("\n")
		markdown(b, s, c.Explain)
	}
	if c.Next != nil {
		b.WriteString("\n")
		heading(b, s, "The test that would settle it")
		step(b, s, "  ", *c.Next)
	}
	if len(c.Remedies) > 0 {
		b.WriteString("\n")
		heading(b, s, "Remedies")
		for _, r := range c.Remedies {
			step(b, s, "  ", r)
		}
	}
	if c.Code != 0 {
		b.WriteString("\n")
		shows(b, s, c)
	}
}
