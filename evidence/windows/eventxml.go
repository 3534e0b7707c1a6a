package windows

import (
	"strings"
	"time"
)

// maxBlock bounds what is collected of an XML event, a JSON text or a quoted
// CSV record before it is read.
const maxBlock = 4 << 20

// xmlSection collects events in XML, each from <Event to </Event>, on one line
// or many.
type xmlSection struct {
	first line
	text  strings.Builder
	open  bool
}

func openXML(p *parser, l *line) section {
	if !strings.Contains(l.text, "<Event") || !(strings.Contains(l.text, "<Event ") || strings.Contains(l.text, "<Event>") || strings.Contains(l.text, "<Events>")) {
		return nil
	}
	s := &xmlSection{}
	s.take(p, l)
	return s
}

func (s *xmlSection) blank(*parser) {}

func (s *xmlSection) take(p *parser, l *line) bool {
	text := l.text
	if !s.open && !strings.Contains(text, "<") {
		return false
	}
	for {
		if !s.open {
			at := eventTag(text)
			if at < 0 {
				return strings.HasPrefix(text, "<") // <Events>, </Events>, <?xml
			}
			s.open, s.first = true, *l
			s.text.Reset()
			text = text[at:]
		}
		body, rest, done := strings.Cut(text, "</Event>")
		if s.text.Len()+len(body) < maxBlock {
			s.text.WriteString(body)
			s.text.WriteByte('\n')
		}
		if !done {
			return true
		}
		s.open = false
		readXMLEvent(p, &s.first, s.text.String())
		if text = rest; strings.TrimSpace(text) == "" {
			return true
		}
	}
}

func (s *xmlSection) end(p *parser) {
	if s.open {
		readXMLEvent(p, &s.first, s.text.String())
	}
}

// eventTag finds the beginning of an event's element.
func eventTag(s string) int {
	for _, tag := range []string{"<Event ", "<Event>"} {
		if at := strings.Index(s, tag); at >= 0 {
			return at
		}
	}
	return -1
}

// readXMLEvent reads one event's element.
func readXMLEvent(p *parser, l *line, text string) {
	s := &eventSection{first: *l}
	s.first.src = cut(strings.Join(strings.Fields(text), " "), maxText)
	if masked, changed, _ := mask(s.first.src); changed {
		s.first.src = masked
	}
	if id, ok := element(text, "EventID"); ok {
		s.id = eventID(strings.TrimSpace(id))
	}
	s.machine, _ = element(text, "Computer")
	s.time = attributeTime(text)
	var data []string
	rest := text
	for {
		name, value, after, ok := nextData(rest)
		if !ok {
			break
		}
		rest = after
		value = unescape(value)
		if name != "" {
			s.put(strings.ToLower(name), strings.TrimSpace(value))
		}
		data = append(data, value)
	}
	if message, ok := element(text, "Message"); ok {
		data = append(data, unescape(message))
	}
	s.feed(p, data)
}

// feed reads an event's data or message lines and adds the event.
func (s *eventSection) feed(p *parser, texts []string) {
	outer := p.cur
	p.cur = s
	for _, text := range texts {
		for part := range strings.SplitSeq(text, "\n") {
			sub := s.first
			sub.text = strings.TrimSpace(fold(part))
			sub.low = ""
			if sub.text == "" {
				continue
			}
			if at := listAt(sub.text); at >= 0 && !s.listed {
				if readList(p, &sub) {
					p.list.drop(p)
					continue
				}
			}
			if s.bodyLine(p, &sub) || s.code != 0 {
				continue
			}
			if c, ok := codeIn(sub.text); ok {
				s.code = c
			}
		}
	}
	p.cur = nil
	s.end(p)
	p.cur = outer
}

// element returns the text of the first element of a name.
func element(s, name string) (string, bool) {
	at := strings.Index(s, "<"+name)
	if at < 0 {
		return "", false
	}
	rest := s[at+1+len(name):]
	shut := strings.IndexByte(rest, '>')
	if shut < 0 || rest[shut-min(shut, 1)] == '/' && shut > 0 {
		return "", false
	}
	body, _, ok := strings.Cut(rest[shut+1:], "</")
	return strings.TrimSpace(body), ok
}

// nextData returns the next <Data> element with its Name attribute.
func nextData(s string) (name, value, rest string, ok bool) {
	at := strings.Index(s, "<Data")
	if at < 0 {
		return "", "", "", false
	}
	s = s[at+len("<Data"):]
	shut := strings.IndexByte(s, '>')
	if shut < 0 {
		return "", "", "", false
	}
	head := s[:shut]
	for _, quote := range []string{`Name="`, `Name='`} {
		if _, tail, found := strings.Cut(head, quote); found {
			name, _, _ = strings.Cut(tail, quote[len(quote)-1:])
		}
	}
	if strings.HasSuffix(head, "/") {
		return name, "", s[shut+1:], true
	}
	value, rest, found := strings.Cut(s[shut+1:], "</Data>")
	return name, value, rest, found
}

func attributeTime(s string) time.Time {
	_, rest, ok := strings.Cut(s, "SystemTime=")
	if !ok || len(rest) < 2 {
		return time.Time{}
	}
	value, _, _ := strings.Cut(rest[1:], rest[:1])
	return entryTime(value)
}

var unescaper = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&#xD;", "", "&#xA;", "\n", "&#13;", "", "&#10;", "\n", "&amp;", "&")

func unescape(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	return unescaper.Replace(s)
}
