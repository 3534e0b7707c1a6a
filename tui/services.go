package tui

import (
	"context"
	"net/netip"
	"time"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// Services are what the program can do outside itself. Each function runs in a
// command of its own, never in Update, and ends when its context does. A function
// that is nil makes its key say that it is not available.
type Services struct {
	// Run asks the checks about a target; emit gets the stream that [run.Event]
	// promises. The error is one of the target, before anything was sent.
	Run func(ctx context.Context, ask Request, emit func(run.Event)) error

	// Judge sums up results again, together with evidence from elsewhere.
	Judge func(results []run.Result, with evidence.Set) run.Summary

	// Read parses pasted text.
	Read func(ctx context.Context, text string) (Pasted, error)

	// Capture reads files or an interface. It returns when the source ends.
	Capture func(ctx context.Context, ask CaptureRequest, emit func(CaptureEvent)) error

	// Interfaces lists what a live capture can listen on.
	Interfaces func() ([]capture.Interface, error)

	// Messages are those of our own handshakes with an endpoint, oldest first.
	Messages func(endpoint netip.AddrPort) []Message

	// Save writes a run to a new file in the working directory and returns its name.
	Save func(format string, events []run.Event, with evidence.Set) (name string, err error)

	// Clipboard puts text on the system's clipboard; nil where only the terminal
	// can, by OSC 52.
	Clipboard func(text string) error

	// Recent reads the targets of earlier sessions, newest first; Remember adds one.
	// Both are nil when the user switched that off.
	Recent   func() ([]string, error)
	Remember func(target string) error

	// Heal repairs the simulated site of a demo; nil outside one.
	Heal func() error

	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Request says what to check.
type Request struct {
	Target    run.Target
	NoRequest bool                   // stop after the bind
	Wanted    func(run.Subject) bool // which subjects to ask about; nil: all
	With      evidence.Set           // what was pasted
	BindOnly  bool                   // repetition: leave the checks that build on a request out
}

// Pasted is what was read in a text.
type Pasted struct {
	Set       evidence.Set
	Kinds     []string // what it seems to be, "slmgr /dlv"
	Unread    []string // lines in which nothing was recognised
	Truncated bool     // it was longer than what is read
}

// CaptureRequest says what to capture or read.
type CaptureRequest struct {
	File      string // empty: live
	Interface string
	Write     string // a new file for what is captured; empty: none
}

// CaptureEvent is one step of a capture; one field is set.
type CaptureEvent struct {
	Record   *capture.Record
	Progress *capture.Progress
	Report   *capture.Report // the end
}

// Message is one protocol data unit of our own handshake with a host.
type Message struct {
	At     time.Time
	Sent   bool // by this machine
	Name   string
	Text   string // one line
	Fields []MessageField
	Bytes  []byte // as on the wire
}

// MessageField is a field of a message, with the bytes it was read from.
type MessageField struct {
	Name, Value string
	From, To    int  // offsets in Message.Bytes; equal where there are none
	Sealed      bool // it was encrypted on the wire
}
