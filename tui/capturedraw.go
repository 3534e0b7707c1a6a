package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

func (v *captureView) bands(m *Model, w, h int) []band {
	if v.choosing || m.capture == nil {
		return v.chooserBands(m, w, h)
	}
	titles := []string{"1 Conversations", "2 Messages", "3 Fields", v.bytesTitle(m)}[:v.panes()]
	draw := []func(*Model, int, int) []string{v.talkLines, v.messageLines, v.fieldLines, v.byteLines}
	prompted := v.typed.on && v.writes
	var last []band
	if prompted {
		lines := v.writeLines(m, inner(w))
		h -= 1 + len(lines)
		last = []band{one("Write packets to a new file", len(lines), lines)}
	}
	if v.zoom || m.h < listAlone {
		return append([]band{one(titles[v.focus], h-1, draw[v.focus](m, inner(w), h-1))}, last...)
	}
	if w >= wide {
		return append(v.wideBands(m, w, h, titles, draw), last...)
	}
	var bands []band
	need := v.needs(m, inner(w))
	heights := share(h-v.panes(), []int{5, 4, 4, 3}[:v.panes()], need[:v.panes()], v.focus)
	for i, n := range heights {
		bands = append(bands, one(titles[i], n, draw[i](m, inner(w), n)))
	}
	return append(bands, last...)
}

// zoomHeight is the number of lines of a zoomed pane.
func (v *captureView) zoomHeight(m *Model) int { return m.h - 3 - len(m.footer(v)) - 1 }

// needs are the lines that fill each pane.
func (v *captureView) needs(m *Model, width int) []int {
	need := []int{len(v.shown) + 1, 1, 1, 1}
	if v.filter.typing || v.filter.text != "" {
		need[paneTalks]++
	}
	if m.capture.broken != "" {
		need[paneTalks]++
	}
	if len(v.shown) == 0 {
		need[paneTalks] += len(typeset.Wrap(v.noTalks(m), width))
	}
	if t := v.current(); t != nil {
		need[paneMessages] = len(t.messages)
		if t.left > 0 {
			need[paneMessages]++
		}
	}
	if d, ok := v.dissected(m); ok {
		per, _ := bytesPerRow(width)
		need[paneFields], need[paneBytes] = max(len(d.fields), 1), max((len(d.bytes)+per-1)/per, 1)
	}
	return need
}

// share gives lines to panes by weight, the one in focus getting more; what a
// pane does not need goes to those that do.
func share(free int, weights, need []int, focus int) []int {
	weights[focus] += 3
	sum := 0
	for _, n := range weights {
		sum += n
	}
	out, left := make([]int, len(weights)), free
	for i, n := range weights {
		out[i] = max(min(free*n/sum, need[i]), 1)
		left -= out[i]
	}
	for i := range out {
		at := (focus + i) % len(out)
		more := max(min(left, need[at]-out[at]), 0)
		out[at] += more
		left -= more
	}
	out[len(out)-1] += left
	return out
}

// wideBands put messages and fields side by side.
func (v *captureView) wideBands(m *Model, w, h int, titles []string, draw []func(*Model, int, int) []string) []band {
	left := w*2/5 - 3
	right := w - left - 7
	need := v.needs(m, inner(w))
	need = []int{need[paneTalks], max(need[paneMessages], need[paneFields]), need[paneBytes]}
	rows := []int{0, 1, 1, 2}[v.focus]
	n := 3
	if v.noBytes {
		n = 2
	}
	heights := share(h-n, []int{4, 5, 3}[:n], need[:n], rows)
	bands := []band{
		one(titles[0], heights[0], draw[0](m, inner(w), heights[0])),
		{height: heights[1], cols: []column{
			{title: titles[1], width: left, lines: draw[1](m, left, heights[1])},
			{title: titles[2], lines: draw[2](m, right, heights[1])},
		}},
	}
	if !v.noBytes {
		bands = append(bands, one(titles[3], heights[2], draw[3](m, inner(w), heights[2])))
	}
	return bands
}

// rowsAround are the lines of a list that are on screen, the cursor among them.
// Only those are made.
func rowsAround(n, at, height int, line func(i int) string) []string {
	var out []string
	from, to := onScreen(n, at, height)
	for i := from; i < to; i++ {
		out = append(out, line(i))
	}
	return out
}

// onScreen is the part of a list around its cursor that fits a height.
func onScreen(n, at, height int) (from, to int) {
	from = max(min(at-height/2, n-height), 0)
	return from, min(from+height, n)
}

// cursorLine marks the row under the cursor; in the focused pane it is reversed.
func (v *captureView) cursorLine(m *Model, pane int, current bool, text string, width int) string {
	text = typeset.Fit(typeset.Printable(text), max(width, 0))
	switch {
	case current && v.focus == pane:
		return "> " + m.look.style.selected.Render(text)
	case current:
		return "> " + text
	}
	return "  " + text
}

// talkLines are the conversations, and what they add up to.
func (v *captureView) talkLines(m *Model, width, height int) []string {
	c := m.capture
	var tail []string
	if v.filter.typing || v.filter.text != "" {
		tail = append(tail, v.filter.line(width))
	}
	if line := v.causeLine(m); line != "" && height > 1 {
		tail = append(tail, m.look.style.bold.Render(typeset.Cut(typeset.Printable(line), width)))
	}
	if c.broken != "" && height > 2 {
		tail = append(tail, typeset.Cut(typeset.Printable(m.shownText(c.broken)), width))
	}
	height -= len(tail)
	if len(v.shown) == 0 {
		return append(window(typeset.Wrap(v.noTalks(m), width), 0, max(height, 0)), tail...)
	}
	from, to := onScreen(len(v.shown), v.index(), max(height, 0))
	return append(v.talkRows(m, v.shown[from:to], width), tail...)
}

// noTalks stands in place of conversations.
func (v *captureView) noTalks(m *Model) string {
	c := m.capture
	switch {
	case v.filter.text != "":
		return "no conversation matches " + typeset.Cut(v.filter.text, 30)
	case !c.running && c.summary != nil:
		return m.shownText(c.summary.Conclusion)
	case !c.running:
		return "nothing was captured"
	}
	return "nothing of KMS yet: a client asks when it starts, every two hours until it is activated, then every seven days"
}

// causeLine says what the capture comes to.
func (v *captureView) causeLine(m *Model) string {
	c := m.capture
	if c.summary == nil {
		return ""
	}
	var titles []string
	for _, cause := range c.summary.Causes {
		if cause.Verdict == diagnose.Found || cause.Verdict == diagnose.Possible && len(titles) == 0 {
			titles = append(titles, string(cause.Verdict)+": "+cause.Title)
		}
	}
	switch n := len(c.summary.Causes); {
	case n > 0 && len(titles) > 0:
		return m.shownText(fmt.Sprintf("%s (d shows %s)  %s", counted(int64(n), "cause"), map[bool]string{true: "it", false: "them"}[n == 1], titles[0]))
	case len(v.shown) == 0:
		return ""
	}
	first, _, _ := strings.Cut(strings.TrimSpace(c.summary.Conclusion), "\n")
	return m.shownText(first)
}

// leftOut says how many messages are missing.
func leftOut(t *talk) string {
	return counted(int64(t.left), "message") + " in the middle are not kept"
}

// messageLines are the messages of the conversation.
func (v *captureView) messageLines(m *Model, width, height int) []string {
	t := v.current()
	if t == nil {
		return nil
	}
	var head []string
	if t.left > 0 && height > 2 {
		head = []string{m.look.style.dim.Render(typeset.Cut(leftOut(t), width))}
	}
	return append(head, rowsAround(len(t.messages), v.message, height-len(head), func(i int) string {
		d := t.shownMessage(m, i)
		text := t.messageText(d, i)
		if width < 56 {
			text = fmt.Sprintf("%s %s %s", t.messages[i].way(), d.name, d.text)
		}
		return v.cursorLine(m, paneMessages, i == v.message, text, width-2)
	})...)
}

// way points to the host, or away from it.
func (msg *talkMessage) way() string {
	if msg.sent {
		return ">"
	}
	return "<"
}

// messageText is a message in a line.
func (t *talk) messageText(d dissected, at int) string {
	msg := &t.messages[at]
	clock := "time unknown"
	if msg.at != 0 {
		clock = time.Unix(0, msg.at).UTC().Format("15:04:05.000")
	}
	return fmt.Sprintf("%s  %s  %s  %s", clock, msg.way(), typeset.Pad(d.name, t.nameWidth()), d.text)
}

// nameWidth is the width of the longest name that messages here may have.
func (t *talk) nameWidth() int {
	for i := range t.messages {
		if data := t.messages[i].data; len(data) > 2 && data[2] == byte(dcerpc.TypeAlterContextResp) {
			return len("ALTER_CONTEXT_RESP")
		}
	}
	return len("ALTER_CONTEXT")
}

func (v *captureView) bytesTitle(m *Model) string {
	if d, ok := v.dissected(m); ok && len(d.fields) > 0 && d.fields[v.fieldAt(d)].Sealed {
		if d.unreadable >= 0 {
			return "4 Bytes, encrypted"
		}
		return "4 Bytes, decrypted"
	}
	return "4 Bytes"
}
