// Package tui is the interactive program: one Bubble Tea model, fed by the same
// events as every renderer.
//
// A place on the screen is a [view]: the checks, the causes, a page, a capture.
// Views draw themselves into bands of a frame and change in Update alone. Nothing
// here does I/O: what reaches outside, from running checks to saving a file, is a
// function of [Services], which runs in a command of Bubble Tea's.
package tui
