package hostlog

import (
	"encoding/binary"
	"hash/crc32"
	"time"
	"unicode/utf16"
)

// evtxWriter makes .evtx files as the service writes them: every chunk defines
// its templates at their first use, an event is an instance of one for its
// System part with another for its data nested in it.
type evtxWriter struct {
	file     []byte
	chunk    []byte
	names    map[string]uint32 // of this chunk
	outer    uint32            // templates of this chunk; 0: not yet defined
	inner    uint32
	record   uint64
	first    uint64
	lastAt   uint32
	chunks   int
	array    bool // data as an array of strings, as classic events have them
	literal  bool // events without templates
	computer string
}

// testEvent is an event to write.
type testEvent struct {
	at       time.Time
	id       uint16
	provider string
	data     []string
	record   uint64 // EventRecordID, where it is not that of the file
}

func newEvtx() *evtxWriter {
	w := &evtxWriter{computer: "kms01.corp.example", file: make([]byte, fileHeaderSize)}
	w.begin()
	return w
}

func (w *evtxWriter) begin() {
	w.chunk = make([]byte, chunkHeaderSize, chunkSize)
	w.names = map[string]uint32{}
	w.outer, w.inner, w.first = 0, 0, w.record+1
}

var le = binary.LittleEndian

func (w *evtxWriter) u8(v ...byte)  { w.chunk = append(w.chunk, v...) }
func (w *evtxWriter) u16(v uint16)  { w.chunk = le.AppendUint16(w.chunk, v) }
func (w *evtxWriter) u32(v uint32)  { w.chunk = le.AppendUint32(w.chunk, v) }
func (w *evtxWriter) u64(v uint64)  { w.chunk = le.AppendUint64(w.chunk, v) }
func (w *evtxWriter) at() uint32    { return uint32(len(w.chunk)) }
func (w *evtxWriter) text(s string) { w.chunk = append(w.chunk, utf16Bytes(s)...) }

func utf16Bytes(s string) []byte {
	var b []byte
	for _, c := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, c)
	}
	return b
}

// size writes a length of four bytes when what it measures is done.
func (w *evtxWriter) size(what func()) {
	at := len(w.chunk)
	w.u32(0)
	what()
	le.PutUint32(w.chunk[at:], uint32(len(w.chunk)-at-4))
}

// name refers to a name, which is written out at its first use.
func (w *evtxWriter) name(s string) {
	if at, ok := w.names[s]; ok {
		w.u32(at)
		return
	}
	at := w.at() + 4
	w.names[s] = at
	w.u32(at)
	w.u32(0)
	w.u16(0x1234)
	w.u16(uint16(len(s)))
	w.text(s)
	w.u16(0)
}

type attr struct {
	name  string
	value func()
}

// element writes an element with its attributes and its content.
func (w *evtxWriter) element(name string, attrs []attr, content func()) {
	token := byte(tokenOpen)
	if len(attrs) > 0 {
		token |= tokenMore
	}
	w.u8(token)
	w.u16(0xFFFF)
	w.size(func() {
		w.name(name)
		if len(attrs) > 0 {
			w.size(func() {
				for i, a := range attrs {
					token := byte(tokenAttribute)
					if i < len(attrs)-1 {
						token |= tokenMore
					}
					w.u8(token)
					w.name(a.name)
					a.value()
				}
			})
		}
		if content == nil {
			w.u8(tokenCloseEmpty)
			return
		}
		w.u8(tokenCloseStart)
		content()
		w.u8(tokenClose)
	})
}

func (w *evtxWriter) literalText(s string) func() {
	return func() {
		w.u8(tokenValue, typeString)
		w.u16(uint16(len(utf16Bytes(s)) / 2))
		w.text(s)
	}
}

func (w *evtxWriter) subst(i uint16, kind byte) func() {
	return func() {
		w.u8(tokenOptSubst)
		w.u16(i)
		w.u8(kind)
	}
}

func (w *evtxWriter) fragment() { w.u8(tokenFragment, 1, 1, 0) }

// instance writes an instance of a template, with its definition at first use.
func (w *evtxWriter) instance(offset *uint32, id uint32, body func(), values []value, bytes [][]byte) {
	w.u8(0x0C, 1)
	w.u32(id)
	if *offset == 0 {
		*offset = w.at() + 4
		w.u32(*offset)
		w.u32(0)
		for range 4 {
			w.u32(id)
		}
		w.size(func() {
			w.fragment()
			body()
			w.u8(tokenEnd)
		})
	} else {
		w.u32(*offset)
	}
	w.u32(uint32(len(values)))
	for i, v := range values {
		w.u16(uint16(len(bytes[i])))
		w.u8(v.kind, 0)
	}
	for _, b := range bytes {
		w.chunk = append(w.chunk, b...)
	}
}

// nested is the data part of an event, as the value of its place.
func (w *evtxWriter) dataPart(e testEvent, at uint32) []byte {
	kind, b := byte(typeString), utf16Bytes(e.data[0])
	if w.array {
		kind, b = typeStringArray, nil
		for _, s := range e.data {
			b = append(append(b, utf16Bytes(s)...), 0, 0)
		}
	}
	// The part is written where it will stand, since a definition in it refers to
	// its own place.
	saved := w.chunk
	w.chunk = append(make([]byte, 0, chunkSize), make([]byte, at)...)
	w.fragment()
	w.instance(&w.inner, 2, func() {
		w.element("EventData", nil, func() {
			w.element("Data", nil, w.subst(0, kind))
		})
	}, []value{{kind: kind}}, [][]byte{b})
	part := w.chunk[at:]
	w.chunk = saved
	return part
}

func (w *evtxWriter) system(id, computer, provider func()) {
	w.element("Event", []attr{{"xmlns", w.literalText("http://schemas.microsoft.com/win/2004/08/events/event")}}, func() {
		w.element("System", nil, func() {
			w.element("Provider", []attr{{"Name", provider}, {"EventSourceName", w.literalText("Software Protection Platform Service")}}, nil)
			w.element("EventID", []attr{{"Qualifiers", w.subst(2, typeUint16)}}, id)
			w.element("TimeCreated", []attr{{"SystemTime", w.subst(3, 0x11)}}, nil)
			w.element("EventRecordID", nil, w.subst(4, 0x0A))
			w.element("Channel", nil, w.literalText("Key Management Service"))
			w.element("Computer", nil, computer)
			w.element("Security", nil, nil)
		})
		if !w.literal {
			w.subst(5, typeBinXML)()
		}
	})
}

// add writes an event.
func (w *evtxWriter) add(e testEvent) {
	if e.provider == "" {
		e.provider = "KmsRequests"
	}
	length := 2500
	for _, d := range e.data {
		length += 2*len(d) + 64
	}
	if len(w.chunk)+length > chunkSize {
		w.flush()
	}
	w.record++
	start := len(w.chunk)
	w.lastAt = uint32(start)
	ft := uint64(e.at.Unix()+11644473600)*1e7 + uint64(e.at.Nanosecond()/100)
	w.chunk = append(w.chunk, recordMagic...)
	w.u32(0)
	w.u64(w.record)
	w.u64(ft)
	w.fragment()
	if w.literal {
		w.system(w.literalText("12290"), w.literalText(w.computer), w.literalText(e.provider))
	} else {
		w.templated(e, ft)
	}
	w.u8(tokenEnd)
	for len(w.chunk)%8 != 4 {
		w.u8(0)
	}
	size := uint32(len(w.chunk) - start + 4)
	w.u32(size)
	le.PutUint32(w.chunk[start+4:], size)
}

func (w *evtxWriter) templated(e testEvent, ft uint64) {
	values := []value{{kind: typeUint16}, {kind: typeString}, {kind: typeUint16}, {kind: 0x11}, {kind: 0x0A}, {kind: typeBinXML}}
	number := w.record
	if e.record != 0 {
		number = e.record
	}
	bytes := [][]byte{
		le.AppendUint16(nil, e.id), utf16Bytes(e.provider), le.AppendUint16(nil, 0x4000),
		le.AppendUint64(nil, ft), le.AppendUint64(nil, number), nil,
	}
	body := func() {
		w.system(w.subst(0, typeUint16), w.literalText(w.computer), w.subst(1, typeString))
	}
	if w.outer == 0 { // measure where the values will stand
		saved, names := w.chunk, w.names
		w.chunk = append(make([]byte, 0, 2*chunkSize), w.chunk...)
		w.names = map[string]uint32{}
		probe := uint32(0)
		w.instance(&probe, 1, body, values, bytes)
		at := w.at()
		names2 := w.names
		w.chunk, w.names = saved, names2
		bytes[5] = w.dataPart(e, at)
		w.names = names
		// The definition of the outer template comes first, with the same names.
		inner := w.names
		w.instance(&w.outer, 1, body, values, bytes)
		for n, at := range names2 {
			inner[n] = at
		}
		return
	}
	at := w.at() + 2 + 4 + 4 + 4 + 4*uint32(len(values))
	for _, b := range bytes[:5] {
		at += uint32(len(b))
	}
	bytes[5] = w.dataPart(e, at)
	w.instance(&w.outer, 1, body, values, bytes)
}

// flush ends a chunk.
func (w *evtxWriter) flush() {
	free := len(w.chunk)
	c := append(w.chunk, make([]byte, chunkSize-free)...)
	copy(c, chunkMagic)
	le.PutUint64(c[8:], w.first)
	le.PutUint64(c[16:], w.record)
	le.PutUint64(c[24:], w.first)
	le.PutUint64(c[32:], w.record)
	le.PutUint32(c[40:], 128)
	le.PutUint32(c[44:], w.lastAt)
	le.PutUint32(c[48:], uint32(free))
	le.PutUint32(c[52:], crc32.ChecksumIEEE(c[chunkHeaderSize:free]))
	crc := crc32.ChecksumIEEE(c[:120])
	le.PutUint32(c[124:], crc32.Update(crc, crc32.IEEETable, c[128:chunkHeaderSize]))
	w.file = append(w.file, c...)
	w.chunks++
	w.begin()
}

// bytes ends the file and returns it.
func (w *evtxWriter) bytes() []byte {
	if len(w.chunk) > chunkHeaderSize {
		w.flush()
	}
	h := w.file[:fileHeaderSize]
	copy(h, evtxMagic)
	le.PutUint64(h[16:], uint64(w.chunks-1))
	le.PutUint64(h[24:], w.record+1)
	le.PutUint32(h[32:], 128)
	le.PutUint16(h[36:], 1)
	le.PutUint16(h[38:], 3)
	le.PutUint16(h[40:], fileHeaderSize)
	le.PutUint16(h[42:], uint16(w.chunks))
	le.PutUint32(h[124:], crc32.ChecksumIEEE(h[:120]))
	return w.file
}
