package capture_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kmsdiag/kmsdiag/capture"
)

// steps reads a recording and returns copies of its steps.
func steps(t testing.TB, name string) []capture.Step {
	t.Helper()
	var out []capture.Step
	job := capture.Job{Files: []string{filepath.Join(corpus, name)}, Options: capture.Options{Steps: true, Records: func(records []capture.Record, _ []byte) {
		for _, r := range records {
			if r.Step != nil {
				s := *r.Step
				s.Data = append([]byte(nil), s.Data...)
				out = append(out, s)
			}
		}
	}}}
	if _, err := job.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return out
}

// covered fails unless the fields lie side by side over all bytes.
func covered(t testing.TB, d capture.Dissection) {
	t.Helper()
	at := 0
	for _, f := range d.Fields {
		if f.Offset != at || f.Length < 0 {
			t.Fatalf("%s: field %q is at %d+%d, want it at %d", d.Name, f.Name, f.Offset, f.Length, at)
		}
		at += f.Length
	}
	if at != len(d.Bytes) {
		t.Fatalf("%s: the fields end at %d of %d bytes", d.Name, at, len(d.Bytes))
	}
}

func TestStepsTellAConnectionAsItHappens(t *testing.T) {
	for file, want := range map[string]string{
		"reuse_v4_ndr64_n5.pcap":   "SYN SYNACK BIND BIND_ACK ALTER_CONTEXT ALTER_CONTEXT_RESP KMS REQUEST KMS RESPONSE",
		"syn_timeout_dropped.pcap": "SYN SYN",
		"bind_nak.pcap":            "SYN SYNACK BIND BIND_NAK",
		"rpc_faults.pcap":          "BIND_ACK KMS REQUEST FAULT",
		"rst_on_connect.pcap":      "SYN RST",
		"rpc_fragments.pcap":       "REQUEST REQUEST",
	} {
		t.Run(file, func(t *testing.T) {
			var said []string
			for _, s := range steps(t, file) {
				name := map[capture.StepKind]string{
					capture.StepSYN: "SYN", capture.StepSYNACK: "SYNACK", capture.StepFIN: "FIN", capture.StepRST: "RST", capture.StepICMP: "ICMP", capture.StepOther: "OTHER",
				}[s.Kind]
				if s.Kind == capture.StepPDU {
					d := capture.Dissect(s.Data)
					covered(t, d)
					name = d.Name
				}
				said = append(said, name)
			}
			if got := strings.Join(said, " "); !strings.Contains(got, want) {
				t.Errorf("steps: %s\nwant among them: %s", got, want)
			}
		})
	}
}

func TestDissectJoinsFragments(t *testing.T) {
	var before [][]byte
	for _, s := range steps(t, "rpc_fragments.pcap") {
		if s.Kind != capture.StepPDU || s.Data[2] != 0 {
			continue
		}
		if s.Data[3]&2 == 0 { // more follows
			before = append(before, s.Data)
			continue
		}
		d := capture.Dissect(s.Data, before...)
		covered(t, d)
		if len(before) > 0 && (!d.Joined || d.Name != "KMS REQUEST") {
			t.Errorf("%d fragments give %q, %q", len(before)+1, d.Name, d.Text)
		}
		if len(before) > 0 {
			return
		}
	}
	t.Error("the recording holds no call in fragments")
}

func TestDissectDecryptsInPlace(t *testing.T) {
	for _, s := range steps(t, "reuse_v6_ndr64_n12.pcap") {
		if s.Kind != capture.StepPDU {
			continue
		}
		d := capture.Dissect(s.Data)
		if d.Name != "KMS REQUEST" {
			continue
		}
		for _, f := range d.Fields {
			if f.Name == "client machine id" && f.Sealed && f.Length == 16 && string(d.Bytes[f.Offset:f.Offset+16]) != string(s.Data[f.Offset:f.Offset+16]) {
				return
			}
		}
		t.Fatalf("no decrypted client machine id in %v", d.Fields)
	}
	t.Error("the recording holds no request")
}

func FuzzDissect(f *testing.F) {
	for _, name := range []string{"reuse_v4_ndr64_n5.pcap", "reuse_v6_ndr64_n12.pcap", "bind_nak.pcap", "rpc_faults.pcap", "rpc_fragments.pcap", "bad_responses.pcap"} {
		for _, s := range steps(f, name) {
			if s.Kind == capture.StepPDU {
				f.Add(s.Data, s.Data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, pdu, before []byte) {
		covered(t, capture.Dissect(pdu, before))
		covered(t, capture.Dissect(pdu))
	})
}
