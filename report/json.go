package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/run"
)

// Object is a whole run as one JSON object, the form of -o json.
type Object struct {
	Schema  string       `json:"schema"` // "kmsdiag/1"
	Kind    string       `json:"kind"`   // "report"
	Plan    *run.Plan    `json:"plan"`
	Found   []run.Found  `json:"subjects"` // in the order of discovery
	Results []run.Result `json:"results"`  // in the order of finishing
	Summary *run.Summary `json:"summary"`  // null when the run was cut off
}

// KindReport is the kind of an [Object].
const KindReport = "report"

// JSON returns the renderer that writes one [Object] for each run when it ends.
func JSON(w io.Writer) Renderer { return &jsonRenderer{w: w} }

type jsonRenderer struct {
	w   io.Writer
	obj *Object // nil between runs
}

// Event implements [Renderer].
func (j *jsonRenderer) Event(e run.Event) error {
	switch {
	case e.Plan != nil:
		if err := j.Close(); err != nil {
			return err
		}
		j.object().Plan = e.Plan
	case e.Found != nil:
		j.object().Found = append(j.object().Found, *e.Found)
	case e.Finished != nil:
		j.object().Results = append(j.object().Results, *e.Finished)
	case e.Summary != nil:
		j.object().Summary = withLists(e.Summary)
		return j.Close()
	}
	return nil
}

// Close implements [Renderer].
func (j *jsonRenderer) Close() error {
	if j.obj == nil {
		return nil
	}
	obj := j.obj
	j.obj = nil
	return writeJSON(j.w, obj, "  ")
}

func (j *jsonRenderer) object() *Object {
	if j.obj == nil {
		j.obj = &Object{Schema: run.Schema, Kind: KindReport, Found: []run.Found{}, Results: []run.Result{}}
	}
	return j.obj
}

// writeJSON writes a value and a line break. What a terminal would act on or
// hide is escaped, so that JSON is as safe to look at as text.
func writeJSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	_, err := w.Write(escapeHidden(b.Bytes()))
	return err
}

// escapeHidden writes every invisible character of a JSON text as \u escapes.
// encoding/json itself escapes those below 0x20 only.
func escapeHidden(text []byte) []byte {
	hidden := func(r rune) bool { return r >= 0x7f && !unicode.IsPrint(r) }
	if bytes.IndexFunc(text, hidden) < 0 {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case !hidden(r):
			out = append(out, text[:n]...)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[n:]
	}
	return out
}

// withLists returns a copy of a summary whose causes have lists where they
// might have none, so that JSON shows [] and never null.
func withLists(s *run.Summary) *run.Summary {
	c := *s
	c.Causes, c.RuledOut = causeLists(s.Causes), causeLists(s.RuledOut)
	return &c
}

func causeLists(list []diagnose.Cause) []diagnose.Cause {
	out := make([]diagnose.Cause, len(list))
	for i, c := range list {
		if c.Because == nil {
			c.Because = []diagnose.Finding{}
		}
		if c.Against == nil {
			c.Against = []diagnose.Finding{}
		}
		if c.Remedies == nil {
			c.Remedies = []diagnose.Step{}
		}
		out[i] = c
	}
	return out
}
