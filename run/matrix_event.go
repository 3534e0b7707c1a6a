package run

import (
	"encoding/json"
	"fmt"
	"time"
)

// MatrixEvent is one step of a capability matrix; exactly one of the fields
// behind Time is set. The plan is first, then each row once it is settled, the
// matrix last. The matrix has the rows again, with what only the answers to
// others told about them, such as which host keys fit the host.
type MatrixEvent struct {
	Time     time.Time       `json:"time"`
	Plan     *MatrixPlan     `json:"plan,omitempty"`
	Progress *MatrixProgress `json:"progress,omitempty"`
	Row      *MatrixRow      `json:"row,omitempty"`
	Matrix   *Matrix         `json:"matrix,omitempty"`
}

// Kind names which field of the event is set; it is empty when none is.
func (e MatrixEvent) Kind() string {
	switch {
	case e.Plan != nil:
		return KindMatrixPlan
	case e.Progress != nil:
		return KindMatrixProgress
	case e.Row != nil:
		return KindMatrixRow
	case e.Matrix != nil:
		return KindMatrix
	}
	return ""
}

// MarshalJSON writes the event as one flat object that begins with its kind, as
// [Event] does. It fails on an event without content.
func (e MatrixEvent) MarshalJSON() ([]byte, error) {
	// The plan and the matrix have a kind of their own, which the outer one hides.
	switch kind := e.Kind(); kind {
	case KindMatrixPlan:
		return json.Marshal(struct {
			Kind string    `json:"kind"`
			Time time.Time `json:"time"`
			*MatrixPlan
		}{kind, e.Time, e.Plan})
	case KindMatrixProgress:
		return json.Marshal(struct {
			head
			*MatrixProgress
		}{head{kind, e.Time}, e.Progress})
	case KindMatrixRow:
		return json.Marshal(struct {
			head
			*MatrixRow
		}{head{kind, e.Time}, e.Row})
	case KindMatrix:
		return json.Marshal(struct {
			Kind string    `json:"kind"`
			Time time.Time `json:"time"`
			*Matrix
		}{kind, e.Time, e.Matrix})
	}
	return nil, fmt.Errorf("matrix event without content")
}

// UnmarshalJSON reads what MarshalJSON writes, and the object that holds a whole
// [Matrix]. A line of another kind is an [UnknownKindError]; a plan or a matrix of
// another schema is an error that names both.
func (e *MatrixEvent) UnmarshalJSON(line []byte) error {
	var h head
	if err := json.Unmarshal(line, &h); err != nil {
		return fmt.Errorf("matrix event: %w", err)
	}
	out := MatrixEvent{Time: h.Time}
	var into any
	schema := new(string)
	switch h.Kind {
	case KindMatrixPlan:
		out.Plan = new(MatrixPlan)
		into, schema = out.Plan, &out.Plan.Schema
	case KindMatrixProgress:
		out.Progress = new(MatrixProgress)
		into = out.Progress
	case KindMatrixRow:
		out.Row = new(MatrixRow)
		into = out.Row
	case KindMatrix:
		out.Matrix = new(Matrix)
		into, schema = out.Matrix, &out.Matrix.Schema
	default:
		return &UnknownKindError{h.Kind}
	}
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("%s event: %w", h.Kind, err)
	}
	if (out.Plan != nil || out.Matrix != nil) && *schema != Schema {
		return fmt.Errorf("%s event: schema %.40q, want %q", h.Kind, *schema, Schema)
	}
	*e = out
	return nil
}
