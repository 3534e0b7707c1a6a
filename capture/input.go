package capture

import (
	"errors"
	"io"
	"sync"
)

// Sizes of the blocks in which a file is read, in bytes. A record may lie across
// blocks: what is left of one is copied in front of the next.
const (
	blockSize = 512 << 10
	headroom  = maxRecord + 64
	ahead     = 3 // blocks read ahead
)

// maxRecord bounds one record of a file, in bytes: the largest snap length that
// tcpdump uses, and what belongs to a record around it.
const maxRecord = 262144 + 4096

// An input hands out consecutive bytes of a stream without copying them, while
// a goroutine reads ahead.
type input struct {
	blocks chan block
	free   chan []byte
	quit   chan struct{}
	once   sync.Once
	idle   func() // called before a wait for bytes; may be nil

	buf    []byte
	r, w   int   // buf[r:w] is not consumed
	offset int64 // of buf[r] in the stream
	err    error // what ended the stream
}

type block struct {
	buf []byte
	n   int
	err error
}

// newInput begins to read ahead. What atEnd does is done when the reading has
// ended, whether by itself or by stop.
func newInput(r io.Reader, atEnd func()) *input {
	in := &input{blocks: make(chan block, ahead), free: make(chan []byte, ahead+1), quit: make(chan struct{})}
	for range ahead + 1 {
		in.free <- nil // allocated when first needed: small files need one
	}
	go func() {
		defer atEnd()
		in.prefetch(r)
	}()
	return in
}

func (in *input) prefetch(r io.Reader) {
	defer close(in.blocks)
	for {
		var buf []byte
		select {
		case buf = <-in.free:
		case <-in.quit:
			return
		}
		if buf == nil {
			buf = make([]byte, headroom+blockSize)
		}
		n, err := r.Read(buf[headroom:])
		select {
		case in.blocks <- block{buf, n, err}:
		case <-in.quit:
			return
		}
		if err != nil {
			return
		}
	}
}

// stop ends the reading ahead, and for the reader the stream. The goroutine ends
// with the Read it may be in. Any goroutine may call stop, more than once.
func (in *input) stop() { in.once.Do(func() { close(in.quit) }) }

// peek returns the next n bytes, at most maxRecord, without consuming them. At the end of the
// stream it returns what is left and io.EOF, or what the reader failed with.
func (in *input) peek(n int) ([]byte, error) {
	for in.w-in.r < n {
		if in.err != nil {
			return in.buf[in.r:in.w], in.err
		}
		in.more()
	}
	return in.buf[in.r : in.r+n : in.r+n], nil
}

// more appends the next block to what is left of the current one.
func (in *input) more() {
	var b block
	var ok bool
	select {
	case b, ok = <-in.blocks:
	default:
		if in.idle != nil {
			in.idle()
		}
		select {
		case b, ok = <-in.blocks:
		case <-in.quit:
		}
	}
	if !ok {
		in.err = io.EOF
		return
	}
	left := in.w - in.r
	start := headroom - left
	copy(b.buf[start:], in.buf[in.r:in.w])
	if in.buf != nil {
		in.free <- in.buf
	}
	in.buf, in.r, in.w, in.err = b.buf, start, headroom+b.n, b.err
}

// skip consumes n bytes that peek returned.
func (in *input) skip(n int) {
	in.r += n
	in.offset += int64(n)
}

// discard consumes n bytes, however many. It returns false at the end of the
// stream.
func (in *input) discard(n int64) bool {
	for n > 0 {
		have := int64(in.w - in.r)
		if have == 0 {
			if in.err != nil {
				return false
			}
			in.more()
			continue
		}
		have = min(have, n)
		in.skip(int(have))
		n -= have
	}
	return true
}

// ended words the end of a stream inside a record.
func (in *input) ended() error {
	if errors.Is(in.err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return in.err
}
