package windows

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
)

// requests writes lines of event 12290 one by one, as a host's log exports them.
type requests struct {
	lines, at int
	clients   int // distinct client ids
	rest      []byte
}

func (r *requests) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) {
		if len(r.rest) == 0 {
			if r.at == r.lines {
				if n > 0 {
					return n, nil
				}
				return 0, io.EOF
			}
			id := r.at % r.clients
			r.rest = fmt.Appendf(r.rest[:0], "0x0,25,PC-%06d.corp.example,1f0c9a52-6d0e-4b7f-9a51-%012x,2026/3/%d %d:%02d,1,2,41760,73111121-5638-40f6-bc11-f1d7b0d64300\n",
				id, id, r.at%28+1, r.at%24, r.at%60)
			r.at++
		}
		k := copy(b[n:], r.rest)
		r.rest = r.rest[k:]
		n += k
	}
	return n, nil
}

// BenchmarkMillionRequests reads a host's log of a million requests from 400,000
// clients.
func BenchmarkMillionRequests(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		paste, err := Read(context.Background(), &requests{lines: 1_000_000, clients: 400_000}, "log")
		if err != nil {
			b.Fatal(err)
		}
		if log := paste.Set.HostLogs[0]; log.Requests != 1_000_000 || log.CMIDs != 400_000 {
			b.Fatalf("%d requests of %d clients", log.Requests, log.CMIDs)
		}
	}
}

// mixture is about 100 KB of everything.
func mixture(b *testing.B) string {
	b.Helper()
	var text strings.Builder
	all := samples(b)
	for text.Len() < 100_000 {
		for _, s := range all {
			text.WriteString(s)
			text.WriteString("\n\n")
		}
	}
	return text.String()[:100_000]
}

func BenchmarkMixture(b *testing.B) {
	text := mixture(b)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadString(context.Background(), text, "paste"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkProse reads a hundred kilobytes of words.
func BenchmarkProse(b *testing.B) {
	sentence := "Since Monday the clients in the branch do not activate any more; ping to the host works but telnet to port 1688 times out.\n"
	text := strings.Repeat(sentence+sentence+"\n", 100_000/len(sentence)/2)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadString(context.Background(), text, "paste"); err != nil {
			b.Fatal(err)
		}
	}
}
