package run

import (
	"encoding/json"
	"fmt"
	"time"
)

// The kinds of a line of the event stream. Captures add lines of their own
// kinds to the same stream.
const (
	KindPlan     = "plan"
	KindSubject  = "subject"
	KindStarted  = "started"
	KindProgress = "progress"
	KindFinished = "finished"
	KindSummary  = "summary"
)

// UnknownKindError says that a line is of a kind that no [Event] has. Whoever
// replays a stream may pass over such lines.
type UnknownKindError struct{ Kind string }

// Error names the kind.
func (e *UnknownKindError) Error() string {
	return fmt.Sprintf("unknown kind %.40q of event", e.Kind)
}

// Kind names which field of the event is set; it is empty when none is.
func (e Event) Kind() string {
	switch {
	case e.Plan != nil:
		return KindPlan
	case e.Found != nil:
		return KindSubject
	case e.Started != nil:
		return KindStarted
	case e.Progress != nil:
		return KindProgress
	case e.Finished != nil:
		return KindFinished
	case e.Summary != nil:
		return KindSummary
	}
	return ""
}

func (e Event) fields() int {
	n := 0
	for _, set := range []bool{
		e.Plan != nil, e.Found != nil, e.Started != nil,
		e.Progress != nil, e.Finished != nil, e.Summary != nil,
	} {
		if set {
			n++
		}
	}
	return n
}

// head opens every line: the kind comes first, so that a reader can choose by it.
type head struct {
	Kind string    `json:"kind"`
	Time time.Time `json:"time"`
}

// MarshalJSON writes the event as one flat object that begins with its kind;
// that of the plan goes on with the schema. It fails unless exactly one field
// of the event is set.
func (e Event) MarshalJSON() ([]byte, error) {
	if n := e.fields(); n != 1 {
		return nil, fmt.Errorf("event with %d contents: want exactly one", n)
	}
	h := head{e.Kind(), e.Time}
	switch h.Kind {
	case KindPlan:
		return json.Marshal(struct {
			Kind   string    `json:"kind"`
			Schema string    `json:"schema"`
			Time   time.Time `json:"time"`
			*Plan
		}{h.Kind, e.Plan.Schema, e.Time, e.Plan})
	case KindSubject:
		return json.Marshal(struct {
			head
			*Found
		}{h, e.Found})
	case KindStarted:
		return json.Marshal(struct {
			head
			*Started
		}{h, e.Started})
	case KindProgress:
		return json.Marshal(struct {
			head
			*Progress
		}{h, e.Progress})
	case KindFinished:
		return json.Marshal(struct {
			head
			*Result
		}{h, e.Finished})
	}
	return json.Marshal(struct {
		head
		*Summary
	}{h, e.Summary})
}

// UnmarshalJSON reads what MarshalJSON writes. A line of another kind is an
// [UnknownKindError]; a plan of another schema is an error that names both.
func (e *Event) UnmarshalJSON(line []byte) error {
	var h head
	if err := json.Unmarshal(line, &h); err != nil {
		return fmt.Errorf("event: %w", err)
	}
	out := Event{Time: h.Time}
	var into any
	switch h.Kind {
	case KindPlan:
		out.Plan = new(Plan)
		into = out.Plan
	case KindSubject:
		out.Found = new(Found)
		into = out.Found
	case KindStarted:
		out.Started = new(Started)
		into = out.Started
	case KindProgress:
		out.Progress = new(Progress)
		into = out.Progress
	case KindFinished:
		out.Finished = new(Result)
		into = out.Finished
	case KindSummary:
		out.Summary = new(Summary)
		into = out.Summary
	default:
		return &UnknownKindError{h.Kind}
	}
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("%s event: %w", h.Kind, err)
	}
	if out.Plan != nil && out.Plan.Schema != Schema {
		return fmt.Errorf("plan event: schema %.40q, want %q", out.Plan.Schema, Schema)
	}
	*e = out
	return nil
}
