package directory

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/kmsdiag/kmsdiag/evidence"
)

var (
	errMalformed   = errors.New("what the server sent is no proper LDAP")
	errNotAD       = errors.New("not a server of Active Directory")
	errPlain       = errors.New("the connection is not encrypted, so the password was not sent")
	errNoContainer = errors.New("the container of activation objects is not shown")
	errNoPassword  = errors.New("a name without a password would count as nobody")
)

// tlsError is a handshake that failed, or a certificate that was refused.
type tlsError struct{ err error }

func (e *tlsError) Error() string { return e.err.Error() }
func (e *tlsError) Unwrap() error { return e.err }

// verify does what crypto/tls does by itself with the same settings.
func verify(state tls.ConnectionState, config *tls.Config) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the server showed no certificate")
	}
	options := x509.VerifyOptions{Roots: config.RootCAs, DNSName: config.ServerName, Intermediates: x509.NewCertPool()}
	for _, c := range state.PeerCertificates[1:] {
		options.Intermediates.AddCert(c)
	}
	if _, err := state.PeerCertificates[0].Verify(options); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
	}
	return nil
}

// judge turns the error that ended a conversation into an outcome, and what more
// is known into words. A password that a server echoes is taken out.
func (s *session) judge(ctx context.Context, err error) (evidence.DirectoryOutcome, string) {
	outcome, detail := s.classify(ctx, err)
	if secret := string(s.access.Password); secret != "" {
		detail = strings.ReplaceAll(detail, secret, hiddenSecret)
	}
	return outcome, bounded(detail)
}

func (s *session) classify(ctx context.Context, err error) (evidence.DirectoryOutcome, string) {
	var handshake *tlsError
	var certificate *tls.CertificateVerificationError
	var result *ldap.Error
	var refused windowsError
	ended := err
	if s.ended != nil {
		ended = s.ended
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return evidence.DirectoryCancelled, ""
	case errors.Is(err, errPlain):
		return evidence.DirectoryNoTLS, err.Error()
	case errors.Is(err, errNoPassword):
		return evidence.DirectoryBadLogon, err.Error()
	case errors.As(err, &refused), errors.Is(err, errNoName), errors.Is(err, ErrNoSelf), errors.Is(err, errSlow), errors.Is(err, errLayer):
		return evidence.DirectoryNoLogon, err.Error()
	case errors.Is(err, errNotAD):
		return evidence.DirectoryNotAD, err.Error()
	case errors.Is(err, errNoContainer):
		return evidence.DirectoryNoContainer, ""
	case errors.Is(err, errMalformed):
		return evidence.DirectoryMalformed, err.Error()
	case errors.As(err, &certificate):
		return evidence.DirectoryUntrusted, certificateText(certificate.Err)
	case s.conn == nil && isTimeout(err):
		return evidence.DirectorySilent, ""
	case s.conn == nil:
		return evidence.DirectoryUnreachable, dialText(err)
	case isResult(err) && errors.As(err, &result):
		return s.refused(result)
	case errors.Is(ended, errTooMuch):
		return evidence.DirectoryMalformed, fmt.Sprintf("the server sent more than %d bytes", MaxBytes)
	case isTimeout(ended), isLDAPTimeout(err):
		return evidence.DirectorySilent, ""
	case errors.As(err, &handshake) && !isEnd(ended):
		return evidence.DirectoryNoTLS, handshakeText(err)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return evidence.DirectorySilent, ""
	case strings.Contains(err.Error(), io.ErrUnexpectedEOF.Error()): // the library keeps the words alone
		return evidence.DirectoryMalformed, "the connection ended within a message"
	case isEnd(ended), strings.HasSuffix(err.Error(), ": "+io.EOF.Error()): // within TLS an orderly end is none of the connection
		return evidence.DirectoryClosed, ""
	}
	return evidence.DirectoryMalformed, strings.TrimPrefix(err.Error(), `LDAP Result Code 200 "Network Error": `)
}

// isResult tells whether an error is a result that the server gave, and not one
// that the library made up (its numbers begin at 200).
func isResult(err error) bool {
	var result *ldap.Error
	return errors.As(err, &result) && result.ResultCode > 0 && result.ResultCode < ldap.ErrorNetwork && result.Packet != nil
}

func isLDAPTimeout(err error) bool {
	var result *ldap.Error
	return errors.As(err, &result) && result.ResultCode == ldap.ErrorNetwork && result.Err != nil && strings.Contains(result.Err.Error(), "timed out")
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed)
}

// dialText says why no connection came about.
func dialText(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}

// certificateText says what is wrong with a certificate, and what to do.
func certificateText(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name) && len(name.Certificate.DNSNames) == 0:
		return fmt.Sprintf("the certificate names no host (no subject alternative name), and %s is asked for", name.Host)
	case errors.As(err, &name):
		return fmt.Sprintf("the certificate is for %s, not for %s: name the server as its certificate does", strings.Join(name.Certificate.DNSNames, ", "), name.Host)
	case errors.As(err, &unknown):
		return "the authority that signed the certificate is not trusted here: give its certificate with --ca-file"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate is valid from %s to %s", invalid.Cert.NotBefore.UTC().Format("2006-01-02"), invalid.Cert.NotAfter.UTC().Format("2006-01-02"))
	}
	return err.Error()
}

// refused puts a result of the server into words.
func (s *session) refused(e *ldap.Error) (evidence.DirectoryOutcome, string) {
	said := ""
	if e.Err != nil {
		said = strings.TrimSpace(strings.Map(func(r rune) rune {
			if r < ' ' {
				return -1
			}
			return r
		}, e.Err.Error()))
	}
	words := ldap.LDAPResultCodeMap[e.ResultCode]
	if words == "" {
		words = "result"
	}
	detail := fmt.Sprintf("%s (%d)", words, e.ResultCode)
	if said != "" {
		detail += ": " + said
	}
	switch e.ResultCode {
	case ldap.LDAPResultReferral:
		s.refer(resultReferrals(e.Packet))
		return evidence.DirectoryReferred, ""
	case ldap.LDAPResultNoSuchObject:
		return evidence.DirectoryNoContainer, ""
	case ldap.LDAPResultInvalidCredentials:
		return evidence.DirectoryBadLogon, logonText(said, detail)
	case ldap.LDAPResultOperationsError, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultStrongAuthRequired,
		ldap.LDAPResultInappropriateAuthentication, ldap.LDAPResultConfidentialityRequired:
		if s.read.Step == evidence.DirectoryTLS {
			return evidence.DirectoryNoTLS, detail
		}
		return evidence.DirectoryDenied, detail
	}
	if s.read.Step == evidence.DirectoryTLS {
		return evidence.DirectoryNoTLS, "the server does not do StartTLS: " + detail
	}
	return evidence.DirectoryOtherOutcome, detail
}

// resultReferrals returns the addresses in a result (RFC 4511, 4.1.10).
func resultReferrals(p *ber.Packet) []string {
	if p == nil || len(p.Children) < 2 {
		return nil
	}
	var urls []string
	for _, field := range p.Children[1].Children {
		if field.ClassType != ber.ClassContext || field.Tag != 3 {
			continue
		}
		for _, u := range field.Children[:min(len(field.Children), 4*maxReferrals)] {
			if u.Data != nil {
				urls = append(urls, u.Data.String())
			}
		}
	}
	return urls
}

// logonReasons are the Windows errors that Active Directory writes into its
// answer to a bind, "data 52e" (MS-ERREF).
var logonReasons = map[string]string{
	"525": "no such user", "52e": "the name or the password is wrong", "530": "not allowed to log on at this time",
	"531": "not allowed to log on from here", "532": "the password has expired", "533": "the account is disabled",
	"701": "the account has expired", "773": "the password must be changed first", "775": "the account is locked",
	"80090346": "the ticket is not bound to this TLS connection, which something between may have changed",
}

func logonText(said, detail string) string {
	if _, rest, ok := strings.Cut(said, "data "); ok {
		code, _, _ := strings.Cut(rest, ",")
		if why := logonReasons[strings.ToLower(strings.TrimSpace(code))]; why != "" {
			return why
		}
	}
	return detail
}

// handshakeText takes the LDAP library's words off those of crypto/tls.
func handshakeText(err error) string {
	text := err.Error()
	if _, inner, ok := strings.Cut(text, "TLS handshake failed ("); ok {
		text = strings.TrimSuffix(inner, ")")
	}
	text = "the TLS handshake failed: " + text
	if strings.Contains(text, "negative serial number") {
		text += " (certificates that Samba makes for itself may have one)"
	}
	return text
}
