// Command bigcap writes a large capture for measuring the reader. It takes the
// KMS sessions out of small captures and replays them with new clients, and
// between them, if asked for, other TCP traffic. It opens no socket.
//
//	go run ./internal/bigcap -out mix.pcap -size 1000 -ratio 10 capture/testdata/captures/*.pcap
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"

	"github.com/kmsdiag/kmsdiag/capture"
	"github.com/kmsdiag/kmsdiag/kms"
)

func main() {
	out := flag.String("out", "big.pcap", "file to write")
	size := flag.Int64("size", 1000, "its size in MB")
	ratio := flag.Int64("ratio", 0, "bytes of other traffic for each byte of KMS")
	clients := flag.Int("clients", 50_000, "different clients")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := write(ctx, *out, *size*1_000_000, *ratio, *clients, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bigcap:", err)
		os.Exit(1)
	}
}

func write(ctx context.Context, path string, size, ratio int64, clients int, seeds []string) error {
	var sessions []session
	for _, name := range seeds {
		found, err := load(name)
		if err != nil {
			return err
		}
		sessions = append(sessions, found...)
	}
	if len(sessions) == 0 {
		return errors.New("no KMS session over Ethernet and IPv4 in the seeds")
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	g := &generator{
		w: bufio.NewWriterSize(f, 1<<20), r: rand.New(rand.NewPCG(20, 26)), sessions: sessions, clients: clients,
		at: 1_795_424_000_000_000,
	}
	for i := range g.noise {
		g.noise[i] = byte(g.r.Uint32())
	}
	err = g.run(ctx, size, ratio)
	err = errors.Join(err, g.w.Flush(), f.Close())
	if err == nil {
		fmt.Printf("%s: %d bytes, %d packets, %d KMS sessions, %d others\n", path, g.written, g.packets, g.kms, g.others)
	}
	return err
}

// A session is a TCP connection as it was captured, sequence numbers relative.
type session struct {
	segments []segment
	messages []message
}

type segment struct {
	client   bool // sent by the client
	flags    byte
	seq, ack uint32
	options  []byte
	payload  []byte
}

// message is where a KMS message lies.
type message struct {
	segment, offset, length int
	request                 bool
}

// load takes the complete sessions to port 1688 out of a capture.
func load(name string) ([]session, error) {
	h, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer h.Close() //nolint:errcheck // only read
	f, err := capture.NewFile(name, h)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	open := map[string]int{}
	var isn [][2]uint32
	var out []session
	for {
		var p capture.Packet
		if err := f.Next(&p); err != nil {
			if errors.Is(err, io.EOF) {
				return finish(out), nil
			}
			return finish(out), nil // a damaged seed gives what it has
		}
		b := p.Data
		if p.Link != capture.LinkEthernet || len(b) < 54 || b[12] != 8 || b[13] != 0 || b[23] != 6 {
			continue
		}
		ip := b[14:]
		t := ip[int(ip[0]&15)*4 : min(int(binary.BigEndian.Uint16(ip[2:])), len(ip))]
		client := binary.BigEndian.Uint16(t[2:]) == 1688
		if !client && binary.BigEndian.Uint16(t) != 1688 {
			continue
		}
		a, c := string(ip[12:16])+string(t[:2]), string(ip[16:20])+string(t[2:4])
		key, side := a+c, 0
		if !client {
			key, side = c+a, 1
		}
		seq, ack, flags, head := binary.BigEndian.Uint32(t[4:]), binary.BigEndian.Uint32(t[8:]), t[13], int(t[12]>>4)*4
		if client && flags&0x12 == 2 {
			open[key] = len(out)
			out, isn = append(out, session{}), append(isn, [2]uint32{})
		}
		i, ok := open[key]
		if !ok {
			continue
		}
		if flags&2 != 0 {
			isn[i][side] = seq
		}
		out[i].segments = append(out[i].segments, segment{
			client, flags, seq - isn[i][side], ack - isn[i][1-side],
			append([]byte(nil), t[20:head]...), append([]byte(nil), t[head:]...),
		})
	}
}

// finish finds the messages of sessions, and drops sessions without one.
func finish(list []session) []session {
	var out []session
	for _, s := range list {
		for i, g := range s.segments {
			if m, ok := find(g.payload); ok {
				m.segment = i
				s.messages = append(s.messages, m)
			}
		}
		if len(s.messages) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// find finds the message in a segment that holds one whole request or response.
func find(b []byte) (m message, ok bool) {
	if len(b) < 64 || b[0] != 5 || b[2] != 0 && b[2] != 2 || b[3]&3 != 3 || int(binary.LittleEndian.Uint16(b[8:])) != len(b) {
		return m, false
	}
	stub := b[24:]
	m.request, m.length = b[2] == 0, int(binary.LittleEndian.Uint32(stub))
	wide := binary.LittleEndian.Uint32(stub[4:]) == 0
	switch {
	case m.request && wide:
		m.offset = 24 + 16
	case m.request:
		m.offset = 24 + 8
	case wide:
		m.offset = 24 + 24
	default:
		m.offset = 24 + 12
	}
	want := m.length >= 60 && m.offset+m.length <= len(b)
	return m, want && (!m.request || m.length == kms.RequestSizeV4 || m.length == kms.RequestSizeV56)
}

// clientOf is client number i: always the same id, name and address.
func clientOf(i int) (identity, uint32) {
	id := identity{}
	binary.BigEndian.PutUint32(id.cmid[:], uint32(i)*2654435761)
	binary.BigEndian.PutUint64(id.cmid[8:], uint64(i)*0x9E3779B97F4A7C15|1)
	for _, c := range "pc-" + strconv.Itoa(i) + ".corp.test" {
		id.name = binary.LittleEndian.AppendUint16(id.name, uint16(c))
	}
	return id, 10<<24 | 64<<16 + uint32(i)
}
