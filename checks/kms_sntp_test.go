package checks

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// sntpAnswer builds a server's answer to a query.
func sntpAnswer(nonce [8]byte, received, answered time.Time) []byte {
	b := make([]byte, sntpSize)
	b[0], b[1] = 4<<3|4, 3
	copy(b[24:], nonce[:])
	putNTP(b[32:], received)
	putNTP(b[40:], answered)
	return b
}

func putNTP(b []byte, t time.Time) {
	binary.BigEndian.PutUint32(b, uint32(t.Unix()+2_208_988_800))
	binary.BigEndian.PutUint32(b[4:], uint32(uint64(t.Nanosecond())<<32/1_000_000_000))
}

func TestParseSNTP(t *testing.T) {
	nonce := [8]byte{1, 2, 3, 4, 5, 6, 7, 8}
	sent := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	const took = 40 * time.Millisecond
	good := func() []byte {
		return sntpAnswer(nonce, sent.Add(time.Hour+15*time.Millisecond), sent.Add(time.Hour+25*time.Millisecond))
	}
	change := func(f func(b []byte)) []byte { b := good(); f(b); return b }
	for _, tt := range []struct {
		name   string
		raw    []byte
		offset time.Duration
		within time.Duration
		synced bool
		fails  bool
	}{
		{"an hour ahead", good(), time.Hour, 15 * time.Millisecond, true, false},
		{"not set", change(func(b []byte) { b[0] |= 3 << 6; b[1] = 0 }), time.Hour, 15 * time.Millisecond, false, false},
		{"no receive time", change(func(b []byte) { clear(b[32:40]) }), time.Hour + 5*time.Millisecond, 20 * time.Millisecond, true, false},
		{"longer at the server than under way", change(func(b []byte) { putNTP(b[40:], sent.Add(2*time.Hour)) }), 2*time.Hour - 20*time.Millisecond, 20 * time.Millisecond, true, false},
		{"another query's", change(func(b []byte) { b[31]++ }), 0, 0, false, true},
		{"a client's", change(func(b []byte) { b[0] = 4<<3 | 3 }), 0, 0, false, true},
		{"no transmit time", change(func(b []byte) { clear(b[40:]) }), 0, 0, false, true},
		{"cut", good()[:47], 0, 0, false, true},
		{"after the first era", sntpAnswer(nonce, sent.AddDate(20, 0, 0), sent.AddDate(20, 0, 0)), sent.AddDate(20, 0, 0).Sub(sent) - took/2, took / 2, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := parseSNTP(tt.raw, nonce, sent, took)
			if (err != nil) != tt.fails || err != nil && !errors.Is(err, errSNTP) {
				t.Fatalf("error %v", err)
			}
			if (s.offset-tt.offset).Abs() > time.Microsecond || (s.within-tt.within).Abs() > time.Microsecond || s.synced != tt.synced {
				t.Errorf("got %+v, want offset %v within %v, synced %v", s, tt.offset, tt.within, tt.synced)
			}
		})
	}
}

func FuzzParseSNTP(f *testing.F) {
	sent := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f.Add(sntpAnswer([8]byte{}, sent, sent), int64(0))
	f.Add(sntpAnswer([8]byte{}, sent, sent.Add(time.Hour)), int64(time.Second))
	f.Fuzz(func(t *testing.T, b []byte, took int64) {
		s, err := parseSNTP(b, [8]byte{}, sent, time.Duration(took&(1<<40-1)))
		if err == nil && (s.within < 0 || s.offset.Abs() > 70*365*24*time.Hour) {
			t.Errorf("%+v", s)
		}
	})
}

// pipeDialer hands out one end of a pipe; the other goes to serve.
type pipeDialer func(net.Conn)

func (serve pipeDialer) DialContext(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go serve(far)
	return near, nil
}

func TestAskTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := pipeDialer(func(c net.Conn) {
			buf := make([]byte, 64)
			for {
				if _, err := c.Read(buf); err != nil {
					return
				}
			}
		})
		start := time.Now()
		_, err := askTime(t.Context(), silent, "192.0.2.1:123", time.Now)
		if took := time.Since(start); err == nil || took != sntpLimit {
			t.Errorf("%v after %v, want an error after %v", err, took, sntpLimit)
		}
	})
}

func TestAskTimeOverlooksStrays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := pipeDialer(func(c net.Conn) {
			query := make([]byte, 64)
			n, _ := c.Read(query)
			if n != sntpSize || query[0] != 4<<3|3 {
				t.Errorf("query % x", query[:n])
			}
			_, _ = c.Write([]byte("stray"))
			_, _ = c.Write(sntpAnswer([8]byte(query[40:48]), time.Now().Add(-time.Minute), time.Now().Add(-time.Minute)))
		})
		s, err := askTime(t.Context(), server, "192.0.2.1:123", time.Now)
		if err != nil || (s.offset+time.Minute).Abs() > time.Microsecond {
			t.Errorf("got %+v, %v; want a minute behind", s, err)
		}
	})
}

func TestAskTimeStopsAtAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		flood := pipeDialer(func(c net.Conn) {
			_, _ = c.Read(make([]byte, 64))
			for {
				if _, err := c.Write(make([]byte, 48)); err != nil {
					return
				}
			}
		})
		if _, err := askTime(t.Context(), flood, "192.0.2.1:123", time.Now); !errors.Is(err, errSNTP) {
			t.Errorf("got %v", err)
		}
	})
}

// elsewhere leads every UDP dial to one address.
type elsewhere string

func (to elsewhere) DialContext(ctx context.Context, network, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, string(to))
}

// TestAskTimeOverUDP asks a server on loopback, and then a port where nobody
// listens, which must not take the whole limit.
func TestAskTimeOverUDP(t *testing.T) {
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		query := make([]byte, 512)
		n, from, err := server.ReadFrom(query)
		if err != nil || n != sntpSize {
			return
		}
		at := time.Now().Add(-3 * time.Hour)
		_, _ = server.WriteTo(sntpAnswer([8]byte(query[40:48]), at, at), from)
	}()
	to := elsewhere(server.LocalAddr().String())
	s, err := askTime(t.Context(), to, "192.0.2.5:123", time.Now)
	if err != nil || (s.offset+3*time.Hour).Abs() > s.within+time.Millisecond || !s.synced {
		t.Errorf("%+v, %v", s, err)
	}
	<-done
	_ = server.Close()
	if _, err := askTime(t.Context(), to, "192.0.2.5:123", time.Now); err == nil {
		t.Error("a closed port told the time")
	}
}
