//go:build integration && linux

package integration

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// flood writes the same bytes without end.
func flood(unit []byte) func(context.Context, net.Conn) {
	return func(_ context.Context, c net.Conn) {
		unit := bytes.Repeat(unit, max(1, 64<<10/len(unit)))
		for {
			if _, err := c.Write(unit); err != nil {
				return
			}
		}
	}
}

// trickle writes a byte every 20 ms without end.
func trickle(unit []byte) func(context.Context, net.Conn) {
	return func(ctx context.Context, c net.Conn) {
		for i := 0; ; i++ {
			if _, err := c.Write(unit[i%len(unit) : i%len(unit)+1]); err != nil || !sleep(ctx, 20*time.Millisecond) {
				return
			}
		}
	}
}

// floodAnswer lets a host answer the bind, and then answers the request with
// fragments without end.
func (h kmsHost) floodAnswer(ctx context.Context, near net.Conn) {
	far, err := h.to.DialContext(ctx, "tcp", labHost)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	pdu := make([]byte, 8<<10)
	pass := func(from, to net.Conn) int {
		n, err := from.Read(pdu)
		if err != nil {
			return 0
		}
		_, _ = to.Write(pdu[:n])
		return n
	}
	if pass(near, far) == 0 || pass(far, near) == 0 || pass(near, far) < dcerpc.HeaderSize {
		return
	}
	header := dcerpc.NewHeader(dcerpc.TypeResponse, binary.LittleEndian.Uint32(pdu[12:]))
	unit := func(flags dcerpc.Flags) []byte {
		header.Flags = flags
		return dcerpc.Response{AllocHint: 1 << 30, Stub: make([]byte, 5000)}.Append(nil, header)
	}
	if _, err := near.Write(unit(dcerpc.FlagFirst)); err == nil {
		flood(unit(0))(ctx, near)
	}
}

// TestIntegrationHostilePeers measures what peers that never end cost, against a
// host that serves.
func TestIntegrationHostilePeers(t *testing.T) {
	needs(t, "ip")
	l, host := newLink(t), startKMS(t)
	host.serve(t, l.server, way{}, "10.77.1.1:1688")
	sound, base := l.measure(t, "10.77.1.1")
	sound.expect(t, 0, "", "")

	first := dcerpc.NewHeader(dcerpc.TypeResponse, 2)
	first.Flags = dcerpc.FlagFirst
	fragment := dcerpc.Response{Stub: make([]byte, 5000)}.Append(nil, first)
	ack := dcerpc.BindAck{MaxXmit: 5840, MaxRecv: 5840, SecondaryAddress: strings.Repeat("1", 60000)}.
		Append(nil, dcerpc.NewHeader(dcerpc.TypeBindAck, 2))
	const limit = 4 << 20 // bytes; a peer may cost 1 MiB, the rest is how much two runs differ
	for i, tt := range []struct {
		name     string
		peer     func(context.Context, net.Conn)
		bind     evidence.BindOutcome
		exchange evidence.ExchangeOutcome
		says     string // in the note about the limit
	}{
		{name: "noise", peer: flood([]byte{0xff, 0x00, 0x1b, 0x5b}), bind: evidence.BindNotRPC},
		{name: "text", peer: flood([]byte("HTTP/1.1 200 OK\r\n")), bind: evidence.BindNotRPC},
		{name: "fragments", peer: flood(fragment), bind: evidence.BindGarbled},
		{name: "long bind_ack", peer: flood(ack), bind: evidence.BindGarbled},
		{name: "endless answer", peer: host.floodAnswer, bind: evidence.BindAccepted, exchange: evidence.ExchangeGarbled},
		{name: "trickled bind_ack", peer: trickle(ack), bind: evidence.BindSilent, says: "of an answer came"},
		{name: "trickled fragments", peer: trickle(fragment), bind: evidence.BindSilent, says: "of an answer came"},
		{name: "mute", peer: func(ctx context.Context, _ net.Conn) { <-ctx.Done() }, bind: evidence.BindSilent, says: "connected, then silent"},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			address := fmt.Sprintf("10.77.1.%d", i+2)
			accept(t, l.server.listen(t, address+":1688"), tt.peer)
			o, peak := l.measure(t, address)
			if o.exit != 3 || len(o.set.Binds) != 1 || o.set.Binds[0].Outcome != tt.bind {
				t.Errorf("exit %d, binds %+v; want %s", o.exit, o.set.Binds, tt.bind)
			}
			if tt.exchange != "" && o.exchange(t).Outcome != tt.exchange {
				t.Errorf("%+v, want %s", o.set.Exchanges[0], tt.exchange)
			}
			if r := o.result(t, "rpc.bind", address); tt.says != "" && (len(r.Notes) != 1 || !strings.Contains(r.Notes[0].Text, tt.says)) {
				t.Errorf("%q, notes %+v", r.Summary, r.Notes)
			}
			if o.took > 15*time.Second { // three times the limit of the bind
				t.Errorf("took %v", o.took)
			}
			if peak > base+limit {
				t.Errorf("peak memory %d KiB, %d KiB with a sound host", peak>>10, base>>10)
			}
			t.Logf("%v, peak memory %d KiB, %d KiB with a sound host", o.took, peak>>10, base>>10)
		})
	}
}

// measure runs a check and returns its peak resident memory in bytes, taken when
// the checks are done: the report is longer than the pipe that it is written to,
// so the process stands until the pipe is read.
func (l link) measure(t *testing.T, address string) (outcome, int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = read.Close() }()
	if _, err := unix.FcntlInt(write.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Fatal(err)
	}
	c := l.client.commandWith(ctx, t, joined, program, "check", "-o", "json", address)
	var stderr bytes.Buffer
	c.Stdout, c.Stderr, c.Env = write, &stderr, plainEnviron()
	start := time.Now()
	err = c.Start()
	_ = write.Close()
	if err != nil {
		t.Fatal(err)
	}
	one := make([]byte, 1)
	_, _ = io.ReadFull(read, one)
	peak := peakOf(t, c.Process.Pid)
	rest, _ := io.ReadAll(read)
	err = c.Wait()
	o := outcome{took: time.Since(start)}
	o.ended(t, err, append(one, rest...), stderr.String())
	return o, peak
}

// peakOf is the peak resident memory of a process in bytes (proc(5), VmHWM).
func peakOf(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil || !strings.Contains(string(text), "kmsdiag") {
		t.Fatalf("no peak of kmsdiag in\n%s", text)
	}
	return kib << 10
}
