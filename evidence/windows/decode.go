package windows

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

const sniffed = 4096

// decoded returns the text of r in UTF-8, without a byte order mark. Text
// without a mark is UTF-16 where every other byte of its beginning is zero;
// bytes that are no UTF-8 are left for [utf8Line].
func decoded(r io.Reader, source string) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, maxLine)
	head, err := in.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return nil, err
	}
	var order unicode.Endianness
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		_, err := in.Discard(3)
		return in, err
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), HalfZero(head, 1):
		order = unicode.LittleEndian
	case bytes.HasPrefix(head, []byte{0xFE, 0xFF}), HalfZero(head, 0):
		order = unicode.BigEndian
	default:
		if e := binary(head, source); e != nil {
			return nil, e
		}
		return in, nil
	}
	utf16 := unicode.UTF16(order, unicode.UseBOM)
	in = bufio.NewReaderSize(transform.NewReader(in, utf16.NewDecoder()), maxLine)
	head, err = in.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return nil, err
	}
	if e := binary(head, source); e != nil {
		return nil, e
	}
	return in, nil
}

// HalfZero tells whether the bytes at odd (1) or even (0) places of the beginning
// of a text are mostly zero and the others hardly: Latin text in UTF-16 without a
// byte order mark, little-endian where the odd ones are.
func HalfZero(head []byte, place int) bool {
	if len(head) < 4 {
		return false
	}
	var zero [2]int
	for i, b := range head {
		if b == 0 {
			zero[i%2]++
		}
	}
	half := len(head) / 2
	return zero[place] > half*6/10 && zero[1-place] <= half/20
}

// binary looks for signs that bytes are no text: a known file header, a zero
// byte, or too many control characters.
func binary(head []byte, source string) error {
	for _, k := range []struct{ magic, looks, advice string }{
		{"ElfFile\x00", "an event log file (.evtx)", "kmsdiag hostlog reads that of a KMS host; export another as text: wevtutil qe FILE.evtx /lf:true /f:text"},
		{"PK\x03\x04", "a ZIP archive or an Office document", "paste its text"},
		{"%PDF-", "a PDF document", "paste its text"},
		{"\x89PNG", "a picture", "type the error code instead"},
		{"\xff\xd8\xff", "a picture", "type the error code instead"},
		{"\x0a\x0d\x0d\x0a", "a packet capture", "read it with kmsdiag capture"},
		{"\xd4\xc3\xb2\xa1", "a packet capture", "read it with kmsdiag capture"},
		{"\xa1\xb2\xc3\xd4", "a packet capture", "read it with kmsdiag capture"},
		{"MZ\x90\x00", "a program", ""},
	} {
		if bytes.HasPrefix(head, []byte(k.magic)) {
			return &BinaryError{Source: source, Looks: k.looks, Advice: k.advice}
		}
	}
	odd := 0
	for _, b := range head {
		switch {
		case b == 0:
			return &BinaryError{Source: source}
		case b < ' ' && b != '\n' && b != '\r' && b != '\t' && b != '\f' && b != '\x1b':
			odd++
		}
	}
	if odd > len(head)/10 {
		return &BinaryError{Source: source}
	}
	return nil
}

// utf8Line repairs a line that is not UTF-8: the bytes that are not are taken
// for Windows-1252, which old consoles and editors write.
func utf8Line(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			r = charmap.Windows1252.DecodeByte(b[0])
		}
		out.WriteRune(r)
		b = b[n:]
	}
	return out.String()
}
