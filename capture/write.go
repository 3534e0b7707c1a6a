package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A fileWriter writes packets to a capture file: pcapng if the name ends so,
// with an interface for each link type, and classic pcap with nanoseconds
// otherwise. The writers of gopacket cannot number the link types above 255.
type fileWriter struct {
	path  string // where the packets shall be in the end
	part  string // where they are until then; "" where path is written itself
	file  *os.File
	buf   *bufio.Writer
	ng    bool
	begun bool
	links []LinkType
	frame []byte
}

// An OverwriteError says that a capture would be written onto one of the files
// that are read.
type OverwriteError struct{ File string }

func (e *OverwriteError) Error() string {
	return "--write " + e.File + " is one of the files that are read; give it another name"
}

// apart returns an [OverwriteError] if path is one of the inputs, by whatever
// name.
func apart(path string, inputs []string, stdin *os.File) error {
	out, missing := os.Stat(path)
	if missing != nil || !out.Mode().IsRegular() { // new, or a device
		inputs = nil
	}
	for _, name := range inputs {
		in, err := os.Stat(name)
		if name == "-" && stdin != nil {
			in, err = stdin.Stat()
		}
		if err == nil && os.SameFile(in, out) {
			return &OverwriteError{path}
		}
	}
	return nil
}

// createFile begins a file. A regular file gets its name when it is whole: what
// had the name before stays until then.
func createFile(path string) (*fileWriter, error) {
	w := &fileWriter{path: path, ng: strings.HasSuffix(strings.ToLower(path), ".pcapng")}
	if whole, err := filepath.EvalSymlinks(path); err == nil {
		w.path = whole
	}
	mode := os.FileMode(0o666)
	info, err := os.Stat(w.path)
	switch {
	case err == nil && info.IsDir():
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("is a directory")}
	case err == nil && !info.Mode().IsRegular():
		w.file, err = os.OpenFile(w.path, os.O_WRONLY, 0)
	default:
		if err == nil {
			mode = info.Mode().Perm()
		}
		w.part = fmt.Sprintf("%s.%d.part", w.path, os.Getpid())
		w.file, err = os.OpenFile(w.part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	}
	if err != nil {
		return nil, err
	}
	w.buf = bufio.NewWriterSize(w.file, 256<<10)
	return w, nil
}

func (w *fileWriter) write(p *Packet) error {
	at := slices.Index(w.links, p.Link)
	if at < 0 {
		if len(w.links) > 0 && !w.ng {
			return fmt.Errorf("%s: packets of %s and %s do not go into one pcap file; name it .pcapng", w.path, w.links[0], p.Link)
		}
		at = len(w.links)
		w.links = append(w.links, p.Link)
		w.header(p.Link)
	}
	le := binary.LittleEndian
	b := w.frame[:0]
	if w.ng {
		padded := (len(p.Data) + 3) &^ 3
		total := uint32(32 + padded)
		b = le.AppendUint32(le.AppendUint32(b, blockEnhanced), total)
		b = le.AppendUint32(b, uint32(at))
		b = le.AppendUint32(le.AppendUint32(b, uint32(uint64(p.Time)>>32)), uint32(p.Time))
		b = le.AppendUint32(le.AppendUint32(b, uint32(len(p.Data))), uint32(p.Wire))
		b = append(b, p.Data...)
		b = append(b, make([]byte, padded-len(p.Data))...)
		b = le.AppendUint32(b, total)
	} else {
		b = le.AppendUint32(le.AppendUint32(b, uint32(p.Time/1e9)), uint32(p.Time%1e9))
		b = le.AppendUint32(le.AppendUint32(b, uint32(len(p.Data))), uint32(p.Wire))
		b = append(b, p.Data...)
	}
	w.frame = b
	_, err := w.buf.Write(b)
	return err
}

// header writes what must precede the first packet of a link type. Errors stay
// in the buffer until the next write.
func (w *fileWriter) header(l LinkType) {
	le := binary.LittleEndian
	var b []byte
	switch {
	case !w.ng:
		b = le.AppendUint32(b, magicNano)
		b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		b = le.AppendUint32(le.AppendUint32(b, snapLength), uint32(l))
	default:
		if !w.begun {
			b = le.AppendUint32(le.AppendUint32(b, blockSection), 28)
			b = append(le.AppendUint32(b, byteOrderMagic), 1, 0, 0, 0)
			b = le.AppendUint64(b, ^uint64(0)) // length not given
			b = le.AppendUint32(b, 28)
		}
		b = le.AppendUint32(le.AppendUint32(b, blockInterface), 32)
		b = le.AppendUint32(le.AppendUint16(le.AppendUint16(b, uint16(l)), 0), snapLength)
		b = append(b, 9, 0, 1, 0, 9, 0, 0, 0) // if_tsresol: nanoseconds
		b = append(b, 0, 0, 0, 0)
		b = le.AppendUint32(b, 32)
	}
	w.begun = true
	_, _ = w.buf.Write(b)
}

// close ends the file and gives it its name.
func (w *fileWriter) close() error {
	if !w.begun { // a file without packets is still one
		w.header(LinkEthernet)
	}
	err := errors.Join(w.buf.Flush(), w.file.Close())
	switch {
	case w.part == "":
	case err != nil:
		_ = os.Remove(w.part)
	default:
		err = os.Rename(w.part, w.path)
	}
	return err
}

// discard ends the file without a trace.
func (w *fileWriter) discard() error {
	_ = w.file.Close()
	if w.part == "" {
		return nil
	}
	return os.Remove(w.part)
}

// early keeps the first packets of connections of which it is not known yet
// whether they are KMS: the handshake comes before the bind that tells.
type early struct {
	packets map[int64][]Packet
	order   []int64
}

const (
	maxEarly      = 4    // packets of a connection
	maxEarlyConns = 2048 // connections
)

// keep remembers a copy of a packet.
func (e *early) keep(conn int64, p *Packet) {
	if e.packets == nil {
		e.packets = map[int64][]Packet{}
	}
	list, known := e.packets[conn]
	if len(list) == maxEarly {
		return
	}
	if !known {
		if len(e.order) == maxEarlyConns {
			delete(e.packets, e.order[0])
			e.order = e.order[1:]
		}
		e.order = append(e.order, conn)
	}
	c := *p
	c.Data = slices.Clone(p.Data)
	e.packets[conn] = append(list, c)
}

// take hands out what was kept of a connection, once.
func (e *early) take(conn int64) []Packet {
	list := e.packets[conn]
	if list != nil {
		e.packets[conn] = []Packet{}
	}
	return list
}
