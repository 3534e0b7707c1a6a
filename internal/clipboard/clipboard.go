// Package clipboard puts text on the clipboard of Windows, whose older consoles do
// not act on the sequence (OSC 52) by which other terminals do that.
package clipboard
