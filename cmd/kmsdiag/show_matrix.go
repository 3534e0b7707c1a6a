package main

import (
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
		r = report.RedactMatrix(r)
	}
	return r, err
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
