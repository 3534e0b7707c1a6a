package report

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/capture"
)

// TestConversationsAreThoseOfTheText compares the table that was kept with the
// end of the text that a capture prints by itself.
func TestConversationsAreThoseOfTheText(t *testing.T) {
	for _, name := range []string{"dns_srv_failover.pcap", "products_mix.pcap", "refused_c004f042.pcap", "empty_no_packets.pcap"} {
		for _, redact := range []bool{false, true} {
			var text bytes.Buffer
			r, err := NewCapture("text", &text, Style{Glyphs: WGL4, Width: 100}, redact)
			if err != nil {
				t.Fatal(err)
			}
			kept := NewConversations()
			now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
			job := capture.Job{Files: []string{filepath.Join("..", "capture", "testdata", "captures", name)}}
			job.Options = capture.Options{Workers: 1, Records: func(records []capture.Record, encoded []byte) {
				kept.Records(records)
				if err := r.Records(records, encoded); err != nil {
					t.Error(err)
				}
			}}
			if err := r.Begin(capture.Plan("1.0.0", now, name)); err != nil {
				t.Fatal(err)
			}
			found, err := job.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if err := r.End(found, found.Events(now, time.Second, false)); err != nil {
				t.Fatal(err)
			}
			kept.Hosts(found)
			var hide *Mask
			if redact {
				hide = NewMask()
			}
			var table bytes.Buffer
			if err := kept.Write(&table, Style{Glyphs: WGL4, Width: 100}, hide); err != nil {
				t.Fatal(err)
			}
			_, want, ok := strings.Cut(text.String(), "\nCONVERSATIONS")
			got, _ := strings.CutPrefix(table.String(), "\nCONVERSATIONS")
			if got != want || ok != (name != "empty_no_packets.pcap") {
				t.Errorf("%s, redact %v:\n%s\nwant\n%s", name, redact, got, want)
			}
		}
	}
}
