package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"unicode"

	"github.com/kmsdiag/kmsdiag/evidence/windows"
)

// usageError says in a sentence what was wrong with the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// say prints a line on standard error, without the product keys that somebody
// may have typed or pasted in it. There is nobody to tell when that fails.
func (a *app) say(format string, args ...any) {
	_, _ = io.WriteString(a.stderr, windows.Mask(fmt.Sprintf(format, args...))+"\n")
}

// failed prints an error and returns the exit code for it.
func (a *app) failed(err error) int {
	var usage *usageError
	switch {
	case gone(err):
		// Who read the output has gone: head, or a pager that was left.
		return a.code
	case errors.Is(err, context.Canceled):
		return exitStopped
	}
	a.say("kmsdiag: %s", tame(err.Error()))
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitInternal
}

// tame keeps a name in a message from steering the terminal.
func tame(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != ' ' && !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// Numbers of Windows for a pipe without a reader.
const (
	errorBrokenPipe = syscall.Errno(109)
	errorNoData     = syscall.Errno(232)
)

// gone tells whether writing failed because nobody reads any more.
func gone(err error) bool {
	if errors.Is(err, syscall.EPIPE) {
		return true
	}
	var path *fs.PathError
	return errors.As(err, &path) && path.Op == "write" &&
		(errors.Is(err, errorBrokenPipe) || errors.Is(err, errorNoData)) && isWindows
}
