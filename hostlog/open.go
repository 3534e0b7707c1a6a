package hostlog

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/kmsdiag/kmsdiag/evidence/windows"
)

// Input is one file to read.
type Input struct {
	Name string // for messages and origins
	From io.Reader
}

// FormatError says that a file is no log, or none that is understood.
type FormatError struct {
	Name  string
	Looks string // what it looks like, or ""
	Hint  string // what to do instead, or ""
}

// Error implements error.
func (e *FormatError) Error() string {
	s := e.Name + " is no event log in a form that is read here (.evtx, XML, CSV or text)"
	if e.Looks != "" {
		s = e.Name + " looks like " + e.Looks
	}
	if e.Hint != "" {
		s += ": " + e.Hint
	}
	return s
}

const (
	sniffed   = 32 << 10
	evtxMagic = "ElfFile\x00"
)

// counting counts the bytes that pass, and ends with its context.
type counting struct {
	ctx  context.Context
	from io.Reader
	n    int64
}

// Read implements io.Reader.
func (c *counting) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

// open looks at the beginning of a file and returns its text or bytes, and
// which form they have.
func (s *source) open(ctx context.Context, in Input) (*bufio.Reader, *counting, error) {
	c := &counting{ctx: ctx, from: in.From}
	br := bufio.NewReaderSize(c, sniffed)
	head, err := br.Peek(sniffed)
	if len(head) == 0 {
		if err == nil || errors.Is(err, io.EOF) {
			return nil, nil, &FormatError{Name: in.Name, Looks: "an empty file"}
		}
		return nil, nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	var layers []string
	if bytes.HasPrefix(head, []byte{0x1F, 0x8B}) {
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: gzip: %w", in.Name, err)
		}
		layers = append(layers, "gzip")
		c = &counting{ctx: ctx, from: z}
		br = bufio.NewReaderSize(c, sniffed)
		head, _ = br.Peek(sniffed)
	}
	if bytes.HasPrefix(head, []byte(evtxMagic)) {
		s.info.Format, s.info.Encoding = "evtx", strings.Join(layers, ", ")
		return br, c, nil
	}
	encoding := "UTF-8"
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		_, _ = br.Discard(3)
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), windows.HalfZero(head, 1):
		encoding = "UTF-16LE"
		br = bufio.NewReaderSize(&utf16Reader{from: br, high: 1}, sniffed)
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}), windows.HalfZero(head, 0):
		encoding = "UTF-16BE"
		br = bufio.NewReaderSize(&utf16Reader{from: br}, sniffed)
	}
	head, err = br.Peek(sniffed)
	if len(head) == 0 && err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	s.info.Encoding = strings.Join(append(layers, encoding), ", ")
	if e := foreign(head, in.Name); e != nil {
		return nil, nil, e
	}
	s.info.Format = textForm(head)
	return br, c, nil
}

// foreign looks for the signs of files that are something else.
func foreign(head []byte, name string) error {
	for _, k := range []struct{ magic, looks, hint string }{
		{"PK\x03\x04", "a ZIP archive", "unpack it first"},
		{"%PDF-", "a PDF document", "export the log as .evtx, XML, CSV or text"},
		{"\x0a\x0d\x0d\x0a", "a packet capture", "read it with kmsdiag capture"},
		{"\xd4\xc3\xb2\xa1", "a packet capture", "read it with kmsdiag capture"},
		{"\xa1\xb2\xc3\xd4", "a packet capture", "read it with kmsdiag capture"},
		{"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first"},
		{"7z\xbc\xaf", "a 7z archive", "unpack it first"},
	} {
		if bytes.HasPrefix(head, []byte(k.magic)) {
			return &FormatError{Name: name, Looks: k.looks, Hint: k.hint}
		}
	}
	if len(head) > 8 && string(head[4:8]) == "LfLe" {
		return &FormatError{Name: name, Looks: "a log of Windows XP or Server 2003 (.evt)", Hint: "open it in Event Viewer and save it as .evtx"}
	}
	// A crash leaves zeros in a text; without any sign of a log it is none.
	if bytes.IndexByte(head, 0) >= 0 && listStart(head) < 0 && !bytes.Contains(head, []byte("12290")) {
		return &FormatError{Name: name, Hint: "it holds zero bytes"}
	}
	return nil
}

// blank is what may stand before the beginning of a text; a crash leaves zeros.
const blank = " \t\r\n\x00"

// textForm tells XML, CSV and text apart.
func textForm(head []byte) string {
	text := bytes.TrimLeft(head, blank)
	if bytes.HasPrefix(text, []byte("<")) && (bytes.Contains(text, []byte("<Event")) || bytes.HasPrefix(text, []byte("<?xml"))) {
		return "xml"
	}
	if _, ok := findHeader(text); ok {
		return "csv"
	}
	if at := bytes.Index(text, []byte("<Event ")); at >= 0 && bytes.Contains(text[at:], []byte("<System>")) {
		return "xml" // behind a line of a console
	}
	return "text"
}

// utf16Reader turns UTF-16 into UTF-8. A mark at the beginning is dropped, half
// a character at the end too.
type utf16Reader struct {
	from  io.Reader
	high  int // place of the high byte: 1 little-endian, 0 big-endian
	in    [16 << 10]byte
	n     int // bytes in in
	buf   []byte
	out   []byte // of buf, not yet taken
	lead  rune   // first half of a pair
	begun bool
	err   error
}

// Read implements io.Reader.
func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.fill()
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *utf16Reader) fill() {
	n, err := u.from.Read(u.in[u.n:])
	u.n += n
	u.err = err
	out := u.buf[:0]
	i := 0
	for ; i+1 < u.n; i += 2 {
		c := rune(u.in[i+u.high])<<8 | rune(u.in[i+1-u.high])
		switch {
		case u.lead != 0:
			out = utf8.AppendRune(out, utf16.DecodeRune(u.lead, c))
			pair := utf16.DecodeRune(u.lead, c) != utf8.RuneError
			u.lead = 0
			if !pair {
				i -= 2 // read it again by itself
			}
		case c < utf8.RuneSelf:
			out = append(out, byte(c))
		case c == 0xFEFF && !u.begun:
		case c >= 0xD800 && c < 0xDC00:
			u.lead = c
		default:
			out = utf8.AppendRune(out, c)
		}
		u.begun = true
	}
	u.n = copy(u.in[:], u.in[i:u.n])
	u.buf, u.out = out, out
}
