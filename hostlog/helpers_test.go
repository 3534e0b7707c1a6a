package hostlog

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
)

// Activation ids of the catalogue.
const (
	win11Enterprise = "73111121-5638-40f6-bc11-f1d7b0d64300"
	server2022      = "9bd77860-9b31-4b7b-96ad-2564017315bf"
	office2021      = "fbdb3e18-a8ef-4fb3-9183-dffd60bd0984"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// req is a request to write into a log.
type req struct {
	at      time.Time
	hr      uint32
	n       int
	machine string
	cmid    string
	client  time.Time // zero: at
	vm      bool
	status  int
	minutes int64
	sku     string
	record  int64 // number of the entry; 0: by its place in the file
}

// id makes a client id.
func id(n int) string { return fmt.Sprintf("%08x-1111-4222-8333-444455556666", n) }

func (r req) list() string {
	client := r.client
	if client.IsZero() {
		client = r.at
	}
	vm := 0
	if r.vm {
		vm = 1
	}
	return fmt.Sprintf("0x%X,%d,%s,%s,%s,%d,%d,%d,%s", r.hr, r.n, r.machine, r.cmid, client.UTC().Format("2006/1/2 15:04"), vm, r.status, r.minutes, r.sku)
}

// renewal is a request of a licensed Windows client that is served.
func renewal(at time.Time, n int) req {
	return req{at: at, n: 25, machine: fmt.Sprintf("pc%03d.corp.example", n), cmid: id(n), status: 1, minutes: 250000, sku: win11Enterprise}
}

const message = "An activation request has been processed.\nInfo:\n"

func evtxOf(reqs ...req) []byte {
	w := newEvtx()
	for _, r := range reqs {
		w.add(testEvent{at: r.at, id: 12290, data: []string{r.list()}, record: uint64(r.record)})
	}
	return w.bytes()
}

func xmlOf(reqs ...req) []byte {
	var b bytes.Buffer
	for i, r := range reqs {
		number := int64(i + 1)
		if r.record != 0 {
			number = r.record
		}
		fmt.Fprintf(&b, "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='KmsRequests'/>"+
			"<EventID Qualifiers='16384'>12290</EventID><Level>4</Level><TimeCreated SystemTime='%s'/><EventRecordID>%d</EventRecordID>"+
			"<Channel>Key Management Service</Channel><Computer>kms01.corp.example</Computer><Security/></System>"+
			"<EventData><Data>%s</Data></EventData></Event>\n", r.at.Format("2006-01-02T15:04:05.0000000Z"), number, r.list())
	}
	return b.Bytes()
}

// textOf writes what wevtutil prints, with dates in a layout.
func textOf(layout string, zone time.Duration, reqs ...req) []byte {
	var b bytes.Buffer
	for i, r := range reqs {
		fmt.Fprintf(&b, "Event[%d]:\r\n  Log Name: Key Management Service\r\n  Source: KmsRequests\r\n  Date: %s\r\n  Event ID: 12290\r\n  Task: N/A\r\n"+
			"  Computer: kms01.corp.example\r\n  Description: \r\nAn activation request has been processed.\r\nInfo:\r\n%s\r\n\r\n",
			i, r.at.Add(zone).Format(layout), r.list())
	}
	return b.Bytes()
}

// csvOf writes what Event Viewer saves, with dates in a layout.
func csvOf(layout string, zone time.Duration, reqs ...req) []byte {
	var b bytes.Buffer
	b.WriteString("Level,Date and Time,Source,Event ID,Task Category\r\n")
	for _, r := range reqs {
		fmt.Fprintf(&b, "Information,%s,KmsRequests,12290,None,\"An activation request has been processed.\r\nInfo:\r\n%s\"\r\n",
			r.at.Add(zone).Format(layout), r.list())
	}
	return b.Bytes()
}

func read(t testing.TB, o Options, files ...[]byte) *Report {
	t.Helper()
	var in []Input
	for i, f := range files {
		in = append(in, Input{Name: fmt.Sprintf("log%d", i+1), From: bytes.NewReader(f)})
	}
	r, err := Read(t.Context(), in, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func fact(r *Report, id string) *Fact {
	for i := range r.Facts {
		if r.Facts[i].ID == id {
			return &r.Facts[i]
		}
	}
	return nil
}

// collect reads a file and returns its requests as the reader passes them on.
func collect(ctx context.Context, file []byte) (*tally, *source, error) {
	s := &source{tally: newTally(), info: Source{Name: "log"}}
	err := s.read(ctx, Input{Name: "log", From: bytes.NewReader(file)})
	s.end()
	return s.tally, s, err
}

func mustID(s string) kms.GUID {
	g, err := kms.ParseGUID(s)
	if err != nil {
		panic(err)
	}
	return g
}
