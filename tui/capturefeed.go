package tui

import (
	"context"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/capture"
)

// Rates and bounds of the way from a capture to the screen.
const (
	captureEvery = 66 * time.Millisecond // between messages: a frame is drawn for each
	maxFed       = 16 << 10              // records on the way; then the reader waits
	leaveCapture = 2 * time.Second       // for a capture to end when the program does
)

// captureFeed carries what a capture finds from the goroutine that reads packets
// to the program: many records in one message, and never more than a bound.
type captureFeed struct {
	mu       sync.Mutex
	items    []captureItem
	progress *capture.Progress
	result   *CaptureResult
	ended    bool
	err      error

	ready chan struct{} // something is there
	room  chan struct{} // something was taken
	done  chan struct{} // the goroutine has ended
}

// captureMsg is what a capture gave since the last one.
type captureMsg struct {
	feed     *captureFeed
	items    []captureItem
	progress *capture.Progress
	result   *CaptureResult
	written  int64 // packets, while a file is written
	// unwritten is why the file could not be written on.
	unwritten error
	ended     bool
	err       error
}

func newCaptureFeed() *captureFeed {
	return &captureFeed{ready: make(chan struct{}, 1), room: make(chan struct{}, 1), done: make(chan struct{})}
}

// work runs a capture until its end, or that of ctx.
func (f *captureFeed) work(ctx context.Context, run func(context.Context, CaptureRequest, func(CaptureEvent)) error, ask CaptureRequest) {
	defer close(f.done)
	err := run(ctx, ask, func(e CaptureEvent) { f.emit(ctx, e) })
	f.mu.Lock()
	f.ended, f.err = true, err
	f.mu.Unlock()
	signal(f.ready)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// emit takes an event in. The records are copied: they are valid only now.
func (f *captureFeed) emit(ctx context.Context, e CaptureEvent) {
	items := make([]captureItem, 0, len(e.Records))
	for i := range e.Records {
		if it, ok := itemOf(&e.Records[i]); ok {
			items = append(items, it)
		}
	}
	f.mu.Lock()
	for len(f.items) > 0 && len(f.items)+len(items) > maxFed {
		f.mu.Unlock()
		select {
		case <-f.room:
		case <-ctx.Done():
		}
		f.mu.Lock()
		if ctx.Err() != nil {
			items = nil // nobody looks at them any more
			break
		}
	}
	f.items = append(f.items, items...)
	if e.Progress != nil {
		f.progress = e.Progress
	}
	if e.Result != nil {
		f.result = e.Result
	}
	f.mu.Unlock()
	signal(f.ready)
}

// next waits for what comes, and a moment longer for more of it. One such
// command is under way at a time; after the end there is none.
func (f *captureFeed) next(ctx context.Context, tap *capture.Tap) tea.Cmd {
	return func() tea.Msg {
		<-f.ready
		wait(ctx, captureEvery)
		f.mu.Lock()
		msg := captureMsg{feed: f, items: f.items, progress: f.progress, result: f.result, ended: f.ended, err: f.err}
		f.items, f.progress, f.result = nil, nil, nil
		f.mu.Unlock()
		signal(f.room)
		if tap != nil {
			msg.unwritten = tap.Flush()
			msg.written, _ = tap.Written()
		}
		return msg
	}
}
