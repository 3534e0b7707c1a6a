package lab

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/kmsdiag/kmsdiag/kms"
)

// throughRelay opens a site with a KMS host and a relay in front of it, and
// connects to the relay.
func throughRelay(t *testing.T, manner RelayManner) *kms.Conn {
	t.Helper()
	site := startKMS(t, server2022())
	direct, err := site.stage.doors[kmsAt](testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	target := direct.RemoteAddr().String()
	_ = direct.Close()
	relay, err := StartRelay(testContext(t), target, manner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(relay.Close)
	var d net.Dialer
	nc, err := d.DialContext(testContext(t), "tcp", relay.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := kms.NewConn(nc)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestRelay(t *testing.T) {
	for name, manner := range map[string]RelayManner{
		"faithful": {},
		"bytewise": {Bytewise: true},
		"slow":     {Delay: 2 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := throughRelay(t, manner)
			b, err := c.Bind(testContext(t))
			if err != nil {
				t.Fatal(err)
			}
			for _, timing := range b.Timings {
				if timing.Phase == kms.AwaitBindAck && timing.Took < 2*manner.Delay {
					t.Errorf("bind_ack after %s", timing.Took)
				}
			}
			if _, err := c.Do(testContext(t), probe(t, "windows-11", kms.V6)); err != nil {
				t.Error(err)
			}
		})
	}
}

// What a relay loses never arrives, and the connection stays open.
func TestRelayLoses(t *testing.T) {
	c := throughRelay(t, RelayManner{LoseAfter: 200})
	if _, err := c.Bind(testContext(t)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(testContext(t), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Do(ctx, probe(t, "windows-11", kms.V6)); outcome(err) != "silent" {
		t.Errorf("error %v", err)
	}
}

// The end of one direction is passed on without ending the other.
func TestRelayHalfClose(t *testing.T) {
	var lc net.ListenConfig
	ln, err := lc.Listen(testContext(t), "tcp4", loopback)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	served := make(chan error, 1)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			served <- err
			return
		}
		defer func() { _ = c.Close() }()
		question, err := io.ReadAll(c)
		if err == nil {
			_, err = c.Write(bytes.ToUpper(question))
		}
		served <- err
	}()
	relay, err := StartRelay(testContext(t), ln.Addr().String(), RelayManner{})
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	c, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(relay.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_, _ = c.Write([]byte("question"))
	_ = c.CloseWrite()
	answer, err := io.ReadAll(c)
	if err != nil || string(answer) != "QUESTION" {
		t.Errorf("%q, %v", answer, err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestRelayStaysAtHome(t *testing.T) {
	for target, want := range map[string]error{"192.0.2.5:1688": ErrNotLoopback, "localhost:1688": nil} {
		relay, err := StartRelay(testContext(t), target, RelayManner{})
		if err == nil {
			relay.Close()
			t.Errorf("%s is accepted", target)
		}
		if want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v", target, err)
		}
	}
}
