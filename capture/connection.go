package capture

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// A Connection is one TCP connection, as far as it was captured.
type Connection struct {
	File   string
	Number int64 // counted from 1
	Client netip.AddrPort
	Host   netip.AddrPort

	SYN, SYNACK           uint32 // packets, repetitions included
	RSTClient, RSTHost    bool
	FINClient, FINHost    bool
	ClientBytes, HostByte int64 // distinct bytes captured
	Truncated             uint32
	VLANs                 []uint16
	PDUs                  PDUList
	Packets               uint32
	First, Last           int64 // capture times, nanoseconds since 1970
	Span                  Span

	KMSInterface bool // a bind named the KMS interface
	KMS          bool // that, or a call had the shape of KMS, or the port is one of KMS
	Exchanges    int
	Established  int64    // time of the first SYN-ACK; 0: none seen
	SYNs         []origin // the repetitions, with the first; nil where there was only one
	ICMP         *ICMPNote
	HasBind      bool // Bind is filled
	Bind         BindNote
	Rejected     int64 // packet number of the host's first RST; 0: none
	Acknowledged bool  // the client sent something behind the SYN-ACK
	HostFirst    bool  // the host closed before the client did
	CutOff       bool  // the capture ended before the host's next step could be expected
}

// An ICMPNote is an ICMP error about a connection.
type ICMPNote struct {
	From       netip.Addr
	Type, Code uint8
	V6         bool
	Time       int64
	Number     int64
}

// A BindNote is how the RPC bind of a connection went.
type BindNote struct {
	Asked, Answered origin
	syntaxes        syntaxList // accepted for KMS
	Rejected        bool       // every context of KMS was refused
	Results         []dcerpc.ContextResult
	Features        int // granted; -1: not negotiated
	MaxXmit         uint16
	MaxRecv         uint16
	Group           uint32
	Nak             *dcerpc.BindNak
	Fault           *dcerpc.Fault
	NotRPC          []byte // the host's first bytes where they are no RPC
	Foreign         bool   // only other interfaces were asked for
}

// A handshake is what a flow on a KMS port remembers of its opening.
type handshake struct {
	syns []origin
	icmp *ICMPNote
}

const maxSYNs = 16

// note returns what the flow remembers of its opening; the first SYN was its
// first packet.
func (f *flow) note() *handshake {
	if f.timing == nil {
		f.timing = &handshake{syns: []origin{{f.first, f.opened}}}
	}
	return f.timing
}

// netip converts an address.
func (a address) netip() netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.AddrFrom16(b).Unmap()
}

func (f *flow) end(i int) netip.AddrPort {
	if i == 0 {
		return netip.AddrPortFrom(f.key.a.netip(), f.key.pa)
	}
	return netip.AddrPortFrom(f.key.b.netip(), f.key.pb)
}

// isClient notes that an end did what only clients do.
func (f *flow) isClient(end int) {
	if f.client == unknownSide {
		f.client = int8(end)
	}
}

// isHost settles the roles by an answer without its request.
func (f *flow) isHost(c *conversation, e *engine) {
	if f.client == unknownSide {
		f.client = int8(1 - e.end)
	}
	c.shape(e, f)
}

func (f *flow) kmsPort() bool { return f.onPort }

// connection fills the record of a flow that ended.
func (e *engine) connection(f *flow, r *Connection) {
	ci := f.roles()
	client, host := &f.ends[ci], &f.ends[1-ci]
	*r = Connection{
		File: e.file, Number: f.number, Client: f.end(ci), Host: f.end(1 - ci),
		SYN: client.syn, SYNACK: host.syn,
		RSTClient: client.rst, RSTHost: host.rst, FINClient: client.fin, FINHost: host.fin,
		ClientBytes: client.bytes, HostByte: host.bytes, Truncated: f.cut,
		Packets: f.packets, First: f.first, Last: f.last, Span: Span{f.opened, f.recent},
		KMS: f.onPort, Established: f.established, Rejected: f.rejected, Exchanges: int(f.exchanges),
		Acknowledged: f.acknowledged, HostFirst: f.firstFIN == int8(2-ci),
	}
	r.CutOff = e.count.LastTime > 0 && r.open(e.count.LastTime, f.conv)
	if f.tagged > 0 {
		r.VLANs = append([]uint16(nil), f.tags[:f.tagged]...)
	}
	if f.timing != nil {
		r.ICMP = f.timing.icmp
		if client.syn > 1 {
			r.SYNs = f.timing.syns
		}
	}
	c := f.conv
	if c == nil {
		return
	}
	r.PDUs, r.KMSInterface = c.pdus, c.kms
	r.KMS = r.KMS || c.kms || c.shaped
	if !r.KMS {
		return
	}
	b := &r.Bind
	*b = BindNote{
		Asked: c.bind.asked, Answered: c.bind.answered, syntaxes: c.bind.syntaxes, Rejected: c.bind.rejected,
		Results: c.bind.ack.Results, Features: c.bind.granted, MaxXmit: c.bind.ack.MaxXmit, MaxRecv: c.bind.ack.MaxRecv,
		Group: c.bind.ack.AssocGroup, Nak: c.bind.nak, Fault: c.bind.fault, Foreign: c.other,
	}
	if len(c.dirs[1-ci].first) > 0 {
		b.NotRPC = c.dirs[1-ci].first
	}
	r.HasBind = b.Asked.number != 0 || b.Answered.number != 0 || b.NotRPC != nil
}

// How long a capture must go on for a silence to mean something, in nanoseconds:
// a SYN is sent again after a second (RFC 6298, section 2.1), and answers to a
// bind or a request take milliseconds, save for a busy host.
const (
	patienceSYN    = int64(time.Second)
	patienceAnswer = int64(3 * time.Second)
)

// open tells whether the capture ended, at a time, while the client still had
// reason to wait for the host.
func (c *Connection) open(ended int64, conv *conversation) bool {
	switch {
	case c.RSTHost || c.FINHost, c.SYNACK == 0 && (c.Acknowledged || c.FINClient || c.ClientBytes > 0): // one direction alone
		return false
	case c.SYNACK == 0 && c.HostByte == 0:
		return c.SYN > 0 && ended-c.First < patienceSYN
	case conv != nil && conv.bind.asked.number != 0 && conv.bind.answered.number == 0:
		return ended-conv.bind.asked.time < patienceAnswer
	}
	return false
}

// Syntaxes returns the encodings that were accepted for KMS.
func (b *BindNote) Syntaxes() []dcerpc.Encoding { return b.syntaxes.all() }
