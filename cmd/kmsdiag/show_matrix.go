package main

import (
	"io"

	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// savedMatrix shows a capability matrix that a file holds. Its renderer is made
// with the first event, since only then it is known that there is one.
type savedMatrix struct {
	report.MatrixRenderer
	open func() (report.MatrixRenderer, error)
	end  *run.Matrix
}

func (s *savedMatrix) event(e run.MatrixEvent) error {
	if s.MatrixRenderer == nil {
		r, err := s.open()
		if err != nil {
			return err
		}
		s.MatrixRenderer = r
	}
	if e.Matrix != nil {
		s.end = e.Matrix
	}
	return s.Event(e)
}

// savedMatrix returns the renderer of a saved matrix, or says which flag does not
// go with one.
func (a *app) savedMatrix(o outputOptions, name string, with bool) (report.MatrixRenderer, error) {
	switch {
	case with:
		return nil, usagef("%s: it is a capability matrix, which --with adds nothing to", name)
	case o.format == "short":
		return nil, usagef("%s: it is a capability matrix: want text, json, jsonl or csv", name)
	}
	style := a.style()
	style.Verbose = o.verbose
	r, err := report.NewMatrix(o.format, a.stdout, style)
	if err == nil && o.redact {
		r = report.RedactMatrixBy(o.mask, r)
	}
	return r, err
}

// showMatrices shows what hosts serve, as it was saved behind a run. A short report
// has no place for it.
func (a *app) showMatrices(o outputOptions, events []run.MatrixEvent) error {
	if o.format == "short" {
		return nil
	}
	var r report.MatrixRenderer
	for _, e := range events {
		if e.Plan != nil {
			if o.format == "text" {
				if _, err := io.WriteString(a.stdout, "\n"); err != nil {
					return err
				}
			}
			var err error
			if r, err = a.savedMatrix(o, "", false); err != nil {
				return err
			}
		}
		if r == nil {
			continue // its beginning is lost
		}
		if err := r.Event(e); err != nil {
			return err
		}
		if e.Matrix != nil {
			if err := r.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}

// closeMatrix ends the output of a saved matrix with the exit code that asking
// for it had.
func (a *app) closeMatrix(s *savedMatrix, name string) error {
	if err := s.Close(); err != nil {
		return err
	}
	if s.end == nil {
		return usagef("%s: the matrix has no end: it was cut off before", name)
	}
	a.code = matrixCode(*s.end)
	return nil
}
