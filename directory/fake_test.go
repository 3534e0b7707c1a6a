package directory

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	fakeConfig   = "CN=Configuration,DC=corp,DC=example"
	fakeUser     = "auditor@corp.example"
	fakePassword = "correct horse"
)

// fake is an LDAP server on loopback. What it says to each operation is a
// function of the request; nil stands for the manners of a domain controller.
type fake struct {
	root, bind, startTLS func(*talk, *ber.Packet)
	container, search    func(*talk, *ber.Packet) // the container itself, and what is in it
	sasl                 func(*talk, string)      // what it says to a token; nil: as [talk.token] does
	secure               *tls.Config              // of StartTLS, or of LDAPS
	ldaps                bool
	objects              []*ber.Packet // bodies of search entries

	mu        sync.Mutex
	passwords []string // that came in, with whether it was encrypted
	tokens    []string // of the logged-on user
	plain     bool     // one came without encryption
}

// talk is one connection of a fake.
type talk struct {
	net.Conn
	fake      *fake
	encrypted bool
	id        int64
}

// start serves until the test ends.
func (f *fake) start(t *testing.T) Server {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(t.Context(), func() { _ = c.Close() })
			served.Go(func() {
				defer stop()
				defer c.Close() //nolint:errcheck // a test
				k := &talk{Conn: c, fake: f}
				if f.ldaps {
					k.Conn, k.encrypted = tls.Server(c, f.secure), true
				}
				k.serve()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		served.Wait()
	})
	return Server{Name: "dc01.corp.example", Address: netip.MustParseAddrPort(l.Addr().String())}
}

func (k *talk) serve() {
	in := bufio.NewReader(k.Conn)
	for {
		p, err := ber.ReadPacket(in)
		if err != nil || len(p.Children) < 2 {
			return
		}
		k.id = p.Children[0].Value.(int64)
		op := p.Children[1]
		handler := map[ber.Tag]func(*talk, *ber.Packet){
			ldap.ApplicationBindRequest: k.fake.bind, ldap.ApplicationExtendedRequest: k.fake.startTLS, ldap.ApplicationSearchRequest: k.fake.search,
		}[op.Tag]
		isRoot := op.Tag == ldap.ApplicationSearchRequest && op.Children[0].Data.Len() == 0
		isContainer := op.Tag == ldap.ApplicationSearchRequest && !isRoot && op.Children[1].Value == int64(ldap.ScopeBaseObject)
		switch {
		case isRoot:
			handler = k.fake.root
		case isContainer:
			handler = k.fake.container
		}
		if op.Tag == ldap.ApplicationBindRequest && op.Children[2].Tag == 3 {
			k.saslBind(op.Children[2])
			continue
		}
		if op.Tag == ldap.ApplicationBindRequest {
			k.fake.mu.Lock()
			k.fake.passwords = append(k.fake.passwords, op.Children[2].Data.String())
			k.fake.plain = k.fake.plain || !k.encrypted
			k.fake.mu.Unlock()
		}
		switch {
		case handler != nil:
			handler(k, op)
		case isRoot:
			k.say(entry("", map[string][]string{"configurationNamingContext": {fakeConfig}, "dnsHostName": {"dc01.corp.example"}}))
			k.say(result(ldap.ApplicationSearchResultDone, 0, ""))
		case isContainer:
			k.say(entry(container+fakeConfig, nil))
			k.say(result(ldap.ApplicationSearchResultDone, 0, ""))
		case op.Tag == ldap.ApplicationBindRequest:
			code := uint16(0)
			if op.Children[2].Data.String() != fakePassword {
				code = ldap.LDAPResultInvalidCredentials
			}
			k.say(result(ldap.ApplicationBindResponse, code, "80090308: LdapErr: DSID-0C09, comment: AcceptSecurityContext error, data 52e, v4563"))
		case op.Tag == ldap.ApplicationExtendedRequest:
			k.say(result(ldap.ApplicationExtendedResponse, 0, ""))
			k.Conn, k.encrypted = tls.Server(k.Conn, k.fake.secure), true
			in = bufio.NewReader(k.Conn)
		case op.Tag == ldap.ApplicationSearchRequest:
			for _, o := range k.fake.objects {
				k.say(o)
			}
			k.say(result(ldap.ApplicationSearchResultDone, 0, ""))
		}
	}
}

// say sends one operation in answer to the request, with controls.
func (k *talk) say(op *ber.Packet, controls ...ldap.Control) {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, k.id, ""))
	p.AppendChild(op)
	if len(controls) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, c := range controls {
			list.AppendChild(c.Encode())
		}
		p.AppendChild(list)
	}
	_, _ = k.Write(p.Bytes())
}

// result is an LDAPResult in a response.
func result(op ber.Tag, code uint16, text string, referrals ...string) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, op, nil, "")
	p.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(code), ""))
	p.AppendChild(octets(""))
	p.AppendChild(octets(text))
	if len(referrals) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "")
		for _, r := range referrals {
			list.AppendChild(octets(r))
		}
		p.AppendChild(list)
	}
	return p
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

// entry is a search result.
func entry(dn string, attributes map[string][]string) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	p.AppendChild(octets(dn))
	list := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	for name, values := range attributes {
		a := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
		a.AppendChild(octets(name))
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range values {
			set.AppendChild(octets(v))
		}
		a.AppendChild(set)
		list.AppendChild(a)
	}
	p.AppendChild(list)
	return p
}

// reference is a continuation reference.
func reference(urls ...string) *ber.Packet {
	p := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultReference, nil, "")
	for _, u := range urls {
		p.AppendChild(octets(u))
	}
	return p
}

// The activation id of the Windows Server 2019 host key as a directory holds it.
const key2019 = "\xd1\x9a\x7a\x2e\x49\xa8\x56\x4b\xba\xbe\x17\xd5\xa2\x9f\xe4\xb4"

func object(name string, more map[string][]string) *ber.Packet {
	attributes := map[string][]string{
		"name": {name}, "displayName": {name + " display"}, "msSPP-CSVLKSkuId": {key2019}, "whenCreated": {"20240102030405.0Z"},
		"msSPP-CSVLKPid": {"06401-00206-551-000001-03-1033-17763.0000-0022024"}, "msSPP-CSVLKPartialProductKey": {"ABCDE"},
	}
	for k, v := range more {
		attributes[k] = v
	}
	return entry("CN="+name+","+container+fakeConfig, attributes)
}

// certificate makes a certificate for names, and whom to trust for it.
func certificate(t *testing.T, names ...string) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "dc01.corp.example"}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}
