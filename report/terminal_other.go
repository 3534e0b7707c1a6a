//go:build !windows

package report

import "os"

// openConsole has nothing to prepare: terminals of these systems act on ANSI
// sequences by themselves.
func openConsole(_ *os.File, s Screen) (Screen, func()) { return s, func() {} }
