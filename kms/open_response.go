package kms

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/kmsdiag/kmsdiag/internal/kmscrypt"
	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// maxResponseSize bounds an answer, in bytes; the longest that the protocol
// allows has 292.
const maxResponseSize = 512

// An OpenedResponse is a host's answer taken apart.
type OpenedResponse struct {
	Response              // zero unless Decoded
	Outer        Version  // the version outside the encrypted part; in V4 the only one
	IV           [16]byte // V5: the request's; V6: random
	DecryptedIV  [16]byte // V6: the IV through the block cipher
	MAC          [16]byte // V4
	Random       [16]byte // V5, V6: random bytes of the host, exclusive-or the decrypted IV of the request
	RandomHash   [32]byte // V5, V6: SHA-256 of the random bytes
	Salts        [16]byte // V6: the decrypted IV of the request
	HMAC         [16]byte // V6: second half of the keyed hash
	SlotShift    int      // V6: the time slot whose key fits, relative to that of the client time: -1, 0 or 1
	Clear        []byte   // the message with its encrypted part decrypted in place
	Decoded      bool     // whether the fields could be read
	Verification Verification

	trailer int // offset in Clear of what follows the base
	end     int // offset in Clear of what follows the last field: padding, or the end
}

// OpenResponse takes a KMS answer apart and makes every check that its version
// has; req, if not nil, is its request, which some checks need. The error, of
// type [*DecodeError], means that msg is no answer: a version other than 4 to
// 6, or a size that no answer has. Anything wrong inside is in Verification.
func OpenResponse(msg []byte, req *OpenedRequest) (*OpenedResponse, error) {
	o := new(OpenedResponse)
	if err := o.Reopen(msg, req); err != nil {
		return nil, err
	}
	return o, nil
}

// Reopen is [OpenResponse] into o, whose memory is used again. After an error o
// is of no use.
func (o *OpenedResponse) Reopen(msg []byte, req *OpenedRequest) error {
	if len(msg) < 4 {
		return truncated("response message", len(msg), responseBaseSize)
	}
	*o = OpenedResponse{Outer: Version(binary.LittleEndian.Uint32(msg)), Clear: o.Clear[:0], Verification: o.Verification[:0]}
	sealed := len(msg) - sealedAt
	switch {
	case !o.Outer.Known():
		return &DecodeError{Field: "response message.version", Err: fmt.Errorf("%w: %s", ErrVersion, o.Outer)}
	case len(msg) > maxResponseSize:
		return &DecodeError{
			Field: "response message", Offset: maxResponseSize,
			Err: fmt.Errorf("%w: %d bytes", dcerpc.ErrTooLarge, len(msg)),
		}
	case o.Outer.Major() != 4 && (sealed <= 0 || sealed%kmscrypt.BlockSize != 0):
		return &DecodeError{
			Field: "response message", Offset: len(msg),
			Err: fmt.Errorf("%w: %d encrypted bytes are not whole blocks", dcerpc.ErrLength, sealed),
		}
	}
	o.Clear = append(o.Clear, msg...)
	o.Verification = slices.Grow(o.Verification, 14)
	if o.Outer.Major() == 4 {
		o.take(0, len(msg), 16)
	} else {
		o.decrypt()
	}
	o.verify(req)
	return nil
}

// decrypt opens the encrypted part and takes it apart.
func (o *OpenedResponse) decrypt() {
	cipher := cipherOf(o.Outer)
	o.IV = [16]byte(o.Clear[4:])
	plain := o.Clear[sealedAt:]
	cipher.DecryptCBC(o.IV, plain)
	n, err := kmscrypt.Unpad(plain)
	last := len(plain) - kmscrypt.BlockSize
	o.Verification.add(CheckPadding, err == nil, "padding", sealedAt+last, func() string {
		return fmt.Sprintf("%x does not end in PKCS#7 padding", plain[last:])
	})
	if err != nil {
		return
	}
	trailer := randomTrailer
	if o.Outer.Major() == 6 {
		trailer = v6Trailer
		o.DecryptedIV = cipher.DecryptBlock(o.IV)
	}
	o.take(sealedAt, sealedAt+n, trailer)
}

// take takes apart the base and the trailer that fill Clear[from:to].
func (o *OpenedResponse) take(from, to, trailer int) {
	r, n, err := ParseResponseBase(o.Clear[from:to])
	if err == nil && to-from < n+trailer {
		err = truncated("response message", to, from+n+trailer)
	}
	o.Verification.add(CheckDecodable, err == nil, "response message", from, func() string {
		return err.Error()
	})
	if err != nil {
		return
	}
	o.Response, o.Decoded, o.trailer, o.end = r, true, from+n, from+n+trailer
	o.Verification.add(CheckExactSize, o.end == to, "response message", o.end, func() string {
		return fmt.Sprintf("%d bytes after the last field", to-o.end)
	})
	t := o.Clear[o.trailer:o.end]
	if trailer == 16 {
		o.MAC = [16]byte(t)
		return
	}
	o.Random, o.RandomHash = [16]byte(t), [32]byte(t[16:])
	if trailer == v6Trailer {
		o.HwID, o.Salts, o.HMAC = HwID(t[48:]), [16]byte(t[56:]), [16]byte(t[72:])
	}
}
