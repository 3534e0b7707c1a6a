package windows

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentence is a row of words that belong together.
type sentence struct {
	tokens    []token
	text      string // in lower case; filled where blankless
	blankless bool   // in a script without blanks
	first     int    // line of its beginning
}

// maxTokens bounds a sentence; a longer one is read in pieces.
const maxTokens = 120

// splitter cuts a paragraph into sentences.
type splitter struct {
	all    []*sentence
	cur    *sentence
	clause int
}

// sentences cuts a paragraph at full stops, and at line ends where the next
// line begins like a sentence of its own.
func sentences(lines []line) []*sentence {
	s := &splitter{cur: &sentence{}}
	for i := range lines {
		if i > 0 && endsLine(lines[i-1].text, lines[i].text) {
			s.done()
		}
		s.line(lines[i].text, i)
	}
	s.done()
	return s.all
}

// done ends the sentence.
func (s *splitter) done() {
	if len(s.cur.tokens) > 0 {
		s.all = append(s.all, s.cur)
	}
	s.cur, s.clause = &sentence{}, 0
}

// line adds the words of a line.
func (s *splitter) line(text string, at int) {
	wide := blankless(text)
	from := 0
	for from < len(text) {
		end := from
		for end < len(text) {
			r, n := utf8.DecodeRuneInString(text[end:])
			if !wordRune(r) {
				break
			}
			end += n
		}
		if end > from {
			s.word(text[from:end], at, wide)
			from = end
			continue
		}
		r, n := utf8.DecodeRuneInString(text[from:])
		s.mark(r)
		from += n
	}
	if wide {
		s.cur.text += " "
	}
}

func (s *splitter) word(w string, place int, wide bool) {
	trimmed := strings.TrimRight(w, ".'")
	stop := len(w) > len(trimmed) && w[len(trimmed)] == '.'
	trimmed = strings.TrimSuffix(strings.TrimLeft(trimmed, "'."), "'s")
	if at := strings.IndexByte(trimmed, '\''); at > 0 && at <= 2 && len(trimmed) > at+2 { // l'heure, n'est
		if strings.EqualFold(trimmed[:at], "n") {
			s.cur.tokens = append(s.cur.tokens, token{"ne", place, s.clause})
		}
		trimmed = trimmed[at+1:]
	}
	if trimmed != "" {
		if len(s.cur.tokens) == 0 {
			s.cur.first = place
		}
		if wide || s.cur.blankless {
			s.cur.blankless = true
			s.cur.text += strings.ToLower(trimmed)
		}
		text := plain(trimmed)
		if breakers[text] {
			s.clause++
		}
		s.cur.tokens = append(s.cur.tokens, token{text, place, s.clause})
	}
	if stop && len(trimmed) > 2 || len(s.cur.tokens) >= maxTokens {
		s.done()
	}
}

// mark reads a character between words.
func (s *splitter) mark(r rune) {
	switch r {
	case '!', '?', '。':
		s.done()
	case ',', ';', ':', '(', ')', '、':
		s.clause++
	}
	if s.cur.blankless && r == ' ' {
		s.cur.text += " "
	}
}

func wordRune(r rune) bool {
	return r == '_' || r == '.' || r == '\'' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

// endsLine tells whether a line's end is the end of a sentence: the line is
// short and the next begins with a capital letter, a digit or a mark.
func endsLine(before, after string) bool {
	if strings.HasSuffix(before, ":") {
		return true
	}
	r, _ := utf8.DecodeRuneInString(after)
	if len(before) > 64 {
		return false
	}
	return unicode.IsUpper(r) || unicode.IsDigit(r) || !unicode.IsLetter(r) && r != '(' && r != '/' && r != '_'
}
