package tui

import (
	"context"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/report"
	"github.com/kmsdiag/kmsdiag/run"
)

// Options say how the program begins.
type Options struct {
	Style   report.Style // marks, and whether to use colours
	Target  run.Target   // the first target; zero: what this machine would use
	With    evidence.Set // evidence that was given along
	Version string

	Simulated string // the scenario of a demo; empty: a real site

	NoRequest bool            // stop every run at the bind
	Mouse     bool            // report the mouse; it takes away the terminal's own selection
	Capture   *CaptureRequest // begin with this capture instead of a run
	Saved     []run.Event     // show this run instead of making one; Services.Run is nil then
	Form      bool            // begin with the target form instead of a run
}

// Model is the state of the program.
type Model struct {
	ctx   context.Context //nolint:containedctx // Update has no context; every command's begins here
	svc   Services
	opts  Options
	look  *look
	w, h  int
	views []view

	run     *session
	ask     Request // of the run on screen
	pasted  evidence.Set
	causes  []diagnose.Cause // of all evidence; provisional while running
	judged  int              // session.news that causes stand on
	judging bool

	round   int // of messages; those of earlier rounds are late and ignored
	stop    context.CancelFunc
	leaving bool

	sources []source         // what pasted holds beyond what was given at the start
	joined  bool             // there are sources
	joins   int              // times that pasted changed
	plain   []diagnose.Cause // causes without the sources, to tell what those change
	paste   *pasteView       // its text, also while it is closed
	counts  counts
	held    bool      // the last frame still serves
	drawn   *tea.View // the last frame

	matrices  matrices
	capture   *capturing   // nil until one is begun
	ofCapture bool         // the run on screen is what a capture says
	repaired  bool         // the demo's site was
	named     bool         // a target was named in the form
	hidden    bool         // names and addresses are shown as pseudonyms
	mask      *report.Mask // the session's, from when names were hidden first
	veil      *veil
	watch     watch
	note      string // one line above the footer, until the next key
	ticks     bool
	now       time.Time
}

// New returns a program that has not started.
func New(ctx context.Context, svc Services, opts Options) *Model {
	m := &Model{ctx: ctx, svc: svc, opts: opts, look: newLook(opts.Style), w: 80, h: 24, run: newSession(), stop: func() {}}
	if m.svc.Now == nil {
		m.svc.Now = time.Now
	}
	m.now = m.svc.Now()
	m.pasted = opts.With
	m.ask = Request{Target: opts.Target, NoRequest: opts.NoRequest || opts.Target.NoRequest}
	m.views = []view{newChecks()}
	return m
}

// Init implements [tea.Model]: it starts the first run.
func (m *Model) Init() tea.Cmd {
	if m.opts.Saved != nil {
		return m.showSaved(m.opts.Saved)
	}
	if m.opts.Form {
		return m.openForm()
	}
	if ask := m.opts.Capture; ask != nil {
		v := open(m, func() *captureView { return &captureView{follow: true, grow: ask.Follow} })
		if ask.source() == "" {
			return v.choose(m)
		}
		return v.start(m, *ask)
	}
	return m.startRun(nil)
}

// Update implements [tea.Model].
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	m.held = false
	cmd := m.handle(msg)
	m.refreshVeil()
	return m, cmd
}

// handle takes a message: those of the run and of every view here, the rest in
// the views.
func (m *Model) handle(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
		return m.top().update(m, msg)
	case tickMsg:
		return m.tick(time.Time(msg))
	case reply:
		return tea.Batch(m.takeEvents(msg.eventsMsg), msg.more)
	case judgedMsg:
		return m.takeJudgement(msg)
	case captureMsg:
		return m.takeCapture(msg)
	case watchMsg:
		return m.watchDue(msg)
	case copyMsg:
		return m.copied(msg)
	case pasteMsg:
		return m.paste.take(m, msg)
	case noteMsg:
		m.note = string(msg)
		return nil
	case matrixMsg:
		return m.takeMatrix(msg)
	case matrixPlanMsg:
		return m.takeMatrixPlan(msg)
	case tea.InterruptMsg:
		return m.quit()
	case tea.KeyPressMsg:
		return m.press(msg)
	case tea.MouseMsg:
		return m.point(msg)
	case tea.PasteMsg:
		if !m.isTyping() {
			return m.openPasteWith(msg.Content)
		}
	}
	// Everything else belongs to the views: answers to what they asked for.
	var cmds []tea.Cmd
	for _, v := range m.views {
		cmds = append(cmds, v.update(m, msg))
	}
	return tea.Batch(cmds...)
}

// resize takes the size of the terminal. Zero is what some multiplexers say
// before they know.
func (m *Model) resize(w, h int) {
	if w <= 0 || h <= 0 {
		w, h = 80, 24
	}
	m.w, m.h = min(w, maxWidth), min(h, maxHeight)
}

// Terminals lie about their size; a frame is not drawn larger than this.
const maxWidth, maxHeight = 1000, 500

// press handles a key: text for whoever types, then what works everywhere, then
// the view.
func (m *Model) press(k tea.KeyPressMsg) tea.Cmd {
	if key.Matches(k, keys.Interrupt) {
		return m.quit()
	}
	m.note = ""
	if m.w < minWidth || m.h < minHeight {
		// What cannot be seen is not worked on.
		if key.Matches(k, keys.Quit) && !m.isTyping() {
			return m.quit()
		}
		return nil
	}
	if m.isTyping() {
		return m.top().update(m, k)
	}
	if why := m.whyNot(k); why != "" {
		m.note = why
		return nil
	}
	if cmd, done := m.global(k); done {
		return cmd
	}
	return m.top().update(m, k)
}

// global handles the keys that mean the same in every view.
func (m *Model) global(k tea.KeyPressMsg) (tea.Cmd, bool) {
	switch {
	case key.Matches(k, keys.Quit):
		return m.quit(), true
	case key.Matches(k, keys.Back):
		if _, isHelp := m.top().(*helpView); !isHelp && len(m.views) == 1 && m.busy() {
			m.stopRun()
			return nil, true
		}
		if v, ok := m.top().(closer); ok && v.closes(m) {
			return nil, true
		}
		m.pop()
		return nil, true
	case key.Matches(k, keys.Help):
		if _, isHelp := m.top().(*helpView); isHelp {
			m.pop()
		} else {
			m.push(&helpView{about: m.top()})
		}
		return nil, true
	case key.Matches(k, keys.Rerun):
		return m.rerunFailed(), true
	case key.Matches(k, keys.RerunAll):
		if v, ok := m.top().(rerunner); ok {
			return v.rerun(m), true
		}
		return m.rerunAll(), true
	case key.Matches(k, keys.Watch):
		return m.toggleWatch(), true
	case key.Matches(k, keys.Hide):
		m.toggleHidden()
		return nil, true
	case key.Matches(k, keys.Copy), key.Matches(k, keys.CopyEvidence):
		return m.copy(key.Matches(k, keys.CopyEvidence)), true
	case key.Matches(k, keys.Heal):
		return m.heal(), true
	}
	return m.openPlace(k)
}

// closer is a view that has something of its own to close before itself: a
// filter, a zoomed part. It tells whether it had.
type closer interface{ closes(m *Model) bool }

// openPlace opens the view that a key names.
func (m *Model) openPlace(k tea.KeyPressMsg) (tea.Cmd, bool) {
	switch {
	case key.Matches(k, keys.Causes):
		m.openCauses()
		return nil, true
	case key.Matches(k, keys.Explain):
		m.openExplain()
		return nil, true
	case key.Matches(k, keys.Paste):
		return m.openPasteWith(""), true
	case key.Matches(k, keys.Capture):
		return m.openCapture(), true
	case key.Matches(k, keys.Matrix):
		return m.openMatrix(), true
	case key.Matches(k, keys.Count):
		m.openCount()
		return nil, true
	case key.Matches(k, keys.Target):
		return m.openForm(), true
	case key.Matches(k, keys.Save):
		m.openSave()
		return nil, true
	}
	return nil, false
}

// busy tells whether a run is under way.
func (m *Model) busy() bool { return m.run.running }

// quit ends the program. A run is stopped first; its summary is what gets
// printed.
func (m *Model) quit() tea.Cmd {
	if m.leaving || !m.busy() {
		m.stop()
		return tea.Quit
	}
	m.leaving = true
	m.note = "stopping the run"
	m.stop()
	return tea.Tick(leaveAfter, func(time.Time) tea.Msg { return tea.QuitMsg{} })
}

// leaveAfter is how long leaving waits for a stopped run to sum up.
const leaveAfter = 2 * time.Second

// Events are what the screen shows, as a saved run holds it: what leaving prints.
// While names are hidden they are masked.
func (m *Model) Events() []run.Event {
	if m.run.running && m.run.plan != nil && m.svc.Judge != nil {
		m.cutShort()
	}
	if m.run.summary != nil && m.judged != m.run.news && m.svc.Judge != nil {
		m.sumUp(m.svc.Judge(m.run.results(), m.pasted)) // the user left before it was judged
	}
	return m.shownEvents()
}
