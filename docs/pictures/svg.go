package main

import (
	"fmt"
	"html"
	"strconv"
	"strings"

	"github.com/kmsdiag/kmsdiag/internal/typeset"
)

// The size of a cell and the margin around the screen, in pixels.
const (
	cellWidth, cellHeight = 8.4, 16.6
	margin                = 14.0
	paper, ink            = "#1b1f24", "#d4d7dd"
)

// palette are the sixteen colours, as a dark terminal has them.
var palette = [16]string{
	"#1b1f24", "#f47067", "#6bc46d", "#daaa3f", "#539bf5", "#b083f0", "#39c5cf", "#adbac7",
	"#768390", "#ff938a", "#8ddb8c", "#eac55f", "#6cb6ff", "#dcbdfb", "#56d4dd", "#ffffff",
}

// pen is how text is drawn.
type pen struct {
	color                string
	bold, faint, reverse bool
}

// draw turns a screen with colours into an SVG picture. Text is stretched to its
// cells, so that columns stand whatever font is found.
func draw(screen string, columns, lines int, title string) string {
	w, h := float64(columns)*cellWidth+2*margin, float64(lines)*cellHeight+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s">`+"\n", w, h, w, h, html.EscapeString(title))
	fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(title))
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="%s"/>`+"\n", paper)
	b.WriteString(`<g font-family="Cascadia Mono, Consolas, Menlo, DejaVu Sans Mono, monospace" font-size="14" xml:space="preserve">` + "\n")
	p := pen{color: ink}
	for y, line := range strings.Split(strings.TrimRight(screen, "\n"), "\n") {
		x := 0
		for line != "" {
			var text string
			var next pen
			text, next, line = span(line, p)
			drawSpan(&b, text, p, x, y)
			x += typeset.Width(text)
			p = next
		}
	}
	b.WriteString("</g>\n</svg>\n")
	return b.String()
}

// span takes the text up to the next sequence, and the pen after it.
func span(line string, p pen) (text string, next pen, rest string) {
	text, after, found := strings.Cut(line, "\x1b[")
	if !found {
		return text, p, ""
	}
	params, rest, found := strings.Cut(after, "m")
	if !found {
		return text, p, ""
	}
	return text, p.changed(params), rest
}

// changed applies the parameters of an SGR sequence (ECMA-48).
func (p pen) changed(params string) pen {
	for field := range strings.SplitSeq(params, ";") {
		n, _ := strconv.Atoi(field) // an empty one is 0
		switch {
		case n == 0:
			p = pen{color: ink}
		case n == 1:
			p.bold = true
		case n == 2:
			p.faint = true
		case n == 7:
			p.reverse = true
		case n == 22:
			p.bold, p.faint = false, false
		case n == 27:
			p.reverse = false
		case n == 39:
			p.color = ink
		case n >= 30 && n <= 37:
			p.color = palette[n-30]
		case n >= 90 && n <= 97:
			p.color = palette[n-90+8]
		}
	}
	return p
}

func drawSpan(b *strings.Builder, text string, p pen, x, y int) {
	cells := typeset.Width(text)
	if cells == 0 {
		return
	}
	left, top := margin+float64(x)*cellWidth, margin+float64(y)*cellHeight
	color := p.color
	if p.reverse {
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, left, top, float64(cells)*cellWidth, cellHeight, color)
		color = paper
	}
	if strings.TrimSpace(text) == "" {
		return
	}
	style := ""
	if p.bold {
		style += ` font-weight="bold"`
	}
	if p.faint {
		style += ` opacity="0.6"`
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" fill="%s" textLength="%.1f" lengthAdjust="spacingAndGlyphs"%s>%s</text>`+"\n",
		left, top+cellHeight*0.76, color, float64(cells)*cellWidth, style, html.EscapeString(text))
}
