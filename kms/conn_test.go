package kms

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

var ask = Request{Version: V6, CMID: ProbeCMID, NPolicy: 25, ClientTime: 134398978077044704, Workstation: "ws"}

func bind(t *testing.T, c *Conn) {
	t.Helper()
	if _, err := c.Bind(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The client sends the recorded requests byte for byte and accepts their
// recorded answers.
func TestConnVectors(t *testing.T) {
	for _, v := range vectors(t).Vectors {
		t.Run(v.ID, func(t *testing.T) {
			recorded, err := dcerpc.ParsePDU(v.RequestPDU)
			if err != nil {
				t.Fatal(err)
			}
			var sent []byte
			c := playing(t, func(p *peer) {
				if v.Syntax == "NDR64" {
					p.bind(ackNDR64)
				} else {
					p.bind(ackNDR32("1688"))
				}
				if q := p.read(); q != nil {
					sent = bytes.Clone(q.Raw)
					p.say(v.ResponsePDU)
				}
			})
			c.Rand = bytes.NewReader(v.RequestIV)
			if v.Version == V4 {
				c.Rand = nil
			}
			bind(t, c)
			c.callID = recorded.CallID
			x, err := c.Do(t.Context(), v.request())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(sent, v.RequestPDU) {
				t.Errorf("sent\n%x, want\n%x", sent, v.RequestPDU)
			}
			if x.Response.Response != v.response() || !x.Answered || x.HRESULT != OK || x.Fragments != 1 {
				t.Errorf("%+v", x)
			}
			if len(x.Verification()) == 0 || x.Verification().With(NotPossible) != nil {
				t.Errorf("checks: %v", x.Verification())
			}
			if !bytes.Equal(x.Sent[x.RequestAt:], v.RequestMessage) ||
				!bytes.HasPrefix(x.Received[x.ResponseAt:], v.ResponseMessage) {
				t.Errorf("messages are not at %d and %d", x.RequestAt, x.ResponseAt)
			}
			if len(x.Timings) != 3 || x.Timings[2].Phase != VerifyAnswer {
				t.Errorf("%v", x.Timings)
			}
		})
	}
}

func TestSeveralRequests(t *testing.T) {
	c := playing(t, func(p *peer) {
		p.bind(ackNDR32("1688"))
		p.say(p.answer(t, nil))
		p.say(fragmented(t, p.answer(t, nil), 80))
		for _, b := range p.answer(t, nil) {
			p.say([]byte{b})
		}
		for _, b := range fragmented(t, p.answer(t, nil), 1) {
			p.say([]byte{b})
		}
	})
	bind(t, c)
	for i, version := range []Version{V6, V5, V4, V6} {
		r := ask
		r.Version = version
		x, err := c.Do(t.Context(), r)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		if x.CallID != uint32(2+i) || x.Response.Count != 50 || x.Encoding != dcerpc.NDR32 {
			t.Errorf("request %d: call %d, %+v", i, x.CallID, x.Response)
		}
		if fragments := [...]int{1, 3, 1}; i < 3 && x.Fragments != fragments[i] {
			t.Errorf("request %d: %d fragments", i, x.Fragments)
		}
		if (x.ResponseAt == 0) != (x.Fragments > 1) {
			t.Errorf("request %d: answer at %d", i, x.ResponseAt)
		}
	}
}

// A refusal and a fault leave the connection in working order.
func TestRefusals(t *testing.T) {
	c := playing(t, func(p *peer) {
		p.bind(ackNDR32("1688"))
		p.read()
		p.say(answerPDU(dcerpc.NDR32, 2, 0, nil, ErrKeyMismatch))
		p.read()
		p.say(dcerpc.Fault{Status: dcerpc.FaultOpRange}.Append(nil, dcerpc.NewHeader(dcerpc.TypeFault, 3)))
		p.say(p.answer(t, nil))
	})
	bind(t, c)
	var refused *RefusedError
	x, err := c.Do(t.Context(), ask)
	if !errors.As(err, &refused) || refused.HRESULT != ErrKeyMismatch || x.HRESULT != ErrKeyMismatch || x.Response != nil {
		t.Errorf("%+v, %v", x, err)
	}
	if x.Verification() != nil || !strings.Contains(err.Error(), "SL_E_VL_KEY_MANAGEMENT_SERVICE_ID_MISMATCH") {
		t.Errorf("%v", err)
	}
	var fault *dcerpc.FaultError
	x, err = c.Do(t.Context(), ask)
	if !errors.As(err, &refused) || !errors.As(err, &fault) || fault.Status != dcerpc.FaultOpRange ||
		x.Fault == nil || *x.Fault != dcerpc.FaultOpRange || x.Answered {
		t.Errorf("%+v, %v", x, err)
	}
	if _, err = c.Do(t.Context(), ask); err != nil {
		t.Error(err)
	}
}

// A verdict other than S_OK wins over the data beside it.
func TestDataWithRefusal(t *testing.T) {
	c := playing(t, func(p *peer) {
		p.bind(ackNDR32("1688"))
		b := p.answer(t, nil)
		b[len(b)-4] = 1
		p.say(b)
	})
	bind(t, c)
	var refused *RefusedError
	if x, err := c.Do(t.Context(), ask); !errors.As(err, &refused) || refused.HRESULT != 1 || x.Response == nil {
		t.Errorf("%+v, %v", x, err)
	}
}

func TestBadReplies(t *testing.T) {
	head := dcerpc.NewHeader(dcerpc.TypeResponse, 2)
	stub := func(b []byte) []byte { return dcerpc.Response{Stub: b}.Append(nil, head) }
	for _, tc := range []struct {
		name   string
		answer func(p *peer) []byte
		field  string // of a DecodeError
		check  CheckID
	}{
		{"other client", func(p *peer) []byte { return p.answer(t, func(r *Response) { r.CMID[3]++ }) }, "", CheckCMIDMatch},
		{"other time", func(p *peer) []byte { return p.answer(t, func(r *Response) { r.ClientTime++ }) }, "", CheckTimeMatch},
		{"S_OK without data", func(*peer) []byte { return answerPDU(dcerpc.NDR32, 2, 0, nil, OK) }, "response stub.pointer", ""},
		{"empty message", func(*peer) []byte { return answerPDU(dcerpc.NDR32, 2, 0, []byte{}, OK) }, "response message", ""},
		{"other call", func(*peer) []byte { return answerPDU(dcerpc.NDR32, 9, 0, nil, OK) }, "header.call_id", ""},
		{"other context", func(*peer) []byte { return answerPDU(dcerpc.NDR32, 2, 1, nil, OK) }, "response.context_id", ""},
		{"bind_ack", func(*peer) []byte { return ackNDR64 }, "header.type", ""},
		{"no stub", func(*peer) []byte { return stub(nil) }, "response stub.size", ""},
		{"cut stub", func(*peer) []byte { return stub(make([]byte, 11)) }, "response stub.hresult", ""},
		{"no body", func(*peer) []byte { return shorten(stub(nil), 3) }, "response.context_id", ""},
		{"text", func(*peer) []byte { return []byte("I do not know you, sir") }, "header.version", ""},
		{"large fragments", func(*peer) []byte {
			h := head
			h.Flags = dcerpc.FlagFirst
			big := dcerpc.Response{Stub: make([]byte, 60000)}
			b := big.Append(nil, h)
			h.Flags = dcerpc.FlagLast
			return big.Append(b, h)
		}, "header.frag_length", ""},
		{"other call's fragment", func(p *peer) []byte {
			b := fragmented(t, p.answer(t, nil), 100)
			b[124+12] = 9
			return b
		}, "header.call_id", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := playing(t, func(p *peer) {
				p.bind(ackNDR32("1688"))
				if tc.check == "" && tc.name != "other call's fragment" {
					p.read()
				}
				p.say(tc.answer(p))
			})
			bind(t, c)
			x, err := c.Do(t.Context(), ask)
			var reply *ReplyError
			var decode *DecodeError
			var verify *VerifyError
			switch {
			case !errors.As(err, &reply):
				t.Fatalf("%v", err)
			case tc.check != "" && (!errors.As(err, &verify) || verify.Check.ID != tc.check || x.Response == nil):
				t.Errorf("%v, want %s", err, tc.check)
			case tc.check == "" && (!errors.As(err, &decode) || decode.Field != tc.field):
				t.Errorf("%v, want one about %s", err, tc.field)
			}
			if len(x.Received) == 0 || len(x.Received) > 2*dcerpc.DefaultLimit {
				t.Errorf("%d bytes kept", len(x.Received))
			}
		})
	}
}

func TestNotRPC(t *testing.T) {
	for looks, first := range map[string]string{
		"HTTP":        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
		"TLS alert":   "\x15\x03\x01\x00\x02\x02\x46",
		"SSH":         "SSH-2.0-OpenSSH_9.6\r\n",
		"SMTP or FTP": "220 mail.corp.test ESMTP\r\n",
		"":            "\x00\x01",
	} {
		for _, speaksFirst := range []bool{false, true} {
			c := playing(t, func(p *peer) {
				if speaksFirst {
					go p.wait()
				} else {
					p.read()
				}
				p.say([]byte(first))
			})
			b, err := c.Bind(t.Context())
			var reply *ReplyError
			var not *dcerpc.NotRPCError
			if !errors.As(err, &reply) || !errors.As(err, &not) || not.Looks != looks || string(not.First) != first {
				t.Errorf("%q: %v", first, err)
			}
			if string(b.Received) != first {
				t.Errorf("received %q", b.Received)
			}
		}
	}
}

var errPatience = errors.New("patience ended")

// endings are peers that never end a conversation of themselves.
func TestGaveUp(t *testing.T) {
	ack := ackNDR32("1688")
	for _, tc := range []struct {
		name   string
		script func(p *peer)
		phase  Phase
		notRPC bool
	}{
		{"does not read", func(p *peer) { time.Sleep(time.Hour) }, SendBind, false},
		{"does not answer the bind", func(p *peer) { p.wait() }, AwaitBindAck, false},
		{"stops in a header", func(p *peer) { p.bind(ack[:7]); p.wait() }, AwaitBindAck, false},
		{"stops in a PDU", func(p *peer) { p.bind(ack[:30]); p.wait() }, AwaitBindAck, false},
		{"greets and waits", func(p *peer) { p.bind([]byte("hi")); p.wait() }, AwaitBindAck, true},
		{"does not answer the request", func(p *peer) { p.bind(ack); p.wait() }, AwaitResponse, false},
		{"trickles", func(p *peer) {
			p.bind(ack)
			for _, b := range p.answer(t, nil) {
				time.Sleep(time.Minute)
				p.say([]byte{b})
			}
		}, AwaitResponse, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, errPatience)
				defer cancel()
				start := time.Now()
				c := playing(t, tc.script)
				_, err := c.Bind(ctx)
				if tc.phase == AwaitResponse && err == nil {
					_, err = c.Do(ctx, ask)
				}
				var gaveUp *GaveUpError
				var not *dcerpc.NotRPCError
				switch {
				case tc.notRPC:
					if !errors.As(err, &not) || string(not.First) != "hi" {
						t.Errorf("%v", err)
					}
				case !errors.As(err, &gaveUp) || gaveUp.Phase != tc.phase || !errors.Is(err, errPatience) ||
					!errors.Is(err, context.DeadlineExceeded):
					t.Errorf("%#v", err)
				}
				if took := time.Since(start); took != 5*time.Second {
					t.Errorf("gave up after %s", took)
				}
				if _, again := c.Do(t.Context(), ask); again != err && tc.phase != SendBind {
					t.Errorf("afterwards: %v", again)
				}
			})
		})
	}
}

func TestEndedContext(t *testing.T) {
	c := playing(t, func(p *peer) { p.bind(ackNDR32("1688")); p.say(p.answer(t, nil)) })
	bind(t, c)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errPatience)
	x, err := c.Do(ctx, ask)
	var gaveUp *GaveUpError
	if !errors.As(err, &gaveUp) || gaveUp.Phase != SendRequest || !errors.Is(err, errPatience) || x.Sent != nil || x.Request != nil {
		t.Errorf("%+v, %v", x, err)
	}
	// Nothing was sent, so that the connection still serves.
	if _, err := c.Do(t.Context(), ask); err != nil {
		t.Error(err)
	}
}

// A peer that never stops sending is cut off by size, not by time.
func TestFlood(t *testing.T) {
	part := dcerpc.Response{Stub: make([]byte, 1000)}
	for name, flags := range map[string]dcerpc.Flags{"fragments": 0, "first fragments": dcerpc.FlagFirst} {
		c := playing(t, func(p *peer) {
			p.bind(ackNDR32("1688"))
			p.read()
			h := dcerpc.NewHeader(dcerpc.TypeResponse, 2)
			h.Flags = dcerpc.FlagFirst
			for {
				if _, err := p.Write(part.Append(nil, h)); err != nil {
					return
				}
				h.Flags = flags
			}
		})
		bind(t, c)
		x, err := c.Do(t.Context(), ask)
		var decode *DecodeError
		if !errors.As(err, &decode) || len(x.Received) > dcerpc.DefaultLimit+8192 {
			t.Errorf("%s: %d bytes, %v", name, len(x.Received), err)
		}
		if flags == 0 && !errors.Is(err, dcerpc.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
		_ = c.Close()
	}
}

// tcp returns both ends of a loopback connection.
func tcp(t *testing.T) (ours, theirs *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return a.(*net.TCPConn), b.(*net.TCPConn)
}

func TestClosedAndReset(t *testing.T) {
	for name, linger := range map[string]int{"closed": -1, "reset": 0} {
		ours, theirs := tcp(t)
		done := make(chan struct{})
		go func() {
			defer close(done)
			p := &peer{theirs, dcerpc.NewReader(theirs)}
			p.read()
			_ = theirs.SetLinger(linger)
			_ = theirs.Close()
		}()
		_, err := NewConn(ours).Bind(t.Context())
		<-done
		var transport *TransportError
		if !errors.As(err, &transport) || transport.Phase != AwaitBindAck ||
			transport.Closed() != (linger < 0) || transport.Reset() != (linger == 0) {
			t.Errorf("%s: %#v", name, err)
		}
		if !strings.Contains(err.Error(), "the peer "+map[int]string{-1: "closed", 0: "reset"}[linger]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClosedInsideAnswer(t *testing.T) {
	answer := ackNDR32("1688")
	for n := range answer {
		c := playing(t, func(p *peer) { p.bind(answer[:n]) })
		b, err := c.Bind(t.Context())
		var transport *TransportError
		if !errors.As(err, &transport) || !transport.Closed() || !bytes.Equal(b.Received, answer[:n]) {
			t.Errorf("after %d bytes: %v, %x", n, err, b.Received)
		}
		if n > 0 != errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func TestWaitClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		more := make(chan struct{})
		c := playing(t, func(p *peer) {
			p.bind(ackNDR32("1688"))
			p.say(p.answer(t, nil))
			<-more
		})
		bind(t, c)
		if _, err := c.Do(t.Context(), ask); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if c.WaitClose(ctx) {
			t.Error("closed, it says")
		}
		close(more)
		if !c.WaitClose(t.Context()) {
			t.Error("not closed, it says")
		}
	})
}

// The peer's integers may be big-endian; the KMS message inside never is.
func TestBigEndianHost(t *testing.T) {
	big := func(typ dcerpc.PacketType) dcerpc.Header {
		h := dcerpc.NewHeader(typ, 2)
		h.DataRep[0] = 0
		return h
	}
	c := playing(t, func(p *peer) {
		p.bind(dcerpc.BindAck{AssocGroup: 1, Results: []dcerpc.ContextResult{{Transfer: dcerpc.SyntaxNDR32}}}.Append(nil, big(dcerpc.TypeBindAck)))
		b := p.answer(t, nil)
		stub := b[24:]
		n := len(stub) - 16
		stub[0], stub[1], stub[2], stub[3] = 0, 0, byte(n>>8), byte(n)
		copy(stub[8:12], stub[:4])
		p.say(dcerpc.Response{Stub: stub}.Append(nil, big(dcerpc.TypeResponse)))
	})
	c.Offer = []dcerpc.Syntax{dcerpc.SyntaxNDR32}
	bind(t, c)
	if x, err := c.Do(t.Context(), ask); err != nil || x.Response.Count != 50 {
		t.Errorf("%+v, %v", x, err)
	}
}

func TestDoWithoutBind(t *testing.T) {
	c := playing(t, func(*peer) {})
	if _, err := c.Do(t.Context(), ask); !errors.Is(err, ErrNotBound) {
		t.Error(err)
	}
	c = playing(t, func(p *peer) { p.bind(ackNDR32("1688")) })
	bind(t, c)
	c.Rand = strings.NewReader("short")
	if _, err := c.Do(t.Context(), ask); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	c.Rand = nil
	if _, err := c.Do(t.Context(), Request{}); !errors.Is(err, ErrVersion) {
		t.Error(err)
	}
}
