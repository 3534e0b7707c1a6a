package hostlog

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Velocidex/ordereddict"
	"www.velocidex.com/golang/evtx"
)

// fleet is a log of many clients that renew each week.
func fleet(clients, weeks int) []req {
	var list []req
	for w := range weeks {
		for c := range clients {
			list = append(list, renewal(noon.Add(time.Duration(w-weeks)*7*24*time.Hour).Add(time.Duration(c)*time.Minute), c))
		}
	}
	return list
}

// TestEvtxAgainstLibrary reads a file of our own writer with a public library
// too: both find the same events with the same lists.
func TestEvtxAgainstLibrary(t *testing.T) {
	t.Parallel()
	for _, array := range []bool{false, true} {
		w := newEvtx()
		w.array = array
		reqs := fleet(70, 5)
		for _, r := range reqs {
			w.add(testEvent{at: r.at, id: 12290, data: []string{r.list()}})
		}
		file := w.bytes()
		chunks, err := evtx.GetChunks(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if len(chunks) < 3 {
			t.Fatalf("%d chunks; want several", len(chunks))
		}
		n := 0
		for _, c := range chunks {
			records, err := c.Parse(0)
			if err != nil {
				t.Fatal(err)
			}
			for _, rec := range records {
				text := fmt.Sprint(rec.Event)
				if d, ok := rec.Event.(*ordereddict.Dict); ok {
					b, err := d.MarshalJSON()
					if err != nil {
						t.Fatal(err)
					}
					text = string(b)
				}
				if !strings.Contains(text, reqs[n].list()) || !strings.Contains(text, "12290") || !strings.Contains(text, "kms01.corp.example") {
					t.Fatalf("record %d: %s has no %s", n, text, reqs[n].list())
				}
				n++
			}
		}
		tally, s, err := collect(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		if n != len(reqs) || tally.requests != int64(n) || s.info.Unread != 0 || len(s.info.Damage) != 0 {
			t.Errorf("the library reads %d, we read %d of %d; damage %v", n, tally.requests, len(reqs), s.info.Damage)
		}
	}
}

func TestEvtxForms(t *testing.T) {
	t.Parallel()
	r := renewal(noon, 7)
	fields := strings.Split(r.list(), ",")
	for _, test := range []struct {
		name string
		make func(w *evtxWriter)
	}{
		{"one string", func(w *evtxWriter) { w.add(testEvent{at: r.at, id: 12290, data: []string{r.list()}}) }},
		{"message and list", func(w *evtxWriter) { w.add(testEvent{at: r.at, id: 12290, data: []string{message + r.list() + "\n"}}) }},
		{"a string for each field", func(w *evtxWriter) { w.array = true; w.add(testEvent{at: r.at, id: 12290, data: fields}) }},
		{"beside other events", func(w *evtxWriter) {
			w.add(testEvent{at: r.at, id: 12293, data: []string{"0x80072338"}})
			w.add(testEvent{at: r.at, id: 12290, data: []string{r.list()}})
			w.add(testEvent{at: r.at, id: 12290, provider: "VSS", data: []string{"no list"}})
		}},
	} {
		w := newEvtx()
		test.make(w)
		rep := read(t, Options{}, w.bytes())
		if rep.Requests != 1 || len(rep.Lists) != 1 || rep.Lists[0].Count != 1 || rep.Lists[0].Host != "kms01.corp.example" || !rep.Now.Equal(noon) || !rep.Sources[0].Complete {
			t.Errorf("%s: %+v %+v", test.name, rep.Sources, rep.Lists)
		}
	}
}

// TestEvtxDamage breaks a file in several ways: what can be read is read, and
// what cannot is said.
func TestEvtxDamage(t *testing.T) {
	t.Parallel()
	reqs := fleet(70, 5)
	whole := evtxOf(reqs...)
	chunks := (len(whole) - fileHeaderSize) / chunkSize
	for _, test := range []struct {
		name  string
		spoil func(b []byte) []byte
		least int    // requests that must be read
		gap   string // what must be said; "": nothing
	}{
		{"whole", func(b []byte) []byte { return b }, len(reqs), ""},
		{"cut in a chunk", func(b []byte) []byte { return b[:fileHeaderSize+chunkSize+20000] }, 60, "breaks off after 20000 of its 65536 bytes"},
		{"cut between chunks", func(b []byte) []byte { return b[:fileHeaderSize+chunkSize] }, 40, fmt.Sprintf("%d of %d chunks", chunks-1, chunks)},
		{"cut in the header", func(b []byte) []byte { return b[:100] }, -1, "breaks off in its header"},
		{"a chunk overwritten", func(b []byte) []byte {
			for i := range chunkSize {
				b[fileHeaderSize+i] = 0xA5
			}
			return b
		}, len(reqs) - 160, "chunk 1 of"},
		{"a chunk's header overwritten", func(b []byte) []byte {
			copy(b[fileHeaderSize:], "broken")
			return b
		}, len(reqs), "its header is damaged"},
		{"a record overwritten", func(b []byte) []byte {
			at := fileHeaderSize + bytes.Index(b[fileHeaderSize+20000:], []byte(recordMagic)) + 20000
			for i := range 300 {
				b[at+i] = 0xEE
			}
			return b
		}, len(reqs) - 3, "records of chunk 1"},
		{"file header's checksum", func(b []byte) []byte { b[124] ^= 1; return b }, len(reqs), "checksum"},
		{"not closed", func(b []byte) []byte {
			le.PutUint32(b[120:], fileDirty)
			last := b[len(b)-chunkSize:]
			le.PutUint32(last[48:], chunkHeaderSize) // the header lags behind
			le.PutUint64(last[16:], le.Uint64(last[8:]))
			return b
		}, len(reqs), ""},
		{"room for more chunks", func(b []byte) []byte { return append(b, make([]byte, 3*chunkSize)...) }, len(reqs), ""},
	} {
		tally, s, err := collect(t.Context(), test.spoil(bytes.Clone(whole)))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if int(tally.requests) < test.least || test.least == len(reqs) && int(tally.requests) != len(reqs) {
			t.Errorf("%s: %d requests, want %d", test.name, tally.requests, test.least)
		}
		said := fmt.Sprint(s.info.Damage)
		if test.gap == "" && len(s.info.Damage) > 0 || !strings.Contains(said, test.gap) {
			t.Errorf("%s: says %s, want %q", test.name, said, test.gap)
		}
	}
}

// TestEvtxNeverHangs changes bytes of a file, as a fuzzer would.
func TestEvtxNeverHangs(t *testing.T) {
	t.Parallel()
	whole := evtxOf(fleet(20, 3)...)
	for seed := range 300 {
		b := bytes.Clone(whole)
		x := uint64(seed)*0x9E3779B97F4A7C15 + 1
		for range 1 + seed%20 {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			b[fileHeaderSize+int(x>>8)%(len(b)-fileHeaderSize)] = byte(x)
		}
		if _, _, err := collect(t.Context(), b); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}
