//go:build integration && linux

package integration

import (
	"context"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/internal/lab"
)

// labHost is where the healthy scenario of the lab has its first KMS host.
const labHost = "192.0.2.5:1688"

// way is how a relay carries what the KMS host says.
type way struct {
	delay    time.Duration // before each piece
	bytewise bool          // one byte a write
	cut      int           // the PDU of the host that is not carried whole, from 1; 0: none
	keep     int           // bytes of that PDU that are carried before the end
	reset    bool          // the end is a reset
}

// kmsHost is a simulated KMS host behind relays at real addresses. The host
// itself never leaves this machine's loopback.
type kmsHost struct {
	site *lab.Site
	to   checks.Dialer
}

// startKMS starts the host of the lab's healthy site.
func startKMS(t *testing.T) kmsHost {
	t.Helper()
	scenario, ok := lab.Named("healthy")
	if !ok {
		t.Fatal("the lab has no healthy site")
	}
	site, err := lab.Start(t.Context(), scenario)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	return kmsHost{site, site.Env(checks.Env{}).Dialer}
}

// serve relays connections at addresses inside a namespace to the host.
func (h kmsHost) serve(t *testing.T, n netns, w way, addresses ...string) {
	t.Helper()
	for _, a := range addresses {
		accept(t, n.listen(t, a), func(ctx context.Context, near net.Conn) {
			far, err := h.to.DialContext(ctx, "tcp", labHost)
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(far, near)
				_ = far.Close()
			}()
			w.carry(ctx, near, far)
			_ = far.Close()
		})
	}
}

// accept hands every connection of a listener to serve, which ends with the
// test, and closes it afterwards.
func accept(t *testing.T, l net.Listener, serve func(context.Context, net.Conn)) {
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			all.Go(func() {
				defer func() { stop(); _ = c.Close() }()
				serve(ctx, c)
			})
		}
	})
	t.Cleanup(func() { cancel(); _ = l.Close(); all.Wait() })
}

// carry copies what the host says to the client. The lab writes each PDU at once
// and waits for the next question, so a read is a PDU.
func (w way) carry(ctx context.Context, near, far net.Conn) {
	buf := make([]byte, 64<<10)
	for pdu := 1; ; pdu++ {
		n, err := far.Read(buf)
		if err != nil {
			return
		}
		piece := buf[:n]
		if pdu == w.cut {
			piece = piece[:w.keep]
		}
		if !sleep(ctx, w.delay) || !w.write(near, piece) {
			return
		}
		if pdu == w.cut {
			if w.reset {
				_ = near.(*net.TCPConn).SetLinger(0)
			}
			return
		}
	}
}

func (w way) write(to net.Conn, b []byte) bool {
	size := max(len(b), 1)
	if w.bytewise {
		size = 1
	}
	for piece := range slices.Chunk(b, size) {
		if _, err := to.Write(piece); err != nil {
			return false
		}
	}
	return true
}

// sleep waits as part of a peer's behaviour; it returns false when ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return true
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
