package hostlog

import (
	"bytes"
	"testing"
	"time"
)

// BenchmarkRead reads logs of a quarter of a million requests of a hundred
// thousand clients, in each form.
func BenchmarkRead(b *testing.B) {
	const requests, clients = 250_000, 100_000
	reqs := make([]req, 0, requests)
	for i := range requests {
		reqs = append(reqs, renewal(noon.Add(time.Duration(i-requests)*15*time.Second), i%clients))
	}
	for _, form := range []struct {
		name string
		file []byte
	}{
		{"evtx", evtxOf(reqs...)},
		{"xml", xmlOf(reqs...)},
		{"csv", csvOf("1/2/2006 3:04:05 PM", zone, reqs...)},
		{"text", textOf("2006-01-02T15:04:05.000", zone, reqs...)},
	} {
		b.Run(form.name, func(b *testing.B) {
			b.SetBytes(int64(len(form.file)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := Read(b.Context(), []Input{{"log", bytes.NewReader(form.file)}}, Options{})
				if err != nil || r.Requests != requests {
					b.Fatal(err)
				}
			}
		})
	}
}
