package kms

import (
	"encoding/binary"
	"fmt"

	"github.com/kmsdiag/kmsdiag/kms/dcerpc"
)

// A Response is what a host tells a client that it accepted.
type Response struct {
	Version            Version
	EPID               string   // the host's extended product id; free-form text, see [ParseEPID]
	CMID               GUID     // the request's
	ClientTime         Filetime // the request's: an answer never shows the host's clock
	Count              uint32   // clients that the host counts, with this one
	ActivationInterval uint32   // minutes between tries while not activated
	RenewalInterval    uint32   // minutes between renewals once activated
	HwID               HwID     // V6 only, outside the base
}

// Sizes around the base of a response, in bytes.
const (
	responseBaseSize = 44  // without the ePID
	maxEPIDSize      = 128 // with its NUL
	randomTrailer    = 16 + 32
	v6Trailer        = randomTrailer + 8 + 16 + 16
)

// AppendBase appends the part that all versions share, 44 bytes and the ePID
// with its NUL. It fails when the ePID is longer than 63 UTF-16 units or
// contains a NUL.
func (r Response) AppendBase(dst []byte) ([]byte, error) {
	if cutText(r.EPID) != r.EPID {
		return dst, fmt.Errorf("ePID %.80q: more than %d characters, or a NUL", r.EPID, maxText)
	}
	le := binary.LittleEndian
	epid := append(appendText(make([]byte, 0, maxEPIDSize), r.EPID), 0, 0)
	dst = le.AppendUint32(dst, uint32(r.Version))
	dst = le.AppendUint32(dst, uint32(len(epid)))
	dst = append(dst, epid...)
	dst = append(dst, r.CMID[:]...)
	dst = le.AppendUint64(dst, uint64(r.ClientTime))
	dst = le.AppendUint32(dst, r.Count)
	dst = le.AppendUint32(dst, r.ActivationInterval)
	return le.AppendUint32(dst, r.RenewalInterval), nil
}

// ParseResponseBase reads the part that all versions share and returns its
// length in bytes. It checks nothing but that b is long enough for the length
// of the ePID that it declares: its error is a [*DecodeError].
func ParseResponseBase(b []byte) (Response, int, error) {
	le := binary.LittleEndian
	if len(b) < responseBaseSize {
		return Response{}, 0, truncated("response base", len(b), responseBaseSize)
	}
	p := le.Uint32(b[4:])
	if uint64(p) > uint64(len(b)-responseBaseSize) {
		return Response{}, 0, &DecodeError{
			Field: "response base.ePID length", Offset: 4,
			Err: fmt.Errorf("%w: %d, but only %d bytes are left", dcerpc.ErrLength, p, len(b)-responseBaseSize),
		}
	}
	after := b[8+p:]
	return Response{
		Version:            Version(le.Uint32(b)),
		EPID:               decodeText(b[8 : 8+p]),
		CMID:               GUID(after),
		ClientTime:         Filetime(le.Uint64(after[16:])),
		Count:              le.Uint32(after[24:]),
		ActivationInterval: le.Uint32(after[28:]),
		RenewalInterval:    le.Uint32(after[32:]),
	}, responseBaseSize + int(p), nil
}

func truncated(field string, have, want int) error {
	return &DecodeError{
		Field: field, Offset: have,
		Err: fmt.Errorf("%w: %d bytes of %d", dcerpc.ErrTruncated, have, want),
	}
}
