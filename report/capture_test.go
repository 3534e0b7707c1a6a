package report_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/exp/golden"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/report"
)

// shown reads a capture of the corpus and shows it.
func shown(t *testing.T, file, format string, redact bool) string {
	t.Helper()
	var b bytes.Buffer
	view, err := report.NewCapture(format, &b, report.Style{Glyphs: report.ASCII, Width: 100}, redact)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	path := "../capture/testdata/captures/" + file
	if err := view.Begin(capture.Plan("test", at, path)); err != nil {
		t.Fatal(err)
	}
	job := capture.Job{Files: []string{path}, Options: capture.Options{
		Encode: view.Encode(),
		Records: func(records []capture.Record, encoded []byte) {
			if err := view.Records(records, encoded); err != nil {
				t.Error(err)
			}
		},
	}}
	r, err := job.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := view.End(r, r.Events(at, 20*time.Millisecond, false)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// table is what stands behind the summary.
func table(s string) string {
	if i := strings.Index(s, "CONVERSATIONS"); i >= 0 {
		return s[i:]
	}
	return ""
}

// TestCaptureFollowsTheSchema holds every line of every capture of the corpus
// against the published schema, and refuses a field that the schema lacks.
func TestCaptureFollowsTheSchema(t *testing.T) {
	s := report.LoadSchema(t)
	known := recordFields(t)
	files, err := filepath.Glob("../capture/testdata/captures/*.pcap*")
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		text := shown(t, filepath.Base(file), "jsonl", false)
		for line := range strings.Lines(text) {
			report.Validate(t, s, line)
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Fatal(err)
			}
			if want := known[fields["kind"].(string)]; want != nil {
				for name := range fields {
					if want[name] == nil {
						t.Errorf("%s: the schema has no field %s of %s", file, name, fields["kind"])
					}
				}
			}
		}
	}
}

// recordFields returns the properties of the lines of a capture by their kind.
func recordFields(t *testing.T) map[string]map[string]any {
	t.Helper()
	text, err := os.ReadFile("../docs/schema/kmsdiag-1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		OneOf []struct {
			Ref        string                    `json:"$ref"`
			Properties map[string]map[string]any `json:"properties"`
		} `json:"oneOf"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	known := map[string]map[string]any{}
	for _, k := range doc.OneOf {
		if k.Ref != "" {
			continue
		}
		fields := map[string]any{}
		for name := range k.Properties {
			fields[name] = true
		}
		known[k.Properties["kind"]["const"].(string)] = fields
	}
	if len(known) != 3 {
		t.Fatalf("the schema describes %d kinds of records", len(known))
	}
	return known
}

func TestCaptureTables(t *testing.T) {
	for _, file := range []string{"dns_srv_failover", "syn_timeout_dropped", "closed_mid_handshake", "bad_responses", "refused_c004f042"} {
		t.Run(file, func(t *testing.T) {
			golden.RequireEqual(t, table(shown(t, file+".pcap", "text", false)))
		})
	}
	t.Run("wide", func(t *testing.T) {
		golden.RequireEqual(t, table(shown(t, "v4_loopback.pcap", "wide", false)))
	})
}

// TestCaptureReplays holds that a saved capture shows the same table again.
func TestCaptureReplays(t *testing.T) {
	for _, file := range []string{"dns_srv_failover.pcap", "cloned_cmids.pcap", "icmp_admin_prohibited.pcap"} {
		direct := shown(t, file, "text", false)
		var b bytes.Buffer
		r, err := report.New("text", &b, report.Style{Glyphs: report.ASCII, Width: 100})
		if err != nil {
			t.Fatal(err)
		}
		if err := report.Replay(strings.NewReader(shown(t, file, "jsonl", false)), r); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if b.String() != direct {
			t.Errorf("%s replayed:\n%s\nwant:\n%s", file, b.String(), direct)
		}
		for _, format := range []string{"short", "json", "jsonl"} {
			r, err := report.New(format, &b, report.Style{})
			if err != nil {
				t.Fatal(err)
			}
			if err := report.Replay(strings.NewReader(shown(t, file, "json", false)), r); err != nil {
				t.Errorf("%s as %s: %v", file, format, err)
			}
		}
	}
}

func TestCaptureFormatsAreWellFormed(t *testing.T) {
	for _, file := range []string{"bad_responses.pcap", "workstation_names.pcap", "noise_dns_srv.pcap", "empty_no_packets.pcap", "midstream_start.pcap"} {
		for line := range strings.Lines(shown(t, file, "jsonl", false)) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s: no JSON: %s", file, line)
			}
		}
		if b := shown(t, file, "json", false); !json.Valid([]byte(b)) {
			t.Errorf("%s: no JSON: %s", file, b)
		}
		rows, err := csv.NewReader(strings.NewReader(shown(t, file, "csv", false))).ReadAll()
		if err != nil || len(rows) == 0 {
			t.Errorf("%s: %d rows, %v", file, len(rows), err)
		}
	}
}

// TestCaptureRedacted holds that nothing that identifies anybody is left.
func TestCaptureRedacted(t *testing.T) {
	secrets := []string{"10.77.", "lab-img", "class6", "6aff95df", "9a163489", "corp.test", "03612-00206", "3A1C049600B60076"}
	for _, format := range report.CaptureFormats {
		out := shown(t, "cloned_cmids.pcap", format, true)
		if !strings.Contains(out, "machine-") && !strings.Contains(out, "198.51.100.") {
			t.Errorf("%s: no pseudonyms in\n%s", format, out)
		}
		for _, s := range secrets {
			if i := strings.Index(out, s); i >= 0 {
				t.Errorf("%s: %q is left: ..%s..", format, s, out[max(i-80, 0):min(i+80, len(out))])
			}
		}
	}
}

func TestClients(t *testing.T) {
	job := capture.Job{Files: []string{"../capture/testdata/captures/cloned_cmids.pcap"}}
	r, err := job.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := report.Clients("text", &b, report.Style{Glyphs: report.ASCII, Width: 100}, false, r); err != nil {
		t.Fatal(err)
	}
	golden.RequireEqual(t, b.String())
	for _, format := range []string{"json", "jsonl", "csv"} {
		b.Reset()
		if err := report.Clients(format, &b, report.Style{}, true, r); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "10.77.") || strings.Contains(b.String(), "lab-img") || !strings.Contains(b.String(), "cmid-1") {
			t.Errorf("%s: %s", format, b.String())
		}
	}
}

func TestExchange(t *testing.T) {
	var found *capture.Exchange
	job := capture.Job{Files: []string{"../capture/testdata/captures/v6_loopback.pcap"}, Options: capture.Options{
		Records: func(records []capture.Record, _ []byte) {
			for _, r := range records {
				if r.Exchange != nil && r.Exchange.Number == 2 {
					found = r.Exchange.Clone()
				}
			}
		},
	}}
	if _, err := job.Run(context.Background()); err != nil || found == nil {
		t.Fatal(found, err)
	}
	var b bytes.Buffer
	if err := report.Exchange(&b, report.Style{Glyphs: report.ASCII, Width: 100}, false, found); err != nil {
		t.Fatal(err)
	}
	golden.RequireEqual(t, b.String())
	b.Reset()
	if err := report.Exchange(&b, report.Style{}, true, found); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "ws-002") || strings.Contains(b.String(), "03612") || strings.Contains(b.String(), found.Req.CMID.String()) {
		t.Errorf("redacted:\n%s", b.String())
	}
}

func BenchmarkAppendRecord(b *testing.B) {
	var x *capture.Exchange
	job := capture.Job{Files: []string{"../capture/testdata/captures/v6_loopback.pcap"}, Options: capture.Options{
		Records: func(records []capture.Record, _ []byte) {
			for _, r := range records {
				if r.Exchange != nil {
					x = r.Exchange.Clone()
				}
			}
		},
	}}
	if _, err := job.Run(context.Background()); err != nil {
		b.Fatal(err)
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = report.AppendRecord(dst[:0], capture.Record{Exchange: x})
	}
}
