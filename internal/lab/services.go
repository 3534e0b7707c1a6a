package lab

import (
	"context"
	"io"
	"net"

	"github.com/kmsdiag/kmsdiag/checks"
	"github.com/kmsdiag/kmsdiag/evidence"
)

// Up is a port of a host that is up and no KMS host there: it accepts, reads and
// says nothing, as file sharing (445) or remote desktop (3389) do to a stranger.
type Up struct{}

func (Up) door(s *stage, _ Host) (door, error) {
	return s.listen(func(_ context.Context, c net.Conn) { _, _ = io.Copy(io.Discard, c) })
}

// Rejected is a port whose connection attempts end with an ICMP message, which
// loopback cannot produce: the dialer says so.
type Rejected struct {
	Outcome evidence.DialOutcome // Prohibited, Unreachable, PortUnreachable
	ICMP    string               // "3/13 from 192.0.2.1"
}

func (r Rejected) door(*stage, Host) (door, error) {
	return func(context.Context) (net.Conn, error) {
		return nil, &checks.DialError{Outcome: r.Outcome, ICMP: r.ICMP}
	}, nil
}

// Speaks is a port where another protocol than KMS answers.
type Speaks struct {
	First   []byte // sent on accept, as SSH and SMTP do
	Reply   []byte // sent after the first bytes of the client, as HTTP and TLS do
	Endless bool   // repeats Reply until the client leaves
	Stay    bool   // keeps the connection after the answer; otherwise it is closed
}

// What some protocols say to a client that speaks DCE/RPC to them.
var (
	// TLS answers with a fatal alert, unexpected_message, in a TLS 1.2 record.
	TLS = Speaks{Reply: []byte{0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x0A}}
	// HTTP answers 400 and closes.
	HTTP = Speaks{Reply: []byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")}
	// SSH sends its identification first and stays.
	SSH = Speaks{First: []byte("SSH-2.0-OpenSSH_9.6\r\n"), Stay: true}
	// SMTP sends its greeting first and stays.
	SMTP = Speaks{First: []byte("220 mail.corp.example ESMTP\r\n"), Stay: true}
	// Garbage answers with bytes of no protocol.
	Garbage = Speaks{Reply: []byte{0xDE, 0xAD, 0xBE, 0xEF, 0x00, 0xFF, 0x1B, 0x5B, 0x32, 0x4A, 0x07, 0x80, 0x81, 0xFE, 0x00, 0x01}}
	// Flood answers with bytes of no protocol and never stops.
	Flood = Speaks{Reply: make([]byte, 4096), Endless: true}
)

func (p Speaks) door(s *stage, _ Host) (door, error) {
	return s.listen(p.serve)
}

func (p Speaks) serve(_ context.Context, c net.Conn) {
	if len(p.First) > 0 {
		if _, err := c.Write(p.First); err != nil {
			return
		}
	}
	if len(p.Reply) > 0 {
		var q [1024]byte
		if _, err := c.Read(q[:]); err != nil {
			return
		}
		for once := true; once || p.Endless; once = false {
			if _, err := c.Write(p.Reply); err != nil {
				return
			}
		}
	}
	if p.Stay {
		_, _ = io.Copy(io.Discard, c)
	}
}
