package directory

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/kmsdiag/kmsdiag/evidence"
)

// The tokens of the made-up mechanism that stands in for Kerberos.
const (
	fakeTicket = "ticket for ldap/dc01.corp.example bound to "
	fakeProof  = "I am dc01"
	fakeSeal   = "signed:"
)

// fakeLogons is a Windows whose user is logged on. It counts the contexts that it
// opened, and fails where it is told to.
type fakeLogons struct {
	openErr, stepErr error
	hang             chan struct{} // closed: the first token comes

	mu               sync.Mutex
	opened, released int
	gone             chan struct{} // closed once everything is released
}

type fakeContext struct {
	of        *fakeLogons
	principal string
	bindings  []byte
	steps     int
}

func (l *fakeLogons) open(principal string, bindings []byte) (securityContext, error) {
	if l.openErr != nil {
		return nil, l.openErr
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opened++
	return &fakeContext{of: l, principal: principal, bindings: bindings}, nil
}

func (c *fakeContext) step(token []byte) ([]byte, bool, error) {
	c.steps++
	switch {
	case c.of.hang != nil:
		<-c.of.hang
	case c.of.stepErr != nil:
		return nil, false, c.of.stepErr
	}
	if c.steps == 1 {
		return []byte("ticket for " + c.principal + " bound to " + hex.EncodeToString(c.bindings)), false, nil
	}
	if string(token) == fakeProof {
		return nil, true, nil
	}
	return []byte("again"), false, nil
}

func (*fakeContext) unwrap(message []byte) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(message), fakeSeal)
	if !ok {
		return nil, windowsError(0x80090308)
	}
	return []byte(plain), nil
}

func (*fakeContext) wrap(plain []byte) ([]byte, error) { return []byte(fakeSeal + string(plain)), nil }

func (c *fakeContext) release() error {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.of.released++
	if c.of.gone != nil {
		close(c.of.gone)
	}
	return nil
}

// saslBind takes one token of the logged-on user.
func (k *talk) saslBind(auth *ber.Packet) {
	token := ""
	if len(auth.Children) > 1 {
		token = auth.Children[1].Data.String()
	}
	k.fake.mu.Lock()
	k.fake.tokens = append(k.fake.tokens, token)
	k.fake.plain = k.fake.plain || !k.encrypted
	k.fake.mu.Unlock()
	if k.fake.sasl != nil {
		k.fake.sasl(k, token)
		return
	}
	k.token(token)
}

// token answers as a domain controller does inside TLS: it proves who it is, and
// offers to go without a security layer of its own.
func (k *talk) token(token string) {
	switch {
	case strings.HasPrefix(token, fakeTicket):
		k.more(fakeProof)
	case token == "":
		k.more(fakeSeal + "\x01\x00\x00\x00")
	case token == fakeSeal+"\x01\x00\x00\x00":
		k.say(result(ldap.ApplicationBindResponse, 0, ""))
	default:
		k.say(result(ldap.ApplicationBindResponse, ldap.LDAPResultInvalidCredentials, "unexpected token"))
	}
}

// more asks for the next token.
func (k *talk) more(token string) {
	p := result(ldap.ApplicationBindResponse, ldap.LDAPResultSaslBindInProgress, "")
	p.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 7, token, ""))
	k.say(p)
}

func TestReadAsLoggedOnUser(t *testing.T) {
	for _, mode := range []Mode{StartTLS, LDAPS} {
		t.Run(string(mode), func(t *testing.T) {
			secure, roots := certificate(t, "dc01.corp.example")
			f := &fake{secure: secure, ldaps: mode == LDAPS, objects: []*ber.Packet{object("Server 2019", nil)}}
			logons := &fakeLogons{}
			r := read(t, f.start(t), Access{Mode: mode, Self: true, Roots: roots, Step: patient, opener: logons.open})
			if r.Outcome != evidence.DirectoryDone || r.Objects != 1 || r.TLS != string(mode) || !r.LoggedOn {
				t.Fatalf("%+v", r.DirectoryRead)
			}
			if len(f.passwords) != 0 || len(f.tokens) != 3 || f.plain {
				t.Fatalf("%d passwords, tokens %q, one of them in the clear: %t", len(f.passwords), f.tokens, f.plain)
			}
			sum := sha256.Sum256(secure.Certificates[0].Certificate[0])
			// 24 bytes of nothing, 53 bytes of data, which begin at byte 32.
			bound := strings.Repeat("00", 24) + "3500000020000000" + hex.EncodeToString([]byte("tls-server-end-point:")) + hex.EncodeToString(sum[:])
			if f.tokens[0] != fakeTicket+bound {
				t.Errorf("first token %q, want it bound to %s", f.tokens[0], bound)
			}
			if logons.opened != 1 || logons.released != 1 {
				t.Errorf("%d contexts opened, %d released", logons.opened, logons.released)
			}
		})
	}
}

// TestLogonsThatFail are servers, and a Windows, with which no logon comes about.
func TestLogonsThatFail(t *testing.T) {
	secure, roots := certificate(t, "dc01.corp.example")
	after := func(n int, then func(*talk)) func(*talk, string) {
		return func(k *talk, token string) {
			if k.fake.mu.Lock(); len(k.fake.tokens) < n {
				k.fake.mu.Unlock()
				k.token(token)
				return
			}
			k.fake.mu.Unlock()
			then(k)
		}
	}
	agree := func(k *talk) { k.say(result(ldap.ApplicationBindResponse, 0, "")) }
	offer := func(message string) func(*talk, string) { return after(2, func(k *talk) { k.more(message) }) }
	refuse := func(code uint16, text string) func(*talk, string) {
		return func(k *talk, _ string) { k.say(result(ldap.ApplicationBindResponse, code, text)) }
	}
	for _, tt := range []struct {
		name    string
		fake    *fake
		logons  *fakeLogons
		nobody  bool // the server is known by its address alone
		outcome evidence.DirectoryOutcome
		detail  string
		tokens  int
	}{
		{"not of a domain", &fake{}, &fakeLogons{stepErr: windowsError(0x8009030E)}, false, evidence.DirectoryNoLogon, "not of a domain, or Windows has no credentials for it (0x8009030E)", 0},
		{"a code that nobody knows", &fake{}, &fakeLogons{stepErr: windowsError(0x80091234)}, false, evidence.DirectoryNoLogon, "(0x80091234)", 0},
		{"no credentials", &fake{}, &fakeLogons{openErr: windowsError(0x80090305)}, false, evidence.DirectoryNoLogon, "has no Kerberos", 0},
		{"not Windows", &fake{}, &fakeLogons{openErr: ErrNoSelf}, false, evidence.DirectoryNoLogon, "only Windows", 0},
		{"by address alone", &fake{}, &fakeLogons{}, true, evidence.DirectoryNoLogon, "by its address alone", 0},
		{"no StartTLS", &fake{startTLS: func(k *talk, _ *ber.Packet) { k.say(result(ldap.ApplicationExtendedResponse, 2, "")) }}, &fakeLogons{}, false, evidence.DirectoryNoTLS, "does not do StartTLS", 0},
		{"refused", &fake{sasl: refuse(49, "80090346: LdapErr: DSID-0C09, comment: AcceptSecurityContext error, data 80090346, v4563")}, &fakeLogons{}, false, evidence.DirectoryBadLogon, "not bound to this TLS connection", 1},
		{"no such mechanism", &fake{sasl: refuse(7, "")}, &fakeLogons{}, false, evidence.DirectoryOtherOutcome, "(7)", 1},
		{"success at once", &fake{sasl: after(1, agree)}, &fakeLogons{}, false, evidence.DirectoryMalformed, "before the server proved who it is", 1},
		{"success without layers", &fake{sasl: after(2, agree)}, &fakeLogons{}, false, evidence.DirectoryMalformed, "before security layers were spoken of", 2},
		{"no token", &fake{sasl: refuse(14, "")}, &fakeLogons{}, false, evidence.DirectoryOtherOutcome, "(14)", 1},
		{"an empty token", &fake{sasl: after(1, func(k *talk) { k.more("") })}, &fakeLogons{}, false, evidence.DirectoryMalformed, "before the server proved who it is", 1},
		{"tokens without end", &fake{sasl: after(1, func(k *talk) { k.more("and?") })}, &fakeLogons{}, false, evidence.DirectoryMalformed, "goes on after 6 tokens", maxRounds},
		{"layers without end", &fake{sasl: after(3, func(k *talk) { k.more("and?") })}, &fakeLogons{}, false, evidence.DirectoryMalformed, "goes on after its end", 3},
		{"a layer of its own", &fake{sasl: offer(fakeSeal + "\x06\x00\x10\x00")}, &fakeLogons{}, false, evidence.DirectoryNoLogon, "inside TLS", 2},
		{"a short offer", &fake{sasl: offer(fakeSeal + "\x01")}, &fakeLogons{}, false, evidence.DirectoryMalformed, "has 1 bytes, not 4", 2},
		{"an offer without a signature", &fake{sasl: offer("\x01\x00\x00\x00")}, &fakeLogons{}, false, evidence.DirectoryNoLogon, "no proper part of a logon", 2},
		{"hanging up", &fake{sasl: func(k *talk, _ string) { _ = k.Close() }}, &fakeLogons{}, false, evidence.DirectoryClosed, "", 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.fake.secure = secure
			server := tt.fake.start(t)
			access := Access{Self: true, Roots: roots, Step: patient, opener: tt.logons.open}
			if tt.nobody {
				server.Name, access.Insecure = "", true
			}
			r := read(t, server, access)
			if r.Outcome != tt.outcome || !strings.Contains(r.Detail, tt.detail) || r.LoggedOn || r.Objects != 0 {
				t.Errorf("%s: %s, %q; want %s, %q", r.Step, r.Outcome, r.Detail, tt.outcome, tt.detail)
			}
			if len(tt.fake.tokens) != tt.tokens || len(tt.fake.passwords) != 0 || tt.fake.plain {
				t.Errorf("tokens %q, in the clear: %t; want %d of them", tt.fake.tokens, tt.fake.plain, tt.tokens)
			}
			if tt.logons.opened != tt.logons.released {
				t.Errorf("%d contexts opened, %d released", tt.logons.opened, tt.logons.released)
			}
		})
	}
}

// TestSilentLogons are a server that says nothing to a ticket, and a Windows that
// does not come back with one: its context is released when it does.
func TestSilentLogons(t *testing.T) {
	secure, roots := certificate(t, "dc01.corp.example")
	access := func(l *fakeLogons) Access {
		return Access{Self: true, Roots: roots, Step: 150 * time.Millisecond, opener: l.open}
	}
	t.Run("server", func(t *testing.T) {
		logons := &fakeLogons{gone: make(chan struct{})}
		f := &fake{secure: secure, sasl: func(*talk, string) {}}
		if r := read(t, f.start(t), access(logons)); r.Step != evidence.DirectoryBind || r.Outcome != evidence.DirectorySilent {
			t.Errorf("%s: %s, %q", r.Step, r.Outcome, r.Detail)
		}
		<-logons.gone
	})
	t.Run("Windows", func(t *testing.T) {
		logons := &fakeLogons{hang: make(chan struct{}), gone: make(chan struct{})}
		f := &fake{secure: secure}
		if r := read(t, f.start(t), access(logons)); r.Step != evidence.DirectoryBind || r.Outcome != evidence.DirectoryNoLogon || !strings.Contains(r.Detail, "in time") {
			t.Errorf("%s: %s, %q", r.Step, r.Outcome, r.Detail)
		}
		if len(f.tokens) != 0 || logons.released != 0 {
			t.Errorf("tokens %q; %d contexts released under a call that has not returned", f.tokens, logons.released)
		}
		close(logons.hang)
		<-logons.gone
	})
	t.Run("cancelled", func(t *testing.T) {
		logons := &fakeLogons{hang: make(chan struct{}), gone: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		a := access(logons)
		a.Step, a.opener = patient, func(principal string, bindings []byte) (securityContext, error) {
			cancel()
			return logons.open(principal, bindings)
		}
		if r := Read(ctx, &net.Dialer{}, (&fake{secure: secure}).start(t), a); r.Outcome != evidence.DirectoryCancelled {
			t.Errorf("%s: %s, %q", r.Step, r.Outcome, r.Detail)
		}
		close(logons.hang)
		<-logons.gone
	})
}

func TestChannelBindings(t *testing.T) {
	for algorithm, size := range map[x509.SignatureAlgorithm]int{
		x509.SHA1WithRSA: 32, x509.SHA256WithRSAPSS: 32, x509.ECDSAWithSHA384: 48, x509.SHA512WithRSA: 64,
	} {
		if got := channelBindings(&x509.Certificate{SignatureAlgorithm: algorithm}); len(got) != bindingsHeader+len("tls-server-end-point:")+size || int(got[24]) != len(got)-bindingsHeader {
			t.Errorf("%s: %x", algorithm, got)
		}
	}
	if got := channelBindings(&x509.Certificate{SignatureAlgorithm: x509.PureEd25519}); got != nil {
		t.Errorf("Ed25519, for which none are defined: %x", got)
	}
}

func TestSelfElsewhere(t *testing.T) {
	if name, err := Self(); !errors.Is(err, ErrNoSelf) && (err != nil || name == "") {
		t.Errorf("%q, %v", name, err)
	}
}
