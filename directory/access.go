package directory

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"
)

// Ports of LDAP, and of LDAP that is TLS from its first byte.
const (
	Port    = 389
	PortTLS = 636
)

// Mode is the way a conversation is encrypted.
type Mode string

// The ways to encrypt.
const (
	StartTLS Mode = "starttls" // after the connection is open (RFC 4511, 4.14)
	LDAPS    Mode = "ldaps"    // from the first byte, on [PortTLS]
)

// Secret is a password. However it is printed or encoded, it does not show.
type Secret string

const hiddenSecret = "(hidden)"

// String hides the password.
func (Secret) String() string { return hiddenSecret }

// GoString hides the password.
func (Secret) GoString() string { return hiddenSecret }

// Format hides the password, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hiddenSecret)) }

// MarshalText hides the password in JSON and the like.
func (Secret) MarshalText() ([]byte, error) { return []byte(hiddenSecret), nil }

// Access says how to talk to directory servers. The zero value asks without a
// name.
type Access struct {
	Mode     Mode           // empty: [StartTLS]
	User     string         // a user principal name, DOMAIN\user or a distinguished name; empty: anonymous
	Password Secret         // of the user
	Self     bool           // log on as the user of this Windows session instead, without a password
	Roots    *x509.CertPool // whom to trust; nil: whom the system trusts
	Insecure bool           // any certificate will do
	Step     time.Duration  // limit of each step; 0: 5 s

	opener opener // of a logon with Self; nil: by this system
}

// LogsOn tells whether somebody is named to the server.
func (a Access) LogsOn() bool { return a.Self || a.User != "" }

// defaultStep is what a step may take: a domain controller needs less than 100 ms.
const defaultStep = 5 * time.Second

func (a Access) step() time.Duration {
	if a.Step > 0 {
		return a.Step
	}
	return defaultStep
}

func (a Access) mode() Mode {
	if a.Mode == "" {
		return StartTLS
	}
	return a.Mode
}

// DefaultPort is the port that the mode uses.
func (a Access) DefaultPort() uint16 {
	if a.mode() == LDAPS {
		return PortTLS
	}
	return Port
}

func (a Access) tls(server string) *tls.Config {
	return &tls.Config{
		ServerName: server, RootCAs: a.Roots, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: a.Insecure, //nolint:gosec // the user asked for it, and every report says so
	}
}

// maxRoots bounds a file of certificates, in bytes.
const maxRoots = 4 << 20

// LoadRoots reads the certificates of authorities from a PEM file.
func LoadRoots(name string) (*x509.CertPool, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxRoots {
		return nil, fmt.Errorf("reading certificates: %s is no file of at most %d bytes", name, maxRoots)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading certificates: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("reading certificates: %s: %w", name, errNoCertificate)
	}
	return pool, nil
}

var errNoCertificate = errors.New("no certificate in PEM form (-----BEGIN CERTIFICATE-----) is in it")
