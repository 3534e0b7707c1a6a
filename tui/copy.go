package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// maxCopy bounds what is handed to a terminal's clipboard, in bytes: more than
// that many terminals drop without a word.
const maxCopy = 70_000

// copyMsg is how a copy went.
type copyMsg struct {
	what     string
	text     string
	terminal bool // by OSC 52; whether it came about is not known
	err      error
}

// copy puts the fix, or the evidence, on the clipboard: the system's where there
// is one, otherwise the terminal's, which also works over SSH.
func (m *Model) copy(evidence bool) tea.Cmd {
	v, ok := m.top().(copier)
	text := ""
	if ok {
		text = v.copyText(m, evidence)
	}
	what := "the fix"
	if evidence {
		what = "the evidence"
	}
	if v, ok := m.top().(namedCopier); ok {
		what = v.copyName(m, evidence)
	}
	if text == "" {
		m.note = "there is nothing to copy here: no " + strings.TrimPrefix(what, "the ") + " belongs to what is selected"
		return nil
	}
	if len(text) > maxCopy {
		m.note = fmt.Sprintf("%s is %d KB, more than a terminal takes: s saves it to a file", what, len(text)/1000)
		return nil
	}
	system := m.svc.Clipboard
	return func() tea.Msg {
		if system != nil {
			return copyMsg{what: what, text: text, err: system(text)}
		}
		return copyMsg{what: what, text: text, terminal: true}
	}
}

// copied says how it went; a terminal gets its copy here.
func (m *Model) copied(msg copyMsg) tea.Cmd {
	size := fmt.Sprintf("%d lines", strings.Count(strings.TrimRight(msg.text, "\n"), "\n")+1)
	if size == "1 lines" {
		size = typeset.Cut(typeset.Printable(msg.text), 40)
	}
	switch {
	case msg.err != nil:
		m.note = fmt.Sprintf("nothing was copied: %v; s saves a report instead", msg.err)
		return nil
	case !msg.terminal:
		m.note = "copied " + msg.what + ": " + size
		return nil
	}
	m.note = "sent " + msg.what + " to the terminal's clipboard (OSC 52): " + size + "; if pasting gives nothing, s saves it"
	return tea.SetClipboard(msg.text)
}

// commandsOf is what is copied of some remedies: the commands of one, as they are
// to be typed, or the prose of a ticket. What is for several places must not land
// in one console together; so where there are others, a comment names the place.
func commandsOf(steps ...diagnose.Step) string {
	i := copiedOf(steps)
	if i < 0 {
		return ""
	}
	s := steps[i]
	if len(s.Commands) == 0 {
		return s.Text
	}
	var lines []string
	if len(steps) > 1 && s.Shell != ticket {
		lines = append(lines, comment(s))
	}
	for _, c := range s.Commands {
		lines = append(lines, strings.TrimRight(c, "\r\n"))
	}
	return strings.Join(lines, "\n")
}

// copiedOf is the place of the remedy to copy: the first that has something to
// type, or has words; -1 where none has.
func copiedOf(steps []diagnose.Step) int {
	if i := slices.IndexFunc(steps, func(s diagnose.Step) bool { return len(s.Commands) > 0 }); i >= 0 {
		return i
	}
	return slices.IndexFunc(steps, func(s diagnose.Step) bool { return s.Text != "" })
}

// fixName says which of several remedies is copied.
func fixName(steps ...diagnose.Step) string {
	i := copiedOf(steps)
	if i < 0 || len(steps) == 1 {
		return "the fix"
	}
	return fmt.Sprintf("fix %d of %d, %s", i+1, len(steps), where(steps[i]))
}

// nameOf is what a copy is called that may be of the evidence or of a remedy.
func nameOf(evidence bool, steps []diagnose.Step) string {
	if evidence {
		return "the evidence"
	}
	return fixName(steps...)
}

// copyText implements [copier]: a fix of the row's first cause, or what the row
// stands on.
func (c *checksView) copyText(m *Model, evidence bool) string {
	r := c.current(m)
	if r == nil || r.result == nil {
		return ""
	}
	if !evidence {
		return commandsOf(c.remedies(m)...)
	}
	lines := []string{r.key.check + " " + m.shown().names.Label(r.subject, true) + ": " + word(r.result.Status) + ": " + r.result.Summary}
	for _, n := range r.result.Notes {
		lines = append(lines, "  "+n.Text)
	}
	for _, f := range r.result.Evidence.Facts() {
		lines = append(lines, "  "+f.Text)
	}
	return typeset.Printable(lines[0]) + joined(lines[1:])
}

// remedies are those of the first cause of the row under the cursor.
func (c *checksView) remedies(m *Model) []diagnose.Step {
	if r := c.current(m); r != nil && r.result != nil {
		if causes := m.causesOf(r); len(causes) > 0 {
			return causes[0].Remedies
		}
	}
	return nil
}

// copyName implements [namedCopier].
func (c *checksView) copyName(m *Model, evidence bool) string {
	return nameOf(evidence, c.remedies(m))
}

func joined(lines []string) string {
	out := ""
	for _, l := range lines {
		out += "\n" + typeset.Printable(l)
	}
	return out
}
