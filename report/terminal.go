package report

import (
	"os"
	"runtime"
	"strings"

	"github.com/charmbracelet/x/term"
)

// Look is what the user wishes of text output; the zero value leaves it to the
// terminal and the environment.
type Look struct {
	Color string // "always", "never"; anything else leaves it to the terminal
	ASCII bool   // plain marks only

	Accessible bool // a sentence a line, for a screen reader
}

// Screen is where text goes: what is known of the terminal, if it is one.
type Screen struct {
	Terminal bool
	Plain    bool                     // a console that does not act on ANSI sequences
	Width    int                      // columns; 0: not known
	OS       string                   // runtime.GOOS
	CodePage uint32                   // of a Windows console; 0: none
	Env      func(name string) string // os.Getenv
}

// Style decides how text is drawn on a screen. Colour needs a terminal that
// is not dumb and an empty NO_COLOR, unless --color says always. ASCII marks are
// taken for TERM=dumb, where UTF-8 is not promised, and where East Asian fonts
// draw the other marks two cells wide.
func (l Look) Style(s Screen) Style {
	dumb := s.Env("TERM") == "dumb"
	style := Style{Glyphs: WGL4, Width: s.Width, Accessible: l.Accessible || s.Env("ACCESSIBLE") != ""}
	if l.ASCII || dumb || !s.drawsWGL4() {
		style.Glyphs = ASCII
	}
	switch l.Color {
	case "always":
		style.Color = true
	case "never":
	default:
		style.Color = s.Terminal && !s.Plain && !dumb && s.Env("NO_COLOR") == ""
	}
	return style.normal()
}

// drawsWGL4 tells whether the screen shows the WGL4 marks in one cell each.
func (s Screen) drawsWGL4() bool {
	if s.OS == "windows" {
		// Windows PowerShell reads a pipe in the console's old code page.
		return s.Terminal && (s.Env("WT_SESSION") != "" || !eastAsianPage(s.CodePage))
	}
	locale := ""
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale = s.Env(name); locale != "" {
			break
		}
	}
	language, charset, _ := strings.Cut(strings.ToLower(locale), ".")
	charset, _, _ = strings.Cut(charset, "@")
	if charset != "utf-8" && charset != "utf8" {
		return false
	}
	for _, wide := range []string{"ja", "ko", "zh"} {
		if language == wide || strings.HasPrefix(language, wide+"_") {
			return false
		}
	}
	return true
}

// eastAsianPage tells whether a code page is one of Japanese, Chinese or Korean.
func eastAsianPage(page uint32) bool {
	switch page {
	case 932, 936, 949, 950, 1361, 54936:
		return true
	}
	return false
}

// OpenScreen looks at an output file and prepares its console to act on ANSI
// sequences. Call restore when nothing more will be written; it is never nil.
func OpenScreen(f *os.File) (s Screen, restore func()) {
	s = Screen{Terminal: term.IsTerminal(f.Fd()), OS: runtime.GOOS, Env: os.Getenv}
	restore = func() {}
	if !s.Terminal {
		return s, restore
	}
	if w, _, err := term.GetSize(f.Fd()); err == nil {
		s.Width = w
	}
	return openConsole(f, s)
}
