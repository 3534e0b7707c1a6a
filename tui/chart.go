package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/catalog"
	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// gauge draws a count as a bar up to a ceiling, with marks below it where
// products begin to be served.
func (l *look) gauge(d *textBlock, t catalog.Tally, ceiling int) {
	end := fmt.Sprintf(" %d of %d", t.Count, ceiling)
	cells := min(d.width-2-typeset.Width(end), 50)
	if cells < 10 || ceiling <= 0 {
		return
	}
	at := func(n int) int { return cells * min(n, ceiling) / ceiling }
	bar := strings.Repeat(l.blocks.full, at(t.Others)) + strings.Repeat(l.blocks.half, at(t.Count)-at(t.Others))
	bar += strings.Repeat(l.blocks.empty, cells-at(t.Count))
	style := l.style.pass
	if !t.Served {
		style = l.style.fail
	}
	d.lines = append(d.lines, "["+style.Render(bar)+"]"+end)
	scale := []byte(strings.Repeat(" ", cells+1+len("25")))
	for _, n := range []int{catalog.ServerN, catalog.ClientN} {
		if n < ceiling {
			copy(scale[at(n):], fmt.Sprintf("|%d", n))
		}
	}
	d.lines = append(d.lines, l.style.dim.Render(strings.TrimRight(string(scale), " ")))
}

// The size of a chart.
const (
	chartRows  = 6
	chartCells = 72
)

// chart draws the course of a count, where it was stated at more than one time.
func (l *look) chart(d *textBlock, samples []countSample) {
	for len(samples) > 0 && samples[0].at.IsZero() {
		samples = samples[1:]
	}
	if len(samples) < 2 {
		return
	}
	first, last := samples[0].at, samples[len(samples)-1].at
	span := last.Sub(first)
	cells := min(d.width-5, chartCells)
	if span <= 0 || cells < 16 {
		return
	}
	columns, top := courseOf(samples, cells)
	d.blank()
	d.heading("THE COUNT OVER TIME")
	for row := chartRows; row > 0; row-- {
		low, middle := 2*top*(row-1), top*(2*row-1) // in parts of 2*chartRows
		var line strings.Builder
		for _, n := range columns {
			switch {
			case 2*n*chartRows > middle:
				line.WriteString(l.blocks.full)
			case 2*n*chartRows > low:
				line.WriteString(l.blocks.lower)
			case n >= 0 && row == 1:
				line.WriteString(l.blocks.empty)
			default:
				line.WriteString(" ")
			}
		}
		d.lines = append(d.lines, fmt.Sprintf("%4s%s", rowLabel(row, top), l.box.down)+strings.TrimRight(line.String(), " "))
	}
	layout := timeLayout(span)
	left, right := first.UTC().Format(layout), last.UTC().Format(layout)+" UTC"
	d.lines = append(d.lines, l.style.dim.Render(strings.Repeat(" ", 5)+spread(left, right, cells)))
}

// courseOf is the count in each column of a chart, the last one stated until
// then, and the highest value of the chart: a need if the count is near it.
func courseOf(samples []countSample, cells int) (columns []int, top int) {
	first, last := samples[0].at, samples[len(samples)-1].at
	columns = make([]int, cells)
	i := 0
	for x := range columns {
		until := first.Add(time.Duration(float64(last.Sub(first)) * float64(x) / float64(cells-1)))
		if x == cells-1 {
			until = last
		}
		for i+1 < len(samples) && !samples[i+1].at.After(until) {
			i++
		}
		columns[x] = samples[i].count
	}
	for _, s := range samples {
		top = max(top, s.count)
	}
	for _, need := range []int{catalog.ServerN, catalog.ClientN, catalog.WindowsCeiling} {
		if top <= need {
			return columns, need
		}
	}
	return columns, top
}

// rowLabel is the value at the upper edge of a row, on some rows.
func rowLabel(row, top int) string {
	if row == chartRows || row == chartRows/2 {
		return fmt.Sprint(top * row / chartRows)
	}
	return ""
}

// timeLayout writes times as finely as a span needs.
func timeLayout(span time.Duration) string {
	switch {
	case span < 10*time.Minute:
		return "15:04:05"
	case span < 48*time.Hour:
		return "01-02 15:04"
	}
	return "2006-01-02"
}
