// Package tape keeps what went over our own KMS connections, and takes it apart
// into messages with their fields.
//
// A [Recorder] wraps whatever opens connections and keeps a bounded copy of what
// each sent and received. The decoding is that of packages kms and dcerpc; this
// package adds where in the bytes each field stands.
package tape

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Bounds of what is kept.
const (
	maxConns    = 128     // connections in all; the oldest go first
	maxOfOne    = 4       // connections to one endpoint that are shown
	maxBytes    = 8 << 10 // of one connection, both directions; a handshake with a request has about 1000
	maxPieces   = 64      // reads and writes of one connection
	maxMessages = 64      // of one endpoint
)

// Dialer opens connections, as a [net.Dialer] does.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Recorder keeps what connections carry. The zero value is ready; it may be used
// from several goroutines.
type Recorder struct {
	mu    sync.Mutex
	conns []*record // oldest first
}

// record is what one connection carried.
type record struct {
	mu     sync.Mutex
	remote netip.AddrPort
	pieces []piece
	bytes  int
	cut    bool // more came than was kept
}

// piece is what one read or write moved.
type piece struct {
	at    time.Time
	sent  bool
	bytes []byte
}

// Wrap returns a dialer that opens connections with next and records those that
// carry anything. Addresses that are no literals are not recorded.
func (r *Recorder) Wrap(next Dialer) Dialer { return recording{next, r} }

type recording struct {
	next Dialer
	to   *Recorder
}

// DialContext implements [Dialer].
func (d recording) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.next.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	remote, err := netip.ParseAddrPort(address)
	if err != nil {
		return conn, nil //nolint:nilerr // a name: nobody will ask for it
	}
	return &tapped{Conn: conn, to: d.to, record: &record{remote: remote}}, nil
}

// tapped is a connection whose bytes are recorded.
type tapped struct {
	net.Conn
	to     *Recorder
	record *record
	once   sync.Once
}

// Read records what was received.
func (c *tapped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.take(false, b[:n])
	return n, err
}

// Write records what was sent. The record comes first, so that an answer never
// precedes its question.
func (c *tapped) Write(b []byte) (int, error) {
	c.take(true, b)
	return c.Conn.Write(b)
}

func (c *tapped) take(sent bool, b []byte) {
	if len(b) == 0 {
		return
	}
	c.once.Do(func() { c.to.keep(c.record) })
	c.record.add(sent, b)
}

// keep takes up a connection that carries something; the oldest makes room.
func (r *Recorder) keep(rec *record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.conns) == maxConns {
		r.conns[0] = nil
		r.conns = r.conns[1:]
	}
	r.conns = append(r.conns, rec)
}

func (r *record) add(sent bool, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	room := maxBytes - r.bytes
	if room <= 0 || len(r.pieces) == maxPieces {
		r.cut = true
		return
	}
	if len(b) > room {
		b, r.cut = b[:room], true
	}
	r.bytes += len(b)
	r.pieces = append(r.pieces, piece{time.Now().UTC(), sent, append([]byte(nil), b...)})
}

// Messages are those of the latest connections to an endpoint, oldest first.
// What is no DCE/RPC comes as one message for each direction.
func (r *Recorder) Messages(endpoint netip.AddrPort) []Message {
	r.mu.Lock()
	var of []*record
	for i := len(r.conns) - 1; i >= 0 && len(of) < maxOfOne; i-- {
		if r.conns[i].remote == endpoint {
			of = append(of, r.conns[i])
		}
	}
	r.mu.Unlock()
	var list []Message
	for i := len(of) - 1; i >= 0; i-- {
		rec := of[i]
		rec.mu.Lock()
		pieces, cut := rec.pieces[:len(rec.pieces):len(rec.pieces)], rec.cut
		rec.mu.Unlock()
		list = append(list, decode(pieces, cut)...)
	}
	if n := len(list) - maxMessages; n > 0 {
		list = list[n:]
	}
	return list
}
