package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
	"github.com/kmsdiag/kmsdiag/run"
)

// ErrNoRecords says that a saved run holds no lines of a capture.
var ErrNoRecords = errors.New("the run holds no lines of a capture: csv is for a stream of kmsdiag capture -o jsonl")

// SavedCSV returns the renderer that makes the rows of a capture's CSV from its
// saved stream. Names, addresses and ids stay as they were saved. Close returns
// [ErrNoRecords] where [Replay] met no line of a capture.
func SavedCSV(w io.Writer) LineRenderer { return &savedCSV{rows: captureCSV{w: w}} }

type savedCSV struct {
	rows  captureCSV
	begun bool
}

// Event implements [Renderer]: what a capture adds up to is no row.
func (s *savedCSV) Event(run.Event) error { return nil }

// Close implements [Renderer].
func (s *savedCSV) Close() error {
	if !s.begun {
		return ErrNoRecords
	}
	return nil
}

// Line implements [LineRenderer].
func (s *savedCSV) Line(kind string, line json.RawMessage) error {
	if !s.begun {
		s.begun = true
		if err := s.rows.Begin(run.Event{}); err != nil {
			return err
		}
	}
	var l savedLine
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&l); err != nil {
		return fmt.Errorf("%s line: %w", kind, err)
	}
	switch {
	case kind == KindExchange:
		return s.rows.rows([][]string{l.row(kind, "i", "time_request", "time_response", "request_packets", "response_packets")})
	case kind == KindConnection && l["note"] != nil && l.text("exchanges") == "0":
		row := l.row(kind, "conn", "time_first", "time_last", "span", "span")
		row[csvColumn["outcome"]] = l.text("note")
		return s.rows.rows([][]string{row})
	}
	return nil
}

// savedLine is a line of [AppendRecord].
type savedLine map[string]any

// text is a field as it was saved; "" for null and for lists.
func (l savedLine) text(name string) string {
	switch v := l[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// packet is the first or second number of a list of packets.
func (l savedLine) packet(name string, i int) string {
	if list, _ := l[name].([]any); i < len(list) {
		return fmt.Sprint(list[i])
	}
	return ""
}

// row makes a row; begin and end are the fields with the times, first and last
// those with the packets.
func (l savedLine) row(kind, number, begin, end, first, last string) []string {
	r := make([]string, len(csvHeader))
	put := func(name, value string) { r[csvColumn[name]] = value }
	for _, name := range []string{
		"client", "client_port", "host", "host_port", "outcome", "hresult", "fault", "version", "workstation", "cmid",
		"n_policy", "count", "epid", "hwid", "syntax", "client_time", "file",
	} {
		put(name, l.text(name))
	}
	put("what", kind)
	put("number", l.text(number))
	put("product", productNamed(l.text("sku_id"), l.text("kms_id")))
	put("minutes_left", l.text("grace_minutes"))
	if n, err := strconv.ParseUint(l.text("license_status"), 10, 32); err == nil {
		put("license_status", kms.LicenseStatus(n).String())
	}
	if n, err := strconv.ParseUint(l.text("client_time_ft"), 10, 64); err == nil {
		put("client_time", kms.Filetime(n).String())
	}
	put("time", l.text(begin))
	if l.text(begin) == "" {
		put("time", l.text(end))
	}
	from, err := time.Parse(time.RFC3339Nano, l.text(begin))
	to, err2 := time.Parse(time.RFC3339Nano, l.text(end))
	if err == nil && err2 == nil {
		put("milliseconds", strconv.FormatFloat(float64(to.Sub(from))/1e6, 'f', 3, 64))
	}
	var failed []string
	if list, ok := l["failed_checks"].([]any); ok {
		for _, id := range list {
			failed = append(failed, fmt.Sprint(id))
		}
	}
	put("failed_checks", strings.Join(failed, " "))
	put("first_packet", l.packet(first, 0))
	if l.packet(first, 0) == "" {
		put("first_packet", l.packet(last, 0))
	}
	put("last_packet", l.packet(last, 1))
	if l.packet(last, 1) == "" {
		put("last_packet", l.packet(first, 1))
	}
	return r
}
