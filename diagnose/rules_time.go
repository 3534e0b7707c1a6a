package diagnose

import (
	"fmt"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/evidence"
)

var timeRules = []rule{
	{"client-clock-skew", clientClockSkew},
}

const badTimestamp = 0xC004F06C

// clientClockSkew never rules out a clock that was not looked at: a served probe
// shows this machine's clock, and an answer never shows the host's.
func clientClockSkew(c *clues) []judgement {
	var js []judgement
	if ends := c.refusedWith(badTimestamp); len(ends) > 0 {
		j := c.judge(Found, atStrong, 0xC004F074, ends, firsts(ends, func(e *endpoint) Finding {
			f := e.refusal(badTimestamp)
			f.Text += ": its clock and the clock of the machine that asked are more than 4 h apart"
			return f
		})...)
		j.inner = badTimestamp
		js = append(js, j)
	}
	for i := range c.set.ClientRequests {
		if r := &c.set.ClientRequests[i]; r.HRESULT == badTimestamp {
			j := judgement{
				verdict: Found, score: atStrong + 1, code: 0xC004F074, inner: badTimestamp,
				because: []Finding{{"event 12288 holds 0xC004F06C: the host refuses the client's time stamp", r.Origin}},
			}
			if r.Host != "" {
				j.values = values{{"host": r.Host}}
			}
			js = append(js, j)
			break
		}
	}
	for i := range c.set.HostRequests {
		if r := &c.set.HostRequests[i]; r.HRESULT == badTimestamp {
			j := judgement{verdict: Found, score: atStrong, code: 0xC004F074, inner: badTimestamp, because: []Finding{{
				"event 12290: the host refused the time stamp of " + evidence.Clean(r.Machine), r.Origin,
			}}}
			if f, ok := c.refusedByMost(); ok {
				j.because, j.first = append(j.because, f), "KMS host"
			}
			js = append(js, j)
			break
		}
	}
	if j, ok := c.farClocks(); ok && len(js) > 0 {
		js[0].because = append(js[0].because, j.because...)
	} else if ok {
		js = append(js, j)
	}
	if len(js) > 0 {
		return js
	}
	for _, e := range c.ends {
		if x := e.served(); x != nil && x.Origin.Live() {
			return one(judgement{verdict: Untested, against: []Finding{{
				"this machine's clock was accepted; the clock of any other client was not looked at", x.Origin,
			}}})
		}
	}
	return nil
}

// refusedByMost tells whether a host refused the time of most of its clients: so
// many clocks are not wrong at once.
func (c *clues) refusedByMost() (Finding, bool) {
	const several = 3
	for i := range c.set.HostLogs {
		if l := &c.set.HostLogs[i]; l.Skewed >= several && 2*l.Skewed > l.CMIDs {
			return Finding{fmt.Sprintf("%d of %d client ids were refused so: the host's own clock is the first to look at", l.Skewed, l.CMIDs), l.Origin}, true
		}
	}
	return Finding{}, false
}

// farClocks judges measured offsets; each says which two clocks it compares.
func (c *clues) farClocks() (judgement, bool) {
	j := judgement{verdict: Found, score: atStrong, code: 0xC004F074, inner: badTimestamp}
	for i := range c.set.Clocks {
		s := &c.set.Clocks[i]
		if off := s.Offset.Abs(); off-s.Error > catalog.ClockTolerance {
			direction := "behind"
			if s.Offset > 0 {
				direction = "ahead of"
			}
			of := evidence.Clean(s.Of)
			j.because = append(j.because, Finding{fmt.Sprintf("the clock of %s is %s %s %s (%s)", of, span(off), direction,
				evidence.Clean(s.Than), evidence.Clean(s.Method)), s.Origin})
			j.subjects = append(j.subjects, of)
			if s.KMS {
				j.values = append(j.values, map[string]string{"host": s.Of})
			}
		}
	}
	return j, len(j.because) > 0
}
