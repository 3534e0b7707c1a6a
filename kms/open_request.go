package kms

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/kmsdiag/kmsdiag/internal/kmscrypt"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// An OpenedRequest is a request taken apart.
type OpenedRequest struct {
	Request               // zero unless Decoded
	Outer        Version  // the version outside the encrypted part; in V4 the only one
	IV           [16]byte // V5, V6
	DecryptedIV  [16]byte // V5, V6: the IV through the block cipher; answers depend on it
	MAC          [16]byte // V4
	Clear        []byte   // the message with its encrypted part decrypted in place
	Decoded      bool     // whether the fields could be read
	Verification Verification
}

// OpenRequest takes a KMS request apart and checks what can be checked without
// its answer. A version other than 4 to 6, which hosts refuse, is accepted if
// the message is otherwise sound as V4 or V6, by its size. The error, of type
// [*DecodeError], means that msg is no request: another version, or not the size
// of one. Anything wrong inside is in Verification.
func OpenRequest(msg []byte) (*OpenedRequest, error) {
	o := new(OpenedRequest)
	if err := o.Reopen(msg); err != nil {
		return nil, err
	}
	return o, nil
}

// Reopen is [OpenRequest] into o, whose memory is used again: whoever reads a
// million requests needs no new memory for each. After an error o is of no use.
func (o *OpenedRequest) Reopen(msg []byte) error {
	if len(msg) < 4 {
		return truncated("request message", len(msg), RequestSizeV4)
	}
	*o = OpenedRequest{
		Outer: Version(binary.LittleEndian.Uint32(msg)), Clear: append(o.Clear[:0], msg...), Verification: o.Verification[:0],
	}
	cipher, want := cipherOf(o.Outer), RequestSizeV56
	switch {
	case o.Outer.Major() == 4, !o.Outer.Known() && len(msg) == RequestSizeV4:
		want = RequestSizeV4
	case !o.Outer.Known():
		cipher = kmscrypt.V6
	}
	if len(msg) != want {
		return &DecodeError{
			Field: "request message", Offset: min(len(msg), want),
			Err: fmt.Errorf("%w: %d bytes, a request of version %s has %d", dcerpc.ErrLength, len(msg), o.Outer, want),
		}
	}
	if cipher == nil {
		o.openV4()
	} else {
		o.openV56(cipher)
	}
	if !o.Outer.Known() && o.Verification.Err() != nil {
		return &DecodeError{Field: "request message.version", Err: fmt.Errorf("%w: %s", ErrVersion, o.Outer)}
	}
	return nil
}

func (o *OpenedRequest) openV4() {
	o.Request, _ = ParseRequestBase(o.Clear)
	o.Decoded = true
	o.MAC = [16]byte(o.Clear[RequestBaseSize:])
	mac := kmscrypt.MACV4(o.Clear[:RequestBaseSize])
	o.Verification = slices.Grow(o.Verification, 1)
	o.Verification.add(CheckReqMAC, mac == o.MAC, "MAC", RequestBaseSize, func() string {
		return fmt.Sprintf("%x, computed %x", o.MAC, mac)
	})
}

func (o *OpenedRequest) openV56(cipher *kmscrypt.Cipher) {
	o.IV = [16]byte(o.Clear[4:])
	o.DecryptedIV = cipher.DecryptBlock(o.IV)
	plain := o.Clear[sealedAt:]
	cipher.DecryptCBC(o.IV, plain)
	n, err := kmscrypt.Unpad(plain)
	o.Verification = slices.Grow(o.Verification, 3)
	v := &o.Verification
	v.add(CheckReqPadding, err == nil, "padding", sealedAt+RequestBaseSize, func() string {
		return fmt.Sprintf("%x is no PKCS#7 padding", plain[RequestBaseSize:])
	})
	if err != nil {
		v.impossible(notDecrypted, CheckReqInnerVersion, CheckReqExactSize)
		return
	}
	o.Request, _ = ParseRequestBase(plain)
	o.Decoded = true
	v.add(CheckReqInnerVersion, o.Version == o.Outer, "version", sealedAt, func() string {
		return fmt.Sprintf("%s inside, %s outside", o.Version, o.Outer)
	})
	v.add(CheckReqExactSize, n == RequestBaseSize, "padding", sealedAt+n, func() string {
		return fmt.Sprintf("%d bytes before the padding, a request has %d", n, RequestBaseSize)
	})
}

// Why a check is not possible.
const (
	notDecrypted = "the encrypted part cannot be read"
	needsRequest = "needs the request"
	otherVersion = "needs a request of the same version"
)
