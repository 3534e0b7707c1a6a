package capture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/kmsdiag/kmsdiag/capture"
)

func readAll(t testing.TB, name string, b []byte) ([]capture.Packet, error) {
	t.Helper()
	f, err := capture.NewFile(name, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []capture.Packet
	for {
		var p capture.Packet
		switch err := f.Next(&p); {
		case err == io.EOF:
			return out, nil
		case err != nil:
			return out, err
		}
		p.Data = bytes.Clone(p.Data)
		out = append(out, p)
	}
}

func load(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(corpus, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCompressedFilesReadTheSame(t *testing.T) {
	plain := load(t, "fleet40_count_growth.pcap")
	want, err := readAll(t, "x", plain)
	if err != nil || len(want) != 560 {
		t.Fatalf("%d packets, %v", len(want), err)
	}
	var gz, zs bytes.Buffer
	zw := gzip.NewWriter(&gz)
	_, _ = zw.Write(plain)
	_ = zw.Close()
	sw, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = sw.Write(plain)
	_ = sw.Close()
	for name, b := range map[string][]byte{"gzip": gz.Bytes(), "zstd": zs.Bytes()} {
		got, err := readAll(t, name, b)
		if err != nil || len(got) != len(want) || !bytes.Equal(got[559].Data, want[559].Data) {
			t.Errorf("%s: %d packets, %v", name, len(got), err)
		}
		got, err = readAll(t, name, b[:len(b)/2])
		var broken *capture.BrokenError
		if !errors.As(err, &broken) || broken.Packet != int64(len(got)) || name == "gzip" && len(got) == 0 {
			t.Errorf("%s cut in half: %d packets, %v", name, len(got), err)
		}
	}
}

func TestBrokenFilesSayWhere(t *testing.T) {
	whole := load(t, "v6_loopback.pcap")
	absurd := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(absurd[24+8:], 0x7fffffff)
	ng := load(t, "pcapng_dumpcap.pcapng")
	tooLong := bytes.Clone(ng)
	binary.LittleEndian.PutUint32(tooLong[len(tooLong)-8:], 77) // a block's second length
	for name, tt := range map[string]struct {
		b       []byte
		packets int64
		say     string
	}{
		"cut in the file header":    {whole[:20], 0, "file header"},
		"cut in a packet header":    {whole[:24+8], 0, "packet header"},
		"cut in a packet":           {whole[:24+16+10], 0, "unexpected EOF"},
		"absurd length":             {absurd, 0, "2147483647 bytes"},
		"cut pcapng block":          {ng[:len(ng)-6], 43, "block"},
		"pcapng lengths contradict": {tooLong[:len(tooLong)-4], 43, "block"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readAll(t, "bad.pcap", tt.b)
			var broken *capture.BrokenError
			if !errors.As(err, &broken) {
				t.Fatalf("error %v", err)
			}
			if tt.packets > 0 && int64(len(got)) < tt.packets || !strings.Contains(err.Error(), tt.say) {
				t.Errorf("%d packets, %v", len(got), err)
			}
		})
	}
}

func TestForeignFilesAreNamed(t *testing.T) {
	etl := make([]byte, 200)
	etl[74], etl[75] = 2, 0xC0
	for name, tt := range map[string]struct {
		b    []byte
		want string
	}{
		"trace.etl": {[]byte("whatever"), "pktmon etl2pcap trace.etl --out trace.pcapng"},
		"noname":    {etl, "pktmon etl2pcap"},
		"netmon":    {[]byte("GMBU12345678"), "editcap"},
		"text":      {[]byte("hello world, this is no capture"), "neither a pcap nor a pcapng"},
		"empty":     {nil, "empty"},
		"short":     {[]byte{1}, "neither"},
	} {
		if _, err := readAll(t, name, tt.b); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// ngBlock appends a pcapng block.
func ngBlock(b []byte, o binary.AppendByteOrder, kind uint32, body []byte) []byte {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	n := uint32(12 + len(body))
	b = o.AppendUint32(o.AppendUint32(b, kind), n)
	return o.AppendUint32(append(b, body...), n)
}

func ngSection(b []byte, o binary.AppendByteOrder) []byte {
	body := o.AppendUint32(nil, 0x1A2B3C4D)
	return ngBlock(b, o, 0x0A0D0D0A, append(body, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))
}

func TestPcapngSectionsAndInterfaces(t *testing.T) {
	var b []byte
	for i, o := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		b = ngSection(b, o)
		iface := o.AppendUint32(o.AppendUint16(o.AppendUint16(nil, 1), 0), 100)
		b = ngBlock(b, o, 1, iface)
		// The second interface counts 2^-10 seconds and starts 1000 s late.
		iface = o.AppendUint32(o.AppendUint16(o.AppendUint16(nil, 101), 0), 0)
		iface = append(o.AppendUint16(o.AppendUint16(iface, 9), 1), 0x8a, 0, 0, 0)
		iface = o.AppendUint64(o.AppendUint16(o.AppendUint16(iface, 14), 8), 1000)
		b = ngBlock(b, o, 1, iface)
		b = ngBlock(b, o, 0x80000001, make([]byte, 20)) // unknown
		packet := o.AppendUint32(nil, uint32(1))
		packet = o.AppendUint32(o.AppendUint32(packet, 0), 1024*5+512)
		packet = append(o.AppendUint32(o.AppendUint32(packet, 3), 60), byte(i), 2, 3)
		b = ngBlock(b, o, 6, packet)
		b = ngBlock(b, o, 3, append(o.AppendUint32(nil, 4), 9, 8, 7, 6))
		stats := o.AppendUint32(nil, 0)
		stats = o.AppendUint64(stats, 0)
		stats = o.AppendUint64(o.AppendUint16(o.AppendUint16(stats, 5), 8), 7)
		b = ngBlock(b, o, 5, stats)
	}
	f, err := capture.NewFile("x.pcapng", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var p capture.Packet
	for i := range 2 {
		if err := f.Next(&p); err != nil {
			t.Fatal(err)
		}
		if p.Link != capture.LinkRaw || p.Iface != 1 || p.Wire != 60 || !bytes.Equal(p.Data, []byte{byte(i), 2, 3}) || p.Time != 1005_500_000_000 {
			t.Errorf("packet %d: %+v", i, p)
		}
		if err := f.Next(&p); err != nil || p.Link != capture.LinkEthernet || p.Time != 0 || len(p.Data) != 4 {
			t.Errorf("simple packet: %+v, %v", p, err)
		}
	}
	if err := f.Next(&p); err != io.EOF || p.Number != 4 {
		t.Errorf("after packet %d: %v", p.Number, err)
	}
	if f.Dropped() != 14 {
		t.Errorf("%d packets dropped, want 14", f.Dropped())
	}
}

// TestFollow reads a file that grows, and ends with its context.
func TestFollow(t *testing.T) {
	whole := load(t, "v6_loopback.pcap")
	path := filepath.Join(t.TempDir(), "growing.pcap")
	if err := os.WriteFile(path, whole[:1000], 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	first := make(chan struct{}, 10)
	job := capture.Job{Files: []string{path}, Follow: true, Options: capture.Options{Records: func(records []capture.Record, _ []byte) {
		for _, r := range records {
			if r.Exchange != nil {
				first <- struct{}{}
			}
		}
	}}}
	grow := func() {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
			return
		}
		_, err = f.Write(whole[1000:])
		if err = errors.Join(err, f.Close()); err != nil {
			t.Error(err)
		}
		for range 3 { // the exchanges of the file
			select {
			case <-first:
			case <-ctx.Done():
			}
		}
		cancel()
	}
	go grow()
	r, err := job.Run(ctx)
	if err != nil || r.Counters.Packets != 42 || r.Counters.Exchanges != 3 {
		t.Errorf("%+v, %v", r.Counters, err)
	}
}

// TestWriteKeepsConversations reads back what --write wrote.
func TestWriteKeepsConversations(t *testing.T) {
	for _, tt := range []struct {
		in, out string
		all     bool
		packets int
	}{
		{"noise_dns_srv.pcap", "kms.pcap", false, 0},
		{"port_17688.pcap", "kms.pcap", false, 44},
		{"pcapng_two_interfaces.pcapng", "all.pcapng", true, 32},
		{"any_sll2.pcap", "all.pcap", true, 43},
	} {
		path := filepath.Join(t.TempDir(), tt.out)
		job := capture.Job{Files: []string{filepath.Join(corpus, tt.in)}, Write: path, WriteAll: tt.all}
		r, err := job.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		_, again := analyze(t, path)
		if again.Counters.Exchanges != r.Counters.Exchanges || again.Counters.DNS != r.Counters.DNS {
			t.Errorf("%s: written and read again %+v, want %+v", tt.in, again.Counters, r.Counters)
		}
		if tt.packets > 0 && again.Counters.Packets != int64(tt.packets) {
			t.Errorf("%s: %d packets written, want %d", tt.in, again.Counters.Packets, tt.packets)
		}
		if !tt.all && again.Counters.Packets >= r.Counters.Packets && tt.packets == 0 {
			t.Errorf("%s: all %d packets were written", tt.in, again.Counters.Packets)
		}
	}
}

func FuzzFile(f *testing.F) {
	for _, name := range []string{"empty_no_packets.pcap", "icmp_admin_prohibited.pcap", "pcapng_two_interfaces.pcapng", "bigendian_header.pcap", "nanosecond.pcap"} {
		b := load(f, name)
		f.Add(b[:min(len(b), 2000)])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := readAll(t, "fuzz", b)
		if len(got) > len(b) {
			t.Errorf("%d packets in %d bytes", len(got), len(b))
		}
		var broken *capture.BrokenError
		if errors.As(err, &broken) && (broken.Packet != int64(len(got)) || broken.Offset < 0) {
			t.Errorf("%d packets, %v", len(got), err)
		}
	})
}
