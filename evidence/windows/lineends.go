package windows

import (
	"bytes"
	"io"
)

// lineEnds makes line feeds of carriage returns that end a line by themselves:
// terminals paste lines so, and old programs write them. Those before a line
// feed stay as they are.
type lineEnds struct {
	r    io.Reader
	held int   // carriage returns at the end of what was read, not yet given out
	err  error // of r, to give out after them
	next []byte
}

// loneReturn tells whether a text has a carriage return that ends a line by
// itself.
func loneReturn(b []byte) bool {
	for {
		at := bytes.IndexByte(b, '\r')
		if at < 0 {
			return false
		}
		b = bytes.TrimLeft(b[at:], "\r")
		if len(b) > 0 && b[0] != '\n' {
			return true
		}
	}
}

// Read implements [io.Reader].
func (l *lineEnds) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for len(l.next) == 0 {
		switch {
		case l.err != nil && l.held == 0:
			return 0, l.err
		case l.err != nil:
			l.next, l.held = bytes.Repeat([]byte("\n"), l.held), 0
		default:
			l.fill(len(p))
		}
	}
	n := copy(p, l.next)
	l.next = l.next[n:]
	return n, nil
}

// fill reads once and settles what the bytes read say of the returns held back.
func (l *lineEnds) fill(size int) {
	buf := make([]byte, max(size, 512))
	n, err := l.r.Read(buf)
	l.err = err
	if n == 0 && err == nil {
		l.err = io.ErrNoProgress
	}
	b := buf[:n]
	if n == 0 {
		return
	}
	if l.held > 0 {
		b = append(bytes.Repeat([]byte("\r"), l.held), b...)
		l.held = 0
	}
	for l.held < len(b) && b[len(b)-1-l.held] == '\r' {
		l.held++
	}
	b = b[:len(b)-l.held]
	for at := bytes.IndexByte(b, '\r'); at >= 0; {
		end := at
		for end < len(b) && b[end] == '\r' {
			end++
		}
		if b[end] != '\n' { // the last byte is no return
			for i := at; i < end; i++ {
				b[i] = '\n'
			}
		}
		more := bytes.IndexByte(b[end:], '\r')
		if more < 0 {
			break
		}
		at = end + more
	}
	l.next = b
}
