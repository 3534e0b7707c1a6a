package tui

import (
	"fmt"
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

// commandsOf are the commands of a remedy as they are to be typed, or its words
// where it has none.
func commandsOf(steps ...diagnose.Step) string {
	var lines []string
	for _, s := range steps {
		if len(s.Commands) == 0 && s.Text != "" {
			lines = append(lines, s.Text)
		}
		for _, c := range s.Commands {
			lines = append(lines, strings.TrimRight(c, "\r\n"))
		}
	}
	return strings.Join(lines, "\n")
}

// copyText implements [copier]: the first fix of the row, or what it stands on.
func (c *checksView) copyText(m *Model, evidence bool) string {
	r := c.current(m)
	if r == nil || r.result == nil {
		return ""
	}
	if !evidence {
		if causes := m.causesOf(r); len(causes) > 0 && len(causes[0].Remedies) > 0 {
			return commandsOf(causes[0].Remedies[0])
		}
		return ""
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

func joined(lines []string) string {
	out := ""
	for _, l := range lines {
		out += "\n" + typeset.Printable(l)
	}
	return out
}
