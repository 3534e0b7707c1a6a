package report

import (
	"io"

	"github.com/kmsdiag/kmsdiag/run"
)

// JSONL returns the renderer that writes each event as one line of JSON, as
// it happens. The form of the lines is that of [run.Event]; the first line of a
// run carries the schema.
func JSONL(w io.Writer) Renderer { return jsonl{w} }

type jsonl struct{ w io.Writer }

// Event implements [Renderer].
func (j jsonl) Event(e run.Event) error {
	if e.Summary != nil {
		e.Summary = withLists(e.Summary)
	}
	return writeJSON(j.w, e, "")
}

// Close implements [Renderer].
func (jsonl) Close() error { return nil }
