package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/kmsdiag/kmsdiag/run"
)

// Changes returns the renderer of a run that is repeated: the first run as
// [Text] shows it, of each further one a line with the time and what changed.
// A check that a repetition leaves out, such as the request, is no change.
func Changes(w io.Writer, s Style) Renderer {
	return &changes{w: w, s: s.normal(), first: Text(w, s), known: map[answer]run.Result{}}
}

type changes struct {
	w     io.Writer
	s     Style
	names *Names
	first Renderer // nil once the first run is over
	known map[answer]run.Result

	now   map[answer]run.Result // of the run going on
	order []answer              // of now, as they finished
	ran   map[string]bool       // checks that had a result in it
}

// Event implements [Renderer].
func (c *changes) Event(e run.Event) error {
	switch {
	case e.Plan != nil:
		c.now, c.order, c.ran = map[answer]run.Result{}, nil, map[string]bool{}
		c.names = NewNames(e.Plan)
	case e.Found != nil && c.now != nil:
		c.names.Found(e.Found.Subject)
	case e.Finished != nil && c.now != nil:
		a := answer{e.Finished.Check, e.Finished.Subject.Key}
		c.now[a], c.ran[a.check] = *e.Finished, true
		c.order = append(c.order, a)
	}
	if c.first != nil {
		if err := c.first.Event(e); err != nil {
			return err
		}
		if e.Summary != nil {
			c.first = nil
			c.remember()
		}
		return nil
	}
	if e.Summary == nil || e.Summary.Stopped {
		return nil
	}
	text := c.difference(e)
	c.remember()
	_, err := io.WriteString(c.w, text)
	return err
}

// Close implements [Renderer].
func (c *changes) Close() error {
	if c.first != nil {
		return c.first.Close()
	}
	return nil
}

// remember takes the results of this run for the comparison with the next.
func (c *changes) remember() {
	for a, r := range c.now {
		c.known[a] = r
	}
	for _, a := range c.gone() {
		delete(c.known, a)
	}
}

// gone lists the known answers that a check which ran did not give this time.
func (c *changes) gone() []answer {
	var list []answer
	for a := range c.known {
		if _, still := c.now[a]; !still && c.ran[a.check] {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b answer) int {
		return cmp.Or(cmp.Compare(a.check, b.check), cmp.Compare(a.subject, b.subject))
	})
	return list
}

// difference describes a run by what is not as it was before.
func (c *changes) difference(e run.Event) string {
	var b strings.Builder
	lines := 0
	for _, a := range c.order {
		r, before := c.now[a], c.known[a]
		if r.Status == before.Status {
			continue
		}
		lines++
		was := c.s.mark(before.Status) + " > "
		hang(&b, "  "+was+c.s.mark(r.Status)+" "+printable(r.Check)+"  ", c.names.Row(r), c.s.Width)
	}
	for _, a := range c.gone() {
		lines++
		hang(&b, "  ", "gone: "+a.check+" "+c.names.Label(c.known[a].Subject, true), c.s.Width)
	}
	head := e.Time.UTC().Format("15:04:05 UTC  ")
	if lines == 0 {
		return head + "no change: " + counts(e.Summary) + "\n"
	}
	return head + c.s.paint(sgrBold, fmt.Sprintf("%s: ", plural(lines, "change"))) + counts(e.Summary) + "\n" + b.String()
}
