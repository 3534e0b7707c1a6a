package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/hostlog"
)

// chartGlyphs draw a chart: a full and a half cell, a cell of the forecast, and
// a threshold.
type chartGlyphs struct{ full, half, ahead, line string }

var (
	wgl4Chart  = chartGlyphs{"█", "▄", "░", "·"}
	asciiChart = chartGlyphs{"#", "=", ".", "-"}
)

// Size of a chart, in cells.
const (
	chartRows   = 8
	chartLegend = 9 // width of the numbers at its left
	chartMost   = 66
)

// column is one column of a chart.
type column struct {
	value int
	ahead bool
}

// columns fits the course and the forecast into a width. Several days in one
// column show the smallest count, since that is the one that matters.
func columns(l *hostlog.List, width int) (cols []column, each, past int) {
	var days []column
	for _, d := range l.Course {
		days = append(days, column{d.Count, false})
	}
	for _, n := range l.Forecast.Days {
		days = append(days, column{n, true})
	}
	each = (len(days) + width - 1) / max(width, 1)
	each = max(each, 1)
	for i := 0; i < len(days); i += each {
		c := days[i]
		for _, d := range days[i:min(i+each, len(days))] {
			c.value = min(c.value, d.value)
			c.ahead = c.ahead || d.ahead
		}
		if !c.ahead {
			past++
		}
		cols = append(cols, c)
	}
	return cols, each, past
}

// chart draws the course of the count, and behind it how it ages if nobody asks
// any more.
func (t *hostLogText) chart(l *hostlog.List) {
	g := wgl4Chart
	if t.s.Glyphs == ASCII {
		g = asciiChart
	}
	cols, each, past := columns(l, min(t.s.Width-chartLegend-2, chartMost))
	top := l.Needed
	for _, c := range cols {
		top = max(top, c.value)
	}
	if top == 0 {
		return
	}
	rowOf := func(n int) int { return min(n*chartRows/(top+1), chartRows-1) }
	marked := map[int]int{rowOf(top): top}
	if l.Needed > 0 {
		marked[rowOf(l.Needed)] = l.Needed
	}
	for row := chartRows - 1; row >= 0; row-- {
		label := ""
		if n, ok := marked[row]; ok {
			label = fmt.Sprint(n)
		}
		if row == 0 && label == "" {
			label = "0"
		}
		var line strings.Builder
		for _, c := range cols {
			line.WriteString(g.cell(c, row, top, l.Needed > 0 && row == rowOf(l.Needed)))
		}
		fmt.Fprintf(&t.b, "%*s  %s\n", chartLegend-2, label, strings.TrimRight(line.String(), " "))
	}
	t.axis(l, each, past, len(cols))
}

// cell is one cell of a chart.
func (g chartGlyphs) cell(c column, row, top int, threshold bool) string {
	half := 2 * (row*top + top/2) / chartRows / 2 // value at the middle of the row
	switch filled := c.value * 2 * chartRows; {
	case c.ahead && c.value > half:
		return g.ahead
	case !c.ahead && filled >= (2*row+2)*top:
		return g.full
	case !c.ahead && filled >= (2*row+1)*top:
		return g.half
	case !c.ahead && row == 0 && c.value > 0:
		return g.half
	case threshold:
		return g.line
	}
	return " "
}

// axis writes the days below a chart.
func (t *hostLogText) axis(l *hostlog.List, each, past, all int) {
	if len(l.Course) == 0 {
		return
	}
	first, last := l.Course[0].Day, l.Course[len(l.Course)-1].Day
	line := strings.Repeat(" ", chartLegend) + first
	if at := chartLegend + past - len(last); at > len(line)+1 {
		line += strings.Repeat(" ", at-len(line)) + last
	} else {
		line += " to " + last
	}
	if day, err := time.Parse(time.DateOnly, last); err == nil && len(l.Forecast.Days) > 0 {
		end := day.AddDate(0, 0, len(l.Forecast.Days)).Format(time.DateOnly)
		if at := chartLegend + all - len(end); at > len(line)+1 {
			line += strings.Repeat(" ", at-len(line)) + end
		} else {
			line += " .. " + end
		}
	}
	t.b.WriteString(line + "\n")
	g := wgl4Chart
	if t.s.Glyphs == ASCII {
		g = asciiChart
	}
	text := "client ids of 30 days; " + g.ahead + " if nobody asked any more"
	if each > 1 {
		text += fmt.Sprintf("; the least of %d days a column", each)
	}
	hang(&t.b, strings.Repeat(" ", chartLegend), text, t.s.Width)
}

// courseWords tells the course in sentences, for a screen reader.
func (t *hostLogText) courseWords(l *hostlog.List) {
	if len(l.Course) == 0 {
		return
	}
	low, high := l.Course[0], l.Course[0]
	for _, d := range l.Course {
		if d.Low < low.Low {
			low = d
		}
		if d.Count > high.Count {
			high = d
		}
	}
	hang(&t.b, "", fmt.Sprintf("The count went from %d on %s to %d on %s; the least was %d on %s, the most %d on %s.",
		l.Course[0].Count, l.Course[0].Day, l.Course[len(l.Course)-1].Count, l.Course[len(l.Course)-1].Day, low.Low, low.Day, high.Count, high.Day), t.s.Width)
	for _, f := range l.Forecast.Falls {
		hang(&t.b, "", fmt.Sprintf("If nobody asked any more it would fall below %d on %s.", f.Threshold, stampText(f.At)), t.s.Width)
	}
}
