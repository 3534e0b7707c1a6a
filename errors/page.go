package errors

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Language is the folder the pages are read from.
const Language = "en"

// NextStepHeading is the heading every page of a failing code has.
const NextStepHeading = "Next step"

// Page is what an administrator reads about one code.
type Page struct {
	Title  string   // a noun phrase or a sentence without a full stop
	Causes []string // ids of root causes, most likely first; empty where none of them fits
	See    []Code   // codes worth comparing
	Body   string   // Markdown: level-2 headings, paragraphs, lists and fenced commands
}

// Section is the text of one level-2 heading of a page.
type Section struct {
	Heading string
	Body    string // Markdown without the heading, trimmed
}

// Sections cuts the body at its level-2 headings, in order.
func (p *Page) Sections() []Section {
	var list []Section
	for part := range strings.SplitSeq("\n"+p.Body, "\n## ") {
		heading, body, _ := strings.Cut(part, "\n")
		if heading = strings.TrimSpace(heading); heading != "" {
			list = append(list, Section{Heading: heading, Body: strings.TrimSpace(body)})
		}
	}
	return list
}

// Section is the text under a heading, "" when the page has none of that name.
func (p *Page) Section(heading string) string {
	for _, s := range p.Sections() {
		if s.Heading == heading {
			return s.Body
		}
	}
	return ""
}

// loadPages reads every page of one language.
func loadPages(files fs.FS, language string) (map[Code]*Page, error) {
	dir := "pages/" + language
	names, err := fs.ReadDir(files, dir)
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	pages := make(map[Code]*Page, len(names))
	for _, name := range names {
		text, err := fs.ReadFile(files, dir+"/"+name.Name())
		if err != nil {
			return nil, fmt.Errorf("pages: %w", err)
		}
		c, p, err := parsePage(string(text))
		if err != nil {
			return nil, fmt.Errorf("page %s: %w", name.Name(), err)
		}
		if want := c.String() + ".md"; name.Name() != want {
			return nil, fmt.Errorf("page %s: its code line says %s", name.Name(), c)
		}
		pages[c] = p
	}
	return pages, nil
}

// parsePage reads the lines "key: value" up to the first empty line and takes
// the rest as the body.
func parsePage(text string) (Code, *Page, error) {
	head, body, ok := strings.Cut(text, "\n\n")
	if !ok {
		return 0, nil, fmt.Errorf("no empty line after the head")
	}
	var code Code
	p := &Page{Body: strings.TrimSpace(body)}
	for line := range strings.SplitSeq(head, "\n") {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		var err error
		switch key {
		case "code":
			code, err = pageCode(value)
		case "title":
			p.Title = value
		case "symbol": // for readers of the file; the table holds it
		case "causes":
			p.Causes = splitList(value)
		case "see":
			for _, v := range splitList(value) {
				var c Code
				if c, err = pageCode(v); err != nil {
					break
				}
				p.See = append(p.See, c)
			}
		default:
			err = fmt.Errorf("unknown key %q", key)
		}
		if err != nil {
			return 0, nil, err
		}
	}
	if p.Title == "" {
		return 0, nil, fmt.Errorf("no title")
	}
	return code, p, nil
}

// pageCode reads the one notation that pages use.
func pageCode(s string) (Code, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, 32)
	if err != nil || Code(n).String() != s {
		return 0, fmt.Errorf("%q is not a code in the form 0xC004F074", s)
	}
	return Code(n), nil
}

func splitList(s string) []string {
	var list []string
	for v := range strings.SplitSeq(s, ",") {
		if v = strings.TrimSpace(v); v != "" {
			list = append(list, v)
		}
	}
	return list
}
