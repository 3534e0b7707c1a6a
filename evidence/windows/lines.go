package windows

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// line is one logical line: what a program printed as one, however many lines
// of the paste it takes.
type line struct {
	no     int    // number of its first line in the paste
	last   int    // and of its last
	text   string // without dressing, half-width, trimmed
	src    string // as it stands in the paste, keys masked, cut
	indent int    // columns before text, without quotation marks
	fence  bool   // a Markdown fence
	dashes bool   // a product key in it is joined by other dashes than hyphens
	low    string // text in lower case, once it was asked for
}

// lower is the text in lower case. Nearly every reader of single lines wants it.
func (l *line) lower() string {
	if l.low == "" {
		l.low = strings.ToLower(l.text)
	}
	return l.low
}

// physical is one line of the paste.
type physical struct {
	no   int
	raw  string
	cols int // display columns
}

// reader yields logical lines.
type reader struct {
	in      *bufio.Reader
	err     error // other than the end
	no      int   // of the physical line read last
	long    int   // lines read in pieces
	visible bool

	ahead   physical // read and not yet used
	has     bool
	longest int        // columns of the longest line of this paragraph
	width   int        // the wrap width seen last, 0 for none
	queue   []physical // read from the paste and not yet handed on
	inLong  bool       // within a line read in pieces
	tail    []byte     // of the piece before
}

func newReader(r io.Reader, source string) (*reader, error) {
	in, err := decoded(r, source)
	if err != nil {
		return nil, err
	}
	if head, _ := in.Peek(sniffed); loneReturn(head) { // what cannot be read shows when it is
		in = bufio.NewReaderSize(&lineEnds{r: in}, maxLine)
	}
	return &reader{in: in}, nil
}

// read returns the next line of the paste, with the keys hidden that go on in
// the lines behind it.
func (r *reader) read() (physical, bool) {
	for len(r.queue) < joinLines {
		next, ok := r.fetch()
		if !ok {
			break
		}
		r.queue = append(r.queue, next)
	}
	if len(r.queue) == 0 {
		return physical{}, false
	}
	if endsInKey(r.queue[0].raw) {
		var raw [joinLines]string
		for i := range r.queue {
			raw[i] = r.queue[i].raw
		}
		maskJoined(raw[:len(r.queue)])
		for i := range r.queue {
			r.queue[i].raw = raw[i]
		}
	}
	first := r.queue[0]
	n := copy(r.queue, r.queue[1:])
	r.queue = r.queue[:n]
	return first, true
}

// fetch returns the next line as it stands. A line too long for the buffer comes
// in pieces, cut where an element, a word or a cell ends.
func (r *reader) fetch() (physical, bool) {
	b, err := r.in.ReadSlice('\n')
	if len(r.tail) > 0 {
		b = append(r.tail, b...)
		r.tail = nil
	}
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		if !r.inLong {
			r.no++
			r.long++
		}
		r.inLong = true
		at := pieceEnd(b)
		r.tail = append([]byte(nil), b[at:]...)
		b = b[:at]
	case err != nil && !errors.Is(err, io.EOF):
		r.err = err
		return physical{}, false
	case err != nil && len(b) == 0:
		return physical{}, false
	default:
		if !r.inLong {
			r.no++
		}
		r.inLong = false
	}
	raw := utf8Line(bytes.TrimRight(b, "\r\n"))
	return physical{r.no, raw, columns(raw)}, true
}

// pieceEnd finds where to cut a long line.
func pieceEnd(b []byte) int {
	const reach = maxLine / 2
	for _, mark := range []string{"</Event>", "},", "> ", ">", ", ", " ", ","} {
		if at := bytes.LastIndex(b, []byte(mark)); at > len(b)-reach {
			return at + len(mark)
		}
	}
	at := len(b)
	for at > len(b)-utf8.UTFMax && !utf8.RuneStart(b[at-1]) {
		at--
	}
	if at > 1 && at < len(b) {
		return at - 1
	}
	return len(b)
}

// next fills l with the next logical line and tells whether there was one.
func (r *reader) next(l *line) bool {
	if !r.has {
		if r.ahead, r.has = r.read(); !r.has {
			return false
		}
	}
	cur := r.ahead
	r.ahead, r.has = r.read()
	raw := cur.raw
	if cur.cols == 0 || strings.TrimSpace(undressed(raw)) == "" {
		r.visible = r.visible || strings.TrimSpace(raw) != ""
		r.longest = 0
		*l = line{no: cur.no}
		return true
	}
	r.visible = true
	r.longest = max(r.longest, cur.cols)
	last := cur
	for n := 0; r.has && n < 64; n++ {
		glue, ok := r.wrapped(last, r.ahead)
		if !ok {
			break
		}
		raw += glue + undressed(r.ahead.raw)
		last = r.ahead
		r.longest = max(r.longest, last.cols)
		r.ahead, r.has = r.read()
	}
	dress(l, cur.no, raw)
	l.last = last.no
	return true
}

// consoleWidths are the widths at which consoles cut lines.
var consoleWidths = [...]int{80, 100, 120}

// wrapped tells whether a console cut a line at its width and went on with the
// next, and what belongs between the two: nothing, or the blank that was lost
// at the cut. It was not where a longer line stands in the paragraph, or where
// the next line begins like a line of its own.
func (r *reader) wrapped(cur, next physical) (glue string, ok bool) {
	if cur.cols < consoleWidths[0]-2 || next.cols == 0 || next.no == cur.no ||
		strings.HasSuffix(cur.raw, "  ") && strings.HasSuffix(next.raw, "  ") { // blanks at every line's end
		return "", false
	}
	quote, nextQuote := quoteWidth(cur.raw), quoteWidth(next.raw)
	own := cur.cols
	if quote == nextQuote { // quoted after it was cut
		own -= quote
	}
	for _, w := range consoleWidths {
		switch {
		case next.cols > w+nextQuote || r.longest > w+quote:
			continue
		case own == w || own == w-1 && startsWide(next.raw):
		case own == w-1 && r.width == w:
			glue = " "
		default:
			continue
		}
		columnRuler := strings.Contains(strings.TrimSpace(undressed(cur.raw)), "- ")
		if ruler(cur.raw) && !(columnRuler && ruler(next.raw)) || !ruler(cur.raw) && beginsRecord(next.raw) {
			return "", false
		}
		r.width = w
		return glue, true
	}
	return "", false
}

// columns counts display columns: two for a wide character.
func columns(s string) int {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			for _, r := range s[i:] {
				n++
				if wide(r) {
					n++
				}
			}
			return n
		}
		n++
	}
	return n
}

// wide tells whether a character takes two cells of a console.
func wide(r rune) bool {
	return r >= 0x1100 && r <= 0x115F || r >= 0x2E80 && r <= 0xA4CF || r >= 0xAC00 && r <= 0xD7A3 ||
		r >= 0xF900 && r <= 0xFAFF || r >= 0xFE30 && r <= 0xFE4F || r >= 0xFF00 && r <= 0xFF60 || r >= 0xFFE0 && r <= 0xFFE6
}

func startsWide(s string) bool {
	r, _ := utf8.DecodeRuneInString(undressed(s))
	return wide(r)
}

// ruler tells whether a line is drawn, of dashes or other marks.
func ruler(s string) bool {
	return strings.Trim(s, "-=_*~+| \t>") == ""
}

// beginsRecord tells whether a line looks like the beginning of something and
// not like the rest of a cut line.
func beginsRecord(raw string) bool {
	s := strings.TrimSpace(undressed(raw))
	if s == "" || ruler(s) {
		return true
	}
	for _, p := range []string{"---", "***", "```", "~~~", "<Event", "Event[", ";; ", "PS ", "•", "…"} {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	if _, ok := prompt(s); ok {
		return true
	}
	if isListStart(s) {
		return true
	}
	if n := digits(s); n > 0 && n < 4 && strings.HasPrefix(s[n:], ": ") { // "2: ..." of event 1003
		return true
	}
	if name, _, ok := listProperty(s); ok && (strings.Contains(s, "  :") || isProperty(name, s)) {
		return true
	}
	label, _, ok := cutLabel(fold(s))
	if ok && len(label) > 2 && knownLabel(label) {
		return true
	}
	return !ok && len(s) > 12 && knownLabel(s)
}
