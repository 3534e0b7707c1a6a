package tui

import (
	"fmt"
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
	"github.com/kmsdiag/kmsdiag/kms"
)

// where says which bytes a field is read from; nothing for those without.
func (d *dissected) where(f kms.Field) string {
	what := "bytes"
	switch {
	case f.Length == 0:
		return ""
	case f.Sealed && d.unreadable >= 0:
		what = "encrypted"
	case f.Sealed:
		what = "decrypted"
	}
	if f.Length == 1 {
		return fmt.Sprintf("%s %d", strings.TrimSuffix(what, "s"), f.Offset)
	}
	return fmt.Sprintf("%s %d-%d", what, f.Offset, f.Offset+f.Length-1)
}

// Widths in the fields pane, in cells.
const (
	fieldName     = 26
	fieldNameThin = 18
	fieldsThin    = 60 // below that the place is left out, or stands behind the name
)

// fieldLines are the fields of the message: a line each, and all of each in the
// zoomed pane.
func (v *captureView) fieldLines(m *Model, width, height int) []string {
	d, ok := v.dissected(m)
	if !ok {
		return nil
	}
	if len(d.fields) == 0 {
		return window(typeset.Wrap(d.text, width), 0, height)
	}
	at := v.fieldAt(d)
	if v.zoom {
		return v.wholeFields(m, d, at, width, height)
	}
	return rowsAround(len(d.fields), at, height, func(i int) string {
		f := d.fields[i]
		where, room := d.where(f), width-2
		name := typeset.Fit(f.Name, fieldName)
		if room < fieldsThin {
			name, where = typeset.Fit(f.Name, min(fieldNameThin, room/2)), ""
		}
		text := name + "  " + typeset.Printable(f.Value)
		if where != "" {
			text = typeset.Fit(text, room-len(where)-1) + " " + where
		}
		return v.cursorLine(m, paneFields, i == at, text, room)
	})
}

// wholeFields show every value to its end.
func (v *captureView) wholeFields(m *Model, d dissected, at, width, height int) []string {
	var lines []string
	from, to := 0, 0 // of the field under the cursor
	for i, f := range d.fields {
		if i == at {
			from = len(lines)
		}
		for _, text := range d.wholeField(f, width-2) {
			lines = append(lines, v.cursorLine(m, paneFields, i == at, text, width-2))
		}
		if i == at {
			to = len(lines)
		}
	}
	first := max(min((from+to-height)/2, len(lines)-height), 0)
	if to-from > height { // the value alone fills the pane
		first = from + min(v.within, to-from-height)
	}
	return window(lines, first, height)
}

// wholeField are the lines of a field.
func (d *dissected) wholeField(f kms.Field, width int) []string {
	where := d.where(f)
	name := typeset.Fit(f.Name, fieldName)
	if width < fieldsThin {
		lines := []string{spread(f.Name, where, width)}
		for _, text := range typeset.Wrap(f.Value, width-2) {
			lines = append(lines, "  "+text)
		}
		return lines
	}
	var lines []string
	for _, text := range typeset.Wrap(f.Value, width-fieldName-2) {
		lines = append(lines, name+"  "+text)
		name = strings.Repeat(" ", fieldName)
	}
	last := len(lines) - 1
	if typeset.Width(lines[last])+1+len(where) > width {
		return append(lines, spread("", where, width))
	}
	lines[last] = spread(lines[last], where, width)
	return lines
}

// fieldOverflow is by how many lines the value under the cursor is longer than
// the zoomed pane; 0 when it fits.
func (v *captureView) fieldOverflow(m *Model) int {
	d, ok := v.dissected(m)
	if !ok || !v.zoom || v.focus != paneFields || len(d.fields) == 0 {
		return 0
	}
	return max(len(d.wholeField(d.fields[v.fieldAt(d)], inner(m.w)-2))-v.zoomHeight(m), 0)
}
