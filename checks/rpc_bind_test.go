package checks

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/evidence"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
	"github.com/kmsdiag/kmsdiag/run"
)

// answerBind is a peer that reads the bind, writes raw bytes and, unless it
// closes, waits for its client to go.
func answerBind(raw []byte, closes bool) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := c.Read(make([]byte, 4096)); err != nil {
			return
		}
		if _, err := c.Write(raw); err == nil && !closes {
			_, _ = io.Copy(io.Discard, c)
		}
	}
}

func reset(c net.Conn) {
	_, _ = c.Read(make([]byte, 4096))
	_ = c.(*net.TCPConn).SetLinger(0)
}

func header(t dcerpc.PacketType) dcerpc.Header { return dcerpc.NewHeader(t, 2) }

func ackOf(reason dcerpc.ResultReason) []byte {
	rejected := dcerpc.ContextResult{Result: dcerpc.ProviderRejection, Reason: reason}
	return dcerpc.BindAck{
		MaxXmit: 5840, MaxRecv: 5840, SecondaryAddress: "135",
		Results: []dcerpc.ContextResult{rejected, rejected, {Result: dcerpc.NegotiateAck, Reason: 3}},
	}.Append(nil, header(dcerpc.TypeBindAck))
}

func TestBindOutcomes(t *testing.T) {
	nak := dcerpc.BindNak{Reason: dcerpc.NakProtocolVersion}.Append(nil, header(dcerpc.TypeBindNak))
	fault := dcerpc.Fault{Status: dcerpc.FaultAccessDenied}.Append(nil, header(dcerpc.TypeFault))
	long := append([]byte("HTTP/1.1 400 Bad Request\r\n"), bytes.Repeat([]byte("x"), 4000)...)
	for _, tt := range []struct {
		name    string
		peer    func(net.Conn)
		outcome evidence.BindOutcome
		summary string
		more    func(evidence.Bind) bool
	}{
		{"bind_nak", answerBind(nak, false), evidence.BindNak, "bind_nak: protocol version not supported", func(b evidence.Bind) bool { return b.Reason == 4 }},
		{"fault", answerBind(fault, false), evidence.BindFault, "RPC fault: 0x00000005 (ERROR_ACCESS_DENIED)", func(b evidence.Bind) bool { return b.Status == 5 }},
		{"another interface", answerBind(ackOf(dcerpc.ReasonAbstractSyntax), false), evidence.BindNoInterface, "RPC answers, but not KMS", nil},
		{"no syntax", answerBind(ackOf(dcerpc.ReasonTransferSyntax), false), evidence.BindNoSyntax, "no common transfer syntax", nil},
		{"local limit", answerBind(ackOf(dcerpc.ReasonLocalLimit), false), evidence.BindRejected, "local limit exceeded", nil},
		{"closed", answerBind(nil, true), evidence.BindClosed, "closed after the bind, without an answer", nil},
		{"closed inside the answer", answerBind(nak[:10], true), evidence.BindClosed, "closed after the bind: only 10 bytes of an answer came", nil},
		{"reset", reset, evidence.BindReset, "reset after the bind", nil},
		{"TLS", answerBind([]byte{0x15, 3, 3, 0, 2, 2, 40}, true), evidence.BindNotRPC, "not RPC: looks like TLS alert (15 03 03 00 02 02 28)", nil},
		{"HTTP", answerBind(long, true), evidence.BindNotRPC, "looks like HTTP", func(b evidence.Bind) bool { return len(b.First) <= 64 && len(b.First) >= 16 }},
		{"SSH", answerBind([]byte("SSH-2.0-OpenSSH_9.2\r\n"), false), evidence.BindNotRPC, "looks like SSH", nil},
		{"SMTP", answerBind([]byte("220 mx ESMTP\r\n"), false), evidence.BindNotRPC, "looks like SMTP", nil},
		{"something else", answerBind([]byte{0xde, 0xad, 0xbe, 0xef}, false), evidence.BindNotRPC, "not RPC: the first bytes are de ad be ef", nil},
		{"malformed", answerBind(dcerpc.Response{}.Append(nil, header(dcerpc.TypeResponse)), false), evidence.BindGarbled, "malformed answer", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			verifyNoLeak(t)
			var conns atomic.Int32
			w := walk(t.Context(), testEnv(), serveLoopback(t, func(c net.Conn) { conns.Add(1); tt.peer(c) }))
			w.expect(t, "rpc.bind", run.Fail, tt.summary)
			b := w["rpc.bind"].Evidence.Binds[0]
			if b.Outcome != tt.outcome || tt.more != nil && !tt.more(b) {
				t.Errorf("got %+v, want %s", b, tt.outcome)
			}
			if _, ran := w["kms.request"]; ran || conns.Load() != 1 {
				t.Errorf("%d connections; kms.request ran: %v", conns.Load(), ran)
			}
		})
	}
}

// TestSilentAndSlowPeers gives peers that never end a check's limit.
func TestSilentAndSlowPeers(t *testing.T) {
	trickle := func(c net.Conn) { // a plausible header, a byte at a time
		for _, b := range ackOf(dcerpc.ReasonTransferSyntax)[:20] {
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, c)
	}
	for name, tt := range map[string]struct {
		peer    func(net.Conn)
		summary string
	}{
		"silent":  {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, "connected, then silent"},
		"trickle": {trickle, "connected, then only 20 bytes of an answer came within"},
	} {
		t.Run(name, func(t *testing.T) {
			verifyNoLeak(t)
			address := serveLoopback(t, tt.peer)
			env := testEnv()
			env.Timeout = 250 * time.Millisecond
			w := walk(t.Context(), env, address)
			w.expect(t, "rpc.bind", run.Fail, tt.summary)
			if b := w["rpc.bind"].Evidence.Binds[0]; b.Outcome != evidence.BindSilent {
				t.Errorf("%s", b.Outcome)
			}
		})
	}
}

func TestStoppedBind(t *testing.T) {
	verifyNoLeak(t)
	ctx, cancel := context.WithCancel(t.Context())
	address := serveLoopback(t, func(c net.Conn) {
		_, _ = c.Read(make([]byte, 1))
		cancel()
		_, _ = io.Copy(io.Discard, c)
	})
	w := walk(ctx, testEnv(), address)
	w.expect(t, "rpc.bind", run.Skip, "stopped")
}

// TestFloodingPeer sends without end, as RPC and as noise; what a check keeps
// stays small.
func TestFloodingPeer(t *testing.T) {
	fragment := dcerpc.NewHeader(dcerpc.TypeResponse, 2)
	fragment.Flags = dcerpc.FlagFirst
	endless := dcerpc.Response{Stub: make([]byte, 5000)}.Append(nil, fragment)
	for name, unit := range map[string][]byte{
		"fragments": endless,
		"noise":     bytes.Repeat([]byte{0xff}, 65536),
		"header":    append([]byte{5, 0, 12, 3, 0x10, 0, 0, 0, 0xff, 0xff, 0, 0, 2, 0, 0, 0}, make([]byte, 65519)...),
	} {
		t.Run(name, func(t *testing.T) {
			address := serveLoopback(t, func(c net.Conn) {
				for {
					if _, err := c.Write(unit); err != nil {
						return
					}
				}
			})
			env := testEnv()
			walk(t.Context(), env, address) // loads tables and warms up
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			w := walk(t.Context(), env, address)
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
				t.Errorf("%d bytes allocated for one peer", grown)
			}
			if w["rpc.bind"].Status != run.Fail {
				t.Errorf("%+v", w["rpc.bind"])
			}
		})
	}
}

// failingDialer opens no connection after the first.
type failingDialer struct {
	Dialer
	opened int
}

func (d *failingDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if d.opened++; d.opened > 1 {
		return nil, &DialError{Outcome: evidence.Refused}
	}
	return d.Dialer.DialContext(ctx, network, address)
}

func TestLostSessions(t *testing.T) {
	verifyNoLeak(t)
	h := &testHost{}
	address := h.start(t)

	// An old connection is not trusted: the bind opens another.
	env := testEnv()
	now := time.Now()
	env.Now = func() time.Time { now = now.Add(20 * time.Second); return now }
	w := walk(t.Context(), env, address)
	w.expect(t, "rpc.bind", run.Pass, "NDR64")
	if dials := w["rpc.bind"].Evidence.Dials; len(dials) != 1 || dials[0].Outcome != evidence.Open || dials[0].Origin.Check != "rpc.bind" {
		t.Errorf("the second connection is not in the evidence: %+v", dials)
	}

	env.Dialer = &failingDialer{Dialer: SystemDialer{}}
	w = walk(t.Context(), env, address)
	w.expect(t, "rpc.bind", run.Fail, "the connection was lost and not opened again: refused")

	// Where the host closes after a refusal and then refuses connections, the
	// first answer still stands.
	h = &testHost{closes: true, verdict: refuse(0x8007000D, never)}
	env = testEnv()
	env.Dialer = &failingDialer{Dialer: SystemDialer{}}
	w = walk(t.Context(), env, h.start(t))
	w.expect(t, "kms.request", run.Fail, "0x8007000D")
	if n := len(w["kms.request"].Evidence.Exchanges); n != 1 {
		t.Errorf("%d exchanges", n)
	}
}

func TestSessions(t *testing.T) {
	verifyNoLeak(t)
	pair := func() (*session, net.Conn) {
		near, far := net.Pipe()
		return &session{conn: near}, far
	}
	closed := func(c net.Conn) bool {
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, err := c.Read(make([]byte, 1))
		return errors.Is(err, io.EOF)
	}
	s := newSessions()
	first, farFirst := pair()
	second, farSecond := pair()
	s.put("a", first)
	s.put("a", second)
	if !closed(farFirst) {
		t.Error("what was replaced is still open")
	}
	if got := s.take("a"); got != second || s.take("a") != nil {
		t.Errorf("took %v", got)
	}
	s.put("a", second)
	s.closeAll()
	s.closeAll()
	if !closed(farSecond) {
		t.Error("closeAll left a session open")
	}
	late, farLate := pair()
	s.put("b", late)
	if !closed(farLate) || s.take("b") != nil {
		t.Error("a session put after closeAll is open")
	}
	var none *sessions
	orphan, farOrphan := pair()
	none.put("c", orphan)
	none.closeAll()
	if !closed(farOrphan) || none.take("c") != nil {
		t.Error("without sessions nothing is kept")
	}
}

func TestSessionsTogether(t *testing.T) {
	s := newSessions()
	done := make(chan bool)
	for i := range 8 {
		go func() {
			for range 100 {
				near, far := net.Pipe()
				s.put(strings.Repeat("x", i%3), &session{conn: near})
				if one := s.take("x"); one != nil {
					one.close()
				}
				_ = far.Close()
			}
			done <- true
		}()
	}
	go s.closeAll()
	for range 8 {
		<-done
	}
	s.closeAll()
	if s.take("x") != nil {
		t.Error("a session survived closeAll")
	}
}
