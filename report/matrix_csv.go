package report

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// matrixCSV writes a line for each row of the finished matrix.
type matrixCSV struct{ w io.Writer }

var matrixColumns = []string{
	"host", "address", "products", "class", "counted_id", "needs", "protocol", "status", "count", "count_without_probe",
	"missing", "hresult", "speaks", "why", "key", "epid", "unlisted", "cure", "time", "milliseconds",
}

// Event implements [MatrixRenderer].
func (m matrixCSV) Event(e run.MatrixEvent) error {
	if e.Matrix == nil {
		return nil
	}
	lines := [][]string{slices.Clone(matrixColumns)}
	for _, row := range e.Matrix.Rows {
		lines = append(lines, matrixFields(e.Matrix, row))
	}
	return writeCSV(m.w, lines)
}

// Close implements [MatrixRenderer].
func (m matrixCSV) Close() error { return nil }

func matrixFields(m *run.Matrix, row run.MatrixRow) []string {
	address, at, took := "", "", ""
	if m.Endpoint.IsValid() {
		address = m.Endpoint.String()
	}
	if !row.Started.IsZero() {
		at, took = rfc3339(row.Started.UnixNano()), strconv.FormatFloat(float64(row.Took)/1e6, 'f', 3, 64)
	}
	var cure []string
	for _, k := range row.Cure {
		cure = append(cure, k.Name)
	}
	return []string{
		m.Host, address, row.Name, row.Class, row.CountedID, strconv.Itoa(row.Needs), row.Protocol, string(row.Status),
		optional(row.Count), optional(row.Others), nonZero(row.Missing), row.Code, row.Speaks, row.Why, row.Key, row.EPID,
		strings.Join(row.Unlisted, "; "), strings.Join(cure, "; "), at, took,
	}
}

func optional(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func nonZero(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
