package windows

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// Limits of one paste. What lies beyond them is counted in [Truncated].
const (
	maxUnread   = 200     // lines listed as unread
	maxEach     = 5000    // observations of one type
	maxLine     = 1 << 16 // bytes of one line; a longer one is read in pieces
	maxText     = 300     // bytes of a line kept in an Origin or as unread
	maxDistinct = 1 << 20 // client ids told apart in a host's log
	maxKinds    = 200     // kinds of output listed
	maxWorded   = 2 << 20 // bytes read as words; the rest of so long a text is a log
)

// Kind names what a piece of a paste is.
type Kind string

// Found is one kind of output in a paste.
type Found struct {
	Kind      Kind `json:"kind"`
	FirstLine int  `json:"first_line"` // counted from 1
	Times     int  `json:"times"`      // blocks, events or lines of the kind
}

// Line is one line of a paste, with product keys masked.
type Line struct {
	Number int    `json:"number"` // counted from 1
	Text   string `json:"text"`   // cut at 300 bytes
}

// Truncated counts what a paste held beyond the limits of memory.
type Truncated struct {
	UnreadLines  int `json:"unread_lines,omitempty"` // further lines that were not understood
	Observations int `json:"observations,omitempty"` // observations left out of the set; events 12290 are in its HostLogs all the same
	LongLines    int `json:"long_lines,omitempty"`   // lines longer than 64 KiB, read in pieces
}

// Any tells whether anything was left out.
func (t Truncated) Any() bool { return t != Truncated{} }

// Paste is what was read from a text.
type Paste struct {
	Source    string       `json:"source"`
	Set       evidence.Set `json:"set"`
	Kinds     []Found      `json:"kinds,omitempty"`  // in the order in which they first appear
	Unread    []Line       `json:"unread,omitempty"` // lines that nobody understood, blank ones left out
	Lines     int          `json:"lines"`            // lines in all
	Truncated Truncated    `json:"truncated,omitzero"`
}

// Has tells whether the paste holds a kind.
func (p Paste) Has(kind Kind) bool {
	for _, f := range p.Kinds {
		if f.Kind == kind {
			return true
		}
	}
	return false
}

// ErrEmpty is returned for a paste without any visible character.
var ErrEmpty = errors.New("the paste is empty")

// BinaryError is returned for bytes that are no text.
type BinaryError struct {
	Source string
	Looks  string // what the bytes look like, or ""
	Advice string // how to get text instead, or ""
}

func (e *BinaryError) Error() string {
	text := e.Source + " is not text"
	if e.Looks != "" {
		text = e.Source + " is " + e.Looks + ", not text"
	}
	if e.Advice != "" {
		text += "; " + e.Advice
	}
	return text
}

// Read reads a paste to its end. The source names it in every Origin: a file
// name, "standard input", "arguments". The error is of [ErrEmpty] or a
// [*BinaryError] where there is no text, the context's where that ends, or the
// reader's; what was read until then is returned with it.
func Read(ctx context.Context, r io.Reader, source string) (Paste, error) {
	p := newParser(source)
	in, err := newReader(r, source)
	if err != nil {
		return p.paste, err
	}
	var l line
	for n := 0; in.next(&l); n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return p.finish(in), fmt.Errorf("%s line %d: %w", source, l.no, context.Cause(ctx))
		}
		p.step(&l)
	}
	paste := p.finish(in)
	switch {
	case in.err != nil:
		return paste, fmt.Errorf("%s after line %d: %w", source, in.no, in.err)
	case !in.visible:
		return paste, fmt.Errorf("%s: %w", source, ErrEmpty)
	}
	return paste, nil
}

// ReadString is [Read] for a text in memory.
func ReadString(ctx context.Context, text, source string) (Paste, error) {
	return Read(ctx, strings.NewReader(text), source)
}
