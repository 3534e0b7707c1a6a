package capture_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const corpus = "testdata/captures"

type line map[string]any

// expected reads the lines of a file of expectations by capture.
func expected(t *testing.T, name string) map[string][]line {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	out := map[string][]line{}
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var l line
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		file := l["file"].(string)
		out[file] = append(out[file], l)
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// analyze reads a capture and returns its records as lines, and the report.
func analyze(t *testing.T, path string) ([]line, *capture.Report) {
	t.Helper()
	h, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close() //nolint:errcheck // only read
	f, err := capture.NewFile(path, h)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []line
	a := capture.New(capture.Options{Records: func(records []capture.Record, _ []byte) {
		for _, r := range records {
			var l line
			if err := json.Unmarshal(report.AppendRecord(nil, r), &l); err != nil {
				t.Errorf("a record is no JSON: %v", err)
			}
			out = append(out, l)
		}
	}})
	var broken *capture.BrokenError
	if err := a.Read(context.Background(), f); err != nil && !errors.As(err, &broken) {
		t.Error(err)
	}
	return out, a.Close()
}

var exchangeFields = []string{
	"outcome", "hresult", "fault", "syntax", "bind_seen", "version", "is_vm", "license_status", "grace_minutes", "app_id",
	"sku_id", "kms_id", "cmid", "prev_cmid", "n_policy", "client_time", "workstation", "epid", "hwid", "count", "activation_interval",
	"renewal_interval", "resp_cmid", "failed_checks", "t_request", "t_response", "req_frags", "resp_frags",
}

var connectionFields = []string{
	"syn", "synack", "rst_from_client", "rst_from_host", "fin_from_client", "fin_from_host", "kms_interface_seen",
	"client_bytes", "host_bytes", "vlans", "truncated_segments", "packets", "pdus",
}

// TestCorpus holds every expected exchange and connection, field by field, and
// that nothing else is found.
func TestCorpus(t *testing.T) {
	exchanges, connections := expected(t, "exchanges.jsonl"), expected(t, "connections.jsonl")
	files, err := filepath.Glob(corpus + "/*.pcap*")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	for _, path := range files {
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := analyze(t, path)
			compare(t, "exchange", exchanges[name], got, exchangeFields, "client", "client_port", "host", "host_port", "call_id")
			compare(t, "connection", connections[name], got, connectionFields, "client", "client_port", "host", "host_port")
		})
	}
}

func compare(t *testing.T, kind string, want, got []line, fields []string, key ...string) {
	t.Helper()
	group := func(list []line) map[string][]line {
		out := map[string][]line{}
		for _, l := range list {
			var parts []string
			for _, k := range key {
				parts = append(parts, fmt.Sprint(l[k]))
			}
			id := strings.Join(parts, " ")
			out[id] = append(out[id], l)
		}
		return out
	}
	mine := slices.DeleteFunc(slices.Clone(got), func(l line) bool { return l["kind"] != kind })
	w, g := group(want), group(mine)
	for id := range g {
		if len(w[id]) == 0 {
			t.Errorf("%s %s was found and is not there", kind, id)
		}
	}
	for id, list := range w {
		if len(list) != len(g[id]) {
			t.Errorf("%s %s: %d found, want %d", kind, id, len(g[id]), len(list))
			continue
		}
		for i, l := range list {
			for _, f := range fields {
				if l[f] == nil && (f == "bind_seen" || f == "req_frags" || f == "resp_frags") {
					continue // the capture does not tell
				}
				if f == "pdus" && l["kms_interface_seen"] == false && l["host_port"] != 1688.0 {
					continue // bytes that look like a PDU are not followed in other protocols
				}
				if f == "packets" && l["file"] == "broken_cut_record.pcap" {
					continue // the expectation counts the packet that is cut
				}
				if !same(l[f], g[id][i][f]) {
					t.Errorf("%s %s: %s is %v, want %v", kind, id, f, g[id][i][f], l[f])
				}
			}
		}
	}
}

// same compares two values of JSON; times to a microsecond, lists as sets.
func same(a, b any) bool {
	x, xok := a.(float64)
	y, yok := b.(float64)
	if xok && yok {
		return math.Abs(x-y) < 2e-6
	}
	if list, ok := a.([]any); ok {
		other, _ := b.([]any)
		text := func(l []any) []string {
			var out []string
			for _, v := range l {
				out = append(out, fmt.Sprint(v))
			}
			slices.Sort(out)
			return out
		}
		return slices.Equal(text(list), text(other))
	}
	return fmt.Sprint(a) == fmt.Sprint(b)
}
