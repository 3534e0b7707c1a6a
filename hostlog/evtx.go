package hostlog

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
)

// Sizes and places in an .evtx file. The format is described by the libevtx
// project ("Windows XML Event Log (EVTX) format").
const (
	fileHeaderSize   = 4096
	chunkSize        = 64 << 10
	chunkHeaderSize  = 512
	recordHeaderSize = 24
	chunkMagic       = "ElfChnk\x00"
	recordMagic      = "\x2a\x2a\x00\x00"
	fileDirty        = 1 // flag: not closed when it was copied
)

// evtxReader reads an event log file front to back, a chunk at a time. Chunks do
// not depend on each other, so that damage costs no more than its chunk; and in
// a chunk the records that can be read are read.
type evtxReader struct {
	src    *source
	chunk  [chunkSize]byte
	n      int   // bytes of the chunk that are there
	number int64 // of the chunk, from 1
	xml    binXML
	entry  entry
	text   []byte
	host   []byte
	told   int64 // chunks that the file's header speaks of; 0: it does not say
}

func (x *evtxReader) read(br *bufio.Reader) error {
	var head [fileHeaderSize]byte
	if n, err := io.ReadFull(br, head[:]); err != nil {
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		x.src.gap(Gap{What: "the file", Why: "it breaks off in its header", Offset: int64(n)})
		return nil
	}
	if err := x.header(head[:], br); err != nil {
		return err
	}
	dirty := binary.LittleEndian.Uint32(head[120:])&fileDirty != 0
	for {
		n, err := io.ReadFull(br, x.chunk[:])
		if n == 0 && errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			return err
		}
		x.number++
		x.n = n
		if err != nil {
			x.src.gap(Gap{
				What: x.chunkName(), Why: fmt.Sprintf("the file breaks off after %d of its %d bytes", n, chunkSize),
				Offset: x.offset(), Bytes: int64(chunkSize - n),
			})
		}
		x.one(dirty)
	}
	if missing := x.told - x.number; missing > 0 {
		x.src.gap(Gap{
			What: fmt.Sprintf("%d of %d chunks", missing, x.told), Why: "the file's header speaks of them, the file ends before",
			Offset: fileHeaderSize + x.number*chunkSize, Bytes: missing * chunkSize,
		})
	}
	return nil
}

// header checks what the file says of itself.
func (x *evtxReader) header(head []byte, br *bufio.Reader) error {
	if major := binary.LittleEndian.Uint16(head[38:]); major != 3 {
		x.src.gap(Gap{What: "the file's header", Why: fmt.Sprintf("it says version %d, known is 3; read as 3", major)})
	}
	if crc32.ChecksumIEEE(head[:120]) != binary.LittleEndian.Uint32(head[124:]) {
		x.src.gap(Gap{What: "the file's header", Why: "its checksum is wrong; read all the same"})
	} else {
		x.told = int64(binary.LittleEndian.Uint16(head[42:]))
	}
	if size := binary.LittleEndian.Uint16(head[40:]); size > fileHeaderSize {
		if _, err := br.Discard(int(size) - fileHeaderSize); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	return nil
}

func (x *evtxReader) chunkName() string {
	if x.number <= x.told {
		return fmt.Sprintf("chunk %d of %d", x.number, x.told)
	}
	return fmt.Sprintf("chunk %d", x.number)
}

func (x *evtxReader) offset() int64 { return fileHeaderSize + (x.number-1)*chunkSize }

// one reads a chunk.
func (x *evtxReader) one(dirty bool) {
	b := x.chunk[:x.n]
	if len(b) < chunkHeaderSize {
		return
	}
	if string(b[:8]) != chunkMagic {
		if allZero(b) { // set aside and not yet used
			return
		}
		if len(b) <= chunkHeaderSize+recordHeaderSize || string(b[chunkHeaderSize:chunkHeaderSize+4]) != recordMagic {
			x.src.gap(Gap{What: x.chunkName(), Why: "it does not begin like one", Offset: x.offset(), Bytes: int64(len(b))})
			return
		}
		x.src.gap(Gap{What: x.chunkName(), Why: "its header is damaged; its records are read all the same", Offset: x.offset(), Bytes: chunkHeaderSize})
		x.records(b, len(b), 0, false)
		return
	}
	le := binary.LittleEndian
	first, last := le.Uint64(b[8:]), le.Uint64(b[16:])
	free := int(le.Uint32(b[48:]))
	crc := crc32.ChecksumIEEE(b[:120])
	crc = crc32.Update(crc, crc32.IEEETable, b[128:chunkHeaderSize])
	sound := crc == le.Uint32(b[124:]) && free >= chunkHeaderSize && free <= chunkSize
	if sound && free <= len(b) {
		sound = crc32.ChecksumIEEE(b[chunkHeaderSize:free]) == le.Uint32(b[52:])
	}
	// The log of a running service is ahead of the header of its last chunk.
	if !sound && x.n == chunkSize && !dirty {
		x.src.gap(Gap{What: x.chunkName(), Why: "its checksum is wrong; read all the same", Offset: x.offset()})
	}
	if !sound {
		free = len(b)
	}
	want := uint64(0)
	if last >= first && last-first < chunkSize/recordHeaderSize {
		want = last - first + 1
	}
	x.records(b, min(free, len(b)), want, dirty)
}

// records reads the records of a chunk up to a place, and those that follow
// behind it where the header may lag.
func (x *evtxReader) records(b []byte, end int, want uint64, lags bool) {
	x.xml.reset(b)
	le := binary.LittleEndian
	var got, bad uint64
	var lost int64
	lastID := uint64(0)
	if lags {
		want = 0
	}
	for at := chunkHeaderSize; at+recordHeaderSize < end || lags && at+recordHeaderSize < len(b); {
		size := int(le.Uint32(b[at+4:]))
		id := le.Uint64(b[at+8:])
		if string(b[at:at+4]) != recordMagic || size < recordHeaderSize+4 || at+size > len(b) || lastID != 0 && id <= lastID {
			if at >= end || allZero(b[at:min(end, at+64)]) || lastID != 0 && string(b[at:at+4]) == recordMagic && id <= lastID {
				break // unused, or a leaving of the time before the chunk was used again
			}
			next := bytes.Index(b[at+4:end], []byte(recordMagic))
			if next < 0 {
				if want > got+bad {
					lost += int64(end - at)
				}
				break
			}
			lost += int64(next + 4)
			at += next + 4
			continue
		}
		if at >= end && lastID != 0 && id != lastID+1 {
			break
		}
		lastID = id
		if x.record(b[at+recordHeaderSize:at+size-4], at+recordHeaderSize, id, le.Uint64(b[at+16:])) {
			got++
		} else {
			bad++
			lost += int64(size)
		}
		at += size
	}
	if missing := max(int64(want)-int64(got), int64(bad)); missing > 0 {
		x.src.gap(Gap{
			What: fmt.Sprintf("%d of %d records of %s", missing, max(want, got+bad), x.chunkName()),
			Why:  "damaged or cut off", Offset: x.offset(), Bytes: lost,
		})
	} else if lost > 0 {
		x.src.gap(Gap{What: x.chunkName(), Why: "damaged between its records", Offset: x.offset(), Bytes: lost})
	}
}

// record reads one record; false where it cannot be read.
func (x *evtxReader) record(body []byte, at int, id, filetime uint64) bool {
	if !x.xml.event(at, at+len(body)) {
		return false
	}
	ev := &x.xml.found
	number := int64(id)
	if ev.record != 0 {
		number = int64(ev.record)
	}
	if ev.id&0xFFFF != 12290 {
		x.src.numbers.add(number, unixOrZero(fromFiletime(filetime)))
		x.src.info.Others++
		return true
	}
	x.text = x.text[:0]
	for _, d := range ev.data {
		if len(x.text) > 0 {
			x.text = append(x.text, ',')
		}
		x.text = appendUTF16(x.text, d)
	}
	list := x.text
	at = listStart(list)
	provider := appendUTF16(x.host[:0], ev.provider)
	ours := ofKMS(provider)
	if at < 0 && !ours {
		x.src.numbers.add(number, unixOrZero(fromFiletime(filetime)))
		x.src.info.Others++
		return true
	}
	if at > 0 {
		list = firstLine(list[at:])
	}
	x.host = appendUTF16(provider[:0], ev.computer)
	x.entry = entry{list: list, host: x.host, place: int64(id), at: fromFiletime(filetime), number: number}
	x.src.take(&x.entry)
	return true
}

// fromFiletime reads a FILETIME: 100 ns steps since 1601, UTC. Zero for a time
// that no log can be of.
func fromFiletime(ft uint64) time.Time {
	const to1970 = 116444736000000000
	if ft < to1970 {
		return time.Time{}
	}
	ft -= to1970
	t := time.Unix(int64(ft/1e7), int64(ft%1e7)*100).UTC()
	if ft/1e7 > 1<<32 || t.Year() < minYear || t.Year() > maxYear {
		return time.Time{}
	}
	return t
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
