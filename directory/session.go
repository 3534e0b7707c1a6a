package directory

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// Dialer opens a TCP connection to an address literal and port.
type Dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

// Server is a directory server to ask.
type Server struct {
	Name    string // as its certificate has it; empty: the address
	Address netip.AddrPort
}

// Host is the server's name, or its address where no name is known.
func (s Server) Host() string {
	if s.Name != "" {
		return s.Name
	}
	return s.Address.Addr().String()
}

// Reading is what one conversation brought.
type Reading struct {
	evidence.DirectoryRead
	Found []evidence.ActivationObject // without origin and domain; at most [MaxObjects]
}

// session is one conversation.
type session struct {
	access Access
	server Server
	conn   *boundConn
	ldap   *ldap.Conn
	ended  error // why the connection failed, before it was closed from here
	read   *Reading
}

// Read asks a server for the activation objects of its forest. However the
// conversation ends, what was learned is in the result; its Outcome says how far
// it came. Nothing is left running when Read returns.
func Read(ctx context.Context, dialer Dialer, server Server, access Access) Reading {
	r := Reading{DirectoryRead: evidence.DirectoryRead{
		Host: server.Host(), Address: server.Address, Unverified: access.Insecure && access.LogsOn(),
		Step: evidence.DirectoryConnect, Started: time.Now().UTC(),
	}}
	s := session{access: access, server: server, read: &r}
	if err := s.run(ctx, dialer); err != nil {
		r.Outcome, r.Detail = s.judge(ctx, err)
	} else {
		r.Outcome = evidence.DirectoryDone
	}
	r.Objects = len(r.Found)
	r.Took = time.Since(r.Started)
	return r
}

func (s *session) run(ctx context.Context, dialer Dialer) error {
	raw, err := s.dial(ctx, dialer)
	if err != nil {
		return err
	}
	s.conn = newBoundConn(raw)
	unhook := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer unhook()
	defer raw.Close() //nolint:errcheck // the conversation is over
	if s.access.mode() == LDAPS {
		if err := s.ldaps(ctx); err != nil {
			return err
		}
	} else {
		s.ldap = ldap.NewConn(s.conn, false)
	}
	s.ldap.SetTimeout(2 * s.access.step()) // for what the connection's own limit does not reach
	s.ldap.Start()
	defer s.close()
	steps := []func() error{s.readRoot}
	if s.access.LogsOn() {
		if s.access.mode() == StartTLS {
			// What came before encryption may have been forged.
			steps = append(steps, s.startTLS, s.readRoot)
		}
		steps = append(steps, func() error { return s.bind(ctx) })
	}
	for _, step := range append(steps, s.search) {
		s.conn.limit(ctx, s.access.step())
		if err := guarded(step); err != nil {
			s.ended = s.conn.ended()
			return err
		}
	}
	return nil
}

// guarded keeps a fault of the LDAP library on bytes that nobody foresaw from
// ending the program.
func guarded(step func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errMalformed, v)
		}
	}()
	return step()
}

// close ends the conversation. The raw connection goes first: the library would
// otherwise wait for a goroutine that waits for the server.
func (s *session) close() {
	_ = s.conn.Close()
	_ = s.ldap.Close()
}

func (s *session) dial(ctx context.Context, dialer Dialer) (net.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, s.access.step())
	defer cancel()
	c, err := dialer.DialContext(limited, "tcp", s.server.Address.String())
	if err != nil && errors.Is(limited.Err(), context.DeadlineExceeded) {
		return nil, errors.Join(context.DeadlineExceeded, err)
	}
	return c, err
}

func (s *session) ldaps(ctx context.Context) error {
	s.read.Step = evidence.DirectoryTLS
	s.conn.limit(ctx, s.access.step())
	secure := tls.Client(s.conn, s.access.tls(s.server.Host()))
	if err := secure.HandshakeContext(ctx); err != nil {
		s.ended = s.conn.ended()
		return &tlsError{err}
	}
	s.read.TLS = string(LDAPS)
	s.ldap = ldap.NewConn(secure, true)
	return nil
}

func (s *session) startTLS() error {
	s.read.Step = evidence.DirectoryTLS
	// The library reports a failed handshake in words alone.
	var refused error
	config := s.access.tls(s.server.Host())
	if !s.access.Insecure {
		config.InsecureSkipVerify = true //nolint:gosec // verified below, where the error can be kept
		config.VerifyConnection = func(state tls.ConnectionState) error {
			refused = verify(state, s.access.tls(s.server.Host()))
			return refused
		}
	}
	err := s.ldap.StartTLS(config)
	switch {
	case refused != nil:
		return &tlsError{refused}
	case err != nil && s.conn.ended() == nil && !isResult(err):
		return &tlsError{err}
	case err != nil:
		return err
	}
	s.read.TLS = string(StartTLS)
	return nil
}

// bind sends name and password, or a ticket, over TLS or not at all.
func (s *session) bind(ctx context.Context) error {
	s.read.Step = evidence.DirectoryBind
	if s.read.TLS == "" {
		return errPlain
	}
	if s.access.Self {
		if err := s.logOnSelf(ctx); err != nil {
			return err
		}
		s.read.LoggedOn = true
		return nil
	}
	if s.access.Password == "" {
		// The protocol takes a name without a password for nobody (RFC 4513, 5.1.2).
		return errNoPassword
	}
	if _, err := s.ldap.SimpleBind(ldap.NewSimpleBindRequest(s.access.User, string(s.access.Password), nil)); err != nil {
		return err
	}
	s.read.LoggedOn = true
	return nil
}

// maxDN bounds a distinguished name of a server, in bytes.
const maxDN = 1024

// readRoot reads the root entry (RFC 4512, 5.1; MS-ADTS 3.1.1.3.2).
func (s *session) readRoot() error {
	s.read.Step = evidence.DirectoryRoot
	attributes := []string{"configurationNamingContext", "dnsHostName"}
	found, err := s.ldap.Search(&ldap.SearchRequest{
		Scope: ldap.ScopeBaseObject, Filter: "(objectClass=*)", Attributes: attributes, SizeLimit: 1, EnforceSizeLimit: true, TimeLimit: s.seconds(),
	})
	if err != nil {
		return err
	}
	s.refer(found.Referrals)
	if len(found.Entries) == 0 {
		return fmt.Errorf("%w: the root entry is missing", errNotAD)
	}
	e := found.Entries[0]
	config := e.GetEqualFoldAttributeValue(attributes[0])
	s.read.ServerName = bounded(e.GetEqualFoldAttributeValue(attributes[1]))
	if config == "" {
		return fmt.Errorf("%w: its root entry names no configuration naming context", errNotAD)
	}
	if len(config) > maxDN || !isDN(config) {
		return fmt.Errorf("%w: its configuration naming context is no distinguished name", errMalformed)
	}
	s.read.ConfigNC = config
	return nil
}

// seconds is the time limit that is put into a request.
func (s *session) seconds() int { return max(1, int(s.access.step()/time.Second)) }

// maxReferrals bounds how many hosts of referrals are noted.
const maxReferrals = 8

// refer notes the hosts of referrals.
func (s *session) refer(urls []string) {
	for _, u := range urls {
		host := bounded(hostOf(u))
		if host == "" || slices.Contains(s.read.Referrals, host) || len(s.read.Referrals) == maxReferrals {
			continue
		}
		s.read.Referrals = append(s.read.Referrals, host)
	}
}

// hostOf returns the host of ldap://host:port/dn?...
func hostOf(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

func isDN(s string) bool {
	_, err := ldap.ParseDN(s)
	return err == nil && utf8.ValidString(s)
}
