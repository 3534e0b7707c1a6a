package capture_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/diagnose"
	"github.com/kmsdiag/kmsdiag/run"
)

// TestFacts holds what the captures add up to: the status of each fact that is
// not a pass or a skip, and the notes behind it.
func TestFacts(t *testing.T) {
	for file, want := range map[string][]string{
		"v6_loopback.pcap":             nil,
		"cloned_cmids.pcap":            {"capture.count fail low-count", "capture.clones warn cloned-id"},
		"refused_c004f042.pcap":        {"capture.answers fail refused", "capture.ids warn several-ids"},
		"timeskew_c004f06c.pcap":       {"capture.answers fail refused", "capture.clocks warn clock-offset", "capture.ids warn several-ids"},
		"rst_on_connect.pcap":          {"capture.connect fail connect-reset"},
		"syn_timeout_dropped.pcap":     {"capture.connect fail connect-silent"},
		"icmp_admin_prohibited.pcap":   {"capture.connect fail connect-icmp"},
		"blackhole_after_syn.pcap":     {"capture.bind fail bind-silent"},
		"bind_nak.pcap":                {"capture.bind fail bind-bind_nak"},
		"bad_responses.pcap":           {"capture.verify fail failed-check", "capture.answers fail refused", "capture.protocol warn"},
		"rpc_faults.pcap":              {"capture.answers fail rpc-fault"},
		"two_hosts_split_count.pcap":   {"capture.count fail low-count", "capture.hosts warn spread-clients"},
		"closed_mid_handshake.pcap":    {"capture.bind fail bind-reset", "capture.answers fail unanswered"},
		"one_direction.pcap":           {"capture.answers warn one-direction", "capture.ids warn several-ids"},
		"snaplen96.pcap":               {"capture.read warn cut-segments"},
		"broken_cut_record.pcap":       {"capture.read warn broken-file", "capture.count fail low-count"},
		"dns_no_srv.pcap":              {"capture.dns warn srv-missing"},
		"reuse_v6_ndr64_n12.pcap":      {"capture.ids warn several-ids"},
		"license_states_vm_grace.pcap": nil,
		"workstation_names.pcap":       nil,
	} {
		t.Run(file, func(t *testing.T) {
			_, r := analyze(t, filepath.Join(corpus, file))
			for _, w := range want {
				words := strings.Fields(w)
				i := slices.IndexFunc(r.Results, func(res run.Result) bool { return res.Check == words[0] })
				res := r.Results[i]
				noted := len(words) == 2 || slices.ContainsFunc(res.Notes, func(n run.Note) bool { return n.ID == words[2] })
				if string(res.Status) != words[1] || !noted {
					t.Errorf("%s: %s, %q, notes %+v; want %s", words[0], res.Status, res.Summary, res.Notes, w)
				}
			}
			for _, res := range r.Results {
				bad := res.Status == run.Warn || res.Status == run.Fail
				known := slices.ContainsFunc(want, func(w string) bool { return strings.HasPrefix(w, res.Check+" ") })
				if bad && !known && !strings.HasPrefix(res.Check, "capture.identity") {
					t.Errorf("%s: %s, %q, notes %+v", res.Check, res.Status, res.Summary, res.Notes)
				}
			}
		})
	}
}

// TestCauses holds that a capture leads to the causes that a live check of the
// same site would, each with packets that prove it.
func TestCauses(t *testing.T) {
	for file, id := range map[string]string{
		"cloned_cmids.pcap":          "duplicate-cmid",
		"fleet40_count_growth.pcap":  "",
		"icmp_admin_prohibited.pcap": "firewall-block-1688",
		"timeskew_c004f06c.pcap":     "client-clock-skew",
		"dns_no_srv.pcap":            "srv-record-missing",
		"two_hosts_split_count.pcap": "count-below-threshold",
	} {
		_, r := analyze(t, filepath.Join(corpus, file))
		events := r.Events(time.Unix(0, 0), time.Second, false)
		s := events[len(events)-1].Summary
		if id == "" {
			if slices.ContainsFunc(s.Causes, func(c diagnose.Cause) bool { return c.Verdict == diagnose.Found && c.ID == "duplicate-cmid" }) {
				t.Errorf("%s: cloned ids found where there are none", file)
			}
			continue
		}
		i := slices.IndexFunc(s.Causes, func(c diagnose.Cause) bool { return c.ID == id })
		if i < 0 || len(s.Causes[i].Because) == 0 || len(s.Causes[i].Because[0].Origin.Packets) == 0 || s.Causes[i].Because[0].Origin.File == "" {
			t.Errorf("%s: cause %s is missing, or without packets: %+v", file, id, s.Causes)
		}
	}
}

func TestInventory(t *testing.T) {
	_, r := analyze(t, filepath.Join(corpus, "timeline_5weeks.pcap"))
	if len(r.Clients) != 26 {
		t.Fatalf("%d clients, want 26", len(r.Clients))
	}
	c := r.Clients[0]
	if c.Requests < 2 || c.Renewals != c.Requests-1 || c.Cloned() || len(c.Machines) != 1 {
		t.Errorf("client 1: %+v", c)
	}
	if days, ok := c.Products[0].DaysLeft(r.Counters.LastTime); !ok || days < 100 {
		t.Errorf("%d days left, %v", days, ok)
	}
	_, r = analyze(t, filepath.Join(corpus, "cloned_cmids.pcap"))
	cloned := 0
	for _, c := range r.Clients {
		if c.Cloned() {
			cloned++
		}
	}
	if cloned != 2 {
		t.Errorf("%d cloned ids, want 2", cloned)
	}
}

// halfOpen is a SYN-ACK from a host of its own, or its SYN.
func halfOpen(n uint32, flags byte) []byte {
	b := make([]byte, 14+40)
	b[12], b[13] = 8, 0
	ip := b[14:]
	ip[0], ip[3], ip[9] = 0x45, 40, 6
	binary.BigEndian.PutUint32(ip[12:], 0x0a000000|n)
	copy(ip[16:], []byte{192, 168, 0, 1})
	tcp := ip[20:]
	binary.BigEndian.PutUint16(tcp, uint16(1024+n%50000))
	binary.BigEndian.PutUint16(tcp[2:], 1688)
	tcp[12], tcp[13] = 0x50, flags
	return b
}

func TestHalfOpenFlowsAreBounded(t *testing.T) {
	a := capture.New(capture.Options{})
	a.Begin("flood")
	const flows = 300_000
	for i := range uint32(flows) {
		b := halfOpen(i, 2)
		a.Feed(&capture.Packet{Number: int64(i) + 1, Time: 1e18 + int64(i), Link: capture.LinkEthernet, Wire: len(b), Data: b})
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if m.HeapAlloc > 150<<20 {
		t.Errorf("%d MB in use", m.HeapAlloc>>20)
	}
	r := a.Close()
	if r.Counters.Connections != flows || r.Counters.Evicted == 0 {
		t.Errorf("%+v", r.Counters)
	}
}

// TestDamagedCaptures reads captures with flipped bits and cut ends: never a
// panic, and every packet is accounted for.
func TestDamagedCaptures(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	files, err := filepath.Glob(corpus + "/*.pcap*")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) > 40_000 {
			continue
		}
		for range 1 + len(b)/200 {
			b[min(24+r.IntN(max(len(b)-24, 1)), len(b)-1)] ^= 1 << r.IntN(8)
		}
		b = b[:min(24+r.IntN(max(len(b)-23, 1)), len(b))]
		damaged := filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(damaged, b, 0o600); err != nil {
			t.Fatal(i, err)
		}
		job := capture.Job{Files: []string{damaged}}
		rep, err := job.Run(context.Background())
		if err != nil && rep == nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// FuzzPackets feeds a conversation whose packets are changed: the decoder must
// bear it.
func FuzzPackets(f *testing.F) {
	for _, name := range []string{"v4_loopback.pcap", "v6_loopback.pcap", "rpc_fragments.pcap", "dns_no_srv.pcap", "icmp_admin_prohibited.pcap"} {
		packets, err := readAll(f, name, load(f, name))
		if err != nil {
			f.Fatal(err)
		}
		var seed []byte
		for _, p := range packets[:min(len(packets), 16)] {
			seed = binary.BigEndian.AppendUint16(seed, uint16(len(p.Data)))
			seed = append(seed, p.Data...)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a := capture.New(capture.Options{Workers: 1})
		a.Begin("fuzz")
		var n int64
		for len(b) >= 2 {
			size := min(int(binary.BigEndian.Uint16(b)), len(b)-2)
			n++
			a.Feed(&capture.Packet{Number: n, Time: 1e18 + n*1e6, Link: capture.LinkEthernet, Wire: size, Data: b[2 : 2+size]})
			b = b[2+size:]
		}
		r := a.Close()
		if r.Counters.Packets != n {
			t.Errorf("%d packets counted of %d", r.Counters.Packets, n)
		}
	})
}
