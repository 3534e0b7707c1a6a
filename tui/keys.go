package tui

import (
	"charm.land/bubbles/v2/key"
)

// keyMap holds every key of the program. A key has one meaning everywhere; views
// name the bindings that work in them, and the footer and the help are made of
// those same values.
type keyMap struct {
	Up, Down, PageUp, PageDown, Home, End key.Binding
	Enter, Back, Tab, Pane                key.Binding
	NextFail, PrevFail                    key.Binding
	NextCause, PrevCause                  key.Binding

	Rerun, RerunAll, Watch, Test, Heal key.Binding

	Causes, Explain, Paste, Capture, Matrix, Count, Target key.Binding

	Filter, All, Copy, CopyEvidence, Save, Hide, Clear key.Binding

	Bytes, Follow, Write, Pause key.Binding

	Help, Quit, Interrupt key.Binding
}

func bind(show, does string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(show, does))
}

var keys = keyMap{
	Up:        bind("up/k", "up", "up", "k"),
	Down:      bind("down/j", "down", "down", "j"),
	PageUp:    bind("pgup", "page up", "pgup"),
	PageDown:  bind("pgdn", "page down", "pgdown"),
	Home:      bind("home/g", "first", "home", "g"),
	End:       bind("end/G", "last", "end", "G"),
	Enter:     bind("enter", "open", "enter"),
	Back:      bind("esc", "back, or stop a run", "esc"),
	Tab:       bind("tab", "next pane", "tab"),
	Pane:      bind("1-4", "go to a pane", "1", "2", "3", "4"),
	NextFail:  bind("n", "next failure", "n"),
	PrevFail:  bind("N", "previous failure", "N"),
	NextCause: bind("]", "next cause", "]"),
	PrevCause: bind("[", "previous cause", "["),

	Rerun:    bind("r", "rerun failed", "r"),
	RerunAll: bind("R", "rerun all", "R"),
	Watch:    bind("W", "watch: repeat", "W"),
	Test:     bind("T", "run the next test", "T"),
	Heal:     bind("H", "repair the simulated site", "H"),

	Causes:  bind("d", "causes of the whole run", "d"),
	Explain: bind("e", "explain a code", "e"),
	Paste:   bind("v", "paste what a tool printed", "v"),
	Capture: bind("c", "capture", "c"),
	Matrix:  bind("m", "which products a host serves", "m"),
	Count:   bind("u", "the count", "u"),
	Target:  bind("t", "another target", "t"),

	Filter:       bind("/", "filter", "/"),
	All:          bind("a", "show every skipped row", "a"),
	Copy:         bind("y", "copy the fix", "y"),
	CopyEvidence: bind("Y", "copy the evidence", "Y"),
	Save:         bind("s", "save", "s"),
	Hide:         bind("p", "hide names", "p"),
	Clear:        bind("del", "clear the paste", "delete"),

	Bytes:  bind("x", "hide bytes", "x"),
	Follow: bind("f", "follow", "f"),
	Write:  bind("w", "write pcap", "w"),
	Pause:  bind("space", "pause", "space"),

	Help:      bind("?", "help", "?"),
	Quit:      bind("q", "leave", "q"),
	Interrupt: bind("ctrl+c", "leave", "ctrl+c"),
}

// group is a heading of the help with its bindings.
type group struct {
	name string
	keys []key.Binding
}

// all returns every binding, under the heading where the help shows it.
func (k keyMap) all() []group {
	return []group{
		{"EVERYWHERE", []key.Binding{k.Help, k.Quit, k.Interrupt, k.Back, k.Tab, k.Pane, k.Up, k.Down, k.PageUp, k.PageDown, k.Home, k.End, k.Filter, k.Copy, k.CopyEvidence, k.Save, k.Hide, k.Pause}},
		{"CHECKS", []key.Binding{k.Enter, k.NextFail, k.PrevFail, k.Rerun, k.RerunAll, k.Watch, k.All, k.Heal}},
		{"WHY", []key.Binding{k.Causes, k.NextCause, k.PrevCause, k.Test, k.Explain, k.Paste, k.Clear, k.Count, k.Matrix, k.Target}},
		{"CAPTURE", []key.Binding{k.Capture, k.Follow, k.Write, k.Bytes}},
	}
}
