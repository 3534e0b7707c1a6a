package hostlog

import (
	"bytes"
	"time"
	"unicode/utf8"
)

// stamp is the time of a log entry as its text shows it. Where the text does
// not tell the order of day and month there are two readings; one that is no
// date is zero. Without a zone the readings are local times, written as UTC.
type stamp struct {
	dayFirst, monthFirst time.Time
	zoned                bool
}

func (s stamp) zero() bool { return s.dayFirst.IsZero() && s.monthFirst.IsZero() }

// ambiguous tells whether both readings are dates, and different ones.
func (s stamp) ambiguous() bool {
	return !s.dayFirst.IsZero() && !s.monthFirst.IsZero() && !s.dayFirst.Equal(s.monthFirst)
}

// any returns the only reading, or the day-first one.
func (s stamp) any() time.Time {
	if s.dayFirst.IsZero() {
		return s.monthFirst
	}
	return s.dayFirst
}

// maxStamp bounds the text of a date with weekday and zone.
const maxStamp = 80

// parseStamp reads the time of an entry in the forms of wevtutil, PowerShell
// and Event Viewer: ISO 8601, year first with any separator, day or month
// first, with an English month's name, on a 12-hour clock in several languages.
func parseStamp(text []byte) stamp {
	text = bytes.TrimSpace(text)
	if len(text) > maxStamp || len(text) < 6 {
		return stamp{}
	}
	if s, ok := isoStamp(text); ok {
		return s
	}
	var p stampParts
	if !p.scan(text) {
		return stamp{}
	}
	return p.stamp()
}

// isoStamp reads 2026-11-02T08:15:00 with fraction and zone, or without.
func isoStamp(text []byte) (stamp, bool) {
	if len(text) < 19 || text[4] != '-' || text[7] != '-' || text[10] != 'T' && text[10] != ' ' || text[13] != ':' || text[16] != ':' {
		return stamp{}, false
	}
	var n [6]int
	for i, at := range [6][2]int{{0, 4}, {5, 7}, {8, 10}, {11, 13}, {14, 16}, {17, 19}} {
		v, ok := decimal(text[at[0]:at[1]])
		if !ok {
			return stamp{}, false
		}
		n[i] = int(v)
	}
	t, ok := date(n[0], n[1], n[2], n[3], n[4], n[5])
	if !ok {
		return stamp{}, false
	}
	rest := text[19:]
	if len(rest) > 0 && (rest[0] == '.' || rest[0] == ',') {
		rest = rest[1:]
		frac, unit := time.Duration(0), 100*time.Millisecond
		for len(rest) > 0 && rest[0] >= '0' && rest[0] <= '9' {
			frac += time.Duration(rest[0]-'0') * unit
			unit /= 10
			rest = rest[1:]
		}
		t = t.Add(frac)
	}
	switch {
	case len(rest) == 0:
		return stamp{t, t, false}, true
	case len(rest) == 1 && rest[0] == 'Z':
		return stamp{t, t, true}, true
	case len(rest) == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':':
		h, ok1 := decimal(rest[1:3])
		m, ok2 := decimal(rest[4:6])
		if !ok1 || !ok2 || h > 14 || m > 59 {
			return stamp{}, false
		}
		offset := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
		if rest[0] == '+' {
			offset = -offset
		}
		t = t.Add(offset)
		return stamp{t, t, true}, true
	}
	return stamp{}, false
}

// stampParts are the numbers of a date's text and what stands between them.
type stampParts struct {
	n     [6]int
	width [6]int // digits of each number
	got   int
	sep   byte // between the first two numbers
	month int  // by name
	half  int  // of a 12-hour clock: 1 before noon, 2 after
	utc   bool
}

// scan splits a text; false where it holds what no date does.
func (p *stampParts) scan(text []byte) bool {
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			w := leadingDigits(text[i:])
			if w > 4 && p.got < len(p.n) {
				return false
			}
			if p.got < len(p.n) { // behind the seconds a fraction may stand
				v, _ := decimal(text[i : i+w])
				p.n[p.got], p.width[p.got] = int(v), w
				p.got++
			}
			i += w
			if p.got == 1 && i < len(text) {
				p.sep = text[i]
			}
		case c == '/' || c == '-' || c == '.' || c == ':' || c == ',' || c == ' ' || c == '\t':
			i++
		default:
			n := wordLength(text[i:])
			if !p.word(text[i : i+n]) {
				return false
			}
			i += n
		}
	}
	return p.got >= 3
}

func wordLength(s []byte) int {
	n := 0
	for n < len(s) {
		switch c := s[n]; {
		case c >= '0' && c <= '9', c == '/', c == '-', c == ':', c == ',', c == ' ', c == '\t':
			return n
		case c == '.' && n > 0 && n+1 < len(s) && s[n+1] != 'm' && s[n+1] != 'M':
			return n
		}
		n++
	}
	return n
}

var months = [...]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

var weekdays = [...]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// word reads a word of a date: a month, a half of the day, a zone.
func (p *stampParts) word(w []byte) bool {
	w = bytes.TrimRight(w, ".")
	if w = trimInvisible(w); len(w) == 0 {
		return true
	}
	lower := string(bytes.ToLower(w))
	switch lower {
	case "am", "a.m", "a", "上午", "오전", "午前", "πμ", "π.μ", "sa", "de":
		p.half = 1
		if lower == "de" { // Spanish and Portuguese: 2 de ...
			p.half = 0
		}
		return true
	case "pm", "p.m", "p", "下午", "오후", "午後", "μμ", "μ.μ", "ch":
		p.half = 2
		return true
	case "z", "utc", "gmt":
		p.utc = true
		return true
	case "t", "at", "m", "年", "月", "日", "년", "월", "일", "г":
		return true
	}
	if len(lower) < 3 {
		return false
	}
	for i, m := range months {
		if lower[:3] == m && isPrefixOfName(lower, i) {
			p.month = i + 1
			return true
		}
	}
	for _, d := range weekdays {
		if lower[:3] == d && len(lower) <= 9 {
			return true
		}
	}
	return false
}

// isPrefixOfName tells whether a word is an English month's name, whole or cut.
func isPrefixOfName(lower string, month int) bool {
	full := bytes.ToLower([]byte(time.Month(month + 1).String()))
	return lower == "sept" || bytes.HasPrefix(full, []byte(lower))
}

// trimInvisible cuts blanks and directional marks of Unicode, which Windows
// puts into dates, off both ends.
func trimInvisible(w []byte) []byte {
	return bytes.TrimFunc(w, func(r rune) bool {
		switch r {
		case 0xA0, 0x200E, 0x200F, 0x2007, 0x2009, 0x202F, 0xFEFF, utf8.RuneError:
			return true
		}
		return false
	})
}

// stamp puts the numbers together.
func (p *stampParts) stamp() stamp {
	n := p.n
	first := 3 // number of the hour
	if p.month > 0 {
		first = 2
	}
	if p.got < first {
		return stamp{}
	}
	hour, minute, second := n[first], 0, 0
	if p.got <= first {
		hour = 0
	}
	if first+1 < len(n) {
		minute = n[first+1]
	}
	if first+2 < len(n) {
		second = n[first+2]
	}
	switch {
	case p.half > 0 && (hour > 12 || hour == 0 && p.half == 1 && p.got > first):
		p.half = 0 // a 24-hour clock all the same
	case p.half == 1 && hour == 12:
		hour = 0
	case p.half == 2 && hour < 12:
		hour += 12
	}
	at := func(y, m, d int) time.Time {
		t, _ := date(year(y), m, d, hour, minute, second)
		return t
	}
	s := stamp{zoned: p.utc}
	switch {
	case p.month > 0 && p.width[0] == 4:
		s.dayFirst = at(n[0], p.month, n[1])
		s.monthFirst = s.dayFirst
	case p.month > 0:
		s.dayFirst = at(n[1], p.month, n[0])
		s.monthFirst = s.dayFirst
	case p.width[0] == 4:
		s.dayFirst = at(n[0], n[1], n[2])
		s.monthFirst = s.dayFirst
	case p.sep == '.': // no country writes the month first with full stops
		s.dayFirst = at(n[2], n[1], n[0])
		s.monthFirst = s.dayFirst
	default:
		s.dayFirst, s.monthFirst = at(n[2], n[1], n[0]), at(n[2], n[0], n[1])
	}
	return s
}

// year completes a year of two digits and turns one of the Buddhist calendar,
// which Thai Windows shows, into ours.
func year(y int) int {
	switch {
	case y < 100:
		return 2000 + y
	case y > 2500:
		return y - 543
	}
	return y
}
