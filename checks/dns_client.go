package checks

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

// MalformedError says that what came back from a DNS server is not an answer to
// the question: no DNS message, or one about something else.
type MalformedError struct{ Err error }

// Error says what is wrong with the answer.
func (e *MalformedError) Error() string { return "not an answer to the question: " + e.Err.Error() }

// Unwrap returns the error underneath.
func (e *MalformedError) Unwrap() error { return e.Err }

// systemExchanger asks over the system's own sockets.
type systemExchanger struct {
	dialer  net.Dialer
	streams chan struct{} // a slot for each TCP exchange under way
}

// NewExchanger returns the [Exchanger] that asks over the network: one datagram,
// or one TCP connection, a question. It accepts only a message from the server
// asked that carries the question's id and repeats the question; an answer that
// does not is a [*MalformedError]. Errors of the socket are passed on, so that
// "unreachable" can be told from silence; silence ends with the context.
//
// Whatever a server sends, an exchange keeps little of it: a datagram longer than
// 4 KiB counts as cut, so that TCP is asked; four answers come over TCP at a
// time; and of an answer's records no more are decoded than a check looks at.
func NewExchanger() Exchanger { return &systemExchanger{streams: make(chan struct{}, 4)} }

// maxDatagram is what is read of a UDP answer: more than was advertised, since
// some servers send too much.
const maxDatagram = 4096

// Exchange implements [Exchanger].
func (x *systemExchanger) Exchange(ctx context.Context, msg *dns.Msg, server netip.AddrPort, network string) (*dns.Msg, time.Duration, error) {
	if network != "udp" && network != "tcp" {
		return nil, 0, fmt.Errorf("DNS over %q: want udp or tcp", network)
	}
	packed, err := msg.Pack()
	if err != nil {
		return nil, 0, fmt.Errorf("DNS question: %w", err)
	}
	start := time.Now()
	if network == "tcp" {
		select {
		case x.streams <- struct{}{}:
			defer func() { <-x.streams }()
		case <-ctx.Done():
			return nil, time.Since(start), ctx.Err()
		}
	}
	conn, err := x.dialer.DialContext(ctx, network, server.String())
	if err != nil {
		return nil, time.Since(start), err
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, time.Since(start), err
		}
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var answer *dns.Msg
	if network == "tcp" {
		answer, err = exchangeStream(conn, packed, msg)
	} else {
		answer, err = exchangeDatagram(conn, packed, msg)
	}
	if ctx.Err() != nil && err != nil {
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return answer, time.Since(start), err
}

func exchangeStream(conn net.Conn, packed []byte, question *dns.Msg) (*dns.Msg, error) {
	framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(packed))), packed...)
	if _, err := conn.Write(framed); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, endOfStream(err)
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, b); err != nil {
		return nil, endOfStream(err)
	}
	return readAnswer(b, question)
}

func endOfStream(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &MalformedError{errors.New("the server closed the connection before a whole answer")}
	}
	return err
}

// datagrams are buffers with room for one byte more than is read, which shows
// that there was more. A decoded message keeps nothing of its buffer.
var datagrams = sync.Pool{New: func() any { return new([maxDatagram + 1]byte) }}

// exchangeDatagram passes over datagrams with another id, which may be late
// answers or forgeries, until the deadline.
func exchangeDatagram(conn net.Conn, packed []byte, question *dns.Msg) (*dns.Msg, error) {
	if _, err := conn.Write(packed); err != nil {
		return nil, err
	}
	held := datagrams.Get().(*[maxDatagram + 1]byte)
	defer datagrams.Put(held)
	buffer := held[:]
	for {
		n, err := conn.Read(buffer)
		if tooLong(err) {
			n, err = len(buffer), nil
		}
		if err != nil {
			return nil, err
		}
		if n == len(buffer) {
			buffer[2] |= truncatedBit
		}
		if n < 2 || binary.BigEndian.Uint16(buffer) != question.Id {
			continue
		}
		return readAnswer(buffer[:n], question)
	}
}

// truncatedBit is TC in the third byte of a message (RFC 1035, section 4.1.1).
const truncatedBit = 0x02

// tooLong tells whether Windows cut a datagram that exceeds the buffer
// (WSAEMSGSIZE); the other systems cut it without a word.
func tooLong(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno) && errno == 10040
}

// Limits of what is decoded of the sections behind the answer.
const (
	maxAuthority  = 32
	maxAdditional = 64
)

// limitRecords lowers the counts in the header of a message (RFC 1035, section
// 4.1.1), so that no more records are decoded than are of use: one more than is
// kept, which shows that there are more.
func limitRecords(b []byte) {
	const header, answers, authority, additional = 12, 6, 8, 10
	if len(b) < header {
		return
	}
	cut := false
	for _, section := range []struct{ at, most int }{{answers, maxRecords + 1}, {authority, maxAuthority}, {additional, maxAdditional}} {
		most := section.most
		if cut {
			most = 0 // what follows begins behind the records left out
		}
		if int(binary.BigEndian.Uint16(b[section.at:])) > most {
			binary.BigEndian.PutUint16(b[section.at:], uint16(most))
			cut = true
		}
	}
}

// readAnswer decodes a message and holds it against the question. Of a message
// that was cut it takes what is whole.
func readAnswer(b []byte, question *dns.Msg) (*dns.Msg, error) {
	limitRecords(b)
	answer := new(dns.Msg)
	if err := answer.Unpack(b); err != nil && !(answer.Truncated && len(answer.Question) == 1) {
		return nil, &MalformedError{err}
	}
	switch {
	case answer.Id != question.Id:
		return nil, &MalformedError{errors.New("another id")}
	case !answer.Response:
		return nil, &MalformedError{errors.New("a question, not an answer")}
	case len(question.Question) != 1:
		return answer, nil
	case len(answer.Question) == 0 && answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError:
		return answer, nil // some servers refuse without repeating the question
	case len(answer.Question) != 1:
		return nil, &MalformedError{fmt.Errorf("%d questions in it", len(answer.Question))}
	}
	asked, told := question.Question[0], answer.Question[0]
	if asked.Qtype != told.Qtype || asked.Qclass != told.Qclass || !strings.EqualFold(asked.Name, told.Name) {
		return nil, &MalformedError{fmt.Errorf("it answers %.80q", told.Name+" "+dns.TypeToString[told.Qtype])}
	}
	return answer, nil
}
