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
// started on. Its methods may be called by any goroutine.
type Tap struct {
	mu      sync.Mutex
	out     *fileWriter
	packets int64
	err     error
}

// Start begins a new file: pcapng if the name ends so, classic pcap otherwise. A
// file that exists is left alone: the error is [os.ErrExist] then. A file that
// is being written is ended first.
func (t *Tap) Start(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return fmt.Errorf("a file for packets: %w", err)
	}
	_, err = t.Stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.out = &fileWriter{
		path: path, file: file, ng: strings.HasSuffix(strings.ToLower(path), ".pcapng"), buf: bufio.NewWriterSize(file, 256<<10),
	}
	t.packets, t.err = 0, nil
	return err
}

// Stop ends the file, if there is one, and returns how many packets it has.
func (t *Tap) Stop() (packets int64, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.out == nil {
		return t.packets, nil
	}
	err = errors.Join(t.err, t.out.close())
	t.out = nil
	return t.packets, err
}

// Written returns the number of packets written since the start, and whether a
// file is being written.
func (t *Tap) Written() (packets int64, open bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.packets, t.out != nil
}

// write adds a packet, if a file is being written. After an error nothing more
// is written; Stop returns it.
func (t *Tap) write(p *Packet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.out == nil || t.err != nil {
		return
	}
	if t.err = t.out.write(p); t.err == nil {
		t.packets++
	}
}
