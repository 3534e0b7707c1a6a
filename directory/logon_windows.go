package directory

import (
	"bytes"
	"fmt"
	"runtime"
	"syscall"

	"github.com/alexbrainman/sspi"
	"golang.org/x/sys/windows"
)

// nameSamCompatible asks GetUserNameEx for DOMAIN\user, which is known without a
// question to the domain (secext.h).
const nameSamCompatible = 2

// Self returns the name of the user of this session, as DOMAIN\user, whom Windows
// logs on without a password. The error is [ErrNoSelf] elsewhere.
func Self() (string, error) {
	name := make([]uint16, 512)
	size := uint32(len(name))
	if err := windows.GetUserNameEx(nameSamCompatible, &name[0], &size); err != nil {
		return "", fmt.Errorf("asking Windows who is logged on: %w", err)
	}
	return windows.UTF16ToString(name), nil
}

const (
	kerberos  = sspi.MICROSOFT_KERBEROS_NAME
	wanting   = sspi.ISC_REQ_MUTUAL_AUTH | sspi.ISC_REQ_INTEGRITY
	signAlone = 0x80000001 // SECQOP_WRAP_NO_ENCRYPT (sspi.h)
)

// ticket is the logon of the user of this session, by SSPI. The package kerberos
// beside sspi is not used: it ends a program at its start where Windows has no
// Kerberos.
type ticket struct {
	principal   *uint16
	bindings    []byte
	maxToken    uint32
	credentials *sspi.Credentials
	context     *sspi.Context
}

func openSelf(principal string, bindings []byte) (securityContext, error) {
	name, err := syscall.UTF16PtrFromString(principal)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errMalformed, principal, err)
	}
	about, err := sspi.QueryPackageInfo(kerberos)
	if err != nil {
		return nil, asWindowsError(err)
	}
	credentials, err := sspi.AcquireCredentials("", kerberos, sspi.SECPKG_CRED_OUTBOUND, nil)
	if err != nil {
		return nil, asWindowsError(err)
	}
	return &ticket{name, bindings, about.MaxToken, credentials, sspi.NewClientContext(credentials, wanting)}, nil
}

// step implements securityContext.
func (t *ticket) step(token []byte) ([]byte, bool, error) {
	out := make([]byte, t.maxToken)
	var in [2]sspi.SecBuffer
	in[0].Set(sspi.SECBUFFER_TOKEN, token)
	in[1].Set(sspi.SECBUFFER_CHANNEL_BINDINGS, t.bindings)
	given := in[:]
	if len(t.bindings) == 0 {
		given = in[:1]
	}
	var result [1]sspi.SecBuffer
	result[0].Set(sspi.SECBUFFER_TOKEN, out)
	code := t.context.Update(t.principal, sspi.NewSecBufferDesc(result[:]), sspi.NewSecBufferDesc(given))
	if code != sspi.SEC_E_OK && code != sspi.SEC_I_CONTINUE_NEEDED {
		return nil, false, windowsError(code)
	}
	if code == sspi.SEC_E_OK && t.context.VerifyFlags() != nil {
		return nil, false, fmt.Errorf("%w: the server did not prove who it is", errMalformed)
	}
	return out[:min(result[0].BufferSize, t.maxToken)], code == sspi.SEC_E_OK, nil
}

// unwrap implements securityContext.
func (t *ticket) unwrap(message []byte) ([]byte, error) {
	message = bytes.Clone(message) // it is read in place
	var b [2]sspi.SecBuffer
	b[0].Set(sspi.SECBUFFER_STREAM, message)
	b[1].Set(sspi.SECBUFFER_DATA, nil)
	var protection uint32
	code := sspi.DecryptMessage(t.context.Handle, sspi.NewSecBufferDesc(b[:]), 0, &protection)
	if code != sspi.SEC_E_OK {
		return nil, windowsError(code)
	}
	plain := bytes.Clone(b[1].Bytes())
	runtime.KeepAlive(message)
	return plain, nil
}

// wrap implements securityContext.
func (t *ticket) wrap(plain []byte) ([]byte, error) {
	_, _, block, trailer, err := t.context.Sizes()
	if err != nil {
		return nil, asWindowsError(err)
	}
	var b [3]sspi.SecBuffer
	b[0].Set(sspi.SECBUFFER_TOKEN, make([]byte, trailer))
	b[1].Set(sspi.SECBUFFER_DATA, bytes.Clone(plain)) // it is written in place
	b[2].Set(sspi.SECBUFFER_PADDING, make([]byte, block))
	if code := sspi.EncryptMessage(t.context.Handle, signAlone, sspi.NewSecBufferDesc(b[:]), 0); code != sspi.SEC_E_OK {
		return nil, windowsError(code)
	}
	return bytes.Join([][]byte{b[0].Bytes(), b[1].Bytes(), b[2].Bytes()}, nil), nil
}

// release implements securityContext.
func (t *ticket) release() error {
	if t.context.Handle != nil {
		_ = t.context.Release() // an error says that it never came about
	}
	if err := t.credentials.Release(); err != nil {
		return asWindowsError(err)
	}
	return nil
}

func asWindowsError(err error) error {
	if code, ok := err.(syscall.Errno); ok { //nolint:errorlint // as the library returns it
		return windowsError(code)
	}
	return err
}
