package diagnose

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Page is what is known of a cause without any evidence: what
// "kmsdiag explain CAUSE-ID" prints. Pages are data, one file each under
// pages/LANGUAGE.
type Page struct {
	ID         string   `json:"id"`
	Title      string   `json:"title"`
	Layer      string   `json:"layer"`
	Codes      []uint32 `json:"codes,omitempty"` // that a Windows client or a host shows, most telling first
	NoFault    bool     `json:"no_fault,omitempty"`
	Confusable []string `json:"confusable,omitempty"` // ids of causes that look alike
	Explain    string   `json:"explanation"`          // paragraphs, divided by an empty line
	Remedies   []Step   `json:"remedies"`
	Next       *Step    `json:"next,omitempty"` // the test that would settle it
}

//go:embed pages/en/*.md
var pageFiles embed.FS

const language = "en"

type pageIndex struct {
	pages []Page // as written, with placeholders; by id
	at    map[string]int
}

var rawPages = sync.OnceValue(func() pageIndex {
	names, err := fs.Glob(pageFiles, path.Join("pages", language, "*.md"))
	if err != nil {
		panic("diagnose: " + err.Error())
	}
	index := pageIndex{at: make(map[string]int, len(names))}
	for _, name := range names {
		text, err := pageFiles.ReadFile(name)
		if err != nil {
			panic("diagnose: " + err.Error())
		}
		page, err := parsePage(strings.TrimSuffix(path.Base(name), ".md"), string(text))
		if err != nil {
			panic("diagnose: embedded page: " + err.Error())
		}
		index.at[page.ID] = len(index.pages)
		index.pages = append(index.pages, page)
	}
	return index
})

// fitting returns the remedies for a case of the cause; where the case is not
// known, all of them.
func (p Page) fitting(when string) []Step {
	if when == "" {
		return p.Remedies
	}
	var out []Step
	for _, s := range p.Remedies {
		if s.fits(when) {
			out = append(out, s)
		}
	}
	return out
}

// startingWith puts the remedies on somebody's machine before the others.
func startingWith(who string, steps []Step) []Step {
	if who == "" {
		return steps
	}
	steps = slices.Clone(steps)
	slices.SortStableFunc(steps, func(a, b Step) int {
		switch {
		case a.Who == b.Who:
			return 0
		case a.Who == who:
			return -1
		case b.Who == who:
			return 1
		}
		return 0
	})
	return steps
}

// test is the next test, where it fits the case.
func (p Page) test(when string) *Step {
	if p.Next == nil || when != "" && !p.Next.fits(when) {
		return nil
	}
	return p.Next
}

func (s Step) fits(when string) bool { return len(s.when) == 0 || slices.Contains(s.when, when) }

// rawPage returns a page with its placeholders unfilled.
func rawPage(id string) (Page, bool) {
	index := rawPages()
	i, ok := index.at[id]
	if !ok {
		return Page{}, false
	}
	return index.pages[i], true
}

// Lookup returns the page of a cause. Where a command needs a name that only
// evidence could give, the page holds a readable stand-in such as KMSHOST.
func Lookup(id string) (Page, bool) {
	page, ok := rawPage(id)
	if !ok {
		return Page{}, false
	}
	return generic(page), true
}

// Pages returns every page, ordered by id.
func Pages() []Page {
	index := rawPages()
	all := make([]Page, len(index.pages))
	for i, page := range index.pages {
		all[i] = generic(page)
	}
	return all
}

func generic(p Page) Page {
	p.Codes, p.Confusable = slices.Clone(p.Codes), slices.Clone(p.Confusable)
	p.Explain = plain.text(p.Explain)
	p.Remedies = plain.steps(p.Remedies)
	p.Next = plain.step(p.Next)
	return p
}

// parsePage reads a page file. It begins with "key: value" lines, goes on with
// the explanation after an empty line, and ends with the steps: "# remedy" or
// "# next" and below it the lines who, shell, text, run (once a command), verify
// and undo; "when" names the cases of the cause that a remedy is for. A line that begins with two blanks continues the line before it; in
// a command it is a line of its own.
func parsePage(id, text string) (Page, error) {
	p := Page{ID: id}
	head, body, ok := strings.Cut(text, "\n\n")
	if !ok {
		return p, fmt.Errorf("%s: no explanation", id)
	}
	for line := range strings.Lines(head) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			return p, fmt.Errorf("%s: %q: want key: value", id, line)
		}
		if err := p.set(key, value); err != nil {
			return p, fmt.Errorf("%s: %w", id, err)
		}
	}
	explain, steps, _ := strings.Cut(body, "\n# ")
	p.Explain = joinParagraphs(explain)
	if steps == "" {
		return p, nil
	}
	for part := range strings.SplitSeq(steps, "\n# ") {
		kind, lines, _ := strings.Cut(part, "\n")
		step, err := parseStep(lines)
		if err != nil {
			return p, fmt.Errorf("%s: %w", id, err)
		}
		switch strings.TrimSpace(kind) {
		case "remedy":
			p.Remedies = append(p.Remedies, step)
		case "next":
			p.Next = &step
		default:
			return p, fmt.Errorf("%s: unknown part %q", id, kind)
		}
	}
	return p, nil
}

func (p *Page) set(key, value string) error {
	switch key {
	case "title":
		p.Title = value
	case "layer":
		p.Layer = value
	case "no-fault":
		p.NoFault = value == "yes"
	case "confusable":
		p.Confusable = strings.Fields(value)
	case "codes":
		for field := range strings.FieldsSeq(value) {
			code, err := strconv.ParseUint(field, 0, 32)
			if err != nil {
				return fmt.Errorf("codes: %w", err)
			}
			p.Codes = append(p.Codes, uint32(code))
		}
	default:
		return fmt.Errorf("unknown key %q", key)
	}
	return nil
}

func parseStep(text string) (Step, error) {
	var s Step
	var field *string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		if line == "" {
			continue
		}
		if more, ok := strings.CutPrefix(line, "  "); ok && field != nil {
			*field += " " + strings.TrimSpace(more)
			continue
		}
		key, value, _ := strings.Cut(line, ": ")
		switch key {
		case "who":
			field = &s.Who
		case "shell":
			field = &s.Shell
		case "text":
			field = &s.Text
		case "verify":
			field = &s.Verify
		case "undo":
			field = &s.Undo
		case "when":
			s.when = strings.Fields(value)
			field = nil
			continue
		case "run":
			s.Commands = append(s.Commands, value)
			field = nil
			continue
		default:
			return s, fmt.Errorf("unknown line %q in a step", line)
		}
		*field = value
	}
	return s, nil
}

// joinParagraphs undoes the line breaks within paragraphs.
func joinParagraphs(text string) string {
	var out []string
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		out = append(out, strings.Join(strings.Fields(part), " "))
	}
	return strings.Join(out, "\n\n")
}
