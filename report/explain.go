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
	Schema     string           `json:"schema"`               // "kmsdiag/1"
	Kind       string           `json:"kind"`                 // "explain"
	Codes      []CodePage       `json:"codes"`                // in the order given
	Facts      []evidence.Fact  `json:"facts"`                // what was read in the text
	MoreFacts  int              `json:"more_facts,omitempty"` // observations beyond the listed ones
	Causes     []diagnose.Cause `json:"causes"`               // best first
	Confusable []string         `json:"confusable,omitempty"`
	Conclusion string           `json:"conclusion,omitempty"`  // the verdict on a text, a sentence a line
	Unread     []string         `json:"unread"`                // lines in which nothing was recognised
	MoreUnread int              `json:"more_unread,omitempty"` // such lines beyond the listed ones
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
		Facts: []evidence.Fact{}, Causes: []diagnose.Cause{}, Unread: []string{},
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

// JSONL writes the explanation as one object on one line.
func (x *Explanation) JSONL(w io.Writer) error {
	c := *x
	c.Causes = causeLists(x.Causes)
	return writeJSON(w, c, "")
}

// Short writes the explanation for a ticket: the codes, the causes in a line
// each, and the conclusion.
func (x *Explanation) Short(w io.Writer, s Style) error {
	s = s.normal()
	var b strings.Builder
	for _, p := range x.Codes {
		hang(&b, p.Code+"  ", p.Title, s.Width)
	}
	for i, c := range x.Causes {
		if i >= maxShort {
			hang(&b, "", fmt.Sprintf("%d more possible.", len(x.Causes)-i), s.Width)
			break
		}
		hang(&b, causeLabel(s, i+1, c, nil), c.Title+c.About()+" ("+c.ID+")", s.Width)
	}
	for line := range strings.SplitSeq(x.Conclusion, "\n") {
		if line != "" {
			hang(&b, "", line, s.Width)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Text writes the explanation for a person.
func (x *Explanation) Text(w io.Writer, s Style) error {
	s = s.normal()
	var b strings.Builder
	if len(x.Facts) > 0 {
		x.paste(&b, s)
		_, err := io.WriteString(w, b.String())
		return err
	}
	for i, p := range x.Codes {
		if i > 0 {
			b.WriteString("\n")
		}
		codePage(&b, s, p)
	}
	if len(x.Codes) > 0 {
		causeList(&b, s, x.Causes)
	} else {
		for i, c := range x.Causes {
			if i > 0 {
				b.WriteString("\n")
			}
			causePage(&b, s, c)
		}
	}
	if len(x.Confusable) > 0 {
		b.WriteString("\n")
		hang(&b, s.paint(sgrBold, "LOOKS LIKE")+"  ", strings.Join(x.Confusable, ", "), s.Width)
	}
	x.unread(&b, s)
	_, err := io.WriteString(w, b.String())
	return err
}

// fewFacts is how many facts of a paste are shown without --verbose.
const fewFacts = 12

// paste writes what a text tells: what was read, the causes, the codes in a
// line each, and the conclusion last.
func (x *Explanation) paste(b *strings.Builder, s Style) {
	heading(b, s, "What was read")
	shown := x.Facts
	if !s.Verbose && len(shown) > fewFacts {
		shown = shown[:fewFacts]
	}
	for _, f := range shown {
		place := f.Origin.String()
		if f.Origin.Line > 0 {
			place = fmt.Sprintf("line %d", f.Origin.Line)
		}
		hang(b, "  ", f.Text+" ["+place+"]", s.Width)
	}
	if more := len(x.Facts) - len(shown) + x.MoreFacts; more > 0 {
		hang(b, "  ", fmt.Sprintf("and %d more: --verbose, or -o json", more), s.Width)
	}
	causes(b, s, x.Causes, nil)
	if len(x.Codes) > 0 {
		b.WriteString("\n")
		heading(b, s, "Codes")
		for _, p := range x.Codes {
			hang(b, "  "+p.Code+"  ", p.Title, s.Width)
		}
		hang(b, "  ", "The page of one: kmsdiag explain "+x.Codes[0].Code, s.Width)
	}
	if x.Conclusion != "" {
		b.WriteString("\n")
		for line := range strings.SplitSeq(x.Conclusion, "\n") {
			hang(b, "", line, s.Width)
		}
	}
	x.unread(b, s)
}

// unread says how much of a text was not understood, with its first lines.
func (x *Explanation) unread(b *strings.Builder, s Style) {
	n := len(x.Unread) + x.MoreUnread
	if n == 0 {
		return
	}
	const few = 3
	b.WriteString("\n")
	hang(b, "", fmt.Sprintf("Not understood: %s. -o json lists them.", plural(n, "line")), s.Width)
	if s.Verbose || len(x.Unread) <= few {
		for _, line := range x.Unread {
			hang(b, "  ", line, s.Width)
		}
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func codePage(b *strings.Builder, s Style, p CodePage) {
	hang(b, s.paint(sgrBold, p.Code)+"  ", p.Title, s.Width)
	if p.Symbol != "" {
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
