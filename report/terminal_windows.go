package report

import (
	"os"

	"golang.org/x/sys/windows"
)

// openConsole switches virtual terminal processing on. The output code page is
// left as it is: Go writes UTF-16 to a console, which no code page touches, and
// changing it from an East Asian one clears the window of an old console. A
// console that cannot process sequences counts as dumb.
func openConsole(f *os.File, s Screen) (Screen, func()) {
	s.CodePage, _ = windows.GetConsoleOutputCP()
	h := windows.Handle(f.Fd())
	var mode uint32
	if err := windows.GetConsoleMode(h, &mode); err != nil {
		return s, func() {}
	}
	if mode&windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING != 0 {
		return s, func() {}
	}
	if err := windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING); err != nil {
		s.Plain = true
		return s, func() {}
	}
	return s, func() { _ = windows.SetConsoleMode(h, mode) }
}
