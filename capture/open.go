package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// A FormatError says that a file is no capture that can be read, and what to do
// about it if its kind was recognised.
type FormatError struct {
	File string
	Kind string // "an ETW trace", "" when unknown
	Cure string // the command that converts it, "" when there is none
}

func (e *FormatError) Error() string {
	switch {
	case e.Kind == "":
		return e.File + " is neither a pcap nor a pcapng file"
	case e.Cure == "":
		return fmt.Sprintf("%s is %s, not a capture of packets", e.File, e.Kind)
	}
	return fmt.Sprintf("%s is %s; convert it first: %s", e.File, e.Kind, e.Cure)
}

// ErrEmpty says that a file has no bytes at all.
var ErrEmpty = errors.New("the file is empty")

// A File is an open capture file, gzip and zstd taken off.
type File struct {
	Source
	Name  string
	in    *input
	unzip func() // releases the decompressor
}

// maxWindow bounds the history that a zstd file may ask for, in bytes.
const maxWindow = 32 << 20

// NewFile recognises the format of r, which is read ahead by a goroutine until
// [File.Close] or the end. The name serves for messages.
func NewFile(name string, r io.Reader) (*File, error) {
	f := &File{Name: name, unzip: func() {}}
	magic := make([]byte, 80)
	n, err := io.ReadFull(r, magic)
	magic = magic[:n]
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r = io.MultiReader(bytes.NewReader(magic), r)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, &BrokenError{File: name, Err: fmt.Errorf("gzip: %w", err)}
		}
		f.unzip = func() { _ = z.Close() }
		return f.unpacked(z)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, &BrokenError{File: name, Err: fmt.Errorf("zstd: %w", err)}
		}
		f.unzip = z.Close
		return f.unpacked(z)
	}
	return f.recognise(magic, r)
}

func (f *File) unpacked(z io.Reader) (*File, error) {
	magic := make([]byte, 80)
	n, err := io.ReadFull(z, magic)
	if err != nil && err != io.EOF && (n == 0 || err != io.ErrUnexpectedEOF) {
		f.unzip()
		return nil, &BrokenError{File: f.Name, Err: err}
	}
	return f.recognise(magic[:n], io.MultiReader(bytes.NewReader(magic[:n]), z))
}

func (f *File) recognise(magic []byte, r io.Reader) (*File, error) {
	var classic bool
	if len(magic) >= 4 {
		_, _, classic = pcapOrder(magic)
	}
	ng := bytes.HasPrefix(magic, []byte{0x0a, 0x0d, 0x0d, 0x0a})
	switch {
	case len(magic) == 0:
		f.unzip()
		return nil, fmt.Errorf("%s: %w", f.Name, ErrEmpty)
	case !classic && !ng:
		f.unzip()
		return nil, f.foreign(magic)
	}
	f.in = newInput(r, f.unzip)
	if ng {
		f.Source = newPcapngReader(f.in, f.Name)
		return f, nil
	}
	src, err := newPcapReader(f.in, f.Name)
	if err != nil {
		f.Close()
		return nil, err
	}
	f.Source = src
	return f, nil
}

// foreign names what else a file may be.
func (f *File) foreign(magic []byte) error {
	e := &FormatError{File: f.Name}
	lower := strings.ToLower(f.Name)
	// An ETW log begins with a buffer header of 72 bytes and a system trace
	// header: version 2, header type 1 or 2, flags 0xC0.
	etw := len(magic) >= 76 && magic[75] == 0xC0 && (magic[74] == 1 || magic[74] == 2)
	switch {
	case etw || strings.HasSuffix(lower, ".etl"):
		e.Kind = "a Windows event trace (pktmon, netsh trace)"
		to := strings.TrimSuffix(f.Name, ".etl") + ".pcapng"
		e.Cure = fmt.Sprintf("pktmon etl2pcap %s --out %s (for a file of netsh trace: etl2pcapng %s %s)", f.Name, to, f.Name, to)
	case bytes.HasPrefix(magic, []byte("GMBU")), bytes.HasPrefix(magic, []byte("RTSS")):
		e.Kind, e.Cure = "a Network Monitor capture", fmt.Sprintf("editcap -F pcapng %s %s.pcapng", f.Name, f.Name)
	case bytes.HasPrefix(magic, []byte("snoop\x00\x00\x00")):
		e.Kind, e.Cure = "a snoop capture", fmt.Sprintf("editcap -F pcapng %s %s.pcapng", f.Name, f.Name)
	case bytes.HasPrefix(magic, []byte("PK\x03\x04")):
		e.Kind = "a ZIP archive"
	case bytes.HasPrefix(magic, []byte("BZh")), bytes.HasPrefix(magic, []byte("\xfd7zXZ")):
		e.Kind = "compressed with bzip2 or xz"
	}
	return e
}

// Dropped returns how many packets the file says its writer lost.
func (f *File) Dropped() uint64 {
	if d, ok := f.Source.(interface{ Dropped() uint64 }); ok {
		return d.Dropped()
	}
	return 0
}

// onIdle sets what is called before the source waits for bytes.
func (f *File) onIdle(call func()) {
	if f.in != nil {
		f.in.idle = call
	}
}

// Close ends the reading ahead, as soon as the Read it may be in returns. The
// reader that [NewFile] was given stays open.
func (f *File) Close() { f.in.stop() }

// OpenFile opens a file, "-" being standard input. The size is 0 where it is
// not known. Closing the handle also ends a reading ahead that waits.
func OpenFile(name string, stdin *os.File) (handle *os.File, size int64, err error) {
	if name == "-" {
		return stdin, 0, nil
	}
	handle, err = os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := handle.Stat()
	switch {
	case err != nil:
		_ = handle.Close()
		return nil, 0, err
	case info.IsDir():
		_ = handle.Close()
		return nil, 0, fmt.Errorf("%s is a directory", name)
	case info.Mode().IsRegular():
		size = info.Size()
	}
	return handle, size, nil
}
