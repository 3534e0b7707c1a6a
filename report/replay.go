package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/kmsdiag/kmsdiag/run"
)

// maxValue bounds one line of a stream, or one object, in bytes. The largest
// real run, 50 hosts with all their evidence, takes about 1 MB as an object.
const maxValue = 64 << 20

// Replay reads a saved run, as JSON lines or as the object of [JSON], and feeds
// it to a renderer, which it does not close. Kinds of line that it does not
// know are skipped. UTF-16, which Windows PowerShell writes when it redirects, is read
// as well.
//
// The lines of a capability matrix go to a [MatrixTaker]; for any other renderer
// they are no run, which is an error.
//
// The error says which line is wrong, or is the renderer's own. A stream that
// ends early is no error: the renderer says so when it is closed.
func Replay(from io.Reader, r Renderer) error {
	decode := unicode.BOMOverride(unicode.UTF8.NewDecoder())
	src := &bounded{r: transform.NewReader(from, decode)}
	dec := json.NewDecoder(src)
	for read := 0; ; {
		src.left = maxValue
		var v json.RawMessage
		err := dec.Decode(&v)
		switch {
		case errors.Is(err, io.EOF) && read == 0:
			return errors.New("not a kmsdiag report: it is empty")
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return notReport(src.lineAt(errorOffset(dec, err)), err)
		}
		list, kind, err := events(v)
		if isMatrix(kind) && err == nil {
			steps, bad := matrixEvents(v, r)
			if err := showMatrix(r, steps); err != nil {
				return err
			}
			read, err = read+len(steps), bad
		} else if lines, ok := r.(LineRenderer); ok && kind != "" && err == nil {
			err = lines.Line(kind, v)
		}
		if err != nil {
			return notReport(src.lineAt(dec.InputOffset()), err)
		}
		for _, e := range list {
			read++
			if err := r.Event(e); err != nil {
				return err
			}
		}
		src.forget(dec.InputOffset())
	}
}

func notReport(line int, err error) error {
	return fmt.Errorf("not a kmsdiag report: line %d: %w", line, err)
}

func errorOffset(dec *json.Decoder, err error) int64 {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Offset > 0 {
		return syntax.Offset - 1
	}
	return dec.InputOffset()
}

// events returns what a value says: events, or the kind of a line that is none.
func events(value json.RawMessage) (list []run.Event, other string, err error) {
	var head struct{ Schema, Kind string }
	if err := json.Unmarshal(value, &head); err != nil {
		return nil, "", err
	}
	if head.Schema != "" && head.Schema != run.Schema {
		return nil, "", fmt.Errorf("its schema is %.40q; this kmsdiag reads %q", head.Schema, run.Schema)
	}
	switch head.Kind {
	case "":
		return nil, "", errors.New("an object without a kind")
	case KindExplain, KindList, KindVersion:
		return nil, "", fmt.Errorf("an object of kind %q, which is no run", head.Kind)
	case KindReport:
		var o Object
		if err := json.Unmarshal(value, &o); err != nil {
			return nil, "", err
		}
		return o.unfold(), "", nil
	}
	var e run.Event
	var unknown *run.UnknownKindError
	switch err := json.Unmarshal(value, &e); {
	case errors.As(err, &unknown):
		return nil, unknown.Kind, nil
	case err != nil:
		return nil, "", err
	}
	return []run.Event{e}, "", nil
}

// unfold turns a whole run into events again. The object keeps no times of
// discovery; the start of the run stands in.
func (o Object) unfold() []run.Event {
	var list []run.Event
	var at time.Time
	if o.Plan != nil {
		at = o.Plan.Started
		list = append(list, run.Event{Time: at, Plan: o.Plan})
	}
	for i := range o.Found {
		list = append(list, run.Event{Time: at, Found: &o.Found[i]})
	}
	for i := range o.Results {
		r := &o.Results[i]
		if end := r.Started.Add(r.Took); end.After(at) {
			at = end
		}
		list = append(list, run.Event{Time: at, Finished: r})
	}
	if o.Summary != nil {
		list = append(list, run.Event{Time: at, Summary: o.Summary})
	}
	return list
}

// bounded reads at most left bytes and knows where lines begin.
type bounded struct {
	r      io.Reader
	left   int64
	offset int64
	lines  int     // line breaks before the first of breaks
	breaks []int64 // offsets of the line breaks read and not forgotten
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("longer than %d MB", maxValue>>20)
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	for i, c := range p[:n] {
		if c == '\n' {
			b.breaks = append(b.breaks, b.offset+int64(i))
		}
	}
	b.offset += int64(n)
	b.left -= int64(n)
	return n, err
}

// lineAt returns the line of an offset, counted from 1.
func (b *bounded) lineAt(offset int64) int {
	n := b.lines + 1
	for _, o := range b.breaks {
		if o < offset {
			n++
		}
	}
	return n
}

// forget drops the line breaks before an offset, but still counts them.
func (b *bounded) forget(offset int64) {
	n := 0
	for n < len(b.breaks) && b.breaks[n] < offset {
		n++
	}
	b.lines += n
	b.breaks = b.breaks[n:]
}
