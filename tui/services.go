package tui

import (
	"context"
	"net/netip"
	"path/filepath"
	"strings"
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

	// WritePackets writes packets of KMS to a new file: those of a live capture
	// from then on, or those of a file again, of which it returns the number. An
	// empty name ends the writing of a live capture. The error is [fs.ErrExist] for
	// a file that exists.
	WritePackets func(ctx context.Context, ask CaptureRequest, name string) (packets int64, err error)

	// Files completes the name of a capture file; it may be nil.
	Files func(prefix string) []string

	// Interfaces lists what a live capture can listen on.
	Interfaces func() ([]capture.Interface, error)

	// Messages are those of our own handshakes with an endpoint, oldest first.
	Messages func(endpoint netip.AddrPort) []Message

	// Save writes a run, and what hosts were found to serve, to a new file in the
	// working directory and returns its name.
	Save func(format string, events []run.Event, matrices []run.Matrix) (name string, err error)

	// Clipboard puts text on the system's clipboard; nil where only the terminal
	// can, by OSC 52.
	Clipboard func(text string) error

	// Parse makes a target of what was typed in the target form. It does no I/O, and
	// is called in Update. The error is a [*FieldError].
	Parse func(form TargetForm) (run.Target, error)

	// Announce says what a run would send to whom, a line each. It sends nothing.
	Announce func(ctx context.Context, ask Request) ([]string, error)

	// MatrixPlan says what asking one of some endpoints for every product would send.
	// It sends nothing to them.
	MatrixPlan func(ctx context.Context, endpoints []run.MatrixEndpoint) run.MatrixPlan

	// Matrix asks what a plan says, and no more; emit gets the steps in the order that
	// [run.MatrixEvent] promises.
	Matrix func(ctx context.Context, plan run.MatrixPlan, emit func(run.MatrixEvent))

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
	Files     []string // none: live
	Interface string
	Ports     []uint16     // of KMS, beside 1688
	Follow    bool         // wait for the one file to grow
	Tap       *capture.Tap // writes packets from the moment it is started; the service stops it at the end
}

// source names what is read.
func (r CaptureRequest) source() string {
	if r.Interface != "" {
		return r.Interface
	}
	names := make([]string, len(r.Files))
	for i, f := range r.Files {
		names[i] = filepath.Base(f)
	}
	return strings.Join(names, ", ")
}

// CaptureEvent is one step of a capture; one field is set.
type CaptureEvent struct {
	Records  []capture.Record // valid during the call only
	Progress *capture.Progress
	Result   *CaptureResult
}

// CaptureResult is what a capture adds up to, now and then and at its end.
type CaptureResult struct {
	Evidence evidence.Set
	Events   []run.Event // the stream that a saved capture holds; the last has the summary
	Counters capture.Counters
	Broken   string // where files break off, if one does
	Final    bool
}

// Message is one protocol data unit of our own handshake with a host.
type Message struct {
	At     time.Time
	Sent   bool // by this machine
	Name   string
	Text   string // one line
	Fields []MessageField
	Bytes  []byte // as on the wire
	Clear  []byte // Bytes with the sealed part opened; nil where nothing was sealed
}

// MessageField is a field of a message, with the bytes it was read from.
type MessageField struct {
	Name, Value string
	From, To    int  // offsets in Message.Bytes; equal where there are none
	Sealed      bool // it was encrypted on the wire
}
