package capture

import (
	"fmt"
	"time"
)

// A Packet is one captured frame.
type Packet struct {
	Number int64    // its place in its file or live capture, counted from 1
	Time   int64    // capture time in nanoseconds since 1970, UTC; 0 where the file has none
	Link   LinkType // what Data begins with
	Iface  int      // interface number within the file
	Wire   int      // bytes the frame had on the wire
	Data   []byte   // bytes captured; valid until the next call of the source
}

// A Source delivers packets one after the other.
type Source interface {
	// Next fills p with the next packet. It returns io.EOF after the last one
	// and a [*BrokenError] where a file cannot be read on.
	Next(p *Packet) error
}

// A LinkType says what frames begin with; the numbers are those of tcpdump.org's
// registry, which pcap and pcapng files carry.
type LinkType uint16

// The link types that are understood.
const (
	LinkNull     LinkType = 0   // BSD loopback: address family in the writer's byte order
	LinkEthernet LinkType = 1   //
	LinkRawBSD   LinkType = 12  // raw IP, as several systems number it
	LinkRawOpen  LinkType = 14  // raw IP, OpenBSD's number
	LinkRaw      LinkType = 101 // raw IP
	LinkLoop     LinkType = 108 // OpenBSD loopback: address family in network byte order
	LinkSLL      LinkType = 113 // Linux cooked capture, version 1
	LinkIPv4     LinkType = 228 // raw IPv4
	LinkIPv6     LinkType = 229 // raw IPv6
	LinkSLL2     LinkType = 276 // Linux cooked capture, version 2
)

var linkNames = map[LinkType]string{
	LinkNull: "BSD loopback", LinkEthernet: "Ethernet", LinkRawBSD: "raw IP", LinkRawOpen: "raw IP", LinkRaw: "raw IP",
	LinkLoop: "OpenBSD loopback", LinkSLL: "Linux cooked v1", LinkIPv4: "raw IPv4", LinkIPv6: "raw IPv6", LinkSLL2: "Linux cooked v2",
}

// Known tells whether frames of the type can be read.
func (l LinkType) Known() bool { return linkNames[l] != "" }

// String returns the type's name: "Ethernet".
func (l LinkType) String() string {
	if s := linkNames[l]; s != "" {
		return s
	}
	return fmt.Sprintf("link type %d", uint16(l))
}

// A BrokenError says where a capture file stops making sense. What came before
// was delivered.
type BrokenError struct {
	File   string
	Offset int64 // in the file after decompression, in bytes
	Packet int64 // packets that could be read before it
	Err    error
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("%s breaks at byte %d, after packet %d: %v", e.File, e.Offset, e.Packet, e.Err)
}

// Unwrap returns Err.
func (e *BrokenError) Unwrap() error { return e.Err }

// stamp converts a packet time.
func stamp(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}
