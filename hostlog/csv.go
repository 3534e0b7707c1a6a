package hostlog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// csvReader reads what Export-Csv and Event Viewer write. Columns are found by
// what is in them: Event Viewer's header is translated and has no name for the
// text of the event.
type csvReader struct {
	src    *source
	header header
	line   int64
	record []byte
	cells  [][]byte
}

// header is what the first line of a CSV file tells.
type header struct {
	sep    byte
	time   int // column; -1: not named
	host   int
	id     int
	record int
}

// findHeader tells whether a text begins like CSV with events in it.
func findHeader(text []byte) (header, bool) {
	line := firstLine(text)
	if bytes.HasPrefix(line, []byte("#TYPE")) {
		text = text[len(line):]
		text = bytes.TrimLeft(text, "\r\n")
		line = firstLine(text)
	}
	if len(line) == 0 || len(line) > 8000 || isListStart(bytes.Trim(line, `" `)) {
		return header{}, false
	}
	for _, sep := range []byte{',', ';', '\t'} {
		if bytes.Count(line, []byte{sep}) < 2 {
			continue
		}
		h := header{sep: sep, time: -1, host: -1, id: -1, record: -1}
		known := 0
		for i, cell := range split(line, sep, nil) {
			switch string(bytes.ToLower(bytes.TrimSpace(cell))) {
			case "timecreated", "timegenerated", "date and time", "time":
				h.time = i
			case "machinename", "computer":
				h.host = i
			case "id", "eventid", "event id", "instanceid":
				h.id = i
			case "recordid", "record id":
				h.record = i
			case "message", "level", "source", "providername", "leveldisplayname", "logname", "task category":
			default:
				continue
			}
			known++
		}
		rest := text[len(line):]
		number := append([]byte{sep}, "12290"...)
		quoted := append([]byte{sep}, `"12290"`...)
		if known >= 2 || bytes.Contains(rest, number) || bytes.Contains(rest, quoted) {
			return h, true
		}
	}
	return header{}, false
}

func firstLine(s []byte) []byte {
	if at := bytes.IndexByte(s, '\n'); at >= 0 {
		s = s[:at]
	}
	return bytes.TrimRight(s, "\r")
}

func (c *csvReader) read(br *bufio.Reader) error {
	br = bufio.NewReaderSize(br, maxLine)
	head, _ := br.Peek(maxLine)
	c.header, _ = findHeader(bytes.TrimLeft(head, blank))
	if c.header.sep == 0 {
		c.header = header{sep: ',', time: -1, host: -1, id: -1, record: -1}
	}
	for {
		place := c.line + 1
		err := c.next(br)
		if len(c.record) > 0 {
			c.row(place)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// next reads a record: a line, or several where a quotation mark is open.
func (c *csvReader) next(br *bufio.Reader) error {
	c.record = c.record[:0]
	quoted := false
	for {
		piece, err := br.ReadSlice('\n')
		if bytes.Count(piece, []byte{'"'})%2 == 1 {
			quoted = !quoted
		}
		if len(c.record)+len(piece) <= maxEvent {
			c.record = append(c.record, piece...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return err
		}
		c.line++
		if !quoted {
			return nil
		}
		if len(c.record)+maxLine > maxEvent {
			c.src.gap(Gap{What: fmt.Sprintf("the record at line %d", c.line), Why: "its quotation mark does not close"})
			return nil
		}
	}
}

// split cuts a record at its separators; quotation marks around a cell go,
// doubled ones inside stay.
func split(s []byte, sep byte, cells [][]byte) [][]byte {
	for len(cells) < 200 {
		end := 0
		if len(s) > 0 && s[0] == '"' {
			end = 1
			for end < len(s) {
				at := bytes.IndexByte(s[end:], '"')
				if at < 0 {
					end = len(s)
					break
				}
				end += at + 1
				if end >= len(s) || s[end] != '"' {
					break
				}
				end++
			}
		}
		at := bytes.IndexByte(s[end:], sep)
		cell := s
		if at >= 0 {
			cell = s[:end+at]
		}
		if n := len(cell); n >= 2 && cell[0] == '"' && cell[n-1] == '"' {
			cell = cell[1 : n-1]
		}
		cells = append(cells, cell)
		if at < 0 {
			break
		}
		s = s[end+at+1:]
	}
	return cells
}

func (c *csvReader) row(place int64) {
	record := bytes.TrimSpace(c.record)
	if len(record) == 0 || record[0] == '#' {
		return
	}
	if bytes.Contains(record, []byte(`"`)) && listStart(record) >= 0 || c.header.id >= 0 || bytes.Contains(record, []byte("12290")) {
		c.cells = split(record, c.header.sep, c.cells[:0])
	} else {
		return
	}
	e := entry{place: place}
	ours := false
	for i, cell := range c.cells {
		switch {
		case string(cell) == "12290" && (i == c.header.id || c.header.id < 0):
			ours = true
		case i == c.header.time, c.header.time < 0 && e.stamp == nil && len(cell) <= maxStamp && bytes.IndexByte(cell, ':') > 0 && !parseStamp(cell).zero():
			e.stamp = cell
		case i == c.header.record:
			e.number, _ = decimal(bytes.TrimSpace(cell))
		case i == c.header.host:
			e.host = cell
		case e.list == nil && len(cell) > 60:
			if at := listStart(cell); at >= 0 {
				e.list = firstLine(cell[at:])
			}
		}
	}
	if at := listStart(record); e.list == nil && ours && at >= 0 {
		e.list = firstLine(record[at:]) // a list without quotation marks around it
	}
	switch {
	case e.list == nil && ours:
		e.list = record[:min(len(record), 200)]
		c.src.bad(&e)
	case e.list == nil:
		if c.header.id >= 0 && c.header.id < len(c.cells) && leadingDigits(c.cells[c.header.id]) > 0 {
			c.src.info.Others++
			c.src.numbers.add(e.number, 0)
		}
	default:
		if bytes.Contains(e.list, []byte(`""`)) {
			e.list = bytes.ReplaceAll(e.list, []byte(`""`), []byte(`"`))
		}
		c.src.take(&e)
	}
}
