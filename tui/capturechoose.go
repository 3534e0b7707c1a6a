package tui

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// captureChoice is an interface to capture on.
type captureChoice struct{ name, about string }

// captureChoicesMsg are the interfaces there are.
type captureChoicesMsg struct {
	choices []captureChoice
	err     error
}

// captureFilesMsg completes a typed path.
type captureFilesMsg struct {
	prefix string
	files  []string
}

// captureWroteMsg is how writing packets went.
type captureWroteMsg struct {
	ask     CaptureRequest
	name    string
	packets int64
	err     error
}

// choose asks what to capture.
func (v *captureView) choose(m *Model) tea.Cmd {
	v.choosing, v.choice = true, 0
	list := m.svc.Interfaces
	if list == nil {
		return nil
	}
	return func() tea.Msg {
		interfaces, err := list()
		msg := captureChoicesMsg{err: err}
		for _, i := range interfaces {
			msg.choices = append(msg.choices, captureChoice{i.Name, aboutInterface(i)})
		}
		return msg
	}
}

func aboutInterface(i capture.Interface) string {
	state := "down"
	if i.Up {
		state = "up"
	}
	return strings.TrimSpace(state + "  " + strings.Join(i.Addresses, " ") + "  " + i.Description)
}

func (v *captureView) pressChoice(m *Model, k tea.KeyPressMsg) tea.Cmd {
	switch {
	case key.Matches(k, keys.Follow):
		v.grow = !v.grow
	case !key.Matches(k, keys.Enter):
		v.choice = moved(k, v.choice, len(v.choices)+1, 5)
	case v.choice == 0:
		v.typed, v.writes = prompt{on: true, text: v.typed.text}, false
	default:
		return v.start(m, CaptureRequest{Interface: v.choices[v.choice-1].name, Ports: m.livePorts()})
	}
	return nil
}

// start begins a capture and shows it.
func (v *captureView) start(m *Model, ask CaptureRequest) tea.Cmd {
	*v = captureView{follow: ask.Interface != "" || ask.Follow, noBytes: v.noBytes, choices: v.choices, typed: v.typed, grow: v.grow}
	v.typed.on = false
	cmd := m.startCapture(ask)
	v.refresh(m)
	return cmd
}

// typeKey takes a key of a typed line.
func (v *captureView) typeKey(m *Model, k tea.KeyPressMsg) tea.Cmd {
	if k.Code == tea.KeyTab && !v.writes {
		complete, prefix := m.svc.Files, v.typed.text
		if complete == nil {
			return nil
		}
		return func() tea.Msg { return captureFilesMsg{prefix, complete(prefix)} }
	}
	if !v.typed.press(k) || strings.TrimSpace(v.typed.text) == "" {
		return nil
	}
	name := strings.TrimSpace(v.typed.text)
	if v.writes {
		return v.write(m, name)
	}
	return v.start(m, CaptureRequest{Files: []string{strings.Trim(name, `"`)}, Follow: v.grow})
}

// completed puts what all matching files begin with into the line.
func (v *captureView) completed(m *Model, msg captureFilesMsg) {
	if !v.typed.on || v.writes || v.typed.text != msg.prefix {
		return
	}
	if len(msg.files) == 0 {
		m.note = "no file begins so"
		return
	}
	common := msg.files[0]
	for _, f := range msg.files[1:] {
		for !strings.HasPrefix(f, common) {
			common = common[:len(common)-1]
		}
	}
	if len(common) > len(msg.prefix) {
		v.typed.text = typeset.Printable(common)
		return
	}
	m.note = strings.Join(msg.files[:min(len(msg.files), 20)], "  ")
}

// startWrite asks for the name of a file for packets, or ends the writing.
func (v *captureView) startWrite(m *Model) tea.Cmd {
	c := m.capture
	switch {
	case m.svc.WritePackets == nil:
		m.note = "w: not part of this session"
	case c.writing != "":
		return v.write(m, "")
	case !c.running && c.ask.Interface != "":
		m.note = "w: the live capture has ended, and its packets were not kept"
	default:
		v.typed, v.writes = prompt{on: true, text: "kmsdiag.pcapng"}, true
	}
	return nil
}

func (v *captureView) write(m *Model, name string) tea.Cmd {
	ask, write, ctx := m.capture.ask, m.svc.WritePackets, m.ctx
	if name != "" {
		m.capture.unwritten = nil
	}
	return func() tea.Msg {
		n, err := write(ctx, ask, name)
		return captureWroteMsg{ask, name, n, err}
	}
}

// wrote says what was written, or why nothing was.
func (v *captureView) wrote(m *Model, msg captureWroteMsg) {
	c := m.capture
	if c == nil || c.ask.Tap != msg.ask.Tap {
		return
	}
	live := c.ask.Interface != ""
	switch {
	case errors.Is(msg.err, fs.ErrExist):
		m.note = msg.name + " exists and is left alone: w asks for another name"
	case msg.err != nil && c.writing != "":
		c.brokeOff(m, msg.err)
	case msg.err != nil:
		why, _ := captureTrouble(msg.err)
		m.note = "nothing was written: " + why
	case msg.name == "":
		m.note = fmt.Sprintf("%s: %s of KMS written", c.writing, counted(msg.packets, "packet"))
		c.writing = ""
	case live:
		c.writing = msg.name
		if c.unwritten != nil { // it broke before its name was here
			c.brokeOff(m, c.unwritten)
			return
		}
		m.note = "writing the packets of KMS from now on to " + msg.name + "; w ends it"
	default:
		m.note = fmt.Sprintf("%s: the %s of KMS in %s written", msg.name, counted(msg.packets, "packet"), c.ask.source())
	}
}

// chooserBands ask for a source.
func (v *captureView) chooserBands(m *Model, w, h int) []band {
	d := &textBlock{look: m.look, width: inner(w)}
	typing := v.typed.on && !v.writes
	if typing {
		d.lines = append(d.lines, v.typed.line("file: ", d.width))
	}
	v.chooserTrouble(m, d)
	top := len(d.lines)
	if typing {
		d.text("A pcap or pcapng file, gzip or zstd or plain.")
	} else {
		v.chooserRows(m, d)
	}
	d.blank()
	grow := "no"
	if v.grow {
		grow = "yes"
	}
	d.text("f: go on reading while a file grows: " + grow + ". A live capture takes TCP " + portsText(m.livePorts()) + " and DNS alone; nothing is sent.")
	if v.failed != nil {
		why, cure := captureTrouble(v.failed)
		d.labelled("LIST", strings.TrimSuffix("the interfaces cannot be listed: "+why+"; "+cure, "; "))
	}
	from := 0
	if at := top + v.choice + 1; at >= h-1 {
		from = at - (h - 2)
	}
	return []band{one("Capture from", h-1, window(d.lines, from, h-1))}
}

// chooserTrouble says why the last capture did not begin.
func (v *captureView) chooserTrouble(m *Model, d *textBlock) {
	c := m.capture
	if c == nil || c.err == nil {
		return
	}
	why, cure := captureTrouble(c.err)
	d.labelled("FAILED", m.shownText(why))
	if cure != "" {
		d.labelled("CURE", cure)
		d.labelled("", "or capture elsewhere, with tcpdump -w or pktmon, and open the file here")
	}
	d.blank()
}

// chooseAgain asks for another source than one that could not be read. A path
// that was typed stays, to be mended.
func (v *captureView) chooseAgain(ask CaptureRequest) {
	typed := len(ask.Files) == 1 && strings.Trim(strings.TrimSpace(v.typed.text), `"`) == ask.Files[0]
	v.choosing, v.writes, v.typed.on = true, false, typed
}

func (v *captureView) chooserRows(m *Model, d *textBlock) {
	row := func(at int, name, about string) {
		text := typeset.Fit(typeset.Pad(typeset.Printable(name), 14)+"  "+typeset.Printable(about), d.width-2)
		if at == v.choice {
			d.lines = append(d.lines, "> "+m.look.style.selected.Render(text))
			return
		}
		d.lines = append(d.lines, "  "+text)
	}
	row(0, "a file ..", "pcap or pcapng, from tcpdump, Wireshark, pktmon")
	for i, c := range v.choices {
		row(i+1, c.name, m.shownText(c.about))
	}
}
