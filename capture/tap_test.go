package capture_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/kmsdiag/kmsdiag/capture"
)

func TestTapWritesFromItsStartOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kms.pcapng")
	source := filepath.Join(corpus, "reuse_v6_ndr64_n12.pcap")
	tap := &capture.Tap{}
	exchanges := 0
	job := capture.Job{Files: []string{source}, Tap: tap, Options: capture.Options{Records: func(records []capture.Record, _ []byte) {
		exchanges += len(records)
	}}}
	if _, err := job.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n, open := tap.Written(); n != 0 || open {
		t.Errorf("a tap that was not started has %d packets, open %v", n, open)
	}
	if err := tap.Start(path); err != nil {
		t.Fatal(err)
	}
	r, err := job.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	n, err := tap.Stop()
	if err != nil || n != r.Counters.Packets {
		t.Errorf("%d of %d packets written, %v", n, r.Counters.Packets, err)
	}
	again := capture.Job{Files: []string{path}}
	if r, err = again.Run(context.Background()); err != nil || r.Counters.Packets != n || r.Counters.Exchanges != 12 {
		t.Errorf("the file has %d packets and %d exchanges, %v; want %d and 12", r.Counters.Packets, r.Counters.Exchanges, err, n)
	}
}

func TestTapLeavesFilesAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "precious.pcap")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := new(capture.Tap).Start(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Start: %v, want that the file exists", err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "precious" {
		t.Errorf("the file holds %q, %v", b, err)
	}
}

// TestTapSaysWhenWritingFails writes to a device that is always full.
func TestTapSaysWhenWritingFails(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no device that is always full")
	}
	job := capture.Job{Files: []string{filepath.Join(corpus, "reuse_v6_ndr64_n12.pcap")}, Tap: capture.TapTo(full)}
	if _, err := job.Run(context.Background()); err != nil {
		t.Errorf("the capture fails with its tap: %v", err)
	}
	if err := job.Tap.Flush(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Flush: %v, want that the device is full", err)
	}
	if _, open := job.Tap.Written(); open {
		t.Error("the file stays open")
	}
	if _, err := job.Tap.Stop(); err != nil {
		t.Errorf("the error is told twice: %v", err)
	}
	path := filepath.Join(t.TempDir(), "next.pcap")
	if err := job.Tap.Start(path); err != nil {
		t.Fatal(err)
	}
	if _, err := job.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n, err := job.Tap.Stop(); n == 0 || err != nil {
		t.Errorf("the next file has %d packets, %v", n, err)
	}
}

func TestInterimEqualsTheEnd(t *testing.T) {
	for _, name := range []string{"refused_c004f042.pcap", "dns_srv_failover.pcap", "syn_timeout_dropped.pcap", "rpc_faults.pcap"} {
		t.Run(name, func(t *testing.T) {
			h, err := os.Open(filepath.Join(corpus, name))
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close() //nolint:errcheck // only read
			f, err := capture.NewFile(name, h)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			a := capture.New(capture.Options{Interim: true, Workers: 1})
			if err := a.Read(context.Background(), f); err != nil {
				t.Fatal(err)
			}
			first := a.Interim()
			second := a.Interim()
			end := a.Close()
			for what, n := range map[string][3]int{
				"dials":   {len(first.Evidence.Dials), len(second.Evidence.Dials), len(end.Evidence.Dials)},
				"lookups": {len(first.Evidence.SRV), len(second.Evidence.SRV), len(end.Evidence.SRV)},
			} {
				if n[0] != n[1] || n[0] != n[2] {
					t.Errorf("%s: %d, then %d, at the end %d", what, n[0], n[1], n[2])
				}
			}
			if n := len(first.Evidence.Exchanges); n != len(second.Evidence.Exchanges) || n > len(end.Evidence.Exchanges) {
				t.Errorf("exchanges: %d, then %d, at the end %d", n, len(second.Evidence.Exchanges), len(end.Evidence.Exchanges))
			}
		})
	}
}
