package tui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/run"
)

// capturing is the capture of the session: it goes on while its view is closed.
type capturing struct {
	ask      CaptureRequest
	feed     *captureFeed
	stop     context.CancelFunc
	talks    *talks
	counters capture.Counters
	progress *capture.Progress
	summary  *run.Summary
	evidence evidence.Set
	broken   string // where a file breaks off
	running  bool
	err      error

	paused  bool
	waiting []captureItem // while paused
	missed  int           // records that did not find room among them

	writing   string // the file that packets are written to
	written   int64
	unwritten error // that ended the writing; nil again when another file is asked for
}

// startCapture begins a capture in place of the one there is.
func (m *Model) startCapture(ask CaptureRequest) tea.Cmd {
	m.stopCapture()
	ctx, stop := context.WithCancel(m.ctx)
	ask.Tap = &capture.Tap{}
	c := &capturing{ask: ask, feed: newCaptureFeed(), stop: stop, talks: newTalks(), running: true}
	m.capture = c
	m.counts.forget(false, true)
	svc := m.svc.Capture
	return tea.Batch(
		func() tea.Msg {
			go c.feed.work(ctx, svc, ask)
			return c.feed.next(ctx, ask.Tap)()
		},
		m.join(fromCapture, CaptureResult{}.Evidence),
	)
}

// fromCapture is the source of joined evidence that a capture feeds.
const fromCapture = "capture"

// stopCapture ends the capture, if one runs.
func (m *Model) stopCapture() {
	if m.capture != nil && m.capture.running {
		m.capture.stop()
	}
}

// endCapture stops the capture and waits for its goroutine, so that a file that
// is being written is whole.
func (m *Model) endCapture() {
	if m.capture == nil {
		return
	}
	m.capture.stop()
	wait, cancel := context.WithTimeout(context.WithoutCancel(m.ctx), leaveCapture)
	defer cancel()
	select {
	case <-m.capture.feed.done:
		m.capture.feed.mu.Lock()
		defer m.capture.feed.mu.Unlock()
		if r := m.capture.feed.result; r != nil {
			m.takeCaptured(r) // what it came to is what gets printed
		}
	case <-wait.Done():
	}
}

// takeCapture digests what a capture gave, whether its view is open or not.
func (m *Model) takeCapture(msg captureMsg) tea.Cmd {
	c := m.capture
	if c == nil || msg.feed != c.feed {
		return nil // of a capture that was replaced
	}
	m.counts.catch(msg.items)
	if c.paused {
		c.hold(msg.items)
	} else {
		c.talks.take(msg.items)
	}
	if msg.progress != nil {
		c.progress, c.counters = msg.progress, msg.progress.Counters
	}
	c.written = msg.written
	if msg.unwritten != nil {
		c.brokeOff(m, msg.unwritten)
	}
	var cmds []tea.Cmd
	if msg.result != nil {
		cmds = append(cmds, m.takeCaptured(msg.result))
	}
	if msg.ended {
		c.running, c.err = false, msg.err
		c.stop()
	} else {
		cmds = append(cmds, c.feed.next(m.ctx, c.ask.Tap))
	}
	for _, v := range m.views {
		if v, ok := v.(*captureView); ok {
			v.refresh(m)
			if msg.ended && msg.err != nil && c.counters.Packets == 0 {
				v.chooseAgain(c.ask)
			}
		}
	}
	if msg.ended && msg.err != nil && c.counters.Packets > 0 {
		why, _ := captureTrouble(msg.err)
		m.note = "the capture broke off: " + m.shownText(why)
	}
	return tea.Batch(cmds...)
}

// brokeOff says that the file for packets could not be written on.
func (c *capturing) brokeOff(m *Model, err error) {
	c.unwritten = err
	if c.writing == "" {
		return // its name is still on the way, and asks for this error
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	m.note = fmt.Sprintf("writing %s failed: %v; the capture goes on", c.writing, err)
	c.writing = ""
}

// captureMark tells every view but the capture's that a capture runs, in the
// room that the title leaves.
func (m *Model) captureMark(room int) string {
	c := m.capture
	if _, own := m.top().(*captureView); own || c == nil || !c.running {
		return ""
	}
	mark := "capture runs: " + counted(c.counters.Packets, "packet")
	if c.unwritten != nil {
		mark += ", WRITING FAILED"
	}
	if len(mark)+3 > room {
		mark = "capturing"
	}
	return " (" + mark + ")"
}

// hold keeps records for when the view goes on.
func (c *capturing) hold(items []captureItem) {
	c.waiting = append(c.waiting, items...)
	if over := len(c.waiting) - maxPaused; over > 0 {
		c.missed += over
		c.waiting = append(c.waiting[:0:0], c.waiting[over:]...)
	}
}

// goOn takes in what waited.
func (c *capturing) goOn() {
	c.paused = false
	c.talks.take(c.waiting)
	c.waiting = nil
}

// takeCaptured joins what a capture adds up to with the run on screen. Without a
// run its own answers are what the screen shows.
func (m *Model) takeCaptured(r *CaptureResult) tea.Cmd {
	c := m.capture
	c.counters, c.evidence, c.broken = r.Counters, r.Evidence, r.Broken
	for _, e := range r.Events {
		if e.Summary != nil {
			c.summary = e.Summary
		}
	}
	if m.run.plan != nil && !m.ofCapture {
		return m.join(fromCapture, r.Evidence)
	}
	m.ofCapture = true
	for _, e := range r.Events {
		m.run.apply(e)
	}
	if m.svc.Judge == nil && c.summary != nil {
		m.causes = append(append(m.causes[:0:0], c.summary.Causes...), c.summary.RuledOut...)
	}
	m.judged = -1
	return m.judge()
}

// leaveCapture makes room for a run where the screen showed what a capture says:
// that becomes evidence beside the run.
func (m *Model) leaveCapture() {
	if !m.ofCapture {
		return
	}
	m.ofCapture, m.run, m.causes = false, newSession(), nil
	m.judging = true // the run judges when it has answers
	m.join(fromCapture, m.capture.evidence)
	m.judging = false
}

// captureTrouble says why a capture did not begin, and what cures it.
func captureTrouble(err error) (why, cure string) {
	var allowed *capture.PrivilegeError
	var path *fs.PathError
	switch {
	case errors.As(err, &allowed):
		return allowed.Err.Error(), allowed.Cure
	case errors.As(err, &path):
		return path.Err.Error() + ": " + path.Path, ""
	}
	return err.Error(), ""
}
