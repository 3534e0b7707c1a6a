package directory

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// ErrNoSelf is the error of asking for the logged-on user where that is no logon
// to a directory: outside Windows.
var ErrNoSelf = errors.New("only Windows logs its user on without a password; give a name and a password")

var (
	errNoName = errors.New("a domain controller that is given by its address alone is not known to Kerberos")
	errSlow   = errors.New("no logon came from Windows in time")
	errOver   = errors.New("the logon is over")
	errLayer  = errors.New("the server wants to protect the connection by itself, inside TLS")
)

// securityContext is one logon as the logged-on user, as GSS-API has it (RFC 2743):
// calls into Windows, one after another.
type securityContext interface {
	// step takes the server's token, nil at first, and returns the next one for
	// it. An established context takes no more of them.
	step(token []byte) (out []byte, established bool, err error)
	// unwrap and wrap read and make messages that are signed and not encrypted.
	unwrap(message []byte) ([]byte, error)
	wrap(plain []byte) ([]byte, error)
	release() error
}

// opener begins a logon to a service by its principal name. The bindings tie it
// to one TLS connection: a SEC_CHANNEL_BINDINGS structure, or nil.
type opener func(principal string, bindings []byte) (securityContext, error)

// maxRounds bounds the tokens of a logon; Kerberos needs two.
const maxRounds = 6

// saslClient takes part in the SASL mechanism GSSAPI (RFC 4752) and asks for no
// security layer, since TLS is one. It implements [ldap.GSSAPIClient].
type saslClient struct {
	ctx  context.Context //nolint:containedctx // the LDAP library passes none on
	open func() (securityContext, error)

	mu      sync.Mutex // held while Windows is asked
	context securityContext
	over    bool

	rounds int
	chosen bool // the server was told that no layer is wanted
}

// call asks Windows something and waits no longer than the step may take. Such a
// call cannot be interrupted: one that hangs keeps its goroutine until it returns,
// and only then what it used is released.
func (c *saslClient) call(ask func() error) error {
	done := make(chan error, 1)
	go func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.over {
			done <- errOver
			return
		}
		done <- guarded(ask)
	}()
	select {
	case err := <-done:
		return err
	case <-c.ctx.Done():
		return errSlow
	}
}

// InitSecContext implements [ldap.GSSAPIClient].
func (c *saslClient) InitSecContext(principal string, token []byte) ([]byte, bool, error) {
	return c.InitSecContextWithOptions(principal, token, nil)
}

// InitSecContextWithOptions implements [ldap.GSSAPIClient]; there are no options.
func (c *saslClient) InitSecContextWithOptions(_ string, token []byte, _ []int) ([]byte, bool, error) {
	c.rounds++
	switch {
	case c.rounds > maxRounds:
		return nil, false, fmt.Errorf("%w: the logon goes on after %d tokens", errMalformed, maxRounds)
	case c.rounds > 1 && len(token) == 0:
		return nil, false, fmt.Errorf("%w: the logon ended before the server proved who it is", errMalformed)
	}
	type answer struct {
		token       []byte
		established bool
	}
	answers := make(chan answer, 1)
	err := c.call(func() error {
		if c.context == nil {
			opened, err := c.open()
			if err != nil {
				return err
			}
			c.context = opened
		}
		out, established, err := c.context.step(token)
		answers <- answer{out, established}
		return err
	})
	if err != nil {
		return nil, false, err
	}
	a := <-answers
	return a.token, !a.established, nil
}

// noLayer is the bit of RFC 4752, 3.3, for a connection without a security layer.
const noLayer = 1

// NegotiateSaslAuth implements [ldap.GSSAPIClient]: it reads which security layers
// the server offers, and chooses none (RFC 4752, 3.1).
func (c *saslClient) NegotiateSaslAuth(token []byte, authzid string) ([]byte, error) {
	if c.chosen {
		return nil, fmt.Errorf("%w: the logon goes on after its end", errMalformed)
	}
	answers := make(chan []byte, 1)
	err := c.call(func() error {
		offer, err := c.context.unwrap(token)
		if err != nil {
			return err
		}
		if len(offer) != 4 {
			return fmt.Errorf("%w: the offer of security layers has %d bytes, not 4", errMalformed, len(offer))
		}
		if offer[0]&noLayer == 0 {
			return errLayer
		}
		out, err := c.context.wrap(append([]byte{noLayer, 0, 0, 0}, authzid...))
		answers <- out
		return err
	})
	if err != nil {
		return nil, err
	}
	c.chosen = true
	return <-answers, nil
}

// DeleteSecContext implements [ldap.GSSAPIClient]. A call that hangs ends first.
func (c *saslClient) DeleteSecContext() error {
	return c.call(func() error {
		c.over = true
		if c.context == nil {
			return nil
		}
		return c.context.release()
	})
}

// logOnSelf logs the user of this session on, with a ticket and no password.
func (s *session) logOnSelf(ctx context.Context) error {
	if s.server.Name == "" {
		return errNoName
	}
	limited, cancel := context.WithTimeout(ctx, s.access.step())
	defer cancel()
	var bindings []byte
	if state, ok := s.ldap.TLSConnectionState(); ok && len(state.PeerCertificates) > 0 {
		bindings = channelBindings(state.PeerCertificates[0])
	}
	open := s.access.opener
	if open == nil {
		open = openSelf
	}
	principal := "ldap/" + s.server.Name
	client := &saslClient{ctx: limited, open: func() (securityContext, error) { return open(principal, bindings) }}
	if err := s.ldap.GSSAPIBind(client, principal, ""); err != nil {
		return err
	}
	if !client.chosen {
		return fmt.Errorf("%w: the logon ended before security layers were spoken of", errMalformed)
	}
	return nil
}

// bindingsHeader is the size of a SEC_CHANNEL_BINDINGS structure before its data.
const bindingsHeader = 32

// channelBindings returns the SEC_CHANNEL_BINDINGS structure (sspi.h) for a TLS
// server's certificate, of type tls-server-end-point (RFC 5929, 4): without it a
// domain controller may refuse the logon. It is nil where the RFC defines none.
func channelBindings(c *x509.Certificate) []byte {
	var hash crypto.Hash
	switch c.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.DSAWithSHA256, x509.ECDSAWithSHA256:
		hash = crypto.SHA256
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		hash = crypto.SHA512
	default:
		return nil
	}
	sum := hash.New()
	sum.Write(c.Raw)
	data := append([]byte("tls-server-end-point:"), sum.Sum(nil)...)
	b := make([]byte, bindingsHeader, bindingsHeader+len(data))
	binary.LittleEndian.PutUint32(b[24:], uint32(len(data)))
	binary.LittleEndian.PutUint32(b[28:], bindingsHeader)
	return append(b, data...)
}

// windowsError is an error of the security functions of Windows (SEC_E_..., in
// winerror.h).
type windowsError uint32

var windowsErrors = map[windowsError]string{
	0x80090303: "the domain knows no such domain controller",
	0x80090304: "the local security authority of this Windows does not answer",
	0x80090305: "this Windows has no Kerberos",
	0x80090308: "what the server sent is no proper part of a logon",
	0x8009030C: "the domain refused the logged-on user",
	0x8009030E: "the logged-on user is not of a domain, or Windows has no credentials for it",
	0x80090311: "Windows reached no domain controller that gives tickets",
	0x80090322: "the server could not read the ticket: it is not the one whose name it bears",
	0x80090324: "the clocks of this machine and of the domain controller are too far apart",
	0x80090346: "the ticket was bound to another TLS connection",
	0x80090350: "Windows reached no domain controller that gives tickets",
}

// Error says what the code means, and the code.
func (e windowsError) Error() string {
	text := windowsErrors[e]
	if text == "" {
		text = "Windows gave an error"
	}
	return fmt.Sprintf("%s (0x%08X)", text, uint32(e))
}
