package tui

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// textBlock collects lines of text for a pane of a width. What goes in may come
// from outside: it is made printable on the way.
type textBlock struct {
	look  *look
	width int
	lines []string
}

// brief is the part of a text from outside that any line could show.
func brief(text string) string {
	return strings.TrimRight(typeset.Line(text, min(len(text), maxWidth)), " ")
}

func (t *textBlock) blank() {
	if len(t.lines) > 0 {
		t.lines = append(t.lines, "")
	}
}

func (t *textBlock) heading(text string) {
	t.lines = append(t.lines, t.look.style.heading.Render(strings.TrimRight(typeset.Line(text, t.width), " ")))
}

// text adds a paragraph.
func (t *textBlock) text(text string) { t.hang("", text) }

// maxText is how many bytes of one text are shown: more than any screen holds.
const maxText = 4000

// hang adds text behind a label; further lines are indented by its width.
func (t *textBlock) hang(label, text string) {
	if len(text) > maxText {
		text = fmt.Sprintf("%s .. (%d KB in all)", strings.ToValidUTF8(text[:maxText], ""), len(text)/1000)
	}
	indent := typeset.Width(label)
	if t.width-indent < 16 && indent > 2 {
		t.lines = append(t.lines, strings.TrimRight(label, " "))
		label, indent = "  ", 2
	}
	for i, line := range typeset.Wrap(text, t.width-indent) {
		if i > 0 {
			label = strings.Repeat(" ", indent)
		}
		t.lines = append(t.lines, label+line)
	}
}

// labelled adds text behind a label of the label column; an empty label
// continues the one before.
func (t *textBlock) labelled(label, text string) {
	t.hang(t.look.style.heading.Render(label)+strings.Repeat(" ", max(labelCells-len(label), 1)), text)
}

// spread adds a line with text at both ends.
func (t *textBlock) spread(left, right string) {
	t.lines = append(t.lines, t.look.style.bold.Render(spread(brief(left), brief(right), t.width)))
}

// step adds a remedy or a test: who acts and where, what to do, the commands
// exactly as they are to be typed, how to see that it worked, how to undo it.
func (t *textBlock) step(label string, s diagnose.Step) {
	t.labelled(label, strings.TrimSpace(where(s)+": "+s.Text))
	t.stepBody(strings.Repeat(" ", labelCells), s)
}

// stepBody is what follows the first words of a step. The lines of a ticket are
// prose.
func (t *textBlock) stepBody(indent string, s diagnose.Step) {
	for _, command := range s.Commands {
		if s.Shell == ticket {
			t.hang(indent+"  ", command)
			continue
		}
		t.command(indent, command)
	}
	if s.Verify != "" {
		t.hang(indent+"then: ", s.Verify)
	}
	if s.Undo != "" {
		t.hang(indent+"undo: ", s.Undo)
	}
}

// command adds what is to be typed. A command that is longer than the pane goes
// on in the next line, so that nothing is lost.
func (t *textBlock) command(indent, command string) {
	for line := range strings.SplitSeq(strings.TrimRight(command, "\n"), "\n") {
		line = typeset.Printable(strings.TrimRight(line, "\r"))
		for first := true; line != "" || first; first = false {
			head := cutWords(line, max(t.width-len(indent)-2, 10))
			line = strings.TrimPrefix(line[len(head):], " ")
			t.lines = append(t.lines, indent+"  "+t.look.style.command.Render(head))
			if head == "" {
				break
			}
		}
	}
}

// cutWords is the beginning of a text that fits a width: up to its last blank,
// or in mid-word where there is none.
func cutWords(s string, width int) string {
	head := cutCells(s, width)
	if len(head) == len(s) || s[len(head)] == ' ' {
		return head
	}
	if i := strings.LastIndexByte(head, ' '); i > 0 && strings.TrimSpace(head[:i]) != "" {
		return head[:i]
	}
	return head
}

// cutCells is the beginning of a text that fits a width.
func cutCells(s string, width int) string {
	if typeset.Width(s) <= width {
		return s
	}
	used := 0
	for i, r := range s {
		used += typeset.Width(string(r))
		if used > width {
			return s[:i]
		}
	}
	return s
}
