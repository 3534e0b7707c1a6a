package windows

import "strings"

// csvSection is a comma- or semicolon-separated export: of Export-Csv, with
// property names as header, or of Event Viewer, whose rows have one cell more
// than its header, the text of the event.
type csvSection struct {
	names []string
	sep   byte
	first line
	text  string // an unfinished record: a quotation mark is open
	more  int    // lines of it
}

func openCSV(p *parser, l *line) section {
	if strings.HasPrefix(l.text, "#TYPE ") {
		return &csvSection{}
	}
	for _, sep := range []byte{',', ';', '\t'} {
		if strings.Count(l.text, string(sep)) < 1 {
			continue
		}
		if names, ok := csvHeader(l.text, sep); ok {
			return &csvSection{names: names, sep: sep}
		}
	}
	return nil
}

// csvHeader tells whether a line is a header with at least two known names.
func csvHeader(s string, sep byte) ([]string, bool) {
	if len(s) > 8000 || listAt(s) >= 0 {
		return nil, false
	}
	if strings.IndexByte(s, sep) < 0 || strings.Contains(s, ". ") { // one cell, or a sentence
		return nil, false
	}
	cells, whole := csvCells(s, sep)
	known := 0
	for i, cell := range cells {
		name := strings.ToLower(cell)
		if f, ok := labelled(cell); ok && strings.HasPrefix(string(f), "event-") {
			known++
			name = map[field]string{fEventID: "id", fEventTime: "timecreated", fEventHost: "machinename", fEventSource: "providername"}[f]
			if name == "" {
				name = strings.ToLower(cell)
			}
		} else if recordProperties[name] || name == "date and time" || name == "name" {
			known++
		}
		cells[i] = name
	}
	return cells, whole && known >= 2 && known*2 >= len(cells)
}

// csvCells splits a record; whole is false while a quotation mark is open.
func csvCells(s string, sep byte) (cells []string, whole bool) {
	var cell strings.Builder
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' && quoted && i+1 < len(s) && s[i+1] == '"':
			cell.WriteByte('"')
			i++
		case c == '"':
			quoted = !quoted
		case c == sep && !quoted:
			cells = append(cells, strings.TrimSpace(cell.String()))
			cell.Reset()
		default:
			cell.WriteByte(c)
		}
	}
	return append(cells, strings.TrimSpace(cell.String())), !quoted
}

func (s *csvSection) blank(*parser) {}

func (s *csvSection) take(p *parser, l *line) bool {
	if s.names == nil { // behind #TYPE
		for _, sep := range []byte{',', ';', '\t'} {
			if names, ok := csvHeader(l.text, sep); ok {
				s.names, s.sep = names, sep
				return true
			}
		}
		return false
	}
	if s.text == "" {
		if strings.Count(l.text, string(s.sep)) < len(s.names)-2 || strings.Count(l.text, string(s.sep)) < 1 {
			return false
		}
		if isListStart(l.text) {
			return false
		}
		s.first = *l
	}
	if s.more++; len(s.text)+len(l.text) > maxLine || s.more > 200 {
		s.end(p)
		return false
	}
	if s.text != "" {
		s.text += "\n"
	}
	s.text += l.text
	cells, whole := csvCells(s.text, s.sep)
	if !whole {
		return true
	}
	s.text, s.more = "", 0
	s.row(p, cells)
	return true
}

func (s *csvSection) row(p *parser, cells []string) {
	rec := record{first: s.first}
	for i, cell := range cells {
		name := "message"
		if i < len(s.names) {
			name = s.names[i]
		}
		rec.add(name, cell)
	}
	if !mapRecord(p, &rec) {
		p.unread(s.first.no, s.first.src)
	}
}

func (s *csvSection) end(p *parser) {
	if s.text != "" {
		cells, _ := csvCells(s.text, s.sep)
		s.text, s.more = "", 0
		s.row(p, cells)
	}
}
