package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// band is a part of the screen from edge to edge, with a rule above it. It has
// one column or several side by side.
type band struct {
	cols   []column
	height int // lines without the rule; fewer lines are filled up, more are cut
}

// column is a part of a band.
type column struct {
	title string   // in the rule above
	width int      // cells between its vertical lines; the last column takes what is left
	lines []string // may carry colours; none holds a line break
}

// one is a band of a single column.
func one(title string, height int, lines []string) band {
	return band{cols: []column{{title: title, lines: lines}}, height: height}
}

// box are the characters that frames are drawn with.
type box struct {
	across, down                    string
	left, right, top, bottom, cross string // junctions, named by the side they stand on
	corners                         [4]string
}

// The sets of box characters.
var (
	lineBox  = box{"─", "│", "├", "┤", "┬", "┴", "┼", [4]string{"┌", "┐", "└", "┘"}}
	asciiBox = box{"-", "|", "+", "+", "+", "+", "+", [4]string{"+", "+", "+", "+"}}
)

// inner is the number of cells for text in a column that spans the screen.
func inner(width int) int { return max(width-4, 0) }

// draw puts bands into a frame of exactly width cells and at most height lines.
// The frame is cut, not wrapped, where the bands are higher than that.
func (l *look) draw(width, height int, bands []band) string {
	lines := make([]string, 0, height)
	var above []int // where vertical lines of the band above stand
	for i, b := range bands {
		here := b.edges(width)
		lines = append(lines, l.rule(width, above, here, b.cols, i == 0))
		lines = l.content(lines, width, b)
		above = here
	}
	lines = append(lines, l.rule(width, above, nil, nil, false))
	if len(lines) > height {
		lines = lines[:height]
	}
	return strings.Join(lines, "\n")
}

// edges are the cells of the inner vertical lines.
func (b band) edges(width int) []int {
	var at []int
	x := 0
	for _, c := range b.cols[:max(len(b.cols)-1, 0)] {
		x += c.width + 3
		if x < width-2 {
			at = append(at, x)
		}
	}
	return at
}

func has(list []int, x int) bool {
	for _, v := range list {
		if v == x {
			return true
		}
	}
	return false
}

// rule is a horizontal line with the titles of the columns below it. No columns
// make the bottom of the frame.
func (l *look) rule(width int, above, below []int, cols []column, first bool) string {
	cells := make([]string, width)
	for x := range cells {
		up, down := has(above, x), has(below, x)
		switch {
		case up && down:
			cells[x] = l.box.cross
		case up:
			cells[x] = l.box.bottom
		case down:
			cells[x] = l.box.top
		default:
			cells[x] = l.box.across
		}
	}
	if width > 0 {
		cells[0], cells[width-1] = l.box.left, l.box.right
		switch {
		case first:
			cells[0], cells[width-1] = l.box.corners[0], l.box.corners[1]
		case len(cols) == 0:
			cells[0], cells[width-1] = l.box.corners[2], l.box.corners[3]
		}
	}
	var b strings.Builder
	from := 0
	for i, c := range cols {
		start, end := 0, width-1
		if i > 0 {
			start = below[min(i, len(below))-1]
		}
		if i < len(below) {
			end = below[i]
		}
		if c.title == "" || end-start < 8 || start < from && i > 0 {
			continue
		}
		title := typeset.Cut(typeset.Printable(c.title), end-start-6)
		b.WriteString(l.style.frame.Render(strings.Join(cells[from:start+2], "")))
		b.WriteString(" " + l.style.title.Render(title) + " ")
		from = start + 4 + typeset.Width(title)
	}
	b.WriteString(l.style.frame.Render(strings.Join(cells[min(from, width):], "")))
	return b.String()
}

// content draws the lines of a band between their vertical lines.
func (l *look) content(lines []string, width int, b band) []string {
	edges := append(b.edges(width), width-1)
	bar := l.style.frame.Render(l.box.down)
	for i := range b.height {
		var row strings.Builder
		row.WriteString(bar)
		from := 0
		for n, x := range edges {
			text := ""
			if n < len(b.cols) && i < len(b.cols[n].lines) {
				text = b.cols[n].lines[i]
			}
			row.WriteString(" " + fit(text, x-from-3) + " " + bar)
			from = x
		}
		lines = append(lines, row.String())
	}
	return lines
}

// fit cuts or pads text that may carry colours to exactly a width.
func fit(text string, width int) string {
	if width <= 0 {
		return ""
	}
	w := typeset.Width(text)
	if w > width {
		text = ansi.Truncate(text, width, "..")
		if strings.Contains(text, "\x1b") {
			text += "\x1b[0m"
		}
		w = typeset.Width(text)
	}
	return text + strings.Repeat(" ", max(width-w, 0))
}
