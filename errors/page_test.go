package errors

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func pages(t *testing.T) map[Code]*Page {
	t.Helper()
	all, err := loadPages(pageFiles, Language)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPagesPointToWhatExists(t *testing.T) {
	known := goldenLines(t, "causes.golden")
	for c, p := range pages(t) {
		if _, ok := Lookup(c); !ok {
			t.Errorf("%s: a page without a code", c)
		}
		for i, id := range p.Causes {
			if !slices.Contains(known, id) {
				t.Errorf("%s: no such cause: %s", c, id)
			}
			if slices.Contains(p.Causes[:i], id) {
				t.Errorf("%s: cause %s twice", c, id)
			}
		}
		for i, s := range p.See {
			if _, ok := Lookup(s); !ok || s == c || slices.Contains(p.See[:i], s) {
				t.Errorf("%s: see-also %s is dead, itself or twice", c, s)
			}
		}
		if len(p.See) == 0 {
			t.Errorf("%s: no see-also", c)
		}
	}
}

// A cause or code that a page's text names must exist, and a cause that the
// text offers must be in the list at its head.
func TestPageTextNamesWhatExists(t *testing.T) {
	known := goldenLines(t, "causes.golden")
	quoted := regexp.MustCompile("`([a-z0-9]+(?:-[a-z0-9]+)+)`")
	for c, p := range pages(t) {
		for _, m := range quoted.FindAllStringSubmatch(p.Body, -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s: the text names %q, which is no cause", c, m[1])
			} else if !slices.Contains(p.Causes, m[1]) {
				t.Errorf("%s: the text offers %s, the head does not", c, m[1])
			}
		}
		for _, m := range Find(p.Body) {
			if _, ok := Lookup(m.Code); !ok {
				t.Errorf("%s: the text names %s, which has no entry", c, m.Code)
			}
		}
	}
}

// The codes for which no root cause fits; their page says all there is.
var withoutCauses = []Code{0x80041001, 0x80041010, 0x80070035, 0xC004F06B, 0xC004F082, 0xC004F083}

func TestPageForm(t *testing.T) {
	head := regexp.MustCompile(`(?s)^code: (\S+)\ntitle: [^\n]+\nsymbol: ([^\n]+)\ncauses:[^\n]*\nsee:[^\n]*\n\n## What it means\n`)
	for c, p := range pages(t) {
		raw, err := pageFiles.ReadFile("pages/" + Language + "/" + c.String() + ".md")
		if err != nil {
			t.Fatal(err)
		}
		m := head.FindSubmatch(raw)
		if m == nil {
			t.Errorf("%s: the head is not code, title, symbol, causes, see", c)
			continue
		}
		if e, _ := Lookup(c); string(m[2]) != e.Symbol {
			t.Errorf("%s: symbol line %q, table %q", c, m[2], e.Symbol)
		}
		if n := strings.Count(string(raw), "\n"); n > 62 {
			t.Errorf("%s: %d lines", c, n)
		}
		if strings.HasSuffix(p.Title, ".") || len(p.Title) > 76 {
			t.Errorf("%s: title %q", c, p.Title)
		}
		if (len(p.Causes) == 0) != slices.Contains(withoutCauses, c) {
			t.Errorf("%s: %d causes", c, len(p.Causes))
		}
		if p.Section(NextStepHeading) == "" || p.Section("What it means") == "" {
			t.Errorf("%s: a section is missing", c)
		}
		for _, s := range p.Sections() {
			if !slices.Contains([]string{"What it means", "What separates the causes", NextStepHeading}, s.Heading) {
				t.Errorf("%s: heading %q", c, s.Heading)
			}
		}
		if !strings.Contains(p.Section(NextStepHeading), "```") {
			t.Errorf("%s: no command under %s", c, NextStepHeading)
		}
		lintCommands(t, c.String(), p.Body)
		lintProse(t, c.String(), p.Body)
	}
}

// commands lists the lines of a text's fenced blocks with their shell.
func commands(text string) (list []struct{ shell, line string }, open bool) {
	shell := ""
	for line := range strings.SplitSeq(text, "\n") {
		switch lang, fence := strings.CutPrefix(line, "```"); {
		case fence && shell == "":
			shell = "unnamed"
			if lang != "" {
				shell = lang
			}
		case fence:
			shell = ""
		case shell != "":
			list = append(list, struct{ shell, line string }{shell, line})
		}
	}
	return list, shell != ""
}

// lintCommands holds commands to what works when pasted: scripts run by
// cscript, absolute DNS names, no operators that Windows PowerShell 5.1
// lacks, rules by their language-neutral names.
func lintCommands(t *testing.T, where, text string) {
	t.Helper()
	list, open := commands(text)
	if open {
		t.Errorf("%s: a fence is not closed", where)
	}
	for _, c := range list {
		bad := func(why string) { t.Errorf("%s: %s: %s", where, why, c.line) }
		if c.shell != "cmd" && c.shell != "powershell" {
			bad("the block names no shell")
		}
		if strings.Contains(c.line, ".vbs") && !strings.HasPrefix(c.line, "cscript //nologo ") {
			bad("a script without cscript //nologo")
		}
		if f := strings.Fields(c.line); len(f) > 1 && f[0] == "nslookup" &&
			!slices.ContainsFunc(f[1:], func(s string) bool { return strings.HasSuffix(s, ".") }) {
			bad("a relative DNS name")
		}
		if c.shell == "powershell" && (strings.Contains(c.line, "&&") || strings.Contains(c.line, "%windir%")) {
			bad("not for Windows PowerShell")
		}
		if c.shell == "cmd" && strings.Contains(c.line, "$env:") {
			bad("not for cmd")
		}
		if regexp.MustCompile(`<[a-zA-Z]`).MatchString(c.line) {
			bad("a placeholder that the shell takes for a redirection")
		}
		for _, w := range []string{"DisplayGroup", "DisplayName", "sc config", "Enable-NetFirewallRule"} {
			if strings.Contains(c.line, w) {
				bad("do not advise " + w)
			}
		}
	}
}

func lintProse(t *testing.T, where, text string) {
	t.Helper()
	flat := strings.ToLower(strings.Join(strings.Fields(text), " "))
	if regexp.MustCompile(`/rearm\b|\brearm (and|is the)|rebuild (the store|tokens\.dat)`).MatchString(flat) && !strings.Contains(flat, "never on a kms host") {
		t.Errorf("%s: rearm or tokens.dat without the warning for KMS hosts", where)
	}
	if strings.Contains(flat, "telephone") && !strings.Contains(flat, "portal") {
		t.Errorf("%s: telephone activation without the portal it ends at", where)
	}
	fenced := false
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if !fenced && len([]rune(line)) > 76 {
			t.Errorf("%s: a line of %d columns", where, len([]rune(line)))
		}
		if strings.TrimRight(line, " \t") != line {
			t.Errorf("%s: blanks at the end of %q", where, line)
		}
	}
	if strings.Contains(text, "/ckms") && !strings.Contains(flat, "cloud provider") {
		t.Errorf("%s: /ckms without sparing the pins of cloud providers", where)
	}
}

func TestSections(t *testing.T) {
	p := &Page{Body: "lead\n\n## One\n\na\n### deeper\nb\n\n## Two\nc"}
	got := p.Sections()
	if len(got) != 2 || got[0].Heading != "One" || got[0].Body != "a\n### deeper\nb" || p.Section("Two") != "c" || p.Section("Three") != "" {
		t.Errorf("Sections() = %q", got)
	}
}

func TestLoadPagesSaysWhere(t *testing.T) {
	const good = "code: 0xC004F074\ntitle: t\ncauses:\nsee: 0xC004F038\n\nbody\n"
	for want, text := range map[string]string{
		"no empty line": "code: 0xC004F074\ntitle: t",
		"unknown key":   "code: 0xC004F074\ncolour: blue\n\nbody",
		"no title":      "code: 0xC004F074\n\nbody",
		"not a code":    "code: c004f074\ntitle: t\n\nbody",
		"code line":     strings.Replace(good, "F074", "F038", 1),
		`"0x1" is not`:  strings.Replace(good, "0xC004F038", "0x1", 1),
	} {
		files := fstest.MapFS{"pages/xx/0xC004F074.md": {Data: []byte(text)}}
		if _, err := loadPages(files, "xx"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := loadPages(fstest.MapFS{}, "xx"); err == nil {
		t.Error("no error for a language that is not there")
	}
	got, err := loadPages(fstest.MapFS{"pages/xx/0xC004F074.md": {Data: []byte(good)}}, "xx")
	if err != nil || got[0xC004F074].Body != "body" || got[0xC004F074].Causes != nil {
		t.Errorf("%+v, %v", got, err)
	}
}
