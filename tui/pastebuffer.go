package tui

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/kmsdiag/kmsdiag/evidence/windows"
)

// maxPaste bounds the text that is kept, in bytes: months of a host's log.
const maxPaste = 4 << 20

// pasteBuffer is text that grows and shrinks at its end.
type pasteBuffer struct {
	text []byte
	cut  int64 // bytes that came when it was full
}

// add appends text as far as there is room.
func (b *pasteBuffer) add(s string) {
	room := maxPaste - len(b.text)
	if b.cut > 0 {
		room = 0
	}
	if len(s) <= room {
		b.text = append(b.text, s...)
		return
	}
	for room > 0 && !utf8.RuneStart(s[room]) {
		room--
	}
	b.text = append(b.text, s[:room]...)
	b.cut += int64(len(s) - room)
}

// back takes the last character away.
func (b *pasteBuffer) back() {
	if b.cut > 0 {
		b.cut--
		return
	}
	_, n := utf8.DecodeLastRune(b.text)
	b.text = b.text[:len(b.text)-n]
}

// blank tells whether there is nothing to read.
func (b *pasteBuffer) blank() bool { return len(bytes.TrimSpace(b.text)) == 0 }

// What is shown of a paste is its end; a key that begins before it is masked all
// the same.
const (
	tailBytes = 8 << 10
	tailLead  = 512
)

// tail are the last lines, with product keys masked.
func (b *pasteBuffer) tail() []string {
	from := max(len(b.text)-tailBytes-tailLead, 0)
	text := strings.ToValidUTF8(string(b.text[from:]), "?")
	text = windows.Mask(strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"))
	if from > 0 {
		text = text[min(tailLead, len(text)):]
		if at := strings.IndexByte(text, '\n'); at >= 0 {
			text = text[at+1:]
		}
		text = strings.ToValidUTF8(text, "?")
	}
	return strings.Split(strings.ReplaceAll(text, "\t", "    "), "\n")
}
