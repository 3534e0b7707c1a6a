package hostlog

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"time"
)

// seedRequests are a few requests of each kind.
func seedRequests() []req {
	list := fleet(3, 2)
	list[1].hr, list[2].machine, list[3].vm = 0xC004F042, "a,b", true
	return list
}

// fuzzReader reads bytes with one reader, whatever they look like, and reports.
func fuzzReader(t *testing.T, data []byte, use func(*source, *bufio.Reader) error) {
	s := &source{tally: newTally(), info: Source{Name: "log"}}
	if err := use(s, bufio.NewReader(bytes.NewReader(data))); err != nil {
		t.Fatalf("an error of reading from memory: %v", err)
	}
	s.end()
	if s.tally.requests+s.tally.doubles > s.info.Requests {
		t.Fatalf("%d requests and %d duplicates of %d read", s.tally.requests, s.tally.doubles, s.info.Requests)
	}
	r := &Report{tally: s.tally, Sources: []Source{s.info}}
	r.fill(Options{})
	for i := range r.Lists {
		if l := &r.Lists[i]; l.Count > l.Clients || l.Served > l.Requests {
			t.Fatalf("%d counted of %d clients, %d served of %d", l.Count, l.Clients, l.Served, l.Requests)
		}
	}
	n := 0
	for range r.Clients() {
		n++
	}
	if n != s.tally.clients.n {
		t.Fatalf("%d clients listed of %d", n, s.tally.clients.n)
	}
}

func FuzzEvtx(f *testing.F) {
	for _, array := range []bool{false, true} {
		w := newEvtx()
		w.array = array
		for _, r := range seedRequests() {
			w.add(testEvent{at: r.at, id: 12290, data: []string{r.list()}})
		}
		f.Add(w.bytes()[:fileHeaderSize+8<<10])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzReader(t, data, func(s *source, br *bufio.Reader) error {
			s.info.Format = "evtx"
			return (&evtxReader{src: s}).read(br)
		})
	})
}

func FuzzXML(f *testing.F) {
	f.Add(xmlOf(seedRequests()...))
	f.Add([]byte("<Events><Event><System><EventID>12290</EventID></System><EventData><Data>0x0</Data><Data>25</Data></EventData></Event>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzReader(t, data, func(s *source, br *bufio.Reader) error {
			s.info.Format = "xml"
			return (&xmlReader{src: s}).read(br)
		})
	})
}

func FuzzCSV(f *testing.F) {
	f.Add(csvOf("1/2/2006 3:04:05 PM", zone, seedRequests()...))
	f.Add([]byte("#TYPE x\n\"Id\";\"Message\";\"TimeCreated\"\n12290;\"a \"\"b\"\"\n0x0,25,\";1/2/2026 3:04\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzReader(t, data, func(s *source, br *bufio.Reader) error {
			s.info.Format = "csv"
			return (&csvReader{src: s}).read(br)
		})
	})
}

func FuzzText(f *testing.F) {
	f.Add(textOf("02/01/2006 15:04:05", zone, seedRequests()...))
	f.Add([]byte(strings.ReplaceAll(seedRequests()[0].list(), " ", "\n")))
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzReader(t, data, func(s *source, br *bufio.Reader) error {
			s.info.Format = "text"
			return (&textReader{src: s}).read(br)
		})
	})
}

// FuzzOpen tells forms and encodings apart.
func FuzzOpen(f *testing.F) {
	for _, b := range encodings(textOf("2006-01-02T15:04:05", 0, seedRequests()...), false) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, s, _ := collect(t.Context(), data)
		if s.info.Requests < 0 {
			t.Fatal("requests below zero")
		}
	})
}

func FuzzStamp(f *testing.F) {
	for _, s := range []string{"2026-11-02T15:04:05.0000000Z", "11/2/2026 3:04:05 PM", "2026/11/2 下午 3:04:05", "Monday, November 2, 2026 3:04:05 PM"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := parseStamp([]byte(text))
		for _, at := range []time.Time{s.dayFirst, s.monthFirst} {
			if !at.IsZero() && (at.Year() < minYear-1 || at.Year() > maxYear+1) {
				t.Fatalf("%q is %v", text, at)
			}
		}
	})
}
