package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/kmsdiag/kmsdiag/checks"
)

// debugLog writes what goes over the network, a dated entry each, with bytes. It
// holds names and addresses as they are; --redact does not reach it.
type debugLog struct {
	mu sync.Mutex
	w  io.Writer
}

// say writes an entry; without a log it does nothing.
func (l *debugLog) say(format string, args ...any) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	// A full disk must not end the run that the log is about.
	_, _ = fmt.Fprintf(l.w, "%s "+format+"\n", append([]any{at}, args...)...)
}

func (l *debugLog) bytes(what string, b []byte) {
	if len(b) > 0 {
		l.say("%s, %d bytes\n%s", what, len(b), strings.TrimRight(hex.Dump(b), "\n"))
	}
}

// openLog opens the file of --debug, which must not be one of those that are read;
// the log is nil where none was asked for. The returned function closes it; it is
// to be called in any case.
func (a *app) openLog(read ...string) (log *debugLog, done func(), err error) {
	if a.debug == "" {
		return nil, func() {}, nil
	}
	if info, err := os.Stat(a.debug); err == nil {
		for _, name := range read {
			if other, err := os.Stat(name); err == nil && os.SameFile(info, other) {
				return nil, func() {}, usagef("--debug %s is one of the files that are read; give it another name", a.debug)
			}
		}
	}
	f, err := os.OpenFile(a.debug, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, func() {}, usagef("--debug: %w", err)
	}
	a.log = &debugLog{w: f}
	a.log.say("kmsdiag %s", buildVersion())
	return a.log, func() {
		if err := f.Close(); err != nil {
			a.say("kmsdiag: --debug: %v", err)
		}
	}, nil
}

// debugging makes the network parts of a world write to the file of --debug. The
// returned function closes it; it is to be called in any case.
func (a *app) debugging(env *checks.Env) (done func(), err error) {
	log, done, err := a.openLog()
	if log != nil {
		log.over(env)
	}
	return done, err
}

// over makes the network parts of a world write to the log.
func (l *debugLog) over(env *checks.Env) {
	if env.Dialer == nil {
		env.Dialer = checks.SystemDialer{}
		if env.UDP == nil {
			env.UDP = &net.Dialer{}
		}
	}
	if env.DNS == nil {
		env.DNS = checks.NewExchanger()
	}
	env.Dialer, env.DNS = loggedDialer{env.Dialer, l}, loggedDNS{env.DNS, l}
	if env.UDP != nil {
		env.UDP = loggedDialer{env.UDP, l}
	}
}

// nothingSent writes the file of --debug of a command that has no network part.
func (a *app) nothingSent() error {
	if a.log != nil {
		return nil
	}
	log, done, err := a.openLog()
	log.say("nothing was sent over the network")
	done()
	return err
}

type loggedDialer struct {
	next checks.Dialer
	log  *debugLog
}

// DialContext implements [checks.Dialer].
func (d loggedDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d.log.say("%s %s: connecting", network, address)
	conn, err := d.next.DialContext(ctx, network, address)
	if err != nil {
		d.log.say("%s %s: %v", network, address, err)
		return nil, err
	}
	d.log.say("%s %s: connected from %s", network, address, conn.LocalAddr())
	return &loggedConn{conn, network + " " + address, d.log}, nil
}

type loggedConn struct {
	net.Conn
	name string
	log  *debugLog
}

// Read logs what was received.
func (c *loggedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.log.bytes(c.name+": received", b[:n])
	if err != nil {
		c.log.say("%s: reading: %v", c.name, err)
	}
	return n, err
}

// Write logs what is sent.
func (c *loggedConn) Write(b []byte) (int, error) {
	c.log.bytes(c.name+": sending", b)
	return c.Conn.Write(b)
}

// Close logs the end of the connection.
func (c *loggedConn) Close() error {
	c.log.say("%s: closed", c.name)
	return c.Conn.Close()
}

type loggedDNS struct {
	next checks.Exchanger
	log  *debugLog
}

// Exchange implements [checks.Exchanger].
func (d loggedDNS) Exchange(ctx context.Context, msg *dns.Msg, server netip.AddrPort, network string) (*dns.Msg, time.Duration, error) {
	d.log.say("DNS over %s to %s\n%s", network, server, msg)
	answer, took, err := d.next.Exchange(ctx, msg, server, network)
	switch {
	case err != nil:
		d.log.say("DNS from %s after %s: %v", server, took, err)
	default:
		d.log.say("DNS from %s after %s\n%s", server, took, answer)
	}
	return answer, took, err
}
