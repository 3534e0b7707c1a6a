package report

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/kmsdiag/kmsdiag/diagnose"
)

// fullPossible is how many causes that are merely possible are shown with
// reasons, test and first remedy; those after them are named in a line each.
const fullPossible = 2

// causes writes every cause, each with an empty line before it.
func causes(b *strings.Builder, s Style, list []diagnose.Cause, ignored []string) {
	var brief []diagnose.Cause
	possible, same := 0, 0
	for i, c := range list {
		if c.Verdict != diagnose.Found {
			if possible++; possible > fullPossible && !s.Verbose {
				brief = append(brief, c)
				continue
			}
		}
		b.WriteString("\n")
		hang(b, causeLabel(s, i+1, c, ignored), c.Title+c.About()+" ("+c.ID+")", s.Width)
		if i == 0 || !reflect.DeepEqual(c.Because, list[i-1].Because) {
			same = i
		}
		if same < i && len(c.Because) > 0 {
			hang(b, labelBecause, fmt.Sprintf("as for cause %d", same+1), s.Width)
		} else {
			findings(b, s, labelBecause, c.Because)
		}
		cause(b, s, c)
		if c.Code != 0 && (i == 0 || c.Code != list[i-1].Code || c.Inner != list[i-1].Inner) {
			shows(b, s, c)
		}
	}
	if len(brief) == 0 {
		return
	}
	b.WriteString("\n")
	heading(b, s, "Also possible")
	for _, c := range brief {
		hang(b, "    ", c.Title+c.About()+" ("+c.ID+")", s.Width)
	}
	hang(b, "    ", "--verbose shows their tests and remedies.", s.Width)
}

func causeLabel(s Style, n int, c diagnose.Cause, ignored []string) string {
	word, color := "CAUSE", sgrRed
	if c.NoFault {
		word, color = "NO FAULT", sgrGreen
	} else if c.Verdict != diagnose.Found {
		color = sgrYellow
	}
	verdict := printable(string(c.Verdict))
	if slices.Contains(ignored, c.ID) {
		verdict += ", ignored"
	}
	return s.paint(color, fmt.Sprintf("%s %d, %s", word, n, verdict)) + "  "
}

// labels of the lines below a cause, padded to one column.
const (
	labelBecause = "    because  "
	labelAgainst = "    against  "
	labelFix     = "    fix      "
	labelTest    = "    test     "
	labelMore    = "             "
)

// cause writes what stands below the reasons for a cause. The test comes first
// where the cause is only possible, and is left out where it is settled.
func cause(b *strings.Builder, s Style, c diagnose.Cause) {
	findings(b, s, labelAgainst, c.Against)
	remedies := c.Remedies
	if c.Verdict != diagnose.Found {
		if c.Next != nil {
			step(b, s, labelTest, *c.Next)
		}
		if !s.Verbose && len(remedies) > 1 {
			remedies = remedies[:1]
		}
	}
	for _, r := range remedies {
		step(b, s, labelFix, r)
	}
	if n := len(c.Remedies) - len(remedies); n > 0 {
		hang(b, labelMore, fmt.Sprintf("%d more with --verbose", n), s.Width)
	}
}

// shows names the code that a client would show for a cause.
func shows(b *strings.Builder, s Style, c diagnose.Cause) {
	code := hresult(c.Code)
	if c.Inner != 0 {
		code += ", its event 12288 " + hresult(c.Inner)
	}
	hang(b, "    ", "a Windows client would show "+code+" (kmsdiag explain "+hresult(c.Code)+")", s.Width)
}

func findings(b *strings.Builder, s Style, label string, list []diagnose.Finding) {
	for _, f := range list {
		text := f.Text
		// What a live check saw stands in the rows already.
		if f.Origin.Pasted() || f.Origin.File != "" {
			text += " [" + f.Origin.String() + "]"
		}
		hang(b, label, text, s.Width)
		label = strings.Repeat(" ", len(label))
	}
}

// step writes one thing to do. Commands stand on lines of their own, exactly as
// they are to be typed: never wrapped, never cut.
func step(b *strings.Builder, s Style, label string, st diagnose.Step) {
	who := st.Who
	if st.Shell != "" {
		who += ", " + st.Shell
	}
	text := st.Text
	if who != "" {
		text = strings.TrimSpace(who + ": " + text)
	}
	hang(b, label, text, s.Width)
	indent := strings.Repeat(" ", len(label)+2)
	for _, c := range st.Commands {
		for line := range strings.SplitSeq(strings.TrimRight(c, "\n"), "\n") {
			b.WriteString(indent + s.paint(sgrCyan, printable(strings.TrimRight(line, "\r"))) + "\n")
		}
	}
	if st.Verify != "" {
		mayHoldCommand(b, indent+"then: ", st.Verify, s.Width)
	}
	if st.Undo != "" {
		mayHoldCommand(b, indent+"undo: ", st.Undo, s.Width)
	}
}

// mayHoldCommand writes a sentence that may have a command in it. One that has,
// told by an option such as -Name or /ato, is not wrapped, so that it can be
// copied.
func mayHoldCommand(b *strings.Builder, label, text string, width int) {
	for word := range strings.FieldsSeq(text) {
		option := strings.TrimLeft(word, "-/")
		if option != word && option != "" && unicode.IsLetter(rune(option[0])) {
			b.WriteString(label + printable(text) + "\n")
			return
		}
	}
	hang(b, label, text, width)
}
