package report

import (
	"github.com/kmsdiag/kmsdiag/run"
)

// Glyphs are the marks of the statuses. A mark alone tells the status; colour
// repeats it.
type Glyphs struct {
	Pass, Warn, Fail, Skip string
}

// The sets of marks. Fonts of old Windows consoles have WGL4, everything has ASCII.
var (
	WGL4  = Glyphs{Pass: "√", Warn: "‼", Fail: "×", Skip: "-"}
	ASCII = Glyphs{Pass: "[ok]", Warn: "[warn]", Fail: "[FAIL]", Skip: "[skip]"}
)

// Mark returns the mark of a status, padded to the set's width; blank for a
// check that did not run.
func (g Glyphs) Mark(s run.Status) string {
	var m string
	switch s {
	case run.Pass:
		m = g.Pass
	case run.Warn:
		m = g.Warn
	case run.Fail:
		m = g.Fail
	case run.Skip:
		m = g.Skip
	}
	return pad(m, g.Width())
}

// Width is the number of cells every mark of the set takes.
func (g Glyphs) Width() int {
	w := 0
	for _, m := range []string{g.Pass, g.Warn, g.Fail, g.Skip} {
		w = max(w, cells(m))
	}
	return w
}

// Style says how text is drawn. The zero value draws WGL4 marks without colour
// for 80 columns.
type Style struct {
	Glyphs Glyphs // zero: WGL4
	Color  bool   // 16-colour ANSI sequences
	Width  int    // columns; 0: 80

	// Accessible makes text a sentence a line, for a screen reader.
	Accessible bool

	// Verbose shows what is otherwise left to JSON: notes of what is well, and
	// every remedy of every possible cause.
	Verbose bool
}

func (s Style) normal() Style {
	if s.Glyphs == (Glyphs{}) {
		s.Glyphs = WGL4
	}
	if s.Width <= 0 {
		s.Width = 80
	}
	// Rows stay readable only while the time stands near its summary.
	s.Width = min(max(s.Width, 40), 110)
	return s
}

// SGR parameters of the sixteen colours that the user's palette defines.
const (
	sgrBold   = "1"
	sgrRed    = "31"
	sgrGreen  = "32"
	sgrYellow = "33"
	sgrCyan   = "36"
)

// paint wraps text in a colour. The text holds no line break.
func (s Style) paint(sgr, text string) string {
	if !s.Color || text == "" || sgr == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

func (s Style) mark(st run.Status) string {
	return s.paint(statusColor(st), s.Glyphs.Mark(st))
}

func statusColor(st run.Status) string {
	switch st {
	case run.Pass:
		return sgrGreen
	case run.Warn:
		return sgrYellow
	case run.Fail:
		return sgrRed
	}
	return ""
}
