package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// Renderer shows a run. Event is called with each event in order, Close once
// after the last. Errors are those of the writer underneath.
//
// A summary ends a run; a plan behind it begins another one, as repetition
// makes them. Close shows what is still held back when a stream ends without
// its summary.
type Renderer interface {
	Event(e run.Event) error
	Close() error
}

// Formats are the names that [New] accepts.
var Formats = []string{"text", "short", "json", "jsonl"}

// New returns the renderer of a format, one of [Formats]. The style concerns
// text and short alone.
func New(format string, w io.Writer, s Style) (Renderer, error) {
	switch format {
	case "text":
		if s.Accessible {
			return Accessible(w, s), nil
		}
		return newConversing(w, s), nil
	case "short":
		return Short(w, s), nil
	case "json":
		return JSON(w), nil
	case "jsonl":
		return JSONL(w), nil
	}
	return nil, fmt.Errorf("output %q: want %s", format, strings.Join(Formats, ", "))
}
