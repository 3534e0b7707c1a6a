package tui

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/run"
)

// howToPaste stands where nothing was pasted yet.
const howToPaste = "Paste or type what a tool printed: slmgr /dlv, ospp /dstatus, events 12288, 12289 and 12290, nslookup, ipconfig /all, a code or plain words. " +
	"Every key is text here, also q and enter; esc leaves once nothing follows it. Product keys are masked, and nothing of it is stored."

func (v *pasteView) bands(m *Model, w, h int) []band {
	if w >= wide {
		left := w/2 - 3
		text := h - 1
		return []band{{height: text, cols: []column{
			{title: "1 Pasted text", width: left, lines: v.text(m, left, text)},
			{title: "2 What it changes", lines: window(v.readAs(m, w-left-7), v.scroll, text)},
		}}}
	}
	free := h - 2
	text := free * 2 / 5
	return []band{
		one("1 Pasted text", text, v.text(m, inner(w), text)),
		one("2 What it changes", free-text, window(v.readAs(m, inner(w)), v.scroll, free-text)),
	}
}

// text is the end of the text with the cursor.
func (v *pasteView) text(m *Model, width, height int) []string {
	if len(v.buffer.text) == 0 {
		lines := append([]string{"_"}, typeset.Wrap(howToPaste, width)...)
		return lines[:max(min(height, len(lines)), 0)]
	}
	lines := v.lines[max(len(v.lines)-height, 0):]
	out := make([]string, 0, len(lines))
	for i, line := range lines {
		line = typeset.Printable(m.shownPaste(line))
		if i == len(lines)-1 {
			out = append(out, endOf(line, width-1)+"_")
			break
		}
		out = append(out, typeset.Cut(line, width))
	}
	return out
}

// endOf is the end of a line that fits a width; dots mark what is missing.
func endOf(line string, width int) string {
	if typeset.Width(line) <= width {
		return line
	}
	runes := []rune(line)
	used, at := 2, len(runes)
	for at > 0 {
		used += typeset.Width(string(runes[at-1]))
		if used > width {
			break
		}
		at--
	}
	return ".." + string(runes[at:])
}

// readAs says what was recognised, and what that does to the causes.
func (v *pasteView) readAs(m *Model, width int) []string {
	d := &textBlock{look: m.look, width: width}
	v.state(m, d)
	if v.result != nil || m.joined {
		v.changes(m, d)
	}
	if v.result == nil {
		return d.lines
	}
	if len(v.result.Unread) > 0 {
		d.blank()
		d.heading(fmt.Sprintf("NOT UNDERSTOOD: %s", lineCount(len(v.result.Unread))))
		for _, line := range v.result.Unread[:min(len(v.result.Unread), maxUnread)] {
			d.lines = append(d.lines, "  "+typeset.Cut(typeset.Printable(m.shownPaste(line)), width-2))
		}
	}
	return d.lines
}

// maxUnread bounds the lines shown that nobody understood.
const maxUnread = 50

func lineCount(n int) string {
	if n == 1 {
		return "1 line"
	}
	return fmt.Sprintf("%d lines", n)
}

// state says how far the reading is.
func (v *pasteView) state(m *Model, d *textBlock) {
	if v.buffer.cut > 0 {
		d.hang(m.look.status(run.Warn).Render("CUT")+"  ", fmt.Sprintf("the first %s are kept; %s behind them were left out", megabytes(int64(len(v.buffer.text))), megabytes(v.buffer.cut)))
	}
	switch {
	case v.err != nil:
		d.hang(m.look.status(run.Fail).Render("UNREADABLE")+"  ", m.shownPaste(v.err.Error()))
	case v.waiting && !v.reading:
		d.text("taking it in: " + megabytes(int64(len(v.buffer.text))))
	case v.reading || v.read != v.seen:
		d.text("reading ..")
	case v.result == nil:
		d.text("nothing was pasted; what is known is from the run alone")
	case len(v.result.Kinds) == 0:
		d.text("nothing was recognised in it")
	default:
		d.hang(m.look.style.heading.Render("READ AS")+"  ", strings.Join(v.result.Kinds, ", "))
	}
	if v.result != nil && v.result.Truncated {
		d.text("It holds more than is kept: the causes stand on its first part.")
	}
}

// megabytes says a number of bytes.
func megabytes(n int64) string {
	if n < 100<<10 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
}

// changes lists the causes, each with what the joined evidence did to it.
func (v *pasteView) changes(m *Model, d *textBlock) {
	list := changes(m.shownPlain(), m.shownCauses())
	changed := 0
	for _, c := range list {
		if c.word != "" {
			changed++
		}
	}
	d.blank()
	switch changed {
	case 0:
		d.heading("CAUSES NOW: none changed")
	default:
		d.heading(fmt.Sprintf("CAUSES NOW: %d changed by what was joined", changed))
	}
	if len(list) == 0 {
		d.text("  nothing is found or possible")
	}
	for _, c := range list {
		text := c.cause.Title
		if c.cause.Verdict != "" {
			text = string(c.cause.Verdict) + ": " + text
		}
		if c.word == "" {
			d.hang("  ", text)
			continue
		}
		from := len(d.lines)
		d.hang(c.mark+" ", text+" ("+c.word+")")
		for i := from; i < len(d.lines); i++ {
			d.lines[i] = m.look.style.changed.Render(d.lines[i])
		}
	}
}
