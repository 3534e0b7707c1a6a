package windows

import (
	"encoding/json"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// tableSection is a table as Format-Table prints it: a header, a ruler that
// shows the columns, rows.
type tableSection struct {
	names  []string
	starts []int // of the columns' rulers
	rows   int
	spread bool // the header has columns further apart than words
	broken bool
}

func openTable(p *parser, l *line) section {
	if !strings.HasPrefix(l.text, "--") || strings.Trim(l.text, "- ") != "" || !strings.Contains(l.text, " ") {
		return nil
	}
	header, ok := p.words.peek()
	if !ok || header.last != l.no-1 {
		return nil
	}
	s := &tableSection{spread: strings.Contains(header.text, "  ")}
	for i := 0; i < len(l.text); i++ {
		if l.text[i] == '-' && (i == 0 || l.text[i-1] == ' ') {
			s.starts = append(s.starts, i+l.indent)
		}
	}
	known := false
	for _, name := range s.cut(header.text, header.indent) {
		name = strings.ToLower(name)
		known = known || recordProperties[name] || name == "type" || name == "name"
		s.names = append(s.names, name)
	}
	if !known || len(s.names) != len(s.starts) {
		return nil
	}
	p.words.unread(header.no)
	return s
}

// cut splits a row at the columns. A value that is aligned right or too long
// begins at the blank before the column's ruler.
func (s *tableSection) cut(row string, indent int) []string {
	var cells []string
	from := 0
	for i := range s.starts {
		end := len(row)
		if i+1 < len(s.starts) {
			end = min(max(s.starts[i+1]-indent, 0), len(row))
			for k := end; k > from && k > 0 && k < len(row); k-- {
				if row[k-1] == ' ' {
					end = k
					break
				}
			}
		}
		cells = append(cells, strings.TrimSpace(row[min(from, end):end]))
		from = max(from, end)
	}
	return cells
}

// aligned tells whether a value of one word begins at the last column, behind
// one that is as wide as its column.
func (s *tableSection) aligned(l *line) bool {
	last := s.starts[len(s.starts)-1] - l.indent
	return last > 0 && last < len(l.text) && l.text[last-1] == ' ' && !strings.ContainsAny(l.text[last:], " .")
}

func (s *tableSection) blank(*parser) { s.broken = s.rows > 0 }

func (s *tableSection) take(p *parser, l *line) bool {
	if s.broken || strings.HasPrefix(l.text, "--") || listAt(l.text) == 0 {
		return false
	}
	if _, ok := labelled(l.text); ok {
		return false
	}
	if s.spread && !strings.Contains(l.text, "  ") && strings.Count(l.text, " ") > len(s.names)+1 && !s.aligned(l) { // a sentence below the table
		return false
	}
	cells := s.cut(l.text, l.indent)
	if len(cells) > 1 && cells[0] == "" && cells[1] == "" {
		return false
	}
	rec := record{first: *l}
	for i, cell := range cells {
		rec.add(s.names[i], strings.Trim(cell, "{}"))
	}
	if !mapRecord(p, &rec) {
		return false
	}
	s.rows++
	return true
}

func (s *tableSection) end(*parser) {}

// jsonSection collects a JSON text, as ConvertTo-Json writes it.
type jsonSection struct {
	first line
	text  strings.Builder
	depth int
	quote bool
	esc   bool
}

func openJSON(p *parser, l *line) section {
	t := l.text
	if t[0] != '{' && t[0] != '[' {
		return nil
	}
	rest := strings.TrimSpace(t[1:])
	if rest != "" && rest[0] != '"' && rest[0] != '{' {
		return nil
	}
	s := &jsonSection{first: *l}
	s.take(p, l)
	if s.text.Len() == 0 { // it was one line
		return &jsonSection{}
	}
	return s
}

func (s *jsonSection) blank(*parser) {}

func (s *jsonSection) take(p *parser, l *line) bool {
	if s.text.Len() == 0 && s.first.no != l.no {
		return false
	}
	if s.text.Len()+len(l.text) > maxBlock {
		s.give(p)
		return false
	}
	for i := 0; i < len(l.text); i++ {
		switch c := l.text[i]; {
		case s.esc:
			s.esc = false
		case c == '\\':
			s.esc = s.quote
		case c == '"':
			s.quote = !s.quote
		case s.quote:
		case c == '{' || c == '[':
			s.depth++
		case c == '}' || c == ']':
			s.depth--
		}
	}
	s.text.WriteString(l.text)
	s.text.WriteByte('\n')
	if s.depth <= 0 && !s.quote {
		s.give(p)
	}
	return true
}

func (s *jsonSection) end(p *parser) { s.give(p) }

// give reads what was collected. What is no JSON is read as lines.
func (s *jsonSection) give(p *parser) {
	if s.text.Len() == 0 {
		return
	}
	text, first := s.text.String(), s.first
	*s = jsonSection{}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		if cutMachine(p, &first, text) {
			return
		}
		for part := range strings.SplitSeq(text, "\n") {
			if part = strings.TrimSpace(part); part != "" {
				l := line{no: first.no, text: part, src: cut(part, maxText)}
				if !readList(p, &l) {
					p.words.add(p, &l)
				}
				first.no++
			}
		}
		return
	}
	walkJSON(p, &first, v, 0)
}

func walkJSON(p *parser, first *line, v any, depth int) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if depth < 8 {
				walkJSON(p, first, e, depth+1)
			}
		}
	case map[string]any:
		if isMachine(v) {
			readMachine(p, first, v)
			return
		}
		rec := record{first: *first}
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			switch e := v[name].(type) {
			case string:
				rec.add(name, e)
			case float64:
				rec.add(name, strconv.FormatFloat(e, 'f', -1, 64))
			case bool:
				rec.add(name, fmt.Sprint(e))
			case []any, map[string]any:
				if depth < 8 {
					walkJSON(p, first, e, depth+1)
				}
			}
		}
		mapRecord(p, &rec)
	}
}
