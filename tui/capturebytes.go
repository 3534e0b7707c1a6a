package tui

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// byteLines are the bytes of the message, those of the selected field in
// brackets and reversed.
func (v *captureView) byteLines(m *Model, width, height int) []string {
	d, ok := v.dissected(m)
	switch {
	case !ok:
		return nil
	case d.note != "":
		return window(typeset.Wrap(d.note, width), 0, height)
	}
	from, to := 0, 0
	if len(d.fields) > 0 {
		f := d.fields[v.fieldAt(d)]
		from, to = f.Offset, f.Offset+f.Length
	}
	end := len(d.bytes)
	if d.unreadable >= 0 {
		end = min(d.unreadable, end)
	}
	per, letters := bytesPerRow(width)
	rows := (end + per - 1) / per
	total := rows
	if end < len(d.bytes) {
		total++
	}
	first := max(min(from/per-1, total-height), 0)
	if to-from > per && (to-1)/per-first >= height {
		first = max(min(from/per, total-height), 0)
	}
	var out []string
	for i := first; i < min(first+height, total); i++ {
		if i == rows {
			out = append(out, fmt.Sprintf("%04x  encrypted: %d bytes that cannot be read, not shown", end, len(d.bytes)-end))
			continue
		}
		out = append(out, m.look.byteRow(d.bytes[:end], i*per, per, from, to, letters))
	}
	return out
}

// bytesPerRow is what a row of a width has room for, and whether for letters too.
func bytesPerRow(width int) (per int, letters bool) {
	switch {
	case width < 42:
		return 8, false
	case width < 76:
		return 8, true
	}
	return 16, true
}

// byteRow is one row of bytes: the offset, the bytes, the letters.
func (l *look) byteRow(b []byte, at, per, from, to int, letters bool) string {
	var row, mark, text strings.Builder
	fmt.Fprintf(&row, "%04x ", at)
	flush := func() {
		if mark.Len() > 0 {
			row.WriteString(l.style.selected.Render(mark.String()))
			mark.Reset()
		}
	}
	inside := func(i int) bool { return i >= at && i >= from && i < to && i < len(b) }
	for i := at; i < at+per; i++ {
		gap := "" // twice as wide in the middle
		if i == at+per/2 && per == 16 {
			gap = " "
		}
		in, before := inside(i), inside(i-1)
		switch {
		case before && in:
			mark.WriteString(gap + " ")
		case before:
			mark.WriteString("]")
			flush()
			row.WriteString(gap)
		case in:
			row.WriteString(gap)
			mark.WriteString("[")
		default:
			row.WriteString(gap + " ")
		}
		cell := "  "
		if i < len(b) {
			cell = fmt.Sprintf("%02x", b[i])
			text.WriteByte(letter(b[i]))
		}
		if in {
			mark.WriteString(cell)
		} else {
			row.WriteString(cell)
		}
	}
	if mark.Len() > 0 {
		mark.WriteString("]")
		flush()
	} else {
		row.WriteString(" ")
	}
	if letters {
		row.WriteString(" " + text.String())
	}
	return row.String()
}
