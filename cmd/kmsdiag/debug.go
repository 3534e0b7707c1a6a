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

func (l *debugLog) say(format string, args ...any) {
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

// debugging makes the network parts of a world write to the file of --debug. The
// returned function closes it; it is to be called in any case.
func (a *app) debugging(env *checks.Env) (done func(), err error) {
	if a.debug == "" {
		return func() {}, nil
	}
	f, err := os.OpenFile(a.debug, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return func() {}, usagef("--debug: %w", err)
	}
	log := &debugLog{w: f}
	log.say("kmsdiag %s", buildVersion())
	if env.Dialer == nil {
		env.Dialer = checks.SystemDialer{}
		if env.UDP == nil {
			env.UDP = &net.Dialer{}
		}
	}
	if env.DNS == nil {
		env.DNS = checks.NewExchanger()
	}
	env.Dialer, env.DNS = loggedDialer{env.Dialer, log}, loggedDNS{env.DNS, log}
	if env.UDP != nil {
		env.UDP = loggedDialer{env.UDP, log}
	}
	return func() {
		if err := f.Close(); err != nil {
			a.say("kmsdiag: --debug: %v", err)
		}
	}, nil
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
