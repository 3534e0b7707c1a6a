package hostlog

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// textReader reads events as text: of wevtutil, of Get-WinEvent, copied from
// Event Viewer, or lists alone, a line each. Labels may be in any language: a
// list is told by its form, a time by its own, and the host by a few words.
type textReader struct {
	src    *source
	line   int64
	stamp  []byte // read and not yet used
	host   []byte
	number int64  // of the entry, read and not yet used
	open   []byte // a list that a console broke
	first  int64  // line of open
	more   int    // lines added to it
	held   entry  // a list without a time so far: in some forms that follows
	ids    int64  // headers that name event 12290
	lists  int64
}

// Bounds of a text.
const (
	maxLine    = 64 << 10
	maxBroken  = 4 // lines of one list
	maxBetween = 2048
)

// nextLine returns a line without its end; what is longer than the buffer is
// cut. The slice holds until the next call.
func nextLine(br *bufio.Reader) ([]byte, error) {
	line, err := br.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line = append([]byte(nil), line...)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = br.ReadSlice('\n')
		}
	}
	if err != nil && (len(line) == 0 || !errors.Is(err, io.EOF)) {
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

func (t *textReader) read(br *bufio.Reader) error {
	br = bufio.NewReaderSize(br, maxLine)
	for {
		line, err := nextLine(br)
		if err != nil {
			t.drop()
			t.release()
			t.src.info.Unread += max(0, t.ids-t.lists)
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		t.line++
		t.take(line)
	}
}

func (t *textReader) take(line []byte) {
	text := bytes.TrimSpace(line)
	if len(text) == 0 {
		t.number = 0 // it was of the entry that ends here
		return
	}
	if len(t.open) > 0 && t.join(text) {
		return
	}
	if at := listStart(text); at >= 0 {
		t.list(text, at)
		return
	}
	t.label(text)
}

// list reads a line that holds a list, or the beginning of one.
func (t *textReader) list(text []byte, at int) {
	t.drop()
	if prefix := bytes.TrimSpace(text[:at]); len(prefix) > 7 && t.stamp == nil {
		if s := parseStamp(prefix); !s.zero() {
			t.stamp = append(t.stamp, prefix...)
		}
	}
	t.open = append(t.open[:0], text[at:]...)
	t.first, t.more = t.line, 0
	if whole(t.open) {
		t.finish(t.open)
	}
}

// whole tells whether a list has all its fields.
func whole(list []byte) bool {
	var r Request
	return parseList(list, &r)
}

// join adds a line to a broken list. A console breaks at the blank in the time
// if it can, and anywhere if it cannot.
func (t *textReader) join(text []byte) bool {
	if isListStart(text) || t.more >= maxBroken || len(t.open)+len(text) > maxBetween {
		t.drop()
		return false
	}
	n := len(t.open)
	for _, glue := range []string{"", " "} {
		t.open = append(append(t.open[:n], glue...), text...)
		var r Request
		if parseList(t.open, &r) && (!r.ClientTime.IsZero() || glue == " ") {
			t.finish(t.open)
			return true
		}
	}
	if bytes.IndexByte(text, ',') < 0 && bytes.IndexByte(text, '-') < 0 {
		t.open = t.open[:n]
		t.drop()
		return false
	}
	t.open = append(t.open[:n], text...)
	t.more++
	return true
}

// drop gives a broken list up.
func (t *textReader) drop() {
	if len(t.open) == 0 {
		return
	}
	list := t.open
	t.open = t.open[:0]
	if bytes.Count(list, comma) >= 4 { // otherwise it was none
		t.lists++
		t.src.bad(&entry{list: list, place: t.first})
	}
}

// finish passes a list on, with the time above it, or holds it until a time
// follows.
func (t *textReader) finish(list []byte) {
	t.lists++
	t.release()
	if len(t.stamp) == 0 {
		t.held.list = append(t.held.list[:0], list...)
		t.held.host, t.held.place, t.held.number = append(t.held.host[:0], t.host...), t.first, t.number
	} else {
		t.src.take(&entry{list: list, stamp: t.stamp, host: t.host, place: t.first, number: t.number})
		t.stamp = t.stamp[:0]
	}
	t.open, t.number = t.open[:0], 0
}

// release passes a held list on.
func (t *textReader) release() {
	if len(t.held.list) == 0 {
		return
	}
	t.src.take(&t.held)
	t.held.list = t.held.list[:0]
	t.held.stamp = t.held.stamp[:0]
}

// hostLabels name the computer of an entry: properties of PowerShell, and what
// Event Viewer and wevtutil print in several languages.
var hostLabels = []string{
	"computer", "machinename", "machine name", "ordinateur", "equipo", "computador", "コンピューター", "计算机", "電腦",
	"컴퓨터", "компьютер", "komputer", "počítač", "számítógép", "dator", "bilgisayar", "datamaskin", "tietokone",
}

// label reads a labelled line above or below a list.
func (t *textReader) label(text []byte) {
	at := bytes.IndexByte(text, ':')
	if at <= 0 || at > 40 {
		if bytes.Contains(text, []byte(" 12290 ")) { // a row of a table, its message cut
			t.ids++
		}
		return
	}
	name, value := bytes.TrimSpace(text[:at]), bytes.TrimSpace(text[at+1:])
	if len(value) == 0 || bytes.ContainsAny(name, "0123456789") {
		if bytes.Contains(text, []byte(" 12290 ")) {
			t.ids++
		}
		return
	}
	switch {
	case bytes.EqualFold(name, []byte("recordid")):
		n, _ := decimal(value)
		if len(t.held.list) > 0 {
			t.held.number = n
		} else {
			t.number = n
		}
	case len(value) <= 5 && leadingDigits(value) == len(value):
		if id, _ := decimal(value); id == 12290 {
			t.ids++
		} else if id >= 900 && isIDLabel(name) {
			t.src.info.Others++
		}
	case len(value) <= maxStamp && bytes.IndexByte(value, ':') > 0 && bytes.ContainsAny(value, "0123456789"):
		if s := parseStamp(value); !s.zero() {
			t.time(value)
		}
	case len(value) <= maxName:
		lower := string(bytes.ToLower(name))
		for _, l := range hostLabels {
			if lower == l {
				t.host = append(t.host[:0], value...)
				if len(t.held.list) > 0 {
					t.held.host = append(t.held.host[:0], value...)
				}
				return
			}
		}
	}
}

func isIDLabel(name []byte) bool {
	return bytes.HasSuffix(bytes.ToLower(name), []byte("id"))
}

func (t *textReader) time(value []byte) {
	if len(t.held.list) > 0 {
		t.held.stamp = append(t.held.stamp[:0], value...)
		t.release()
		return
	}
	t.stamp = append(t.stamp[:0], value...)
}
