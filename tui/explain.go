package tui

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/diagnose"
	kmserr "github.com/kmsdiag/kmsdiag/errors"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/report"
)

// explainView is the drawer with the page of a code, or of a cause, as kmsdiag
// explain prints it, held against this run.
type explainView struct {
	ask    input
	asking bool
	wrong  string // why what was typed is nothing to explain
	page   *codePage
	before []*codePage // pages that led here
	scroll int
	cause  int  // whose cure is shown
	see    int  // selected of the codes worth comparing; -1: none
	follow bool // the selected code is kept on screen
}

// codePage is what is known of a code, looked up once. The page of a cause has no
// code.
type codePage struct {
	code    report.CodePage
	causes  []string // ids, most likely first
	hits    bool     // it is a list of what a search found
	strange bool     // the question has words that no page has
}

// pageMsg answers what was typed: a page, or why there is none.
type pageMsg struct {
	page  *codePage
	wrong string
}

// coder is a view with a code that may be asked about.
type coder interface{ code(m *Model) uint32 }

// code implements [coder]: that of the row under the cursor.
func (c *checksView) code(m *Model) uint32 {
	if r := c.current(m); r != nil {
		if code := codeOf(m, r); code != 0 {
			return code
		}
		if root := c.rootOf(m, r); root != nil {
			return codeOf(m, root)
		}
	}
	return 0
}

// openExplain shows the page of the code that is selected, or asks for one.
func (m *Model) openExplain() {
	code := uint32(0)
	if v, ok := m.top().(coder); ok {
		code = v.code(m)
	}
	v := open(m, func() *explainView { return &explainView{see: -1} })
	if code != 0 {
		v.show(pageOfCode(kmserr.Code(code)))
		v.before = nil
		return
	}
	v.ask, v.asking, v.wrong = input{}, true, ""
}

// show turns to a page; esc comes back to the one before.
func (v *explainView) show(p *codePage) {
	if v.page != nil && len(v.before) < 100 {
		v.before = append(v.before, v.page)
	}
	v.page, v.scroll, v.cause, v.see, v.asking, v.follow = p, 0, 0, -1, false, false
	if p.hits {
		v.see = 0
	}
}

// pageOfCode looks up a code and the causes that stand behind it.
func pageOfCode(c kmserr.Code) *codePage {
	p := &codePage{code: report.PageOf(c)}
	set := evidence.Set{Codes: []evidence.Code{{Code: uint32(c), Context: "stated"}}}
	for _, cause := range diagnose.Diagnose(&set) {
		if cause.Verdict == diagnose.Found || cause.Verdict == diagnose.Possible {
			p.causes = append(p.causes, cause.ID)
		}
	}
	if len(p.causes) == 0 {
		p.causes = p.code.Causes
	}
	return p
}

// pageOf finds what a question is about: a code in any notation, its symbol, the
// id of a cause, or words.
func pageOf(question string) (*codePage, string) {
	question = strings.TrimSpace(question)
	if question == "" {
		return nil, "type a code such as 0xC004F074, -1073418124 or F074, a symbol, the id of a cause, or words"
	}
	if page, ok := diagnose.Lookup(strings.ToLower(question)); ok {
		return pageOfCause(page), ""
	}
	c, err := kmserr.Parse(question)
	if err == nil {
		return pageOfCode(c), ""
	}
	if found := kmserr.Find(question); len(found) > 0 {
		return pageOfCode(found[0].Code), ""
	}
	all := kmserr.All()
	if i := slices.IndexFunc(all, func(e kmserr.Entry) bool { return strings.EqualFold(e.Symbol, question) }); i >= 0 {
		return pageOfCode(all[i].Code), ""
	}
	near := kmserr.Near(question, 5)
	p := suggestions(question, near)
	switch {
	case p == nil:
	case len(near) == 1 && len(p.code.See) == 1: // the end of a code
		return pageOfCode(near[0]), ""
	default:
		return p, ""
	}
	if strings.ContainsAny(question, "0123456789") {
		return nil, err.Error()
	}
	return nil, "nothing is known of " + shortened(question) + ": want a code, a symbol, the id of a cause, or other words"
}

// suggestions are the codes that come near a question, as a list: none of them is
// what was asked for by name, so that none opens by itself. Near are codes that look like it. It is nil where
// nothing comes near.
func suggestions(question string, near []kmserr.Code) *codePage {
	p := &codePage{hits: true, code: report.CodePage{Title: "codes that go with " + shortened(question)}}
	if strange := unknownWord(question); strange != "" {
		p.strange = true
		p.code.Title = "nothing is known of " + shortened(strange)
	}
	for _, c := range near {
		p.code.See = append(p.code.See, c.String())
	}
	for _, hit := range kmserr.Search(question, 12) {
		if code := hit.Entry.Code.String(); !slices.Contains(p.code.See, code) {
			p.code.See = append(p.code.See, code)
		}
	}
	if len(p.code.See) == 0 {
		return nil
	}
	return p
}

// unknownWord is the first word of a question that no page has, where it is long
// enough to carry meaning.
func unknownWord(question string) string {
	n := 0
	for w := range strings.FieldsFuncSeq(question, func(r rune) bool { return !unicode.IsLetter(r) && r != '_' && r != '-' }) {
		if n++; n > maxWords {
			break
		}
		if len(w) >= 5 && len(kmserr.Search(w, 1)) == 0 {
			return w
		}
	}
	return ""
}

// maxWords is how many words of a question are looked at one by one.
const maxWords = 16

// shortened is what was typed, fit for a title.
func shortened(question string) string { return typeset.Cut(typeset.Printable(question), 40) }

// pageOfCause is the page of a cause in the form of a code's.
func pageOfCause(page diagnose.Page) *codePage {
	p := &codePage{code: report.CodePage{Title: page.Title, Code: page.ID}, causes: []string{page.ID}}
	p.code.Sections = []report.PageSection{{Heading: "What it is", Body: page.Explain}}
	for _, c := range page.Codes {
		p.code.See = append(p.code.See, kmserr.Code(c).String())
	}
	return p
}

func (v *explainView) title() string { return "explain" }

func (v *explainView) typing() bool { return v.asking }

func (v *explainView) footer(*Model) []key.Binding {
	if v.asking {
		return []key.Binding{bind("enter", "explain"), bind("esc", "close")}
	}
	list := []key.Binding{bind("up/down", "scroll")}
	if v.page != nil && len(v.page.causes) > 1 {
		list = append(list, bind("[ ]", "cause"))
	}
	if v.page != nil && len(v.page.code.See) > 0 {
		list = append(list, bind("tab", "see also"), bind("enter", "go there"))
	}
	if v.page != nil && len(v.page.causes) > 0 {
		list = append(list, bind("y", "copy fix"))
	}
	return append(list, bind("e", "another code"), bind("esc", "back"))
}

// closes implements [closer]: esc goes back to the page that led here.
func (v *explainView) closes(*Model) bool {
	n := len(v.before)
	if n == 0 {
		return false
	}
	v.page, v.before, v.scroll, v.cause, v.see = v.before[n-1], v.before[:n-1], 0, 0, -1
	return true
}

func (v *explainView) update(m *Model, msg tea.Msg) tea.Cmd {
	if found, ok := msg.(pageMsg); ok {
		if v.wrong = found.wrong; found.page != nil && v.asking {
			v.show(found.page)
		}
		return nil
	}
	if v.asking {
		return v.typed(m, msg)
	}
	k, ok := msg.(tea.KeyPressMsg)
	if !ok || v.page == nil {
		return nil
	}
	see := v.page.code.See
	switch {
	case key.Matches(k, keys.NextCause):
		v.cause = min(v.cause+1, max(len(v.page.causes)-1, 0))
	case key.Matches(k, keys.PrevCause):
		v.cause = max(v.cause-1, 0)
	case key.Matches(k, keys.Tab) && len(see) > 0:
		v.see, v.follow = (v.see+1)%len(see), true
	case key.Matches(k, keys.Enter) && v.see >= 0 && v.see < len(see):
		if c, err := kmserr.Parse(see[v.see]); err == nil {
			v.show(pageOfCode(c))
		}
	default:
		lines := v.lines(m, inner(m.w))
		v.scroll, v.follow = moved(k, v.top(lines, m.h-8), len(lines), m.h/2), false
	}
	return nil
}

// typed takes a key, or a paste, while a code is typed.
func (v *explainView) typed(m *Model, msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.PasteMsg:
		v.ask.insert(strings.TrimSpace(msg.Content[:min(len(msg.Content), 4*maxInput)]))
	case tea.KeyPressMsg:
		switch msg.Code {
		case tea.KeyEnter:
			// The first search reads the whole catalogue.
			question := v.ask.value()
			v.wrong = ""
			return func() tea.Msg {
				page, wrong := pageOf(question)
				return pageMsg{page, wrong}
			}
		case tea.KeyEscape:
			if v.asking = false; v.page == nil {
				m.pop()
			}
		default:
			v.ask.press(msg)
		}
	}
	return nil
}

// top is the first line to show: that of the scroll, or one that brings the
// selected code on screen.
func (v *explainView) top(lines []string, height int) int {
	from := v.scroll
	if v.follow && v.see >= 0 {
		mark := seeMark + v.page.code.See[v.see]
		for i, line := range lines {
			if strings.Contains(line, mark) && (i < from || i >= from+height) {
				from = i - height/2
			}
		}
	}
	return max(min(from, len(lines)-height), 0)
}

func (v *explainView) bands(m *Model, w, h int) []band {
	width := inner(w)
	if v.page == nil || v.asking {
		return []band{one("Explain a code", h-1, v.askLines(m, width))}
	}
	var bands []band
	if c, ok := m.views[0].(*checksView); ok && h >= 18 {
		if r := c.current(m); r != nil {
			bands = append(bands, one("", 1, []string{c.rowLine(m, m.shown(), r, width, 11, true)}))
			h -= 2
		}
	}
	lines := v.lines(m, width)
	height := max(h-2, 0)
	from := v.top(lines, height)
	bands = append(bands, one(strings.TrimSpace(v.page.code.Code+"  "+v.page.code.Title), height, window(lines, from, height)))
	return append(bands, one(fmt.Sprintf("line %d-%d of %d", min(from+1, len(lines)), min(from+height, len(lines)), len(lines)), 0, nil))
}

// askLines are the line for a code, and what it takes.
func (v *explainView) askLines(m *Model, width int) []string {
	d := &textBlock{look: m.look, width: width}
	const label = "code: "
	d.lines = append(d.lines, label+v.ask.line(m.look, max(width-len(label), 4)))
	d.blank()
	if v.wrong != "" {
		d.text(v.wrong)
		d.blank()
	}
	d.text("Any notation: 0xC004F074, c004f074, -1073418124, 3221549172, 1722, or a line that holds one. Also a symbol such as SL_E_VL_NOT_WINDOWS_SLP, the id of a cause, or words to search for.")
	return d.lines
}

// code implements [coder]: e asks for another code here.
func (v *explainView) code(*Model) uint32 { return 0 }
