package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// MatrixRenderer shows a capability matrix, fed by its events in their order.
type MatrixRenderer interface {
	// Event shows one step. An error is one of writing.
	Event(run.MatrixEvent) error
	// Close ends the output; it is called once, after the last event or when
	// there will be no more.
	Close() error
}

// MatrixFormats are the formats of a capability matrix, the default first.
var MatrixFormats = []string{"text", "json", "jsonl", "csv"}

// NewMatrix returns the renderer of a format. Text shows rows as they come,
// jsonl writes an event a line, json and csv write the finished matrix.
func NewMatrix(format string, w io.Writer, s Style) (MatrixRenderer, error) {
	switch format {
	case "text":
		if s.Accessible {
			return &matrixSpoken{w: w}, nil
		}
		return &matrixText{w: w, s: s.normal()}, nil
	case "json":
		return matrixJSON{w}, nil
	case "jsonl":
		return matrixLines{w}, nil
	case "csv":
		return matrixCSV{w}, nil
	}
	return nil, fmt.Errorf("no format %.40q: want %s", format, strings.Join(MatrixFormats, ", "))
}

// RedactMatrix returns a renderer that replaces names, addresses and ids by
// pseudonyms before r sees an event, as [Redact] does.
func RedactMatrix(r MatrixRenderer) MatrixRenderer { return RedactMatrixBy(NewMask(), r) }

// RedactMatrixBy is [RedactMatrix] with the pseudonyms of a mask, which learns from
// the events.
func RedactMatrixBy(m *Mask, r MatrixRenderer) MatrixRenderer { return &redactingMatrix{r, m} }

type redactingMatrix struct {
	MatrixRenderer
	mask *Mask
}

// Event implements [MatrixRenderer].
func (r *redactingMatrix) Event(e run.MatrixEvent) error {
	return r.MatrixRenderer.Event(r.mask.MatrixEvent(e))
}

type matrixJSON struct{ w io.Writer }

// Event implements [MatrixRenderer].
func (m matrixJSON) Event(e run.MatrixEvent) error {
	if e.Matrix == nil {
		return nil
	}
	return writeJSON(m.w, e.Matrix, "  ")
}

// Close implements [MatrixRenderer].
func (m matrixJSON) Close() error { return nil }

type matrixLines struct{ w io.Writer }

// Event implements [MatrixRenderer].
func (m matrixLines) Event(e run.MatrixEvent) error {
	if e.Progress != nil {
		return nil
	}
	return writeJSON(m.w, e, "")
}

// Close implements [MatrixRenderer].
func (m matrixLines) Close() error { return nil }
