package capture

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
)

// A Tap writes the packets of KMS of a job to a file, from the moment it is
// started on. An error ends the file, and is returned once, by whichever of
// Flush and Stop comes first. Its methods may be called by any goroutine.
type Tap struct {
	mu      sync.Mutex
	out     *fileWriter
	packets int64
	err     error // of a file that ended by it, until it was returned
}

// Start begins a new file, which only its owner may read: pcapng if the name ends
// so, classic pcap otherwise. A file that exists is left alone: the error is [os.ErrExist] then. A file that
// is being written is ended first; nothing is begun where that fails.
func (t *Tap) Start(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("a file for packets: %w", err)
	}
	if _, err = t.Stop(); err != nil {
		return errors.Join(err, file.Close(), os.Remove(path))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.out = &fileWriter{
		path: path, file: file, ng: strings.HasSuffix(strings.ToLower(path), ".pcapng"), buf: bufio.NewWriterSize(file, 256<<10),
	}
	t.packets = 0
	return nil
}

// Flush brings what was written so far to the file, so that an error shows when
// it happens.
func (t *Tap) Flush() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.out != nil {
		t.check(t.out.buf.Flush())
	}
	return t.trouble()
}

// Stop ends the file, if there is one, and returns how many packets it has.
func (t *Tap) Stop() (packets int64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.out != nil {
		t.err = t.out.close()
		t.out = nil
	}
	return t.packets, t.trouble()
}

// Written returns the number of packets written since the start, and whether a
// file is being written.
func (t *Tap) Written() (packets int64, open bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.packets, t.out != nil
}

// write adds a packet, if a file is being written.
func (t *Tap) write(p *Packet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.out == nil {
		return
	}
	if err := t.out.write(p); err != nil {
		t.check(err)
		return
	}
	t.packets++
}

// check ends the file after an error.
func (t *Tap) check(err error) {
	if err != nil {
		_ = t.out.file.Close()
		t.out, t.err = nil, err
	}
}

// trouble returns the error of the file once.
func (t *Tap) trouble() error {
	err := t.err
	t.err = nil
	return err
}
