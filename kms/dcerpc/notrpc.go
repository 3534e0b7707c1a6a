package dcerpc

import (
	"bytes"
	"fmt"
)

// FirstBytes is how many bytes a [NotRPCError] keeps at most.
const FirstBytes = 64

// A NotRPCError says that a peer's first bytes are no DCE/RPC PDU: another
// service answers on the port.
type NotRPCError struct {
	First []byte // the first bytes, at most [FirstBytes]
	Looks string // what they look like, as [Identify] tells; "" when unknown
	Err   error  // why they cannot be a PDU, or how the stream ended before that was certain
}

func (e *NotRPCError) Error() string {
	looks := e.Looks
	if looks == "" {
		looks = "an unknown protocol"
	}
	return fmt.Sprintf("the answer is not DCE/RPC but looks like %s: %x", looks, e.First[:min(len(e.First), 16)])
}

// Unwrap returns Err.
func (e *NotRPCError) Unwrap() error { return e.Err }

// Identify names the protocol that a server's first bytes look like: "TLS
// alert", "TLS handshake", "HTTP", "SSH", "SMTP or FTP", "SOCKS proxy" and a
// few more. It returns "" when they look like none of these.
func Identify(first []byte) string {
	tls := len(first) >= 3 && first[1] == 3 && first[2] <= 4
	switch {
	case tls && first[0] == 0x15:
		return "TLS alert"
	case tls && first[0] == 0x16:
		return "TLS handshake"
	case hasPrefix(first, "HTTP/"), hasPrefix(first, "<!DOCTYPE"), hasPrefix(first, "<html"):
		return "HTTP"
	case hasPrefix(first, "SSH-"):
		return "SSH"
	case hasPrefix(first, "220 "), hasPrefix(first, "220-"):
		return "SMTP or FTP"
	case hasPrefix(first, "+OK"):
		return "POP3"
	case hasPrefix(first, "* OK"):
		return "IMAP"
	case hasPrefix(first, "\x05\xff"):
		return "SOCKS proxy"
	case hasPrefix(first, "\x03\x00\x00"):
		return "remote desktop"
	}
	return ""
}

// hasPrefix also accepts a first that ends, after three bytes or more, inside
// the prefix: a trickling peer is recognised early.
func hasPrefix(first []byte, prefix string) bool {
	if len(first) >= 3 && len(first) < len(prefix) {
		prefix = prefix[:len(first)]
	}
	return bytes.HasPrefix(first, []byte(prefix))
}
