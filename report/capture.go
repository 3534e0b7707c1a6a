package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/run"
)

// CaptureRenderer shows a capture: its records as they are found, and at the end
// what they add up to.
type CaptureRenderer interface {
	// Begin takes the plan.
	Begin(plan run.Event) error
	// Encode is for [capture.Options]; it returns nil where the renderer does
	// its work in Records. Several goroutines call what it returns.
	Encode() func(records []capture.Record, dst []byte) []byte
	// Records takes records with what Encode made of them.
	Records(records []capture.Record, encoded []byte) error
	// End takes the report and the events that end the stream.
	End(r *capture.Report, events []run.Event) error
}

// CaptureFormats are the names that [NewCapture] accepts.
var CaptureFormats = []string{"text", "wide", "short", "json", "jsonl", "csv"}

// NewCapture returns the renderer of a format, one of [CaptureFormats]. With
// redact names, addresses and ids become pseudonyms, as in [Redact].
func NewCapture(format string, w io.Writer, s Style, redact bool) (CaptureRenderer, error) {
	var m *mask
	events := func(r Renderer) Renderer { return r }
	if redact {
		m = &mask{newPseudonyms()}
		events = func(r Renderer) Renderer { return &redacting{r, &Mask{m.names}} }
	}
	switch format {
	case "text", "wide":
		return newCaptureText(w, s, m, events, format == "wide"), nil
	case "short":
		return &captureShort{to: events(Short(w, s))}, nil
	case "json":
		return &captureJSON{w: w, mask: m, redact: redact}, nil
	case "jsonl":
		return &captureJSONL{w: w, mask: m, events: events(JSONL(w))}, nil
	case "csv":
		return &captureCSV{w: w, mask: m}, nil
	}
	return nil, fmt.Errorf("output %q: want %s", format, strings.Join(CaptureFormats, ", "))
}

// captureShort shows what a capture adds up to, for a ticket.
type captureShort struct {
	to   Renderer
	plan run.Event
}

// Begin implements [CaptureRenderer].
func (c *captureShort) Begin(plan run.Event) error {
	c.plan = plan
	return nil
}

// Encode implements [CaptureRenderer].
func (c *captureShort) Encode() func([]capture.Record, []byte) []byte { return nil }

// Records implements [CaptureRenderer].
func (c *captureShort) Records([]capture.Record, []byte) error { return nil }

// End implements [CaptureRenderer].
func (c *captureShort) End(_ *capture.Report, events []run.Event) error {
	for _, e := range append([]run.Event{c.plan}, events...) {
		if err := c.to.Event(e); err != nil {
			return err
		}
	}
	return c.to.Close()
}

// captureJSONL writes each event and each record as a line.
type captureJSONL struct {
	w      io.Writer
	mask   *mask
	events Renderer
	buf    []byte
}

// Begin implements [CaptureRenderer].
func (j *captureJSONL) Begin(plan run.Event) error { return j.events.Event(plan) }

// Encode implements [CaptureRenderer]. Pseudonyms depend on the order of
// records, so that only the unmasked form is made by many.
func (j *captureJSONL) Encode() func([]capture.Record, []byte) []byte {
	if j.mask != nil {
		return nil
	}
	return func(records []capture.Record, dst []byte) []byte {
		for _, r := range records {
			dst = AppendRecord(dst, r)
		}
		return dst
	}
}

// Records implements [CaptureRenderer].
func (j *captureJSONL) Records(records []capture.Record, encoded []byte) error {
	if j.mask != nil {
		j.buf = j.buf[:0]
		for _, r := range records {
			j.buf = appendRecord(j.buf, r, j.mask)
		}
		encoded = j.buf
	}
	_, err := j.w.Write(encoded)
	return err
}

// End implements [CaptureRenderer].
func (j *captureJSONL) End(_ *capture.Report, events []run.Event) error {
	for _, e := range events {
		if err := j.events.Event(e); err != nil {
			return err
		}
	}
	return j.events.Close()
}

// captureJSON writes one object: the form of [Object], with the lines of
// [AppendRecord] in the list "records" before the results.
type captureJSON struct {
	w      io.Writer
	mask   *mask
	redact bool
	more   bool
	buf    []byte
}

// Begin implements [CaptureRenderer].
func (j *captureJSON) Begin(plan run.Event) error {
	p := plan.Plan
	if j.redact {
		e := j.mask.names.replace(plan).(run.Event)
		e.Plan.Title += " (redacted)"
		p = e.Plan
	}
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encoding the plan: %w", err)
	}
	_, err = fmt.Fprintf(j.w, "{\"schema\":%q,\"kind\":%q,\n\"plan\":%s,\n\"records\":[", run.Schema, KindReport, escapeHidden(b))
	return err
}

// Encode implements [CaptureRenderer].
func (j *captureJSON) Encode() func([]capture.Record, []byte) []byte { return nil }

// Records implements [CaptureRenderer].
func (j *captureJSON) Records(records []capture.Record, _ []byte) error {
	j.buf = j.buf[:0]
	for _, r := range records {
		if j.more {
			j.buf = append(j.buf, ',')
		}
		j.more = true
		j.buf = append(j.buf, '\n')
		j.buf = bytes.TrimSuffix(appendRecord(j.buf, r, j.mask), []byte("\n"))
	}
	_, err := j.w.Write(j.buf)
	return err
}

// End implements [CaptureRenderer].
func (j *captureJSON) End(_ *capture.Report, events []run.Event) error {
	o := Object{Found: []run.Found{}, Results: []run.Result{}}
	for _, e := range events {
		if j.redact {
			e = j.mask.names.replace(e).(run.Event)
		}
		switch {
		case e.Found != nil:
			o.Found = append(o.Found, *e.Found)
		case e.Finished != nil:
			o.Results = append(o.Results, *e.Finished)
		case e.Summary != nil:
			o.Summary = withLists(e.Summary)
		}
	}
	var parts []byte
	for _, p := range []struct {
		name string
		v    any
	}{{"subjects", o.Found}, {"results", o.Results}, {"summary", o.Summary}} {
		b, err := json.Marshal(p.v)
		if err != nil {
			return fmt.Errorf("encoding the report: %w", err)
		}
		parts = slices.Concat(parts, []byte(",\n\""+p.name+"\":"), escapeHidden(b))
	}
	_, err := fmt.Fprintf(j.w, "\n]%s}\n", parts)
	return err
}
