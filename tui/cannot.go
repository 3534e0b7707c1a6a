package tui

import (
	"slices"

	"charm.land/bubbles/v2/key"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// place is the view that keys are about: below the help, the one it was asked in.
func (m *Model) place() view {
	if help, ok := m.top().(*helpView); ok {
		return help.about
	}
	return m.top()
}

// cannotHere is the reason why a binding has nothing to work on in the view on
// the screen; empty where it has.
func (m *Model) cannotHere(b key.Binding) string {
	is := func(others ...key.Binding) bool {
		return slices.ContainsFunc(others, func(o key.Binding) bool { return o.Help() == b.Help() })
	}
	switch {
	case is(keys.NextFail, keys.PrevFail):
		return m.noFailure()
	case is(keys.NextCause, keys.PrevCause):
		return m.noOtherCause()
	case is(keys.All):
		return m.noneFolded()
	case is(keys.Filter):
		return m.noFilter()
	case is(keys.Test):
		return m.noTest()
	case is(keys.Matrix):
		return m.noMatrix()
	case is(keys.Pause):
		switch v, ok := m.place().(*captureView); {
		case !ok || v.choosing || m.capture == nil:
			return "only a capture can be paused"
		case !m.capture.running && !m.capture.paused:
			return "the capture has ended; there is nothing to pause"
		}
	case is(keys.Follow):
		if _, ok := m.place().(*captureView); !ok {
			return "only a capture can be followed"
		}
	case is(keys.Write):
		if v, ok := m.place().(*captureView); !ok || v.choosing || m.capture == nil {
			return "no capture is on this screen"
		}
	case is(keys.Bytes):
		_, own := m.place().(*messagesView)
		if v, ok := m.place().(*captureView); !own && (!ok || v.choosing || m.capture == nil) {
			return "no bytes are on this screen"
		}
	case is(keys.Clear):
		if _, ok := m.place().(*pasteView); !ok {
			return "no paste is on this screen"
		}
	}
	return ""
}

// noFailure is why there is no failure to go to.
func (m *Model) noFailure() string {
	ill := false
	switch v := m.place().(type) {
	case *checksView:
		ill = slices.ContainsFunc(v.rows(m), (*row).unwell)
	case *captureView:
		ill = slices.ContainsFunc(v.shown, (*talk).ill)
	case *matrixView:
		if x := v.current(m); x != nil {
			ill = slices.ContainsFunc(v.shown(x), func(i int) bool {
				mark := report.MatrixMark(&x.rows[i])
				return mark == run.Fail || mark == run.Warn
			})
		}
	default:
		return "only the checks, the products and a capture have failures to go to"
	}
	switch {
	case ill:
		return ""
	case m.busy():
		return "nothing has failed yet"
	}
	if m.joinedSays() != "" {
		return "no check failed; d shows the causes that " + m.joinedNames() + " speaks for"
	}
	return "nothing failed and nothing is warned about"
}

// noOtherCause is why there is no cause to go on to.
func (m *Model) noOtherCause() string {
	switch v := m.place().(type) {
	case *causesView:
		if len(m.shownCauses()) < 2 {
			return "there is no other cause"
		}
	case *explainView:
		if v.page == nil || len(v.page.causes) < 2 {
			return "this page has no other cause"
		}
	default:
		return "only the causes (d) and a page (e) have more than one"
	}
	return ""
}

// noneFolded is why no row can be unfolded.
func (m *Model) noneFolded() string {
	c, ok := m.place().(*checksView)
	if !ok {
		return "only the checks fold rows"
	}
	s := m.shown()
	if c.all || slices.ContainsFunc(c.rows(m), func(r *row) bool { return c.folded(s, r) > 0 }) {
		return ""
	}
	if c.filter.text != "" {
		return "a filter folds no rows"
	}
	return "no row is folded"
}

// noFilter is why the view has no filter.
func (m *Model) noFilter() string {
	switch v := m.place().(type) {
	case *checksView:
		return ""
	case *captureView:
		if !v.choosing && m.capture != nil {
			return ""
		}
	case *matrixView:
		if !v.asking && v.current(m) != nil {
			return ""
		}
	}
	return "nothing can be filtered here"
}

// noTest is why there is no test to run: none is known, or somebody else must.
func (m *Model) noTest() string {
	switch v := m.place().(type) {
	case *checksView:
		if c, ok := v.tested(m); ok {
			return m.whyNoTest(c)
		}
		return "no cause is known that this row speaks for, and so no test"
	case *causesView:
		if list := m.shownCauses(); len(list) > 0 {
			return m.whyNoTest(m.rawCause(v.index(list)))
		}
		return "there is no cause, and so no test"
	}
	return "only a failed row and its cause have a test"
}

// tested is the first cause that the row under the cursor speaks for, as judged.
func (c *checksView) tested(m *Model) (diagnose.Cause, bool) {
	r := c.current(m)
	if r == nil || r.result == nil {
		return diagnose.Cause{}, false
	}
	for _, cause := range m.causesOf(r) {
		at := slices.IndexFunc(m.shownCauses(), func(k diagnose.Cause) bool { return keyOf(k) == keyOf(cause) })
		return m.rawCause(at), true
	}
	return diagnose.Cause{}, false
}

// whyNoTest is why kmsdiag cannot test a cause.
func (m *Model) whyNoTest(c diagnose.Cause) string {
	if c.Verdict == diagnose.RuledOut {
		return "this cause is ruled out: there is nothing left to test"
	}
	return m.shownText(m.testOf(c).who)
}

// noMatrix is why no host can be asked for every product.
func (m *Model) noMatrix() string {
	switch {
	case len(matrixPlaces(m.run)) > 0:
		return ""
	case m.busy():
		return "no address of a KMS host is known yet: the run is still going"
	case m.svc.Parse != nil:
		return "no address of a KMS host is known; t names one"
	}
	return "no address of a KMS host is known"
}
