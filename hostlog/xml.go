package hostlog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxEvent bounds one event in XML, and one record of CSV.
const maxEvent = 1 << 20

// xmlReader reads events in XML: each from <Event to </Event>, in a document or
// one after the other. It looks for the few elements it needs and nothing else,
// so that damage costs the event it is in.
type xmlReader struct {
	src    *source
	in     io.Reader
	buf    []byte
	from   int // first byte of buf not yet read
	to     int
	offset int64 // of buf[0]
	err    error
	event  int64
	flat   []byte // data elements as one list
}

func (x *xmlReader) read(br *bufio.Reader) error {
	x.in, x.buf = br, make([]byte, 256<<10)
	for {
		body, ok := x.next()
		if !ok {
			if errors.Is(x.err, io.EOF) {
				return nil
			}
			return x.err
		}
		x.event++
		x.one(body)
	}
}

var (
	openEvent  = []byte("<Event")
	closeEvent = []byte("</Event>")
)

// next returns the text of the next event.
func (x *xmlReader) next() ([]byte, bool) {
	for {
		at := x.find()
		if at < 0 {
			// Half a tag may stand at the end.
			x.from = max(x.from, x.to-len(openEvent))
			if !x.fill() {
				return nil, false
			}
			continue
		}
		x.from = at
		searched := 0
		for {
			text := x.buf[x.from:x.to]
			if end := bytes.Index(text[searched:], closeEvent); end >= 0 {
				x.from += searched + end + len(closeEvent)
				return text[:searched+end], true
			}
			searched = max(0, len(text)-len(closeEvent))
			if len(text) > maxEvent {
				x.src.gap(Gap{What: fmt.Sprintf("event %d", x.event+1), Why: "it does not end", Offset: x.offset + int64(x.from)})
				x.from += len(openEvent)
				break
			}
			if !x.fill() {
				if len(text) > 0 {
					x.src.gap(Gap{
						What: fmt.Sprintf("event %d", x.event+1), Why: "the file breaks off in it",
						Offset: x.offset + int64(x.from), Bytes: int64(len(text)),
					})
				}
				x.one(text)
				return nil, false
			}
		}
	}
}

// find returns the place of the next <Event element, -1 for none.
func (x *xmlReader) find() int {
	from := x.from
	for {
		at := bytes.Index(x.buf[from:x.to], openEvent)
		if at < 0 {
			return -1
		}
		at += from
		if at+len(openEvent) >= x.to {
			return -1
		}
		switch x.buf[at+len(openEvent)] {
		case ' ', '>', '\r', '\n', '\t':
			return at
		}
		from = at + len(openEvent)
	}
}

// fill reads more, making room first.
func (x *xmlReader) fill() bool {
	if x.err != nil {
		return false
	}
	if x.from > 0 {
		x.offset += int64(x.from)
		x.to = copy(x.buf, x.buf[x.from:x.to])
		x.from = 0
	}
	if x.to == len(x.buf) {
		x.buf = append(x.buf, make([]byte, len(x.buf))...)
	}
	for range 100 {
		n, err := x.in.Read(x.buf[x.to:])
		x.to += n
		x.err = err
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	x.err = io.ErrNoProgress
	return false
}

// one reads an event.
func (x *xmlReader) one(text []byte) {
	id, ok := decimal(bytes.TrimSpace(element(text, "<EventID")))
	if !ok {
		return
	}
	number, _ := decimal(bytes.TrimSpace(element(text, "<EventRecordID")))
	if id&0xFFFF != 12290 {
		x.src.info.Others++
		if string(element(text, "<Channel")) == channel { // every log has its own numbers
			x.src.numbers.add(number, unixOrZero(parseStamp(attribute(text, "SystemTime=")).any()))
		}
		return
	}
	e := entry{place: x.event, number: number, host: unescape(element(text, "<Computer")), stamp: attribute(text, "SystemTime=")}
	data := text
	if at := bytes.Index(text, []byte("</System>")); at >= 0 {
		data = text[at:]
	}
	if at := listStart(data); at >= 0 {
		list := data[at:]
		if end := bytes.IndexByte(list, '<'); end >= 0 {
			list = list[:end]
		}
		if end := bytes.IndexByte(list, '\n'); end >= 0 && whole(list[:end]) {
			list = list[:end]
		}
		e.list = unescape(bytes.TrimSpace(list))
		x.src.take(&e)
		return
	}
	x.flat = x.flat[:0]
	for rest := data; ; {
		at := bytes.Index(rest, []byte("<Data"))
		if at < 0 {
			break
		}
		rest = rest[at:]
		if len(x.flat) > 0 {
			x.flat = append(x.flat, ',')
		}
		x.flat = append(x.flat, unescape(element(rest, "<Data"))...)
		rest = rest[len("<Data"):]
	}
	provider := attribute(text, "Name=")
	if isListStart(x.flat) || ofKMS(provider) {
		e.list = x.flat
		x.src.take(&e)
		return
	}
	x.src.info.Others++ // another provider's event of that number
}

// channel is the log in which a KMS host keeps its requests; no language has
// another name for it.
const channel = "Key Management Service"

// ofKMS tells whether a provider is one that logs requests: its events 12290 are
// counted as unread if they hold no list. The number is used by others too.
func ofKMS(provider []byte) bool {
	for _, name := range []string{"KmsRequests", "Security-SPP", "Security-Licensing", "Key Management"} {
		if bytes.Contains(provider, []byte(name)) {
			return true
		}
	}
	return false
}

// element returns the text of the first element whose tag begins so.
func element(s []byte, tag string) []byte {
	at := bytes.Index(s, []byte(tag))
	if at < 0 {
		return nil
	}
	s = s[at+len(tag):]
	shut := bytes.IndexByte(s, '>')
	if shut < 0 || shut > 0 && s[shut-1] == '/' {
		return nil
	}
	s = s[shut+1:]
	end := bytes.IndexByte(s, '<')
	if end < 0 {
		return nil
	}
	return s[:end]
}

// attribute returns the quoted value behind a name.
func attribute(s []byte, name string) []byte {
	at := bytes.Index(s, []byte(name))
	if at < 0 || at+len(name) >= len(s) {
		return nil
	}
	s = s[at+len(name):]
	quote := s[0]
	if quote != '"' && quote != '\'' {
		return nil
	}
	end := bytes.IndexByte(s[1:], quote)
	if end < 0 {
		return nil
	}
	return s[1 : 1+end]
}

var entities = []struct{ name, text string }{
	{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", `"`}, {"&apos;", "'"}, {"&#xD;", ""}, {"&#13;", ""}, {"&#xA;", "\n"}, {"&#10;", "\n"}, {"&amp;", "&"},
}

func unescape(s []byte) []byte {
	if bytes.IndexByte(s, '&') < 0 {
		return s
	}
	for _, e := range entities {
		s = bytes.ReplaceAll(s, []byte(e.name), []byte(e.text))
	}
	return s
}
