package lab

import (
	"encoding/binary"
	"time"
)

// sntpAnswer builds the answer of a stratum 2 server to a client request, or
// returns nil for anything else.
func sntpAnswer(q []byte, now time.Time) []byte {
	const (
		size   = 48
		client = 3
		server = 4
	)
	if len(q) < size || q[0]&7 != client {
		return nil
	}
	a := make([]byte, size)
	a[0] = q[0]&0x38 | server            // the asked version; no leap second announced
	a[1], a[2], a[3] = 2, 6, 0xEC        // stratum, poll, precision 2^-20 s
	copy(a[12:16], []byte{192, 0, 2, 1}) // reference: an upstream server
	binary.BigEndian.PutUint64(a[16:], ntpTime(now.Add(-time.Minute)))
	copy(a[24:32], q[40:48]) // originate: the client's transmit time
	binary.BigEndian.PutUint64(a[32:], ntpTime(now))
	binary.BigEndian.PutUint64(a[40:], ntpTime(now))
	return a
}

// ntpTime returns seconds since 1900 and their binary fraction, 32 bits each.
func ntpTime(t time.Time) uint64 {
	const from1900to1970 = 2208988800
	seconds := uint64(t.Unix() + from1900to1970)
	fraction := uint64(t.Nanosecond()) << 32 / uint64(time.Second)
	return seconds<<32 | fraction
}
