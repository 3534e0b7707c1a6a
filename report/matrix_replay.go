package report

import (
	"encoding/json"
	"errors"

	"github.com/kmsdiag/kmsdiag/run"
)

// A MatrixTaker is a renderer that also shows the capability matrix of a saved
// file; [Replay] hands its events on.
type MatrixTaker interface {
	Renderer
	// MatrixEvent takes the next event of a matrix.
	MatrixEvent(run.MatrixEvent) error
}

// isMatrix tells whether a kind of line belongs to a capability matrix.
func isMatrix(kind string) bool {
	switch kind {
	case run.KindMatrixPlan, run.KindMatrixProgress, run.KindMatrixRow, run.KindMatrix:
		return true
	}
	return false
}

// matrixEvents returns what a saved line says to a renderer that shows matrices,
// or a matrix that was saved as a whole.
func matrixEvents(value json.RawMessage, r Renderer) ([]run.MatrixEvent, error) {
	if _, ok := r.(MatrixTaker); !ok {
		return nil, errors.New("a capability matrix, which is no run")
	}
	var e run.MatrixEvent
	if err := json.Unmarshal(value, &e); err != nil {
		return nil, err
	}
	if e.Matrix != nil && e.Time.IsZero() {
		return unfoldMatrix(e.Matrix), nil
	}
	return []run.MatrixEvent{e}, nil
}

func showMatrix(r Renderer, events []run.MatrixEvent) error {
	for _, e := range events {
		if err := r.(MatrixTaker).MatrixEvent(e); err != nil {
			return err
		}
	}
	return nil
}

// ShowMatrix shows a whole matrix and closes the renderer, as a file that holds it
// would be shown. The error is one of writing.
func ShowMatrix(r MatrixRenderer, m *run.Matrix) error {
	for _, e := range unfoldMatrix(m) {
		if err := r.Event(e); err != nil {
			return err
		}
	}
	return r.Close()
}

// unfoldMatrix turns the object of a whole matrix into events again. It keeps no
// announcement: the plan says what was asked for, not what was going to be sent.
func unfoldMatrix(m *run.Matrix) []run.MatrixEvent {
	p := &run.MatrixPlan{
		Schema: m.Schema, Kind: run.KindMatrixPlan, Version: m.Version, Target: m.Target, Machine: m.Machine, Started: m.Started,
		Endpoints: []run.MatrixEndpoint{}, Rows: []run.MatrixRow{}, AtMost: m.AtMost, Sends: []string{}, Sent: []string{}, Problem: m.Problem,
	}
	if m.Endpoint.IsValid() {
		p.Endpoints = append(p.Endpoints, run.MatrixEndpoint{Host: m.Host, Domain: m.Domain, Address: m.Endpoint})
	}
	events := []run.MatrixEvent{{Time: m.Started, Plan: p}}
	for i := range m.Rows {
		row := &m.Rows[i]
		planned := *row
		if !row.Started.IsZero() {
			planned.Status = run.MatrixWaiting
			p.Requests++
			events = append(events, run.MatrixEvent{Time: row.Started.Add(row.Took), Row: row})
		}
		p.Rows = append(p.Rows, planned)
	}
	return append(events, run.MatrixEvent{Time: m.Started.Add(m.Took), Matrix: m})
}
