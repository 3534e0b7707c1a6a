package hostlog

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the files of testdata")

// sampleLog is a log with something of everything: a Windows list that falls
// below 25, Office beside it, clones, a renamed machine, refusals, a clock that
// is off, and a probe.
func sampleLog() []req {
	list := steady(19)
	for c := range 9 { // were there until the end of September
		for w := range 5 {
			list = append(list, renewal(noon.Add(-12*7*24*time.Hour+time.Duration(w)*7*24*time.Hour+time.Duration(c)*time.Hour), 40+c))
		}
	}
	list = clonesOf(list, false)
	for w := range 6 {
		for c := range 7 {
			list = append(list, with(renewal(noon.Add(-time.Duration(w)*7*24*time.Hour-time.Duration(c)*3*time.Hour), 100+c), func(r *req) {
				r.n, r.sku = 5, office2021
			}))
		}
	}
	for i := range 6 {
		list = append(list, with(renewal(noon.Add(-time.Duration(i)*2*time.Hour), 200), func(r *req) { r.hr, r.sku, r.n, r.status = 0xC004F042, server2022, 5, 2 }))
	}
	list = append(list,
		with(renewal(noon.Add(-time.Hour), 201), func(r *req) { r.hr, r.client = 0xC004F06C, r.at.Add(-6*time.Hour) }),
		with(renewal(noon.Add(-30*time.Minute), 202), func(r *req) { r.cmid, r.machine = "6b6d7364-6961-4767-a070-726f62653031", "admin-pc" }),
		with(renewal(noon, 203), func(r *req) { r.machine, r.status, r.vm = "=HYPERLINK(1)", 5, true }),
	)
	return list
}

// TestSampleFiles keeps the samples that other packages read what the writers
// here make.
func TestSampleFiles(t *testing.T) {
	reqs := sampleLog()
	whole := evtxOf(reqs...)
	other := newEvtx()
	other.add(testEvent{at: noon, id: 12293, provider: "Microsoft-Windows-Security-SPP", data: []string{"0x80072338", "corp.example"}})
	for name, file := range map[string][]byte{
		"sample.evtx": whole,
		"cut.evtx":    whole[:fileHeaderSize+chunkSize+30000],
		"other.evtx":  other.bytes(),
		"sample.csv":  csvOf("1/2/2006 3:04:05 PM", -5*time.Hour, reqs...),
	} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, file, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, file) {
			t.Errorf("%s is not what the writer makes; go test ./hostlog -run SampleFiles -update writes it", path)
		}
	}
}
