package kms

import (
	"encoding/binary"
	"fmt"

	"github.com/kmsdiag/kmsdiag/internal/kmscrypt"
)

// Sizes of requests in bytes: the base that all versions share, and whole
// messages.
const (
	RequestBaseSize = 236
	RequestSizeV4   = RequestBaseSize + 16         // the base and its checksum
	RequestSizeV56  = 4 + 16 + RequestBaseSize + 4 // version, IV, the base with padding
)

// A Request is what a client tells a host.
type Request struct {
	Version          Version
	VMInfo           uint32 // 0 a physical machine, 1 a virtual one
	LicenseStatus    LicenseStatus
	RemainingMinutes uint32 // in that status; 0 may mean for ever
	AppID            GUID   // application: Windows, Office 2010, Office 2013 and later
	SKUID            GUID   // activation id: the exact edition; hosts do not decide on it
	CountedID        GUID   // KMS counted id: the product group, which the host's key must cover
	CMID             GUID   // client machine id, the unit of counting
	NPolicy          uint32 // clients needed: 25 for Windows clients, 5 for servers and Office
	ClientTime       Filetime
	PreviousCMID     GUID   // zero unless the CMID changed
	Workstation      string // at most 63 UTF-16 units; NetBIOS or fully qualified
}

// AppendBase appends the 236 bytes that all versions share. It fails when the
// workstation name is longer than 63 UTF-16 units or contains a NUL.
func (r Request) AppendBase(dst []byte) ([]byte, error) {
	if cutText(r.Workstation) != r.Workstation {
		return dst, fmt.Errorf("workstation name %.80q: more than %d characters, or a NUL", r.Workstation, maxText)
	}
	le, start := binary.LittleEndian, len(dst)
	dst = le.AppendUint32(dst, uint32(r.Version))
	dst = le.AppendUint32(dst, r.VMInfo)
	dst = le.AppendUint32(dst, uint32(r.LicenseStatus))
	dst = le.AppendUint32(dst, r.RemainingMinutes)
	for _, id := range [...]GUID{r.AppID, r.SKUID, r.CountedID, r.CMID} {
		dst = append(dst, id[:]...)
	}
	dst = le.AppendUint32(dst, r.NPolicy)
	dst = le.AppendUint64(dst, uint64(r.ClientTime))
	dst = append(dst, r.PreviousCMID[:]...)
	dst = appendText(dst, r.Workstation)
	for len(dst)-start < RequestBaseSize {
		dst = append(dst, 0)
	}
	return dst, nil
}

// ParseRequestBase reads the 236 bytes that all versions share; bytes after
// them are ignored. It checks nothing but the length: its error is a
// [*DecodeError].
func ParseRequestBase(b []byte) (Request, error) {
	if len(b) < RequestBaseSize {
		return Request{}, truncated("request base", len(b), RequestBaseSize)
	}
	le := binary.LittleEndian
	return Request{
		Version:          Version(le.Uint32(b)),
		VMInfo:           le.Uint32(b[4:]),
		LicenseStatus:    LicenseStatus(le.Uint32(b[8:])),
		RemainingMinutes: le.Uint32(b[12:]),
		AppID:            GUID(b[16:]),
		SKUID:            GUID(b[32:]),
		CountedID:        GUID(b[48:]),
		CMID:             GUID(b[64:]),
		NPolicy:          le.Uint32(b[80:]),
		ClientTime:       Filetime(le.Uint64(b[84:])),
		PreviousCMID:     GUID(b[92:]),
		Workstation:      decodeText(b[108:RequestBaseSize]),
	}, nil
}

// Seal returns the message that asks r: with a checksum in V4, encrypted under
// the initialisation vector iv in V5 and V6. An iv should be random; V4 has
// none. It fails for an unknown version, with [ErrVersion], and for a
// workstation name that does not fit.
func (r Request) Seal(iv [16]byte) ([]byte, error) {
	cipher := cipherOf(r.Version)
	switch {
	case !r.Version.Known():
		return nil, fmt.Errorf("%w: %s", ErrVersion, r.Version)
	case cipher == nil:
		msg, err := r.AppendBase(make([]byte, 0, RequestSizeV4))
		if err != nil {
			return nil, err
		}
		mac := kmscrypt.MACV4(msg)
		return append(msg, mac[:]...), nil
	}
	msg := binary.LittleEndian.AppendUint32(make([]byte, 0, RequestSizeV56), uint32(r.Version))
	msg, err := r.AppendBase(append(msg, iv[:]...))
	if err != nil {
		return nil, err
	}
	msg = kmscrypt.Pad(msg, RequestBaseSize)
	cipher.EncryptCBC(iv, msg[sealedAt:])
	return msg, nil
}

// sealedAt is where the encrypted part of a V5 or V6 message begins: after the
// version and the initialisation vector.
const sealedAt = 20

// cipherOf returns the cipher of V5 or V6, nil for other versions.
func cipherOf(v Version) *kmscrypt.Cipher {
	switch v.Major() {
	case 5:
		return kmscrypt.V5
	case 6:
		return kmscrypt.V6
	}
	return nil
}
