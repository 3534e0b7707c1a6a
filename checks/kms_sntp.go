package checks

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"
)

// sntpLimit bounds a clock query, name look-up included. Most KMS hosts serve no
// time, so silence must not cost more.
const sntpLimit = 500 * time.Millisecond

const sntpSize = 48 // of a message without extensions (RFC 5905, figure 8)

// errSNTP says that a datagram is no usable answer.
var errSNTP = errors.New("not an SNTP answer")

// sntpSample is one comparison of a server's clock with this machine's.
type sntpSample struct {
	offset time.Duration // the server's clock minus this machine's
	within time.Duration // half the round trip: how far offset may be off
	synced bool          // the server says that its own clock is set
}

// askTime sends one SNTP query (RFC 5905, section 14) to host:port.
func askTime(ctx context.Context, udp Dialer, address string, now func() time.Time) (sntpSample, error) {
	ctx, cancel := context.WithTimeout(ctx, sntpLimit)
	defer cancel()
	conn, err := udp.DialContext(ctx, "udp", address)
	if err != nil {
		return sntpSample{}, fmt.Errorf("asking %s for the time: %w", address, err)
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	var nonce [8]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return sntpSample{}, err
	}
	sent := now()
	if _, err := conn.Write(sntpQuery(nonce)); err != nil {
		return sntpSample{}, fmt.Errorf("asking %s for the time: %w", address, err)
	}
	sample, err := readTime(conn, nonce, sent, now)
	if err != nil {
		return sntpSample{}, fmt.Errorf("the time of %s: %w", address, err)
	}
	return sample, nil
}

// readTime waits for the answer to the query; a few stray datagrams are
// overlooked.
func readTime(conn net.Conn, nonce [8]byte, sent time.Time, now func() time.Time) (sntpSample, error) {
	buf := make([]byte, 512)
	var problem error
	for range 4 {
		n, err := conn.Read(buf)
		if err != nil {
			return sntpSample{}, err
		}
		sample, err := parseSNTP(buf[:n], nonce, sent, now().Sub(sent))
		if err == nil {
			return sample, nil
		}
		problem = err
	}
	return sntpSample{}, problem
}

// sntpQuery is a client's message. Its transmit time is a random number instead
// of the time: a server only gives it back, and nobody else can guess it.
func sntpQuery(nonce [8]byte) []byte {
	const version4, client = 4 << 3, 3
	msg := make([]byte, sntpSize)
	msg[0] = version4 | client
	copy(msg[40:], nonce[:])
	return msg
}

// parseSNTP reads a server's answer to a query sent at sent that came back
// after took.
func parseSNTP(b []byte, nonce [8]byte, sent time.Time, took time.Duration) (sntpSample, error) {
	const server, alarm, unset = 4, 3, 16 // mode, leap indicator, stratum (RFC 5905, section 7.3)
	switch {
	case len(b) < sntpSize:
		return sntpSample{}, fmt.Errorf("%w: %d bytes of %d", errSNTP, len(b), sntpSize)
	case b[0]&7 != server:
		return sntpSample{}, fmt.Errorf("%w: mode %d", errSNTP, b[0]&7)
	case [8]byte(b[24:32]) != nonce:
		return sntpSample{}, fmt.Errorf("%w: it answers another query", errSNTP)
	case binary.BigEndian.Uint64(b[40:]) == 0:
		return sntpSample{}, fmt.Errorf("%w: no transmit time", errSNTP)
	}
	received, answered := ntpTime(b[32:], sent), ntpTime(b[40:], sent)
	atServer := answered.Sub(received)
	if binary.BigEndian.Uint64(b[32:]) == 0 || atServer < 0 || atServer > took {
		received, atServer = answered, 0 // such a server still tells its time
	}
	middle := sent.Add(took / 2)
	return sntpSample{
		offset: received.Add(atServer / 2).Sub(middle.Round(0)),
		within: (took - atServer) / 2,
		synced: b[0]>>6 != alarm && b[1] != 0 && b[1] < unset,
	}, nil
}

// ntpTime reads seconds since 1900 and their 32-bit fraction, in the era that
// is nearest to a known time (RFC 5905, section 6).
func ntpTime(b []byte, near time.Time) time.Time {
	const to1970 = 2_208_988_800
	seconds := int64(binary.BigEndian.Uint32(b)) - to1970
	for seconds < near.Unix()-1<<31 {
		seconds += 1 << 32
	}
	fraction := int64(binary.BigEndian.Uint32(b[4:]))
	return time.Unix(seconds, fraction*1_000_000_000>>32)
}
