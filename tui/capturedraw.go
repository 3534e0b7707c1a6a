package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
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
		h -= 2
		last = []band{one("Write packets to a new file", 1, []string{v.typed.line("name: ", inner(w))})}
	}
	if v.zoom || m.h < listAlone {
		return append([]band{one(titles[v.focus], h-1, draw[v.focus](m, inner(w), h-1))}, last...)
	}
	if w >= wide {
		return append(v.wideBands(m, w, h, titles, draw), last...)
	}
	heights := v.heights(h-v.panes(), []int{5, 4, 4, 3}[:v.panes()], v.needs(m))
	var bands []band
	for i, n := range heights {
		bands = append(bands, one(titles[i], n, draw[i](m, inner(w), n)))
	}
	return append(bands, last...)
}

// needs are the lines that fill each pane.
func (v *captureView) needs(m *Model) []int {
	need := []int{len(v.shown) + 2, 1, 1, 1}
	if t := v.current(); t != nil {
		need[paneMessages] = len(t.messages)
	}
	if d, ok := v.dissected(m); ok {
		need[paneFields], need[paneBytes] = max(len(d.fields), 1), max((len(d.bytes)+15)/16, 1)
	}
	return need
}

// heights shares lines out by weight, the pane in focus getting more; what a
// pane does not need goes to those that do.
func (v *captureView) heights(free int, weights, need []int) []int {
	weights[v.focus] += 3
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
		at := (v.focus + i) % len(out)
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
	free := h - 2
	low := 0
	if !v.noBytes {
		free--
		low = max(free/4, 3)
	}
	top := (free - low) / 2
	if v.focus == paneTalks {
		top += (free - low) / 8
	}
	mid := free - low - top
	bands := []band{
		one(titles[0], top, draw[0](m, inner(w), top)),
		{height: mid, cols: []column{
			{title: titles[1], width: left, lines: draw[1](m, left, mid)},
			{title: titles[2], lines: draw[2](m, right, mid)},
		}},
	}
	if low > 0 {
		bands = append(bands, one(titles[3], low, draw[3](m, inner(w), low)))
	}
	return bands
}

// rowsAround are the lines of a list that are on screen, the cursor among them.
// Only those are made.
func rowsAround(n, at, height int, line func(i int) string) []string {
	from := max(min(at-height/2, n-height), 0)
	var out []string
	for i := from; i < min(from+height, n); i++ {
		out = append(out, line(i))
	}
	return out
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
	if line := v.causeLine(m); line != "" && height > 3 {
		tail = append(tail, m.look.style.bold.Render(typeset.Cut(typeset.Printable(line), width)))
	}
	height -= len(tail)
	if len(v.shown) == 0 {
		text := "nothing of KMS yet: a client asks when it starts, every two hours until it is activated, then every seven days"
		switch {
		case v.filter.text != "":
			text = "no conversation matches " + typeset.Cut(v.filter.text, 30)
		case !c.running && c.summary != nil:
			text = m.shownText(c.summary.Conclusion)
		}
		return append(window(typeset.Wrap(text, width), 0, max(height, 0)), tail...)
	}
	rows := rowsAround(len(v.shown), v.index(), max(height, 0), func(i int) string {
		return v.talkLine(m, v.shown[i], width)
	})
	return append(rows, tail...)
}

func (v *captureView) talkLine(m *Model, t *talk, width int) string {
	mark := strings.Repeat(" ", m.look.glyphs.Width())
	if t.status != "" {
		mark = m.look.mark(t.status)
	}
	ends := m.shownText(t.client.String() + " > " + t.host.String())
	end := typeset.Took(t.took)
	room := max(width-2-m.look.glyphs.Width()-1, 0)
	text := typeset.Printable(m.shownText(t.said()))
	if m.hidden && t.id < 0 { // names of hosts that nobody has learned
		text = "asked DNS"
	}
	if width < 72 {
		ends = m.shownText(t.client.Addr().String())
		end = ""
	}
	body := typeset.Pad(ends, min(44, room/2)) + "  " + text
	if end != "" && typeset.Width(body)+len(end)+2 <= room {
		body = typeset.Pad(body, room-len(end)) + end
	}
	line := v.cursorLine(m, paneTalks, t.id == v.talk, body, room)
	return line[:2] + mark + " " + line[2:]
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

// messageLines are the messages of the conversation.
func (v *captureView) messageLines(m *Model, width, height int) []string {
	t := v.current()
	if t == nil {
		return nil
	}
	var head []string
	if t.left > 0 && height > 2 {
		head = []string{m.look.style.dim.Render(typeset.Cut(fmt.Sprintf("%d messages in the middle are not kept", t.left), width))}
	}
	return append(head, rowsAround(len(t.messages), v.message, height-len(head), func(i int) string {
		msg := &t.messages[i]
		way := "<"
		if msg.sent {
			way = ">"
		}
		clock := "time unknown"
		if msg.at != 0 {
			clock = time.Unix(0, msg.at).UTC().Format("15:04:05.000")
		}
		d := t.shownMessage(m, i)
		text := fmt.Sprintf("%s  %s  %s  %s", clock, way, typeset.Pad(d.name, 14), d.text)
		if width < 56 {
			text = fmt.Sprintf("%s %s %s", way, d.name, d.text)
		}
		return v.cursorLine(m, paneMessages, i == v.message, text, width-2)
	})...)
}

// fieldLines are the fields of the message.
func (v *captureView) fieldLines(m *Model, width, height int) []string {
	d, ok := v.dissected(m)
	if !ok {
		return nil
	}
	if len(d.fields) == 0 {
		return typeset.Wrap(d.text, width)
	}
	at := v.fieldAt(d)
	return rowsAround(len(d.fields), at, height, func(i int) string {
		f := d.fields[i]
		where := ""
		if f.Length > 0 {
			where = fmt.Sprintf("bytes %d-%d", f.Offset, f.Offset+f.Length-1)
			if f.Sealed {
				where = "decrypted " + where[len("bytes "):]
			}
			if f.Sealed && d.unreadable >= 0 {
				where = "encrypted " + where[len("decrypted "):]
			}
		}
		room := width - 2
		name := typeset.Fit(f.Name, 26)
		if room < 60 {
			name, where = typeset.Fit(f.Name, min(18, room/2)), ""
		}
		value := typeset.Printable(f.Value)
		text := name + "  " + value
		if where != "" {
			text = typeset.Fit(text, room-len(where)-1) + " " + where
		}
		return v.cursorLine(m, paneFields, i == at, text, room)
	})
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
